"""`tpugen model`: what a design gives on a workload."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import ClockMhz, Json, RunsDir, SpecFile, one_request
from tpugen.cli.output import number, print_json, print_table

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="What a design gives on a workload: cycles, throughput, energy.")


@app.callback()
def _model() -> None:
    """What a design gives on a workload: cycles, throughput, energy."""


@app.command()
def gemm(
    sizes: Annotated[list[str], typer.Argument(metavar="MxKxN...", help="GEMMs C[M,N] = A[M,K] x B[K,N].")],
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="A measured run: its id or folder.")] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="A design in words, unmeasured.")] = None,
    spec: SpecFile = None,
    clock_mhz: ClockMhz = None,
    cycle_model: Annotated[
        str | None, typer.Option("--cycle-model", metavar="NAME", help="Cycle model, if not the contract's formula.")
    ] = None,
    runs_dir: RunsDir = None,
    json: Json = False,
) -> None:
    """GEMMs, one after the other, on a measured run or on a design that was not built."""
    from tpugen.pipeline.modelling import model_gemm

    request = None if text is None and spec is None else one_request(text, spec)
    result = model_gemm(sizes, run=run, request=request, clock_mhz=clock_mhz, cycle_model=cycle_model, runs=runs_dir)
    if json:
        print_json(result)
        return
    columns = ["GEMM", "cycles", "utilised", "us", "GOPS", "GOPS/W", "uJ"]
    rows = [
        [
            name, f"{g.cycles:,}", f"{g.utilization:.1%}", number(g.latency_us), number(g.gops), number(g.gops_per_w),
            number(g.energy_uj),
        ]
        for name, g in [*((f"{g.m}x{g.k}x{g.n}", g) for g in result.gemms), ("total", result.total)]
    ]  # fmt: skip
    print_table(columns, rows, right=columns[1:])
