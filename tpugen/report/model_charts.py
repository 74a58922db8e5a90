"""The papers' figures, drawn from a comparison: each chart by its file name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from markupsafe import Markup

from tpugen.report.cell_charts import Bar, HeatMap, Stack, heat_chart, stack_chart
from tpugen.report.chart_base import SERIES_CLASSES, linear_scale, log_scale, shown
from tpugen.report.line_panels import Panel, Series, line_chart, panel_chart
from tpugen.results.amdahl import Breakdown, EnergyPoint, GridPoint, ModelComparison

__all__ = ["MODEL_CHARTS", "model_chart", "model_name", "system_name"]

_NAMES = {"gpt": "GPT", "opt": "OPT", "llama": "LLaMA", "bitnet": "BitNet"}
_SYSTEMS = {"tpu-llm": "TPU-LLM", "pim-llm": "PIM-LLM", "hardsea": "HARDSEA", "transpim": "TransPIM", "gpu": "GPU"}
_PART_NAMES = {
    "array": "attention on the array",
    "buffer": "buffers",
    "buffers": "buffers",
    "network": "network",
    "join": "joining of tiles",
    "digital": "digital periphery",
    "adc": "ADC",
    "crossbar": "crossbar",
    "dac": "DAC",
    "stall": "waiting for operands",
}


def model_name(name: str) -> str:
    """A model as papers write it: `OPT-6.7B`, `GPT2-350M`."""
    head, _, rest = name.partition("-")
    for plain, proper in _NAMES.items():
        if head.startswith(plain):
            return f"{proper}{head[len(plain) :]}-{rest if rest.isalpha() else rest.upper()}"
    return name


def system_name(name: str) -> str:
    """A system as papers write it."""
    return _SYSTEMS.get(name, name)


def _points(comparison: ModelComparison, system: str, model: str) -> list[GridPoint]:
    return [point for point in comparison.grid if (point.system, point.model) == (system, model)]


def _printed(comparison: ModelComparison, quantity: str, system: str, model: str) -> list[tuple[float, float]]:
    return [
        (float(check.context), float(check.printed))
        for check in comparison.checks
        if (check.quantity, check.system, check.model) == (quantity, system, model) and check.context
    ]


def _contexts(comparison: ModelComparison) -> list[float]:
    return [float(context) for context in comparison.contexts]


def tokens_chart(comparison: ModelComparison) -> Markup:
    """Tokens per second over context, both systems, a panel a model."""
    systems = ((comparison.baseline, "s1"), (comparison.system, "s0"))
    panels = [
        Panel(
            model_name(model),
            [
                Series(
                    system_name(system), css,
                    [(point.context, point.tokens_per_s) for point in _points(comparison, system, model)],
                    _printed(comparison, "tokens_per_s", system, model),
                )
                for system, css in systems
            ],
        )
        for model in comparison.models
    ]  # fmt: skip
    return panel_chart(
        panels, title="Tokens per second over context length",
        description="Tokens per second of both systems for each model; printed values are rings.",
        across=log_scale([1], ticks=_contexts(comparison), short=True),
        up=log_scale([p.tokens_per_s for p in comparison.grid]), x_title="context length in tokens",
    )  # fmt: skip


def speedup_chart(comparison: ModelComparison) -> Markup:
    """Speed-up by model and context."""
    rows = [[point.speedup for point in _points(comparison, comparison.system, m)] for m in comparison.models]
    most = max(max(row) for row in rows)
    table = HeatMap(
        f"{system_name(comparison.system)} over {system_name(comparison.baseline)}",
        [model_name(model) for model in comparison.models],
        [f"{context:,}" for context in comparison.contexts],
        [[f"{value:.2f}x" for value in row] for row in rows],
        [[(value / most) ** 0.5 for value in row] for row in rows],
    )
    return heat_chart(
        [table], title="Speed-up by model and context length",
        description="; ".join(f"{name}: {', '.join(row)}" for name, row in zip(table.rows, table.cells, strict=True)),
        note="tokens per second over those of the baseline; the darker, the faster", x_title="context",
    )  # fmt: skip


def breakdown_chart(comparison: ModelComparison) -> Markup:
    """Where the time goes, in shares of each point's latency."""
    order = _part_order(comparison.breakdowns)
    css = {part: SERIES_CLASSES[index % len(SERIES_CLASSES)] for index, part in enumerate(order)}
    bars, last = [], ""
    for item in comparison.breakdowns:
        parts = {(part.engine, part.name): part for part in item.parts}
        stacks = [
            Stack(parts[key].share, css[key], f"{_part_name(key)}: {shown(parts[key].latency_ms)} ms, "
                  f"{100 * parts[key].share:.1f} %")
            for key in order
            if key in parts
        ]  # fmt: skip
        bars.append(
            Bar(
                f"l = {item.context:,}", stacks, f"{shown(item.latency_ms)} ms",
                "" if item.model == last else model_name(item.model), _printed_share(comparison, item),
            )
        )  # fmt: skip
        last = item.model
    return stack_chart(
        bars, [(css[key], _part_name(key)) for key in order], title=f"Latency of {system_name(comparison.system)}",
        description="Shares of the latency of one token by component.",
        note="shares of the latency of one token, which stands at the right; a mark is the printed share of the array",
        ticks=[(share / 100, f"{share} %") for share in (0, 20, 40, 60, 80, 100)],
    )  # fmt: skip


