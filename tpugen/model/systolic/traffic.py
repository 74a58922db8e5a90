"""What moves between an array and its SRAM, and how full the array is; for one GEMM or for arrays of them.

For C[M,N] = A[M,K] x B[K,N]; A is what SCALE-Sim calls ifmap, B its filter, C its ofmap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.systolic.broadcasting import INT64_LIMIT, Whole, by_dataflow, fixed_dataflow, sizes_of
from tpugen.model.systolic.dataflows import DATAFLOWS, Dataflow, form_of
from tpugen.model.systolic.gemm import Gemm
from tpugen.model.systolic.mapping import Design, shape_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["ArrayTraffic", "array_traffic", "gemm_traffic"]


@dataclass(frozen=True)
class ArrayTraffic:
    """Accesses of an array to its SRAM, in elements, and how full it is: numbers, or arrays of the broadcast shape.

    Counts of reads and writes are SCALE-Sim's: every element that enters or leaves the array counts once.

    Attributes:
        ifmap_reads: Elements of A read.
        filter_reads: Elements of B read.
        ofmap_writes: Elements of C written, partial sums of weight- and input-stationary folds included.
        ofmap_writes_reported: As SCALE-Sim 3.0.0 reports them: for `os` it adds R + C per fold to the count.
        partial_reads: Partial sums read back to be added to; SCALE-Sim does not count them.
        tiles: Folds: ceil(S_r/R) * ceil(S_c/C).
        mapping_efficiency: Share of elements that hold work, averaged over the folds.
        fold_utilization: Share of elements that work in a cycle, averaged over the folds, as SCALE-Sim 3.0.0 reports it
            ("compute util"): for `ws` and `is` it counts C - 1 cycles of a fold twice. The share of all cycles of a
            cycle model that is useful is `array_utilization`.
    """

    ifmap_reads: Whole
    filter_reads: Whole
    ofmap_writes: Whole
    ofmap_writes_reported: Whole
    partial_reads: Whole
    tiles: Whole
    mapping_efficiency: Whole
    fold_utilization: Whole

    @property
    def sram_reads(self) -> Whole:
        """Elements of both operands read."""
        return self.ifmap_reads + self.filter_reads


def array_traffic(
    dataflow: str | npt.ArrayLike,
    m: npt.ArrayLike,
    k: npt.ArrayLike,
    n: npt.ArrayLike,
    rows: npt.ArrayLike,
    cols: npt.ArrayLike,
) -> ArrayTraffic:
    """SRAM accesses, mapping efficiency and utilisation of GEMMs on arrays.

    Args:
        dataflow: A name, or an array of codes; `best` depends on the cycle model: give `best_dataflow(...)`.
        m: Rows of A; all sizes broadcast, see `array_cycles`.
        k: Columns of A, rows of B.
        n: Columns of B.
        rows: Of the array.
        cols: Of the array.

    Raises:
        RequestError: sizes out of range or that do not broadcast, or counts beyond 63 bits.
        UnknownNameError: no such dataflow.
    """
    sizes = sizes_of(m, k, n, rows, cols)
    # Nothing is counted more often than there are MACs and elements in the folds together.
    most = [float(array.max(initial=1)) for array in sizes.values()]
    if (most[0] + most[3]) * (most[1] + most[3]) * (most[2] + most[4]) > INT64_LIMIT:
        raise RequestError("the workload moves more elements than 63 bits can count", hint="use smaller GEMMs")
    return ArrayTraffic(*by_dataflow(dataflow, lambda name: _terms(fixed_dataflow(name), **sizes)))


def gemm_traffic(design: Design, gemm: Gemm) -> ArrayTraffic:
    """The same of one GEMM on one design, in numbers without bounds.

    Raises:
        RequestError: for combinational designs, and for the dataflow `best`.
    """
    shape = shape_of(design)
    return ArrayTraffic(*_terms(fixed_dataflow(shape.dataflow), gemm.m, gemm.k, gemm.n, shape.rows, shape.cols))


def _terms(dataflow: Dataflow, m: Whole, k: Whole, n: Whole, rows: Whole, cols: Whole) -> list[Whole]:
    """The fields of `ArrayTraffic`, in order.

    An operand is read once for every fold along the dimension that it does not have: never where it stays. Results
    leave once where they stay, else once for every fold along K. (Source: the demand matrices that the `scalesim`
    package 3.0.0 builds; the tests compare with what it reports.)
    """
    sizes = {"m": m, "k": k, "n": n}
    over_rows, over_cols, over_time = DATAFLOWS[dataflow]
    row_folds, col_folds = -(-sizes[over_rows] // rows), -(-sizes[over_cols] // cols)
    folds = {over_rows: row_folds, over_cols: col_folds, over_time: 1}
    tiles = row_folds * col_folds
    operand_stays = form_of(dataflow) == "operand_stationary"
    ofmap_writes = m * n * folds["k"]
    efficiency = sizes[over_rows] * sizes[over_cols] / (tiles * rows * cols)
    fold_cycles = sizes[over_time] + rows + cols - 2 + (rows + cols - 1 if operand_stays else 0)
    return [
        m * k * folds["n"],
        k * n * folds["m"],
        ofmap_writes,
        ofmap_writes + (0 if operand_stays else tiles * (rows + cols)),
        ofmap_writes - m * n,
        tiles,
        efficiency,
        # One MAC on one element takes no cycle in SCALE-Sim's count.
        efficiency * sizes[over_time] / (fold_cycles + (fold_cycles < 1)),
    ]
