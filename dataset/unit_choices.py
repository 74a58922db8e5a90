"""Which parameters of arithmetic units the dataset holds at given operand widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from tpugen.arithmetic import Family
from tpugen.spec import AdderUnit, MultiplierUnit

__all__ = ["adder_forms", "multiplier_forms", "unit_at", "unit_settings"]

_Unit = TypeVar("_Unit", AdderUnit, MultiplierUnit)

_VALUES = 5
"""Values of a parameter at one width: both ends, the default, and what lies between."""

_PAIRS: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType(
    {"tosam": ((0, 2), (1, 3), (1, 5), (2, 6), (3, 7)), "bam": ((2, 0), (4, 0), (4, 2), (8, 0), (8, 3), (12, 2))}
)
"""Parameters of the families that have two, beside the defaults: those that papers report and their neighbours."""


def _forms(kind: type[_Unit]) -> tuple[_Unit, ...]:
    return tuple(
        kind(family=name, structure=structure)
        for name, family in kind.families.items()
        for structure in (None, *family.structures)
    )


@cache
def adder_forms() -> tuple[AdderUnit, ...]:
    """Every adder family, and every structure of the exact one, without parameters."""
    return _forms(AdderUnit)


@cache
def multiplier_forms() -> tuple[MultiplierUnit, ...]:
    """Every multiplier family, and every structure of the exact one, without parameters."""
    return _forms(MultiplierUnit)


@cache
def unit_settings(form: _Unit, *widths_bits: int) -> tuple[_Unit, ...]:
    """A form with several of its legal parameters at these operand widths, the default first; none: not legal there.

    Args:
        form: One of `adder_forms()` or `multiplier_forms()`.
        widths_bits: `(n,)` of an adder, `(activation, weight)` of a multiplier.
    """
    family = form.families[form.family]
    if family.problems({}, *widths_bits):
        return ()
    chosen = [family.complete({}, *widths_bits), *_others(family, widths_bits)]
    legal = [values for values in chosen if not family.problems(values, *widths_bits)]
    distinct = dict.fromkeys(tuple(values.items()) for values in legal)
    return tuple(
        type(form).model_validate({"family": form.family, "structure": form.structure, **dict(values)})
        for values in distinct
    )


def _others(family: Family, widths_bits: Sequence[int]) -> list[dict[str, int]]:
    names = [parameter.name for parameter in family.parameters]
    if len(names) == 1:
        low, high = family.parameters[0].bounds(*widths_bits)
        steps = range(_VALUES)
        return [{names[0]: low + (high - low) * step // (_VALUES - 1)} for step in steps]
    return [dict(zip(names, values, strict=True)) for values in _PAIRS.get(family.name, ())]


def unit_at(form: _Unit, number: int, *widths_bits: int) -> _Unit:
    """One of the settings of a form, by turns.

    Raises:
        ValueError: the form is legal at none.
    """
    settings = unit_settings(form, *widths_bits)
    if not settings:
        raise ValueError(f"{form.family} is not legal at {widths_bits}")
    return settings[number // 3 % len(settings)]
