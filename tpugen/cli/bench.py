"""`tpugen bench`: how well prompts become designs: run, compare, report, list."""

from __future__ import annotations

import typer

from tpugen.cli.bench_compare import compare
from tpugen.cli.bench_list import list_problems
from tpugen.cli.bench_report import report
from tpugen.cli.bench_retrieval import retrieval
from tpugen.cli.bench_run import run

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Measure how well prompts become designs.")
app.command("run")(run)
app.command("compare")(compare)
app.command("report")(report)
app.command("list")(list_problems)
app.command("retrieval")(retrieval)
