"""Pages about the benchmark: one HTML page a run, and the page of the documentation over all results that are kept.

Both draw from results alone and compute nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from pydantic import ValidationError

from tpugen.errors import StorageError
from tpugen.report.bench_chart import CHART_STYLE, ladder_chart
from tpugen.report.bench_data import BenchResult, ProblemRow, SampleRow
from tpugen.report.bench_text import duration, pass_words, percent
from tpugen.report.environment import PAGE_POLICY, page_environment, template_text
from tpugen.report.text import count
from tpugen.storage import finished_files, write_text_atomic

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["load_results", "render_bench_report", "write_bench_report"]

_STAGES = (
    ("spec", "prompt read as people read it"),
    ("lint", "sound Verilog with the contract's ports"),
    ("functional", "all gates and the golden check"),
)


def load_results(folder: Path) -> list[BenchResult]:
    """Every result file (`*.json`) of a folder, by file name; none where there is no folder.

    Raises:
        StorageError: a file that is no result.
    """
    results = []
    for file in finished_files(folder, "*.json"):
        try:
            results.append(BenchResult.model_validate_json(file.read_text(encoding="utf-8")))
        except ValidationError as error:
            raise StorageError(f"{file} is no result of the benchmark: {error.error_count()} errors") from None
    return results


def write_bench_report(result: BenchResult, path: Path) -> Path:
    """Write the page of one run.

    Raises:
        StorageError: the disk refused.
    """
    return write_text_atomic(path, render_bench_report(result))


def render_bench_report(result: BenchResult) -> str:
    """The page of one run as text: self-contained, without scripts."""
    text = str(_environment().get_template("bench.html.j2").render(_context(result)))
    return text.encode("utf-8", "replace").decode("utf-8")


def _environment() -> Environment:
    environment = page_environment()
    environment.filters |= {"percent": percent, "duration": duration, "count": count}
    environment.filters["pass_words"] = pass_words
    return environment


def _context(result: BenchResult) -> dict[str, Any]:
    by_problem: dict[str, list[SampleRow]] = {}
    for sample in result.samples:
        by_problem.setdefault(sample.problem, []).append(sample)
    return {
        "result": result,
        "policy": PAGE_POLICY,
        # Files of this package, not text from outside.
        "sheet": Markup(template_text("report.css")),  # noqa: S704
        "chart_style": Markup(CHART_STYLE),  # noqa: S704
        "stages": [(name, words, getattr(result.total, name)) for name, words in _STAGES],
        "ladder": ladder_chart(result.repairs) if len(result.repairs) > 1 else None,
        "candidates": ladder_chart(result.candidates, what="candidates") if len(result.candidates) > 1 else None,
        "problems": [(row, by_problem.get(row.id, [])) for row in _failed_first(result.problems)],
        "choices": [(name.replace("_", " "), _shown(value)) for name, value in result.configuration.items()],
    }


def _failed_first(rows: Sequence[ProblemRow]) -> Iterator[ProblemRow]:
    """What failed is what a reader looks for."""
    yield from (row for row in rows if row.passed < row.samples)
    yield from (row for row in rows if row.passed == row.samples)


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "all"
    return value if isinstance(value, str) else json.dumps(value)
