"""Absmax quantisation: the int8 activations of a BitLinear layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear.fixed_point import checked
from tpugen.errors import RequestError

__all__ = ["LEVELS", "Quantised", "absmax_quantise"]

LEVELS = 127
"""What the greatest magnitude of a vector becomes."""


class Quantised(NamedTuple):
    """A vector in int8.

    Attributes:
        values: -127..127, the shape of what was quantised.
        scale: Greatest magnitude of each vector, 0..32768 (16 bits, unsigned), one axis less. A value stands for
            `value * scale / 127` in the format of what was quantised.
    """

    values: IntArray
    scale: IntArray


def absmax_quantise(values: npt.ArrayLike) -> Quantised:
    """Each vector times 127 over its greatest magnitude, exactly rounded, halves away from zero.

    BitNet b1.58 (arXiv 2402.17764, section 2) with the scale of each token. The division is a real one (no reciprocal),
    so that the error of a value is at most half a level: `scale / 254` in the format of `values`.

    Args:
        values: int16, shape (..., length), length >= 1.

    Returns:
        Values and scales; a vector of zeros gives zeros and scale 0.

    Raises:
        RequestError: numbers outside int16, or no vector.
    """
    array = checked("values", values, -(1 << 15), (1 << 15) - 1)
    if array.ndim < 1 or array.shape[-1] < 1:
        raise RequestError("absmax quantisation of an empty vector", hint="vectors lie along the last axis")
    magnitudes = np.abs(array)
    scale: IntArray = magnitudes.max(axis=-1)
    divisor = np.maximum(scale, 1)[..., None]
    levels = (2 * LEVELS * magnitudes + divisor) // (2 * divisor)
    return Quantised(np.where(array < 0, -levels, levels), scale)
