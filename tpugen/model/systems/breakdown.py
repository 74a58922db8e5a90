"""One design point of a `SystemCosts` as typed records whose components add up to the totals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict

from tpugen.model.systems.evaluation import SystemCosts
from tpugen.model.systems.system import MEMORY, SystemMemory
from tpugen.model.totals import known_sum, total_origins
from tpugen.results.systems import AreaPart, ComponentCost, EngineSummary, NumberOrigin, OperatorCost

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Breakdown", "break_down"]


class Breakdown(TypedDict):
    """The fields of an `LlmResult` that follow from costs."""

    tokens: int
    tokens_per_s: float
    tokens_per_j: float | None
    latency_ms: float
    interval_ms: float
    energy_mj: float | None
    area_mm2: float | None
    macs: int
    gops: float
    gops_per_w: float | None
    components: list[ComponentCost]
    operators: list[OperatorCost]
    areas: list[AreaPart]
    engines: list[EngineSummary]
    origins: dict[str, NumberOrigin]


def break_down(costs: SystemCosts, point: int = 0) -> Breakdown:
    """Totals and components of one point.

    Latency and energy are the exactly rounded sums (`math.fsum`) of the components, area that of its parts; rates
    follow from them. Operators that do not occur at the point, and components that cost it nothing, are left out.
    """
    components = _components(costs, point)
    areas = [
        AreaPart(engine=share.engine, name=share.name, area_mm2=float(share.area_um2[point]) / 1e6, origin=share.origin)
        for share in costs.areas
    ]
    latency_ms = math.fsum(part.latency_ms for part in components)
    energy_mj = known_sum(part.energy_mj for part in components)
    interval_ms = latency_ms if costs.system.schedule == "sequential" else float(costs.interval_s[point]) * 1e3
    area_known = {part.engine for part in areas} >= set(costs.system.engines)
    tokens, operations = int(costs.table.tokens[point]), float(costs.operations[point])
    return Breakdown(
        tokens=tokens,
        tokens_per_s=_per(tokens * 1e3, interval_ms) or 0.0,
        tokens_per_j=_per(tokens * 1e3, energy_mj),
        latency_ms=latency_ms,
        interval_ms=interval_ms,
        energy_mj=energy_mj,
        area_mm2=math.fsum(part.area_mm2 for part in areas) if area_known else None,
        macs=int(costs.macs[point]),
        gops=_per(operations * 1e-6, interval_ms) or 0.0,
        gops_per_w=_per(operations * 1e-6, energy_mj),
        components=components,
        operators=_operators(costs, point, components, latency_ms),
        areas=areas,
        engines=_engines(costs, point, components, areas),
        origins=total_origins(components, areas),
    )


def _components(costs: SystemCosts, point: int) -> list[ComponentCost]:
    found = []
    for part in costs.parts:
        for position, row in enumerate(part.rows):
            latency_ms = float(part.latency_s[position, point]) * 1e3
            energy_mj = None if part.energy_j is None else float(part.energy_j[position, point]) * 1e3
            if costs.table.count[row, point] and (latency_ms or energy_mj or energy_mj is None):
                found.append(
                    ComponentCost(
                        name=part.name,
                        operator=costs.table.names[row],
                        engine=part.engine,
                        latency_ms=latency_ms,
                        energy_mj=energy_mj,
                        origin=part.origin,
                    )
                )
    return found


def _operators(
    costs: SystemCosts, point: int, components: list[ComponentCost], total_ms: float
) -> list[OperatorCost]:  # fmt: skip
    rows = []
    engines = dict(zip(costs.table.names, costs.placement, strict=True))
    for operator in costs.table.operators(point):
        own = [part for part in components if part.operator == operator.name]
        latency_ms = math.fsum(part.latency_ms for part in own)
        rows.append(
            OperatorCost(
                name=operator.name,
                role=operator.role,
                engine=engines[operator.name],
                m=operator.m,
                k=operator.k,
                n=operator.n,
                count=operator.count,
                macs=operator.macs,
                latency_ms=latency_ms,
                energy_mj=known_sum(part.energy_mj for part in own),
                share_of_latency=latency_ms / total_ms if total_ms else 0.0,
            )
        )
    return rows


def _engines(
    costs: SystemCosts, point: int, components: list[ComponentCost], areas: list[AreaPart]
) -> list[EngineSummary]:  # fmt: skip
    kinds = {name: (placed.kind, dict(placed.settings)) for name, placed in costs.system.engines.items()}
    if costs.system.memory is not None:
        kinds[MEMORY] = (MEMORY, _memory_words(costs.system.memory))
    macs: npt.NDArray[np.int64] = costs.table.macs[:, point]
    summaries = []
    for name, (kind, settings) in kinds.items():
        own = [part for part in components if part.engine == name]
        parts = [part.area_mm2 for part in areas if part.engine == name]
        summaries.append(
            EngineSummary(
                name=name,
                kind=kind,
                settings=settings,
                macs=sum(int(count) for count, engine in zip(macs, costs.placement, strict=True) if engine == name),
                latency_ms=math.fsum(part.latency_ms for part in own),
                energy_mj=known_sum(part.energy_mj for part in own),
                area_mm2=math.fsum(parts) if parts else None,
            )
        )
    return summaries


def _memory_words(memory: SystemMemory) -> dict[str, str]:
    return {
        "card": memory.memory.name,
        "bandwidth": f"{memory.memory.bandwidth_bytes_s / 1e9:g} GB/s",
        "buffer": f"{memory.buffer_bytes / 1e6:g} MB on the chip",
        "weights": memory.weights,
        "cache": memory.cache,
    }


def _per(amount: float, cost: float | None) -> float | None:
    return amount / cost if cost else None
