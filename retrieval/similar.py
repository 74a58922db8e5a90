"""Designs like the one that is asked for: by their specs alone, so that no index and no embedding is needed."""

from __future__ import annotations

from collections.abc import Iterable
from math import log2

from tpugen.retrieval.facts import Fact, spec_facts
from tpugen.spec import DesignSpec

__all__ = ["nearest_specs"]

_ALIKE = ("kind", "dataflow", "shared_pre_approximation")
"""Fields that decide which modules a top level is made of: another value teaches the wrong thing."""

_OTHER_UNIT = 3
"""A unit of another family or structure is another module: it counts as so many other fields."""

_SIZES = ("rows", "cols", "width_bits", "activation_width_bits", "weight_width_bits", "accumulator_width_bits",
          "operand_depth", "crossbar_rows", "crossbar_cols", "adc_bits", "columns_per_adc", "d", "heads", "kv_heads",
          "d_ff", "context")  # fmt: skip


def nearest_specs(spec: DesignSpec, specs: Iterable[DesignSpec], count: int) -> list[DesignSpec]:
    """The designs that differ from `spec` in the fewest fields, then least in size.

    Only designs of the same kind, dataflow and place of the encoders count. The design itself is never among them, at
    whatever clock: it would give the answer away.

    Args:
        spec: What is asked for.
        specs: Where to look.
        count: How many, at most.

    Returns:
        At most `count` specs, nearest first; of equally near ones the earlier in `specs`.
    """
    asked = spec_facts(spec)
    near: list[tuple[int, float, int, DesignSpec]] = []
    for number, other in enumerate(specs):
        if other.kind != spec.kind:
            continue
        facts = spec_facts(other)
        if facts != asked and all(facts.get(name) == asked.get(name) for name in _ALIKE):
            near.append((_differing(asked, facts), _size_distance(asked, facts), number, other))
    near.sort(key=lambda item: item[:3])
    return [other for *_, other in near[:count]]


def _differing(asked: dict[str, Fact], found: dict[str, Fact]) -> int:
    """Number of fields that differ; a unit's parameters are one field, another family or structure counts more."""
    names = {name for name in asked.keys() | found.keys() if asked.get(name) != found.get(name)}
    other_units = {name for name in names if name.endswith((".family", ".structure"))}
    roles = {name.partition(".")[0] for name in other_units}
    return len({name.partition(".")[0] for name in names} - roles) + _OTHER_UNIT * len(roles)


def _size_distance(asked: dict[str, Fact], found: dict[str, Fact]) -> float:
    """Doublings between the two designs, summed over sizes and widths."""
    return sum(abs(log2(int(asked[name]) / int(found[name]))) for name in _SIZES if name in asked and name in found)
