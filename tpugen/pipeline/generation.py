"""The main road: a sentence or a spec in, a judged design out."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from tpugen import __version__
from tpugen.errors import StorageError, TpugenError
from tpugen.pipeline.accelerator_modelling import DEFAULT_WORKLOADS, check_workloads
from tpugen.pipeline.cache import StepCache
from tpugen.pipeline.custom import CustomRequest, understand_custom
from tpugen.pipeline.design_steps import SpecStep, WriteStep
from tpugen.pipeline.error_step import ErrorStep, is_approximate
from tpugen.pipeline.folder import (
    choose_folder,
    find_run,
    lock_run,
    new_run_folder,
    read_request,
    runs_folder,
    write_manifest,
    write_request,
)
from tpugen.pipeline.gate_steps import ContractStep, LintStep, ProveStep, SandboxStep, SimulateStep
from tpugen.pipeline.identity import git_commit, machine_summary
from tpugen.pipeline.measure_steps import ReportStep, StaStep, SynthStep
from tpugen.pipeline.model_step import ModelStep, default_gemm
from tpugen.pipeline.options import Event, GenerateOptions, Observer, silent
from tpugen.pipeline.request import Understanding, understand
from tpugen.pipeline.result import RunResult, load_result
from tpugen.pipeline.step import Context, Flow, Step
from tpugen.results import GateRecord, Manifest, ProvenanceRecord, ToolVersion
from tpugen.spec import (
    AdderSpec,
    AnySpec,
    CustomSpec,
    DesignSpec,
    MultiplierSpec,
    PimLlmSpec,
    any_spec_from_dict,
    contract_of,
)
from tpugen.storage import copy_file_atomic, make_folder, read_json, remove_unfinished

if TYPE_CHECKING:
    from tpugen.writers.session import ChatSession, SessionEvent

__all__ = ["design_steps", "generate", "preflight", "resume"]


def design_steps(spec: AnySpec) -> list[Step]:
    """The steps of a whole run, in order; `prove` is among them where a proof settles, `error` if a unit is inexact."""
    from tpugen.verif.proof import provable

    gates: list[Step] = [SandboxStep(), ContractStep(), LintStep(), SimulateStep()]
    if isinstance(spec, CustomSpec):
        return [SpecStep(), WriteStep(gates), *gates, SynthStep(), StaStep(), ModelStep(), ReportStep()]
    proof = [ProveStep()] if provable(spec) else []
    error = [ErrorStep()] if is_approximate(spec) else []
    return [SpecStep(), WriteStep(gates), *gates, *proof, *error, SynthStep(), StaStep(), ModelStep(), ReportStep()]


def generate(
    request: str | DesignSpec | CustomRequest | CustomSpec | Mapping[str, Any],
    *,
    options: GenerateOptions | None = None,
    observer: Observer = silent,
) -> RunResult:
    """Write, check and measure a design.

    Args:
        request: A sentence, a spec, a spec as plain data, or a contract and a reference of the caller's own.
        options: Choices; the defaults need no network and no key.
        observer: Hears what happens while it goes on.

    Returns:
        What the run came to; `verdict` is `pass` or `fail`. Everything else is in the folder `run`.

    Raises:
        RequestError: the request or an option is wrong; nothing was started.
        ToolError: a tool is missing or broke.
        ChatModelError: the chat model failed and no fallback was chosen.
        StorageError: the disk refused, or another process works on the folder.
    """
    options = _absolute(options or GenerateOptions())
    session, log = _reading_session(options, observer)
    try:
        return _generate(_understood(request, options, session), options, session, log, observer)
    finally:
        if log is not None:
            shutil.rmtree(log.parent, ignore_errors=True)


def _generate(
    asked: Understanding, options: GenerateOptions, session: ChatSession | None, log: Path | None, observer: Observer
) -> RunResult:
    """The run of what was understood; its folder keeps what was asked of the chat model to understand it."""
    if not options.gemms:
        options = options.model_copy(update={"gemms": asked.gemms})
    check_workloads(asked.spec, options)
    preflight(options)
    identity = {
        "spec": asked.spec.model_dump(mode="json"),
        "request": asked.text,
        "clock_asked": asked.clock_asked,
        "options": options.identity(),
    }
    if options.out is not None:
        folder = choose_folder(options.out, identity)
    else:
        folder = new_run_folder(runs_folder(options.runs_folder), contract_of(asked.spec).module)
    with lock_run(folder):
        if not (folder / "request.json").is_file():
            stored = {
                "identity": identity,
                "assumptions": [*asked.assumptions, *_assumed_workload(asked.spec, options)],
                "not_understood": asked.not_understood,
                "reading": _reading(asked),
                "use_cache": options.use_cache,
                "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": _command_line(),
            }
            try:
                write_request(folder, stored)
            except StorageError:
                with suppress(OSError):
                    folder.rmdir()  # nothing was started: leave nothing
                raise
        if log is not None and log.is_file():
            copy_file_atomic(log, make_folder(folder / "reading") / log.name)
        return _execute(folder, observer, use_cache=options.use_cache, keep=options.use_cache, session=session)


def _reading_session(options: GenerateOptions, observer: Observer) -> tuple[ChatSession | None, Path | None]:
    """A session with the chat model, if there is one, and the file that logs it until the run's folder stands."""
    if options.chat_model is None:
        return None, None
    from tpugen.pipeline.llm_writing import EXCHANGES, open_session

    log = Path(tempfile.mkdtemp(prefix="tpugen-")) / EXCHANGES

    def pass_on(event: SessionEvent) -> None:
        observer(Event("progress" if event.kind == "progress" else "note", step="spec", text=str(event)))

    session = open_session(options, log, pass_on)
    return session, log


