"""`tpugen arith`: the adder and multiplier families, and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tpugen.cli.arith_output import (
    at_widths,
    check_widths,
    flat_row,
    legal_range,
    measure,
    one_format,
    operand_widths,
    print_error,
    print_errors,
    print_heading,
    read_parameters,
    stray_weight_width,
    table_row,
)
from tpugen.cli.choices import Json, NoCache, Quiet
from tpugen.cli.output import print_csv, print_json, print_pairs, print_table, talk
from tpugen.cli.progress import bar
from tpugen.errors import RequestError, SpecError

if TYPE_CHECKING:
    from tpugen.arithmetic import Family
    from tpugen.dataset.costs import UnitCost

__all__ = ["Csv", "FamilyName", "Params", "Role", "SampleSeed", "Samples", "Signed", "WeightWidth", "Width", "app"]

app = typer.Typer(no_args_is_help=True, help="Approximate and exact adders and multipliers: what they are, how wrong.")

FamilyName = Annotated[str, typer.Argument(metavar="FAMILY", help="A family's name, e.g. drum; `tpugen arith list`.")]
Role = Annotated[str | None, typer.Option("--role", metavar="ROLE", help="adder or multiplier.")]
Width = Annotated[
    int, typer.Option("--width", metavar="BITS", help="Width of the operands, or of a multiplier's first.")
]
WeightWidth = Annotated[
    int | None,
    typer.Option("--weight-width", metavar="BITS", help="Width of a multiplier's second operand, if another."),
]
Signed = Annotated[bool, typer.Option("--signed", help="Two's complement operands.")]
Params = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=N", help="A parameter, e.g. k=4; may be repeated.")
]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]
Samples = Annotated[
    int | None, typer.Option("--samples", metavar="N", help="Draw so many operand pairs instead of trying all.")
]
SampleSeed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Seed of the sample.")]

PATENT_NOTE = (
    "optional, off by default: arrays recode each operand once at their edge; a US patent application, 2025/0045240, "
    "covers this structure"
)


@app.callback()
def _arith() -> None:
    """Approximate and exact adders and multipliers: what they are, how wrong."""


@app.command("list")
def list_families(
    role: Role = None, width: Width = 8, weight_width: WeightWidth = None, json: Json = False, csv: Csv = False
) -> None:
    """The families with their parameters, legal ranges, structures and other names."""
    from tpugen.arithmetic.catalogue import choices_of, entry

    one_format(json, csv)
    families = list(choices_of(role))
    check_widths("adder" if role == "adder" else "multiplier", width, weight_width)
    entries = [entry(family, operand_widths(family.role, width, weight_width)) for family in families]
    if json:
        print_json(entries)
    elif csv:
        print_csv([_flat(data) for data in entries])
    else:
        columns = ["role", "family", "title", "parameters", "structures and other names"]
        rows = [
            [
                data["role"], data["family"], data["title"], "; ".join(map(legal_range, data["parameters"])) or "-",
                ", ".join([*data["structures"], *data["synonyms"]]) or "-",
            ]
            for data in entries
        ]  # fmt: skip
        print_table(columns, rows)


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A family as a row of CSV: lists in one cell, their items after semicolons."""
    lists = {name: "; ".join(entry[name]) for name in ("synonyms", "structures")}
    return {**entry, **lists, "parameters": "; ".join(map(legal_range, entry["parameters"]))}


