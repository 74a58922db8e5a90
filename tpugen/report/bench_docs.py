"""The documentation's page about the benchmark, from the results that are kept beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from tpugen.report.bench_chart import chart_file, comparison_chart
from tpugen.report.bench_data import BenchResult, Tally
from tpugen.report.bench_page import load_results
from tpugen.report.bench_text import duration, pass_words, percent

__all__ = ["benchmark_chart", "benchmark_page"]

_INTRODUCTION = """# Benchmark

How well prompts become designs, measured by tools alone. One sample goes from prompt to verdict:

1. the prompt is read (`--spec-by rules|llm|both`) and compared with what people read in it, field by field; what a
   prompt leaves out has the spec's defaults, and the clock counts where the prompt names one,
2. the writer writes: the composer, or a chat model with as many repairs and candidates as allowed,
3. the gates judge: sandbox, contract, lint, simulation,
4. a golden check judges again: the formulas of the literature in plain Python integers, one pair of operands at a time,
   and a Verilog test bench of its own. It shares no code with the models, the library or the gates, so that a mistake
   that those share is found. Units of up to 16 operand bits are checked for every pair; MACs and arrays compute
   products of random matrices four times: unhurried, with gaps in the operands, with results taken slowly, with both,
   and a reset in the middle of a tile. Tensor units, PIM tiles and decoder layers (a layer of its own, token after
   token, with crossbars that clip, stick and are noisy) are driven through their ports; large ones say that nothing
   judged them again.

A sample passes when all of it passes. *Spec* is the share of samples whose prompt was read right, *lint* the share that
is sound Verilog with the contract's ports, *functional* the share that passes every gate and the golden check. pass@k
is the unbiased estimator of Chen et al. (arXiv 2107.03374): a dash where some problem has fewer than k samples.
Intervals are of 95 %: Wilson's where every problem has one sample, else a bootstrap over problems.

```text
tpugen bench list                                        the suites
tpugen bench run                                         the composer: the ceiling
tpugen bench run --model local:MODEL.gguf --limit 5      a chat model, five problems of each suite
tpugen bench run --model NAME --samples 10               pass@1, 3, 5, 10
tpugen bench run --suite FOLDER --model NAME --mode full  a suite of the VerilogEval kind
tpugen bench compare A B --plot gain.svg                 what a choice gives, with McNemar's exact test
tpugen bench report DIR                                  one page about one run
```

Every finished sample is one file: the same command goes on with a run that was interrupted, or that a `--budget` ended.
A run's choices, prompts, library and model are its identity; a folder of another identity is refused. Suites of the
VerilogEval kind (folders of `*_prompt.txt`, `*_ref.sv`, `*_test.sv`) are judged by their own benches in the same
sandbox; `--writer reference` hands in a suite's own solutions, which shows that the suite works with the tools here."""

_SUITES = """## Suites

| suite | problems | holds |
|---|---|---|"""

_READING = """## How well the rules read

The rule parser had not seen these prompts when it first read them. It has learnt from its mistakes since, so
its share today says how it does on known prompts, and the shares at first sight how it does on new ones.

| prompts | read right at first sight |
|---|---|"""


def benchmark_page(results: Path, first_sight: Path, suites: Sequence[tuple[str, int, str]], images: str) -> str:
    """The page as Markdown.

    Args:
        results: Folder of result files.
        first_sight: File of `{prompts, read, of}`: how the rules fared with prompts that they had not met.
        suites: Name, number of problems and content of each suite.
        images: Folder of the chart, relative to the page.

    Raises:
        StorageError: a file that is no result.
    """
    runs = _ordered(load_results(results))
    lines = [_INTRODUCTION, "", _SUITES]
    lines += [_row(name, str(count), holds) for name, count, holds in suites]
    lines += ["", "## Results", ""]
    if runs:
        lines += [*_overview(runs), "", f"![pass@1 of all runs]({images}/benchmark.svg)", "", *_by_suite(runs)]
        lines += [*_ladders(runs), *_endings(runs)]
    else:
        lines += ["None are kept yet."]
    lines += ["", *_reading(runs, first_sight), "", *_what_was_run(runs)]
    return "\n".join(lines).rstrip() + "\n"


def benchmark_chart(results: Path) -> str:
    """The chart of all results as an SVG file's text; without results an empty drawing's."""
    runs = _ordered(load_results(results))
    return chart_file(comparison_chart(runs)) if runs else '<svg xmlns="http://www.w3.org/2000/svg"/>\n'


