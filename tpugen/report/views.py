"""What the page shows, in words: figures with their origin, rows of tables, one record for each thing drawn."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime

from markupsafe import Markup

from tpugen.findings import Finding
from tpugen.report.accelerator_view import shown_point
from tpugen.report.code import excerpt
from tpugen.report.load import OPTIONAL_STEPS, STEPS, Run
from tpugen.report.model_charts import model_name
from tpugen.report.text import area, count, quantity, seconds
from tpugen.report.unit_diagram import unit_name
from tpugen.results import ToolVersion
from tpugen.spec import AdderUnit, CellFaults, CustomSpec, MultiplierUnit, ReadNoise
from tpugen.text import clean

__all__ = [
    "FigureView",
    "FindingView",
    "SpecRow",
    "StepView",
    "command_line",
    "created",
    "figures",
    "finding_views",
    "headline",
    "power_with_unit",
    "spec_rows",
    "steps",
    "tools",
]

_STEP_QUESTIONS = {
    "spec": "Which legal spec does the request mean?",
    "write": "Who writes the RTL for the contract?",
    "sandbox": "Does the RTL touch anything outside the run?",
    "contract": "Are module name and ports those of the contract?",
    "lint": "Do Icarus, Verilator and Yosys accept it without a warning?",
    "simulate": "Are results and latency those of the bit-accurate model?",
    "prove": "Is it equal to the reference for every input?",
    "error": "How wrong are the approximate units, alone and in dot products?",
    "synth": "What does it cost in cells and area?",
    "sta": "How fast is it, and how much power does it draw?",
    "model": "What is it worth on the workload?",
}

_FIELD_WORDS = {
    "kind": "kind",
    "rows": "rows",
    "cols": "columns",
    "dataflow": "dataflow",
    "width_bits": "operand width",
    "activation_width_bits": "activation width",
    "weight_width_bits": "weight width",
    "accumulator_width_bits": "accumulator width",
    "signed": "number format",
    "multiplier": "multiplier",
    "adder": "adder",
    "shared_pre_approximation": "pre-approximation",
    "d": "width of the residual stream",
    "heads": "query heads",
    "kv_heads": "key and value heads",
    "d_ff": "width of the feed-forward network",
    "context": "positions of the KV cache",
    "gated": "gated feed-forward network",
    "norm": "norm",
    "activation": "activation function",
    "weights": "weights",
    "operand_depth": "slices of an operand bank",
    "multiplier_width_bits": "width of the scale",
    "unsigned_activations": "unsigned activations",
    "result_width_bits": "result width",
    "crossbar_rows": "rows of a crossbar",
    "crossbar_cols": "column pairs of a crossbar",
    "adc_bits": "resolution of an ADC",
    "columns_per_adc": "columns that share an ADC",
    "zero_skipping": "skipping of zero bit planes",
    "input_lanes": "activations of a beat",
    "output_lanes": "results of a beat",
    "faults": "stuck cells",
    "noise": "read noise",
    "clock_mhz": "clock",
}
_FIELD_ORDER = list(_FIELD_WORDS)
_ACCELERATOR_FLAGS = ("gated", "unsigned_activations", "zero_skipping")


@dataclass(frozen=True)
class FigureView:
    """One key figure; `late` marks one that misses its mark."""

    label: str
    value: str
    unit: str
    origin: str
    late: bool = False


@dataclass(frozen=True)
class FindingView:
    """A finding with the lines of RTL that it speaks of, where they are known."""

    finding: Finding
    where: str
    source: Markup | None


@dataclass(frozen=True)
class StepView:
    """A step of the run; `verdict` is `none` for one that was not reached."""

    name: str
    question: str
    verdict: str
    summary: str = ""
    duration: str = ""
    cached: bool = False
    findings: list[FindingView] = field(default_factory=list)


@dataclass(frozen=True)
class SpecRow:
    """A field of the spec, and where its value comes from."""

    name: str
    field: str
    value: str
    assumed: bool
    reason: str


def steps(run: Run) -> list[StepView]:
    """All steps of a whole run in order, then any others that the run recorded."""
    others = [record.step for record in run.steps if record.step not in STEPS]
    views = []
    for name in [*STEPS, *others]:
        record, question = run.step(name), _STEP_QUESTIONS.get(name, "")
        if record is None and name in OPTIONAL_STEPS:
            continue
        if record is None:
            views.append(StepView(name, question, "none", "not reached"))
        else:
            views.append(
                StepView(
                    name, question, record.verdict, record.summary, seconds(record.seconds), record.cached,
                    finding_views(run, record.findings),
                )
            )  # fmt: skip
    return views


def finding_views(run: Run, findings: list[Finding]) -> list[FindingView]:
    """Findings, errors first, each with its lines of RTL."""
    order = {"error": 0, "warning": 1, "info": 2}
    sources = {source.provenance.file.removeprefix("rtl/"): source.text for source in run.sources}
    views = []
    for finding in sorted(findings, key=lambda item: order[item.severity]):
        text = sources.get((finding.file or "").removeprefix("rtl/"))
        lines = excerpt(text, finding.line) if text is not None and finding.line else None
        where = "" if finding.file is None else finding.file + (f":{finding.line}" if finding.line else "")
        views.append(FindingView(finding, where, lines))
    return views


def figures(run: Run) -> list[FigureView]:
    """Key figures that were measured, each with how."""
    rows: list[FigureView] = []
    if run.synthesis is not None:
        origin = f"measured: Yosys, {run.synthesis.technology}, {run.synthesis.mode}"
        large = run.synthesis.area_um2 >= 1e6  # seven digits do not fit beside their unit
        shown = quantity(run.synthesis.area_um2 / 1e6) if large else area(run.synthesis.area_um2)
        rows.append(FigureView("area", shown, "mm²" if large else "µm²", origin))
    if run.timing is not None:
        timing = run.timing
        late = timing.worst_slack_ns < 0
        rows.append(FigureView("highest clock", quantity(timing.fmax_mhz), "MHz", "measured: OpenSTA", late))
        slack = f"{timing.worst_slack_ns:+.2f}".replace("-", "−")
        asked = f"measured: OpenSTA at {timing.clock_mhz:g} MHz"
        rows.append(FigureView("worst slack", slack, "ns", asked, late))
        if timing.power is not None:
            activity = "simulated activity" if timing.power.activity_source == "simulation" else "default toggle rate"
            origin = f"measured: OpenSTA at {timing.power.clock_mhz:g} MHz, {activity}"
            rows.append(FigureView("power", *power_with_unit(timing.power.total_mw), origin))
    if run.simulation is not None and run.simulation.measured_cycles:
        expected = run.simulation.expected_cycles
        origin = "measured: simulation" + (f"; formula: {expected:,}" if expected else "")
        rows.append(FigureView("latency test", f"{run.simulation.measured_cycles:,}", "cycles", origin))
    rows += _error_figures(run)
    if run.model is not None:
        total, origin = run.model.total, f"model, from the {run.model.design.origin} design"
        rows.append(FigureView("throughput", quantity(total.gops, 3), "GOPS", f"{origin}; 1 op = 1 MAC"))
        if total.gops_per_w is not None:
            rows.append(FigureView("efficiency", quantity(total.gops_per_w, 3), "GOPS/W", origin))
    return rows + _language_figures(run)


def _language_figures(run: Run) -> list[FigureView]:
    """Tokens per second and per joule of the first language model, at the context nearest to 1,024."""
    point = shown_point(run.accelerator) if run.accelerator else None
    if point is None:
        return []
    result = point.result
    origin = f"model: {model_name(result.model)} at {result.context:,} tokens"
    rows = [FigureView("tokens a second", quantity(result.tokens_per_s, 3), "", origin)]
    if result.tokens_per_j is not None:
        rows.append(FigureView("tokens a joule", quantity(result.tokens_per_j, 3), "", f"{origin}; idle blocks off"))
    return rows


def _error_figures(run: Run) -> list[FigureView]:
    """The multiplier's or adder's mean relative error, and that of dot products."""
    if run.errors is None:
        return []
    rows = []
    unit = run.errors.multiplier or run.errors.adder
    if unit is not None:
        origin = (
            f"{unit.family}: all {unit.pairs:,} pairs" if unit.exhaustive else f"{unit.family}: {unit.pairs:,} pairs"
        )
        rows.append(FigureView(f"{unit.role} error (MRED)", quantity(unit.mred * 100, 3), "%", origin))
    dot = run.errors.dot_product
    if dot is not None:
        origin = f"RMSE over {dot.samples:,} of length {dot.length}"
        rows.append(FigureView("dot-product error", quantity(dot.relative_rmse * 100, 3), "%", origin))
    return rows


def power_with_unit(value_mw: float) -> tuple[str, str]:
    """A power in mW, or in µW below 0.1 mW, as (number, unit)."""
    return (quantity(value_mw * 1000, 3), "µW") if 0 < value_mw < 0.1 else (quantity(value_mw, 4), "mW")


def spec_rows(run: Run) -> list[SpecRow]:
    """Fields of the spec in reading order; assumed ones carry their reason."""
    if run.spec is None:
        return []
    reasons: dict[str, str] = {}
    for item in run.assumptions:
        reasons.setdefault(item["field"].split(".")[0], item["reason"])
    values = _custom_values(run.spec) if isinstance(run.spec, CustomSpec) else dict(run.spec)
    ordered = sorted(values, key=lambda name: _FIELD_ORDER.index(name) if name in _FIELD_ORDER else 99)
    rows = [
        SpecRow(_FIELD_WORDS.get(name, name), name, _value(name, values[name]), name in reasons, reasons.get(name, ""))
        for name in ordered
    ]
    # What was assumed beyond the design itself, e.g. the workload.
    others = [item for item in run.assumptions if item["field"].split(".")[0] not in values]
    rows += [
        SpecRow(item["field"].replace("_", " "), item["field"], item["value"], True, item["reason"]) for item in others
    ]
    return rows


def _custom_values(spec: CustomSpec) -> dict[str, object]:
    """Fields of a user's design; its texts are shown apart."""
    kinds = {"python": "Python reference", "cocotb": "cocotb test bench", "verilog": "Verilog test bench"}
    return {
        "kind": "of the user's own",
        "contract": spec.contract_name,
        "reference": f"{spec.reference_name} ({kinds[spec.reference_kind]})",
        "clock_mhz": spec.clock_mhz,
    }


