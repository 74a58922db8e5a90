"""`tpugen generate`: a sentence in, a judged design out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tpugen.cli.choices import (
    ClockMhz,
    ContractFile,
    Json,
    Mode,
    NoCache,
    Quiet,
    ReferenceFile,
    ReplyStyle,
    RunsDir,
    Seed,
    SpecBy,
    SpecFile,
    Technology,
    Text,
    any_request,
)

__all__ = ["generate"]


class Writer(StrEnum):
    """Who writes the RTL."""

    composer = "composer"
    llm = "llm"


class Fallback(StrEnum):
    """Who writes if the chat model fails."""

    composer = "composer"


class SynthMode(StrEnum):
    """How to synthesise."""

    auto = "auto"
    flat = "flat"
    hierarchical = "hierarchical"


def generate(
    text: Text = None,
    spec: SpecFile = None,
    contract: ContractFile = None,
    reference: ReferenceFile = None,
    technology: Technology = "osu018",
    clock_mhz: ClockMhz = None,
    gemm: Annotated[
        list[str] | None,
        typer.Option("--gemm", metavar="MxKxN", help="Workload for the model; may be repeated. Default: 64x64x64."),
    ] = None,
    workload: Annotated[
        list[str] | None,
        typer.Option(
            "--workload",
            metavar="NAME|FILE",
            help="Language model (name or config.json) that a pim_llm, a tpu or a systolic array is judged on; "
            "may be repeated.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Chat model that writes the RTL: a model of an OpenAI-compatible endpoint, local:FILE (a GGUF file), "
            "recorded:FILE, or langchain:PROVIDER:NAME.",
        ),
    ] = None,
    writer: Annotated[
        Writer | None, typer.Option("--writer", help="Who writes. Default: llm if --model is given, else composer.")
    ] = None,
    fallback: Annotated[
        Fallback | None, typer.Option("--fallback", help="Who writes instead if the chat model fails.")
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option("--mode", help="The chat model writes the top level over the library, or every module."),
    ] = None,
    reply: Annotated[
        ReplyStyle,
        typer.Option("--reply", help="In compose mode: what follows the contract's header, or the whole module."),
    ] = ReplyStyle.body,
    candidates: Annotated[
        int, typer.Option("--candidates", min=1, max=100, help="How often the chat model may start afresh.")
    ] = 2,
    repairs: Annotated[int, typer.Option("--repairs", min=0, max=50, help="How often it may mend each candidate.")] = 3,
    retrieval: Annotated[
        bool, typer.Option("--retrieval/--no-retrieval", help="Show it library modules and similar designs.")
    ] = True,
    examples: Annotated[
        int, typer.Option("--examples", min=0, max=10, help="How many similar designs it is shown.")
    ] = 1,
    spec_by: SpecBy = None,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="LIMITS", help='What it may cost, e.g. "20000 tokens, 10 min, 0.50 usd".'),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option("--prices", metavar="IN,OUT", help="US dollars for a million tokens (default: $TPUGEN_PRICES)."),
    ] = None,
    chat_timeout: Annotated[
        float,
        typer.Option("--chat-timeout", min=1, max=86_400, metavar="SECONDS", help="Limit of one request to it."),
    ] = 600.0,
    seed: Seed = 1,
    synth_mode: Annotated[SynthMode, typer.Option("--synth-mode", help="How to synthesise.")] = SynthMode.auto,
    waves: Annotated[bool, typer.Option("--waves/--no-waves", help="Keep the waveform of the simulation.")] = True,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The run's folder: new, empty, or a run of the same request."),
    ] = None,
    runs_dir: RunsDir = None,
    no_cache: NoCache = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write, check, synthesise, time and judge a design: everything is kept in a run folder.

    Exit code: 0 every gate passed, 1 a gate refused the design, 2 the request is wrong, 3 a tool is missing or broke,
    4 the chat model failed.
    """
    from tpugen.cli.progress import progress
    from tpugen.cli.show import show_result
    from tpugen.pipeline.generation import generate as run_generate
    from tpugen.pipeline.options import GenerateOptions

    request = any_request(text, spec, contract, reference)
    options = GenerateOptions(
        writer=writer.value if writer else None, chat_model=model, fallback=fallback.value if fallback else None,
        mode=mode.value if mode else None, reply=reply.value, candidates=candidates, repairs=repairs,
        retrieval=retrieval, examples=examples, spec_by=spec_by.value if spec_by else None, budget=budget,
        prices=prices, chat_timeout_s=chat_timeout, seed=seed, technology=technology, clock_mhz=clock_mhz,
        gemms=tuple(gemm or ()), workloads=tuple(workload or ()), synthesis_mode=synth_mode.value, waves=waves,
        use_cache=not no_cache, out=out,
        runs_folder=runs_dir,
    )  # fmt: skip
    with progress(quiet=quiet) as observer:
        result = run_generate(request, options=options, observer=observer)
    show_result(result, as_json=json)
    raise typer.Exit(0 if result.passed else 1)
