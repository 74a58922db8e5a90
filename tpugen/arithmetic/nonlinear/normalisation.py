"""RMSNorm and LayerNorm in integers: exact sums, one reciprocal square root, one rounding.

RMSNorm: Zhang and Sennrich, arXiv 1910.07467; LayerNorm: Ba et al., arXiv 1607.06450. Integer-only normalisation with
a square root by iteration: I-BERT, arXiv 2101.01321, section 3.6; here the reciprocal square root comes digit by digit
and nothing is divided. For a vector of L numbers x with sum T and S = sum of (x^2 + 1):

- RMSNorm:   y = x * g * sqrt(L / S)
- LayerNorm: y = (L*x - T) * g / sqrt(L*S - T^2) + b, as L*S - T^2 is L^2 times the variance plus one.

The one that each square is given stands for epsilon: one unit in the last place of x, squared (2^-16 in Q7.8). The
root is a number of 16 significant bits, `mantissa / 2**exponent`, truncated: at most 2^-15 below the true one, in
relation to it. Everything else is exact until the one rounding, so with G the fraction bits of the gains and F those
of the result, |error| <= 1/2 + |y - b| * 2^-15 units in the last place of the result (without saturation).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear.fixed_point import checked, round_scaled, saturate
from tpugen.errors import RequestError

__all__ = [
    "MAX_LENGTH",
    "ROOT_BITS",
    "Root",
    "layer_norm",
    "reciprocal_root",
    "rms_norm",
]

ROOT_BITS = 16
"""Significant bits of a reciprocal square root."""

MAX_LENGTH = 1 << 14
"""Longest vector: products of a LayerNorm stay within 63 bits."""

_INT16 = (-(1 << 15), (1 << 15) - 1)


class Root(NamedTuple):
    """`sqrt(numerator / denominator)` as `mantissa / 2**exponent`, truncated; the mantissa has 16 significant bits."""

    mantissa: int
    exponent: int


def reciprocal_root(numerator: int, denominator: int) -> Root:
    """The 16 leading bits of `sqrt(numerator / denominator)`, for 1 <= numerator <= denominator.

    `mantissa = floor(2**exponent * sqrt(numerator / denominator))` with the exponent that makes it 2^15..2^16 - 1.

    Raises:
        RequestError: a ratio outside (0, 1].
    """
    if not 1 <= numerator <= denominator:
        raise RequestError(f"root of {numerator} / {denominator}", hint="the ratio must be above 0 and at most 1")
    exponent = ROOT_BITS - 1 + max(0, (denominator.bit_length() - numerator.bit_length() - 1) // 2)
    while (mantissa := math.isqrt((numerator << 2 * exponent) // denominator)) < 1 << (ROOT_BITS - 1):
        exponent += 1
    return Root(mantissa, exponent)


def rms_norm(
    values: npt.ArrayLike,
    gains: npt.ArrayLike,
    *,
    gain_fraction_bits: int = 12,
    output_fraction_bits: int = 8,
) -> IntArray:
    """Each vector over its root mean square, times the gains.

    Args:
        values: int16, shape (..., length), length 1..16384; any fixed-point format.
        gains: int16 with `gain_fraction_bits`, shape (length,) or broadcasting to `values`.
        gain_fraction_bits: Fraction bits of the gains, 0..15.
        output_fraction_bits: Fraction bits of the result, 0..15.

    Returns:
        int64 in the range of int16 (saturated), shape of `values`. Error: see the module.

    Raises:
        RequestError: an argument outside its range.
    """
    x, g = _operands(values, gains, gain_fraction_bits, output_fraction_bits)
    length = x.shape[-1]
    mantissa, exponent = _roots(np.full(x.shape[:-1], length), np.sum(x * x + 1, axis=-1))
    shift = exponent + (gain_fraction_bits - output_fraction_bits)
    return saturate(round_scaled(x * g, mantissa, shift), 16)


def layer_norm(
    values: npt.ArrayLike,
    gains: npt.ArrayLike,
    biases: npt.ArrayLike,
    *,
    gain_fraction_bits: int = 12,
    output_fraction_bits: int = 8,
) -> IntArray:
    """Each vector less its mean, over its standard deviation, times the gains, plus the biases.

    Args:
        values: int16, shape (..., length), length 1..16384; any fixed-point format.
        gains: int16 with `gain_fraction_bits`, shape (length,) or broadcasting to `values`.
        biases: int16 in the format of the result, shape like `gains`.
        gain_fraction_bits: Fraction bits of the gains, 0..15.
        output_fraction_bits: Fraction bits of the result and of the biases, 0..15.

    Returns:
        int64 in the range of int16 (saturated), shape of `values`. Error: see the module.

    Raises:
        RequestError: an argument outside its range.
    """
    x, g = _operands(values, gains, gain_fraction_bits, output_fraction_bits)
    b = checked("biases", biases, *_INT16)
    length = x.shape[-1]
    total = np.sum(x, axis=-1)
    spread = length * np.sum(x * x + 1, axis=-1) - total * total
    mantissa, exponent = _roots(np.ones_like(spread), spread)
    centred = length * x - total[..., None]
    shift = exponent + (gain_fraction_bits - output_fraction_bits)
    return saturate(round_scaled(centred * g, mantissa, shift) + b, 16)


def _operands(
    values: npt.ArrayLike, gains: npt.ArrayLike, gain_fraction_bits: int, output_fraction_bits: int
) -> tuple[IntArray, IntArray]:
    """Values and gains, checked."""
    x = checked("values", values, *_INT16)
    if x.ndim < 1 or not 1 <= x.shape[-1] <= MAX_LENGTH:
        raise RequestError(
            f"normalisation of shape {x.shape}", hint=f"vectors of 1 to {MAX_LENGTH} lie along the last axis"
        )
    for name, bits in (("gains", gain_fraction_bits), ("the result", output_fraction_bits)):
        if not 0 <= bits <= 15:
            raise RequestError(f"{bits} fraction bits of {name}", hint="int16 has 0 to 15")
    return x, checked("gains", gains, *_INT16)


def _roots(numerators: IntArray, denominators: IntArray) -> tuple[IntArray, IntArray]:
    """Mantissas and exponents, with an axis of one more so that they broadcast over vectors."""
    pairs = zip(np.ravel(numerators).tolist(), np.ravel(denominators).tolist(), strict=True)
    roots = np.array([reciprocal_root(n, d) for n, d in pairs], dtype=np.int64).reshape(-1, 2)
    shape = (*np.shape(denominators), 1)
    return roots[:, 0].reshape(shape), roots[:, 1].reshape(shape)
