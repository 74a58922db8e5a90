"""Bit-accurate adders, one function per family; names are the registry's.

`sum = ((a >> k) + (b >> k) + carry) << k | low`: families differ in the carry into the exact part and in the low k
bits. Definitions: the papers that the registry cites. APTPU's sources (Elbtity et al., IEEE TCAS-I 2022) differ in
three: there OLOCA and M-HEAA carry the OR of the first low bits, and HERLOA fills its low bits from the AND of the
second bits alone.

Every function but `exact` takes operands of any shape, `width_bits`, `signed` and `k`, and returns numbers of
`width_bits + 1` bits (see `tpugen.arithmetic.signature`); what is written here is the low part alone. Its bits count
from the top: the first is bit k - 1. They are combined in place: `a & b & top` is the AND of the first bits.
"""

from __future__ import annotations

import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray, as_integers, wrap
from tpugen.arithmetic.signature import lower_part

__all__ = [
    "approx5",
    "exact",
    "heaa",
    "herloa",
    "hoaaned",
    "hoeraa",
    "ldca",
    "loa",
    "loawa",
    "lzta",
    "m_heaa",
    "m_herloa",
    "oloca",
    "seta",
]


def exact(a: npt.ArrayLike, b: npt.ArrayLike, width_bits: int, signed: bool) -> IntArray:
    """Exact sum of two operands of `width_bits`, as a number of `width_bits + 1` bits."""
    total = width_bits + 1
    return as_integers(
        as_integers(wrap(a, width_bits, signed), total) + as_integers(wrap(b, width_bits, signed), total), total
    )


def _first(x: IntArray, k: int) -> IntArray:
    """The first of k bits, as 0 or 1."""
    return x >> (k - 1)


def _first_two_or_ones(a: IntArray, b: IntArray, k: int) -> IntArray:
    """The first two bits ORed, ones below."""
    tops, ones = 3 << (k - 2), (1 << (k - 2)) - 1
    return (a & tops | ones) | (b & tops)


@lower_part
def loa(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """Lower-part OR adder: low bits ORed, carry from the AND of the first."""
    return _first(a & b, k), a | b


@lower_part
def loawa(a: IntArray, b: IntArray, k: int) -> tuple[int, IntArray]:
    """LOA without the AND: low bits ORed, no carry."""
    return 0, a | b


@lower_part
def approx5(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """Approximate mirror adder 5: low bits copy b, the carry copies a's first."""
    return _first(a, k), b


@lower_part
def heaa(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """LOA whose first bit is the XOR, as the carry already holds the AND."""
    both = a & b
    return _first(both, k), (a | b) ^ (both & 1 << (k - 1))


@lower_part
def oloca(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """LOA with ones below the first two bits."""
    return _first(a & b, k), _first_two_or_ones(a, b, k)


@lower_part
def m_heaa(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """HEAA with ones below the first two bits."""
    both = a & b
    return _first(both, k), _first_two_or_ones(a, b, k) ^ (both & 1 << (k - 1))


@lower_part
def hoeraa(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """M-HEAA whose first bit, where it is carried, becomes the AND of the second bits."""
    both = a & b
    return _first(both, k), _first_two_or_ones(a, b, k) ^ (both & ~(both << 1) & 1 << (k - 1))


@lower_part
def hoaaned(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """M-HEAA whose first bit is ORed with the AND of the second bits."""
    both, top = a & b, 1 << (k - 1)
    return _first(both, k), _first_two_or_ones(a, b, k) ^ (both & top) | (both << 1 & top)


def _herloa(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """HERLOA's carry and low bits.

    With the XOR of the first bits and the AND of the second: either alone leaves a one in the first bit and, if it is
    the AND, clears the second; both together would carry out of the low part, and set every low bit instead.
    """
    both, top, below = a & b, 1 << (k - 1), (1 << (k - 1)) - 1
    differ = a & top ^ b & top
    second = both << 1 & top
    saturated = differ & second
    cleared = (second ^ saturated) >> 1
    low = ((a & below) | (b & below)) ^ cleared
    return _first(both, k), low | differ | second | (saturated - (saturated >> (k - 1)))


@lower_part
def herloa(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """LOA with hybrid error reduction from the XOR of the first bits and the AND of the second."""
    return _herloa(a, b, k)


@lower_part
def m_herloa(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """HERLOA with ones below the first four bits."""
    carry, low = _herloa(a, b, k)
    return carry, low | ((1 << (k - 4)) - 1)


@lower_part
def seta(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """LOA that sets all bits below the second where both second bits are one."""
    both = a & b
    second = both & 1 << (k - 2)
    return _first(both, k), a | b | (second - (second >> (k - 2)))


@lower_part
def lzta(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, int]:
    """Zeros below, carry from the OR of the first bits."""
    return _first(a, k) | _first(b, k), 0


@lower_part
def ldca(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """APPROX5 with ones in the lower half of the low bits (the smaller half if k is odd)."""
    return _first(a, k), b | ((1 << k // 2) - 1)
