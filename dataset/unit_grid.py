"""Which arithmetic units are measured one by one: every family of the registry, at a few parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Literal

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.spec import AdderSpec, AdderUnit, MultiplierSpec, MultiplierUnit

__all__ = ["GRID_WIDTHS_BITS", "GridUnit", "Role", "unit_grid"]

Role = Literal["adder", "multiplier"]

GRID_WIDTHS_BITS = (8, 16)
"""Operand widths at which every unit is measured."""

_OTHERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "drum": ("3", "4", "6", "8"),
        "dsm": ("3", "6"),
        "letam": ("3", "5"),
        "dr_alm": ("3", "6"),
        "ssm": ("6",),
        "bam": ("4,0", "8,0", "8,2"),
        "tosam": ("1,3", "1,5", "2,6", "3,7"),
        "rad": ("4", "6", "10"),
        "alm_loa": ("3",),
        "alm_soa": ("3",),
        "alm_maa3": ("3",),
    }
)
"""Parameters beside the defaults, in the order of the registry; those that are illegal at a width are left out.

They are the settings that the papers report: DRUM(3..8), TOSAM(h,t), RAD64 and RAD1024, ...
"""

_ADDER_SHARES = (4, 2)
"""Adders are measured with the default number of inexact bits, a quarter and half of the width."""


@dataclass(frozen=True)
class GridUnit:
    """One unit, ready to be built by itself.

    Attributes:
        role: `adder` or `multiplier`.
        family: Canonical name.
        structure: Circuit structure of an exact unit; None: the choice is the synthesiser's.
        widths: Operand widths in bits: `(n,)` of an adder, `(a, b)` of a multiplier.
        signed: Whether operands are two's complement.
        parameters: All of the family's, in the registry's order.
    """

    role: Role
    family: str
    structure: str | None
    widths: tuple[int, ...]
    signed: bool
    parameters: tuple[tuple[str, int], ...] = ()

    @property
    def label(self) -> str:
        """How people write it, e.g. `DRUM(6)`, `LOA(4)`, `exact Wallace`."""
        families = ADDERS if self.role == "adder" else MULTIPLIERS
        title = families[self.family].title
        if self.structure:
            return f"{title} {self.structure.replace('_', ' ')}"
        values = ",".join(str(value) for _, value in self.parameters)
        return f"{title}({values})" if values else title

    def spec(self, clock_mhz: float) -> AdderSpec | MultiplierSpec:
        """The design that is this unit alone.

        Args:
            clock_mhz: Clock to synthesise and time for.
        """
        unit = {"family": self.family, "structure": self.structure, **dict(self.parameters)}
        if self.role == "adder":
            return AdderSpec(
                width_bits=self.widths[0],
                signed=self.signed,
                clock_mhz=clock_mhz,
                adder=AdderUnit.model_validate(unit),
            )
        return MultiplierSpec(
            activation_width_bits=self.widths[0],
            weight_width_bits=self.widths[1],
            signed=self.signed,
            clock_mhz=clock_mhz,
            multiplier=MultiplierUnit.model_validate(unit),
        )


def unit_grid(
    *,
    roles: Iterable[Role] = ("adder", "multiplier"),
    families: Iterable[str] = (),
    widths_bits: Iterable[int] = GRID_WIDTHS_BITS,
    signed: bool = True,
) -> list[GridUnit]:
    """The units that are measured, in the registry's order, defaults of each family first.

    Args:
        roles: Adders, multipliers, or both.
        families: Only these; empty: all.
        widths_bits: Operand widths; both operands of a multiplier have the same.
        signed: Whether operands are two's complement.

    Returns:
        Legal units only: a family that needs wider operands than a width is left out there.
    """
    chosen = set(families)
    registry: Mapping[Role, Mapping[str, Family]] = {"adder": ADDERS, "multiplier": MULTIPLIERS}
    return [
        unit
        for role, width in product(roles, widths_bits)
        for family in registry[role].values()
        if not chosen or family.name in chosen
        for unit in _of_family(role, family, width, signed)
    ]


def _of_family(role: Role, family: Family, width: int, signed: bool) -> Iterator[GridUnit]:
    widths = (width,) if role == "adder" else (width, width)
    if family.problems({}, *widths):
        return
    default = family.complete({}, *widths)
    sets = [default, *(values for values in _others(role, family, width) if not family.problems(values, *widths))]
    for values in dict.fromkeys(tuple(values.items()) for values in sets):
        yield GridUnit(role, family.name, None, widths, signed, values)
    for structure in family.structures:
        yield GridUnit(role, family.name, structure, widths, signed)


def _others(role: Role, family: Family, width: int) -> Iterator[dict[str, int]]:
    names = [parameter.name for parameter in family.parameters]
    if role == "adder" and names:
        yield from ({names[0]: width // share} for share in _ADDER_SHARES)
    for text in _OTHERS.get(family.name, ()):
        yield dict(zip(names, (int(value) for value in text.split(",")), strict=True))
