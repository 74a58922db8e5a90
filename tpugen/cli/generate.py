"""`tpugen generate`: a sentence in, a judged design out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tpugen.cli.choices import ClockMhz, Json, NoCache, Quiet, RunsDir, Seed, SpecFile, Technology, Text, one_request

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
    technology: Technology = "osu018",
    clock_mhz: ClockMhz = None,
    gemm: Annotated[
        list[str] | None,
        typer.Option("--gemm", metavar="MxKxN", help="Workload for the model; may be repeated. Default: 64x64x64."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Chat model that writes the RTL: a model of an OpenAI-compatible endpoint, gguf:FILE, or "
            "langchain:PROVIDER:NAME.",
        ),
    ] = None,
    writer: Annotated[
        Writer | None, typer.Option("--writer", help="Who writes. Default: llm if --model is given, else composer.")
    ] = None,
    fallback: Annotated[
        Fallback | None, typer.Option("--fallback", help="Who writes instead if the chat model fails.")
    ] = None,
    repairs: Annotated[
        int, typer.Option("--repairs", min=0, max=50, help="How often the chat model may mend its RTL.")
    ] = 3,
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

    request = one_request(text, spec)
    options = GenerateOptions(
        writer=writer.value if writer else None, chat_model=model, fallback=fallback.value if fallback else None,
        repairs=repairs, chat_timeout_s=chat_timeout, seed=seed, technology=technology, clock_mhz=clock_mhz,
        gemms=tuple(gemm or ()), synthesis_mode=synth_mode.value, waves=waves, use_cache=not no_cache, out=out,
        runs_folder=runs_dir,
    )  # fmt: skip
    with progress(quiet=quiet) as observer:
        result = run_generate(request, options=options, observer=observer)
    show_result(result, as_json=json)
    raise typer.Exit(0 if result.passed else 1)
