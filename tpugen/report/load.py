"""Reads a run folder back into typed results; what is missing or damaged becomes a note, never a traceback.

File names in a run come from people and language models: nothing outside the run folder is ever opened.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tpugen.arithmetic.error_records import DesignErrors
from tpugen.errors import RequestError, StorageError
from tpugen.findings import Finding
from tpugen.results import (
    GateRecord,
    Manifest,
    ModelResult,
    ProvenanceRecord,
    SimulationResult,
    SynthesisResult,
    TimingResult,
)
from tpugen.results.accelerators import AcceleratorReport
from tpugen.spec import AnySpec, Contract, any_spec_from_dict, contract_of

__all__ = ["OPTIONAL_STEPS", "STEPS", "Attempt", "Run", "SourceFile", "inside", "load_run"]

STEPS = ("spec", "write", "sandbox", "contract", "lint", "simulate", "prove", "error", "synth", "sta", "model")
"""Steps of a run, in order; the report itself is not among them."""

OPTIONAL_STEPS = frozenset({"prove", "error"})
"""Steps that a whole run may lack: a proof does not settle for every design, and exact ones have no error."""

_TEXT_LIMIT_BYTES = 400_000

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class SourceFile:
    """An RTL file of the run; `text` is `None` when it could not be read, and `note` says why."""

    provenance: ProvenanceRecord
    text: str | None
    note: str | None = None


@dataclass(frozen=True)
class Attempt:
    """One exchange with a chat model."""

    name: str
    prompt: str | None
    reply: str | None
    facts: dict[str, str]
    findings: list[Finding]


@dataclass(frozen=True)
class Run:
    """Everything a report draws from; `None` and empty lists mean that the run did not get there."""

    folder: Path
    manifest: Manifest
    spec: AnySpec | None
    assumptions: list[dict[str, str]]
    not_understood: list[str]
    disagreements: list[dict[str, str]]
    contract: Contract | None
    steps: list[GateRecord]
    simulation: SimulationResult | None
    synthesis: SynthesisResult | None
    timing: TimingResult | None
    errors: DesignErrors | None
    model: ModelResult | None
    sources: list[SourceFile]
    attempts: list[Attempt]
    notes: list[str] = field(default_factory=list)
    accelerator: AcceleratorReport | None = None

    @property
    def verdict(self) -> str:
        """`pass`, `fail`, `running`, `interrupted` or `error`.

        While the run itself is still writing its manifest, the verdict follows from the steps: any refusal is `fail`;
        all steps behind it, none refused, is `pass`.
        """
        if self.manifest.verdict != "running":
            return self.manifest.verdict
        if any(step.verdict == "fail" for step in self.steps):
            return "fail"
        done = {step.step for step in self.steps}
        return "pass" if done.issuperset(set(STEPS) - OPTIONAL_STEPS) else "running"

    @property
    def first_failure(self) -> GateRecord | None:
        """The first step that refused the design."""
        return next((step for step in self.steps if step.verdict == "fail"), None)

    def step(self, name: str) -> GateRecord | None:
        """The record of a step, if the run reached it."""
        return next((step for step in self.steps if step.step == name), None)


def load_run(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        StorageError: `manifest.json` is missing or is not a manifest.
    """
    notes: list[str] = []
    manifest = _manifest(folder)
    document = _json(folder / "spec.json", folder, notes)
    document = document if isinstance(document, dict) else {}
    spec = _spec(document.get("spec") or manifest.spec, notes)
    contract = _typed(Contract, folder / "contract.json", folder, notes)
    if contract is None and spec is not None:
        contract = contract_of(spec)
    records = _steps(folder, manifest, notes)
    ended = {record.step for record in records if record.verdict != "skipped"}

    def measured(model: type[_Model], step: str, name: str) -> _Model | None:
        # A file whose step did not end in this run is left from an earlier state of the folder.
        return _typed(model, folder / step / name, folder, notes) if step in ended else None

    return Run(
        folder=folder,
        manifest=manifest,
        spec=spec,
        assumptions=_assumptions(document.get("assumptions")),
        not_understood=_strings(document.get("not_understood")),
        disagreements=_disagreements(document.get("reading")),
        contract=contract,
        steps=records,
        simulation=measured(SimulationResult, "simulate", "simulation.json"),
        synthesis=measured(SynthesisResult, "synth", "synthesis.json"),
        timing=measured(TimingResult, "sta", "timing.json"),
        errors=measured(DesignErrors, "error", "error.json"),
        model=measured(ModelResult, "model", "model.json"),
        sources=[_source(folder, record) for record in manifest.provenance],
        attempts=_attempts(folder, notes),
        notes=notes,
        accelerator=measured(AcceleratorReport, "model", "accelerator.json"),
    )


def inside(root: Path, name: str) -> Path | None:
    """The file `name` below `root`, links resolved; `None` if there is none or it lies outside."""
    try:
        candidate = (root / name).resolve()
        if candidate.is_relative_to(root.resolve()) and candidate.is_file():
            return candidate
    except (OSError, ValueError):
        return None
    return None


