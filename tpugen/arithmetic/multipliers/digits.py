"""Products that are sums over the weight's bytes, computed fast where few activations meet many weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tpugen.arithmetic.signature import Magnitudes

__all__ = ["sum_over_weight_bytes"]

BytePartial = Callable[[Magnitudes, Magnitudes, int], Magnitudes]
"""`(a, byte, position) -> partial product of a and the weight's byte that starts at bit `position`."""

_BYTES = 256


def sum_over_weight_bytes(a: Magnitudes, b: Magnitudes, b_width_bits: int, partial: BytePartial) -> Magnitudes:
    """Sum of `partial(a, byte, position)` over the bytes of `b`, modulo 2^64.

    Args:
        a: Activations.
        b: Weights below 2^`b_width_bits`, a shape that broadcasts with `a`.
        b_width_bits: Width of the weights.
        partial: What one byte contributes; broadcasts.

    Returns:
        The broadcast shape.
    """
    # A column of activations against a longer row of weights: every activation meets every byte, so their partial
    # products are tabulated once and each pair costs one look-up a byte.
    tabulated = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] == 1 and b.shape[1] > _BYTES
    total: Magnitudes | None = None
    for position in range(0, b_width_bits, 8):
        byte = (b >> position) & (_BYTES - 1)
        if tabulated:
            every_byte = np.arange(min(_BYTES, 1 << (b_width_bits - position)), dtype=np.uint64)[None, :]
            # mode="clip" skips a second copy; no index is outside.
            term = np.take(partial(a, every_byte, position), byte[0].astype(np.intp), axis=1, mode="clip")
        else:
            term = partial(a, byte, position)
        total = term if total is None else np.add(total, term, out=total)
    if total is None:
        raise ValueError("weights have no bits")
    return total
