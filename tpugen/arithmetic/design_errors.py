"""What is recorded of the arithmetic error of one design: of its units, and of whole dot products."""

from __future__ import annotations

import math

import numpy as np
from pydantic import BaseModel, ConfigDict

from tpugen.arithmetic.error_metrics import ErrorMetrics
from tpugen.arithmetic.integers import IntArray

__all__ = ["DesignErrors", "DotProductError", "dot_product_error"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DotProductError(_Record):
    """Error of dot products of evenly drawn operands, each unit used as often and in the order as the design does.

    Attributes:
        length: Products in each.
        samples: Dot products drawn.
        seed: Seed of the operands.
        signal_rms: Root mean square of the exact results.
        rmse: Root mean square of approximate - exact.
        bias: Mean of approximate - exact.
        relative_rmse: `rmse / signal_rms`, a fraction.
        snr_db: Signal-to-noise ratio, 20 log10(signal_rms / rmse); None where nothing is wrong.
    """

    length: int
    samples: int
    seed: int
    signal_rms: float
    rmse: float
    bias: float
    relative_rmse: float
    snr_db: float | None


class DesignErrors(_Record):
    """Errors of a design's approximate units; None of exact ones, and of a design without dot products."""

    multiplier: ErrorMetrics | None
    adder: ErrorMetrics | None
    dot_product: DotProductError | None


def dot_product_error(approximate: IntArray, exact: IntArray, *, length: int, seed: int) -> DotProductError:
    """The error of results against exact ones.

    Args:
        approximate: Results, any shape.
        exact: Exact results, same shape.
        length: Products in each.
        seed: Seed of the operands, for the record.
    """
    error = (approximate - exact).astype(np.float64)
    signal_rms = math.sqrt(float(np.mean(np.square(exact.astype(np.float64)))))
    rmse = math.sqrt(float(np.mean(np.square(error))))
    return DotProductError(
        length=length,
        samples=int(error.size),
        seed=seed,
        signal_rms=signal_rms,
        rmse=rmse,
        bias=float(np.mean(error)),
        relative_rmse=rmse / signal_rms if signal_rms else 0.0,
        snr_db=20 * math.log10(signal_rms / rmse) if rmse and signal_rms else None,
    )
