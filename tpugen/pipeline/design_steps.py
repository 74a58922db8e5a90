"""Steps from request to RTL: `spec` and `write`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tpugen.errors import ChatModelError, ChatModelNameError, RequestError
from tpugen.findings import Finding
from tpugen.pipeline.identity import code_fingerprint, package_version
from tpugen.pipeline.step import Context, Outcome, Step
from tpugen.results import ProvenanceRecord
from tpugen.spec import CustomSpec, PimLlmSpec, PimTileSpec
from tpugen.storage import make_folder, sha256_text, write_json_atomic, write_text_atomic

if TYPE_CHECKING:
    from tpugen.writers.files import RtlFile

__all__ = ["SpecStep", "WriteStep", "spec_document", "write_rtl"]

_FILE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}\.v")


def spec_document(context: Context) -> dict[str, Any]:
    """`spec.json`: what `tpugen spec --json` prints, and the request it was read from."""
    document = {
        "spec": context.spec.model_dump(mode="json"),
        "assumptions": context.assumptions,
        "not_understood": context.not_understood,
        "request": context.request,
    }
    return document | ({"reading": context.reading} if context.reading else {})


class SpecStep(Step):
    """Stores what was understood: the spec, what was assumed, what was not understood, and the contract."""

    id: ClassVar[str] = "spec"
    outputs: ClassVar[tuple[str, ...]] = ("spec.json", "contract.json")
    cacheable: ClassVar[bool] = False

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        return {**spec_document(context), "contract": context.contract.content_hash()}

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        write_json_atomic(context.root / "spec.json", spec_document(context))
        write_json_atomic(context.root / "contract.json", context.contract.model_dump(mode="json"))
        findings = [
            Finding(
                severity="warning",
                gate="spec",
                rule="not-understood",
                message=f"{words!r} was not understood",
                hint="say it in other words, or leave it out",
            )
            for words in context.not_understood
        ]
        findings += [_disagreement(item) for item in context.reading.get("disagreements", [])]
        findings += _remarks(context)
        assumed = len(context.assumptions)
        summary = f"{context.contract.module}, {context.spec.clock_mhz:g} MHz"
        if assumed:
            summary += f", {assumed} assumption{'s' if assumed > 1 else ''}"
        return Outcome(summary, findings)

    def command(self, context: Context) -> str | None:
        """See `Step.command`."""
        if context.request is None or isinstance(context.spec, CustomSpec):
            return None
        return f"tpugen spec {shlex.quote(context.request)} --json"


def _remarks(context: Context) -> list[Finding]:
    """What is to be said of a design's ADCs, where the reading of a sentence has not said it."""
    if not isinstance(context.spec, PimTileSpec | PimLlmSpec):
        return []
    told = {item["reason"] for item in context.assumptions}
    remarks = [remark for remark in context.spec.remarks if remark not in told]
    return [Finding(severity="info", gate="spec", rule="adc-resolution", message=remark) for remark in remarks]


def _disagreement(item: Mapping[str, Any]) -> Finding:
    """What rules and chat model read differently, and how it was settled."""
    message = f"{item['field']}: the rules read {item['rules']!r}, the chat model {item['model']!r}; {item['why']}"
    return Finding(severity="info", gate="spec", rule="disagreement", message=message)


