"""`tpugen resume`: go on with a run."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import Json, Quiet, RunsDir

__all__ = ["resume"]


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id, beginning of an id, folder, or `latest`.")],
    runs_dir: RunsDir = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Go on with a run that was interrupted, killed or refused: finished steps whose files are sound are kept."""
    from tpugen.cli.progress import progress
    from tpugen.cli.show import show_result
    from tpugen.pipeline.generation import resume as run_resume

    with progress(quiet=quiet) as observer:
        result = run_resume(run, runs=runs_dir, observer=observer)
    show_result(result, as_json=json)
    raise typer.Exit(0 if result.passed else 1)
