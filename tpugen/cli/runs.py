"""`tpugen runs`: runs that were made."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import Json, RunsDir
from tpugen.cli.output import number, print_json, print_table, talk

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="List, show and compare runs.")


@app.command("list")
def list_(runs_dir: RunsDir = None, json: Json = False) -> None:
    """List all runs, oldest first."""
    from tpugen.pipeline.runs import list_runs

    runs = list_runs(runs_dir)
    if json:
        print_json(runs)
        return
    if not runs:
        talk("no runs yet; `tpugen generate TEXT` makes one")
        return
    columns = ["run", "verdict", "technology", "area um2", "power mW", "fmax MHz", "seconds"]
    rows = [
        [
            run.run_id, run.verdict, run.technology, _cell(run.area_um2), _cell(run.power_mw), _cell(run.fmax_mhz),
            f"{run.seconds:.1f}",
        ]
        for run in runs
    ]  # fmt: skip
    print_table(columns, rows, right=columns[3:])


@app.command()
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id, beginning of an id, folder, or `latest`.")],
    runs_dir: RunsDir = None,
    json: Json = False,
) -> None:
    """Show what a run came to."""
    from tpugen.cli.show import show_result
    from tpugen.pipeline.runs import show_run

    show_result(show_run(run, runs_dir), as_json=json)


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Two runs or more; the first is the base.")],
    runs_dir: RunsDir = None,
    json: Json = False,
) -> None:
    """Put runs beside each other: metrics, and where their specs differ."""
    from tpugen.pipeline.runs import compare_runs

    comparison = compare_runs(runs, runs_dir)
    if json:
        print_json(comparison)
        return
    rows = [
        [row.metric, *(_with_ratio(value, ratio) for value, ratio in zip(row.values, row.relative, strict=True))]
        for row in [*comparison.spec_differences, *comparison.metrics]
    ]
    print_table(["", *comparison.runs], rows)


def _cell(value: float | int | str | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else number(value)


def _with_ratio(value: float | int | str | None, ratio: float | None) -> str:
    return _cell(value) if ratio is None or ratio == 1 else f"{_cell(value)} ({ratio:.2f}x)"
