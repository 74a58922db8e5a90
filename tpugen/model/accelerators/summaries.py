"""What a language model takes on the hybrid accelerator, by operator and by part: sums of components."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tpugen.arithmetic.decoder_layer import tile_shapes
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.model.accelerators.design import HybridDesign
from tpugen.model.accelerators.passes import LayerPass
from tpugen.model.accelerators.work import crossbars_of
from tpugen.model.totals import known_sum
from tpugen.results.systems import AreaPart, ComponentCost, EngineSummary, OperatorCost

__all__ = ["ENGINES", "MEMORIES", "engine_summaries", "operator_costs"]

ENGINES: Mapping[Operator, str] = {
    Operator.LOAD: "control",
    Operator.NORM1: "vector",
    Operator.QUANTISE1: "vector",
    Operator.QUERY: "tiles",
    Operator.KEY: "tiles",
    Operator.VALUE: "tiles",
    Operator.SCORES: "array",
    Operator.SOFTMAX: "attention",
    Operator.CONTEXT: "array",
    Operator.QUANTISE2: "vector",
    Operator.OUTPUT: "tiles",
    Operator.RESIDUAL1: "vector",
    Operator.NORM2: "vector",
    Operator.QUANTISE3: "vector",
    Operator.GATE: "tiles",
    Operator.UP: "tiles",
    Operator.ACTIVATION: "vector",
    Operator.QUANTISE4: "vector",
    Operator.DOWN: "tiles",
    Operator.RESIDUAL2: "vector",
    Operator.UNLOAD: "control",
}
"""The part of the accelerator whose time an operator is."""

_ROLES: Mapping[str, str] = {
    "tiles": "projection",
    "array": "attention",
    "attention": "nonlinear",
    "vector": "nonlinear",
}
MEMORIES = "memories"
"""The part that holds memories; it takes energy and area, no time of its own."""


def operator_costs(
    passes: list[LayerPass], seconds: list[dict[Operator, float]], components: list[ComponentCost]
) -> list[OperatorCost]:  # fmt: skip
    """Every operator of every pass: sizes, MACs, and the sums of its components."""
    total_ms = math.fsum(part.latency_ms for part in components)
    rows = []
    for one, spent in zip(passes, seconds, strict=True):
        products = one.products()
        names: dict[str, list[Operator]] = {}
        for operator in spent:
            names.setdefault(one.name(operator), []).append(operator)
        for name, group in names.items():
            own = [part for part in components if part.operator == name]
            found = [product for operator in group for product in products.get(operator, [])]
            m, k, n, count = found[-1] if found else _elements(one, group[0])
            latency_ms = math.fsum(part.latency_ms for part in own)
            rows.append(
                OperatorCost(
                    name=name,
                    role="head" if one.label else _ROLES.get(ENGINES[group[0]], "host"),
                    engine=ENGINES[group[-1]],
                    m=m,
                    k=k,
                    n=n,
                    count=count * len(one.positions),
                    macs=sum(math.prod(product) for product in found),
                    latency_ms=latency_ms,
                    energy_mj=known_sum(part.energy_mj for part in own),
                    share_of_latency=latency_ms / total_ms if total_ms else 0.0,
                )
            )
    return rows


def _elements(one: LayerPass, operator: Operator) -> tuple[int, int, int, int]:
    """Elements of an operator that is no product: as many, in so many vectors, and how often."""
    shape = one.shape
    if operator is Operator.SOFTMAX:
        return one.positions[-1] + 1, 1, shape.heads, one.times
    wide = operator in (Operator.ACTIVATION, Operator.QUANTISE4)
    return shape.d_ff if wide else shape.d, 1, 1, one.times


def engine_summaries(
    design: HybridDesign, passes: list[LayerPass], components: Sequence[ComponentCost],
    operators: Sequence[OperatorCost], areas: Sequence[AreaPart],
) -> list[EngineSummary]:  # fmt: skip
    """The parts of the accelerator: what they are, and what they take."""
    words = _settings(design, passes)
    summaries = []
    for name, settings in words.items():
        own = [part for part in components if part.engine == name]
        places = [part.area_mm2 for part in areas if part.engine == name]
        summaries.append(
            EngineSummary(
                name=name,
                kind={"tiles": "crossbar", "array": "systolic", MEMORIES: "memory"}.get(name, "vector"),
                settings=settings,
                macs=sum(operator.macs for operator in operators if operator.engine == name),
                latency_ms=math.fsum(part.latency_ms for part in own),
                energy_mj=known_sum(part.energy_mj for part in own),
                area_mm2=math.fsum(places) if places else None,
            )
        )
    return summaries


def _settings(design: HybridDesign, passes: list[LayerPass]) -> dict[str, dict[str, str]]:
    """The parts of the accelerator, in words."""
    options, array = design.crossbars, design.array
    crossbars = sum(
        crossbars_of(tile) * one.copies
        for one in passes
        for name, tile in tile_shapes(one.shape, options).items()
        if name in one.matrices
    )
    clock = f"{design.clock_mhz:.4g} MHz ({design.origin})"
    run = f"run {design.run}, {design.technology}"
    return {
        "tiles": {
            "crossbars": f"{crossbars:,} of {options.crossbar_rows} x {options.crossbar_cols}",
            "converters": f"{options.adc_bits}-bit ADCs, {options.columns_per_adc} columns each",
            "periphery": run,
        },
        "array": {"array": f"{array.rows} x {array.cols}", "clock": clock, "design": run},
        "attention": {"design": run},
        "vector": {"design": run},
        "control": {"design": run},
        MEMORIES: {"memories": "on the chip, the KV cache among them", "card": "sram-45nm"},
    }
