"""`tpugen model llm`: a language model on a system, component by component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tpugen.cli import model_options as options
from tpugen.cli.choices import Json, RunsDir
from tpugen.cli.output import number, print_csv, print_data, print_json, print_pairs, print_table, talk
from tpugen.errors import RequestError

if TYPE_CHECKING:
    from tpugen.results.systems import LlmResult, OperatorCost

__all__ = ["llm"]


def llm(
    model: Annotated[
        str,
        typer.Option("--model", metavar="NAME|FILE", help="Language model by name, or a Hugging Face config.json."),
    ],
    context: Annotated[int, typer.Option("--context", metavar="TOKENS", help="Tokens that are attended to.")],
    system: Annotated[
        str, typer.Option("--system", metavar="NAME|FILE", help="tpu-llm, pim-llm, or a system file (TOML).")
    ] = "pim-llm",
    as_published: options.AsPublished = False,
    phase: options.Phase = "decode",
    batch: Annotated[int, typer.Option("--batch", metavar="SEQUENCES", help="Sequences at a time.")] = 1,
    embedding: options.Embedding = False,
    lm_head: options.LmHead = False,
    nonlinear: options.Nonlinear = False,
    weight_bits: options.WeightBits = None,
    activation_bits: options.ActivationBits = None,
    kv_bits: options.KvBits = None,
    beyond_context: options.BeyondContext = False,
    rows: Annotated[
        int | None, typer.Option("--rows", help="Rows of the systolic arrays.", show_default="the system's")
    ] = None,
    cols: Annotated[
        int | None, typer.Option("--cols", help="Columns of the systolic arrays.", show_default="the system's")
    ] = None,
    dataflow: Annotated[
        str | None,
        typer.Option(
            "--dataflow",
            metavar="NAME",
            help="os, ws, is, or best: the fewest cycles, operator by operator.",
            show_default="the system's",
        ),
    ] = None,
    cycle_model: Annotated[
        str | None,
        typer.Option(
            "--cycle-model",
            metavar="NAME",
            help="scalesim-3.0.0, scalesim-paper, or tpugen: what our RTL meets in simulation.",
            show_default="the system's",
        ),
    ] = None,
    clock_mhz: Annotated[
        float | None,
        typer.Option("--clock-mhz", metavar="MHZ", help="Clock of the systolic arrays.", show_default="the system's"),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            "--design",
            metavar="RUN",
            help="A measured run in place of the systolic arrays: its shape, dataflow, cycles, clock, power and area.",
        ),
    ] = None,
    scale_to: Annotated[
        str | None,
        typer.Option(
            "--scale-to", metavar="NODE", help="Carry the design to another technology, e.g. 45nm or 45nm@1.0V."
        ),
    ] = None,
    schedule: options.Schedule = None,
    accounting: options.Accounting = None,
    memory: options.Memory = None,
    constants: options.Constants = None,
    cards: options.Cards = None,
    runs_dir: RunsDir = None,
    json: Json = False,
    csv: options.Csv = False,
) -> None:
    """A language model on a system: tokens per second and per joule, component by component.

    Without --as-published the real model's shapes run, and every engine pays for all its work.
    """
    from tpugen.pipeline.llm_modelling import model_llm

    if json and csv:
        raise RequestError("--json and --csv both say what to print", hint="leave one of them out")
    result = model_llm(
        model,
        context,
        system=system,
        as_published=as_published,
        phase=phase,
        batch=batch,
        embedding=embedding,
        lm_head=lm_head,
        nonlinear=nonlinear,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        kv_bits=kv_bits,
        beyond_context=beyond_context,
        rows=rows,
        cols=cols,
        dataflow=dataflow,
        cycle_model=cycle_model,
        clock_mhz=clock_mhz,
        design=design,
        scale_to=scale_to,
        schedule=schedule,
        accounting=accounting,
        memory=memory,
        constants=options.pairs("--set", constants),
        cards=options.pairs("--card", cards),
        runs=runs_dir,
    )
    if json:
        print_json(result)
    elif csv:
        print_csv([component.model_dump() for component in result.components])
        _say(result)
    else:
        _show(result)
        _say(result)


def _say(result: LlmResult) -> None:
    """Under which rules the numbers hold: never left out."""
    talk(
        f"workload {result.workload}, accounting {result.accounting}, schedule {result.schedule}, "
        f"memory {result.memory}; latency {result.origins['latency_ms']}, energy {result.origins['energy_mj']}, "
        f"area {result.origins['area_mm2']}"
    )
    for note in result.notes:
        talk(f"note: {note}")


def _show(result: LlmResult) -> None:
    print_pairs(
        [
            ("model", f"{result.model}, {result.phase}, context {result.context:,}, batch {result.batch}"),
            ("system", f"{result.system} ({result.system_source})"),
            *[(engine.name, ", ".join(engine.settings.values())) for engine in result.engines],
            ("accounting", result.accounting),
            ("tokens/s", number(result.tokens_per_s)),
            ("tokens/J", _known(result.tokens_per_j)),
            ("latency", number(result.latency_ms, "ms")),
            *([("interval", number(result.interval_ms, "ms"))] if result.schedule == "overlapped" else []),
            ("energy", _known(result.energy_mj, "mJ")),
            ("area", _known(result.area_mm2, "mm2")),
            ("GOPS", number(result.gops)),
            ("GOPS/W", _known(result.gops_per_w)),
        ]
    )
    print_data("")
    columns = ["operator", "engine", "M x K x N", "times", "MACs", "ms", "share", "mJ"]
    rows = [
        [
            operator.name, operator.engine, _shape(operator), f"{operator.count:,}",
            f"{operator.macs:,}", number(operator.latency_ms), f"{operator.share_of_latency:.1%}",
            _known(operator.energy_mj),
        ]
        for operator in result.operators
    ]  # fmt: skip
    rows.append(
        ["total", "", "", "", f"{result.macs:,}", number(result.latency_ms), "", _known(result.energy_mj)]
    )  # fmt: skip
    print_table(columns, rows, right=columns[2:])
    print_data("")
    columns = ["engine", "component", "ms", "mJ", "origin"]
    print_table(columns, _component_rows(result), right=columns[2:4])


def _shape(operator: OperatorCost) -> str:
    """Sizes of a product; elements and vectors of what is none."""
    if operator.macs == 0:
        return f"{operator.m} x {operator.n}"
    return f"{operator.m} x {operator.k} x {operator.n}"


def _known(value: float | None, unit: str = "") -> str:
    return "not known" if value is None else number(value, unit)


def _component_rows(result: LlmResult) -> list[list[str]]:
    """Components, summed over the operators."""
    import math

    rows = []
    for engine, name in dict.fromkeys((part.engine, part.name) for part in result.components):
        parts = [part for part in result.components if (part.engine, part.name) == (engine, name)]
        known = [part.energy_mj for part in parts if part.energy_mj is not None]
        rows.append(
            [
                engine,
                name,
                number(math.fsum(part.latency_ms for part in parts)),
                _known(math.fsum(known) if len(known) == len(parts) else None),
                parts[0].origin,
            ]
        )
    return rows
