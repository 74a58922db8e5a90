"""The step `model`: what a measured design gives on matrix products and language models."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tpugen.findings import Finding
from tpugen.pipeline.identity import code_fingerprint
from tpugen.pipeline.measure_steps import measurement
from tpugen.pipeline.step import Context, Outcome, Step
from tpugen.results import TimingResult
from tpugen.spec import (
    AcceleratorSpec,
    AdderSpec,
    AnySpec,
    CustomSpec,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    PimLlmSpec,
    PimTileSpec,
    SystolicArraySpec,
    TpuSpec,
)
from tpugen.storage import read_json, sha256_file, write_json_atomic

if TYPE_CHECKING:
    from tpugen.results import DesignMeasurement, ModelResult
    from tpugen.results.accelerators import AcceleratorReport

__all__ = ["ModelStep", "default_gemm"]

_DEFAULT_GEMM_SIDE = 64


class ModelStep(Step):
    """What the measured design gives on the workload: matrix products, and language models where they are named.

    A `pim_llm` runs language models alone: those named, and two that are always there for comparison.
    """

    id: ClassVar[str] = "model"
    needs: ClassVar[tuple[str, ...]] = ("synth", "sta")

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        design, _ = measurement(context.root, context.contract.module, context.spec)
        return {
            "spec": context.spec.model_dump(mode="json"),
            "gemms": list(context.options.gemms),
            "workloads": {name: _content(name) for name in context.options.workloads},
            "design": design.model_dump(mode="json"),
            "accelerator": _accelerator_measured(context),
            "code": code_fingerprint(["arithmetic", "model", "spec"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        spec = context.spec
        if isinstance(spec, CustomSpec):
            return Outcome("a design with a contract of its own has no workload that tpugen knows", skipped=True)
        if isinstance(spec, AdderSpec | MultiplierSpec):
            return Outcome("a combinational unit runs no GEMM by itself", skipped=True)
        design, note = measurement(context.root, context.contract.module, spec)
        said = []
        if not isinstance(spec, PimLlmSpec):
            result = _products(spec, list(context.options.gemms), design)
            write_json_atomic(folder / "model.json", result.model_dump(mode="json"))
            said.append(_products_said(context, result))
        if isinstance(spec, PimLlmSpec) or context.options.workloads:
            from tpugen.pipeline.accelerator_modelling import accelerator_report

            report = accelerator_report(spec, context.root, context.options.workloads)
            write_json_atomic(folder / "accelerator.json", report.model_dump(mode="json"))
            said.append(_models_said(report))
        findings = [
            Finding(severity="info", gate="model", rule=rule, message=message)
            for rule, message in (("clock", note), ("macros", _macros_said(context)))
            if message
        ]
        return Outcome("; ".join(said), findings)

    def command(self, context: Context) -> str | None:
        """See `Step.command`."""
        spec, options = context.spec, context.options
        if isinstance(spec, SystolicArraySpec | MacSpec):
            return f"tpugen model gemm {' '.join(options.gemms or (default_gemm(spec),))} --run ."
        if isinstance(spec, PimLlmSpec | TpuSpec) and (options.workloads or isinstance(spec, PimLlmSpec)):
            name = options.workloads[0] if options.workloads else "opt-6.7b"
            return f"tpugen model llm --model {shlex.quote(name)} --context 1024 --design ."
        return None


def _accelerator_measured(context: Context) -> dict[str, Any]:
    """What the model of a whole accelerator reads beside clock, area and power; nothing of other designs."""
    wanted = {"simulate/simulation.json": "accelerator", "synth/synthesis.json": "macros", "sta/timing.json": "blocks"}
    if not isinstance(context.spec, AcceleratorSpec):
        return {}
    return {key: read_json(context.root / name).get(key) for name, key in wanted.items()}


def _content(workload: str) -> str | None:
    """Hash of a config.json; None of a built-in name."""
    path = Path(workload)
    return sha256_file(path) if path.is_file() else None


def _products(spec: DesignSpec, texts: list[str], design: DesignMeasurement) -> ModelResult:
    from tpugen.model import evaluate, parse_gemm

    gemms = [parse_gemm(text) for text in texts or [default_gemm(spec)]]
    if isinstance(spec, TpuSpec | PimTileSpec):
        from tpugen.model.accelerators import evaluate_products

        return evaluate_products(spec, gemms, design)
    return evaluate(spec, gemms, design)


def _products_said(context: Context, result: ModelResult) -> str:
    texts, total = context.options.gemms, result.total
    one = f"GEMM {total.m}x{total.k}x{total.n}"
    workload = one if len(result.gemms) == 1 else f"{len(result.gemms)} GEMMs"
    summary = (
        f"{workload}{'' if texts else ' (assumed)'}: {total.cycles:,} cycles, {total.utilization:.1%} utilised, "
        f"{total.gops:.3g} GOPS"
    )
    return summary if total.gops_per_w is None else f"{summary}, {total.gops_per_w:.3g} GOPS/W"


def _macros_said(context: Context) -> str:
    """What products do not count: power of macros, which is the cards'."""
    if not isinstance(context.spec, TpuSpec | PimTileSpec):
        return ""
    timing = TimingResult.model_validate(read_json(context.root / "sta" / "timing.json"))
    power_mw = sum(power.dynamic_mw + power.leakage_mw for power in timing.macro_power)
    return (
        f"energy of products is the standard cells'; macros take {power_mw:.3g} mW by their cards" if power_mw else ""
    )


def _models_said(report: AcceleratorReport) -> str:
    point = report.points[0].result
    joules = "" if point.tokens_per_j is None else f", {point.tokens_per_j:.3g} tokens/J"
    others = len({item.result.model for item in report.points}) - 1
    more = f"; {others} more model{'s' if others > 1 else ''}" if others else ""
    return f"{point.model} at {point.context:,}: {point.tokens_per_s:.3g} tokens/s{joules}{more}"


def default_gemm(spec: AnySpec) -> str:
    """The workload where none is named: a square GEMM of side 64, or of the array's larger side where that is more.

    Of a PIM tile: 64 vectors through its matrix.
    """
    if isinstance(spec, PimTileSpec):
        return f"{_DEFAULT_GEMM_SIDE}x{spec.rows}x{spec.cols}"
    side = _DEFAULT_GEMM_SIDE
    if isinstance(spec, SystolicArraySpec | TpuSpec):
        side = max(side, spec.rows, spec.cols)
    return f"{side}x{side}x{side}"
