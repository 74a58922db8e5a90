"""Fixed point: rounding, saturation, and factors of integer multiplier and shift."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray
from tpugen.errors import RequestError

__all__ = [
    "MAX_SHIFT",
    "Factor",
    "checked",
    "factor",
    "requantise",
    "round_scaled",
    "saturate",
    "saturating_add",
]

MAX_SHIFT = 63
"""Greatest right shift of a requantisation."""

_PRODUCT_BITS = 63


class Factor(NamedTuple):
    """A real factor as integers: `multiplier / 2**shift`."""

    multiplier: int
    shift: int

    @property
    def value(self) -> float:
        """The factor that the integers stand for."""
        return math.ldexp(self.multiplier, -self.shift)


def factor(value: float, width_bits: int = 16) -> Factor:
    """The factor nearest to `value` whose multiplier has `width_bits` significant bits.

    Args:
        value: What to multiply by, positive.
        width_bits: Width of the multiplier, 2..32. The relative error is at most 2^-width_bits, unless `value` is so
            small that a shift of 63 leaves the multiplier fewer bits.

    Raises:
        RequestError: `value` is not positive and finite, or too great for the multiplier.
    """
    if not (math.isfinite(value) and value > 0):
        raise RequestError(f"a factor must be positive and finite, not {value}", hint="calibrate on data that is not 0")
    if not 2 <= width_bits <= 32:
        raise RequestError(f"a multiplier of {width_bits} bits", hint="use 2 to 32 bits")
    shift = min(width_bits - math.frexp(value)[1], MAX_SHIFT)
    if round(math.ldexp(value, shift)) >= 1 << width_bits:  # rounded up to the next power of two
        shift -= 1
    if shift < 0:
        raise RequestError(
            f"factor {value:g} does not fit a multiplier of {width_bits} bits",
            hint=f"use a factor below {2.0**width_bits:g}",
        )
    return Factor(round(math.ldexp(value, shift)), shift)


def checked(name: str, values: npt.ArrayLike, low: int, high: int) -> IntArray:
    """`values` as int64.

    Raises:
        RequestError: one is no integer, or outside `low`..`high`.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise RequestError(f"{name}: integers are expected, not {array.dtype}", hint="quantise them first")
    if array.size and (int(array.min()) < low or int(array.max()) > high):
        raise RequestError(
            f"{name}: {int(array.min())}..{int(array.max())} is outside the legal range {low}..{high}",
            hint="saturate or rescale the numbers first",
        )
    return array.astype(np.int64)


def saturate(values: npt.ArrayLike, width_bits: int, signed: bool = True) -> IntArray:
    """`values` clipped to the range of a number of `width_bits`."""
    low, high = _range(width_bits, signed)
    clipped: IntArray = np.clip(np.asarray(values, dtype=np.int64), low, high)
    return clipped


def round_scaled(values: IntArray, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> IntArray:
    """`values * multiplier / 2**shift` rounded to nearest, halves away from zero.

    Args:
        values: int64 of any sign.
        multiplier: Not negative; broadcasts.
        shift: 0..63; broadcasts.

    Raises:
        RequestError: a product may need more than 63 bits.
    """
    factors, shifts = np.asarray(multiplier, dtype=np.uint64), np.asarray(shift, dtype=np.uint64)
    magnitudes = np.abs(values).astype(np.uint64)
    greatest = int(magnitudes.max(initial=0)) * int(factors.max(initial=0))
    if greatest.bit_length() > _PRODUCT_BITS:
        raise RequestError(f"a product of {greatest.bit_length()} bits", hint=f"at most {_PRODUCT_BITS} bits are kept")
    one = np.uint64(1)
    half = (one << shifts) >> one
    rounded = ((magnitudes * factors + half) >> shifts).astype(np.int64)
    signed: IntArray = np.where(values < 0, -rounded, rounded)
    return signed


def requantise(
    accumulators: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    *,
    zero_point: npt.ArrayLike = 0,
    width_bits: int = 8,
    signed: bool = True,
) -> IntArray:
    """Accumulators in a narrow format: `saturate(round(accumulator * multiplier / 2**shift) + zero_point)`.

    Halves are rounded away from zero. Integer-only requantisation: Jacob et al., arXiv 1712.05877, section 2.2.

    Args:
        accumulators: int32, any shape.
        multiplier: Unsigned, up to 32 bits; broadcasts.
        shift: 0..63; broadcasts.
        zero_point: int16, added before saturation; broadcasts.
        width_bits: Width of the result, 2..32.
        signed: Whether the result is two's complement.

    Returns:
        int64, in the range of the result's format.

    Raises:
        RequestError: an argument outside its range.
    """
    values = checked("accumulators", accumulators, -(1 << 31), (1 << 31) - 1)
    factors = checked("multiplier", multiplier, 0, (1 << 32) - 1)
    shifts = checked("shift", shift, 0, MAX_SHIFT)
    offsets = checked("zero point", zero_point, -(1 << 15), (1 << 15) - 1)
    # The product fits 63 bits; the offset is added to a number already clipped to what can matter.
    scaled = saturate(round_scaled(values, factors, shifts), 62)
    return saturate(scaled + offsets, width_bits, signed)


def saturating_add(a: npt.ArrayLike, b: npt.ArrayLike, width_bits: int = 16) -> IntArray:
    """Sum of two signed numbers of `width_bits` each, clipped to that width: the residual addition.

    Raises:
        RequestError: an operand outside its range.
    """
    low, high = _range(width_bits, signed=True)
    return saturate(checked("first operand", a, low, high) + checked("second operand", b, low, high), width_bits)


def _range(width_bits: int, signed: bool) -> tuple[int, int]:
    if not 2 <= width_bits <= 62:
        raise RequestError(f"a format of {width_bits} bits", hint="use 2 to 62 bits")
    return (-(1 << (width_bits - 1)), (1 << (width_bits - 1)) - 1) if signed else (0, (1 << width_bits) - 1)
