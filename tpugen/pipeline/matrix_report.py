"""What a sweep of the pass matrix leaves behind: all cells as JSON, a summary, and both as a page."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tpugen import __version__
from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.pipeline.identity import machine_summary
from tpugen.results import ToolVersion
from tpugen.storage import make_folder, write_json_atomic, write_text_atomic
from tpugen.verif.matrix import CellRecord
from tpugen.verif.matrix_cells import COLS, ROWS

__all__ = ["Failure", "MatrixSummary", "Tally", "matrix_page", "reproduce", "summarise", "tally", "write_matrix"]

_SHOWN_FAILURES = 50
_TALLY_LINES = re.compile(r'\{\s+"passed": \d+,\s+"failed": \d+,\s+"not_legal": \d+\s+\}')


class Tally(BaseModel):
    """How many designs of one multiplier and one adder pass, fail, or are not legal."""

    model_config = ConfigDict(extra="forbid")

    passed: int = 0
    failed: int = 0
    not_legal: int = 0

    def add(self, verdict: str) -> None:
        """Count one design."""
        field = {"pass": "passed", "fail": "failed"}.get(verdict, "not_legal")
        setattr(self, field, getattr(self, field) + 1)

    def text(self) -> str:
        """`36` where all pass, `35/36` where some fail, `-` where none is legal."""
        legal = self.passed + self.failed
        if not legal:
            return "-"
        return f"{self.passed}/{legal}" if self.failed else str(self.passed)


class Failure(BaseModel):
    """A cell that fails: its name, what is wrong, its spec."""

    model_config = ConfigDict(extra="forbid")

    name: str
    reason: str
    spec: dict[str, Any]


class MatrixSummary(BaseModel):
    """A sweep in short.

    Attributes:
        command: The command that repeats it.
        complete: Whether it ran to its end.
        selected: Designs of the selection, of which `share` was drawn.
        table: Counts by multiplier row and adder.
        widths: Pairs of activation and weight width.
        result_vectors: Result vectors compared with the golden model.
        seconds: Wall-clock time of this run of the command, batches kept from earlier ones not included.
        not_legal: Reasons, by multiplier row and widths.
    """

    model_config = ConfigDict(extra="forbid")

    tpugen: str
    tools: list[ToolVersion]
    command: str
    seed: int
    share: float
    complete: bool
    rows: int = ROWS
    cols: int = COLS
    selected: int
    designs: int
    passed: int
    failed: int
    not_legal: int
    kept: int = 0
    result_vectors: int
    seconds: float
    jobs: int
    machine: str
    widths: list[str]
    dataflows: list[str]
    table: dict[str, dict[str, Tally]]
    failures: list[Failure] = Field(default_factory=list)
    refusals: dict[str, str] = Field(default_factory=dict)


def tally(records: Sequence[CellRecord]) -> dict[str, dict[str, Tally]]:
    """Counts by multiplier row and adder, in the order of the registry."""
    forms = [(name, shared) for name in MULTIPLIERS for shared in (False, True)]
    rows = list(dict.fromkeys(f"{name} shared" if shared else name for name, shared in forms))
    table: dict[str, dict[str, Tally]] = {row: {adder: Tally() for adder in ADDERS} for row in rows}
    present = {(record.cell.row, record.cell.adder) for record in records}
    for record in records:
        table[record.cell.row][record.cell.adder].add(record.verdict)
    return {
        row: {adder: count for adder, count in adders.items() if (row, adder) in present}
        for row, adders in table.items()
        if any(name == row for name, _ in present)
    }


def summarise(
    records: Sequence[CellRecord],
    *,
    command: str,
    seed: int,
    share: float,
    selected: int,
    wanted: int,
    kept: int,
    seconds: float,
    jobs: int,
    tools: list[ToolVersion],
) -> MatrixSummary:
    """The summary of a sweep.

    Args:
        records: The designs that were finished.
        command: What repeats it.
        seed: Seed of operands.
        share: What part of the selection was drawn.
        selected: Designs in the selection.
        wanted: Designs drawn.
        kept: Designs whose verdict an earlier run had left.
        seconds: How long it took.
        jobs: Processes.
        tools: Versions of what simulated.
    """
    verdicts = [record.verdict for record in records]
    widths = [f"{record.cell.activation_width_bits}x{record.cell.weight_width_bits}" for record in records]
    refusals = {
        f"{record.cell.row} x {record.cell.adder}, {width}": record.reason or ""
        for record, width in zip(records, widths, strict=True)
        if record.verdict == "not_legal"
    }
    return MatrixSummary(
        tpugen=__version__,
        tools=tools,
        command=command,
        seed=seed,
        share=share,
        complete=len(records) == wanted,
        selected=selected,
        designs=len(records),
        passed=verdicts.count("pass"),
        failed=verdicts.count("fail"),
        not_legal=verdicts.count("not_legal"),
        kept=kept,
        result_vectors=sum(record.checked for record in records),
        seconds=round(seconds, 1),
        jobs=jobs,
        machine=machine_summary(),
        widths=list(dict.fromkeys(widths)),
        dataflows=list(dict.fromkeys(record.cell.dataflow for record in records)),
        table=tally(records),
        failures=[
            Failure(name=record.cell.name, reason=record.reason or "", spec=record.spec)
            for record in records
            if record.verdict == "fail"
        ],
        refusals=refusals,
    )


def write_matrix(summary: MatrixSummary, records: Sequence[CellRecord], out: Path) -> None:
    """Write `matrix.json` (every cell), `summary.json`, `matrix.md`, and the spec of each failing cell."""
    make_folder(out)
    cells = [record.model_dump(mode="json", exclude_none=True) for record in records]
    short = summary.model_dump(mode="json")
    write_text_atomic(out / "summary.json", _TALLY_LINES.sub(_on_one_line, json.dumps(short, indent=2)) + "\n")
    write_json_atomic(out / "matrix.json", {**short, "cells": cells})
    write_text_atomic(out / "matrix.md", matrix_page(summary))
    for failure in summary.failures:
        write_json_atomic(make_folder(out / "failures") / f"{failure.name}.json", failure.spec)


def _on_one_line(found: re.Match[str]) -> str:
    return " ".join(found.group().split())


def reproduce(name: str, out: Path) -> str:
    """The command that runs one failing cell alone, through every gate."""
    return f"tpugen generate --spec {shlex.quote(str(out / 'failures' / f'{name}.json'))}"


def matrix_page(summary: MatrixSummary) -> str:
    """The sweep as Markdown: totals, the table, what fails, how to repeat it."""
    return "\n".join(_page(summary)) + "\n"


def _page(summary: MatrixSummary) -> Iterator[str]:
    adders = [name for name in ADDERS if any(name in row for row in summary.table.values())]
    yield "# The pass matrix"
    yield ""
    verdict = "All pass." if not summary.failed else f"**{summary.failed:,} fail.**"
    if not summary.complete:
        verdict += " The sweep was interrupted: this is what was finished."
    which = "designs" if summary.designs == summary.selected else f"of {summary.selected:,} designs"
    which += ", a stratified share" if summary.share < 1 else ""
    yield (
        f"{summary.designs:,} {which}: {summary.passed:,} pass, {summary.failed:,} fail, "
        f"{summary.not_legal:,} are not legal. {verdict}"
    )
    yield ""
    yield (
        f"Every multiplier family with every adder family, signed and unsigned, at the operand widths "
        f"{', '.join(summary.widths)} (activation x weight, in bits), "
        f"{', '.join(name.replace('_', '-') for name in summary.dataflows)}, as an array of {summary.rows} x "
        f"{summary.cols} processing elements. Rows marked *shared* recode the operands once at the array's edge. "
        "Parameters rotate through each family's default and the ends of its legal ranges, exact units through their "
        "structures, accumulators through the default width, no guard bits and three."
    )
    yield ""
    yield (
        "Each design is simulated from reset through its whole contract and must do in every cycle what the exact "
        "design does under the full bench, with the golden model's numbers: tiles at full rate with the cycles of the "
        "contract, K of 1, tiles back to back, each corner operand with each other (zero, one, most negative, largest, "
        "alternating), sums that wrap, rows left unused, partial sums, pauses of every channel, channels shut until "
        f"the array is full, resets in mid-tile. {summary.result_vectors:,} result vectors were compared, bit for bit."
    )
    yield ""
    yield "A number is how many designs of the cell pass; `35/36` that one of 36 fails; `-` that none is legal."
    yield ""
    yield "| multiplier | " + " | ".join(adders) + " |"
    yield "|---" * (len(adders) + 1) + "|"
    for row, cells in summary.table.items():
        yield f"| {row} | " + " | ".join(cells[name].text() if name in cells else "" for name in adders) + " |"
    if summary.failures:
        yield from ("", "## What fails", "")
        for failure in summary.failures[:_SHOWN_FAILURES]:
            yield f"- `{failure.name}`: {failure.reason}"
        if len(summary.failures) > _SHOWN_FAILURES:
            yield f"- and {len(summary.failures) - _SHOWN_FAILURES:,} more, in `matrix.json`"
    if summary.refusals:
        yield from ("", "## What is not legal", "")
        for place, reason in summary.refusals.items():
            yield f"- {place}: {reason}"
    tools = ", ".join(f"{tool.name} {tool.version}" for tool in summary.tools)
    yield from ("", "## How to repeat it", "")
    yield "```sh"
    yield summary.command
    yield "```"
    yield ""
    how_long = f"{summary.seconds / 60:.1f} minutes" if summary.seconds >= 120 else f"{summary.seconds:.0f} seconds"
    kept = f", {summary.kept:,} designs kept from an earlier run" if summary.kept else ""
    yield f"tpugen {summary.tpugen}, {tools}; {how_long} with {summary.jobs} processes{kept} on {summary.machine}."