@app.command()
def show(
    family: FamilyName,
    role: Role = None,
    width: Width = 8,
    weight_width: WeightWidth = None,
    signed: Signed = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """One family: definition, parameters, source, structures, errors and measured cost."""
    from inspect import getdoc

    from tpugen.arithmetic.catalogue import entry, find_family, legal_settings, some_settings
    from tpugen.dataset.costs import all_costs

    one_format(json, csv)
    unit = find_family(family, role)
    check_widths(unit.role, width, weight_width)
    widths = operand_widths(unit.role, width, weight_width)
    data = entry(unit, widths)
    data["definition"] = " ".join((getdoc(unit.model) or unit.summary).split("\n\n")[0].split())
    settings = legal_settings(unit, widths)
    errors = [measure(unit, widths, signed, setting) for setting in some_settings(unit, widths)]
    costs = [row for row in all_costs() if (row.role, row.family, row.widths) == (unit.role, unit.name, widths)]
    if json:
        rows = [row.model_dump(mode="json", exclude={"role", "family", "widths", "rtl"}) for row in costs]
        print_json({**data, "errors": [table_row(metrics) for metrics in errors], "costs": rows})
        return
    if csv:
        print_csv([flat_row(metrics) for metrics in errors])
        return
    _print_family(unit, data)
    print_heading(f"errors, {at_widths(widths, signed)}")
    print_errors(errors, families=False)
    if len(errors) < len(settings):
        talk(f"{len(errors)} of {len(settings)} settings; all: tpugen arith table --family {unit.name} --width {width}")
    if costs:
        print_heading("measured cost")
        _print_costs(costs)


def _print_family(unit: Family, data: Mapping[str, Any]) -> None:
    pairs = [("family", f"{unit.name} ({unit.role})"), ("title", unit.title), ("summary", unit.summary)]
    pairs += [("definition", data["definition"])]
    pairs += [("parameter", f"{legal_range(parameter)}: {parameter['meaning']}") for parameter in data["parameters"]]
    pairs += [("source", unit.source)]
    pairs += [("structures", ", ".join(unit.structures))] if unit.structures else []
    pairs += [("also called", ", ".join(unit.synonyms))] if unit.synonyms else []
    pairs += [("shared pre-approximation", PATENT_NOTE)] if unit.shares_operand_codes else []
    print_pairs(pairs)


def _print_costs(costs: Sequence[UnitCost]) -> None:
    columns = ["unit", "operands", "technology", "area um2", "delay ns", "power uW", "energy pJ"]
    cells = [
        [
            row.label, at_widths(row.widths, row.signed), row.technology, f"{row.area_um2:,.1f}",
            f"{row.delay_ns:.3f}", f"{row.power_uw:,.1f}", f"{row.energy_pj:.3f}",
        ]
        for row in costs
    ]  # fmt: skip
    print_table(columns, cells, right=columns[3:])


@app.command()
def error(
    family: FamilyName,
    width: Width = 8,
    weight_width: WeightWidth = None,
    param: Params = None,
    signed: Signed = False,
    role: Role = None,
    samples: Samples = None,
    seed: SampleSeed = 1,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Try all pairs, up to 2^32; unasked up to 2^20.")
    ] = False,
    no_cache: NoCache = False,
    quiet: Quiet = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Error metrics of one unit: over all operand pairs, or over a seeded sample."""
    from tpugen.arithmetic.catalogue import find_family
    from tpugen.arithmetic.error_metrics import adder_error, multiplier_error
    from tpugen.arithmetic.error_units import illegal, request_problems

    one_format(json, csv)
    unit = find_family(family, role)
    widths = operand_widths(unit.role, width, weight_width)
    parameters, problems = read_parameters(param, unit, widths)
    problems += stray_weight_width(unit.role, weight_width)
    problems += request_problems(unit.role, unit.name, widths, parameters, samples=samples,
                                 exhaustive=exhaustive or None)  # fmt: skip
    if problems:
        raise SpecError(illegal(problems))
    run = adder_error if unit.role == "adder" else multiplier_error
    try:
        with bar(f"{unit.name} {at_widths(widths, signed)}", "pairs", quiet=quiet) as progress:
            metrics = run(
                unit.name, *widths, signed=signed, parameters=parameters, samples=samples, seed=seed,
                exhaustive=exhaustive or None, keep=not no_cache, progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        if exhaustive and not no_cache:
            talk("what was finished is kept: the same command goes on with it")
        raise
    if json:
        print_json(metrics)
    elif csv:
        print_csv([flat_row(metrics)])
    else:
        print_error(metrics, unit)


@app.command()
def table(
    role: Role = None,
    width: Width = 8,
    weight_width: WeightWidth = None,
    params: Annotated[
        str, typer.Option("--params", metavar="WHICH", help="all: every legal setting; default: one of each family.")
    ] = "all",
    family: Annotated[
        list[str] | None, typer.Option("--family", metavar="FAMILY", help="These families alone; may be repeated.")
    ] = None,
    signed: Signed = False,
    samples: Samples = None,
    seed: SampleSeed = 1,
    quiet: Quiet = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Error metrics of many units, one row for each family and setting of its parameters."""
    from tpugen.arithmetic.catalogue import choices_of, find_family, legal_settings

    one_format(json, csv)
    if params not in {"all", "default"}:
        raise RequestError(f"--params {params}: no such choice", hint="choose all or default")
    families = [find_family(name, role) for name in family] if family else list(choices_of(role))
    roles = {unit.role for unit in families}
    check_widths("multiplier" if "multiplier" in roles else "adder", width, weight_width, samples)
    work: list[tuple[Family, dict[str, int]]] = []
    for unit in families:
        settings = legal_settings(
            unit, operand_widths(unit.role, width, weight_width), "all" if params == "all" else "default"
        )
        work += [(unit, setting) for setting in settings]
        if not settings:
            talk(f"left out: {unit.problems({}, *operand_widths(unit.role, width, weight_width))[0].split(': ', 1)[1]}")
    rows = []
    with bar("units", "units", quiet=quiet) as progress:
        for done, (unit, setting) in enumerate(work, start=1):
            widths = operand_widths(unit.role, width, weight_width)
            rows.append(measure(unit, widths, signed, setting, samples=samples, seed=seed))
            if progress:
                progress(done, len(work))
    if json:
        print_json([table_row(metrics) for metrics in rows])
    elif csv:
        print_csv([flat_row(metrics) for metrics in rows])
    else:
        print_errors(rows)
