"""GELU, squared ReLU and the product of a gated layer, on int16 with 8 fraction bits (Q7.8)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear.fixed_point import checked, round_scaled, saturate

__all__ = ["FRACTION_BITS", "gated_product", "gelu", "gelu_knots", "relu2"]

FRACTION_BITS = 8
"""Fraction bits of the numbers in a feed-forward layer."""

_INT16 = (-(1 << 15), (1 << 15) - 1)
_KNOT_FRACTION_BITS = 12
_CHORD_BITS = 4
_CHORDS = 64


def gelu_knots() -> list[int]:
    """|x| * Phi(-|x|) with 12 fraction bits, rounded, at |x| = k/16 for k = 0..64."""
    ends = [k * (1 << _CHORD_BITS) / (1 << FRACTION_BITS) for k in range(_CHORDS + 1)]
    return [round(math.ldexp(x * math.erfc(x / math.sqrt(2)) / 2, _KNOT_FRACTION_BITS)) for x in ends]


def gelu(values: npt.ArrayLike) -> IntArray:
    """Gaussian error linear unit x * Phi(x), Phi the normal distribution: Hendrycks and Gimpel, arXiv 1606.08415.

    max(x, 0) less |x| * Phi(-|x|), which is even and under half a unit of Q7.8 from |x| = 4 on: 64 chords between
    knots of 12 fraction bits below that, nothing beyond (tables of chords: NN-LUT, arXiv 2112.02191).

    Args:
        values: int16, Q7.8, any shape.

    Returns:
        int64, Q7.8, same shape; within 0.54 units in the last place (0.0021) of the exact GELU.

    Raises:
        RequestError: numbers outside int16.
    """
    x = checked("values", values, *_INT16)
    knots = np.array(gelu_knots(), dtype=np.int64)
    magnitude = np.abs(x)
    chord = np.minimum(magnitude >> _CHORD_BITS, _CHORDS - 1)
    along = magnitude & ((1 << _CHORD_BITS) - 1)
    between = (knots[chord] << _CHORD_BITS) + (knots[chord + 1] - knots[chord]) * along
    tail = np.where(magnitude < _CHORDS << _CHORD_BITS, between, 0)
    dropped = _CHORD_BITS + _KNOT_FRACTION_BITS - FRACTION_BITS
    rounded: IntArray = np.maximum(x, 0) - ((tail + (1 << (dropped - 1))) >> dropped)
    return rounded


def relu2(values: npt.ArrayLike, shift: int = FRACTION_BITS) -> IntArray:
    """Square `max(x, 0)^2 / 2^shift`, halves rounded up, saturated to int16: So et al. (Primer), arXiv 2109.08668.

    Args:
        values: int16, any shape.
        shift: 0..31. 8 keeps Q7.8, which saturates from |x| = 11.3 on; each unit more halves the result.

    Raises:
        RequestError: an argument outside its range.
    """
    x = np.maximum(checked("values", values, *_INT16), 0)
    return saturate(round_scaled(x * x, 1, checked("shift", shift, 0, 31)), 16)


def gated_product(gate: npt.ArrayLike, values: npt.ArrayLike, shift: int = FRACTION_BITS) -> IntArray:
    """Product `gate * value / 2^shift`, halves rounded away from zero, saturated to int16: Shazeer, arXiv 2002.05202.

    Args:
        gate: int16, after its activation function; any shape.
        values: int16, same shape.
        shift: 0..31; 8 for two numbers and a product in Q7.8.

    Raises:
        RequestError: an argument outside its range.
    """
    a, b = checked("gate", gate, *_INT16), checked("values", values, *_INT16)
    return saturate(round_scaled(a * b, 1, checked("shift", shift, 0, 31)), 16)
