"""From samples to a result: tallies, pass@k, what repair gives. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from tpugen.bench.statistics import PASS_AT, Estimate, mean_pass_at_k, wilson
from tpugen.report.bench_data import PassAt, ProblemRow, SampleRow, Share, Step, Tally

__all__ = ["candidate_ladder", "ended", "problem_rows", "repair_ladder", "tally"]


def share(estimate: Estimate | None) -> Share | None:
    """An estimate as data, rounded to what means anything."""
    if estimate is None:
        return None
    return Share(value=round(estimate.value, 6), low=round(estimate.low, 6), high=round(estimate.high, 6))


def tally(name: str, samples: Sequence[SampleRow]) -> Tally:
    """Samples together.

    Args:
        name: What they are called.
        samples: Of any problems; a problem's samples are told by its id.
    """
    read = [sample.reading.right for sample in samples if sample.reading.right is not None]
    counts = _counts(samples, lambda sample: sample.passed)
    return Tally(
        name=name,
        problems=len(counts),
        samples=len(samples),
        passed=sum(passed for _, passed in counts),
        spec=share(wilson(sum(read), len(read))),
        lint=share(wilson(sum(sample.lint for sample in samples), len(samples))),
        functional=share(wilson(sum(functional(sample) for sample in samples), len(samples))),
        pass_at=[PassAt(k=k, share=share(mean_pass_at_k(counts, k))) for k in PASS_AT],
        seconds=round(sum(sample.seconds for sample in samples), 3),
        prompt_tokens=sum(sample.prompt_tokens for sample in samples),
        reply_tokens=sum(sample.reply_tokens for sample in samples),
    )


def functional(sample: SampleRow) -> bool:
    """Whether its RTL does what was asked: every gate and the golden check, where there is one."""
    return sample.simulated and sample.golden is not False


def _counts(samples: Iterable[SampleRow], passed: Callable[[SampleRow], bool]) -> list[tuple[int, int]]:
    """`(samples, passed)` of each problem."""
    groups: dict[str, list[bool]] = {}
    for sample in samples:
        groups.setdefault(sample.problem, []).append(passed(sample))
    return [(len(group), sum(group)) for group in groups.values()]


def repair_ladder(samples: Sequence[SampleRow], repairs: int) -> list[Step]:
    """pass@1 had 0, 1, ... repairs been allowed, from the record of one run.

    With several candidates it is a lower bound: a candidate that a later repair saved kept the next one from starting.
    """
    return _ladder(
        samples, repairs, lambda sample, allowed: any(a.passed and a.repair <= allowed for a in sample.attempts)
    )


def candidate_ladder(samples: Sequence[SampleRow], candidates: int) -> list[Step]:
    """pass@1 had 1, 2, ... candidates been allowed."""
    steps = _ladder(
        samples, candidates, lambda sample, allowed: any(a.passed and a.candidate <= allowed for a in sample.attempts)
    )
    return steps[1:]


def _ladder(samples: Sequence[SampleRow], most: int, within: Callable[[SampleRow, int], bool]) -> list[Step]:
    steps = []
    for allowed in range(most + 1):
        counts = _counts(samples, lambda sample, allowed=allowed: sample.passed and within(sample, allowed))  # type: ignore[misc]
        steps.append(Step(allowed=allowed, share=share(mean_pass_at_k(counts, 1))))
    return steps


def ended(samples: Iterable[SampleRow]) -> dict[str, int]:
    """How many samples that failed ended where."""
    return dict(Counter(sample.ended_at for sample in samples if sample.ended_at is not None).most_common())


def problem_rows(samples: Sequence[SampleRow], prompts: dict[str, str]) -> list[ProblemRow]:
    """One row a problem, in the order of the prompts."""
    rows = []
    for identifier, prompt in prompts.items():
        mine = [sample for sample in samples if sample.problem == identifier]
        if not mine:
            continue
        rows.append(
            ProblemRow(
                id=identifier,
                suite=mine[0].suite,
                kind=mine[0].kind,
                prompt=prompt,
                samples=len(mine),
                passed=sum(sample.passed for sample in mine),
                spec_right=sum(sample.reading.right is not False for sample in mine),
                lint=sum(sample.lint for sample in mine),
                functional=sum(functional(sample) for sample in mine),
            )
        )
    return rows
