"""Bit-accurate adders, one function per family; names are the registry's.

`sum = ((a >> k) + (b >> k) + carry) << k | low`: families differ in the carry and in the low k bits. Definitions: the
papers that the registry cites, in the form of APTPU (Elbtity et al., IEEE TCAS-I 2022).
"""

from __future__ import annotations

import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray, as_integers, wrap
from tpugen.arithmetic.signature import lower_part

__all__ = ["exact", "loa"]


def exact(a: npt.ArrayLike, b: npt.ArrayLike, width_bits: int, signed: bool) -> IntArray:
    """Exact sum of two operands of `width_bits`, as a number of `width_bits + 1` bits."""
    total = width_bits + 1
    return as_integers(
        as_integers(wrap(a, width_bits, signed), total) + as_integers(wrap(b, width_bits, signed), total), total
    )


def _bit(x: IntArray, position: int) -> IntArray:
    return (x >> position) & 1


@lower_part
def loa(a: IntArray, b: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """Lower-part OR adder: low bits ORed, carry from the AND of their top bits."""
    return _bit(a & b, k - 1), (a | b) & ((1 << k) - 1)
