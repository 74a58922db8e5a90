"""Bit-accurate models of every kind: what the numbers must be, whatever the RTL looks like.

Plain integer arithmetic on whole matrices, independent of skew, registers and schedules. All widths of the spec are
exact: int64 where 62 bits suffice, Python integers beyond. Results are numbers (two's complement or unsigned).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.exact import INT64_SAFE_BITS, IntArray, as_integers, exact_add, exact_multiply, wrap
from tpugen.errors import NotAvailableError
from tpugen.spec import AdderSpec, MacSpec, MultiplierSpec, SystolicArraySpec

__all__ = ["adder", "dot_product", "mac", "matmul", "multiplier", "pack", "unpack", "wrap"]

_F = TypeVar("_F")

_ADDERS: Mapping[str, Callable[[npt.ArrayLike, npt.ArrayLike, int, bool], IntArray]] = {"exact": exact_add}
_MULTIPLIERS: Mapping[str, Callable[[npt.ArrayLike, npt.ArrayLike, int, int, bool], IntArray]] = {
    "exact": exact_multiply
}


def adder(spec: AdderSpec, a: npt.ArrayLike, b: npt.ArrayLike) -> IntArray:
    """`sum_o` of an adder for operands of any shape.

    Raises:
        NotAvailableError: no model of the spec's adder family.
    """
    return _model(_ADDERS, spec.adder.family, "adder")(a, b, spec.width_bits, spec.signed)


def multiplier(spec: MultiplierSpec, activation: npt.ArrayLike, weight: npt.ArrayLike) -> IntArray:
    """`product_o` of a multiplier for operands of any shape.

    Raises:
        NotAvailableError: no model of the spec's multiplier family.
    """
    function = _model(_MULTIPLIERS, spec.multiplier.family, "multiplier")
    return function(activation, weight, spec.activation_width_bits, spec.weight_width_bits, spec.signed)


def mac(spec: MacSpec, activations: npt.ArrayLike, weights: npt.ArrayLike) -> int:
    """`result_o` of one dot product: `activations` and `weights` of shape (K,)."""
    row = np.asarray(activations).reshape(1, -1)
    column = np.asarray(weights).reshape(-1, 1)
    return int(_accumulate(spec, row, column, None)[0, 0])


def matmul(
    spec: SystolicArraySpec, a: npt.ArrayLike, b: npt.ArrayLike, partial: npt.ArrayLike | None = None
) -> IntArray:
    """C = A x B (+ partial), modulo 2^accumulator.

    Args:
        spec: Widths and signedness; rows, columns and dataflow do not matter to the numbers.
        a: Activations, shape (M, K).
        b: Weights, shape (K, N).
        partial: Partial sums of earlier K-folds, shape (M, N).

    Returns:
        Shape (M, N).

    Raises:
        NotAvailableError: no model of the spec's families.
    """
    return _accumulate(spec, np.asarray(a), np.asarray(b), partial)


def dot_product(spec: MacSpec | SystolicArraySpec, activations: Sequence[int], weights: Sequence[int]) -> int:
    """One dot product in plain Python: a second opinion on `matmul`, and what findings quote."""
    half = 1 << spec.accumulator_width_bits >> 1
    total = sum(int(a) * int(w) for a, w in zip(activations, weights, strict=True))
    total &= (half << 1) - 1
    return total - (half << 1) if spec.signed and total >= half else total


def _accumulate(spec: MacSpec | SystolicArraySpec, a: IntArray, b: IntArray, partial: npt.ArrayLike | None) -> IntArray:
    _model(_MULTIPLIERS, spec.multiplier.family, "multiplier")
    _model(_ADDERS, spec.adder.family, "adder")
    growth = max(1, a.shape[1]).bit_length()
    width = max(spec.product_width_bits + growth, spec.accumulator_width_bits) + 1
    a = as_integers(wrap(a, spec.activation_width_bits, spec.signed), width)
    b = as_integers(wrap(b, spec.weight_width_bits, spec.signed), width)
    c = a @ b
    if partial is not None:
        c = c + as_integers(wrap(partial, spec.accumulator_width_bits, spec.signed), width)
    if width > INT64_SAFE_BITS:
        c = as_integers(c, width)
    return wrap(c, spec.accumulator_width_bits, spec.signed)


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


def _model(table: Mapping[str, _F], family: str, role: str) -> _F:
    try:
        return table[family]
    except KeyError:
        raise NotAvailableError(
            f"no bit-accurate model of {role} family {family!r}", hint=f"models exist for: {', '.join(table)}"
        ) from None
