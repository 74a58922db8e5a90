"""Totals of parts of which some may not be known, and how well what is known is founded."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tpugen.model.cards import weakest_origin
from tpugen.results.systems import AreaPart, ComponentCost, NumberOrigin

__all__ = ["known_sum", "total_origins"]


def known_sum(values: Iterable[float | None]) -> float | None:
    """The sum; None where one of them is not known."""
    given = list(values)
    known = [value for value in given if value is not None]
    return math.fsum(known) if len(known) == len(given) else None


def total_origins(components: Iterable[ComponentCost], areas: Iterable[AreaPart]) -> dict[str, NumberOrigin]:
    """Of each total of a language model's result: the weakest origin of what it was added up from."""
    parts = list(components)
    timed = weakest_origin(part.origin for part in parts if part.latency_ms)
    charged = weakest_origin(part.origin for part in parts if part.energy_mj)
    return {
        "latency_ms": timed,
        "tokens_per_s": timed,
        "gops": timed,
        "energy_mj": charged,
        "tokens_per_j": charged,
        "gops_per_w": charged,
        "area_mm2": weakest_origin(part.origin for part in areas),
    }
