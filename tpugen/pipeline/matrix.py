"""The sweep of the pass matrix: batches of cells through the executor, finished ones kept, interrupted ones resumed.

A batch's verdicts are kept under the content of everything that decides them: RTL, bench, operands, golden results and
the simulator's version. Running the same sweep again therefore does only what is missing or has changed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tpugen.errors import RequestError, ToolFailedError, TpugenError
from tpugen.findings import Finding
from tpugen.flows.tools import ICARUS, VVP
from tpugen.pipeline.executor import WorkResult, run_many
from tpugen.pipeline.identity import require_tools
from tpugen.pipeline.matrix_report import MatrixSummary, summarise, write_matrix
from tpugen.storage import make_folder, read_json, write_json_atomic
from tpugen.verif.lockstep import Follower, lockstep_digest
from tpugen.verif.matrix import CellRecord, check_cells, record_timeline, reference_spec
from tpugen.verif.matrix_cells import Cell, Selection, all_cells, draw_share
from tpugen.verif.matrix_stimulus import matrix_plan
from tpugen.verif.timeline import Timeline

__all__ = [
    "BATCH_CELLS",
    "DEFAULT_OUT",
    "Batch",
    "BatchResult",
    "MatrixObserver",
    "run_batch",
    "sweep",
    "verify_matrix",
]

DEFAULT_OUT = Path("pass-matrix")
"""Where a sweep is kept, in the working folder."""

BATCH_CELLS = 28
"""Designs in one simulator run: enough that its start does not count, few enough to see progress and lose little."""

_RECORDS: TypeAdapter[list[CellRecord]] = TypeAdapter(list[CellRecord])
_NOT_KEPT = ("endless", "crash")


@dataclass(frozen=True)
class Batch:
    """Cells of one layout.

    Attributes:
        cells: The cells.
        timeline: File of the timeline of their dataflow.
        kept: Folder of finished batches.
        seed: Seed of operands.
    """

    cells: tuple[Cell, ...]
    timeline: Path
    kept: Path
    seed: int


@dataclass(frozen=True)
class BatchResult:
    """Records of a batch's cells; `kept` if they were there already."""

    records: tuple[CellRecord, ...]
    kept: bool


MatrixObserver = Callable[[BatchResult], None]


def sweep(
    cells: Sequence[Cell],
    out: Path,
    *,
    seed: int = 1,
    jobs: int | None = None,
    observer: MatrixObserver = lambda _result: None,
) -> list[CellRecord]:
    """Verify cells of the matrix.

    Args:
        cells: The cells; those of one layout run together.
        out: Folder in which finished batches are kept, created if missing; a sweep begun there goes on.
        seed: Seed of operands and pauses.
        jobs: Processes; default: usable CPUs.
        observer: Hears each batch as it ends.

    Returns:
        One record per cell, in the order of `cells`.

    Raises:
        DesignFailedError: the exact array itself fails its bench.
        ToolError: Icarus or cocotb is missing or broke.
        StorageError: the folder cannot be written.
    """
    dataflows = list(dict.fromkeys(cell.dataflow for cell in cells))
    with tempfile.TemporaryDirectory(prefix="tpugen-matrix-") as scratch:
        wanted = [_TimelineItem(dataflow, Path(scratch) / f"{dataflow}.json", seed) for dataflow in dataflows]
        for done in run_many(wanted, _write_timeline, jobs):
            if done.error:
                raise done.error
        files = {item.dataflow: item.file for item in wanted}
        found: dict[Cell, CellRecord] = {}
        for work in run_many(_batches(cells, files, make_folder(out / "batches"), seed), run_batch, jobs):
            result = _settled(work)
            found.update((record.cell, record) for record in result.records)
            observer(result)
    return [found[cell] for cell in cells]


def verify_matrix(
    selection: Selection = Selection(),  # noqa: B008 - frozen
    *,
    share: float = 1.0,
    seed: int = 1,
    jobs: int | None = None,
    out: Path = DEFAULT_OUT,
    command: str = "tpugen verify matrix",
    observer: MatrixObserver = lambda _result: None,
) -> MatrixSummary:
    """Verify the pass matrix, or a part of it, and write what was found.

    Args:
        selection: Families, widths and dataflows; default: all.
        share: Stratified share of the selection, from 0 to 1.
        seed: Seed of the draw, of operands and of pauses.
        jobs: Processes; default: usable CPUs.
        out: Folder for `matrix.json`, `summary.json`, `matrix.md` and the finished batches; a sweep that was
            interrupted goes on there.
        command: The command that repeats the sweep, as the page says it.
        observer: Hears each batch as it ends.

    Raises:
        RequestError: a share outside 0..1, a folder that is a file.
        DesignFailedError: the exact array itself fails its bench.
        ToolError: Icarus or cocotb is missing or broke.
        StorageError: the folder cannot be written.
    """
    out = out.expanduser()
    if out.exists() and not out.is_dir():
        raise RequestError(f"--out {out}: a file of that name exists", hint="name a folder")
    selected = all_cells(selection)
    cells = draw_share(selected, share, seed)
    tools = require_tools(ICARUS, VVP)
    begin = time.monotonic()
    results: list[BatchResult] = []

    def heard(result: BatchResult) -> None:
        results.append(result)
        observer(result)

    def finish() -> MatrixSummary:
        found = {record.cell: record for result in results for record in result.records}
        records = [found[cell] for cell in cells if cell in found]
        summary = summarise(
            records,
            command=command,
            seed=seed,
            share=share,
            selected=len(selected),
            wanted=len(cells),
            kept=sum(len(result.records) for result in results if result.kept),
            seconds=time.monotonic() - begin,
            jobs=jobs or len(os.sched_getaffinity(0)),
            tools=tools,
        )
        write_matrix(summary, records, out)
        return summary

    try:
        sweep(cells, out, seed=seed, jobs=jobs, observer=heard)
    except BaseException:  # interrupted, or a tool broke: what is finished is written all the same
        if results:
            finish()
        raise
    return finish()