def _reading(asked: Understanding) -> dict[str, Any]:
    """Who read the request and what they read differently; empty where the rules alone read it, or nobody had to."""
    if asked.read_by in ("given", "rules"):
        return {}
    return {"read_by": asked.read_by, "readings": asked.readings, "disagreements": asked.disagreements}


def _understood(
    request: str | DesignSpec | CustomRequest | CustomSpec | Mapping[str, Any],
    options: GenerateOptions,
    session: ChatSession | None,
) -> Understanding:
    """What is asked for: a design of the library, or one with a contract of the caller's own."""
    if isinstance(request, Mapping) and request.get("kind") == "custom":
        request = CustomSpec.model_validate(any_spec_from_dict(request))
    if isinstance(request, CustomSpec):
        request = CustomRequest(request)
    if isinstance(request, CustomRequest):
        return understand_custom(request, options)
    return understand(request, clock_mhz=options.clock_mhz, reader=options.spec_by, session=session)


def resume(run: str | Path, *, runs: Path | None = None, observer: Observer = silent) -> RunResult:
    """Go on with a run that was interrupted or killed, or do its failed steps again.

    Finished steps are kept where their inputs and every file they wrote are unchanged.

    Args:
        run: The run's folder, its id, or the beginning of it.
        runs: Where runs are kept, if not in the usual place.
        observer: Hears what happens.

    Raises:
        UnknownNameError: no such run.
        RunLockedError: another process works on it.
    """
    folder = find_run(str(run), runs)
    stored = read_request(folder)
    options = _stored_options(folder, stored)
    preflight(options)
    with lock_run(folder):
        return _execute(folder, observer, use_cache=bool(stored.get("use_cache", True)), keep=True)


def _assumed_workload(spec: AnySpec, options: GenerateOptions) -> list[dict[str, Any]]:
    if isinstance(spec, PimLlmSpec) and not options.workloads:
        models = ", ".join(DEFAULT_WORKLOADS)
        return [{"field": "workload", "value": models, "reason": "no language model is named (--workload)"}]
    if options.gemms or isinstance(spec, AdderSpec | MultiplierSpec | PimLlmSpec | CustomSpec):
        return []
    return [{"field": "workload", "value": f"GEMM {default_gemm(spec)}", "reason": "no workload is named (--gemm)"}]


def _absolute(options: GenerateOptions) -> GenerateOptions:
    """Liberty and config.json files are remembered by their absolute path, so that the run resumes from any folder."""
    path = Path(options.technology).expanduser()
    looks_like_path = "/" in options.technology or options.technology.endswith((".lib", ".lib.gz", ".gz"))
    updates: dict[str, Any] = {"technology": str(path.resolve())} if looks_like_path else {}
    if options.workloads:
        updates["workloads"] = tuple(
            str(Path(name).expanduser().resolve()) if name.endswith(".json") else name for name in options.workloads
        )
    return options.model_copy(update=updates)


def preflight(options: GenerateOptions) -> None:
    """Check all that can be checked before anything is written: workload, technology, tools.

    Raises:
        RequestError: an unknown technology, an unreadable workload.
        ToolError: a tool is missing, too old, or the Liberty file cannot be read.
    """
    if options.gemms:
        from tpugen.model import parse_gemm

        for text in options.gemms:
            parse_gemm(text)
    from tpugen.flows.technology import find_technology

    find_technology(options.technology)
    from tpugen.flows.tools import ICARUS, OPENSTA, VERILATOR, VVP, YOSYS
    from tpugen.pipeline.identity import require_tools

    require_tools(ICARUS, VVP, VERILATOR, YOSYS, OPENSTA)


