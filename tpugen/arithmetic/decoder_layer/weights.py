"""From real weights to -1, 0, +1 and one scale.

Ternary: absmean quantisation of BitNet b1.58 (arXiv 2402.17764, equations 1 to 3): w = clip(round(W / mean|W|), -1, 1),
W is about mean|W| * w. Binary: BitNet (arXiv 2310.11453, equations 1 to 3): w = +1 where W > mean(W), else -1, with the
scale mean|W|; the mean is subtracted only to decide the sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.decoder_layer.shape import WeightKind
from tpugen.errors import RequestError

__all__ = ["LowBitWeights", "binarise", "quantise_weights", "ternarise"]


@dataclass(frozen=True)
class LowBitWeights:
    """A matrix of -1, 0, +1 and what one stands for.

    Attributes:
        values: int8, shape (inputs, outputs).
        scale: Real weight of +1; 0 for a matrix of zeros.
    """

    values: npt.NDArray[np.int8]
    scale: float

    @property
    def real(self) -> npt.NDArray[np.float64]:
        """The real weights that the quantised ones stand for, shape (inputs, outputs)."""
        return self.values * np.float64(self.scale)


def ternarise(weights: npt.NDArray[np.float64]) -> LowBitWeights:
    """Absmean ternarisation: values round half to even, as the published code does."""
    scale = _mean_magnitude(weights)
    if scale == 0:
        return LowBitWeights(np.zeros(weights.shape, dtype=np.int8), 0.0)
    return LowBitWeights(np.clip(np.rint(weights / scale), -1, 1).astype(np.int8), scale)


def binarise(weights: npt.NDArray[np.float64]) -> LowBitWeights:
    """Sign binarisation about the mean; a weight that equals the mean becomes -1."""
    values = np.where(weights > weights.mean(), 1, -1).astype(np.int8)
    return LowBitWeights(values, _mean_magnitude(weights))


def quantise_weights(weights: npt.NDArray[np.float64], kind: WeightKind) -> LowBitWeights:
    """`ternarise` or `binarise`.

    Args:
        weights: Real weights, shape (inputs, outputs).
        kind: `ternary` or `binary`.

    Raises:
        RequestError: weights that are not finite, or none.
    """
    if not weights.size or not np.isfinite(weights).all():
        raise RequestError(
            f"a weight matrix of shape {weights.shape} holds no finite numbers",
            hint="Weights must be finite and at least one.",
        )
    return ternarise(weights) if kind == "ternary" else binarise(weights)


def _mean_magnitude(weights: npt.NDArray[np.float64]) -> float:
    return float(np.abs(weights).mean())
