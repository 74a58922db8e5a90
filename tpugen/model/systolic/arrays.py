"""Cycles of many GEMMs on many arrays at once: every argument broadcasts with every other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.systolic.broadcasting import INT64_LIMIT, by_dataflow, sizes_of
from tpugen.model.systolic.cycles import CycleModel, find_cycle_model
from tpugen.model.systolic.dataflows import CHOICES, DATAFLOWS, Dataflow, dataflow_code, dataflow_of, is_best

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

__all__ = ["array_cycles", "array_utilization", "best_dataflow"]


def array_cycles(
    cycle_model: str,
    dataflow: str | npt.ArrayLike,
    m: npt.ArrayLike,
    k: npt.ArrayLike,
    n: npt.ArrayLike,
    rows: npt.ArrayLike,
    cols: npt.ArrayLike,
) -> IntArray:
    """Cycles of GEMMs C[M,N] = A[M,K] x B[K,N], each from first operand to last result; memory never stalls.

    Args:
        cycle_model: Name of the cycle model: see `CYCLE_MODELS`.
        dataflow: `os`, `ws`, `is`, `mac`, `best` (the fewest cycles of the first three, GEMM by GEMM), or an array of
            codes (`dataflow_code`).
        m: Rows of A; all sizes are whole numbers of any shapes that broadcast together.
        k: Columns of A, rows of B.
        n: Columns of B.
        rows: Of the array.
        cols: Of the array.

    Returns:
        Cycles, int64, in the broadcast shape; at least 1.

    Raises:
        RequestError: sizes out of range or that do not broadcast, or counts beyond 63 bits.
        UnknownNameError: no such cycle model or dataflow.
    """
    import numpy as np

    model = find_cycle_model(cycle_model)
    sizes = sizes_of(m, k, n, rows, cols)

    def cycles_of(name: str) -> list[IntArray]:
        if not is_best(name):
            return [_cycles(model, dataflow_of(name), sizes)]
        fewest = _cycles(model, CHOICES[0], sizes)
        for choice in CHOICES[1:]:
            fewest = np.minimum(fewest, _cycles(model, choice, sizes))
        return [fewest]

    return by_dataflow(dataflow, cycles_of)[0]


def best_dataflow(
    cycle_model: str, m: npt.ArrayLike, k: npt.ArrayLike, n: npt.ArrayLike, rows: npt.ArrayLike, cols: npt.ArrayLike
) -> IntArray:
    """Codes of the dataflow with the fewest cycles, GEMM by GEMM; the first of `CHOICES` where several are equal.

    Raises:
        RequestError: see `array_cycles`.
        UnknownNameError: no such cycle model.
    """
    import numpy as np

    model = find_cycle_model(cycle_model)
    sizes = sizes_of(m, k, n, rows, cols)
    first = np.argmin(np.stack([_cycles(model, choice, sizes) for choice in CHOICES]), axis=0)
    codes: IntArray = np.array([dataflow_code(choice) for choice in CHOICES], dtype=np.int64)[first]
    return codes


def array_utilization(
    cycles: npt.ArrayLike,
    m: npt.ArrayLike,
    k: npt.ArrayLike,
    n: npt.ArrayLike,
    rows: npt.ArrayLike,
    cols: npt.ArrayLike,
) -> FloatArray:
    """Useful share of an array's cycles: M*K*N / (cycles * R * C); 1 is every element busy in every cycle."""
    import numpy as np

    # In floating point: products of sizes may pass 63 bits, quotients do not.
    macs = np.asarray(m, float) * np.asarray(k, float) * np.asarray(n, float)
    share: FloatArray = macs / (np.asarray(cycles, float) * np.asarray(rows, float) * np.asarray(cols, float))
    return share


def _cycles(model: CycleModel, dataflow: Dataflow, sizes: dict[str, IntArray]) -> IntArray:
    import numpy as np

    rows, cols = sizes["rows"], sizes["cols"]
    over_rows, over_cols, over_time = DATAFLOWS[dataflow]
    length = sizes[over_time]
    tiles = -(-sizes[over_rows] // rows) * -(-sizes[over_cols] // cols)
    line = model.line(dataflow, rows, cols)
    interval = np.maximum(length + line.step, line.floor)
    if np.any(tiles.astype(np.float64) * interval > INT64_LIMIT):
        raise RequestError("the workload takes more cycles than 63 bits can count", hint="use smaller GEMMs")
    # SCALE-Sim's count gives 0 for one MAC on one element.
    cycles: IntArray = np.maximum((tiles - 1) * interval + length + line.tail, 1)
    return cycles