def _command_line() -> list[str]:
    """How tpugen was called; the Python API is named as such."""
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else ""
    return ["tpugen", *sys.argv[1:]] if name in ("tpugen", "__main__.py") else ["python", "tpugen.generate"]


def _stored_options(folder: Path, stored: Mapping[str, Any]) -> GenerateOptions:
    try:
        return GenerateOptions.model_validate({**stored["identity"]["options"], "out": folder})
    except (ValidationError, KeyError) as error:
        raise StorageError(
            f"{folder / 'request.json'} was written by another version of tpugen: {error}",
            hint="start the run again with `tpugen generate`",
        ) from None


def _context(folder: Path, observer: Observer) -> Context:
    stored = read_request(folder)
    identity = stored["identity"]
    return Context(
        root=folder,
        spec=any_spec_from_dict(identity["spec"]),
        options=_stored_options(folder, stored),
        request=identity["request"],
        assumptions=list(stored["assumptions"]),
        reading=dict(stored.get("reading", {})),
        not_understood=list(stored["not_understood"]),
        clock_asked=bool(identity["clock_asked"]),
        observer=observer,
    )


def _execute(
    folder: Path, observer: Observer, *, use_cache: bool, keep: bool, session: ChatSession | None = None
) -> RunResult:
    """Run the flow in a folder that this process holds; the manifest always says how far it came."""
    remove_unfinished(folder)
    context = _context(folder, observer)
    context.session = session
    observer(Event("run", text=str(folder)))
    manifest = _first_manifest(context, read_request(folder))
    write_manifest(folder, manifest)

    def on_record(records: list[GateRecord]) -> None:
        nonlocal manifest
        manifest = _with_records(manifest, records, folder)
        write_manifest(folder, manifest)

    cache = StepCache() if use_cache else None
    flow = Flow(design_steps(context.spec), cache=cache, keep=keep, on_record=on_record)
    try:
        records = flow.run(context)
    except KeyboardInterrupt:
        _close(folder, manifest, "interrupted")
        raise
    except Exception as error:
        message = str(error) if isinstance(error, TpugenError) else f"{type(error).__name__}: {error}"
        _close(folder, manifest, "error", message)
        raise
    failed = any(record.verdict == "fail" for record in records)
    _close(folder, manifest, "fail" if failed else "pass")
    if cache is not None:
        cache.prune()
    return load_result(folder)


def _first_manifest(context: Context, stored: Mapping[str, Any]) -> Manifest:
    return Manifest(
        run_id=context.root.name,
        created_utc=stored["created_utc"],
        tpugen_version=__version__,
        command=list(stored["command"]),
        request=context.request,
        spec=context.spec.model_dump(mode="json"),
        module=context.contract.module,
        contract_sha256=context.contract.content_hash(),
        writer=context.options.chosen_writer,
        chat_model=context.options.chat_model,
        seed=context.options.seed,
        technology=context.technology.name,
        git=git_commit(),
        machine=machine_summary(),
    )


def _with_records(manifest: Manifest, records: Sequence[GateRecord], folder: Path) -> Manifest:
    seconds = round(sum(record.seconds for record in records), 3)  # of kept steps, what they took when they ran
    updates: dict[str, Any] = {"steps": list(records), "seconds": seconds}
    tools: dict[str, ToolVersion] = {tool.name: tool for record in records for tool in record.tools}
    updates["tools"] = list(tools.values())
    if records[-1].step == "write" and (folder / "write" / "provenance.json").is_file():
        written = read_json(folder / "write" / "provenance.json")
        updates["writer"] = written["writer"]
        updates["provenance"] = [ProvenanceRecord.model_validate(entry) for entry in written["provenance"]]
        updates["retrieved"] = list(written.get("retrieved", []))
    return manifest.model_copy(update=updates)


def _close(
    folder: Path,
    manifest: Manifest,
    verdict: Literal["pass", "fail", "interrupted", "error"],
    error: str | None = None,
) -> None:
    """Write the last manifest; a second Ctrl-C cannot cut it short, a full disk cannot hide the first error."""
    updates = {"verdict": verdict, "error": error}
    with _uninterrupted():
        try:
            write_manifest(folder, manifest.model_copy(update=updates))
        except StorageError:
            if verdict in ("pass", "fail"):
                raise


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back for a moment (main thread only: others never get them)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held)
