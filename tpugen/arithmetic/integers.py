"""Integers of any width in NumPy arrays: int64 where it holds them, Python integers beyond."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["INT64_SAFE_BITS", "IntArray", "as_integers", "wrap"]

IntArray = npt.NDArray[Any]
"""An array of int64, or of Python integers (dtype object) where 63 bits do not suffice."""

INT64_SAFE_BITS = 62
"""Widest number that int64 arithmetic may hold here: a sum of two such numbers still fits."""


def as_integers(values: npt.ArrayLike, width_bits: int) -> IntArray:
    """`values` as int64 if numbers of `width_bits` fit, else as Python integers (same shape)."""
    array = _exact_array(values)
    wanted: type[Any] = np.int64 if width_bits <= INT64_SAFE_BITS else object
    if wanted is object and array.dtype != object:
        # tolist() gives Python integers; astype(object) alone would keep NumPy scalars that overflow.
        flat = np.empty(array.size, dtype=object)
        flat[:] = array.ravel().tolist()
        return flat.reshape(array.shape)
    return array.astype(wanted, copy=False)


def wrap(values: npt.ArrayLike, width_bits: int, signed: bool) -> IntArray:
    """`values` modulo 2^`width_bits`, read as two's complement or unsigned numbers.

    Args:
        values: Integers of any size, any shape.
        width_bits: Width of the result.
        signed: Whether the result is two's complement.

    Returns:
        Same shape; int64 where `width_bits` and the input allow, else Python integers.
    """
    array = _exact_array(values)
    if width_bits > INT64_SAFE_BITS:
        array = as_integers(array, width_bits)
    sign = 1 << width_bits >> 1
    wrapped = array & ((1 << width_bits) - 1)
    if signed:
        wrapped = wrapped - 2 * (wrapped & sign)
    return as_integers(wrapped, width_bits)


def _exact_array(values: npt.ArrayLike) -> IntArray:
    """An integer array that lost nothing: NumPy alone turns a list such as [2**63, 5] into floats."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iub" and values.dtype != np.uint64:
        return values.astype(np.int64, copy=False)
    return np.asarray(values.tolist() if isinstance(values, np.ndarray | np.generic) else values, dtype=object)