def _part_order(breakdowns: Sequence[Breakdown]) -> list[tuple[str, str]]:
    """Components by weight over all bars, the array first."""
    weight: dict[tuple[str, str], float] = {}
    for item in breakdowns:
        for part in item.parts:
            key = (part.engine, part.name)
            weight[key] = weight.get(key, 0.0) + part.share
    return sorted(weight, key=lambda key: (key[1] != "array", -weight[key]))


def _part_name(key: tuple[str, str]) -> str:
    return _PART_NAMES.get(key[1], f"{key[0]}: {key[1]}")


def _printed_share(comparison: ModelComparison, item: Breakdown) -> float | None:
    shares = dict(_printed(comparison, "systolic_share_percent", item.system, item.model))
    return shares[item.context] / 100 if item.context in shares else None


def energy_chart(comparison: ModelComparison) -> Markup:
    """Gain of tokens per joule over context, in both accountings, a panel a model."""
    panels = []
    for model in comparison.models:
        own = [point for point in comparison.energy if point.model == model]
        printed = _printed(comparison, "energy_gain_percent", comparison.system, model)
        panels.append(
            Panel(
                model_name(model),
                [
                    Series("as published", "s0", [(p.context, p.gain_published_percent) for p in own], printed),
                    Series("consistent", "s1", [(p.context, p.gain_consistent_percent) for p in own], dashed=True),
                ],
            )
        )
    gains = [gain for p in comparison.energy for gain in (p.gain_published_percent, p.gain_consistent_percent)]
    return panel_chart(
        panels, title=f"Gain of tokens per joule, {system_name(comparison.system)} over the baseline",
        description="In both accountings for each model over context; printed values are rings.",
        across=log_scale([1], ticks=_contexts(comparison), short=True), up=linear_scale(gains, unit=" %"),
        x_title="context length in tokens",
    )  # fmt: skip


def energy_parts_chart(comparison: ModelComparison) -> Markup:
    """What the energy of a token is made of where a gain was printed, in both accountings."""
    printed = {(c.model, c.context): c.printed for c in comparison.checks if c.quantity == "energy_gain_percent"}
    points = [point for point in comparison.energy if (point.model, point.context) in printed]
    bars = [bar for point in points for bar in _energy_bars(point, printed[point.model, point.context], comparison)]
    full = 1.02 * max(sum(part.length for part in bar.parts) for bar in bars)
    return stack_chart(
        bars, [("s1", "the array, projections and attention"), ("s3", "crossbars"), ("s0", "the array, attention")],
        title="What the energy of a token is made of", description="Energy of one token relative to the baseline.",
        note="energy of one token relative to the baseline, where the paper prints a gain", full=full,
        ticks=[(share / 100, f"{share} %") for share in range(0, int(100 * full) + 1, 20)], value_width=250,
    )  # fmt: skip


