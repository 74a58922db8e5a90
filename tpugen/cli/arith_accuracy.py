"""`tpugen arith accuracy`: what a unit's error does to a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tpugen.cli.arith import Csv, Params
from tpugen.cli.arith_output import one_format, read_parameters
from tpugen.cli.choices import Json, Quiet
from tpugen.cli.output import print_csv, print_json, print_table, talk
from tpugen.cli.progress import bar
from tpugen.errors import RequestError, SpecError

if TYPE_CHECKING:
    from tpugen.dataset.accuracies import NetworkAccuracy
    from tpugen.model.quantised_network import Arithmetic

__all__ = ["accuracy"]

_COMMAND = "tpugen arith accuracy --all --width 4 --width 8 --width 16"


def accuracy(
    families: Annotated[
        list[str] | None, typer.Argument(metavar="FAMILY", help="Multiplier families; none: exact.", show_default=False)
    ] = None,
    width: Annotated[
        list[int] | None,
        typer.Option("--width", metavar="BITS", help="Width of activations and weights (8); may be repeated."),
    ] = None,
    param: Params = None,
    adder: Annotated[str, typer.Option("--adder", metavar="FAMILY", help="Accumulation adder.")] = "exact",
    adder_param: Annotated[
        list[str] | None, typer.Option("--adder-param", metavar="NAME=N", help="A parameter of the adder.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every multiplier, then every accumulation adder, at a few parameters.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the table as data, too.")] = None,
    quiet: Quiet = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Accuracy of a trained network (digits, 64-32-10) that multiplies and accumulates with these units.

    The network is quantised to signed numbers of the given width; test images were never trained on.
    """
    from tpugen.model.quantised_network import network_accuracy

    one_format(json, csv)
    widths = list(dict.fromkeys(width or [8]))
    if everything and (families or param or adder_param or adder != "exact"):
        raise RequestError(
            "--all takes every unit; found a unit or a parameter beside it", hint="leave one of them out"
        )
    choices = _every(widths) if everything else _named(families or ["exact"], widths, param, adder, adder_param)
    rows = []
    with bar("units", "units", quiet=quiet) as progress:
        for done, choice in enumerate(choices, start=1):
            rows.append(network_accuracy(choice))
            if progress:
                progress(done, len(choices))
    if out is not None:
        from tpugen.dataset.accuracies import write_accuracy_table

        command = _COMMAND if everything and widths == [4, 8, 16] else "tpugen arith accuracy"
        write_accuracy_table(rows, out, command=f"{command} --out {out}")
        talk(f"wrote {out}")
    if json:
        print_json(rows)
    elif csv:
        print_csv([_flat(row) for row in rows])
    else:
        _print(rows)


def _every(widths: list[int]) -> list[Arithmetic]:
    from tpugen.dataset.unit_grid import unit_grid
    from tpugen.model.quantised_network import Arithmetic, request_problems
    from tpugen.spec.design import default_accumulator_width_bits

    problems = [problem for width in widths for problem in request_problems(width)]
    if problems:
        raise SpecError("\n".join(problems))
    choices = []
    for width in widths:
        for unit in unit_grid(roles=["multiplier"], widths_bits=[width]):
            if unit.structure is None:
                choices.append(Arithmetic(width, unit.family, dict(unit.parameters)))
        accumulator = default_accumulator_width_bits(width, width)
        for unit in unit_grid(roles=["adder"], widths_bits=[accumulator]):
            if unit.structure is None and unit.family != "exact":
                choices.append(Arithmetic(width, adder=unit.family, adder_parameters=dict(unit.parameters)))
    return choices


def _named(
    families: list[str], widths: list[int], param: list[str] | None, adder: str, adder_param: list[str] | None
) -> list[Arithmetic]:
    from tpugen.arithmetic.catalogue import find_family
    from tpugen.model.quantised_network import Arithmetic

    accumulation = find_family(adder, "adder")
    multipliers = [find_family(name, "multiplier") for name in families]
    choices, problems = [], list[str]()
    for width in widths:
        adder_parameters, wrong = read_parameters(adder_param, accumulation, (max(width, 2),))
        problems += wrong
        for multiplier in multipliers:
            parameters, wrong = read_parameters(param, multiplier, (max(width, 2), max(width, 2)))
            choice = Arithmetic(width, multiplier.name, parameters, accumulation.name, adder_parameters)
            problems += [*wrong, *choice.problems()]
            choices.append(choice)
    if problems:
        raise SpecError("\n".join(dict.fromkeys(problems)))
    return choices


def _words(parameters: dict[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in parameters.items())


def _flat(row: NetworkAccuracy) -> dict[str, Any]:
    """A row of CSV: parameters in one cell."""
    data: dict[str, Any] = row.model_dump(mode="json")
    return data | {name: _words(data[name]) for name in ("multiplier_parameters", "adder_parameters")}


def _print(rows: list[NetworkAccuracy]) -> None:
    columns = ["bits", "multiplier", "adder", "accuracy", "loss", "same answer"]
    cells = [
        [
            f"{row.width_bits}",
            f"{row.multiplier} {_words(row.multiplier_parameters)}".strip(),
            f"{row.adder} {_words(row.adder_parameters)}".strip(),
            f"{row.accuracy:.2%}",
            f"{row.loss * 100:+.2f} points",
            f"{row.agreement:.2%}",
        ]
        for row in rows
    ]
    print_table(columns, cells, right=columns[3:])
    first = rows[0]
    exact = ", ".join(f"{w} bits {a:.2%}" for w, a in sorted({(r.width_bits, r.exact_accuracy) for r in rows}))
    talk(
        f"float {first.float_accuracy:.2%}; exact units: {exact}; {first.test_images} test images, "
        f"seed {first.split_seed}, network {first.network}"
    )
