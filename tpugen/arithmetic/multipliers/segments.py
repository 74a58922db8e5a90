"""Multipliers that cut a segment out of each operand and multiply the segments: DRUM, DSM, LETAM, SSM."""

from __future__ import annotations

import numpy as np

from tpugen.arithmetic.multipliers.bits import leading_one
from tpugen.arithmetic.signature import Magnitudes, sign_magnitude

__all__ = ["drum", "dsm", "letam", "ssm"]


def _segment(x: Magnitudes, width_bits: int, *, forced_one: bool) -> Magnitudes:
    """`x` with only the `width_bits` from its leading one kept; where bits are cut, the last may be forced to 1."""
    shift = np.maximum(leading_one(x).astype(np.int64) - (width_bits - 1), 0).astype(np.uint64)
    kept = x >> shift
    if forced_one:
        kept |= shift > 0
    return kept << shift


@sign_magnitude
def drum(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, k: int) -> Magnitudes:
    """Dynamic range unbiased multiplier: k bits from the leading one, the last forced to 1 where bits are cut."""
    return _segment(a, k, forced_one=True) * _segment(b, k, forced_one=True)


@sign_magnitude
def dsm(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, k: int) -> Magnitudes:
    """Dynamic segment method: DRUM without the forced 1."""
    return _segment(a, k, forced_one=False) * _segment(b, k, forced_one=False)


@sign_magnitude
def letam(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, t: int) -> Magnitudes:
    """Truncation to t bits after the leading one with a 1 appended: the same function as DRUM with k = t + 1."""
    return _segment(a, t + 1, forced_one=True) * _segment(b, t + 1, forced_one=True)


def _static_segment(x: Magnitudes, width_bits: int, segment_bits: int) -> Magnitudes:
    """`x` itself where it fits the lowest `segment_bits`, else with only the top ones of its `width_bits` kept."""
    shift = width_bits - segment_bits
    return np.where(x >> segment_bits != 0, (x >> shift) << shift, x)


@sign_magnitude
def ssm(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, m: int) -> Magnitudes:
    """Static segment method: m bits, either the top or the lowest ones of each operand."""
    return _static_segment(a, a_width_bits, m) * _static_segment(b, b_width_bits, m)
