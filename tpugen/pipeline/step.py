"""`Step`, `Flow` and what a step works on.

A step declares its id, the steps it needs, its inputs by content (tool versions included) and its outputs, and has one
`run`. The flow runs steps in order; a step whose key (the hash of its inputs) did not change is kept where it stands
(resume) or taken from the cache; a failed gate skips what needs it.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tpugen.errors import StorageError, TpugenError
from tpugen.findings import Finding, has_errors
from tpugen.pipeline.cache import StepCache, clear_outputs, hash_outputs, outputs_match
from tpugen.pipeline.options import Event, GenerateOptions, Observer, silent
from tpugen.results import GateRecord, ToolVersion, Verdict
from tpugen.spec import AnySpec, Contract, contract_of
from tpugen.storage import make_folder, read_json, sha256_json, storage_error, write_json_atomic, write_text_atomic

if TYPE_CHECKING:
    from tpugen.flows.technology import Technology
    from tpugen.writers.session import ChatSession

__all__ = ["Context", "Flow", "Outcome", "Step"]

STATE_FILE = "state.json"
RESULT_FILE = "result.json"


@dataclass
class Context:
    """What the steps of one run share.

    Attributes:
        root: The run folder (for a chat model's attempt: that attempt's folder). Steps write below it only.
        spec: What to build.
        options: The caller's choices.
        request: The sentence, where there was one.
        assumptions: What was assumed where the request said nothing: `{field, value, reason}`.
        not_understood: Words of the request that were not used.
        reading: Who read the sentence and what was settled how, where a chat model read it too; else empty.
        clock_asked: Whether the clock was asked for (missing it then fails the design).
        observer: Hears events.
        rtl_order: Names of the RTL files, top last, where no provenance in `root` says it.
        session: A session with the chat model that was opened before the run's folder stood, with what it has spent.
    """

    root: Path
    spec: AnySpec
    options: GenerateOptions
    request: str | None = None
    assumptions: list[dict[str, Any]] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    reading: dict[str, Any] = field(default_factory=dict)
    clock_asked: bool = True
    observer: Observer = silent
    rtl_order: list[str] | None = None
    session: ChatSession | None = None

    @cached_property
    def contract(self) -> Contract:
        """The spec's contract."""
        return contract_of(self.spec)

    @cached_property
    def technology(self) -> Technology:
        """The technology library of the options."""
        from tpugen.flows.technology import find_technology

        return find_technology(self.options.technology)

    @property
    def rtl_files(self) -> list[Path]:
        """The RTL, in the writer's order (top last); by name where that order is not recorded."""
        folder = self.root / "rtl"
        if self.rtl_order is not None:
            return [folder / name for name in self.rtl_order]
        record = self.root / "write" / "provenance.json"
        if record.is_file():
            return [folder / entry["file"] for entry in read_json(record)["provenance"]]
        return sorted(folder.glob("*.v"))

    def note(self, step: str, text: str, *, often: bool = False) -> None:
        """Say something about a step that goes on; `often`: it is said so often that it deserves no line."""
        self.observer(Event("progress" if often else "note", step=step, text=text))


@dataclass(frozen=True)
class Outcome:
    """What a step found: an error finding is a refusal."""

    summary: str
    findings: list[Finding] = field(default_factory=list)
    tools: list[ToolVersion] = field(default_factory=list)
    skipped: bool = False


class Step(ABC):
    """One step of a flow.

    Attributes:
        id: Name of the step and of its folder.
        needs: Steps that must have passed.
        outputs: Files and folders that the step writes beside its own folder, relative to the root.
        cacheable: Whether a pass may be taken from the cache of earlier runs.
        always: Whether it runs even when steps before it failed.
    """

    id: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[str, ...]] = ()
    cacheable: ClassVar[bool] = True
    always: ClassVar[bool] = False

    @abstractmethod
    def inputs(self, context: Context) -> dict[str, Any]:
        """Everything that decides the outcome, as plain data: values, content hashes, tool versions."""

    @abstractmethod
    def run(self, context: Context, folder: Path) -> Outcome:
        """Do it. `folder` is the step's own, new and empty."""

    def command(self, context: Context) -> str | None:
        """The shell command that repeats the step, where no tool's command line says it."""
        return None

    def key(self, context: Context) -> str:
        """Hash of the step's inputs."""
        return sha256_json({"step": self.id, "inputs": self.inputs(context)})


