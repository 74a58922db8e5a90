"""Runs: steps in order, a folder that keeps everything, a cache that never serves what changed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tpugen.pipeline.amdahl import model_amdahl
    from tpugen.pipeline.checking import CheckResult, SynthesisReport, synthesise_files, verify_files
    from tpugen.pipeline.comparing import model_compare
    from tpugen.pipeline.doctor import Check, Diagnosis, diagnose
    from tpugen.pipeline.executor import Executor, LocalExecutor, WorkResult, run_many
    from tpugen.pipeline.generation import generate, resume
    from tpugen.pipeline.llm_modelling import model_llm
    from tpugen.pipeline.matrix import verify_matrix
    from tpugen.pipeline.matrix_report import MatrixSummary
    from tpugen.pipeline.modelling import model_gemm
    from tpugen.pipeline.options import Event, GenerateOptions, Observer
    from tpugen.pipeline.request import Understanding, spec_from_file, understand
    from tpugen.pipeline.result import RunResult, StepLine, load_result
    from tpugen.pipeline.rtl import RtlSet, compose_rtl
    from tpugen.pipeline.runs import Comparison, RunSummary, compare_runs, list_runs, show_run
    from tpugen.pipeline.sweep_modelling import model_sweep

__all__ = [
    "Check",
    "CheckResult",
    "Comparison",
    "Diagnosis",
    "Event",
    "Executor",
    "GenerateOptions",
    "LocalExecutor",
    "MatrixSummary",
    "Observer",
    "RtlSet",
    "RunResult",
    "RunSummary",
    "StepLine",
    "SynthesisReport",
    "Understanding",
    "WorkResult",
    "compare_runs",
    "compose_rtl",
    "diagnose",
    "generate",
    "list_runs",
    "load_result",
    "model_amdahl",
    "model_compare",
    "model_gemm",
    "model_llm",
    "model_sweep",
    "resume",
    "run_many",
    "show_run",
    "spec_from_file",
    "synthesise_files",
    "understand",
    "verify_files",
    "verify_matrix",
]

_MODULES = {
    "amdahl": ("model_amdahl",),
    "checking": ("CheckResult", "SynthesisReport", "synthesise_files", "verify_files"),
    "comparing": ("model_compare",),
    "doctor": ("Check", "Diagnosis", "diagnose"),
    "executor": ("Executor", "LocalExecutor", "WorkResult", "run_many"),
    "generation": ("generate", "resume"),
    "options": ("Event", "GenerateOptions", "Observer"),
    "result": ("RunResult", "StepLine", "load_result"),
    "llm_modelling": ("model_llm",),
    "matrix": ("verify_matrix",),
    "matrix_report": ("MatrixSummary",),
    "modelling": ("model_gemm",),
    "request": ("Understanding", "spec_from_file", "understand"),
    "rtl": ("RtlSet", "compose_rtl"),
    "runs": ("Comparison", "RunSummary", "compare_runs", "list_runs", "show_run"),
    "sweep_modelling": ("model_sweep",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name where it is first used: `tpugen --help` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
