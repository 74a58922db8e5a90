"""`tpugen model amdahl`: what faster projections can give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from tpugen.cli import model_options as options
from tpugen.cli.choices import Json
from tpugen.cli.output import number, print_csv, print_json, print_pairs, print_table, talk
from tpugen.errors import RequestError

if TYPE_CHECKING:
    from tpugen.model.amdahl import Measure
    from tpugen.model.workloads.decoder import Phase
    from tpugen.results.amdahl import AmdahlPoint

__all__ = ["amdahl"]

_LIST = "Repeat it or give a list: A,B."


def amdahl(
    model: Annotated[
        list[str], typer.Option("--model", metavar="NAME|FILE", help=f"Language model, or a config.json. {_LIST}")
    ],
    context: Annotated[list[str], typer.Option("--context", metavar="TOKENS", help=f"Context lengths. {_LIST}")],
    rows: Annotated[
        list[str] | None, typer.Option("--rows", help=f"Rows of the arrays. {_LIST}", show_default="32")
    ] = None,
    cols: Annotated[
        list[str] | None,
        typer.Option("--cols", help="Columns of the arrays: one number, or as many as rows.", show_default="32"),
    ] = None,
    dataflow: Annotated[
        list[str] | None,
        typer.Option("--dataflow", metavar="NAME", help=f"os, ws, is, best. {_LIST}", show_default="os"),
    ] = None,
    cycle_model: Annotated[
        str,
        typer.Option(
            "--cycle-model",
            metavar="NAME",
            help="scalesim-3.0.0, scalesim-paper, or tpugen: what our RTL meets in simulation.",
        ),
    ] = "scalesim-3.0.0",
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="What F is a share of: cycles, macs, bytes.")
    ] = "cycles",
    gain: Annotated[
        list[str] | None,
        typer.Option("--gain", metavar="S_P", help=f"Gains of the projections. {_LIST}", show_default="2,4,...,256"),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", metavar="SEQUENCES", help="Sequences at a time.")] = 1,
    phase: options.Phase = "decode",
    weight_bits: options.WeightBits = None,
    baseline_weight_bits: Annotated[
        int, typer.Option("--baseline-weight-bits", metavar="BITS", help="Width of the weights before, for bytes.")
    ] = 8,
    kv_bits: options.KvBits = None,
    as_published: options.AsPublished = False,
    beyond_context: options.BeyondContext = False,
    json: Json = False,
    csv: options.Csv = False,
) -> None:
    """Amdahl's law for 1-bit models: F, the projections' share; what a gain of theirs gives the whole; its ceiling.

    S = 1 / ((1 - F) + F / S_p), at most 1 / (1 - F). The crossover context is the shortest at which F is below a half.
    One combination gives a JSON object, several a list of them.
    """
    from tpugen.model.workloads import Widths
    from tpugen.pipeline.amdahl import DEFAULT_GAINS, model_amdahl

    if json and csv:
        raise RequestError("--json and --csv both say what to print", hint="leave one of them out")
    points = model_amdahl(
        options.words(model), options.numbers("--context", context), rows=options.numbers("--rows", rows) or [32],
        cols=options.numbers("--cols", cols) or [32], dataflows=options.words(dataflow) or ["os"],
        cycle_model=cycle_model, by=cast("Measure", by), gains=_gains(gain) or DEFAULT_GAINS,
        phase=cast("Phase", phase), batch=batch, as_published=as_published,
        widths=Widths(weight_bits=1 if weight_bits is None else weight_bits, kv_bits=8 if kv_bits is None else kv_bits),
        baseline_weight_bits=baseline_weight_bits, beyond_context=beyond_context,
    )  # fmt: skip
    if json:
        print_json(points[0] if len(points) == 1 else points)
    elif csv:
        print_csv([_row(point) for point in points])
    elif len(points) == 1:
        _print_one(points[0])
    else:
        _print_many(points, with_gains=bool(gain))


def _gains(values: list[str] | None) -> list[float]:
    try:
        return [float(word) for word in options.words(values)]
    except ValueError as error:
        raise typer.BadParameter(f"{', '.join(values or [])}: expected numbers", param_hint="--gain") from error


def _row(point: AmdahlPoint) -> dict[str, object]:
    memory = point.memory
    return {
        "model": point.model, "workload": point.workload, "phase": point.phase, "context": point.context,
        "batch": point.batch, "rows": point.rows, "cols": point.cols, "dataflow": point.dataflow,
        "cycle_model": point.cycle_model, "by": point.by, "fraction": point.fraction, "ceiling": point.ceiling,
        "crossover_context": point.crossover_context,
        **{f"fraction_{name}": value for name, value in point.fractions.items()},
        **{f"crossover_{name}": value for name, value in point.crossovers.items()},
        **{f"speedup_at_{at.gain:g}": at.speedup for at in point.speedups},
        "memory_fraction": memory.fraction, "memory_speedup": memory.speedup, "memory_ceiling": memory.ceiling,
    }  # fmt: skip


def _print_one(point: AmdahlPoint) -> None:
    memory = point.memory
    columns = ["share of", "F", "ceiling", "below a half from"]
    rows = [
        [name, f"{share:.2%}", f"{1 / (1 - share):.2f}x", _context(point.crossovers[name])]
        for name, share in point.fractions.items()
    ]
    print_table(columns, rows, right=columns[1:])
    print_pairs(
        [
            (f"by {point.by}", ", ".join(f"{at.gain:g}x gives {at.speedup:.2f}x" for at in point.speedups)),
            (
                "memory",
                f"{number(memory.baseline_mb)} MB become {number(memory.mb)} MB: {memory.speedup:.2f}x of "
                f"{memory.ceiling:.2f}x",
            ),
        ]
    )
    talk(
        f"{point.model} at {point.context:,} tokens, {point.phase}; cycles on a {point.rows}x{point.cols} array, "
        f"{point.dataflow}, {point.cycle_model}; memory: weights of {memory.baseline_weight_bits} bits become "
        f"{memory.weight_bits}, the cache keeps {memory.kv_bits}"
    )


def _print_many(points: list[AmdahlPoint], *, with_gains: bool) -> None:
    first = points[0]
    gains = [f"S at {at.gain:g}" for at in first.speedups] if with_gains else []
    columns = ["model", "context", "array", "dataflow", "F", "ceiling", *gains, "below a half from"]
    rows = [
        [
            point.model, f"{point.context:,}", f"{point.rows}x{point.cols}", point.dataflow, f"{point.fraction:.1%}",
            f"{point.ceiling:.2f}x", *[f"{at.speedup:.2f}x" for at in point.speedups if with_gains],
            _context(point.crossover_context),
        ]
        for point in points
    ]  # fmt: skip
    print_table(columns, rows, right=[name for name in columns if name not in ("model", "dataflow")])
    talk(f"F: the projections' share of {first.by} in {first.phase}; cycles by {first.cycle_model}")


def _context(value: int | None) -> str:
    return "never" if value is None else number(value)
