"""Verdicts of the pass matrix: the timeline that all cells of a dataflow follow, and a batch of cells against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tpugen.errors import DesignFailedError
from tpugen.findings import Finding
from tpugen.spec import SystolicArraySpec, spec_from_dict
from tpugen.verif.lockstep import Follower, run_lockstep
from tpugen.verif.matrix_cells import COLS, ROWS, Cell
from tpugen.verif.matrix_stimulus import matrix_plan
from tpugen.verif.plan import TRACE_FILE
from tpugen.verif.simulation import simulate
from tpugen.verif.timeline import Timeline, read_trace

__all__ = ["CellRecord", "check_cells", "record_timeline", "reference_spec"]

CellVerdict = Literal["pass", "fail", "not_legal"]


class CellRecord(BaseModel):
    """One cell's verdict.

    Attributes:
        cell: The cell.
        verdict: `not_legal` where the registry refuses the family at these widths.
        spec: The design as plain data, parameters included.
        checked: Result vectors compared with the golden model.
        reason: Why it is not legal, or the first thing that is wrong.
        finding: The first thing that is wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: Cell
    verdict: CellVerdict
    spec: dict[str, Any]
    checked: int = 0
    reason: str | None = None
    finding: Finding | None = None

    @classmethod
    def failed(cls, cell: Cell, finding: Finding, *, checked: int = 0) -> CellRecord:
        """A cell that fails, and why."""
        return cls(
            cell=cell, verdict="fail", spec=cell.data(), checked=checked, reason=finding.message, finding=finding
        )

    @classmethod
    def not_legal(cls, cell: Cell, reason: str) -> CellRecord:
        """A cell that no legal design fills."""
        return cls(cell=cell, verdict="not_legal", spec=cell.data(), reason=reason)


def reference_spec(dataflow: str) -> SystolicArraySpec:
    """The exact design whose run is the timeline of a dataflow."""
    spec = spec_from_dict({"kind": "systolic_array", "rows": ROWS, "cols": COLS, "dataflow": dataflow})
    assert isinstance(spec, SystolicArraySpec)  # noqa: S101 - narrows the type
    return spec


def record_timeline(dataflow: str, files: Sequence[Path], folder: Path, *, seed: int) -> Timeline:
    """Run the exact design of a dataflow under the stream bench and record every cycle.

    Args:
        dataflow: Which operand rests.
        files: Verilog of `reference_spec(dataflow)`.
        folder: Where the simulation happens.
        seed: Seed of operands and pauses.

    Raises:
        DesignFailedError: the exact design fails the bench, so that nothing can be measured against it.
    """
    spec = reference_spec(dataflow)
    plan = replace(matrix_plan(spec, seed), trace=True)
    result = simulate(spec, files, folder, seed=seed, waves=False, plan=plan)
    if result.verdict != "pass":
        lines = "\n  ".join(finding.one_line() for finding in result.findings)
        raise DesignFailedError(f"the exact {dataflow.replace('_', '-')} array fails the bench:\n  {lines}")
    return read_trace(folder / TRACE_FILE, plan)


def check_cells(
    cells: Sequence[Cell], followers: Sequence[Follower], timeline: Timeline, folder: Path
) -> list[CellRecord]:
    """Simulate legal cells of one layout together; one record each, in order."""
    records = []
    for cell, outcome in zip(cells, run_lockstep(followers, timeline, folder), strict=True):
        if outcome.passed:
            records.append(CellRecord(cell=cell, verdict="pass", spec=cell.data(), checked=outcome.checked))
        else:
            records.append(CellRecord.failed(cell, outcome.findings[0], checked=outcome.checked))
    return records
