"""What moves between an array's SRAM and DRAM: what is used again and does not fit is fetched again.

The loops are SCALE-Sim's: column folds outside, row folds inside. An operand that is read again after `w` other
elements of itself is fetched once if `w` elements fit the active part of its SRAM (the other part is being filled
meanwhile), else once per use. What must fit, by dataflow:

| dataflow | A (ifmap) | B (filter) | partial sums |
|---|---|---|---|
| `os` | all of A, for the next column fold | the K x C columns of a column fold, for the next row fold | none |
| `ws` | all of A, for the next column fold | used once | the M x C results of a column fold |
| `is` | used once | all of B, for the next column fold | the N x C results of a column fold |

(C or fewer columns hold work.) Partial sums that do not fit go out and come back at every row fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tpugen.errors import RequestError
from tpugen.model.systolic.broadcasting import INT64_LIMIT, by_dataflow, fixed_dataflow, sizes_of
from tpugen.model.systolic.dataflows import DATAFLOWS, Dataflow, form_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

__all__ = ["DramTraffic", "ElementWidths", "SramSizes", "dram_traffic"]


@dataclass(frozen=True, slots=True)
class SramSizes:
    """Capacity of the SRAM of each operand, in bytes.

    Attributes:
        ifmap_bytes: Of A.
        filter_bytes: Of B.
        ofmap_bytes: Of C and its partial sums.
        active_share: Part that the array reads while the rest is filled: 0.5 for double buffering, as in SCALE-Sim.
    """

    ifmap_bytes: float
    filter_bytes: float
    ofmap_bytes: float
    active_share: float = 0.5

    def __post_init__(self) -> None:
        for name in ("ifmap_bytes", "filter_bytes", "ofmap_bytes"):
            if not getattr(self, name) > 0:
                raise RequestError(f"SRAM: {name} is {getattr(self, name)}; expected more than 0")
        if not 0 < self.active_share <= 1:
            raise RequestError(f"SRAM: active_share is {self.active_share}; expected more than 0, at most 1")

    @classmethod
    def shared(cls, total_bytes: float) -> SramSizes:
        """A third of the capacity for each.

        Raises:
            RequestError: the capacity is not more than 0.
        """
        if not total_bytes > 0:
            raise RequestError(f"SRAM: the capacity is {total_bytes:g} bytes; expected more than 0")
        return cls(total_bytes / 3, total_bytes / 3, total_bytes / 3)


@dataclass(frozen=True, slots=True)
class ElementWidths:
    """Bits of an element of A, B, C and of a partial sum; numbers or arrays that broadcast with the sizes."""

    ifmap_bits: Any = 8
    filter_bits: Any = 8
    ofmap_bits: Any = 8
    partial_bits: Any = 32


@dataclass(frozen=True)
class DramTraffic:
    """Elements that cross between SRAM and DRAM, in the broadcast shape.

    Attributes:
        ifmap_reads: Elements of A.
        filter_reads: Elements of B.
        ofmap_writes: Elements of C, each once.
        partial_writes: Partial sums that do not fit.
        widths: Of the elements.
    """

    ifmap_reads: IntArray
    filter_reads: IntArray
    ofmap_writes: IntArray
    partial_writes: IntArray
    widths: ElementWidths

    @property
    def reads(self) -> IntArray:
        """Elements read, partial sums that come back included."""
        reads: IntArray = self.ifmap_reads + self.filter_reads + self.partial_writes
        return reads

    @property
    def writes(self) -> IntArray:
        """Elements written, partial sums included."""
        writes: IntArray = self.ofmap_writes + self.partial_writes
        return writes

    @property
    def read_bytes(self) -> FloatArray:
        """Bytes read."""
        widths = self.widths
        operands = self.ifmap_reads * (widths.ifmap_bits / 8) + self.filter_reads * (widths.filter_bits / 8)
        read: FloatArray = operands + self.partial_writes * (widths.partial_bits / 8)
        return read

    @property
    def written_bytes(self) -> FloatArray:
        """Bytes written."""
        widths = self.widths
        written: FloatArray = self.ofmap_writes * (widths.ofmap_bits / 8) + self.partial_writes * (
            widths.partial_bits / 8
        )
        return written


def dram_traffic(
    dataflow: str | npt.ArrayLike,
    m: npt.ArrayLike,
    k: npt.ArrayLike,
    n: npt.ArrayLike,
    rows: npt.ArrayLike,
    cols: npt.ArrayLike,
    *,
    sram: SramSizes,
    widths: ElementWidths | None = None,
) -> DramTraffic:
    """DRAM traffic of GEMMs on arrays; nothing is in SRAM before.

    Args:
        dataflow: A name, or an array of codes; `best` depends on the cycle model: give `best_dataflow(...)`.
        m: Rows of A; all sizes broadcast, see `array_cycles`.
        k: Columns of A, rows of B.
        n: Columns of B.
        rows: Of the array.
        cols: Of the array.
        sram: What fits.
        widths: Of the elements; 8 bits, and 32 for partial sums, if None.

    Raises:
        RequestError: sizes out of range or that do not broadcast, or counts beyond 63 bits.
        UnknownNameError: no such dataflow.
    """
    sizes = sizes_of(m, k, n, rows, cols)
    most = [float(array.max(initial=1)) for array in sizes.values()]
    if most[0] * most[1] * most[2] > INT64_LIMIT:
        raise RequestError("the workload moves more elements than 63 bits can count", hint="use smaller GEMMs")
    bits = widths or ElementWidths()
    ifmap, filters, results, partial = by_dataflow(
        dataflow, lambda name: _elements(fixed_dataflow(name), sizes, sram, bits)
    )
    return DramTraffic(ifmap, filters, results, partial, bits)


def _elements(
    dataflow: Dataflow, sizes: dict[str, IntArray], sram: SramSizes, widths: ElementWidths
) -> list[npt.NDArray[Any]]:
    """A and B read, C and partial sums written."""
    import numpy as np

    m, k, n = sizes["m"], sizes["k"], sizes["n"]
    over_rows, over_cols, _ = DATAFLOWS[dataflow]
    row_folds = -(-sizes[over_rows] // sizes["rows"])
    col_folds = -(-sizes[over_cols] // sizes["cols"])
    cols_used = np.minimum(sizes[over_cols], sizes["cols"])

    def fits(elements: IntArray, bits: Any, capacity_bytes: float) -> npt.NDArray[np.bool_]:
        # In floating point: whole numbers this large stay exact where it matters, and nothing overflows.
        enough: npt.NDArray[np.bool_] = elements * (np.asarray(bits) / 8) <= capacity_bytes * sram.active_share
        return enough

    def fetched(elements: IntArray, kept: npt.NDArray[np.bool_], uses: IntArray) -> IntArray:
        times: IntArray = elements * np.where(kept, 1, uses)
        return times

    a, b, c = m * k, k * n, m * n
    nothing = np.zeros_like(c)
    if form_of(dataflow) != "operand_stationary":
        column_fold_of_b = fits(k * cols_used, widths.filter_bits, sram.filter_bytes)
        ifmap = fetched(a, fits(a, widths.ifmap_bits, sram.ifmap_bytes), col_folds)
        return [ifmap, fetched(b, column_fold_of_b, row_folds), c, nothing]
    if dataflow == "ws":
        ifmap, filters = fetched(a, fits(a, widths.ifmap_bits, sram.ifmap_bytes), col_folds), b
        results = m * cols_used
    else:
        ifmap, filters = a, fetched(b, fits(b, widths.filter_bits, sram.filter_bytes), col_folds)
        results = n * cols_used
    stay = fits(results, widths.partial_bits, sram.ofmap_bytes)
    return [ifmap, filters, c, np.where(stay, nothing, c * (row_folds - 1))]
