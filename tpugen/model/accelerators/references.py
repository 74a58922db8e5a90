"""What publications say of a language model at a context: printed, derived from what is printed, or modelled."""

from __future__ import annotations

from tpugen.model.published import PublishedFigure, papers, published_figures
from tpugen.model.systems import SystemCosts, evaluate_system, load_system
from tpugen.model.workloads import LanguageModel, decoder_table, published_variant
from tpugen.results.accelerators import PublishedPoint
from tpugen.results.systems import Accounting

__all__ = ["PUBLISHED_CONTEXTS", "published_points"]

PUBLISHED_CONTEXTS = (128, 1024, 2048, 4096)
"""Context lengths at which the paper prints figures."""

_ALIASES = {"bitnet-b1.58-3b": "bitnet-3b"}


def published_points(model: LanguageModel, context: int) -> list[PublishedPoint]:
    """Tokens per second and per joule of published systems, printed ones first.

    Args:
        model: Language model; its own shapes are what is modelled, with the paper's quirks where it has any.
        context: Tokens attended to.
    """
    return [*_printed(model, context), *_on_gpus(model), *_modelled(model, context)]


def _place(figure: PublishedFigure) -> str:
    return f"{papers()[figure.paper].reference}, {figure.place}"


def _key(model: LanguageModel) -> str:
    return _ALIASES.get(model.name.lower(), model.name.lower())


def _printed(model: LanguageModel, context: int) -> list[PublishedPoint]:
    points = [
        PublishedPoint(system=figure.system, origin="printed", tokens_per_s=figure.value, source=_place(figure))
        for figure in published_figures("tokens_per_s")
        if (figure.model, figure.context) == (_key(model), context)
    ]
    rates = {point.system: point.tokens_per_s for point in points}
    for figure in published_figures("gops_per_w"):
        speed = next((other for other in published_figures("gops") if _same(figure, other)), None)
        rate = rates.get(figure.system)
        if (figure.model, figure.context) == (_key(model), context) and speed is not None and rate is not None:
            points.append(
                PublishedPoint(
                    system=figure.system,
                    origin="derived",
                    tokens_per_j=figure.value / speed.value * rate,
                    source=f"{_place(figure)}: {figure.printed} GOPS/W of {speed.printed} GOPS at {rate:g} tokens/s",
                )
            )
    return points


def _same(one: PublishedFigure, other: PublishedFigure) -> bool:
    return (one.system, one.model, one.context) == (other.system, other.model, other.context)


def _on_gpus(model: LanguageModel) -> list[PublishedPoint]:
    return [
        PublishedPoint(
            system=figure.system,
            origin="derived",
            tokens_per_s=1e3 / figure.value,
            source=f"{_place(figure)}: {figure.printed} ms a token",
        )
        for figure in published_figures("gpu_latency_ms")
        if figure.model == _key(model)
    ]


def _modelled(model: LanguageModel, context: int) -> list[PublishedPoint]:
    table = decoder_table([published_variant(model)], context, beyond_context=True)
    points = []
    accountings: tuple[Accounting, ...] = ("as_published", "consistent")
    for name in ("pim-llm", "tpu-llm"):
        for accounting in accountings:
            costs = evaluate_system(load_system(name).with_options(accounting=accounting), table)
            points.append(_point(name, accounting, costs))
    return points


def _point(name: str, accounting: Accounting, costs: SystemCosts) -> PublishedPoint:
    return PublishedPoint(
        system=name,
        origin="modelled",
        accounting=accounting,
        tokens_per_s=1.0 / float(costs.latency_s[0]),
        tokens_per_j=1.0 / float(costs.energy_j[0]),
        source=f"{costs.system.source}, with this model's constants",
    )
