"""`tpugen model`: what a design gives on a workload."""

from __future__ import annotations

import typer

from tpugen.cli.choices import ClockMhz, Json, SpecFile, Technology, Text, one_request
from tpugen.cli.model_amdahl import amdahl
from tpugen.cli.model_compare import compare
from tpugen.cli.model_gemm import gemm
from tpugen.cli.model_llm import llm
from tpugen.cli.model_sweep import sweep
from tpugen.cli.output import print_json, print_table, talk

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="What a design gives on a workload: cycles, throughput, energy.")
app.command()(amdahl)
app.command()(gemm)
app.command()(compare)
app.command()(llm)
app.command()(sweep)


@app.callback()
def _model() -> None:
    """What a design gives on a workload: cycles, throughput, energy."""


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