def _manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise StorageError(
            f"no run in {folder}: it holds no manifest.json",
            hint="give the folder that `tpugen generate` named as `run`",
        ) from None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        raise StorageError(
            f"{path} is not a run manifest: {error.error_count()} fields are missing or wrong, first "
            f"{'.'.join(str(part) for part in error.errors()[0]['loc']) or 'the document'}",
            hint="it was written by another version or is damaged; run the command again",
        ) from None


def _bytes(path: Path, folder: Path, notes: list[str]) -> bytes | None:
    """Contents of a file of the run; `None` if it is missing, or a note if it cannot be read."""
    if not path.exists():
        return None
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            notes.append(f"{path.relative_to(folder)} leads outside the run folder and was not read")
            return None
        return path.read_bytes()
    except OSError as error:
        notes.append(f"{path.relative_to(folder)} cannot be read: {error.strerror or error}")
        return None


def _json(path: Path, folder: Path, notes: list[str]) -> object:
    data = _bytes(path, folder, notes)
    if data is None:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        notes.append(f"{path.relative_to(folder)} is not JSON (half written or damaged)")
        return None


def _typed(model: type[_Model], path: Path, folder: Path, notes: list[str]) -> _Model | None:
    data = _bytes(path, folder, notes)
    if data is None:
        return None
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        notes.append(f"{path.relative_to(folder)} is not a {model.__name__} ({error.error_count()} problems)")
        return None


def _spec(data: object, notes: list[str]) -> AnySpec | None:
    if not isinstance(data, dict) or not data:
        return None
    try:
        return any_spec_from_dict(data)
    except RequestError as error:
        notes.append(str(error))
        return None


def _disagreements(data: object) -> list[dict[str, str]]:
    """What rules and chat model read differently: field, both readings, why it was settled as it was."""
    found = data.get("disagreements") if isinstance(data, dict) else None
    names = ("field", "rules", "model", "why")
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [{name: _plain(item.get(name)) for name in names} for item in items]


def _assumptions(data: object) -> list[dict[str, str]]:
    """Assumptions as `field`, `value`, `reason`; anything else is kept as a reason."""
    rows = []
    for item in data if isinstance(data, list) else []:
        if isinstance(item, dict):
            rows.append({name: _plain(item.get(name, "")) for name in ("field", "value", "reason")})
        else:
            rows.append({"field": "", "value": "", "reason": str(item)})
    return rows


def _strings(data: object) -> list[str]:
    return [str(item) for item in data] if isinstance(data, list) else []


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _steps(folder: Path, manifest: Manifest, notes: list[str]) -> list[GateRecord]:
    """The manifest's records, completed from `<step>/result.json` (a killed run may not have listed its last one)."""
    records = {record.step: record for record in manifest.steps}
    for name in STEPS:
        if name not in records:
            record = _typed(GateRecord, folder / name / "result.json", folder, notes)
            if record is not None:
                records[name] = record
    order = {name: position for position, name in enumerate(STEPS)}
    return sorted(
        (record for record in records.values() if record.step != "report"), key=lambda item: order.get(item.step, 99)
    )


def _source(folder: Path, record: ProvenanceRecord) -> SourceFile:
    root = folder / "rtl"
    path = inside(root, record.file.removeprefix("rtl/"))
    if path is None:
        return SourceFile(record, None, "not in the run folder's rtl/")
    try:
        data = path.read_bytes()
    except OSError as error:
        return SourceFile(record, None, f"cannot be read: {error.strerror or error}")
    changed = hashlib.sha256(data).hexdigest() != record.sha256
    note = "changed after the run: its SHA-256 is no longer the recorded one" if changed else None
    return SourceFile(record, _text(data), note)


def _text(data: bytes) -> str:
    return data[:_TEXT_LIMIT_BYTES].decode("utf-8", "replace")


def _attempts(folder: Path, notes: list[str]) -> list[Attempt]:
    root = folder / "llm"
    found = [path for path in root.glob("attempt-*") if path.is_dir()] if root.is_dir() else []
    return [_attempt(path, folder, notes) for path in sorted(found, key=_natural)]


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _attempt(path: Path, folder: Path, notes: list[str]) -> Attempt:
    prompt, reply = (_bytes(path / name, folder, notes) for name in ("prompt.md", "reply.md"))
    exchange = _json(path / "exchange.json", folder, notes)
    scalars = exchange.items() if isinstance(exchange, dict) else []
    facts = {
        str(name): _plain(value)
        for name, value in scalars
        if isinstance(value, (int, float, str)) and len(str(value)) < 200
    }
    return Attempt(
        name=path.name,
        prompt=None if prompt is None else _text(prompt),
        reply=None if reply is None else _text(reply),
        facts=facts,
        findings=_findings(path / "findings.json", folder, notes),
    )


def _findings(path: Path, folder: Path, notes: list[str]) -> list[Finding]:
    data = _json(path, folder, notes)
    try:
        return TypeAdapter(list[Finding]).validate_python(data or [])
    except ValidationError:
        notes.append(f"{path.relative_to(folder)} is not a list of findings")
        return []
