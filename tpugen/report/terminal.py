"""What a run came to, for a terminal: pure functions from results to rich renderables.

Texts from requests, tools and language models are shown as plain text: neither rich markup nor terminal control
sequences in them take effect.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tpugen.findings import Finding
from tpugen.report.text import area, clean, count, quantity, seconds
from tpugen.results import (
    GateRecord,
    Manifest,
    ModelResult,
    SimulationResult,
    SynthesisResult,
    TimingResult,
)

__all__ = ["compare_table", "finding_text", "gate_line", "gate_table", "runs_table", "summary_table", "verdict_text"]

_MARKS = {
    "pass": ("✓", "green"),
    "fail": ("✗", "bold red"),
    "error": ("✗", "bold red"),
    "skipped": ("–", "dim"),
    "running": ("…", "yellow"),
    "interrupted": ("!", "yellow"),
}
_SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}
_STEP_WIDTH = 9


def _text(value: object, style: str = "") -> Text:
    """Outside text on one line, control characters made visible."""
    return Text(" ".join(clean(value).split()), style=style)


def verdict_text(verdict: str) -> Text:
    """A verdict with its mark, e.g. `✓ pass`."""
    mark, style = _MARKS.get(verdict, ("?", ""))
    return Text(f"{mark} {clean(verdict)}", style=style)


def gate_line(record: GateRecord) -> Text:
    """One line for a step that has ended, e.g. `✓ lint      no finding   1.2 s`; errors follow below."""
    mark, style = _MARKS.get(record.verdict, ("?", ""))
    line = Text()
    line.append(f"{mark} ", style=style)
    line.append(f"{clean(record.step):<{_STEP_WIDTH}} ", style="bold")
    line.append_text(_text(record.summary))
    line.append(f"  {'cached' if record.cached else seconds(record.seconds)}", style="dim")
    if record.verdict == "fail":
        for finding in record.findings:
            if finding.severity == "error":
                line.append("\n    ")
                line.append_text(finding_text(finding))
    return line


def finding_text(finding: Finding) -> Text:
    """A finding as compilers print it, its hint behind an arrow."""
    text = Text()
    if finding.file is not None:
        text.append(f"{clean(finding.file)}:{finding.line or 1}: ", style="bold")
    text.append(finding.severity, style=_SEVERITY_STYLES[finding.severity])
    text.append(f" [{clean(finding.gate)}/{clean(finding.rule)}] ", style="dim")
    text.append_text(_text(finding.message))
    if finding.hint:
        text.append(" → ", style="dim")
        text.append_text(_text(finding.hint))
    return text


def gate_table(records: Sequence[GateRecord]) -> Table:
    """All steps with verdict, summary, findings and time."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, justify in (("step", "left"), ("verdict", "left"), ("found", "left"), ("time", "right")):
        table.add_column(name, justify=justify, no_wrap=name in ("step", "verdict", "time"))  # type: ignore[arg-type]
    for record in records:
        found = _text(record.summary)
        if record.findings:
            found.append(f" ({count(len(record.findings), 'finding')})", style="dim")
        time = Text("cached", style="dim") if record.cached else Text(seconds(record.seconds))
        table.add_row(_text(record.step, "bold"), verdict_text(record.verdict), found, time)
    return table


