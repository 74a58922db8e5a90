"""Which designs the dataset holds: a modest grid over kinds, sizes, widths, dataflows and families of units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, get_args

from tpugen.arithmetic import MULTIPLIERS
from tpugen.spec import (
    AdderSpec,
    AdderUnit,
    Dataflow,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    SystolicArraySpec,
)
from tpugen.spec.design import default_accumulator_width_bits

_Unit = TypeVar("_Unit", AdderUnit, MultiplierUnit)

__all__ = ["ARRAY_SIZES", "OPERAND_WIDTHS_BITS", "enumerate_specs"]

ARRAY_SIZES: tuple[tuple[int, int], ...] = (
    (1, 1), (2, 2), (4, 4), (8, 8), (16, 16), (32, 32), (64, 64), (128, 128), (5, 3), (16, 8), (4, 16), (1, 8),
)  # fmt: skip
"""(rows, cols): the powers of two that people ask for, and shapes that are not square."""

OPERAND_WIDTHS_BITS: tuple[tuple[int, int], ...] = ((8, 8), (4, 4), (16, 16), (8, 4), (16, 8), (7, 7))
"""(activation, weight) widths in bits."""

_UNIT_WIDTHS_BITS = (2, 4, 7, 8, 12, 16, 24, 32)


def enumerate_specs() -> Iterator[DesignSpec]:
    """Every spec of the grid, all legal, each once, in a fixed order."""
    for signed in (True, False):
        for width in _UNIT_WIDTHS_BITS:
            yield AdderSpec(width_bits=width, signed=signed)
        for activation, weight in OPERAND_WIDTHS_BITS:
            yield MultiplierSpec(activation_width_bits=activation, weight_width_bits=weight, signed=signed)
            for accumulator in _accumulator_widths(activation, weight):
                yield MacSpec(
                    activation_width_bits=activation,
                    weight_width_bits=weight,
                    accumulator_width_bits=accumulator,
                    signed=signed,
                )
    yield from _arrays()
    yield from _other_units()


def _accumulator_widths(activation_width_bits: int, weight_width_bits: int) -> tuple[int, int]:
    product = activation_width_bits + weight_width_bits
    return product + 4, default_accumulator_width_bits(activation_width_bits, weight_width_bits)


def _arrays() -> Iterator[DesignSpec]:
    dataflows: tuple[Dataflow, ...] = get_args(Dataflow)
    for dataflow in dataflows:
        for rows, cols in ARRAY_SIZES:
            for number, (activation, weight) in enumerate(OPERAND_WIDTHS_BITS):
                yield SystolicArraySpec(
                    rows=rows,
                    cols=cols,
                    dataflow=dataflow,
                    activation_width_bits=activation,
                    weight_width_bits=weight,
                    accumulator_width_bits=default_accumulator_width_bits(activation, weight),
                    # Unsigned designs are asked for less: one array in six is enough to retrieve by.
                    signed=number != 5,
                )


def _other_units() -> Iterator[DesignSpec]:
    """Every family and structure but the plain exact one: alone, in a MAC, and in arrays, dataflows by turns."""
    dataflows: tuple[Dataflow, ...] = get_args(Dataflow)
    for number, adder in enumerate(_units_of(AdderUnit)):
        yield AdderSpec(width_bits=16, adder=adder)
        yield MacSpec(adder=adder)
        yield SystolicArraySpec(dataflow=dataflows[number % 3], adder=adder)
    for number, multiplier in enumerate(_units_of(MultiplierUnit)):
        yield MultiplierSpec(multiplier=multiplier)
        yield MacSpec(multiplier=multiplier)
        yield SystolicArraySpec(dataflow=dataflows[number % 3], multiplier=multiplier)
        if MULTIPLIERS[multiplier.family].shares_operand_codes:
            yield SystolicArraySpec(
                dataflow=dataflows[number % 3], multiplier=multiplier, shared_pre_approximation=True
            )


def _units_of(kind: type[_Unit]) -> Iterator[_Unit]:
    for name, family in kind.families.items():
        if name == "exact":
            yield from (kind(family=name, structure=structure) for structure in family.structures)
        else:
            yield kind(family=name)
