"""Softmax in integers: base 2, running maximum, one exactly rounded division.

Softermax (Stevens et al., arXiv 2103.09301): powers of two instead of e, with log2(e) folded into the factor of the
scores; a running maximum that is an integer, so that sums are rescaled by shifts; powers of two by piecewise linear
interpolation. Here, for scores s of one row:

1. t = s * multiplier / 2^shift, rounded: the exponent, 24 bits with 12 fraction bits, saturated (so +-2048).
2. n = ceil(t), and v = 2^(t - n) with 16 fraction bits, in 0.5..1, from a table of 16 chords.
3. m = max n so far, sum = (sum >> growth of m) + (v >> (m - n)), both with 24 fraction bits, truncated.
4. p = round(255 * (v >> (m - n)) / sum), halves up: unsigned 8 bits, 0..255 for 0..1.

Against float64 softmax of the same scores, |p / 255 - exact| <= 1/510 + `error_bound(length)`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear.fixed_point import MAX_SHIFT, Factor, checked, factor, round_scaled, saturate
from tpugen.errors import RequestError

__all__ = [
    "CHORDS",
    "EXPONENT_FRACTION_BITS",
    "EXPONENT_WIDTH_BITS",
    "LEVELS",
    "MANTISSA_FRACTION_BITS",
    "SUM_FRACTION_BITS",
    "chord_knots",
    "error_bound",
    "exponent_parts",
    "exponents_of",
    "power_of_two",
    "softmax",
    "softmax_factor",
]

EXPONENT_FRACTION_BITS = 12
EXPONENT_WIDTH_BITS = 24
MANTISSA_FRACTION_BITS = 16
SUM_FRACTION_BITS = 24
LEVELS = 255
"""What probability 1 becomes."""

MULTIPLIER_WIDTH_BITS = 16
CHORDS = 16
"""Chords that a power of two is made of, between two whole exponents."""
_CHORD_BITS = EXPONENT_FRACTION_BITS - 4
_GUARD_BITS = SUM_FRACTION_BITS - MANTISSA_FRACTION_BITS


def softmax_factor(scale: float) -> Factor:
    """Multiplier and shift for scores whose logits are `score * scale` (e.g. `s_q * s_k / sqrt(head size)`).

    Raises:
        RequestError: a scale that is not positive or too great.
    """
    return factor(scale * math.log2(math.e) * (1 << EXPONENT_FRACTION_BITS), MULTIPLIER_WIDTH_BITS)


def chord_knots() -> list[int]:
    """2^-(k/16) with 16 fraction bits, rounded, for k = 0..16."""
    return [round(math.ldexp(2.0 ** (-k / CHORDS), MANTISSA_FRACTION_BITS)) for k in range(CHORDS + 1)]


def power_of_two(fractions: npt.ArrayLike) -> IntArray:
    """2^-f with 16 fraction bits, for f of 12 fraction bits in 0..1 (1 excluded): chords between 17 knots."""
    f = checked("fractions", fractions, 0, (1 << EXPONENT_FRACTION_BITS) - 1)
    knots = np.array(chord_knots(), dtype=np.int64)
    chord, along = f >> _CHORD_BITS, f & ((1 << _CHORD_BITS) - 1)
    drop = (knots[chord] - knots[chord + 1]) * along
    powers: IntArray = knots[chord] - ((drop + (1 << (_CHORD_BITS - 1))) >> _CHORD_BITS)
    return powers


def softmax(scores: npt.ArrayLike, multiplier: int, shift: int) -> IntArray:
    """Probabilities of each row of scores, in 255ths.

    Args:
        scores: int32, shape (..., length), length >= 1: the scores of the positions that may be seen, no others.
        multiplier: Unsigned, 16 bits; with `shift` it turns a score into an exponent of 2 with 12 fraction bits
            (see `softmax_factor`).
        shift: 0..63.

    Returns:
        0..255 as int64, shape of `scores`. Rows add up to 255 within half the number of their elements and the error.

    Raises:
        RequestError: an argument outside its range.
    """
    ceilings, mantissas = exponent_parts(scores, multiplier, shift)
    if ceilings.ndim < 1 or ceilings.shape[-1] < 1:
        raise RequestError("softmax of no scores", hint="rows of scores lie along the last axis")
    powers = mantissas << _GUARD_BITS
    greatest, total = _running_sum(ceilings, powers)
    shares = powers >> _shift_count(greatest[..., None] - ceilings)
    divisor = total[..., None]
    levels: IntArray = (2 * LEVELS * shares + divisor) // (2 * divisor)
    return levels


def exponents_of(scores: npt.ArrayLike, multiplier: int, shift: int) -> IntArray:
    """Scores as exponents of 2 with 12 fraction bits, in 24 bits.

    Raises:
        RequestError: an argument outside its range (see `exponent_parts`).
    """
    array = checked("scores", scores, -(1 << 31), (1 << 31) - 1)
    checked("multiplier", multiplier, 0, (1 << MULTIPLIER_WIDTH_BITS) - 1)
    checked("shift", shift, 0, MAX_SHIFT)
    return saturate(round_scaled(array, multiplier, shift), EXPONENT_WIDTH_BITS)


def exponent_parts(scores: npt.ArrayLike, multiplier: int, shift: int) -> tuple[IntArray, IntArray]:
    """Steps 1 and 2: each score as 2^ceiling * power, shapes of `scores`.

    Args:
        scores: int32, any shape.
        multiplier: Unsigned, 16 bits.
        shift: 0..63.

    Returns:
        Ceilings, -2048..2048, and powers with 16 fraction bits, 0.5..1.

    Raises:
        RequestError: an argument outside its range.
    """
    exponents = exponents_of(scores, multiplier, shift)
    fractions = -exponents & ((1 << EXPONENT_FRACTION_BITS) - 1)
    return -(-exponents >> EXPONENT_FRACTION_BITS), power_of_two(fractions)


def error_bound(length: int) -> float:
    """How far the ratio before the last rounding may be from float64 softmax with the same factor.

    Relative errors of a term: its exponent's rounding (2^-13 in the exponent), chords (2.4e-4 and half a unit of 16
    bits). They occur in numerator and sum, whence the factor 2. Truncations: one of 2^-24 for each addend and each
    rescaling, and one in the numerator, over a sum of at least 1/2.
    """
    relative = math.log(2) * 2.0 ** -(EXPONENT_FRACTION_BITS + 1) + (math.log(2) / CHORDS) ** 2 / 8 + 2.0**-15
    truncated = (2 * length + 1) * 2.0 ** -(SUM_FRACTION_BITS - 1)
    return 2 * relative + truncated


def _running_sum(ceilings: IntArray, powers: IntArray) -> tuple[IntArray, IntArray]:
    """Greatest ceiling and sum of each row, element by element as the unit adds them."""
    greatest, total = ceilings[..., 0], powers[..., 0]
    for index in range(1, ceilings.shape[-1]):
        ceiling = ceilings[..., index]
        higher = np.maximum(greatest, ceiling)
        total = (total >> _shift_count(higher - greatest)) + (powers[..., index] >> _shift_count(higher - ceiling))
        greatest = higher
    return greatest, total


def _shift_count(counts: IntArray) -> IntArray:
    """Counts that int64 can be shifted by: beyond 62 nothing is left anyway."""
    limited: IntArray = np.minimum(counts, 62)
    return limited
