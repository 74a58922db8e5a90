"""`tpugen arith pareto`: error against cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tpugen.cli.arith import Csv
from tpugen.cli.arith_output import one_format
from tpugen.cli.choices import Json
from tpugen.cli.output import print_csv, print_json, print_table, talk
from tpugen.errors import RequestError

if TYPE_CHECKING:
    from tpugen.model.unit_pareto import UnitPoint

__all__ = ["pareto"]


def pareto(
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="adder or multiplier.")] = "multiplier",
    width: Annotated[int, typer.Option("--width", metavar="BITS", help="Width of the operands.")] = 8,
    tech: Annotated[str, typer.Option("--tech", metavar="NAME", help="Technology library.")] = "osu018",
    x: Annotated[str, typer.Option("--x", metavar="COST", help="area, delay, power or energy.")] = "area",
    y: Annotated[str, typer.Option("--y", metavar="ERROR", help="mred, nmed, er or accuracy.")] = "mred",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Draw it: FILE.svg, or a page FILE.html.")
    ] = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Error against measured cost of every unit, and which units no other one beats.

    Units are signed. The accuracy beside them is that of the digits network with the multiplier.
    """
    from tpugen.model.unit_pareto import COST_AXES, ERROR_AXES, unit_points

    one_format(json, csv)
    chosen_role = _one_of("role", role, ("adder", "multiplier"))
    cost, error = _one_of("x", x, tuple(COST_AXES)), _one_of("y", y, tuple(ERROR_AXES))
    if out is not None and out.suffix not in {".svg", ".html"}:
        raise RequestError(f"--out {out}: found no .svg and no .html", hint="name a file that ends in one of them")
    points = unit_points(chosen_role, width, tech, x=cost, y=error)
    if out is not None:
        from tpugen.report.unit_charts import write_chart

        write_chart(points, out, role=chosen_role, width_bits=width, technology=tech, x=cost, y=error)
        talk(f"wrote {out}")
    if json:
        print_json(points)
    elif csv:
        print_csv([_flat(point) for point in points])
    else:
        _print(points)


def _one_of(name: str, value: str, known: Sequence[str]) -> Any:
    if value not in known:
        raise RequestError(f"--{name} {value}: no such choice", hint=f"choose one of {', '.join(known)}")
    return value


def _flat(point: UnitPoint) -> dict[str, Any]:
    """A row of CSV: parameters in one cell."""
    words = " ".join(f"{name}={value}" for name, value in point.parameters.items())
    return {**point.model_dump(mode="json"), "parameters": words}


def _print(points: Sequence[UnitPoint]) -> None:
    columns = ["front", "unit", "area um2", "delay ns", "power uW", "energy pJ", "ER", "NMED", "MRED", "accuracy"]
    cells = [
        [
            "*" if point.front else "",
            point.unit,
            f"{point.area_um2:,.1f}",
            f"{point.delay_ns:.3f}",
            f"{point.power_uw:,.1f}",
            f"{point.energy_pj:.3f}",
            f"{point.er:.2%}",
            f"{point.nmed:.3%}",
            f"{point.mred:.3%}",
            "-" if point.accuracy is None else f"{point.accuracy:.2%}",
        ]
        for point in points
    ]
    print_table(columns, cells, right=columns[2:])
