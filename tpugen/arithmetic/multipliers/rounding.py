"""Multipliers that round operands to powers of two: RoBA, ILM.

With r the rounded operand, a x b = ra b + rb a - ra rb + (a - ra)(b - rb); the last term is left out. What remains
takes shifts and additions only.
"""

from __future__ import annotations

import numpy as np

from tpugen.arithmetic.multipliers.bits import leading_one
from tpugen.arithmetic.signature import Magnitudes, sign_magnitude

__all__ = ["ilm", "roba"]


def _nearest_power(x: Magnitudes) -> Magnitudes:
    """The nearest power of two, of two equally near ones the greater; 0 for 0."""
    leading = leading_one(x)
    power = np.left_shift(np.uint64(1), leading)
    return (power << (x << 1 >= 3 * power)) * (x > 0)


def _first_order(a: Magnitudes, b: Magnitudes, rounded_a: Magnitudes, rounded_b: Magnitudes) -> Magnitudes:
    """`ra b + rb a - ra rb`, which is a b + (differences at most a ninth of it): it fits where a b fits."""
    # a - ra may be negative: sums are taken modulo 2^64, of which NumPy warns for scalars alone.
    with np.errstate(over="ignore"):
        product = rounded_a * b
        product += (a - rounded_a) * rounded_b
    return product


@sign_magnitude
def roba(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int) -> Magnitudes:
    """Rounding-based approximate multiplier: nearest powers of two from 1.5 x 2^l upward, but 3 rounds to 2."""

    def rounded(x: Magnitudes) -> Magnitudes:
        return np.where(x == 3, np.uint64(2), _nearest_power(x))

    return _first_order(a, b, rounded(a), rounded(b))


@sign_magnitude
def ilm(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int) -> Magnitudes:
    """Improved logarithmic multiplier: `2^(pa + pb) + qa 2^pb + qb 2^pa` of nearest powers, rests q; 3 goes to 4."""
    return _first_order(a, b, _nearest_power(a), _nearest_power(b))
