"""Which arithmetic units are checked: units at their widths with their parameters, and the lists of a full check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family

if TYPE_CHECKING:
    from tpugen.arithmetic.integers import IntArray
    from tpugen.arithmetic.registry import Widths

__all__ = [
    "ADDER_WIDTHS_BITS",
    "MULTIPLIER_WIDTHS_BITS",
    "Role",
    "UnitConfiguration",
    "every_parameter",
    "full_corpus",
    "quick_corpus",
    "some_parameters",
    "units",
]

Role = Literal["adder", "multiplier"]

_SMALL_SQUARES = tuple((width, width) for width in range(2, 8))
_WIDE_PAIRS = ((12, 12), (16, 16), (24, 24), (32, 32), (16, 8), (8, 16), (12, 5), (32, 7), (5, 32))

MULTIPLIER_WIDTHS_BITS: tuple[tuple[int, int], ...] = (*_SMALL_SQUARES, (3, 5), (8, 4), (4, 8), *_WIDE_PAIRS)
"""Operand widths of the full check, beside 8x8: small ones, unequal ones, wide ones."""

ADDER_WIDTHS_BITS: tuple[int, ...] = (*range(2, 8), 12, 16, 24, 32, 48, 64, 128)
"""Operand widths of the full check, beside 8; accumulators reach 128 bits."""


class UnitConfiguration(BaseModel):
    """One unit as it is instantiated.

    Attributes:
        role: `adder` or `multiplier`.
        family: Canonical name of the family.
        structure: Circuit structure of an exact unit; None is tpugen's own choice, `<role>_exact`.
        widths_bits: `(n,)` of an adder, `(activation, weight)` of a multiplier.
        signed: Whether operands and result are two's complement.
        parameters: The family's parameters, all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    family: str
    structure: str | None = None
    widths_bits: tuple[int, ...]
    signed: bool
    parameters: dict[str, int] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """Unique and readable, e.g. `multiplier drum 8x5 signed k=4`."""
        widths = "x".join(str(width) for width in self.widths_bits)
        unit = self.family if self.structure is None else f"{self.family}/{self.structure}"
        words = [self.role, unit, widths, "signed" if self.signed else "unsigned"]
        return " ".join([*words, *(f"{name}={value}" for name, value in self.parameters.items())])

    @property
    def module(self) -> str:
        """Library module that is this unit."""
        return f"{self.role}_{self.structure or self.family}"

    @property
    def operand_widths_bits(self) -> tuple[int, int]:
        """Width of the first and of the second operand."""
        return self.widths_bits[0], self.widths_bits[-1]

    @property
    def result_width_bits(self) -> int:
        """Width of the sum or product."""
        return self.widths_bits[0] + 1 if self.role == "adder" else sum(self.widths_bits)

    @property
    def verilog_parameters(self) -> dict[str, int]:
        """Parameters of the instance."""
        names = ("Width",) if self.role == "adder" else ("ActivationWidth", "WeightWidth")
        own = {name.capitalize(): value for name, value in self.parameters.items()}
        return {**dict(zip(names, self.widths_bits, strict=True)), "Signed": int(self.signed), **own}

    @property
    def ports(self) -> tuple[str, str, str]:
        """First operand, second operand, result."""
        return ("a_i", "b_i", "sum_o") if self.role == "adder" else ("activation_i", "weight_i", "product_o")

    def problems(self) -> list[str]:
        """What is illegal about it; nothing for a legal one."""
        return _family(self.role, self.family).problems(self.parameters, *self.widths_bits)

    def results(self, a: IntArray, b: IntArray) -> IntArray:
        """What the model says; operands are the bits that the ports carry.

        Raises:
            AttributeError: the family has no model.
        """
        return _family(self.role, self.family).model(a, b, *self.widths_bits, self.signed, **self.parameters)


def _families(role: Role) -> Mapping[str, Family]:
    return ADDERS if role == "adder" else MULTIPLIERS


def _family(role: Role, name: str) -> Family:
    return _families(role)[name]


def every_parameter(family: Family, widths_bits: Widths) -> Iterator[dict[str, int]]:
    """Every legal set of parameters at these widths."""
    names = [parameter.name for parameter in family.parameters]
    for values in product(*(parameter.values(*widths_bits) for parameter in family.parameters)):
        chosen = dict(zip(names, values, strict=True))
        if not family.problems(chosen, *widths_bits):
            yield chosen


def some_parameters(family: Family, widths_bits: Widths) -> Iterator[dict[str, int]]:
    """Both ends and the default of every parameter, each with each, as far as they are legal together."""
    names = [parameter.name for parameter in family.parameters]
    choices = []
    for parameter in family.parameters:
        low, high = parameter.bounds(*widths_bits)
        middle = parameter.default_for(*widths_bits)
        if middle in (low, high):  # three values wherever there are three
            middle = (low + high) // 2
        choices.append(sorted({low, parameter.default_for(*widths_bits), middle, high}) if low <= high else [])
    for values in product(*choices):
        chosen = dict(zip(names, values, strict=True))
        if not family.problems(chosen, *widths_bits):
            yield chosen


def units(
    role: Role,
    widths_bits: Widths,
    *,
    every: bool,
    families: Iterable[str] | None = None,
    signs: Iterable[bool] = (True, False),
) -> Iterator[UnitConfiguration]:
    """The units of a role at some widths: all families and structures, signed and unsigned.

    Args:
        role: `adder` or `multiplier`.
        widths_bits: Operand widths.
        every: All legal parameters; else both ends and the default.
        families: Only these; default all.
        signs: Which of signed (True) and unsigned (False).
    """
    wanted = set(_families(role)) if families is None else set(families)
    sets = every_parameter if every else some_parameters
    for family in _families(role).values():
        if family.name not in wanted:
            continue
        for signed in signs:
            for parameters in sets(family, widths_bits):
                for structure in (None, *family.structures):
                    yield UnitConfiguration(
                        role=role, family=family.name, structure=structure, widths_bits=widths_bits, signed=signed,
                        parameters=parameters,
                    )  # fmt: skip


def full_corpus() -> list[UnitConfiguration]:
    """The full check: 8 bits with every legal parameter, other widths with both ends and the default."""
    chosen = [*units("adder", (8,), every=True), *units("multiplier", (8, 8), every=True)]
    for width in ADDER_WIDTHS_BITS:
        chosen += units("adder", (width,), every=False)
    for widths in MULTIPLIER_WIDTHS_BITS:
        chosen += units("multiplier", widths, every=False)
    return chosen


def quick_corpus() -> list[UnitConfiguration]:
    """A share that takes seconds: small unequal operands, every parameter; 8 bits, both ends and the default."""
    chosen = [*units("adder", (5,), every=True), *units("adder", (8,), every=False)]
    chosen += units("multiplier", (5, 4), every=True)
    return [*chosen, *units("multiplier", (8, 8), every=False)]
