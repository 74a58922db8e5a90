"""What measured units are like, in words: the sentence by which a library module is found."""

from __future__ import annotations

from collections.abc import Mapping

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.dataset.costs import UnitCost, unit_cost
from tpugen.dataset.unit_grid import Role

__all__ = ["unit_sentence"]

_WIDTH_BITS = 8
_TECHNOLOGY = "osu018"
_CLEARLY = 0.9
"""A unit is called small, or low-power, where it takes at most this share of what the exact one takes."""

_FAST = 1.02
_ACCURATE_MRED = 0.01


def unit_sentence(module: str) -> str | None:
    """Error and cost of a unit's module at 8 bits and default parameters; None if it is no unit or was not measured.

    Args:
        module: Name of a library module, e.g. `multiplier_drum`.
    """
    named = _unit_of(module)
    if named is None:
        return None
    role, family, structure = named
    widths = (_WIDTH_BITS,) if role == "adder" else (_WIDTH_BITS, _WIDTH_BITS)
    parameters = family.complete({}, *widths)
    row = unit_cost(role, family.name, widths, True, parameters, _TECHNOLOGY, structure=structure)
    exact = unit_cost(role, "exact", widths, True, {}, _TECHNOLOGY)
    if row is None or exact is None:
        return None
    error = "exact" if row.er == 0 else f"error rate {row.er:.1%}, mean relative error {row.mred:.2%}"
    return (
        f"{_adjectives(row, exact)} {_WIDTH_BITS}-bit {role}: {error}; area {row.area_um2:,.0f} um2, "
        f"delay {row.delay_ns:.2f} ns, energy {row.energy_pj:.2f} pJ in {_TECHNOLOGY}."
    )


def _unit_of(module: str) -> tuple[Role, Family, str | None] | None:
    tables: Mapping[Role, Mapping[str, Family]] = {"adder": ADDERS, "multiplier": MULTIPLIERS}
    for role, families in tables.items():
        name = module.removeprefix(f"{role}_")
        if name == module:
            continue
        if name in families:
            return role, families[name], None
        for family in families.values():
            if name in family.structures:
                return role, family, name
    return None


def _adjectives(row: UnitCost, exact: UnitCost) -> str:
    words = []
    if row.area_um2 <= _CLEARLY * exact.area_um2:
        words.append("small")
    if row.energy_pj <= _CLEARLY * exact.energy_pj:
        words.append("low-power, low-energy")
    if row.delay_ns <= _FAST * exact.delay_ns:
        words.append("fast")
    if row.er == 0:
        words.append("exact, accurate")
    else:
        words.append("accurate approximate" if row.mred <= _ACCURATE_MRED else "approximate")
    return ", ".join(words).capitalize()
