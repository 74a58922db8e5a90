"""Cycle models: from tiles to clock cycles, for one GEMM or for NumPy arrays of GEMMs, rows and columns.

`tpugen` is the formula of the design's contract, which the simulation gate proves cycle for cycle. The other two are
for comparison with published work:

- `scalesim-3.0.0`: what SCALE-Sim 3.0.0 prints as total cycles when memory never stalls.
- `scalesim-paper`: 2R + C + T - 2 per fold for every dataflow, read-out included (Samajdar et al., "SCALE-Sim:
  Systolic CNN Accelerator Simulator", arXiv 1811.02883, and ISPASS 2020, equation 3).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as NameMapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tpugen.errors import UnknownNameError
from tpugen.model.costs import Origin
from tpugen.model.systolic.broadcasting import Whole
from tpugen.model.systolic.dataflows import BEST, CHOICES, Dataflow, dataflow_of, form_of
from tpugen.model.systolic.gemm import Gemm
from tpugen.model.systolic.mapping import Design, map_gemm, shape_of
from tpugen.spec.latency import drain_bubbles, tile_terms

if TYPE_CHECKING:
    import numpy.typing as npt

    from tpugen.model.systolic.arrays import IntArray

__all__ = ["CYCLE_MODELS", "DEFAULT_CYCLE_MODEL", "CycleModel", "TileLine", "find_cycle_model"]


@dataclass(frozen=True, slots=True)
class TileLine:
    """Cycles of `tiles` equal tiles of `length` steps: (tiles - 1) * max(length + step, floor) + length + tail.

    All formulas here have this shape, so that scalars and arrays share it.
    """

    step: Whole
    floor: Whole
    tail: Whole


@dataclass(frozen=True, slots=True)
class CycleModel:
    """A named way to count cycles.

    Attributes:
        name: As the user writes it.
        summary: One line for listings and reports.
        origin: What stands behind the count: `measured` (simulation met it) or `published`.
        line: The formula, from dataflow, rows and columns; numbers or arrays of them.
        writes_as_reported: Whether SRAM writes are those that SCALE-Sim 3.0.0 reports: see `ArrayTraffic`.
    """

    name: str
    summary: str
    origin: Origin
    line: Callable[[Dataflow, Whole, Whole], TileLine]
    writes_as_reported: bool = False

    def cycles(self, design: Design, gemm: Gemm) -> int:
        """Cycles of one GEMM, from first operand to last result, both counted.

        Raises:
            RequestError: for combinational designs.
        """
        shape = shape_of(design)
        if shape.dataflow == BEST:
            return min(self.cycles(replace(shape, dataflow=choice), gemm) for choice in CHOICES)
        mapping = map_gemm(shape, gemm)
        line = self.line(dataflow_of(shape.dataflow), mapping.rows, mapping.cols)
        interval = max(mapping.length + line.step, line.floor)
        # SCALE-Sim's count gives 0 for one MAC on one element (and the package then divides by it).
        return max(int((mapping.tiles - 1) * interval + mapping.length + line.tail), 1)

    def cycles_array(self, design: Design, m: npt.ArrayLike, k: npt.ArrayLike, n: npt.ArrayLike) -> IntArray:
        """Cycles of many GEMMs on one design: see `array_cycles`, which also takes arrays of rows and columns.

        Raises:
            RequestError: for combinational designs, sizes outside 1..`GEMM_SIZE_MAX`, or counts beyond 63 bits.
        """
        from tpugen.model.systolic.arrays import array_cycles

        shape = shape_of(design)
        return array_cycles(self.name, shape.dataflow, m, k, n, shape.rows, shape.cols)


def _contract_line(dataflow: Dataflow, rows: Whole, cols: Whole) -> TileLine:
    """The contract's own formulas: they are stated in `tpugen.spec.latency` only."""
    form = form_of(dataflow)
    floor, tail = tile_terms(form, rows, cols, drain_bubbles(rows) if form == "output_stationary" else 0 * rows)
    return TileLine(step=0, floor=floor, tail=tail)


def _scalesim_line(dataflow: Dataflow, rows: Whole, cols: Whole) -> TileLine:
    stays = form_of(dataflow) == "operand_stationary"
    fold = (2 * rows if stays else rows) + cols - 2
    # Folds follow each other without overlap; the package counts from 0, hence one less in total.
    return TileLine(step=fold, floor=0, tail=fold - 1)


def _paper_line(dataflow: Dataflow, rows: Whole, cols: Whole) -> TileLine:
    del dataflow
    fold = 2 * rows + cols - 2
    return TileLine(step=fold, floor=0, tail=fold)


DEFAULT_CYCLE_MODEL = "tpugen"

CYCLE_MODELS: NameMapping[str, CycleModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            CycleModel(
                "tpugen", "the contract's latency formula, met by the RTL in simulation", "measured", _contract_line
            ),
            CycleModel(
                "scalesim-3.0.0",
                "total cycles as SCALE-Sim 3.0.0 prints them, no stalls",
                "published",
                _scalesim_line,
                writes_as_reported=True,
            ),
            CycleModel(
                "scalesim-paper", "2R + C + T - 2 per fold, as the SCALE-Sim papers print it", "published", _paper_line
            ),
        )
    }
)
"""Every cycle model by name."""


def find_cycle_model(name: str) -> CycleModel:
    """The cycle model of that name.

    Raises:
        UnknownNameError: if there is none; the message lists those that exist.
    """
    model = CYCLE_MODELS.get(name)
    if model is None:
        raise UnknownNameError(
            f"no cycle model is called {name!r}", hint=f"known cycle models: {', '.join(CYCLE_MODELS)}"
        )
    return model
