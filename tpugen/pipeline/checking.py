"""Gates and synthesis on RTL that is already there, outside a run."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tpugen.errors import DesignFailedError, RequestError
from tpugen.findings import Finding, has_errors
from tpugen.pipeline.cache import StepCache
from tpugen.pipeline.custom import check_custom
from tpugen.pipeline.gate_steps import ContractStep, LintStep, SandboxStep, SimulateStep
from tpugen.pipeline.options import GenerateOptions, Observer, SynthesisMode, silent
from tpugen.pipeline.request import spec_from_file, understand
from tpugen.pipeline.result import StepLine
from tpugen.pipeline.rtl import compose_rtl
from tpugen.pipeline.step import Context, Flow, Step
from tpugen.results import SimulationResult, SynthesisResult, TimingResult
from tpugen.spec import AnySpec, CustomSpec
from tpugen.storage import copy_file_atomic, make_folder, read_json, write_json_atomic

__all__ = ["GATES", "CheckResult", "SynthesisReport", "synthesise_files", "synthesise_request", "verify_files"]

GATES = ("sandbox", "contract", "lint", "simulate")
"""The gates of `verify_files`, in order."""


class CheckResult(BaseModel):
    """What the gates said of RTL files.

    Attributes:
        folder: Where logs and waves are, if they were kept.
        cycles: Measured cycles of the latency test, if the simulation was reached.
    """

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["pass", "fail"]
    module: str
    files: list[str]
    folder: str | None
    steps: list[StepLine]
    findings: list[Finding] = Field(default_factory=list)
    cycles: int | None = None
    expected_cycles: int | None = None


class SynthesisReport(BaseModel):
    """What synthesis and timing measured of RTL files; power is with OpenSTA's default activity."""

    model_config = ConfigDict(extra="forbid")

    module: str
    files: list[str]
    folder: str | None
    synthesis: SynthesisResult
    timing: TimingResult


def verify_files(
    files: Sequence[Path],
    spec: AnySpec,
    *,
    until: str = "simulate",
    seed: int = 1,
    out: Path | None = None,
    use_cache: bool = True,
    observer: Observer = silent,
) -> CheckResult:
    """Run the gates on RTL files.

    Args:
        files: Verilog-2005 sources of the design; their names must differ.
        spec: What the RTL is to be: a design of the library, or a contract and a reference of the caller's own.
        until: The last gate to run, one of `GATES`.
        seed: Seed of the bench's stimulus.
        out: Folder to keep logs and waves in, new or empty; left out: nothing is kept.
        use_cache: Take gates whose inputs did not change from the cache.
        observer: Hears what happens.

    Raises:
        RequestError: a file that is not there, an unknown gate, a folder that is not empty, a wrong reference.
        ToolError: a tool is missing or broke.
    """
    if until not in GATES:
        raise RequestError(f"no gate is called {until!r}", hint=f"gates in order: {', '.join(GATES)}")
    if isinstance(spec, CustomSpec) and until == "simulate":
        check_custom(spec, seed)
    steps: list[Step] = [SandboxStep(), ContractStep(), LintStep(), SimulateStep()]
    steps = steps[: GATES.index(until) + 1]
    with _work_folder(out) as folder:
        names = _copy(files, folder / "rtl")
        options = GenerateOptions(seed=seed, use_cache=use_cache, out=out)
        context = Context(root=folder, spec=spec, options=options, observer=observer, rtl_order=names)
        write_json_atomic(folder / "spec.json", {"spec": spec.model_dump(mode="json")})
        records = Flow(steps, cache=StepCache() if use_cache else None).run(context)
        simulation = folder / "simulate" / "simulation.json"
        measured = SimulationResult.model_validate(read_json(simulation)) if simulation.is_file() else None
    return CheckResult(
        verdict="fail" if any(record.verdict == "fail" for record in records) else "pass",
        module=context.contract.module,
        files=[str(Path(file).resolve()) for file in files],
        folder=str(folder) if out else None,
        steps=[StepLine.model_validate(r.model_dump(include=set(StepLine.model_fields))) for r in records],
        findings=[f for record in records for f in record.findings if f.severity != "info"],
        cycles=measured.measured_cycles if measured else None,
        expected_cycles=measured.expected_cycles if measured else None,
    )