def _ordered(runs: Sequence[BenchResult]) -> list[BenchResult]:
    """The composer first, as the ceiling; chat models by name."""
    return sorted(runs, key=lambda run: (run.endpoint is not None, run.name))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _overview(runs: Sequence[BenchResult]) -> Iterator[str]:
    heads = ["run", "samples", "spec", "lint", "functional", "pass@1 (95 %)", "pass@3", "pass@5", "pass@10"]
    heads += ["tokens", "time", "cost"]
    yield _row(*heads)
    yield "|---|" + "---:|" * (len(heads) - 1)
    for run in runs:
        total = run.total
        tokens = f"{run.prompt_tokens + run.reply_tokens:,}" if run.endpoint else "–"
        cost = "–" if not run.endpoint else "unknown" if run.cost_usd is None else f"{run.cost_usd:.2f} usd"
        yield _row(
            run.name + ("" if run.finished else " (not finished)"), str(total.samples), percent(total.spec),
            percent(total.lint), percent(total.functional), percent(total.pass_at[0].share, interval=True),
            *(pass_words(at) for at in total.pass_at[1:]), tokens, duration(run.seconds), cost,
        )  # fmt: skip


def _by_suite(runs: Sequence[BenchResult]) -> Iterator[str]:
    names = list(dict.fromkeys(tally.name for run in runs for tally in run.suites))
    yield "### By suite: pass@1 (passed of samples)"
    yield ""
    yield _row("run", *names)
    yield "|---|" + "---:|" * len(names)
    for run in runs:
        tallies = {tally.name: tally for tally in run.suites}
        yield _row(run.name, *(_cell(tallies.get(name)) for name in names))


def _cell(tally: Tally | None) -> str:
    return "–" if tally is None else f"{pass_words(tally.pass_at[0])} ({tally.passed} of {tally.samples})"


def _ladders(runs: Sequence[BenchResult]) -> Iterator[str]:
    asked = [run for run in runs if len(run.repairs) > 1]
    if not asked:
        return
    most = max(len(run.repairs) for run in asked)
    yield ""
    yield "### What repairs give: pass@1 had so many been allowed"
    yield ""
    yield _row("run", *(str(step) for step in range(most)))
    yield "|---|" + "---:|" * most
    for run in asked:
        cells = [percent(step.share) for step in run.repairs]
        yield _row(run.name, *cells, *["–"] * (most - len(cells)))


def _endings(runs: Sequence[BenchResult]) -> Iterator[str]:
    names = list(dict.fromkeys(name for run in runs for name in run.ended))
    if not names:
        return
    yield ""
    yield "### Where samples that failed ended"
    yield ""
    yield _row("run", *names)
    yield "|---|" + "---:|" * len(names)
    for run in runs:
        yield _row(run.name, *(str(run.ended.get(name, 0)) for name in names))


def _reading(runs: Sequence[BenchResult], first_sight: Path) -> Iterator[str]:
    yield _READING
    for entry in json.loads(first_sight.read_text(encoding="utf-8")):
        yield _row(entry["prompts"], f"{entry['read']} of {entry['of']} ({100 * entry['read'] / entry['of']:.0f} %)")
    by_rules = next((run for run in runs if run.configuration.get("spec_by") == "rules" and run.endpoint is None), None)
    if by_rules is None:
        return
    yield ""
    yield "Today:"
    yield ""
    yield _row("suite", "prompts", "read right")
    yield "|---|---:|---:|"
    for tally in by_rules.suites:
        if tally.spec is not None:
            yield _row(tally.name, str(tally.problems), percent(tally.spec, interval=True))
    wrong = [sample for sample in by_rules.samples if sample.reading.right is False]
    if wrong:
        prompts = {problem.id: problem.prompt for problem in by_rules.problems}
        yield ""
        yield "Not read as people read them:"
        yield ""
    for sample in wrong:
        reading = sample.reading
        why = "; ".join(reading.differences) or (reading.error or "").splitlines()[0]
        unused = (
            f" (it says that it did not understand: {', '.join(reading.not_understood)})"
            if reading.not_understood
            else ""
        )
        yield f"- “{prompts[sample.problem]}”: {why}{unused}"


def _what_was_run(runs: Sequence[BenchResult]) -> Iterator[str]:
    if not runs:
        return
    yield "## What was run"
    yield ""
    for run in runs:
        asked = f", {run.endpoint}" if run.endpoint else ""
        choices = ", ".join(
            f"{name} {value}"
            for name, value in run.configuration.items()
            if not isinstance(value, list) and value is not None
        )
        yield (
            f"- **{run.name}**{asked}: {choices}; problems `{run.problems_sha256[:12]}`, prompts "
            f"`{run.prompts_sha256[:12]}`, library `{run.library_sha256[:12]}`; tpugen {run.tpugen_version}, "
            f"{run.created_utc[:10]}, {run.machine}"
        )
