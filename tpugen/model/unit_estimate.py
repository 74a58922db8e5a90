"""What the arithmetic of an array costs without synthesis: units times their measured cost.

Registers, skew and control are not counted: this is the part of an array that the choice of units changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.costs import UnitCost, all_costs, unit_cost
from tpugen.dataset.unit_grid import Role
from tpugen.errors import RequestError
from tpugen.model.systolic.mapping import array_shape, require_gemm_design
from tpugen.spec import AdderUnit, DesignSpec, MultiplierUnit

__all__ = ["ArithmeticEstimate", "UnitEstimate", "estimate_arithmetic", "estimate_unit", "nearest_measured"]

_POWER_OF_WIDTH: Mapping[Role, float] = {"adder": 1.0, "multiplier": 2.0}
"""How area and energy grow with the width of the operands: an adder's in proportion, a multiplier's with the square."""


class UnitEstimate(BaseModel):
    """One kind of unit of an array.

    Attributes:
        unit: How people write it, e.g. `DRUM(6)`.
        role: `adder` or `multiplier`.
        count: How many the array holds.
        area_um2: Area of all of them.
        energy_pj: Energy of all of them in one cycle in which every element works.
        origin: `measured` (this very unit was), or `assumed` (scaled from one that was).
        note: What was scaled, where it was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str
    role: Role
    count: int
    area_um2: float
    energy_pj: float
    origin: Literal["measured", "assumed"]
    note: str | None = None


class ArithmeticEstimate(BaseModel):
    """The arithmetic of an array: its parts, and their sums.

    Attributes:
        technology: What the units were measured in.
        clock_mhz: Clock of `power_mw`.
        units: The parts.
        area_um2: Sum of the parts.
        energy_pj: Sum of the parts, for one cycle in which every element works.
        power_mw: That energy at the clock.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    technology: str
    clock_mhz: float
    units: tuple[UnitEstimate, ...]
    area_um2: float
    energy_pj: float
    power_mw: float


def estimate_arithmetic(spec: DesignSpec, technology: str) -> ArithmeticEstimate:
    """Area and energy of an array's multipliers and accumulation adders, from the table of measured units.

    Args:
        spec: A MAC or an array.
        technology: Name of a technology in which units were measured.

    Raises:
        RequestError: a combinational design, or units that were not measured in this technology at any width.
    """
    design = require_gemm_design(spec)
    rows, cols = array_shape(design)
    chosen: list[tuple[Role, MultiplierUnit | AdderUnit, tuple[int, ...]]] = [
        ("multiplier", design.multiplier, (design.activation_width_bits, design.weight_width_bits)),
        ("adder", design.adder, (design.accumulator_width_bits,)),
    ]
    parts = tuple(
        estimate_unit(role, unit, widths, design.signed, technology, rows * cols) for role, unit, widths in chosen
    )
    energy = math.fsum(part.energy_pj for part in parts)
    return ArithmeticEstimate(
        technology=technology,
        clock_mhz=design.clock_mhz,
        units=parts,
        area_um2=math.fsum(part.area_um2 for part in parts),
        energy_pj=energy,
        power_mw=energy * design.clock_mhz * 1e-3,  # pJ times MHz is uW
    )


def estimate_unit(
    role: Role,
    unit: MultiplierUnit | AdderUnit,
    widths: tuple[int, ...],
    signed: bool,
    technology: str,
    count: int = 1,
) -> UnitEstimate:
    """Area and energy of `count` equal units: measured, or scaled from the nearest unit of the family that was.

    Args:
        role: `adder` or `multiplier`.
        unit: Family, structure and all parameters.
        widths: Operand widths in bits: one of an adder, two of a multiplier.
        signed: Whether operands are two's complement.
        technology: Name of a technology in which units were measured.
        count: How many.

    Raises:
        RequestError: the family was not measured in this technology at any width.
    """
    family, structure, parameters = unit.family, unit.structure, unit.parameters
    row = unit_cost(role, family, widths, signed, parameters, technology, structure=structure)
    scale, note = 1.0, None
    if row is None:
        row = nearest_measured(role, family, structure, parameters, widths, technology)
        scale = (math.prod(widths) ** (1 / len(widths)) / row.widths[0]) ** _POWER_OF_WIDTH[role]
        measured = f"{row.label}, {row.widths[0]} bits, {'signed' if row.signed else 'unsigned'}"
        note = f"scaled by {scale:.3g} from {measured}"
    return UnitEstimate(
        unit=row.label if note is None else f"{family} {' '.join(f'{k}={v}' for k, v in parameters.items())}".strip(),
        role=role,
        count=count,
        area_um2=count * scale * row.area_um2,
        energy_pj=count * scale * row.energy_pj,
        origin="measured" if note is None else "assumed",
        note=note,
    )


def nearest_measured(
    role: Role,
    family: str,
    structure: str | None,
    parameters: Mapping[str, int],
    widths: tuple[int, ...],
    technology: str,
) -> UnitCost:
    """The measured unit of the family that is nearest in width, then in the share of the width that parameters take.

    Raises:
        RequestError: the family was not measured in this technology at any width.
    """
    width = math.prod(widths) ** (1 / len(widths))
    rows = [
        row
        for row in all_costs()
        if (row.role, row.family, row.structure, row.technology) == (role, family, structure, technology)
    ]
    if not rows:
        known = ", ".join(sorted({row.technology for row in all_costs()})) or "none"
        raise RequestError(
            f"{role} family {family} was not measured in {technology}; technologies with measured units: {known}",
            hint="tpugen arith measure measures units",
        )

    def distance(row: UnitCost) -> tuple[float, float]:
        shares = (abs(value / width - row.parameters[name] / row.widths[0]) for name, value in parameters.items())
        return abs(math.log(row.widths[0] / width)), math.fsum(shares)

    return min(rows, key=distance)
