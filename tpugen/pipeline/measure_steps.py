"""Steps that measure: `synth`, `sta`; and `report`, which draws what was found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tpugen.errors import DesignFailedError, ToolFailedError
from tpugen.findings import Finding
from tpugen.pipeline.gate_steps import rtl_hashes
from tpugen.pipeline.identity import code_fingerprint, require_tools
from tpugen.pipeline.step import Context, Outcome, Step
from tpugen.results import DesignMeasurement, SimulationResult, SynthesisResult, TimingResult, ToolVersion
from tpugen.spec import AnySpec, PimLlmSpec, PimTileSpec, TpuSpec
from tpugen.storage import read_json, sha256_file, sha256_json, write_json_atomic

if TYPE_CHECKING:
    from tpugen.flows.activity import Activity

__all__ = ["ReportStep", "StaStep", "SynthStep", "measurement"]

_GATE_OPERAND_MAX_BITS = 64
"""Widest input whose values the power of single gates is worked out with."""


def _technology_identity(context: Context) -> dict[str, str]:
    technology = context.technology
    return {"name": technology.name, "liberty": sha256_file(technology.liberty)}


def _is_accelerator(context: Context) -> bool:
    """Whether the design has blocks, and may have macros."""
    return isinstance(context.spec, TpuSpec | PimTileSpec | PimLlmSpec)


class SynthStep(Step):
    """Maps the RTL to the technology with Yosys; measures area, cells and flip-flops."""

    id: ClassVar[str] = "synth"
    needs: ClassVar[tuple[str, ...]] = ("write", "sandbox", "contract", "lint", "simulate", "prove")

    def _tools(self) -> list[ToolVersion]:
        from tpugen.flows.tools import OPENSTA, YOSYS

        return require_tools(YOSYS, OPENSTA)  # recipes are compared by their worst path

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        return {
            "rtl": rtl_hashes(context),
            "top": context.contract.module,
            "clock_mhz": context.spec.clock_mhz,
            "mode": context.options.synthesis_mode,
            "technology": _technology_identity(context),
            "tools": {tool.name: tool.version for tool in self._tools()},
            "code": code_fingerprint(["flows", "model"] if _is_accelerator(context) else ["flows"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.flows.synthesis import synthesise
        from tpugen.model.macros import macro_figures

        try:
            result = synthesise(
                context.rtl_files,
                context.contract.module,
                context.technology,
                clock_mhz=context.spec.clock_mhz,
                folder=folder,
                mode=context.options.synthesis_mode,
                macros=macro_figures,
                blocks=_is_accelerator(context),
            )
        except DesignFailedError as error:
            finding = Finding(severity="error", gate="synth", rule="cell-name", message=error.message, hint=error.hint)
            return Outcome("a module has the name of a library cell", [finding], self._tools())
        except ToolFailedError as error:
            if context.options.chosen_writer != "llm":
                raise
            finding = Finding(
                severity="error", gate="synth", rule="synthesis-failed", message=error.message, hint=error.hint
            )
            return Outcome("the synthesiser did not take the RTL", [finding], self._tools())
        netlist = Path(result.netlist)
        if (folder / netlist).is_file():
            result = result.model_copy(update={"netlist": str((folder / netlist).relative_to(context.root))})
        write_json_atomic(folder / "synthesis.json", result.model_dump(mode="json"))
        summary = (
            f"{result.area_um2:,.0f} um2, {result.cells:,} cells, {result.flip_flops:,} flip-flops, "
            f"{result.technology}, {result.mode}"
        )
        if result.macros:
            count, area_um2 = sum(use.instances for use in result.macros), sum(use.area_um2 for use in result.macros)
            summary += f"; {count:,} macros of {area_um2:,.0f} um2 by their cards"
        return Outcome(summary, [], self._tools())


class StaStep(Step):
    """Times the netlist with OpenSTA, and its power with the activity of the simulation.

    A miss of the clock fails the design where the clock was asked for; where it was only assumed it is a warning.
    """

    id: ClassVar[str] = "sta"
    needs: ClassVar[tuple[str, ...]] = ("synth",)

    def _tools(self) -> list[ToolVersion]:
        from tpugen.flows.tools import OPENSTA

        return require_tools(OPENSTA)

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        activity = _activity_path(context)
        synthesis = context.root / "synth" / "synthesis.json"
        netlist = context.root / SynthesisResult.model_validate(read_json(synthesis)).netlist
        return {
            "netlist": {p.name: sha256_file(p) for p in sorted(netlist.parent.glob(f"{netlist.stem}*")) if p.is_file()},
            "top": context.contract.module,
            "clock_mhz": context.spec.clock_mhz,
            "clocked": context.contract.clocked,
            "clock_asked": context.clock_asked,
            "activity": sha256_file(activity) if activity else None,
            "operands": sha256_json(_operands(context)),
            "technology": _technology_identity(context),
            "tools": {tool.name: tool.version for tool in self._tools()},
            "code": code_fingerprint(["flows"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.flows.timing import analyse

        synthesis = SynthesisResult.model_validate(read_json(context.root / "synth" / "synthesis.json"))
        result = analyse(
            context.root / synthesis.netlist,
            context.contract.module,
            context.technology,
            clock_mhz=context.spec.clock_mhz,
            clocked=context.contract.clocked,
            folder=folder,
            activity=_activity(context),
            operands=_operands(context),
        )
        write_json_atomic(folder / "timing.json", result.model_dump(mode="json"))
        summary = f"slack {result.worst_slack_ns:+.2f} ns at {result.clock_mhz:g} MHz, fmax {result.fmax_mhz:.1f} MHz"
        if result.power is not None:
            summary += f", {result.power.total_mw:.3g} mW (activity: {result.power.activity_source})"
        if result.macro_power:
            macros_mw = sum(power.dynamic_mw + power.leakage_mw for power in result.macro_power)
            summary += f"; macros {macros_mw:.3g} mW by their cards"
        return Outcome(summary, _timing_findings(result, context.clock_asked), self._tools())


def _timing_findings(result: TimingResult, clock_asked: bool) -> list[Finding]:
    if result.worst_slack_ns >= 0:
        return []
    asked = "the clock that was asked for" if clock_asked else "the assumed clock"
    return [
        Finding(
            severity="error" if clock_asked else "warning",
            gate="sta",
            rule="clock-missed",
            message=(
                f"{asked}, {result.clock_mhz:g} MHz, is missed by {-result.worst_slack_ns:.2f} ns: "
                f"the critical path takes {result.critical_path_ns:.2f} ns"
            ),
            hint=f"ask for at most {_rounded_down(result.fmax_mhz)} MHz, a faster technology, or narrower operands",
        )
    ]


def _rounded_down(mhz: float) -> str:
    return f"{int(mhz)}" if mhz >= 10 else f"{int(mhz * 100) / 100:g}"


def _activity_path(context: Context) -> Path | None:
    path = context.root / "simulate" / "simulation.json"
    if not path.is_file():
        return None
    simulation = SimulationResult.model_validate(read_json(path))
    return context.root / simulation.activity if simulation.activity else None


def _activity(context: Context) -> Activity | None:
    path = _activity_path(context)
    if path is None:
        return None
    from tpugen.flows.activity import Activity

    return Activity.load(path)


def _operands(context: Context) -> dict[str, list[int]] | None:
    """What the simulation drove into a combinational design while it measured activity, by input port."""
    path = context.root / "simulate" / "plan.json"
    if context.contract.clocked or not path.is_file():
        return None
    plan = read_json(path)
    vectors = [int(beat, 16) for test in plan["tests"] if test["waves"] for beat in test["drive"]]
    if not vectors or any(port["width_bits"] > _GATE_OPERAND_MAX_BITS for port in plan["inputs"]):
        return None
    return {
        port["name"]: [beat >> port["offset"] & ((1 << port["width_bits"]) - 1) for beat in vectors]
        for port in plan["inputs"]
    }


def measurement(root: Path, module: str, spec: AnySpec) -> tuple[DesignMeasurement, str | None]:
    """The measured design of a run, as the model takes it in, and a note where the spec's clock was not met.

    A design that misses its clock is judged at the highest clock it reaches, its dynamic power scaled with the clock.
    """
    synthesis = SynthesisResult.model_validate(read_json(root / "synth" / "synthesis.json"))
    timing = TimingResult.model_validate(read_json(root / "sta" / "timing.json"))
    clock_mhz, note = spec.clock_mhz, None
    power_mw = timing.power.total_mw if timing.power else None
    if timing.worst_slack_ns < 0:
        clock_mhz = timing.fmax_mhz
        note = f"judged at {clock_mhz:.1f} MHz, the highest clock it reaches, not at {spec.clock_mhz:g} MHz"
        if timing.power is not None:
            dynamic = timing.power.internal_mw + timing.power.switching_mw
            power_mw = timing.power.leakage_mw + dynamic * clock_mhz / timing.power.clock_mhz
            note += "; dynamic power scaled with the clock"
    design = DesignMeasurement(
        design=module,
        technology=synthesis.technology,
        clock_mhz=clock_mhz,
        area_um2=synthesis.area_um2,
        power_mw=power_mw,
    )
    return design, note


class ReportStep(Step):
    """Draws `report.html`, also of a run that failed."""

    id: ClassVar[str] = "report"
    outputs: ClassVar[tuple[str, ...]] = ("report.html",)
    cacheable: ClassVar[bool] = False  # it names its run
    always: ClassVar[bool] = True

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        results = sorted(context.root.glob("*/result.json"))
        return {
            "results": {p.parent.name: sha256_file(p) for p in results if p.parent.name != self.id},
            "code": code_fingerprint(["report"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.report import write_report

        path = write_report(context.root)
        return Outcome(f"{path.name}, {path.stat().st_size / 1024:,.0f} KiB")

    def command(self, context: Context) -> str | None:
        """See `Step.command`."""
        return "tpugen report ."
