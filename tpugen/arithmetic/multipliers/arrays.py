"""Multipliers that sum partial products: exact, BAM (some are left out), RAD (the weight is recoded)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray, as_integers, wrap
from tpugen.arithmetic.multipliers.digits import sum_over_weight_bytes
from tpugen.arithmetic.signature import Magnitudes, sign_magnitude

__all__ = ["bam", "exact", "rad"]


def exact(a: npt.ArrayLike, b: npt.ArrayLike, a_width_bits: int, b_width_bits: int, signed: bool) -> IntArray:
    """Exact product, as a number of `a_width_bits + b_width_bits` bits."""
    total = a_width_bits + b_width_bits
    return as_integers(
        as_integers(wrap(a, a_width_bits, signed), total) * as_integers(wrap(b, b_width_bits, signed), total), total
    )


@sign_magnitude
def bam(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, vbl: int, hbl: int) -> Magnitudes:
    """Broken-array multiplier: the partial products a_i b_j with i + j >= vbl and j >= hbl are summed."""
    # From row `whole` on, no column is cut: there the product is plain multiplication.
    whole = min(max(vbl, hbl), b_width_bits)
    upper = (b >> whole) << whole
    if whole == hbl:
        return a * upper

    def partial(x: Magnitudes, byte: Magnitudes, position: int) -> Magnitudes:
        total = np.zeros(np.broadcast_shapes(x.shape, byte.shape), dtype=np.uint64)
        for j in range(max(position, hbl), min(position + 8, whole)):
            kept = (x >> (vbl - j)) << vbl
            total += kept * ((byte >> (j - position)) & 1)
        return total

    broken = sum_over_weight_bytes(a, b - upper, whole, partial)
    return broken if whole == b_width_bits else broken + a * upper


def rad(a: npt.ArrayLike, b: npt.ArrayLike, a_width_bits: int, b_width_bits: int, signed: bool, k: int) -> IntArray:
    """Hybrid high-radix multiplier: `a * (high * 2^k + digit)`, signed as it stands, not sign-magnitude.

    `b = high * 2^k + low`, low being the two's complement value of b's low k bits; digit is the nearest to low of 0,
    +-2^(k-4), +-2^(k-3), +-2^(k-2), +-2^(k-1), half way towards +infinity. Rounding is monotonic and the bounds of b
    are such values, so the recoded weight lies in -2^(n-1)..2^(n-1), unsigned in 0..2^n, and the product never leaves
    its width: nothing wraps.
    """
    total = a_width_bits + b_width_bits
    first = as_integers(wrap(a, a_width_bits, signed), total)
    second = wrap(b, b_width_bits, signed)
    low = wrap(second, k, True)
    return as_integers(first * as_integers(second - low + _high_radix_digit(low, k), total), total)


# Half-steps of 2^(k-5), rounded down, from which each digit (in 2^(k-4)) is the nearest: half way lies at 1, 3, 6, 12.
_DIGIT_FROM = ((-12, -4), (-6, -2), (-3, -1), (-1, 0), (1, 1), (3, 2), (6, 4), (12, 8))


def _high_radix_digit(low: IntArray, k: int) -> IntArray:
    """`low`, a k-bit two's complement number, rounded to the digits of radix 2^k that RAD keeps."""
    # With k = 4 the half-steps are halves of 1, so low counts twice.
    half_steps = (low << 1) >> (k - 4)
    bounds, digits = zip(*_DIGIT_FROM, strict=True)
    table = np.array((-8, *digits), dtype=np.int64)
    return table[np.searchsorted(np.array(bounds), half_steps, side="right")] << (k - 4)
