"""Cycle formulas of the contract: what simulation measures and the performance model uses.

Cycle numbers count rising clock edges; a beat transfers in one cycle. All formulas hold when every operand is offered
as soon as it is taken and every result is taken as soon as it is offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from tpugen.spec.accelerator_latency import AcceleratorTiming, PimLlmTiming, PimTileTiming, TpuTiming
from tpugen.spec.accelerators import PimLlmSpec, PimTileSpec, TpuSpec
from tpugen.spec.design import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Cycles = TypeVar("Cycles", int, npt.NDArray[np.int64])

__all__ = ["DRAIN_SEGMENT_ROWS", "Latency", "TiledForm", "drain_bubbles", "latency_for", "tile_terms"]

TiledForm = Literal["mac", "output_stationary", "operand_stationary"]
"""Forms of designs that run tiles one after the other."""

DRAIN_SEGMENT_ROWS = 16
"""Rows that share one combinational stretch of the output-stationary drain; a register stands between stretches."""

_NO_TILES = "the contracts of users and of accelerators speak of no tiles"


def drain_bubbles(rows: Cycles) -> Cycles:
    """Empty cycles within the drain of one output-stationary tile: one between drain stretches."""
    return (rows - 1) // DRAIN_SEGMENT_ROWS


def tile_terms(form: TiledForm, rows: Cycles, cols: Cycles, bubbles: Cycles) -> tuple[Cycles, Cycles]:
    """What a tile takes besides its steps; for one array or for NumPy arrays of rows and columns.

    A tile of `length` steps takes `length + tail` cycles alone, and one starts every `max(length, floor)` cycles.

    Args:
        form: Which formula holds.
        rows: Rows of the array; not used for a MAC.
        cols: Columns of the array; not used for a MAC.
        bubbles: `drain_bubbles` of the rows; only output-stationary arrays have any.

    Returns:
        `floor` and `tail`.
    """
    match form:
        case "mac":
            return 0 * rows, 0 * rows + 2
        case "output_stationary":
            return rows + bubbles, rows + cols + bubbles + 1
        case "operand_stationary":
            # The first beat is the first stationary one, so loading is included.
            return 2 * rows + cols - 1, 2 * rows + cols + 1


class Latency(BaseModel):
    """Latency and interval of one tile.

    `length` is what a tile repeats: K (slices) for output-stationary arrays and MACs, the number of streaming vectors
    (M, or N when inputs stay) for the others.

    Attributes:
        form: Which formula holds.
        rows: Rows of the array (1 for a MAC, 0 when combinational).
        cols: Columns of the array (1 for a MAC, 0 when combinational).
        drain_bubbles: Empty cycles within the drain of one tile, one between drain stretches.
        cycles: Of a user's contract that states it: rising edges from operands to their result.
        timing: Formulas of a whole accelerator; None of other designs.

    An `accelerator` has the formulas of its `timing`. A user's contract is `combinational`, `fixed` (so many `cycles`),
    `reference` (what the user's reference does, cycle for cycle) or `any` (whatever the handshake allows).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: Literal[
        "combinational",
        "mac",
        "output_stationary",
        "operand_stationary",
        "accelerator",
        "fixed",
        "reference",
        "any",
    ]
    rows: int
    cols: int
    drain_bubbles: int = 0
    cycles: int | None = Field(default=None, exclude_if=lambda value: value is None)
    timing: AcceleratorTiming | None = Field(default=None, exclude_if=lambda value: value is None)

    def tile_cycles(self, length: int) -> int:
        """Cycles from the first operand beat to the last result beat of one tile alone, both counted.

        Operand-stationary arrays: the first beat is the first stationary one, so loading is included.
        """
        match self.form:
            case "combinational":
                return 0
            case "mac" | "output_stationary" | "operand_stationary":
                return length + self._terms(self.form)[1]
            case "accelerator" | "fixed" | "reference" | "any":
                raise ValueError(_NO_TILES)

    def tile_interval(self, length: int) -> int:
        """Cycles between the starts of two equal tiles that follow each other without a gap."""
        match self.form:
            case "combinational":
                return 0
            case "mac" | "output_stationary" | "operand_stationary":
                return max(length, self._terms(self.form)[0])
            case "accelerator" | "fixed" | "reference" | "any":
                raise ValueError(_NO_TILES)

    def _terms(self, form: TiledForm) -> tuple[int, int]:
        return tile_terms(form, self.rows, self.cols, self.drain_bubbles)

    def total_cycles(self, length: int, tiles: int) -> int:
        """Cycles of `tiles` equal tiles back to back, from first operand beat to last result beat, both counted."""
        if tiles < 1:
            return 0
        return (tiles - 1) * self.tile_interval(length) + self.tile_cycles(length)

    def formula(self) -> str:
        """The formula in words, for prompts and reports."""
        match self.form:
            case "combinational":
                return "combinational: no clock cycles"
            case "mac":
                return "K + 2 cycles per dot product, one every K cycles back to back"
            case "output_stationary":
                bubbles = f" + {self.drain_bubbles}" if self.drain_bubbles else ""
                return (
                    f"K + {self.rows} + {self.cols}{bubbles} + 1 cycles per tile, "
                    f"one every max(K, {self.rows}{bubbles}) cycles back to back"
                )
            case "operand_stationary":
                return (
                    f"T + 2*{self.rows} + {self.cols} + 1 cycles per tile of T streaming vectors (loading included), "
                    f"one every max(T, 2*{self.rows} + {self.cols} - 1) cycles back to back"
                )
            case "accelerator":
                return self.timing.formula() if self.timing else ""
            case "fixed":
                return f"{self.cycles} clock cycle{'' if self.cycles == 1 else 's'} from operands to their result"
            case "reference":
                return "as the reference does, cycle for cycle"
            case "any":
                return "any number of cycles that the handshake allows"


def latency_for(spec: DesignSpec) -> Latency:
    """The latency formula of a spec: a pure function."""
    match spec:
        case AdderSpec() | MultiplierSpec():
            return Latency(form="combinational", rows=0, cols=0)
        case MacSpec():
            return Latency(form="mac", rows=1, cols=1)
        case SystolicArraySpec(dataflow="output_stationary"):
            bubbles = drain_bubbles(spec.rows)
            return Latency(form="output_stationary", rows=spec.rows, cols=spec.cols, drain_bubbles=bubbles)
        case SystolicArraySpec():
            return Latency(form="operand_stationary", rows=spec.rows, cols=spec.cols)
        case TpuSpec():
            return Latency(form="accelerator", rows=spec.rows, cols=spec.cols, timing=TpuTiming.of(spec))
        case PimTileSpec():
            return Latency(form="accelerator", rows=spec.rows, cols=spec.cols, timing=PimTileTiming.of(spec))
        case PimLlmSpec():
            return Latency(form="accelerator", rows=spec.rows, cols=spec.cols, timing=PimLlmTiming.of(spec))
