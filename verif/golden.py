"""Bit-accurate models of every kind: what the numbers must be, whatever the RTL looks like.

Integer arithmetic on whole matrices, independent of skew, registers and schedules. Exact designs are one matrix
product; approximate ones multiply and accumulate in the order in which the design does. All widths of the spec are
exact: int64 where 62 bits suffice, Python integers beyond. Results are numbers (two's complement or unsigned).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray, as_integers, wrap
from tpugen.spec import AdderSpec, AdderUnit, MacSpec, MultiplierSpec, MultiplierUnit, SystolicArraySpec

__all__ = ["adder", "dot_product", "mac", "matmul", "multiplier", "pack", "unpack", "wrap"]


def adder(spec: AdderSpec, a: npt.ArrayLike, b: npt.ArrayLike) -> IntArray:
    """`sum_o` of an adder for operands of any shape."""
    return _add(spec.adder, a, b, spec.width_bits, spec.signed)


def multiplier(spec: MultiplierSpec, activation: npt.ArrayLike, weight: npt.ArrayLike) -> IntArray:
    """`product_o` of a multiplier for operands of any shape."""
    return _multiply(spec, activation, weight)


def mac(spec: MacSpec, activations: npt.ArrayLike, weights: npt.ArrayLike) -> int:
    """`result_o` of one dot product: `activations` and `weights` of shape (K,)."""
    row = np.asarray(activations).reshape(1, -1)
    column = np.asarray(weights).reshape(-1, 1)
    return int(_accumulate(spec, row, column)[0, 0])


def matmul(
    spec: SystolicArraySpec, a: npt.ArrayLike, b: npt.ArrayLike, partial: npt.ArrayLike | None = None
) -> IntArray:
    """C = A x B (+ partial), modulo 2^accumulator, as the array accumulates it.

    Operand-stationary arrays work through K in folds of `rows`, unused rows holding zeros, and add the partial sums of
    one fold to the next; with an approximate adder that order is part of the result.

    Args:
        spec: The design.
        a: Activations, shape (M, K).
        b: Weights, shape (K, N).
        partial: Partial sums of earlier K-folds, shape (M, N); default zeros. Output-stationary arrays have none.

    Returns:
        Shape (M, N).

    Raises:
        ValueError: partial sums for an output-stationary array.
    """
    a, b = np.asarray(a), np.asarray(b)
    if partial is not None and spec.dataflow == "output_stationary":
        raise ValueError("an output-stationary array takes no partial sums")
    if spec.dataflow == "output_stationary":
        return _accumulate(spec, a, b)
    if partial is None:
        partial = np.zeros((a.shape[0], b.shape[1]), dtype=np.int64)
    result = wrap(partial, spec.accumulator_width_bits, spec.signed)
    for start in range(0, a.shape[1], spec.rows):
        part = slice(start, start + spec.rows)
        missing = spec.rows - a[:, part].shape[1]
        row = _accumulate(spec, np.pad(a[:, part], ((0, 0), (0, missing))), np.pad(b[part], ((0, missing), (0, 0))))
        result = _accumulated(spec, row, result)
    return result


def dot_product(spec: MacSpec | SystolicArraySpec, activations: Sequence[int], weights: Sequence[int]) -> int:
    """One exact dot product in plain Python: a second opinion on `matmul` of exact designs, and what findings quote."""
    half = 1 << spec.accumulator_width_bits >> 1
    total = sum(int(a) * int(w) for a, w in zip(activations, weights, strict=True))
    total &= (half << 1) - 1
    return total - (half << 1) if spec.signed and total >= half else total


def _add(unit: AdderUnit, a: npt.ArrayLike, b: npt.ArrayLike, width_bits: int, signed: bool) -> IntArray:
    return unit.families[unit.family].model(a, b, width_bits, signed, **unit.parameters)


def _multiply(
    spec: MultiplierSpec | MacSpec | SystolicArraySpec, activation: npt.ArrayLike, weight: npt.ArrayLike
) -> IntArray:
    unit: MultiplierUnit = spec.multiplier
    model = unit.families[unit.family].model
    widths = (spec.activation_width_bits, spec.weight_width_bits)
    return model(activation, weight, *widths, spec.signed, **unit.parameters)


def _accumulated(spec: MacSpec | SystolicArraySpec, a: npt.ArrayLike, b: npt.ArrayLike) -> IntArray:
    """One step of the accumulation adder, whose carry out is dropped."""
    width = spec.accumulator_width_bits
    return wrap(_add(spec.adder, a, b, width, spec.signed), width, spec.signed)


def _accumulate(spec: MacSpec | SystolicArraySpec, a: IntArray, b: IntArray) -> IntArray:
    """Dot products of the rows of `a` (M, K) and the columns of `b` (K, N), from an accumulator of zero."""
    if spec.multiplier.family == "exact" and spec.adder.family == "exact":
        return _exact_product(spec, a, b)
    accumulator = as_integers(np.zeros((a.shape[0], b.shape[1]), dtype=np.int64), spec.accumulator_width_bits)
    for k in range(a.shape[1]):
        accumulator = _accumulated(spec, accumulator, _multiply(spec, a[:, k, None], b[None, k, :]))
    return accumulator


def _exact_product(spec: MacSpec | SystolicArraySpec, a: IntArray, b: IntArray) -> IntArray:
    growth = max(1, a.shape[1]).bit_length()
    width = max(spec.product_width_bits + growth, spec.accumulator_width_bits) + 1
    a = as_integers(wrap(a, spec.activation_width_bits, spec.signed), width)
    b = as_integers(wrap(b, spec.weight_width_bits, spec.signed), width)
    return wrap(a @ b, spec.accumulator_width_bits, spec.signed)


def pack(values: npt.ArrayLike, width_bits: int) -> int:
    """A vector as the bits of a port: element i at [i*width_bits +: width_bits]."""
    mask = (1 << width_bits) - 1
    digits = [format(int(value) & mask, f"0{width_bits}b") for value in np.asarray(values).ravel().tolist()]
    return int("".join(reversed(digits)), 2) if digits else 0


def unpack(bits: int, width_bits: int, count: int, signed: bool) -> list[int]:
    """The inverse of `pack`: `count` elements of `width_bits`."""
    mask, half = (1 << width_bits) - 1, 1 << (width_bits - 1)
    values = [(bits >> (index * width_bits)) & mask for index in range(count)]
    return [value - mask - 1 if signed and value & half else value for value in values]
