"""The error of whole dot products."""

from __future__ import annotations

import math

import numpy as np

from tpugen.arithmetic.error_records import DotProductError
from tpugen.arithmetic.integers import IntArray

__all__ = ["dot_product_error"]


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