class WriteStep(Step):
    """Writes the RTL: the composer, or a chat model whose attempts pass through the gates.

    Args:
        gate_steps: Steps that judge an attempt of a chat model, before it becomes the run's RTL.
    """

    id: ClassVar[str] = "write"
    needs: ClassVar[tuple[str, ...]] = ("spec",)
    outputs: ClassVar[tuple[str, ...]] = ("rtl", "llm")

    def __init__(self, gate_steps: Sequence[Step] = ()) -> None:
        self.gate_steps = gate_steps

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        options = context.options
        rooms = ["arithmetic", "rtl_templates", "spec", "writers"]
        inputs: dict[str, Any] = {
            "spec": context.spec.model_dump(mode="json"),
            "contract": context.contract.content_hash(),
            "writer": options.chosen_writer,
        }
        if options.chosen_writer == "llm":
            assert options.chat_model is not None  # noqa: S101 - for the type checker; options checked it
            from tpugen.writers.prompting import prompts_hash
            from tpugen.writers.providers import endpoint_in_words

            chosen = ("mode", "reply", "candidates", "repairs", "retrieval", "examples", "budget", "fallback", "seed")
            inputs |= {
                "request": context.request,
                "chat_model": options.chat_model,
                "endpoint": endpoint_in_words(options.chat_model),
                "model_file": _file_identity(options.chat_model),
                "options": options.model_dump(include=set(chosen)),
                "prompts": prompts_hash(),
                "langchain": package_version("langchain-core"),
                "gates": [step.id for step in self.gate_steps],
            }
            rooms += ["dataset", "flows", "retrieval", "verif"]
        return {**inputs, "code": code_fingerprint(rooms)}

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        if context.options.chosen_writer == "llm":
            return self._chat_model(context, folder)
        return _composer(context, folder)

    def command(self, context: Context) -> str | None:
        """See `Step.command`."""
        model = context.options.chat_model
        if model is None:
            return "tpugen rtl --spec spec.json --out rtl"
        request = shlex.quote(context.request or context.contract.module)
        options = context.options
        asked = "--spec spec.json" if isinstance(context.spec, CustomSpec) else request
        command = f"tpugen generate {asked} --model {shlex.quote(model)}"
        command += f" --candidates {options.candidates} --repairs {options.repairs}"
        return command if options.mode is None else f"{command} --mode {options.mode}"

    def _chat_model(self, context: Context, folder: Path) -> Outcome:
        from tpugen.pipeline.llm_writing import write_with_chat_model

        problem: ChatModelError | None = None
        findings: list[Finding] = []
        details: dict[str, Any] = {}
        try:
            outcome = write_with_chat_model(context, self.gate_steps)
        except ChatModelNameError:
            raise  # a wrong name is the caller's mistake, not the model's failure
        except ChatModelError as error:
            if context.options.fallback is None:
                raise
            problem = error
            message = f"the chat model {context.options.chat_model} failed: {error.message}"
        else:
            details = {
                "retrieved": list(outcome.retrieved),
                "examples": list(outcome.examples),
                "attempts": outcome.attempts,
                "spending": asdict(outcome.spending),
                "stopped": outcome.stopped,
            }
            findings = list(outcome.findings)
            if outcome.passed:
                write_rtl(outcome.files, context.root)
                _write_provenance(folder, outcome.files, "llm", **details)
                noun = "attempt" if outcome.attempts == 1 else "attempts"
                summary = f"{context.options.chat_model}, {outcome.attempts} {noun}, {_count(outcome.files)}"
                if outcome.spending.tokens:
                    summary += f", {outcome.spending.tokens:,} tokens"
                return Outcome(summary, [f for f in findings if f.severity != "error"])
            message = f"no attempt of the chat model {context.options.chat_model} passed the gates"
            if outcome.stopped is not None:
                message += " before its budget was used up"
            if context.options.fallback is None:
                _write_provenance(folder, [], "llm", **details)
                failed = Finding(
                    severity="error",
                    gate="write",
                    rule="no-attempt-passed",
                    message=message,
                    hint="see llm/ for every exchange; try a stronger model, more --candidates or --repairs, "
                    "or --fallback composer",
                )
                return Outcome(f"{message} ({outcome.attempts} attempts)", [failed, *findings])
        fallback = Finding(
            severity="warning",
            gate="write",
            rule="fallback",
            message=f"{message}; the composer wrote the RTL instead",
            hint=problem.hint if problem else "see llm/ for every exchange",
        )
        context.note(self.id, fallback.message)
        composed = _composer(context, folder, **details)
        return Outcome(f"{composed.summary} (fallback: {message})", [fallback])


def _composer(context: Context, folder: Path, **details: object) -> Outcome:
    from tpugen.writers.composer import compose

    if isinstance(context.spec, CustomSpec):
        raise RequestError(f"the composer cannot write {context.spec.module}: it has a contract of its own")
    files = compose(context.spec)
    write_rtl(files, context.root)
    _write_provenance(folder, files, "composer", **details)
    return Outcome(f"composer, {_count(files)}")


def _file_identity(chat_model: str) -> list[int] | None:
    """Size and time of a model file; its gigabytes are not hashed for each run."""
    path = Path(chat_model.partition(":")[2]).expanduser()
    if not path.is_file():
        return None
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _count(files: Sequence[RtlFile]) -> str:
    lines = sum(file.text.count("\n") for file in files)
    return f"{len(files)} file{'s' if len(files) != 1 else ''}, {lines} lines"


def write_rtl(files: Sequence[RtlFile], root: Path) -> list[Path]:
    """Write RTL to `<root>/rtl`; names must be plain Verilog file names.

    Raises:
        ValueError: a name that leads elsewhere (writers have to see to it).
        StorageError: the file system refused.
    """
    folder = make_folder(root / "rtl")
    paths = []
    for file in files:
        if not _FILE_NAME.fullmatch(file.name):
            raise ValueError(f"{file.name!r} is not the name of a Verilog file")
        paths.append(write_text_atomic(folder / file.name, file.text))
    return paths


def _write_provenance(folder: Path, files: Sequence[RtlFile], writer: str, **details: object) -> None:
    records = [
        ProvenanceRecord(
            file=file.name, writer=file.writer, sha256=sha256_text(file.text), model=file.model, attempt=file.attempt
        ).model_dump(mode="json")
        for file in files
    ]
    write_json_atomic(folder / "provenance.json", {"writer": writer, "provenance": records, **details})
