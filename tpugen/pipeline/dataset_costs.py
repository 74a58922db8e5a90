"""Area, power and delay of dataset records: measured where a unit was, else composed from measured units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from tpugen.dataset.costs import UnitCost, all_costs, cost_table, unit_cost
from tpugen.dataset.rows import Cost
from tpugen.dataset.unit_grid import Role
from tpugen.model.unit_estimate import estimate_unit, nearest_measured
from tpugen.spec import (
    AdderSpec,
    AdderUnit,
    ArithmeticSpec,
    DesignSpec,
    MultiplierSpec,
    MultiplierUnit,
    SystolicArraySpec,
)

__all__ = ["costs_of", "technologies"]


def technologies() -> tuple[str, ...]:
    """Technologies in which units were measured, sorted."""
    return tuple(sorted({row.technology for row in all_costs()}))


def costs_of(spec: DesignSpec) -> tuple[Cost, ...]:
    """Costs of a design, one for each technology; none of accelerators, and where the table of units was left out."""
    if not isinstance(spec, ArithmeticSpec):
        return ()
    return tuple(_cost(spec, technology) for technology in technologies())


@dataclass(frozen=True)
class _Figures:
    area_um2: float
    energy_pj: float
    delay_ns: float
    note: str


def _cost(spec: ArithmeticSpec, technology: str) -> Cost:
    parts = [_figures(unit, widths, spec.signed, technology) for unit, widths in _units(spec)]
    table = cost_table()
    alone = isinstance(spec, AdderSpec | MultiplierSpec)
    # A unit alone is measured at the clock of the table; any other clock would be a scaled figure.
    measured = alone and not parts[0].note and table is not None and spec.clock_mhz == table.clock_mhz
    count = spec.rows * spec.cols if isinstance(spec, SystolicArraySpec) else 1
    return Cost(
        technology=technology,
        clock_mhz=spec.clock_mhz,
        area_um2=_rounded(count * math.fsum(part.area_um2 for part in parts)),
        power_mw=_rounded(count * math.fsum(part.energy_pj for part in parts) * spec.clock_mhz * 1e-3),
        delay_ns=_rounded(math.fsum(part.delay_ns for part in parts)),
        origin="measured" if measured else "composed",
        scope="design" if alone else "arithmetic",
        note="; ".join(part.note for part in parts if part.note),
    )


def _rounded(value: float) -> float:
    """Five digits: measured units have no more."""
    return float(f"{value:.5g}")


def _units(spec: ArithmeticSpec) -> list[tuple[AdderUnit | MultiplierUnit, tuple[int, ...]]]:
    if isinstance(spec, AdderSpec):
        return [(spec.adder, (spec.width_bits,))]
    multiplier = (spec.multiplier, (spec.activation_width_bits, spec.weight_width_bits))
    if isinstance(spec, MultiplierSpec):
        return [multiplier]
    return [multiplier, (spec.adder, (spec.accumulator_width_bits,))]


def _figures(unit: AdderUnit | MultiplierUnit, widths: tuple[int, ...], signed: bool, technology: str) -> _Figures:
    role: Role = "adder" if isinstance(unit, AdderUnit) else "multiplier"
    return _known(role, unit.family, unit.structure, tuple(sorted(unit.parameters.items())), widths, signed, technology)


@lru_cache(maxsize=50_000)
def _known(
    role: Role,
    family: str,
    structure: str | None,
    parameters: tuple[tuple[str, int], ...],
    widths: tuple[int, ...],
    signed: bool,
    technology: str,
) -> _Figures:
    kind = AdderUnit if role == "adder" else MultiplierUnit
    unit = kind.model_validate({"family": family, "structure": structure, **dict(parameters)})
    estimate = estimate_unit(role, unit, widths, signed, technology)
    row = unit_cost(role, family, widths, signed, dict(parameters), technology, structure=structure)
    delay = row.delay_ns if row else _scaled_delay(role, unit, widths, technology)
    return _Figures(estimate.area_um2, estimate.energy_pj, delay, f"{role} {estimate.note}" if estimate.note else "")


def _scaled_delay(role: Role, unit: AdderUnit | MultiplierUnit, widths: tuple[int, ...], technology: str) -> float:
    """Delay of the nearest measured unit, grown with the width as the family's delay grew from 8 to 16 bits."""
    near = nearest_measured(role, unit.family, unit.structure, unit.parameters, widths, technology)
    width = math.prod(widths) ** (1 / len(widths))
    return near.delay_ns * float((width / near.widths[0]) ** _growth(near))


@lru_cache(maxsize=1_000)
def _growth_of(role: Role, family: str, structure: str | None, technology: str) -> float:
    """Exponent of delay over width, from the family's first unit at the narrowest and at the widest measured width."""
    rows = sorted(
        (row for row in all_costs()
         if (row.role, row.family, row.structure, row.technology) == (role, family, structure, technology)),
        key=lambda row: (row.widths[0], tuple(row.parameters.values())),
    )  # fmt: skip
    first = rows[0]
    last = next(row for row in rows if row.widths[0] == rows[-1].widths[0])
    if first.widths[0] == last.widths[0]:
        return 0.5
    exponent = math.log(last.delay_ns / first.delay_ns) / math.log(last.widths[0] / first.widths[0])
    return min(max(exponent, 0.0), 1.0)


def _growth(row: UnitCost) -> float:
    return _growth_of(row.role, row.family, row.structure, row.technology)
