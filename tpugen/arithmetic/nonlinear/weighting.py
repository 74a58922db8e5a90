"""Softmax in integers without normalised probabilities: weights under the row's maximum, and weighted means.

Probabilities in 255ths vanish where attention is flat: of 512 equal ones each is half a unit. Weights relative to the
row's greatest keep eight bits for any length, and the sum of the weights divides only once, after the products with
the values. (Postponed division: Milakov and Gimelshein, arXiv 1805.02867; powers of two: Softermax, arXiv 2103.09301.)
For scores s of one row:

1. t = s * multiplier / 2^shift, rounded: the exponent of two, 24 bits with 12 fraction bits, saturated (so +-2048).
2. p = round(255 * 2^(t - greatest t)), halves up: unsigned 8 bits, 255 for the greatest score; powers of two from the
   table of 16 chords that `softmax` has. S = the exact sum of p.
3. weighted mean of values v of 8 bits: round(32767 * sum(p v) / (128 * S)), halves away from zero: 16 bits.

Against float64, with exact weights w = 2^(t - greatest t) of unrounded exponents, s = S / 255, E = `WEIGHT_ERROR` and
n - 1 weights that are not the greatest (unless exponents saturate):

- |p / 255 - w| <= E w + 1/510 for each weight; the greatest is exact;
- |p / S - exact| <= `share_bound` for each share, |mean - exact| <= `weighted_mean_bound` + half a unit for the mean:
  about E + (n - 1) / (510 s) of the values' spread. That is small where the mean weight is far above 1/510, however
  long the row. It is great for one score high above many others that together still matter though each weight is
  rounded to 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear.fixed_point import checked
from tpugen.arithmetic.nonlinear.softmax import (
    CHORDS,
    EXPONENT_FRACTION_BITS,
    LEVELS,
    MANTISSA_FRACTION_BITS,
    exponents_of,
    power_of_two,
)
from tpugen.errors import RequestError

__all__ = [
    "MEAN_LEVELS",
    "SUM_WIDTH_BITS_MAX",
    "VALUE_LEVELS",
    "WEIGHT_ERROR",
    "SoftmaxWeights",
    "share_bound",
    "softmax_weights",
    "weighted_mean",
    "weighted_mean_bound",
]

MEAN_LEVELS = 32767
"""What a weighted mean of `VALUE_LEVELS` becomes."""

VALUE_LEVELS = 128
"""Greatest magnitude of a value of 8 bits."""

SUM_WIDTH_BITS_MAX = 24
"""Widest sum of weights that a mean is taken over."""

_FURTHEST_GAP = 9
"""From here on 255 * 2^-gap is below a half."""

WEIGHT_ERROR = (
    2.0**2.0**-EXPONENT_FRACTION_BITS * (math.cosh(math.log(2) / (2 * CHORDS)) + 2.0 ** -(MANTISSA_FRACTION_BITS - 1))
    - 1
)
"""Relative error of a weight before it is rounded: two exponents' rounding, chords, 16 bits of the power (4.4e-4)."""


class SoftmaxWeights(NamedTuple):
    """Rows of weights.

    Attributes:
        weights: 0..255, shape of the scores; 255 for each row's greatest.
        sums: Sum of each row, one axis less.
    """

    weights: IntArray
    sums: IntArray


def softmax_weights(scores: npt.ArrayLike, multiplier: int, shift: int) -> SoftmaxWeights:
    """Weights of each row of scores under its maximum, in 255ths, and their sums.

    Args:
        scores: int32, shape (..., length), length >= 1: the scores of the positions that may be seen, no others.
        multiplier: Unsigned, 16 bits; with `shift` it turns a score into an exponent of 2 with 12 fraction bits
            (see `softmax_factor`).
        shift: 0..63.

    Returns:
        Weights and sums, int64.

    Raises:
        RequestError: an argument outside its range.
    """
    exponents = exponents_of(scores, multiplier, shift)
    if exponents.ndim < 1 or exponents.shape[-1] < 1:
        raise RequestError("softmax of no scores", hint="rows of scores lie along the last axis")
    below = exponents.max(axis=-1, keepdims=True) - exponents
    gap = np.minimum(below >> EXPONENT_FRACTION_BITS, _FURTHEST_GAP)
    power = power_of_two(below & ((1 << EXPONENT_FRACTION_BITS) - 1))
    dropped = MANTISSA_FRACTION_BITS + gap
    weights: IntArray = (LEVELS * power + (1 << (dropped - 1))) >> dropped
    return SoftmaxWeights(weights, weights.sum(axis=-1))


def weighted_mean(accumulators: npt.ArrayLike, sums: npt.ArrayLike) -> IntArray:
    """Sums of weights times values over the sums of the weights: `round(32767 * accumulator / (128 * sum))`.

    Halves are rounded away from zero; results are limited to +-32767, which weighted sums of values of 8 bits never
    exceed; a sum of 0 gives 0.

    Args:
        accumulators: int32, any shape.
        sums: Unsigned, 24 bits; broadcasts to `accumulators`.

    Returns:
        -32767..32767 as int64; 32767 stands for a mean of 128.

    Raises:
        RequestError: an argument outside its range.
    """
    values = checked("accumulators", accumulators, -(1 << 31), (1 << 31) - 1)
    divisors = VALUE_LEVELS * checked("sums", sums, 0, (1 << SUM_WIDTH_BITS_MAX) - 1)
    magnitudes = np.minimum(np.abs(values), divisors)
    levels = (2 * MEAN_LEVELS * magnitudes + divisors) // np.maximum(2 * divisors, 1)
    means: IntArray = np.where(values < 0, -levels, levels)
    return means


def weighted_mean_bound(length: int, sums: npt.ArrayLike, spread: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How far a weighted mean may be from that with float64 softmax, before its own rounding (half a unit).

    A mean of numbers v with weights off by d_j moves by sum(d_j (v_j - mean)) / s, and |v_j - mean| is at most the
    spread of v; sum|d_j| is at most E W + (n - 1) / 510 with W, the sum of exact weights, at most
    (s + (n - 1) / 510) / (1 - E).

    Args:
        length: Elements of the row, n.
        sums: Sums of weights, S.
        spread: Greatest less least of the values, in any unit; broadcasts.

    Returns:
        The bound in the unit of `spread`, at most `spread` itself.
    """
    total, rounding = np.asarray(sums, dtype=np.float64) / LEVELS, (length - 1) / (2 * LEVELS)
    moved = WEIGHT_ERROR * (total + rounding) / (1 - WEIGHT_ERROR) + rounding
    bound: npt.NDArray[np.float64] = np.minimum(moved / total, 1.0) * np.asarray(spread, dtype=np.float64)
    return bound


def share_bound(length: int, sums: npt.ArrayLike, exact: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How far the shares `weight / sum` of rows may be from float64 softmax with the same factor.

    A share q moves by (d_j - q sum(d)) / s, where each d is at most E w + 1/510.

    Args:
        length: Elements of the row.
        sums: Sums of weights, shape (...,).
        exact: Exact shares q, shape (..., length).

    Returns:
        Bounds, shape of `exact`.
    """
    shares = np.asarray(exact, dtype=np.float64)
    total, unit = np.asarray(sums, dtype=np.float64)[..., None] / LEVELS, 1 / (2 * LEVELS)
    whole = (total + (length - 1) * unit) / (1 - WEIGHT_ERROR)
    bound: npt.NDArray[np.float64] = (shares * (2 * WEIGHT_ERROR * whole + (length - 1) * unit) + unit) / total
    return bound
