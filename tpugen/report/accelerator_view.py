"""What the page shows of a whole accelerator: operators, clipping, macros, blocks, and language models on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from tpugen.report.chart_base import log_scale
from tpugen.report.line_panels import Panel, Series, panel_chart
from tpugen.report.load import Run
from tpugen.report.model_charts import model_name, system_name
from tpugen.report.text import quantity
from tpugen.results.accelerators import AcceleratorReport, ClippingRecord, PublishedPoint, WorkloadPoint
from tpugen.results.systems import ComponentCost

__all__ = [
    "ENGINE_WORDS",
    "AcceleratorView",
    "ModelRow",
    "OperatorRow",
    "PartRow",
    "accelerator_view",
    "energy_parts",
    "model_rows",
    "shown_point",
]

_ENGINES = {
    "load": "host port", "norm1": "norm", "quantise1": "quantiser", "query": "crossbars", "key": "crossbars",
    "value": "crossbars", "scores": "array", "softmax": "softmax", "context": "array", "quantise2": "quantiser",
    "output": "crossbars", "residual1": "adder", "norm2": "norm", "quantise3": "quantiser", "gate": "crossbars",
    "up": "crossbars", "activation": "activation", "quantise4": "quantiser", "down": "crossbars", "residual2": "adder",
    "unload": "host port",
}  # fmt: skip
"""Which unit an operator is mostly about, in a word."""

_COLORS = {"crossbars": "wgt", "array": "res", "softmax": "res"}
ENGINE_WORDS = {
    "tiles": "crossbars and their periphery",
    "array": "tensor unit",
    "attention": "softmax, attention's control",
    "vector": "vector units",
    "control": "sequencer, registers, host port",
    "memories": "memories",
}
"""Parts of the accelerator, in words."""
_SMALL = 0.004
"""Components below this share of the energy are summed."""


@dataclass(frozen=True)
class OperatorRow:
    """An operator (or job, or vector): cycles counted in simulation, and by the model; `color` is of its bar."""

    name: str
    where: str
    color: str
    simulated: int
    model: int
    share: float


@dataclass(frozen=True)
class ModelRow:
    """A language model at a context on the design, and beside it what is published; empty where nothing is."""

    model: str
    first: bool
    context: str
    tokens_per_s: str
    tokens_per_j: str
    always_on: str
    hybrid_printed: str
    hybrid_modelled: str
    hybrid_tokens_per_j: str
    baseline_modelled: str
    baseline_tokens_per_j: str


@dataclass(frozen=True)
class PartRow:
    """A component of the time or the energy of one point, summed over the operators."""

    engine: str
    name: str
    value: str
    share: float
    origin: str


@dataclass(frozen=True)
class AcceleratorView:
    """Everything that the page shows of an accelerator; empty lists where the run did not get there."""

    operators: list[OperatorRow] = field(default_factory=list)
    operator_cycles: int = 0
    differences: int = 0
    first_cycles: int = 0
    position: int | None = None
    clipping: list[ClippingRecord] = field(default_factory=list)
    report: AcceleratorReport | None = None
    rows: list[ModelRow] = field(default_factory=list)
    charts: list[Markup] = field(default_factory=list)
    shown: WorkloadPoint | None = None
    time_parts: list[PartRow] = field(default_factory=list)
    energy_parts: list[PartRow] = field(default_factory=list)
    standby_parts: list[PartRow] = field(default_factory=list)
    elsewhere: list[tuple[str, PublishedPoint]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


def accelerator_view(run: Run) -> AcceleratorView:
    """What there is to show of a run; nothing of one that is no accelerator and ran no language model."""
    simulated = run.simulation.accelerator if run.simulation else None
    report = run.accelerator
    operators = simulated.operators if simulated else []
    first = simulated.first if simulated else []
    cycles = sum(item.simulated_cycles for item in operators)
    longest = max((item.simulated_cycles for item in operators), default=1) or 1
    shown = shown_point(report) if report else None
    return AcceleratorView(
        operators=[
            OperatorRow(
                item.name.upper() if item.name in _ENGINES else item.name,
                ", ".join(word for word in (_ENGINES.get(item.name, ""), item.shape) if word),
                _COLORS.get(_ENGINES.get(item.name, ""), ""),
                item.simulated_cycles,
                item.model_cycles,
                item.simulated_cycles / longest,
            )
            for item in operators
        ],
        operator_cycles=cycles,
        differences=sum(abs(item.simulated_cycles - item.model_cycles) for item in (*operators, *first)),
        first_cycles=sum(item.simulated_cycles for item in first),
        position=simulated.position if simulated else None,
        clipping=simulated.clipping if simulated else [],
        report=report,
        rows=model_rows(report.points) if report else [],
        charts=_charts(report) if report else [],
        shown=shown,
        time_parts=_time_parts(shown) if shown else [],
        energy_parts=energy_parts(shown.result.components) if shown and shown.result.energy_mj is not None else [],
        standby_parts=energy_parts(shown.standby) if shown and shown.always_on_tokens_per_j is not None else [],
        elsewhere=_elsewhere(report.points) if report else [],
        sources=_sources(report.points) if report else [],
    )


def shown_point(report: AcceleratorReport) -> WorkloadPoint | None:
    """The point whose components are shown: the first model, at the context nearest to 1,024."""
    if not report.points:
        return None
    first = [point for point in report.points if point.result.model == report.points[0].result.model]
    return min(first, key=lambda point: abs(math.log(point.result.context / 1024)))


def _find(point: WorkloadPoint, system: str, origin: str, accounting: str | None = None) -> PublishedPoint | None:
    return next(
        (
            item
            for item in point.published
            if (item.system, item.origin) == (system, origin) and accounting in (None, item.accounting)
        ),
        None,
    )


def model_rows(points: Sequence[WorkloadPoint]) -> list[ModelRow]:
    """Language models on the design, beside what is published."""
    rows: list[ModelRow] = []
    for point in points:
        result = point.result
        printed = _find(point, "pim-llm", "printed")
        hybrid, baseline = (_find(point, system, "modelled", "consistent") for system in ("pim-llm", "tpu-llm"))
        rows.append(
            ModelRow(
                model=model_name(result.model),
                first=not rows or rows[-1].model != model_name(result.model),
                context=f"{result.context:,}",
                tokens_per_s=quantity(result.tokens_per_s, 3),
                tokens_per_j=quantity(result.tokens_per_j, 3),
                always_on=quantity(point.always_on_tokens_per_j, 3),
                hybrid_printed=f"{printed.tokens_per_s:g}" if printed and printed.tokens_per_s else "–",
                hybrid_modelled=quantity(hybrid.tokens_per_s if hybrid else None, 3),
                hybrid_tokens_per_j=quantity(hybrid.tokens_per_j if hybrid else None, 3),
                baseline_modelled=quantity(baseline.tokens_per_s if baseline else None, 3),
                baseline_tokens_per_j=quantity(baseline.tokens_per_j if baseline else None, 3),
            )
        )
    return rows


def _elsewhere(points: Sequence[WorkloadPoint]) -> list[tuple[str, PublishedPoint]]:
    """What was published of a model on other machines, once for each."""
    found: dict[tuple[str, str], PublishedPoint] = {}
    for point in points:
        for item in point.published:
            if item.system not in ("pim-llm", "tpu-llm"):
                found.setdefault((model_name(point.result.model), item.system), item)
    return [(model, item) for (model, _), item in found.items()]


def _sources(points: Sequence[WorkloadPoint]) -> list[str]:
    """Where printed and derived figures stand."""
    found = {
        f"{system_name(item.system)}, {item.origin}: {item.source}"
        for point in points
        for item in point.published
        if item.origin != "modelled"
    }
    return sorted(found)


def _charts(report: AcceleratorReport) -> list[Markup]:
    """Tokens per second and per joule over context, a panel a model; none where there is a single context."""
    models = list(dict.fromkeys(point.result.model for point in report.points))
    by_model = {name: [point for point in report.points if point.result.model == name] for name in models}
    contexts = sorted({float(point.result.context) for point in report.points})
    if len(contexts) < 2:
        return []
    across = log_scale([1], ticks=contexts, short=True)
    speed = [Panel(model_name(name), _speed_series(points)) for name, points in by_model.items()]
    joule = [Panel(model_name(name), _joule_series(points)) for name, points in by_model.items()]
    charts = [
        _chart(speed, "Tokens per second over context length", across, "printed in the paper", len(models)),
        _chart(joule, "Tokens per joule over context length", across, "derived from printed figures", len(models)),
    ]
    return [chart for chart in charts if chart is not None]


def _chart(panels: Sequence[Panel], title: str, across: object, ring: str, models: int) -> Markup | None:
    values = [y for panel in panels for series in panel.series for _, y in (*series.points, *series.printed)]
    drawn = [Panel(panel.title, [series for series in panel.series if series.points]) for panel in panels]
    if not values or not all(panel.series for panel in drawn):
        return None
    words = "; ".join(
        f"{panel.title}, {series.label}: {', '.join(f'{y:.3g}' for _, y in series.points)}"
        for panel in drawn
        for series in panel.series
    )
    return panel_chart(
        drawn, title=title, description=words, across=across, up=log_scale(values),  # type: ignore[arg-type]
        x_title="context length in tokens", columns=min(models, 3), ring=ring,
    )  # fmt: skip


def _speed_series(points: Sequence[WorkloadPoint]) -> list[Series]:
    def modelled(system: str) -> list[tuple[float, float]]:
        found = [(point, _find(point, system, "modelled", "consistent")) for point in points]
        return [(point.result.context, item.tokens_per_s) for point, item in found if item and item.tokens_per_s]

    def printed(system: str) -> list[tuple[float, float]]:
        found = [(point, _find(point, system, "printed")) for point in points]
        return [(point.result.context, item.tokens_per_s) for point, item in found if item and item.tokens_per_s]

    ours = [(float(point.result.context), point.result.tokens_per_s) for point in points]
    return [
        Series("this design", "s0", ours),
        Series("PIM-LLM, modelled", "s1", modelled("pim-llm"), printed("pim-llm")),
        Series("TPU-LLM, modelled", "s2", modelled("tpu-llm"), printed("tpu-llm")),
    ]


def _joule_series(points: Sequence[WorkloadPoint]) -> list[Series]:
    def modelled(system: str) -> list[tuple[float, float]]:
        found = [(point, _find(point, system, "modelled", "consistent")) for point in points]
        return [(point.result.context, item.tokens_per_j) for point, item in found if item and item.tokens_per_j]

    derived = [(point.result.context, _find(point, "pim-llm", "derived")) for point in points]
    rings = [(float(context), item.tokens_per_j) for context, item in derived if item and item.tokens_per_j]
    ours = [(float(p.result.context), p.result.tokens_per_j) for p in points if p.result.tokens_per_j]
    always = [(float(p.result.context), p.always_on_tokens_per_j) for p in points if p.always_on_tokens_per_j]
    return [
        Series("this design", "s0", ours),
        Series("always on", "s0", always, dashed=True),
        Series("PIM-LLM, modelled", "s1", modelled("pim-llm"), rings),
        Series("TPU-LLM, modelled", "s2", modelled("tpu-llm")),
    ]


def _time_parts(point: WorkloadPoint) -> list[PartRow]:
    """The latency by operator, greatest first."""
    origins = {part.operator: part.origin for part in point.result.components if part.latency_ms}
    rows = sorted(point.result.operators, key=lambda item: -item.latency_ms)
    return [
        PartRow(
            ENGINE_WORDS.get(item.engine, item.engine), item.name, f"{quantity(item.latency_ms, 3)} ms",
            item.share_of_latency, origins.get(item.name, ""),
        )
        for item in rows if item.latency_ms
    ]  # fmt: skip


def energy_parts(components: Sequence[ComponentCost]) -> list[PartRow]:
    """Energy by component, greatest first; small ones are one row."""
    sums: dict[tuple[str, str], float] = {}
    origins: dict[tuple[str, str], str] = {}
    for part in components:
        if part.energy_mj:
            key = (part.engine, part.name)
            sums[key] = sums.get(key, 0.0) + part.energy_mj
            origins[key] = part.origin
    total = math.fsum(sums.values())
    ordered = sorted(sums.items(), key=lambda item: -item[1])
    large = [(key, value) for key, value in ordered if value >= _SMALL * total]
    rows = [
        PartRow(ENGINE_WORDS.get(key[0], key[0]), key[1], f"{quantity(value, 3)} mJ", value / total, origins[key])
        for key, value in large
    ]
    rest = math.fsum(value for _, value in ordered[len(large) :])
    if rest:
        names = f"{len(ordered) - len(large)} smaller ones"
        rows.append(PartRow("", names, f"{quantity(rest, 3)} mJ", rest / total, ""))
    return rows
