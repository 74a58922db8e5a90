"""Runs that were made: list them, compare them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tpugen.errors import RequestError, StorageError
from tpugen.pipeline.folder import REQUEST_FILE, find_run, read_manifest, runs_folder
from tpugen.pipeline.result import RunResult, load_result
from tpugen.storage import sha256_text

__all__ = ["Comparison", "MetricRow", "RunSummary", "compare_runs", "list_runs", "redraw_report", "show_run"]


class RunSummary(BaseModel):
    """One run in one line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    run: str
    created_utc: str
    verdict: str
    module: str
    technology: str
    writer: str
    request: str | None
    area_um2: float | None
    power_mw: float | None
    fmax_mhz: float | None
    seconds: float


class MetricRow(BaseModel):
    """One metric of several runs; `relative` is each value over the first run's (None where that is not a number)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    values: list[float | int | str | None]
    relative: list[float | None]


class Comparison(BaseModel):
    """Runs beside each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs: list[str]
    metrics: list[MetricRow]
    spec_differences: list[MetricRow]


_METRICS = (
    "verdict",
    "module",
    "technology",
    "writer",
    "chat_model",
    "clock_mhz",
    "area_um2",
    "cells",
    "flip_flops",
    "power_mw",
    "fmax_mhz",
    "worst_slack_ns",
    "cycles",
    "workload_cycles",
    "utilization",
    "gops",
    "gops_per_w",
    "energy_uj",
    "seconds",
)


def list_runs(parent: Path | None = None) -> list[RunSummary]:
    """All runs of a folder, oldest first; folders that hold no run, or a damaged one, are left out."""
    folder = runs_folder(parent)
    if not folder.is_dir():
        return []
    summaries = []
    for run in sorted(p for p in folder.iterdir() if (p / REQUEST_FILE).is_file()):
        try:
            result, manifest = load_result(run), read_manifest(run)
        except StorageError:
            continue
        summaries.append(
            RunSummary(
                run_id=manifest.run_id,
                run=result.run,
                created_utc=manifest.created_utc,
                verdict=result.verdict,
                module=result.module,
                technology=result.technology,
                writer=result.writer,
                request=result.request,
                area_um2=result.area_um2,
                power_mw=result.power_mw,
                fmax_mhz=result.fmax_mhz,
                seconds=result.seconds,
            )
        )
    return summaries


def show_run(name: str, parent: Path | None = None) -> RunResult:
    """What a run came to.

    Args:
        name: Its folder, its id, the beginning of its id, or `latest`.
        parent: Where runs are kept, if not in the usual place.

    Raises:
        UnknownNameError: no such run.
        StorageError: the run is damaged.
    """
    return load_result(find_run(name, parent))


def compare_runs(names: Sequence[str], parent: Path | None = None) -> Comparison:
    """Put runs beside each other.

    Raises:
        RequestError: fewer than two names.
        UnknownNameError: no such run.
    """
    if len(names) < 2:
        raise RequestError("a comparison needs two runs or more", hint="tpugen runs compare RUN RUN ...")
    results = [show_run(name, parent) for name in names]
    metrics = [_row(metric, [getattr(result, metric) for result in results]) for metric in _METRICS]
    fields = list(dict.fromkeys(name for result in results for name in result.spec))
    spec_rows = [_row(name, [_text(result.spec.get(name)) for result in results]) for name in fields]
    return Comparison(
        runs=[Path(result.run).name for result in results],
        metrics=[row for row in metrics if any(value is not None for value in row.values)],
        spec_differences=[row for row in spec_rows if len({str(value) for value in row.values}) > 1],
    )


def _text(value: object) -> float | int | str | None:
    if isinstance(value, str) and "\n" in value:  # a contract or a reference: told apart by its content, not shown
        return f"{value.count(chr(10))} lines, SHA-256 {sha256_text(value)[:12]}"
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _row(metric: str, values: list[float | int | str | None]) -> MetricRow:
    first = values[0]
    relative = [
        value / first if isinstance(value, int | float) and isinstance(first, int | float) and first else None
        for value in values
    ]
    return MetricRow(metric=metric, values=values, relative=relative)


def redraw_report(name: str, parent: Path | None = None) -> Path:
    """Draw a run's report again; returns its path.

    Raises:
        UnknownNameError: no such run.
        StorageError: the run is damaged, or the report cannot be written.
    """
    from tpugen.report import write_report

    return write_report(find_run(name, parent))
