"""`tpugen dataset`: the dataset of designs: built, shown, counted, verified."""

from __future__ import annotations

import typer

from tpugen.cli.dataset_build import build
from tpugen.cli.dataset_show import show
from tpugen.cli.dataset_stats import stats
from tpugen.cli.dataset_verify import verify

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The dataset of designs: build, show, count and verify it.")
for _command in (build, show, stats, verify):
    app.command()(_command)
