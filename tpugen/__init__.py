"""tpugen: one sentence to accelerator RTL that is proved, measured, and judged on the workload it is for.

    import tpugen

    result = tpugen.generate("4x4 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz")
    result.verdict, result.area_um2, result.fmax_mhz, result.files

The Python API is what the command line calls: `generate` returns the object that `tpugen generate --json` prints.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tpugen.errors import TpugenError
    from tpugen.findings import Finding
    from tpugen.model import Gemm, evaluate, parse_gemm
    from tpugen.pipeline import (
        CheckResult,
        Comparison,
        Diagnosis,
        GenerateOptions,
        RunResult,
        RunSummary,
        SynthesisReport,
        compare_runs,
        diagnose,
        generate,
        list_runs,
        load_result,
        model_amdahl,
        model_compare,
        model_gemm,
        model_llm,
        model_sweep,
        resume,
        run_many,
        show_run,
        synthesise_files,
        verify_files,
    )
    from tpugen.report import write_report
    from tpugen.results import DesignMeasurement, ModelResult
    from tpugen.results.amdahl import AmdahlPoint, ModelComparison
    from tpugen.results.systems import LlmResult, SweepResult
    from tpugen.spec import (
        AdderSpec,
        Contract,
        CustomSpec,
        DesignSpec,
        MacSpec,
        MultiplierSpec,
        PimLlmSpec,
        PimTileSpec,
        SystolicArraySpec,
        TpuSpec,
        contract_for,
        spec_from_dict,
        spec_json_schema,
    )
    from tpugen.spec.language import ParsedRequest, parse_request
    from tpugen.writers.composer import compose
    from tpugen.writers.files import RtlFile

__all__ = [
    "AdderSpec",
    "AmdahlPoint",
    "CheckResult",
    "Comparison",
    "Contract",
    "CustomSpec",
    "DesignMeasurement",
    "DesignSpec",
    "Diagnosis",
    "Finding",
    "Gemm",
    "GenerateOptions",
    "LlmResult",
    "MacSpec",
    "ModelComparison",
    "ModelResult",
    "MultiplierSpec",
    "ParsedRequest",
    "PimLlmSpec",
    "PimTileSpec",
    "RtlFile",
    "RunResult",
    "RunSummary",
    "SweepResult",
    "SynthesisReport",
    "SystolicArraySpec",
    "TpuSpec",
    "TpugenError",
    "__version__",
    "compare_runs",
    "compose",
    "contract_for",
    "diagnose",
    "evaluate",
    "generate",
    "list_runs",
    "load_result",
    "model_amdahl",
    "model_compare",
    "model_gemm",
    "model_llm",
    "model_sweep",
    "parse_gemm",
    "parse_request",
    "resume",
    "run_many",
    "show_run",
    "spec_from_dict",
    "spec_json_schema",
    "synthesise_files",
    "verify_files",
    "write_report",
]

_MODULES = {
    "errors": ("TpugenError",),
    "findings": ("Finding",),
    "model": ("Gemm", "evaluate", "parse_gemm"),
    "pipeline": (
        "CheckResult", "Comparison", "Diagnosis", "GenerateOptions", "RunResult", "RunSummary", "SynthesisReport",
        "compare_runs", "diagnose", "generate", "list_runs", "load_result", "model_amdahl", "model_compare",
        "model_gemm", "model_llm", "model_sweep", "resume", "run_many", "show_run", "synthesise_files", "verify_files",
    ),
    "report": ("write_report",),
    "results": ("DesignMeasurement", "ModelResult"),
    "results.amdahl": ("AmdahlPoint", "ModelComparison"),
    "results.systems": ("LlmResult", "SweepResult"),
    "spec": (
        "AdderSpec", "Contract", "CustomSpec", "DesignSpec", "MacSpec", "MultiplierSpec", "PimLlmSpec",
        "PimTileSpec", "SystolicArraySpec", "TpuSpec", "contract_for", "spec_from_dict", "spec_json_schema",
    ),
    "spec.language": ("ParsedRequest", "parse_request"),
    "writers.composer": ("compose",),
    "writers.files": ("RtlFile",),
}  # fmt: skip
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name where it is first used, so that `import tpugen` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
