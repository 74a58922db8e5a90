"""`tpugen bench report`: one page from a run of the benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tpugen.cli.output import print_data

__all__ = ["report"]


def report(
    run: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="A run's folder, or a result file.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The page. Default: report.html in the run's folder.")
    ] = None,
) -> None:
    """Write one self-contained HTML page about a run; prints its path."""
    from tpugen.bench.outcome import read_result
    from tpugen.report.bench_page import write_bench_report

    result = read_result(run)
    page = out or (run / "report.html" if run.is_dir() else run.with_suffix(".html"))
    print_data(str(write_bench_report(result, page)))
