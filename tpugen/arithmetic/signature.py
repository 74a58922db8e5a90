"""The one signature that the models of a role share, built around the part in which families differ.

An adder is `f(a, b, width_bits, signed, **parameters) -> sum`, a multiplier
`f(a, b, a_width_bits, b_width_bits, signed, **parameters) -> product`. Operands are taken as the bits a port carries: a
value outside the width is read modulo 2^width. Results are numbers of the widened width (`width + 1`, `a + b` bits).

Models touch each operand on its own first and broadcast late: with `a` of shape (r, 1) and `b` of shape (1, c) only the
last steps cost r x c, which is what makes all pairs of 16-bit operands affordable.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import INT64_SAFE_BITS, IntArray, as_integers, wrap

__all__ = ["LowerPart", "Magnitudes", "lower_part", "sign_magnitude"]

Magnitudes = npt.NDArray[np.integer[Any]]
"""Unsigned operands or products of a multiplier's core, dtype uint64: 32x32 bits just fit.

Not typed as such, because NumPy's stubs take a uint64 array shifted by an int for a signed one.
"""

LowerPart = Callable[[IntArray, IntArray, int], tuple[IntArray | int, IntArray | int]]
"""`(low k bits of a, of b, k) -> (carry into the exact part, low k bits of the sum)`, numbers from 0 to 2^k - 1."""

_P = ParamSpec("_P")


def lower_part(core: LowerPart) -> Callable[[npt.ArrayLike, npt.ArrayLike, int, bool, int], IntArray]:
    """An adder whose low k bits are inexact: `((a >> k) + (b >> k) + carry) << k | low`.

    Two's complement operands are shifted arithmetically, so the exact part is a signed addition.
    """

    @wraps(core)
    def model(a: npt.ArrayLike, b: npt.ArrayLike, width_bits: int, signed: bool, k: int) -> IntArray:
        total = width_bits + 1
        first = as_integers(wrap(a, width_bits, signed), total)
        second = as_integers(wrap(b, width_bits, signed), total)
        # Both parts of each operand alone; then one addition of the exact parts, in place rather than shifted down.
        mask = (1 << k) - 1
        carry, low = core(first & mask, second & mask, k)
        return as_integers((first & ~mask) + (second & ~mask) + ((carry << k) + low), total)

    return model


def sign_magnitude(
    core: Callable[Concatenate[Magnitudes, Magnitudes, int, int, _P], Magnitudes],
) -> Callable[Concatenate[npt.ArrayLike, npt.ArrayLike, int, int, bool, _P], IntArray]:
    """A multiplier from an unsigned core: signs are taken off, the core multiplies magnitudes, the sign is their XOR.

    The most negative operand has magnitude 2^(width - 1), which fits the unsigned core of the same width.
    """

    @wraps(core)
    def model(
        a: npt.ArrayLike,
        b: npt.ArrayLike,
        a_width_bits: int,
        b_width_bits: int,
        signed: bool,
        /,
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> IntArray:
        first, second = wrap(a, a_width_bits, signed), wrap(b, b_width_bits, signed)
        product = core(
            np.abs(first).astype(np.uint64),
            np.abs(second).astype(np.uint64),
            a_width_bits,
            b_width_bits,
            *args,
            **kwargs,
        )
        total = a_width_bits + b_width_bits
        if not signed:
            # Read as int64 where that holds it: converting unsigned 64-bit numbers one by one costs fifty times more.
            return as_integers(product.view(np.int64) if total <= INT64_SAFE_BITS else product, total)
        # As int64, negation is an exclusive or and a subtraction of the mask -1: no branch, no broadcast of the signs.
        mask = (first >> 63) ^ (second >> 63)
        number = (product.view(np.int64) ^ mask) - mask
        # The square of the most negative operand may be overestimated beyond the port, which carries its low bits.
        return as_integers(
            wrap(number, total, True) if product.size and product.max() >> (total - 1) else number, total
        )

    return model
