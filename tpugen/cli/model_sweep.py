"""`tpugen model sweep`: language models x contexts x systems x arrays x dataflows."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli import model_options as options
from tpugen.cli.choices import Json
from tpugen.cli.output import number, print_csv, print_json, print_table, talk
from tpugen.errors import RequestError

__all__ = ["sweep"]

_LIST = "Repeat it, or separate values by commas."


def sweep(
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME|FILE", help=f"Models. {_LIST}", show_default="the paper's seven"),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="TOKENS", help=f"Contexts. {_LIST}", show_default="128,256,...,4096"),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option("--system", metavar="NAME|FILE", help=f"Systems. {_LIST}", show_default="tpu-llm,pim-llm"),
    ] = None,
    array: Annotated[
        list[str] | None,
        typer.Option(
            "--array",
            metavar="RxC",
            help=f"Sizes of the systolic arrays, e.g. 32x32. {_LIST}",
            show_default="the systems'",
        ),
    ] = None,
    dataflow: Annotated[
        list[str] | None,
        typer.Option("--dataflow", metavar="NAME", help=f"os, ws, is, best. {_LIST}", show_default="the systems'"),
    ] = None,
    cycle_model: Annotated[
        list[str] | None,
        typer.Option("--cycle-model", metavar="NAME", help=f"Cycle models. {_LIST}", show_default="the systems'"),
    ] = None,
    clock_mhz: Annotated[
        list[float] | None,
        typer.Option(
            "--clock-mhz", metavar="MHZ", help="Clocks of the arrays. Repeat it.", show_default="the systems'"
        ),
    ] = None,
    batch: Annotated[
        list[str] | None,
        typer.Option("--batch", metavar="SEQUENCES", help=f"Sequences at a time. {_LIST}", show_default="1"),
    ] = None,
    as_published: options.AsPublished = False,
    phase: options.Phase = "decode",
    embedding: options.Embedding = False,
    lm_head: options.LmHead = False,
    nonlinear: options.Nonlinear = False,
    weight_bits: options.WeightBits = None,
    activation_bits: options.ActivationBits = None,
    kv_bits: options.KvBits = None,
    beyond_context: options.BeyondContext = False,
    schedule: options.Schedule = None,
    accounting: options.Accounting = None,
    memory: options.Memory = None,
    json: Json = False,
    csv: options.Csv = False,
) -> None:
    """Every combination of models, contexts, systems, arrays, dataflows, clocks and batches, evaluated at once."""
    from tpugen.pipeline.sweep_modelling import PUBLISHED_CONTEXTS, PUBLISHED_MODELS, model_sweep

    if json and csv:
        raise RequestError("--json and --csv both say what to print", hint="leave one of them out")
    result = model_sweep(
        options.words(model, "--model") or PUBLISHED_MODELS,
        options.numbers("--context", context) or PUBLISHED_CONTEXTS,
        systems=options.words(system, "--system") or ("tpu-llm", "pim-llm"),
        arrays=options.words(array, "--array"),
        dataflows=options.words(dataflow, "--dataflow"),
        cycle_models=options.words(cycle_model, "--cycle-model"),
        clocks_mhz=clock_mhz or (),
        batches=options.numbers("--batch", batch) or (1,),
        as_published=as_published,
        phase=phase,
        embedding=embedding,
        lm_head=lm_head,
        nonlinear=nonlinear,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        kv_bits=kv_bits,
        beyond_context=beyond_context,
        schedule=schedule,
        accounting=accounting,
        memory=memory,
    )
    if json:
        print_json(result)
        return
    if csv:
        print_csv([point.model_dump() for point in result.points])
    else:
        columns = ["system", "model", "context", "batch", "array", "dataflow", "cycle model", "MHz", "tokens/s",
                   "tokens/J", "ms", "mJ", "GOPS", "projections"]  # fmt: skip
        print_table(
            columns,
            [
                [
                    point.system, point.model, f"{point.context:,}", str(point.batch), f"{point.rows}x{point.cols}",
                    str(point.dataflow), str(point.cycle_model), f"{point.clock_mhz:g}", number(point.tokens_per_s),
                    number(point.tokens_per_j), number(point.latency_ms), number(point.energy_mj), number(point.gops),
                    f"{point.projection_share:.1%}",
                ]
                for point in result.points
            ],
            right=["context", "batch", *columns[7:]],
        )  # fmt: skip
    points = result.points
    for name in ("accounting", "schedule", "memory"):
        talk(f"{name} {', '.join(dict.fromkeys(str(getattr(point, name)) for point in points))}")
    talk(f"workload {result.workload}, {result.phase}; {len(points):,} points")
    for note in result.notes:
        talk(f"note: {note}")
