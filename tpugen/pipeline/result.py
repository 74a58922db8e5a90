"""`RunResult`: what a run came to, in one object; the same that `tpugen generate --json` prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tpugen.errors import StorageError
from tpugen.findings import Finding
from tpugen.pipeline.folder import read_manifest, run_is_active
from tpugen.results import GateRecord, Manifest, ModelResult, SimulationResult, SynthesisResult, TimingResult, Verdict
from tpugen.results.accelerators import AcceleratorReport, WorkloadPoint
from tpugen.storage import read_json

__all__ = ["RunResult", "StepLine", "WorkloadLine", "load_result"]

_Model = TypeVar("_Model", bound=BaseModel)


class StepLine(BaseModel):
    """One step of a run, in one line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    verdict: Verdict
    seconds: float
    cached: bool
    summary: str


class WorkloadLine(BaseModel):
    """A language model at a context on the design, in one line; components are in the run's `model/accelerator.json`.

    Attributes:
        tokens_per_j: What stands idle takes no energy.
        always_on_tokens_per_j: Nothing is ever switched off.
        published_tokens_per_s: PIM-LLM's, as printed; None where the paper prints none.
        modelled_tokens_per_s: PIM-LLM's, by our model of it.
        modelled_tokens_per_j: Likewise, every engine charged for all its work.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    context: int
    tokens_per_s: float
    tokens_per_j: float | None
    always_on_tokens_per_j: float | None
    published_tokens_per_s: float | None
    modelled_tokens_per_s: float | None
    modelled_tokens_per_j: float | None


class RunResult(BaseModel):
    """What a run came to. `None` means "not measured", never zero.

    Attributes:
        verdict: `pass`: every gate passed in this run. `fail`: a gate refused the design. Otherwise the run has not
            come to a verdict: `running`, `interrupted`, `error`.
        run: The run's folder, absolute.
        module: Name of the top module.
        writer: Who wrote the RTL: `composer`, or `llm`.
        clock_mhz: The clock that the design was synthesised and timed for.
        macro_area_um2: Of crossbars and memories, from technology cards, beside `area_um2`; None: there are none.
        power_mw: At `clock_mhz`, with the switching activity of the simulation.
        cycles: Measured cycles of the latency test, from first operand beat to last result beat, both counted.
        errors: Error metrics of the approximate `multiplier` and `adder`, and of the `dot_product`; None of an exact
            design.
        language_models: What the design gives on language models, where it is judged on any.
        workload: The GEMMs that `gops`, `gops_per_w` and `utilization` speak of, as `MxKxN`.
        files: The RTL files, absolute, top module last.
        findings: Errors and warnings of all gates.
    """

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["pass", "fail", "running", "interrupted", "error"]
    run: str
    module: str
    technology: str
    writer: str
    chat_model: str | None = None
    clock_mhz: float | None = None
    area_um2: float | None = None
    macro_area_um2: float | None = None
    cells: int | None = None
    flip_flops: int | None = None
    power_mw: float | None = None
    fmax_mhz: float | None = None
    worst_slack_ns: float | None = None
    cycles: int | None = None
    expected_cycles: int | None = None
    errors: dict[str, Any] | None = None
    language_models: list[WorkloadLine] = Field(default_factory=list)
    workload: list[str] = Field(default_factory=list)
    workload_cycles: int | None = None
    utilization: float | None = None
    gops: float | None = None
    gops_per_w: float | None = None
    energy_uj: float | None = None
    files: list[str] = Field(default_factory=list)
    report: str | None = None
    request: str | None = None
    spec: dict[str, Any] = Field(default_factory=dict)
    assumptions: list[dict[str, Any]] = Field(default_factory=list)
    not_understood: list[str] = Field(default_factory=list)
    disagreements: list[dict[str, Any]] = Field(default_factory=list)
    steps: list[StepLine] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    error: str | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return self.verdict == "pass"

    @property
    def first_failure(self) -> StepLine | None:
        """The step that refused the design, if one did."""
        return next((line for line in self.steps if line.verdict == "fail"), None)


def _part(model: type[_Model], path: Path) -> _Model | None:
    if not path.is_file():
        return None
    try:
        return model.model_validate(read_json(path))
    except ValidationError as error:
        raise StorageError(
            f"{path} is damaged: {error.errors()[0]['msg']}", hint="`tpugen resume` does damaged steps again"
        ) from None


def _finished(manifest: Manifest, step: str) -> GateRecord | None:
    return next((r for r in manifest.steps if r.step == step and r.verdict in ("pass", "fail")), None)


def load_result(folder: Path) -> RunResult:
    """Read a run's result back from its folder.

    Raises:
        StorageError: not a run folder, or damaged.
    """
    folder = folder.resolve()
    manifest = read_manifest(folder)
    document = read_json(folder / "spec.json") if _finished(manifest, "spec") else {}
    verdict = manifest.verdict
    if verdict == "running" and not run_is_active(folder):
        verdict = "interrupted"  # killed: nobody holds it any more
    result = RunResult(
        verdict=verdict,
        run=str(folder),
        module=manifest.module,
        technology=manifest.technology,
        writer=manifest.writer,
        chat_model=manifest.chat_model,
        files=[str(folder / "rtl" / record.file) for record in manifest.provenance],
        report=str(folder / "report.html") if (folder / "report.html").is_file() else None,
        request=manifest.request,
        spec=dict(manifest.spec),
        assumptions=list(document.get("assumptions", [])),
        not_understood=list(document.get("not_understood", [])),
        disagreements=list(document.get("reading", {}).get("disagreements", [])),
        steps=[StepLine.model_validate(r.model_dump(include=set(StepLine.model_fields))) for r in manifest.steps],
        findings=[f for record in manifest.steps for f in record.findings if f.severity != "info"],
        error=manifest.error,
        seconds=manifest.seconds,
    )
    return result.model_copy(update=_measured(folder, manifest))


def _measured(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """The numbers of the steps that this run finished (stale files of an earlier state are not read)."""
    values: dict[str, Any] = {"clock_mhz": manifest.spec.get("clock_mhz")}
    simulation = (
        _part(SimulationResult, folder / "simulate/simulation.json") if _finished(manifest, "simulate") else None
    )
    if simulation:
        values |= {"cycles": simulation.measured_cycles, "expected_cycles": simulation.expected_cycles}
    synthesis = _part(SynthesisResult, folder / "synth/synthesis.json") if _finished(manifest, "synth") else None
    if synthesis:
        values |= {"area_um2": synthesis.area_um2, "cells": synthesis.cells, "flip_flops": synthesis.flip_flops}
        values["macro_area_um2"] = sum(macro.area_um2 for macro in synthesis.macros) if synthesis.macros else None
    timing = _part(TimingResult, folder / "sta/timing.json") if _finished(manifest, "sta") else None
    if timing:
        values |= {"fmax_mhz": timing.fmax_mhz, "worst_slack_ns": timing.worst_slack_ns}
        values["power_mw"] = timing.power.total_mw if timing.power else None
    errors = folder / "error/error.json"
    if _finished(manifest, "error") and errors.is_file():
        values["errors"] = read_json(errors)
    report = _part(AcceleratorReport, folder / "model/accelerator.json") if _finished(manifest, "model") else None
    if report:
        values["language_models"] = [_workload_line(point) for point in report.points]
    model = _part(ModelResult, folder / "model/model.json") if _finished(manifest, "model") else None
    if model:
        values |= {
            "workload": [f"{g.m}x{g.k}x{g.n}" for g in model.gemms],
            "workload_cycles": model.total.cycles,
            "utilization": model.total.utilization,
            "gops": model.total.gops,
            "gops_per_w": model.total.gops_per_w,
            "energy_uj": model.total.energy_uj,
        }
    return values


def _workload_line(point: WorkloadPoint) -> WorkloadLine:
    result = point.result
    hybrid = [item for item in point.published if item.system == "pim-llm"]
    printed = next((item for item in hybrid if item.origin == "printed"), None)
    modelled = next((item for item in hybrid if item.accounting == "consistent"), None)
    return WorkloadLine(
        model=result.model,
        context=result.context,
        tokens_per_s=result.tokens_per_s,
        tokens_per_j=result.tokens_per_j,
        always_on_tokens_per_j=point.always_on_tokens_per_j,
        published_tokens_per_s=printed.tokens_per_s if printed else None,
        modelled_tokens_per_s=modelled.tokens_per_s if modelled else None,
        modelled_tokens_per_j=modelled.tokens_per_j if modelled else None,
    )
