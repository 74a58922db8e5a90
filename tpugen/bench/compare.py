"""Runs side by side: what they differ in, what that gives, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Sequence

from tpugen.bench.statistics import mcnemar_exact, paired_difference
from tpugen.bench.summary import share
from tpugen.errors import RequestError
from tpugen.report.bench_data import BenchResult, Comparison, ComparisonRow

__all__ = ["compare_runs"]


def compare_runs(runs: Sequence[BenchResult]) -> Comparison:
    """Compare runs with the first of them.

    Problems are paired by suite and id. The test looks at the first sample of each, so that its pairs are independent;
    the difference is that of all samples' pass rates.

    Args:
        runs: At least two.

    Raises:
        RequestError: fewer than two runs.
    """
    if len(runs) < 2:
        raise RequestError(f"found {len(runs)} run; at least two are compared")
    return Comparison(runs=list(runs), rows=[_row(runs[0], run) for run in runs[1:]])


def _row(first: BenchResult, this: BenchResult) -> ComparisonRow:
    rates, heads = ({name: _rates(run) for name, run in (("first", first), ("this", this))},
                    {name: _first_samples(run) for name, run in (("first", first), ("this", this))})  # fmt: skip
    common = [key for key in rates["first"] if key in rates["this"]]
    both = [key for key in heads["first"] if key in heads["this"]]
    only_first = sum(heads["first"][key] and not heads["this"][key] for key in both)
    only_this = sum(heads["this"][key] and not heads["first"][key] for key in both)
    return ComparisonRow(
        name=this.name,
        common=len(common),
        only_first=only_first,
        only_this=only_this,
        p_value=mcnemar_exact(only_first, only_this) if both else None,
        difference=share(paired_difference([(rates["first"][key], rates["this"][key]) for key in common])),
        changed=_changed(first, this),
    )


_Key = tuple[str, str]


def _rates(run: BenchResult) -> dict[_Key, float]:
    return {(problem.suite, problem.id): problem.passed / problem.samples for problem in run.problems}


def _first_samples(run: BenchResult) -> dict[_Key, bool]:
    return {(sample.suite, sample.problem): sample.passed for sample in run.samples if sample.sample == 1}


def _changed(first: BenchResult, this: BenchResult) -> list[str]:
    old, new = first.configuration, this.configuration
    names = [*old, *(name for name in new if name not in old)]
    changed = [
        f"{name}: {_word(old.get(name))} -> {_word(new.get(name))}" for name in names if old.get(name) != new.get(name)
    ]
    for name, before, after in (
        ("prompts", first.prompts_sha256, this.prompts_sha256),
        ("library", first.library_sha256, this.library_sha256),
        ("tpugen", first.tpugen_version, this.tpugen_version),
    ):
        if before != after:
            changed.append(f"{name}: {before[:8]} -> {after[:8]}")
    return changed


def _word(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return "+".join(map(str, value)) or "all"
    return str(value)
