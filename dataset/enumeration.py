"""Which designs the dataset holds: a modest grid over kinds, sizes, widths and dataflows, exact arithmetic only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from tpugen.spec import AdderSpec, Dataflow, DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec
from tpugen.spec.design import default_accumulator_width_bits

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
