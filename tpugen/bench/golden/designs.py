"""What whole designs compute, in plain Python: units, dot products, tiles, in the order in which the contract adds."""

from __future__ import annotations

from collections.abc import Sequence

from tpugen.bench.golden.adders import add
from tpugen.bench.golden.multipliers import multiply
from tpugen.spec import AdderSpec, MacSpec, MultiplierSpec, SystolicArraySpec

__all__ = ["Matrix", "accumulate", "product", "resident_row", "sum_of", "tile", "wrap"]

Matrix = Sequence[Sequence[int]]


def wrap(value: int, bits: int, signed: bool) -> int:
    """`value` modulo 2^bits as two's complement or unsigned number."""
    value %= 1 << bits
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def sum_of(spec: AdderSpec, a: int, b: int) -> int:
    """`sum_o` of an adder."""
    return wrap(add(spec.adder.family, a, b, **spec.adder.parameters), spec.width_bits + 1, spec.signed)


def product(spec: MultiplierSpec | MacSpec | SystolicArraySpec, activation: int, weight: int) -> int:
    """`product_o` of a multiplier, or one product inside a bigger design."""
    a_bits, w_bits = spec.activation_width_bits, spec.weight_width_bits
    value = multiply(spec.multiplier.family, activation, weight, a_bits, w_bits, spec.multiplier.parameters)
    return wrap(value, a_bits + w_bits, spec.signed)


def accumulate(spec: MacSpec | SystolicArraySpec, total: int, term: int) -> int:
    """One step of the accumulation adder; the carry out is dropped."""
    return wrap(add(spec.adder.family, total, term, **spec.adder.parameters), spec.accumulator_width_bits, spec.signed)


def _dot(spec: MacSpec | SystolicArraySpec, activations: Sequence[int], weights: Sequence[int]) -> int:
    total = 0
    for activation, weight in zip(activations, weights, strict=True):
        total = accumulate(spec, total, product(spec, activation, weight))
    return total


def tile(spec: MacSpec | SystolicArraySpec, a: Matrix, b: Matrix) -> list[list[int]]:
    """C = A x B, each element summed slice by slice from zero: what stays in an output-stationary array, or a MAC.

    Args:
        spec: The design.
        a: Activations, rows of length K.
        b: Weights, K rows.
    """
    columns = list(zip(*b, strict=True))
    return [[_dot(spec, row, column) for column in columns] for row in a]


def resident_row(spec: SystolicArraySpec, resident: Matrix, moving: Sequence[int], partial: Sequence[int]) -> list[int]:
    """One result row of an operand-stationary array.

    Args:
        spec: The design.
        resident: What stays, `rows` x `cols`.
        moving: What streams past, `rows` long.
        partial: Partial sums of the earlier fold, `cols` long.
    """
    results = []
    for column, earlier in zip(zip(*resident, strict=True), partial, strict=True):
        operands = (moving, column) if spec.dataflow == "weight_stationary" else (column, moving)
        results.append(accumulate(spec, _dot(spec, *operands), earlier))
    return results