def _value(name: str, value: object) -> str:
    if isinstance(value, (AdderUnit, MultiplierUnit)):
        return unit_name(value)
    if value is None and name == "kv_heads":
        return "as many as query heads"
    if isinstance(value, CellFaults):
        many = f"{value.stuck_off} of 65536 off, {value.stuck_on} on, seed {value.seed}"
        return many if value.stuck_off or value.stuck_on else "none"
    if isinstance(value, ReadNoise):
        return f"sigma {value.sigma}/256 of a cell, seed {value.seed}" if value.sigma else "none"
    if name in _ACCELERATOR_FLAGS:
        return "yes" if value else "no"
    if name == "signed":
        return "signed (two's complement)" if value else "unsigned"
    if name == "shared_pre_approximation":
        return "shared at the array's edge" if value else "in every processing element"
    if name == "clock_mhz":
        return f"{value:g} MHz"
    if name.endswith("_bits"):
        return f"{value} bits"
    if name in ("contract", "reference"):
        return str(value)
    if name == "kind" and str(value).startswith("pim_"):
        return str(value)
    return str(value).replace("_", " " if name == "kind" else "-")


def command_line(run: Run) -> str:
    """The command as a shell takes it; for a run that was started from Python, one that does the same."""
    manifest = run.manifest
    if manifest.command[:1] == ["tpugen"]:
        return clean(shlex.join(manifest.command))
    same = ["tpugen", "generate", "--spec", "spec.json", "--technology", manifest.technology]
    if manifest.chat_model:
        same += ["--model", manifest.chat_model]
    return clean(shlex.join([*same, "--seed", str(manifest.seed)]))


def tools(run: Run) -> list[ToolVersion]:
    """Every tool that took part, once."""
    found: dict[tuple[str, str], ToolVersion] = {}
    for tool in [*run.manifest.tools, *(tool for record in run.steps for tool in record.tools)]:
        found.setdefault((tool.name, tool.path), tool)
    return sorted(found.values(), key=lambda tool: tool.name.lower())


def created(run: Run) -> str:
    """When the run was started, e.g. `2026-11-21 10:15 UTC`; an unreadable time stays as it is."""
    try:
        moment = datetime.fromisoformat(run.manifest.created_utc)
    except ValueError:
        return run.manifest.created_utc
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def headline(run: Run) -> str:
    """One sentence under the title: what the verdict rests on."""
    failed = run.first_failure
    if failed is not None:
        return f"Stopped at {failed.step}: {failed.summary}"
    if run.verdict == "pass":
        passed = sum(record.verdict == "pass" for record in run.steps)
        return f"{count(passed, 'step')} passed, none refused the design"
    last = run.steps[-1].step if run.steps else None
    return f"The run ended after {last}" if last else "The run ended before its first step"