def summary_table(
    manifest: Manifest,
    *,
    simulation: SimulationResult | None = None,
    synthesis: SynthesisResult | None = None,
    timing: TimingResult | None = None,
    model: ModelResult | None = None,
    folder: str | None = None,
) -> RenderableType:
    """What a run came to: verdict, the figures that were measured, and where everything is."""
    head = verdict_text(manifest.verdict)
    head.append("  ")
    head.append_text(_text(manifest.module, "bold"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for row in _figure_rows(simulation, synthesis, timing, model):
        table.add_row(*(Text(cell) for cell in row))
    parts: list[RenderableType] = [head]
    if table.row_count:
        parts.append(table)
    if manifest.error:
        parts.append(_text(manifest.error, "red"))
    if folder is not None:
        parts.append(Text.assemble(("run  ", "dim"), clean(folder)))
    return Group(*parts)


def _figure_rows(
    simulation: SimulationResult | None,
    synthesis: SynthesisResult | None,
    timing: TimingResult | None,
    model: ModelResult | None,
) -> list[tuple[str, str, str, str]]:
    """Rows of name, number, unit, origin; only what was measured."""
    rows: list[tuple[str, str, str, str]] = []
    if synthesis is not None:
        origin = clean(f"{synthesis.technology}, {count(synthesis.cells, 'cell')}, {synthesis.mode}")
        rows.append(("area", area(synthesis.area_um2), "µm²", origin))
    if timing is not None:
        rows.append(("highest clock", quantity(timing.fmax_mhz), "MHz", "OpenSTA"))
        rows.append(("worst slack", f"{timing.worst_slack_ns:+.2f}", "ns", f"at {timing.clock_mhz:g} MHz"))
        if timing.power is not None:
            power = timing.power
            source = "simulated activity" if power.activity_source == "simulation" else "default toggle rate"
            rows.append(("power", quantity(power.total_mw), "mW", f"at {power.clock_mhz:g} MHz, {source}"))
    if simulation is not None and simulation.measured_cycles:
        agrees = (
            "as the formula says" if simulation.measured_cycles == simulation.expected_cycles else "not the formula"
        )
        rows.append(("cycles, one tile", f"{simulation.measured_cycles:,}", "", f"simulated, {agrees}"))
    if model is not None:
        total = model.total
        rows.append(("cycles, workload", f"{total.cycles:,}", "", f"{total.utilization:.1%} utilised"))
        rows.append(("throughput", quantity(total.gops, 3), "GOPS", "one operation is one MAC"))
        if total.gops_per_w is not None:
            rows.append(("efficiency", quantity(total.gops_per_w, 3), "GOPS/W", ""))
    return rows


def runs_table(manifests: Sequence[Manifest]) -> Table:
    """One line for each run, in the order given."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("run", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("module", overflow="fold")
    table.add_column("technology")
    table.add_column("writer")
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("created, UTC", no_wrap=True)
    for manifest in manifests:
        writer = manifest.writer if manifest.chat_model is None else f"{manifest.writer}: {manifest.chat_model}"
        table.add_row(
            _text(manifest.run_id), verdict_text(manifest.verdict), _text(manifest.module), _text(manifest.technology),
            _text(writer), Text(seconds(manifest.seconds)), _text(manifest.created_utc[:16].replace("T", " ")),
        )  # fmt: skip
    return table


def compare_table(
    runs: Sequence[
        tuple[Manifest, SimulationResult | None, SynthesisResult | None, TimingResult | None, ModelResult | None]
    ],
) -> Table:
    """Runs side by side: one column each; a figure that a run lacks is an en dash, the best of a row is bold."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True, style="dim")
    for manifest, *_ in runs:
        table.add_column(_text(manifest.run_id), justify="right", overflow="fold")
    table.add_row("verdict", *(verdict_text(manifest.verdict) for manifest, *_ in runs))
    for name, values in (
        ("module", [manifest.module for manifest, *_ in runs]),
        ("technology", [manifest.technology for manifest, *_ in runs]),
        ("writer", [manifest.writer for manifest, *_ in runs]),
    ):
        table.add_row(name, *(_text(value) for value in values))
    for name, lower_is_better, numbers in _compared(runs):
        known = [number for number in numbers if number is not None]
        best = (min(known) if lower_is_better else max(known)) if len(set(known)) > 1 else None
        shown = [
            Text(quantity(number), style="bold" if best is not None and number == best else "") for number in numbers
        ]
        table.add_row(name, *shown)
    return table


def _compared(
    runs: Sequence[
        tuple[Manifest, SimulationResult | None, SynthesisResult | None, TimingResult | None, ModelResult | None]
    ],
) -> list[tuple[str, bool, list[float | None]]]:
    """Figures as (name with unit, whether lower is better, one value for each run)."""
    power = [timing.power if timing else None for _, _, _, timing, _ in runs]
    total = [model.total if model else None for *_, model in runs]
    return [
        ("area, µm²", True, [synthesis.area_um2 if synthesis else None for _, _, synthesis, _, _ in runs]),
        ("cells", True, [synthesis.cells if synthesis else None for _, _, synthesis, _, _ in runs]),
        ("highest clock, MHz", False, [timing.fmax_mhz if timing else None for _, _, _, timing, _ in runs]),
        ("worst slack, ns", False, [timing.worst_slack_ns if timing else None for _, _, _, timing, _ in runs]),
        ("power, mW", True, [part.total_mw if part else None for part in power]),
        ("cycles, one tile", True, [simulation.measured_cycles if simulation else None for _, simulation, *_ in runs]),
        ("cycles, workload", True, [item.cycles if item else None for item in total]),
        ("GOPS", False, [item.gops if item else None for item in total]),
        ("GOPS/W", False, [item.gops_per_w if item else None for item in total]),
        ("energy, µJ", True, [item.energy_uj if item else None for item in total]),
    ]
