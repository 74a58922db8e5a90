"""A spec as flat facts (`rows`, `multiplier.family`, `adder.k`, ...): what filters and spec distances compare."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from tpugen.spec import DesignSpec, spec_from_dict

__all__ = ["Fact", "Facts", "is_assumed", "nearness", "spec_facts", "spec_from_facts"]

Fact = str | int | bool
Facts = Mapping[str, Fact]

_UNITS = ("multiplier", "adder")
_NEAR = 0.5
_NO_CHOICE = (
    ("structure", ""),
    ("shared_pre_approximation", False),
    ("stuck_off", 0),
    ("stuck_on", 0),
    ("sigma", 0),
    ("seed", 0),
)


@lru_cache(maxsize=8192)
def spec_facts(spec: DesignSpec) -> dict[str, Fact]:
    """Every field of a spec but the clock, objects taken apart; a unit without a chosen structure has structure ''.

    Treat the result as read-only: it is kept for the next call.
    """
    facts: dict[str, Fact] = {}
    for name, value in spec.model_dump(mode="json", exclude={"clock_mhz"}).items():
        if name in _UNITS:
            facts[f"{name}.family"] = value["family"]
            facts[f"{name}.structure"] = value.get("structure") or ""
            facts.update({f"{name}.{key}": item for key, item in value.items() if key not in ("family", "structure")})
        elif isinstance(value, dict):
            facts.update({f"{name}.{key}": item for key, item in value.items()})
        else:
            facts[name] = value
    return facts


def spec_from_facts(facts: Facts) -> DesignSpec:
    """The spec back from its facts, at the default clock.

    Raises:
        SpecError: the facts are of no legal spec.
    """
    data: dict[str, object] = {}
    for name, value in facts.items():
        role, dot, field = name.partition(".")
        if not dot:
            data[name] = value
        elif value != "" or field != "structure":
            unit = data.setdefault(role, {})
            assert isinstance(unit, dict)  # noqa: S101 - no spec has both `adder` and `adder.k`
            unit[field] = value
    return spec_from_dict(data)


def is_assumed(name: str, value: Fact, assumed: Collection[str]) -> bool:
    """Whether nobody stated this fact: it or its unit is among `assumed`, or it says that nothing was chosen.

    Nothing chosen: no structure, no shared pre-approximation, no stuck cells, no noise.
    """
    role, dot, field = name.partition(".")
    return name in assumed or (dot != "" and role in assumed) or (field or name, value) in _NO_CHOICE


def nearness(asked: Fact, found: Fact | None) -> float:
    """How well one fact agrees: 1 if equal, for numbers at most a half by their ratio, else 0."""
    if found is None or type(asked) is not type(found):
        return 0.0
    if asked == found:
        return 1.0
    if isinstance(asked, bool | str) or isinstance(found, str) or min(asked, found) <= 0:
        return 0.0
    return _NEAR * min(asked, found) / max(asked, found)