@dataclass
class Flow:
    """Steps in order.

    Attributes:
        steps: The steps.
        cache: The cache, or None to work without.
        keep: Whether finished steps that the folder already holds are kept.
        on_record: Called after each step with all records so far (the manifest is written there).
    """

    steps: Sequence[Step]
    cache: StepCache | None = None
    keep: bool = True
    on_record: Callable[[list[GateRecord]], None] = lambda _records: None

    def run(self, context: Context) -> list[GateRecord]:
        """Run the steps; returns one record per step.

        Raises:
            TpugenError: a step could not be done (a tool broke, the disk is full): not a verdict on the design.
        """
        records: list[GateRecord] = []
        for step in self.steps:
            context.observer(Event("start", step=step.id))
            record = self._skipped(step, records, context.root) or self._one(step, context)
            records.append(record)
            self.on_record(records)
            context.observer(Event("end", step=step.id, record=record))
        return records

    def _skipped(self, step: Step, records: Sequence[GateRecord], root: Path) -> GateRecord | None:
        if step.always:
            return None
        open_needs = [r for r in records if r.step in step.needs and r.verdict != "pass"]
        if not open_needs:
            return None
        first = open_needs[0]
        words = "failed" if first.verdict == "fail" else "was not run"
        record = GateRecord(step=step.id, verdict="skipped", summary=f"not run: {first.step} {words}")
        clear_outputs(root, (step.id, *step.outputs))
        write_json_atomic(root / step.id / RESULT_FILE, record.model_dump(mode="json"))
        return record

    def _one(self, step: Step, context: Context) -> GateRecord:
        started = time.monotonic()
        key = step.key(context)
        kept = _kept(step, key, context.root) if self.keep else None
        if kept is not None:
            return kept
        if self.cache is not None and step.cacheable:
            restored = self._restore(step, key, context, started)
            if restored is not None:
                return restored
        return self._fresh(step, key, context, started)

    def _restore(self, step: Step, key: str, context: Context, started: float) -> GateRecord | None:
        assert self.cache is not None  # noqa: S101 - for the type checker; the caller checked
        paths = (step.id, *step.outputs)
        clear_outputs(context.root, paths)
        data = self.cache.restore(key, context.root, note=lambda text: context.note(step.id, text))
        if data is None:
            return None
        record = GateRecord.model_validate(data)
        record = record.model_copy(update={"cached": True, "seconds": round(time.monotonic() - started, 3)})
        _commit(step, key, context.root, record)
        return record

    def _fresh(self, step: Step, key: str, context: Context, started: float) -> GateRecord:
        paths = (step.id, *step.outputs)
        clear_outputs(context.root, paths)
        folder = make_folder(context.root / step.id)
        try:
            outcome = step.run(context, folder)
        except OSError as error:
            place = Path(error.filename) if isinstance(error.filename, str) else folder
            raise storage_error("read or write", place, error) from error
        except TpugenError as error:
            write_text_atomic(folder / "error.txt", f"{error}\n")
            raise
        verdict: Verdict = "skipped" if outcome.skipped else "fail" if has_errors(outcome.findings) else "pass"
        record = GateRecord(
            step=step.id,
            verdict=verdict,
            summary=outcome.summary,
            findings=outcome.findings,
            tools=outcome.tools,
            seconds=round(time.monotonic() - started, 3),
        )
        _describe(step, context, folder, record)
        _commit(step, key, context.root, record)
        if self.cache is not None and step.cacheable and verdict == "pass":
            problem = self.cache.store(key, context.root, paths, record.model_dump(mode="json"))
            if problem:
                context.note(step.id, problem)
        return record


def _describe(step: Step, context: Context, folder: Path, record: GateRecord) -> None:
    """Give every step a command and a log, also those that no outside tool did."""
    command = step.command(context)
    if command is not None and not (folder / "command.txt").exists():
        write_text_atomic(folder / "command.txt", command + "\n")
    if not (folder / "log.txt").exists():
        lines = [f"{record.verdict}: {record.summary}", *(finding.one_line() for finding in record.findings)]
        write_text_atomic(folder / "log.txt", "\n".join(lines) + "\n")


def _commit(step: Step, key: str, root: Path, record: GateRecord) -> None:
    """Result first, state last: a step without a valid state was not finished."""
    write_json_atomic(root / step.id / RESULT_FILE, record.model_dump(mode="json"))
    files = hash_outputs(root, (step.id, *step.outputs), without={f"{step.id}/{STATE_FILE}"})
    write_json_atomic(root / step.id / STATE_FILE, {"key": key, "files": files})


def _kept(step: Step, key: str, root: Path) -> GateRecord | None:
    """The record of a step that this folder already holds: passed, same inputs, every file as it was written."""
    state_path = root / step.id / STATE_FILE
    if not state_path.is_file():
        return None
    try:
        state = read_json(state_path)
        if state["key"] != key or not outputs_match(root, state["files"]):
            return None
        record = GateRecord.model_validate(read_json(root / step.id / RESULT_FILE))
    except (StorageError, ValueError, KeyError, TypeError):
        return None
    return record if record.verdict == "pass" else None
