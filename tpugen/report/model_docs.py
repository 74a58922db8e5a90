"""Pages of the documentation about the performance model: words from a template, tables from a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tpugen.report.model_charts import model_name
from tpugen.report.model_tables import check_row, crossover_words
from tpugen.results.amdahl import EnergyPoint, FigureCheck, ModelComparison, SolvedEnergy

__all__ = ["model_docs_page"]


def model_docs_page(template: str, comparison: ModelComparison) -> str:
    """A page in Markdown.

    Args:
        template: Jinja text; what it may call for tables and words is what `_tables` names.
        comparison: What tables are of.
    """
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True,
                                     autoescape=False)  # noqa: S701 - Markdown of our own, no HTML  # fmt: skip
    environment.globals |= _tables(comparison)
    return environment.from_string(template).render(comparison=comparison)


def _tables(comparison: ModelComparison) -> Mapping[str, Callable[..., str]]:
    def figures(*quantities: str) -> str:
        return _figures([check for check in comparison.checks if check.quantity in quantities])

    def accuracy(quantity: str, system: str = "") -> str:
        return _accuracy([c for c in comparison.checks if c.quantity == quantity and system in ("", c.system)])

    return {
        "figures": figures,
        "accuracy": accuracy,
        "gains": lambda: _gains(comparison),
        "solved": lambda: _solved(comparison),
        "crossbar_energy": lambda: _crossbar_energy(comparison),
        "breakdown": lambda: _breakdown(comparison),
        "layer_times": lambda: _layer_times(comparison),
        "crossovers": lambda: _crossovers(comparison),
        "memory": lambda: _memory(comparison),
        "constants": _constants,
        "networks": _networks,
        "papers": lambda: "\n".join(
            f"- {paper.reference}: {paper.authors}, *{paper.title}* ({paper.year})" for paper in comparison.papers
        ),
    }


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """A Markdown table whose first `words` columns are flush left, the others flush right."""
    rule = ["---" if index < words else "---:" for index in range(len(heads))]
    lines = [heads, rule, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _figures(checks: Sequence[FigureCheck]) -> str:
    heads = ["figure", "system", "model", "context", "printed", "model's", "difference", "calibrated on it"]
    return _table(heads, [[check.label, *check_row(check)] for check in checks], words=3)


def _accuracy(checks: Sequence[FigureCheck]) -> str:
    """How well a quantity is met, in words: `9 of 9 to the printed digit`, or the largest error."""
    met = sum(check.agrees is True for check in checks)
    if met == len(checks):
        return f"{met} of {len(checks)} to the printed digit"
    worst = max(abs(check.error_percent or 0.0) for check in checks)
    return f"largest difference {worst:.2f} %, {met} of {len(checks)} to the printed digit"


def _gains(comparison: ModelComparison) -> str:
    """Where the paper prints a gain: what the energy is made of in both accountings."""
    printed = {(c.model, c.context): c for c in comparison.checks if c.quantity == "energy_gain_percent"}
    rows = [
        _gain_row(point, printed[point.model, point.context])
        for point in comparison.energy
        if (point.model, point.context) in printed
    ]
    heads = ["model", "context", "baseline", "crossbars", "attention", "of it charged", "printed", "as published",
             "consistent"]  # fmt: skip
    return _table(heads, rows)


def _solved(comparison: ModelComparison) -> str:
    rows = [
        [model_name(item.model), _pair(item), f"{item.share:.4f}", f"{item.share_low:.4f} to {item.share_high:.4f}",
         f"{1 / item.layers:.4f} (N = {item.layers})"]
        for item in comparison.solved
    ]  # fmt: skip
    return _table(["model", "from the gains at", "k", "k that the rounding allows", "1/N"], rows)


def _crossbar_energy(comparison: ModelComparison) -> str:
    rows = [
        [model_name(item.model), _pair(item), *(f"{seconds:.5g} s" for seconds in item.crossbar_s)]
        for item in comparison.solved
    ]
    return _table(["model", "contexts", "E_xbar / P0 from the first gain", "from the second"], rows)


def _pair(item: SolvedEnergy) -> str:
    return " and ".join(f"{context:,}" for context in item.contexts)


def _gain_row(point: EnergyPoint, check: FigureCheck) -> list[str]:
    return [
        model_name(point.model), f"{point.context:,}", f"{point.baseline_mj:.4g} mJ", f"{point.crossbar_mj:.4g} mJ",
        f"{point.attention_mj:.4g} mJ", f"{point.attention_charged_mj:.3g} mJ (1/{point.layers})",
        f"+{check.printed} %", _percent(point.gain_published_percent), _percent(point.gain_consistent_percent),
    ]  # fmt: skip


def _percent(value: float) -> str:
    return f"{value:+.2f} %".replace("-", "−")


def _breakdown(comparison: ModelComparison) -> str:
    """Components of the latency at the shortest context, as shares."""
    shortest = min(comparison.contexts)
    items = [item for item in comparison.breakdowns if item.context == shortest]
    parts = list(dict.fromkeys((part.engine, part.name) for item in items for part in item.parts))
    rows = []
    for item in items:
        shares = {(part.engine, part.name): part.share for part in item.parts}
        rows.append([model_name(item.model), f"{item.latency_ms:.2f} ms"])
        rows[-1] += [_share(shares.get(part, 0.0)) for part in parts]
    return _table(["model", f"latency at {shortest}", *[f"{engine}: {name}" for engine, name in parts]], rows)


def _layer_times(comparison: ModelComparison) -> str:
    """Crossbar time of a decoder layer, for all models."""
    layers = {point.model: point.layers for point in comparison.energy}
    printed = {check.model for check in comparison.checks if check.quantity == "crossbar_layer_us"}
    rows = []
    for item in comparison.breakdowns:
        if item.context == min(comparison.contexts):
            crossbars_ms = sum(part.latency_ms for part in item.parts if part.name != "array")
            known = "yes" if item.model in printed else "no"
            rows.append([model_name(item.model), f"{1e3 * crossbars_ms / layers[item.model]:.1f} µs", known])
    return _table(["model", "crossbar time of a layer", "used in calibration"], rows)


def _share(value: float) -> str:
    return "–" if value == 0 else "< 0.1 %" if value < 0.0005 else f"{100 * value:.1f} %"


def _crossovers(comparison: ModelComparison) -> str:
    names = list(comparison.crossovers[0].cycles)
    rows = [
        [model_name(row.model), *[crossover_words(row.cycles[name]) for name in names], crossover_words(row.macs),
         crossover_words(row.bytes)]
        for row in comparison.crossovers
    ]  # fmt: skip
    sizes = {row.array: f"{row.rows}x{row.cols}" for row in comparison.fractions}
    return _table(["model", *[f"cycles, {name} ({sizes[name]})" for name in names], "MACs", "bytes"], rows)


def _memory(comparison: ModelComparison) -> str:
    rows = [
        [model_name(row.model), f"{row.context:,}", f"{row.baseline_mb:,.0f} MB", f"{row.mb:,.0f} MB",
         f"{100 * row.fraction:.1f} %", f"{row.speedup:.2f}x", f"{row.ceiling:.2f}x"]
        for row in sorted(comparison.memory, key=lambda row: [r.model for r in comparison.crossovers].index(row.model))
    ]  # fmt: skip
    return _table(["model", "context", "8-bit weights", "1-bit weights", "F", "less by", "ceiling"], rows)


def _constants(card_name: str) -> str:
    from tpugen.model.cards import load_card

    card = load_card(card_name)
    rows = [
        [f"`{name}`", f"{constant.value:g} {constant.unit}".removesuffix(" 1"), constant.origin, constant.source]
        for name, constant in card.quantities.items()
    ]
    return _table(["constant", "value", "origin", "source"], rows, words=4)


def _networks() -> str:
    from tpugen.model.workloads.networks import find_network, network_names

    rows = []
    for name in network_names():
        network = find_network(name)
        rows.append([f"`{name}`", str(len(network.layers)), f"{network.weights:,}", f"{network.macs / 1e6:,.1f} M"])
        rows[-1].append(network.source)
    return _table(["network", "products", "weights", "MACs an image", "source"], rows)
