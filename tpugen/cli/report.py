"""`tpugen report`: draw a run's report."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import Json, RunsDir
from tpugen.cli.output import print_data, print_json

__all__ = ["report"]


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id, beginning of an id, folder, or `latest`.")],
    runs_dir: RunsDir = None,
    json: Json = False,
) -> None:
    """Draw the report of a run again, also of one that failed or was interrupted; prints its path."""
    from tpugen.pipeline.runs import redraw_report

    path = redraw_report(run, runs_dir)
    if json:
        print_json({"report": str(path)})
    else:
        print_data(str(path))
