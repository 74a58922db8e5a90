"""`tpugen bench compare`: runs side by side, with a paired test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tpugen.cli.choices import Json
from tpugen.cli.output import print_json, print_pairs, print_table

__all__ = ["compare"]


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of runs, or result files.")],
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Write a plot of pass@1 with intervals (.svg).")
    ] = None,
    json: Json = False,
) -> None:
    """Compare runs with the first: pass@k, what they differ in, and whether that is more than chance.

    The test is McNemar's, exact, on the problems that both runs have (their first samples); the interval of the
    difference is a bootstrap over these problems.
    """
    from tpugen.bench.compare import compare_runs
    from tpugen.bench.outcome import read_result
    from tpugen.report.bench_text import difference_words, p_words, pass_words, percent

    comparison = compare_runs([read_result(run) for run in runs])
    if plot is not None:
        from tpugen.report.bench_chart import write_comparison_chart

        write_comparison_chart(comparison, plot)
    if json:
        print_json(comparison)
        return
    heads = ["run", "samples", "spec", "lint", "functional", "pass@1", "95 %", "pass@3", "pass@5", "pass@10"]
    print_table(
        heads,
        [
            [run.name, str(run.total.samples), *map(percent, (run.total.spec, run.total.lint, run.total.functional)),
             pass_words(run.total.pass_at[0]), percent(run.total.pass_at[0].share, ends=True),
             *(pass_words(at) for at in run.total.pass_at[1:])]
            for run in comparison.runs
        ],
        right=heads[1:],
    )  # fmt: skip
    for row in comparison.rows:
        gain = f"{difference_words(row.difference)}, McNemar p {p_words(row.p_value)}"
        print_pairs(
            [
                ("", ""),
                ("against the first", row.name),
                ("changed", "; ".join(row.changed) or "nothing"),
                ("gain", gain if row.common else "not paired: the runs have no problem in common"),
                (
                    "problems",
                    f"{row.common} in common; only the first passed {row.only_first}, only this {row.only_this}",
                ),
            ]
        )
    if plot is not None:
        print_pairs([("plot", str(plot))])
