"""Bit positions of unsigned operands."""

from __future__ import annotations

import numpy as np

from tpugen.arithmetic.signature import Magnitudes

__all__ = ["leading_one"]


def leading_one(x: Magnitudes) -> Magnitudes:
    """Index of the leading one of operands of up to 32 bits; 0 for 0."""
    # A float64 holds 32 bits exactly, so frexp's exponent is exact.
    _, exponent = np.frexp(x.astype(np.float64))
    leading: Magnitudes = np.maximum(exponent - 1, 0).astype(np.uint64)
    return leading
