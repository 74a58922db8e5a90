"""Multipliers that sum partial products: exact."""

from __future__ import annotations

import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray, as_integers, wrap

__all__ = ["exact"]


def exact(a: npt.ArrayLike, b: npt.ArrayLike, a_width_bits: int, b_width_bits: int, signed: bool) -> IntArray:
    """Exact product, as a number of `a_width_bits + b_width_bits` bits."""
    total = a_width_bits + b_width_bits
    return as_integers(
        as_integers(wrap(a, a_width_bits, signed), total) * as_integers(wrap(b, b_width_bits, signed), total), total
    )
