"""What a run of the benchmark came to, as plain data: what the runner writes and pages draw from.

Shares come with the bounds of their 95 % interval; what is not known is None, never a guess.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

__all__ = [
    "SCHEMA",
    "AttemptRow",
    "BenchResult",
    "Comparison",
    "ComparisonRow",
    "PassAt",
    "ProblemRow",
    "ReadingRow",
    "SampleRow",
    "Share",
    "Step",
    "Tally",
]

SCHEMA = "tpugen-bench-1"
"""Version of the format of results."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Share(_Data):
    """A share from 0 to 1 with its 95 % interval."""

    value: float
    low: float
    high: float


class PassAt(_Data):
    """pass@k; `share` is None where some problem has fewer than k samples."""

    k: int
    share: Share | None


class ReadingRow(_Data):
    """How the prompt was read.

    Attributes:
        by: `rules`, `llm`, `both`; `given`: the spec was handed over; `none`: the problem has no spec.
        right: Whether it was read as people read it; None where there was nothing to read.
        differences: Where it was not, one line a field.
        not_understood: Words that were not used.
        error: Why nothing could be read.
        model_failed: Whether that was the chat model's failure to answer at all.
        disagreements: Where rules and chat model differed, one line each.
    """

    by: str
    right: bool | None
    differences: list[str] = []
    not_understood: list[str] = []
    error: str | None = None
    model_failed: bool = False
    disagreements: list[str] = []
    prompt_tokens: int = 0
    reply_tokens: int = 0
    seconds: float = 0.0


class AttemptRow(_Data):
    """One attempt at writing.

    Attributes:
        number: From 1.
        candidate: From 1.
        repair: 0 for a candidate's first try.
        passed: Whether the gates passed it.
        failed_at: Gate of its first error.
        rules: `gate/rule` of each error, once.
        cached: Whether the reply came from the cache.
    """

    number: int
    candidate: int
    repair: int
    passed: bool
    failed_at: str | None
    rules: list[str]
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    seconds: float = 0.0
    cached: bool = False


class SampleRow(_Data):
    """One sample of one problem.

    Attributes:
        sample: From 1.
        seed: Sampling seed of its first attempt.
        lint: Whether the last attempt is sound Verilog with the right ports (every gate before simulation).
        simulated: Whether the last attempt passed every gate.
        golden: Verdict of the golden check; None where it was not reached.
        passed: Read right, gates passed, golden check passed.
        ended_at: Where a sample that failed ended: `spec`, a gate, `golden`, or `model` (it could not be asked).
        findings: What was said of the last attempt, in lines.
        error: Words of a chat model's failure.
        seconds: Wall-clock time of the whole sample.
        judged_by: First digits of SHA-256 over the code that reads and judges.
    """

    problem: str
    suite: str
    kind: str
    sample: int
    seed: int
    reading: ReadingRow
    attempts: list[AttemptRow]
    lint: bool
    simulated: bool
    golden: bool | None
    passed: bool
    ended_at: str | None
    findings: list[str] = []
    error: str | None = None
    prompt_tokens: int = 0
    reply_tokens: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0
    judged_by: str = ""


class ProblemRow(_Data):
    """A problem and what became of its samples."""

    id: str
    suite: str
    kind: str
    prompt: str
    samples: int
    passed: int
    spec_right: int
    lint: int
    functional: int


class Tally(_Data):
    """Problems together: all, one suite, or one kind of design.

    Attributes:
        name: `all`, or the name of suite or kind.
        spec: Share of samples whose prompt was read right; None where nothing was to be read.
        lint: Share of samples that are sound Verilog with the right ports.
        functional: Share of samples that passed all gates and the golden check.
        passed: Samples that passed.
        pass_at: pass@k for each k.
    """

    name: str
    problems: int
    samples: int
    passed: int
    spec: Share | None
    lint: Share | None
    functional: Share | None
    pass_at: list[PassAt]
    seconds: float
    prompt_tokens: int
    reply_tokens: int


class Step(_Data):
    """pass@1 had so many repairs (or candidates) been allowed."""

    allowed: int
    share: Share | None


class BenchResult(_Data):
    """A run of the benchmark.

    Attributes:
        name: What the run is called in tables.
        configuration: Every choice that decides the result.
        identity: SHA-256 of configuration and of what it was run on (prompts, library, code that judges).
        endpoint: Where the chat model was asked, in words; None for the composer.
        problems_sha256: Over ids and prompts.
        prompts_sha256: Over tpugen's own prompt files.
        library_sha256: Over the RTL library.
        judged_by: Code that read and judged: more than one where it changed while the run was interrupted.
        finished: Whether every sample is there.
        stopped: Why it is not, in words.
        repairs: pass@1 by repairs allowed, from the attempts' record.
        candidates: pass@1 by candidates allowed.
        ended: How many samples that failed ended where.
        golden_refused: Samples that every gate passed and the golden check refused.
    """

    format: Literal["tpugen-bench-1"] = "tpugen-bench-1"
    name: str
    configuration: dict[str, Any]
    identity: str
    tpugen_version: str
    created_utc: str
    machine: str
    endpoint: str | None
    problems_sha256: str
    prompts_sha256: str
    library_sha256: str
    judged_by: list[str]
    finished: bool
    stopped: str | None
    total: Tally
    suites: list[Tally]
    kinds: list[Tally]
    repairs: list[Step]
    candidates: list[Step]
    ended: dict[str, int]
    golden_refused: int
    seconds: float
    prompt_tokens: int
    reply_tokens: int
    cost_usd: float | None
    problems: list[ProblemRow]
    samples: list[SampleRow]


class ComparisonRow(_Data):
    """A run against the first of a comparison.

    Attributes:
        common: Problems that both have.
        only_first: Of these, the first sample passed in the first run alone.
        only_this: Of these, the first sample passed in this run alone.
        p_value: McNemar's exact test of these two; None where no problem is common.
        difference: Mean gain in pass rate over common problems, with a bootstrap interval.
        changed: Choices in which this run differs: `name: first's -> this one's`.
    """

    name: str
    common: int
    only_first: int
    only_this: int
    p_value: float | None
    difference: Share | None
    changed: list[str]


class Comparison(_Data):
    """Runs side by side; `rows` has one entry for each run after the first."""

    runs: list[BenchResult]
    rows: list[ComparisonRow]
