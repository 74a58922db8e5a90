"""`tpugen model`: what a design gives on a workload."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import ClockMhz, Json, RunsDir, SpecFile, Technology, Text, one_request
from tpugen.cli.output import number, print_json, print_table, talk

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


@app.command()
def arithmetic(
    text: Text = None,
    spec: SpecFile = None,
    technology: Technology = "osu018",
    clock_mhz: ClockMhz = None,
    json: Json = False,
) -> None:
    """Area and energy of an array's multipliers and adders, without synthesis: units times their measured cost."""
    from tpugen.model.unit_estimate import estimate_arithmetic
    from tpugen.pipeline.request import understand

    asked = understand(one_request(text, spec), clock_mhz=clock_mhz)
    result = estimate_arithmetic(asked.spec, technology)
    if json:
        print_json(result)
        return
    columns = ["units", "role", "count", "area um2", "pJ per cycle", "origin"]
    rows = [
        [
            part.unit, part.role, f"{part.count:,}", f"{part.area_um2:,.0f}", f"{part.energy_pj:,.4g}",
            part.origin if part.note is None else f"{part.origin}: {part.note}",
        ]
        for part in result.units
    ]  # fmt: skip
    rows.append(["total", "", "", f"{result.area_um2:,.0f}", f"{result.energy_pj:,.4g}", ""])
    print_table(columns, rows, right=columns[2:5])
    talk(
        f"{result.technology}: {result.power_mw:,.4g} mW at {result.clock_mhz:g} MHz where every element works; "
        "registers and control are not counted"
    )