def _energy_bars(point: EnergyPoint, printed: str, comparison: ModelComparison) -> list[Bar]:
    whole = point.baseline_mj
    crossbars = Stack(point.crossbar_mj / whole, "s3", f"crossbars: {point.crossbar_mj:.4g} mJ")

    def attention(energy_mj: float) -> Stack:
        return Stack(energy_mj / whole, "s0", f"attention: {energy_mj:.4g} mJ")

    name = system_name(comparison.system)
    group = f"{model_name(point.model)}, context {point.context:,}"
    return [
        Bar(system_name(comparison.baseline), [Stack(1.0, "s1", f"{whole:.4g} mJ")], f"{whole:.3g} mJ", group),
        Bar(f"{name} as published", [crossbars, attention(point.attention_charged_mj)],
            f"{_signed(point.gain_published_percent)} tokens/J, printed +{printed} %"),
        Bar(f"{name} consistent", [crossbars, attention(point.attention_mj)],
            f"{_signed(point.gain_consistent_percent)} tokens/J"),
    ]  # fmt: skip


def _signed(percent: float) -> str:
    return f"{percent:+.1f} %".replace("-", "−")


def fractions_chart(comparison: ModelComparison) -> Markup:
    """F by model and context, on the arrays of the edge and of the cloud."""
    arrays = dict.fromkeys((row.array, row.rows, row.cols) for row in comparison.fractions)
    maps = []
    for array, rows, cols in arrays:
        own = [row for row in comparison.fractions if row.array == array]
        maps.append(
            HeatMap(
                f"{array}: {rows}x{cols}, {own[0].dataflow}",
                [model_name(row.model) for row in own],
                [shown(context) for context in comparison.fraction_contexts],
                [[f"{100 * value:.0f}" for value in row.fractions] for row in own],
                [[abs(value - 0.5) / 0.5 for value in row.fractions] for row in own],
                [[value < 0.5 for value in row.fractions] for row in own],
            )
        )
    return heat_chart(
        maps, title="F: the projections' share of the cycles, in percent",
        description="By model and context length, on both arrays; orange cells are below a half.",
        note="what a 1-bit LLM can make faster; blue: projections weigh more, orange: attention does",
        x_title="context",
    )  # fmt: skip


def amdahl_chart(comparison: ModelComparison) -> Markup:
    """Speed-up over the gain of the projections, with ceilings and the place of the system."""
    series = [
        Series(
            f"l = {curve.context:,}", SERIES_CLASSES[index], list(zip(curve.gains, curve.speedups, strict=True)),
            dots=[(curve.system_gain, curve.system_speedup)],
            end=f"l = {curve.context:,}: ceiling {shown(curve.ceiling)}x",
        )
        for index, curve in enumerate(comparison.curves)
    ]  # fmt: skip
    gains = comparison.curves[0].gains
    return line_chart(
        series, title=f"Amdahl's law for {model_name(comparison.curves[0].model)}",
        description="; ".join(f"context {c.context}: ceiling {c.ceiling:.1f}" for c in comparison.curves),
        across=log_scale(gains, ticks=[tick for tick in (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0) if tick <= max(gains)]),
        up=log_scale([1], ticks=[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0]),
        x_title="gain of the projections, S_p", y_title="speed-up of the whole, S",
        note=f"S = 1 / ((1 - F) + F / S_p); dots: {system_name(comparison.system)} at its own S_p, evaluated",
    )  # fmt: skip


MODEL_CHARTS: Mapping[str, Callable[[ModelComparison], Markup]] = MappingProxyType(
    {
        "model-tokens.svg": tokens_chart,
        "model-speedup.svg": speedup_chart,
        "model-latency.svg": breakdown_chart,
        "model-energy.svg": energy_chart,
        "model-energy-parts.svg": energy_parts_chart,
        "model-fractions.svg": fractions_chart,
        "model-amdahl.svg": amdahl_chart,
    }
)
"""Every chart by file name."""


def model_chart(name: str, comparison: ModelComparison) -> Markup:
    """The chart of that file name, without its style sheet."""
    return MODEL_CHARTS[name](comparison)