def _batches(cells: Sequence[Cell], timelines: dict[str, Path], kept: Path, seed: int) -> Iterator[Batch]:
    """Cells of one layout, so many at a time."""
    for _, group in groupby(sorted(cells, key=lambda cell: cell.layout), key=lambda cell: cell.layout):
        members = tuple(group)
        for start in range(0, len(members), BATCH_CELLS):
            part = members[start : start + BATCH_CELLS]
            yield Batch(part, timelines[part[0].dataflow], kept, seed)


def _settled(work: WorkResult[Batch, BatchResult]) -> BatchResult:
    """The batch's records; what broke in a batch fails its cells, what ends every batch ends the sweep."""
    if work.value is not None:
        return work.value
    error = work.error
    # A worker that died is reported as the plain class: that may be one design's fault.
    if isinstance(error, TpugenError) and not isinstance(error, ToolFailedError) and type(error) is not TpugenError:
        raise error
    finding = _finding("worker", f"the batch of this design ended with an error: {error}")
    return BatchResult(tuple(CellRecord.failed(cell, finding) for cell in work.item.cells), kept=False)


def _finding(rule: str, message: str) -> Finding:
    return Finding(severity="error", gate="simulate", rule=rule, message=message)


@dataclass(frozen=True)
class _TimelineItem:
    dataflow: str
    file: Path
    seed: int


def _write_timeline(item: _TimelineItem) -> None:
    """Record the timeline of one dataflow."""
    from tpugen.writers.composer import compose

    with tempfile.TemporaryDirectory(prefix="tpugen-matrix-") as name:
        folder = Path(name)
        files = []
        for file in compose(reference_spec(item.dataflow)):
            files.append(folder / file.name)
            files[-1].write_text(file.text, encoding="utf-8")
        timeline = record_timeline(item.dataflow, files, folder / "simulate", seed=item.seed)
    write_json_atomic(item.file, timeline.to_data())


def run_batch(batch: Batch) -> BatchResult:
    """Verify the cells of one batch, or take what was found before under the same content."""
    timeline = Timeline.from_data(read_json(batch.timeline))
    records: dict[Cell, CellRecord] = {}
    followers: dict[Cell, Follower] = {}
    for cell in batch.cells:
        prepared = _prepare(cell, batch.seed)
        if isinstance(prepared, Follower):
            followers[cell] = prepared
        else:
            records[cell] = prepared
    kept = True
    if followers:
        file = batch.kept / f"{lockstep_digest(list(followers.values()), timeline)}.json"
        simulated = _read_kept(file, list(followers))
        if simulated is None:
            kept = False
            with tempfile.TemporaryDirectory(prefix="tpugen-matrix-") as folder:
                simulated = check_cells(list(followers), list(followers.values()), timeline, Path(folder))
            if not any(record.finding and record.finding.rule in _NOT_KEPT for record in simulated):
                write_json_atomic(file, _RECORDS.dump_python(simulated, mode="json"))
        records |= {record.cell: record for record in simulated}
    return BatchResult(tuple(records[cell] for cell in batch.cells), kept)


def _read_kept(file: Path, cells: Sequence[Cell]) -> list[CellRecord] | None:
    """What an earlier sweep found of these cells; None where there is nothing, or nothing sound."""
    if not file.is_file():
        return None
    try:
        records = _RECORDS.validate_python(read_json(file))
    except (TpugenError, ValidationError):
        return None
    return records if [record.cell for record in records] == list(cells) else None


def _prepare(cell: Cell, seed: int) -> Follower | CellRecord:
    """The cell's design and golden results; a record at once where it is not legal or cannot be made."""
    from tpugen.writers.composer import compose

    spec = cell.spec()
    if isinstance(spec, str):
        return CellRecord.not_legal(cell, spec)
    try:
        modules = {file.name.removesuffix(".v"): file.text for file in compose(spec)}
        return Follower(spec, modules, matrix_plan(spec, seed))
    except Exception as error:  # one cell that cannot be made must not end the sweep
        return CellRecord.failed(cell, _finding("make", f"RTL or golden results cannot be made: {error!r}"))
