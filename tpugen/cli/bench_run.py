"""`tpugen bench run`: prompts in, verdicts and pass@k out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpugen.cli.choices import Json, Mode, Quiet, ReplyStyle
from tpugen.cli.output import print_json, print_pairs, print_table, talk

if TYPE_CHECKING:
    from tpugen.report.bench_data import BenchResult

__all__ = ["print_result", "run"]


class BenchWriter(StrEnum):
    """Who writes."""

    composer = "composer"
    llm = "llm"
    reference = "reference"


class SpecBy(StrEnum):
    """Who reads the prompt."""

    rules = "rules"
    llm = "llm"
    both = "both"
    given = "given"


def run(
    suite: Annotated[
        list[str] | None,
        typer.Option(
            "--suite", metavar="NAME|PATH",
            help="A suite of tpugen's, or a folder of *_prompt.txt, *_ref.sv, *_test.sv; may be repeated. Default: all "
            "of tpugen's.",
        ),
    ] = None,
    problems: Annotated[
        str | None, typer.Option("--problems", metavar="ID,...", help="Only these problems.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="At most N problems a suite, drawn evenly.")
    ] = None,
    samples: Annotated[int, typer.Option("--samples", min=1, max=1000, help="Samples a problem: n of pass@k.")] = 1,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Chat model that writes, as in `tpugen generate`.")
    ] = None,
    writer: Annotated[
        BenchWriter | None,
        typer.Option(
            "--writer",
            help="Who writes; `reference` hands in a suite's own solutions. Default: llm with --model, else composer.",
        ),
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="The model writes the top level over the library, or every module.")
    ] = Mode.compose,
    reply: Annotated[
        ReplyStyle, typer.Option("--reply", help="In compose mode: what follows the header, or the whole top module.")
    ] = ReplyStyle.body,
    repairs: Annotated[
        int, typer.Option("--repairs", min=0, max=50, help="How often the model may mend a candidate.")
    ] = 3,
    candidates: Annotated[
        int, typer.Option("--candidates", min=1, max=100, help="How often it may start afresh for a sample.")
    ] = 1,
    retrieval: Annotated[
        bool, typer.Option("--retrieval/--no-retrieval", help="Show library modules and similar designs.")
    ] = True,
    examples: Annotated[int, typer.Option("--examples", min=0, max=10, help="Similar designs that are shown.")] = 1,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2, help="Of the first candidate.")] = 0.2,
    spec_by: Annotated[
        SpecBy, typer.Option("--spec-by", help="Who reads the prompt; `given`: nobody, the spec is handed over.")
    ] = SpecBy.rules,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**30 - 1, help="Of sampling, and of the stimulus of all checks.")
    ] = 1,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="LIMITS", help='What the model may cost, e.g. "200k tokens, 2 h, 1 usd".'),
    ] = None,
    chat_timeout: Annotated[
        float, typer.Option("--chat-timeout", min=1, max=86_400, metavar="SECONDS", help="Limit of one request to it.")
    ] = 600.0,
    max_reply_tokens: Annotated[
        int, typer.Option("--max-reply-tokens", min=16, metavar="N", help="Limit of one reply.")
    ] = 4096,
    redo: Annotated[
        list[str] | None,
        typer.Option("--redo", metavar="STAGE", help="Take finished samples anew that ended at: spec, a gate, golden."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="N", help="Processes (composer). Default: usable CPUs.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The run's folder: new, empty, or a run of the same choices."),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Run the benchmark: prompt, spec, RTL, gates, golden check. The same command goes on with what was interrupted.

    A sample passes when its prompt was read right, every gate passed, and so did a golden check that knows nothing of
    the library. Exit code 0: every sample is there, whatever they came to; 1: a budget ended the run.
    """
    from tpugen.bench.configuration import BenchConfiguration
    from tpugen.bench.problems import SUITES
    from tpugen.bench.runner import run_bench
    from tpugen.cli.bench_progress import bench_progress

    chosen = writer or (BenchWriter.llm if model else BenchWriter.composer)
    configuration = BenchConfiguration(
        suites=tuple(suite or SUITES), problems=tuple(_names(problems)), limit=limit, samples=samples,
        writer=chosen.value, model=model, mode=mode.value, reply=reply.value, candidates=candidates, repairs=repairs,
        retrieval=retrieval, examples=examples, temperature=temperature, spec_by=spec_by.value, seed=seed,
        chat_timeout_s=chat_timeout, max_reply_tokens=max_reply_tokens,
    )  # fmt: skip
    limits = None
    if budget is not None:
        from tpugen.writers.budget import Budget

        limits = Budget.parse(budget)
    with bench_progress(quiet=quiet) as observer:
        try:
            result, folder = run_bench(
                configuration, out=out, jobs=workers, budget=limits, redo=tuple(redo or ()), observer=observer
            )
        except KeyboardInterrupt:
            talk("what was finished is kept: the same command goes on with it")
            raise
    if json:
        print_json(result)
    else:
        print_result(result)
        print_pairs([("folder", str(folder))])
    raise typer.Exit(0 if result.finished else 1)


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def print_result(result: BenchResult) -> None:
    """The result as tables."""
    from tpugen.report.bench_text import pass_words, percent

    print_pairs([("run", result.name), *([("stopped", result.stopped)] if result.stopped else [])])
    heads = ["", "problems", "samples", "spec", "lint", "functional", "pass@1", "pass@3", "pass@5", "pass@10"]
    rows = [
        [tally.name, str(tally.problems), str(tally.samples), *map(percent, (tally.spec, tally.lint, tally.functional)),
         *(pass_words(at) for at in tally.pass_at)]
        for tally in (result.total, *result.suites)
    ]  # fmt: skip
    print_table(heads, rows, right=heads[1:])
    pairs = [("95 %", f"pass@1 is {percent(result.total.pass_at[0].share, ends=True)}")]
    if result.repairs:
        steps = ", ".join(f"{step.allowed}: {percent(step.share)}" for step in result.repairs)
        pairs.append(("repairs", f"pass@1 by repairs allowed: {steps}"))
    if result.ended:
        pairs.append(("ended at", ", ".join(f"{name} {count}" for name, count in result.ended.items())))
    if result.golden_refused:
        pairs.append(("golden", f"{result.golden_refused} samples passed every gate and failed the golden check"))
    if result.prompt_tokens or result.reply_tokens:
        cost = "unknown cost" if result.cost_usd is None else f"{result.cost_usd:.4f} usd"
        pairs.append(("tokens", f"{result.prompt_tokens:,} in, {result.reply_tokens:,} out, {cost}"))
    print_pairs([*pairs, ("time", f"{result.seconds:,.0f} s")])
