"""Which parameters of arithmetic units the dataset holds at given operand widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.spec import AdderUnit, MultiplierUnit

__all__ = ["adder_forms", "multiplier_forms", "unit_at", "unit_settings"]

_Unit = TypeVar("_Unit", AdderUnit, MultiplierUnit)

_VALUES = 5
"""Values of a parameter at one width: both ends, the default, and what lies between."""

_PAIRS: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType(
    {"tosam": ((0, 2), (1, 3), (1, 5), (2, 6), (3, 7)), "bam": ((2, 0), (4, 0), (4, 2), (8, 0), (8, 3), (12, 2))}
)
"""Parameters of the families that have two, beside the defaults: those that papers report and their neighbours."""


def _forms(kind: type[_Unit], families: Mapping[str, Family]) -> tuple[_Unit, ...]:
    return tuple(kind.model_validate(names) for names in _names(families))


def _names(families: Mapping[str, Family]) -> list[dict[str, str | None]]:
    """Every family, and every structure of the exact one."""
    return [
        {"family": family.name, "structure": structure}
        for family in families.values()
        for structure in (None, *family.structures)
    ]


@cache
def adder_forms() -> tuple[AdderUnit, ...]:
    """Every adder family, and every structure of the exact one, without parameters."""
    return _forms(AdderUnit, ADDERS)


@cache
def multiplier_forms() -> tuple[MultiplierUnit, ...]:
    """Every multiplier family, and every structure of the exact one, without parameters."""
    return _forms(MultiplierUnit, MULTIPLIERS)


def unit_settings(form: _Unit, *widths_bits: int) -> tuple[_Unit, ...]:
    """A form with several of its legal parameters at these operand widths, the default first; none: not legal there.

    Args:
        form: One of `adder_forms()` or `multiplier_forms()`.
        widths_bits: `(n,)` of an adder, `(activation, weight)` of a multiplier.
    """
    return tuple(_with(form, values) for values in _values_of(form.role, form.family, widths_bits))


def unit_at(form: _Unit, number: int, *widths_bits: int) -> _Unit:
    """One of the settings of a form, by turns.

    Raises:
        ValueError: the form is legal at none.
    """
    values = _values_of(form.role, form.family, widths_bits)
    if not values:
        raise ValueError(f"{form.family} is not legal at {widths_bits}")
    return _with(form, values[number // 3 % len(values)])


_Values = tuple[tuple[str, int], ...]


def _with(form: _Unit, values: _Values) -> _Unit:
    unit: _Unit = type(form).model_validate({"family": form.family, "structure": form.structure, **dict(values)})
    return unit


@cache
def _values_of(role: str, name: str, widths_bits: tuple[int, ...]) -> tuple[_Values, ...]:
    """Legal parameters of a family at these widths, each set once."""
    family = (ADDERS if role == "adder" else MULTIPLIERS)[name]
    if family.problems({}, *widths_bits):
        return ()
    chosen = [family.complete({}, *widths_bits), *_others(family, widths_bits)]
    legal = [values for values in chosen if not family.problems(values, *widths_bits)]
    return tuple(dict.fromkeys(tuple(values.items()) for values in legal))


def _others(family: Family, widths_bits: Sequence[int]) -> list[dict[str, int]]:
    names = [parameter.name for parameter in family.parameters]
    if len(names) == 1:
        low, high = family.parameters[0].bounds(*widths_bits)
        steps = range(_VALUES)
        return [{names[0]: low + (high - low) * step // (_VALUES - 1)} for step in steps]
    return [dict(zip(names, values, strict=True)) for values in _PAIRS.get(family.name, ())]