def synthesise_files(
    files: Sequence[Path],
    top: str,
    *,
    technology: str,
    clock_mhz: float = 100.0,
    mode: SynthesisMode = "auto",
    out: Path | None = None,
) -> SynthesisReport:
    """Synthesise and time RTL files.

    Args:
        files: Verilog-2005 sources.
        top: Name of the top module; it is clocked if it has a port `clk_i`.
        technology: Name of a technology library or path of a Liberty file.
        clock_mhz: Clock to synthesise and time for.
        mode: `flat`, `hierarchical` or `auto`.
        out: Folder to keep netlist, scripts and logs in, new or empty; left out: nothing is kept.

    Raises:
        RequestError: a file that is not there, an unknown technology.
        DesignFailedError: the sandbox refuses the sources.
        ToolError: a tool is missing or broke.
    """
    from tpugen.flows.sandbox import check_sources
    from tpugen.flows.synthesis import synthesise
    from tpugen.flows.technology import find_technology
    from tpugen.flows.timing import analyse
    from tpugen.model.macros import macro_figures

    library = find_technology(technology)
    with _work_folder(out) as folder:
        sources = [folder / "rtl" / name for name in _copy(files, folder / "rtl")]
        texts = [(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in sources]
        findings = check_sources(texts)
        if has_errors(findings):
            lines = "\n  ".join(f.one_line() for f in findings if f.severity == "error")
            raise DesignFailedError(f"the sandbox refuses these sources:\n  {lines}")
        clocked = _has_clock(top, [text for _, text in texts])
        synthesis = synthesise(
            sources,
            top,
            library,
            clock_mhz=clock_mhz,
            folder=make_folder(folder / "synth"),
            mode=mode,
            macros=macro_figures,
        )
        netlist = next(p for p in (folder / "synth" / synthesis.netlist, folder / synthesis.netlist) if p.is_file())
        timing = analyse(
            netlist, top, library, clock_mhz=clock_mhz, clocked=clocked, folder=make_folder(folder / "sta")
        )
    return SynthesisReport(
        module=top,
        files=[str(Path(file).resolve()) for file in files],
        folder=str(folder) if out else None,
        synthesis=synthesis,
        timing=timing,
    )


def synthesise_request(
    text: str | None,
    spec_file: Path | None,
    files: Sequence[Path],
    top: str | None,
    *,
    technology: str,
    clock_mhz: float | None = None,
    mode: SynthesisMode = "auto",
    out: Path | None = None,
) -> SynthesisReport:
    """Synthesise what a caller names: a sentence, a spec file, or Verilog files with their top module.

    Raises:
        RequestError: none or several of them; files without a top module.
        ToolError: a tool is missing or broke.
    """
    named = [name for name, given in (("TEXT", text), ("--spec", spec_file), ("--rtl", files)) if given]
    if len(named) != 1:
        raise RequestError(f"give one of TEXT, --spec FILE or --rtl FILE; found {' and '.join(named) or 'none'}")
    if bool(files) != bool(top):
        raise RequestError("--rtl and --top belong together: name the top module of the files")
    if files and top:
        return synthesise_files(files, top, technology=technology, clock_mhz=clock_mhz or 100.0, mode=mode, out=out)
    request = text if text is not None else spec_from_file(spec_file or Path())
    spec = understand(request, clock_mhz=clock_mhz).spec
    with tempfile.TemporaryDirectory(prefix="tpugen-") as folder:
        composed = compose_rtl(spec, out=Path(folder))
        paths = [Path(file.path or "") for file in composed.files]
        report = synthesise_files(
            paths, composed.module, technology=technology, clock_mhz=spec.clock_mhz, mode=mode, out=out
        )
    return report.model_copy(update={"files": [file.name for file in composed.files]})


def _has_clock(top: str, texts: Sequence[str]) -> bool:
    header = re.compile(rf"\bmodule\s+{re.escape(top)}\b.*?;", re.DOTALL)
    code = [re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL) for text in texts]
    return any(re.search(r"\bclk_i\b", match.group()) for text in code for match in header.finditer(text))


@contextmanager
def _work_folder(out: Path | None) -> Iterator[Path]:
    """The caller's folder, or one that goes away afterwards."""
    if out is not None:
        folder = out.expanduser().resolve()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RequestError(f"--out {out}: not an empty folder", hint="choose a folder that is new or empty")
        yield make_folder(folder)
        return
    folder = Path(tempfile.mkdtemp(prefix="tpugen-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(files: Sequence[Path], folder: Path) -> list[str]:
    if not files:
        raise RequestError("no Verilog file is named")
    names: list[str] = []
    for file in files:
        if not file.is_file():
            raise RequestError(f"{file}: no such file", hint="name the Verilog sources of the design")
        if file.name in names:
            raise RequestError(f"two files are called {file.name}", hint="rename one: messages speak of file names")
        names.append(file.name)
        copy_file_atomic(file, folder / file.name)
    return names
