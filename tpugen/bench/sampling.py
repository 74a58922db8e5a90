"""One sample of one problem: prompt, spec, RTL, gates, golden check, verdict.

A sample passes when its prompt was read right, every gate passed its RTL, and so did the golden check.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.bench.configuration import AnyProblem, BenchConfiguration
from tpugen.bench.external import ExternalProblem, judge_files, judge_reference
from tpugen.bench.golden import golden_check
from tpugen.bench.problems import Problem
from tpugen.bench.reading import read_prompt
from tpugen.errors import BudgetExhaustedError, ChatModelError, ChatModelNameError
from tpugen.findings import Finding, has_errors
from tpugen.pipeline.design_steps import write_rtl
from tpugen.pipeline.gate_steps import ContractStep, LintStep, SandboxStep, SimulateStep
from tpugen.pipeline.identity import code_fingerprint
from tpugen.pipeline.llm_writing import attempt_gate
from tpugen.pipeline.options import GenerateOptions
from tpugen.pipeline.step import Context
from tpugen.report.bench_data import AttemptRow, ReadingRow, SampleRow
from tpugen.storage import make_folder, read_json, sha256_json

if TYPE_CHECKING:
    from tpugen.retrieval import Retriever
    from tpugen.writers.budget import Spending
    from tpugen.writers.files import RtlFile
    from tpugen.writers.llm import LlmWriter
    from tpugen.writers.session import ChatSession

__all__ = ["SEEDS_APART", "ChatTools", "Note", "run_sample"]

SEEDS_APART = 1000
"""Between the seeds of two samples of a problem: more than one sample has attempts."""

_GATES = ("sandbox", "contract", "lint", "simulate")
_BEFORE_SIMULATION = frozenset({"reply", "write", "sandbox", "contract", "lint", "compile"})
_LINES_KEPT = 12
_LINE_LIMIT = 400

Note = Callable[[str], None]
"""Hears what a sample is at."""


@dataclass
class ChatTools:
    """What samples of a chat model share.

    Attributes:
        session: Asks the model.
        retriever: Finds modules; None where retrieval is off or the composer writes.
    """

    session: ChatSession
    retriever: Retriever | None = None


@dataclass
class _Writing:
    """What writing came to."""

    attempts: list[AttemptRow]
    files: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    passed: bool = False
    error: str | None = None


def run_sample(
    problem: AnyProblem,
    configuration: BenchConfiguration,
    number: int,
    folder: Path,
    tools: ChatTools | None = None,
    note: Note = lambda _text: None,
) -> SampleRow:
    """Take one sample.

    Args:
        problem: The problem.
        configuration: The choices of the run.
        number: Which sample, from 1.
        folder: Folder for prompts, replies, RTL; emptied first.
        tools: The chat model, where one writes or reads.
        note: Hears what goes on.

    Raises:
        BudgetExhaustedError: the budget ended in the middle of the sample, which is worth nothing then.
        ChatModelNameError: no such model.
        ToolError: a tool is missing or broke.
        StorageError: the disk refused.
    """
    begin = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    before = None if tools is None else replace(tools.session.spending)
    seed = configuration.seed + SEEDS_APART * (number - 1)
    if isinstance(problem, ExternalProblem):
        reading = ReadingRow(by="none", right=None)
    else:
        session = None if tools is None else tools.session
        reading = read_prompt(problem, configuration.spec_by, session)
    if reading.right is False:
        writing, golden = _Writing([]), None
    else:
        writing = _write(problem, configuration, seed, folder, tools, note)
        golden = _golden(problem, configuration, writing, folder, note)
    after = None if tools is None else tools.session.spending
    last = writing.attempts[-1] if writing.attempts else None
    return SampleRow(
        problem=problem.id,
        suite=problem.suite,
        kind=problem.kind,
        sample=number,
        seed=seed,
        reading=reading,
        attempts=writing.attempts,
        lint=last is not None and last.failed_at not in _BEFORE_SIMULATION and writing.error is None,
        simulated=writing.passed,
        golden=golden,
        passed=writing.passed and golden is not False,
        ended_at=_ended_at(reading, writing, golden),
        findings=[finding.one_line()[:_LINE_LIMIT] for finding in writing.findings][:_LINES_KEPT],
        error=writing.error,
        prompt_tokens=_tokens("prompt_tokens", before, after, reading, writing),
        reply_tokens=_tokens("reply_tokens", before, after, reading, writing),
        cost_usd=_cost(before, after),
        seconds=round(time.monotonic() - begin, 3),
        judged_by=_judged_by(),
    )


@cache
def _judged_by() -> str:
    """The code of which a verdict is worth as much as it is: all that reads prompts and judges RTL."""
    return sha256_json(code_fingerprint(["arithmetic", "bench.golden", "flows", "spec", "verif"]))[:12]


def _tokens(name: str, before: Spending | None, after: Spending | None, reading: ReadingRow, writing: _Writing) -> int:
    """Tokens that the sample took: what was spent, or more where replies came from the cache of an earlier try."""
    if before is None or after is None:
        return 0
    listed = sum(getattr(attempt, name) or 0 for attempt in writing.attempts) + int(getattr(reading, name))
    return max(int(getattr(after, name)) - int(getattr(before, name)), listed)


def _cost(before: Spending | None, after: Spending | None) -> float | None:
    """US dollars that the sample took; None where prices are not known."""
    if before is None or after is None:
        return 0.0
    return None if before.usd is None or after.usd is None else round(after.usd - before.usd, 6)


def _ended_at(reading: ReadingRow, writing: _Writing, golden: bool | None) -> str | None:
    if reading.right is False:
        return "model" if reading.model_failed else "spec"
    if writing.error is not None and not writing.attempts:
        return "model"
    if not writing.passed:
        return (writing.attempts[-1].failed_at if writing.attempts else None) or "model"
    return "golden" if golden is False else None


# -- writing --------------------------------------------------------------------------------------------------------


def _write(
    problem: AnyProblem,
    configuration: BenchConfiguration,
    seed: int,
    folder: Path,
    tools: ChatTools | None,
    note: Note,
) -> _Writing:
    judge = _External(problem, folder) if isinstance(problem, ExternalProblem) else _Own(problem, configuration, folder)
    if configuration.writer == "composer":
        from tpugen.writers.composer import compose

        assert isinstance(problem, Problem)  # noqa: S101 - choose_problems saw to it
        return _one_attempt(judge, compose(problem.spec))
    if configuration.writer == "reference":
        assert isinstance(problem, ExternalProblem)  # noqa: S101 - likewise
        findings = judge_reference(problem, folder / "judge")
        return _Writing([_row(1, 1, 0, findings)], [], findings, not has_errors(findings))
    assert tools is not None  # noqa: S101 - the runner made them
    return _ask(problem, configuration, seed, folder, tools, judge, note)


def _one_attempt(judge: _Own | _External, files: list[RtlFile]) -> _Writing:
    findings = judge(files)
    row = _row(1, 1, 0, findings)
    return _Writing([row], judge.paths(files, None), findings, row.passed)


def _ask(
    problem: AnyProblem,
    configuration: BenchConfiguration,
    seed: int,
    folder: Path,
    tools: ChatTools,
    judge: _Own | _External,
    note: Note,
) -> _Writing:
    """Let the chat model write; where it fails, so does the sample, but for an unknown name and an empty budget."""
    from tpugen.writers.llm import LlmWriter
    from tpugen.writers.settings import WriterSettings
    from tpugen.writers.task import WritingTask

    settings = WriterSettings(
        mode=configuration.mode, reply=configuration.reply,
        candidates=configuration.candidates, repairs=configuration.repairs,
        temperature=configuration.temperature, retrieval=configuration.retrieval, examples=configuration.examples,
    )  # fmt: skip
    if isinstance(problem, ExternalProblem):
        task = WritingTask(problem.prompt, problem.contract)
    else:
        task = WritingTask.for_spec(problem.spec, problem.prompt)
    writer: LlmWriter = LlmWriter(tools.session, tools.retriever, settings, seed=seed)
    try:
        outcome = writer.write(task, judge, folder, lambda event: note(str(event)))
    except (BudgetExhaustedError, ChatModelNameError):
        raise
    except ChatModelError as error:
        attempts = _logged_attempts(folder, configuration.repairs)
        return _Writing(attempts, error=error.message)
    if outcome.stopped is not None:
        raise BudgetExhaustedError(outcome.stopped)
    rows = [
        _row(
            attempt.number, attempt.candidate, attempt.repair, attempt.findings,
            prompt_tokens=attempt.reply.prompt_tokens, reply_tokens=attempt.reply.reply_tokens,
            seconds=round(attempt.reply.seconds, 3), cached=attempt.reply.cached,
        )
        for attempt in outcome.history
    ]  # fmt: skip
    files = list(outcome.files)
    number = next((file.attempt for file in files if file.attempt is not None), None)
    return _Writing(rows, judge.paths(files, number), list(outcome.findings), outcome.passed)


def _row(number: int, candidate: int, repair: int, findings: Sequence[Finding], **more: object) -> AttemptRow:
    errors = [finding for finding in findings if finding.severity == "error"]
    return AttemptRow.model_validate(
        {
            "number": number,
            "candidate": candidate,
            "repair": repair,
            "passed": not errors,
            "failed_at": errors[0].gate if errors else None,
            "rules": list(dict.fromkeys(f"{finding.gate}/{finding.rule}" for finding in errors)),
            **more,
        }
    )


def _logged_attempts(folder: Path, repairs: int) -> list[AttemptRow]:
    """Attempts of a model that never gave code that could be judged, from the log of its exchanges."""
    rows = []
    for number in range(1, 10_000):
        file = folder / f"attempt-{number}" / "exchange.json"
        if not file.is_file():
            break
        data = read_json(file)
        if "findings" not in data:
            continue  # the reply came, but was not judged any more
        findings = [Finding.model_validate(finding) for finding in data["findings"]]
        candidate, repair = divmod(number - 1, repairs + 1)
        counts = {name: data.get(name) for name in ("prompt_tokens", "reply_tokens", "seconds")}
        rows.append(_row(number, candidate + 1, repair, findings, **counts))
    return rows


# -- judging --------------------------------------------------------------------------------------------------------


class _Own:
    """The product's gates on a problem of tpugen's own."""

    def __init__(self, problem: Problem, configuration: BenchConfiguration, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        options = GenerateOptions(
            chat_model=configuration.model if configuration.writer == "llm" else None,
            seed=configuration.seed, waves=False, use_cache=False,
        )  # fmt: skip
        context = Context(root=folder, spec=problem.spec, options=options, request=problem.prompt)
        self.gate = attempt_gate(context, [SandboxStep(), ContractStep(), LintStep(), SimulateStep()], folder)

    def __call__(self, files: list[RtlFile]) -> list[Finding]:
        self.count += 1
        findings = self.gate(files)
        number = next((file.attempt for file in files if file.attempt is not None), self.count)
        for gate in _GATES:  # what matters of them is in the findings; simulator builds are large
            shutil.rmtree(self.folder / f"attempt-{number}" / gate, ignore_errors=True)
        return findings

    def paths(self, files: Sequence[RtlFile], number: int | None) -> list[Path]:
        """Where the files of an attempt lie."""
        folder = self.folder / f"attempt-{self.count if number is None else number}" / "rtl"
        return [folder / file.name for file in files]


class _External:
    """The bench of a suite of others."""

    def __init__(self, problem: ExternalProblem, folder: Path) -> None:
        self.problem = problem
        self.folder = folder

    def __call__(self, files: list[RtlFile]) -> list[Finding]:
        number = next((file.attempt for file in files if file.attempt is not None), 1)
        try:
            paths = write_rtl(files, self.folder / f"attempt-{number}")
        except ValueError as error:
            return [Finding(severity="error", gate="write", rule="file-name", message=str(error))]
        return judge_files(self.problem, paths, self.folder / f"attempt-{number}" / "judge")

    def paths(self, files: Sequence[RtlFile], number: int | None) -> list[Path]:
        """Where the files of an attempt lie."""
        return [self.folder / f"attempt-{number or 1}" / "rtl" / file.name for file in files]


def _golden(
    problem: AnyProblem, configuration: BenchConfiguration, writing: _Writing, folder: Path, note: Note
) -> bool | None:
    """The golden check of RTL that every gate passed; None where it is not reached, or the suite has its own bench."""
    if isinstance(problem, ExternalProblem) or not writing.passed:
        return None
    note("golden check")
    where = folder / "golden"
    found = golden_check(problem.spec, writing.files, where, seed=configuration.seed)
    writing.findings += found
    if not has_errors(found):
        shutil.rmtree(where, ignore_errors=True)
    return not has_errors(found)
