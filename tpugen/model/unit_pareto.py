"""Error against cost: every measured unit as a point, and which of them no other unit beats.

Cost and error come from the measured table (`dataset.costs`), accuracy from that of the digits network
(`dataset.accuracies`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.accuracies import network_accuracy_of
from tpugen.dataset.costs import UnitCost, all_costs
from tpugen.dataset.unit_grid import Role
from tpugen.errors import RequestError

__all__ = ["COST_AXES", "ERROR_AXES", "CostAxis", "ErrorAxis", "UnitPoint", "on_front", "unit_points"]

CostAxis = Literal["area", "delay", "power", "energy"]
ErrorAxis = Literal["mred", "nmed", "er", "accuracy"]

COST_AXES: dict[CostAxis, tuple[str, str]] = {
    "area": ("area_um2", "area, um2"),
    "delay": ("delay_ns", "delay, ns"),
    "power": ("power_uw", "power at 100 MHz, uW"),
    "energy": ("energy_pj", "energy of one operation, pJ"),
}
"""Field and words of each axis of cost; less is better."""

ERROR_AXES: dict[ErrorAxis, str] = {
    "mred": "mean relative error distance (MRED)",
    "nmed": "normalised mean error distance (NMED)",
    "er": "error rate (ER)",
    "accuracy": "accuracy of the digits network",
}
"""Words of each axis of quality; less is better, but of accuracy more."""


class UnitPoint(BaseModel):
    """One unit: what it costs, how wrong it is, what that does to a network.

    Attributes:
        unit: How people write it, e.g. `DRUM(6)`.
        family: Canonical name.
        structure: Circuit structure of an exact unit.
        parameters: All of the family's.
        area_um2: Cell area, at 100 MHz.
        delay_ns: Longest path of the fastest mapping.
        power_uw: Power at 100 MHz.
        energy_pj: Energy of one operation.
        er: Error rate.
        nmed: Normalised mean error distance.
        mred: Mean relative error distance.
        accuracy: Accuracy of the digits network; None where it is not known.
        front: Whether no other unit is at least as good in both quantities asked for and better in one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str
    family: str
    structure: str | None
    parameters: dict[str, int]
    area_um2: float
    delay_ns: float
    power_uw: float
    energy_pj: float
    er: float
    nmed: float
    mred: float
    accuracy: float | None
    front: bool = False

    def cost(self, axis: CostAxis) -> float:
        """The cost on an axis: less is better."""
        value: float = getattr(self, COST_AXES[axis][0])
        return value

    def quality(self, axis: ErrorAxis) -> float | None:
        """The error or accuracy on an axis; None where it is not known."""
        value: float | None = getattr(self, axis)
        return value


def unit_points(role: Role, width_bits: int, technology: str, *, x: CostAxis, y: ErrorAxis) -> list[UnitPoint]:
    """Every measured unit of a role and width, cheapest first, the Pareto front marked.

    Args:
        role: `adder` or `multiplier`.
        width_bits: Width of the operands.
        technology: Name of the technology library.
        x: Cost that counts.
        y: Error that counts, or accuracy.

    Raises:
        RequestError: nothing of the kind was measured, or adders are to be compared by accuracy.
    """
    if role == "adder" and y == "accuracy":
        raise RequestError(
            f"accuracy is known of accumulation adders, not of {width_bits}-bit adders by themselves",
            hint="choose mred, nmed or er; `tpugen arith accuracy --adder FAMILY` gives a network's accuracy",
        )
    rows = [
        row
        for row in all_costs()
        if row.role == role and row.widths[0] == width_bits and row.technology == technology and row.signed
    ]
    if not rows:
        known = sorted({(row.widths[0], row.technology) for row in all_costs() if row.role == role})
        words = ", ".join(f"{width} bits in {name}" for width, name in known) or "nothing"
        raise RequestError(
            f"no {width_bits}-bit {role} was measured in {technology}; measured: {words}",
            hint="tpugen arith measure makes such a table",
        )
    points = [_point(row) for row in rows]
    candidates = [(point.cost(x), point.quality(y)) for point in points]
    known_points = [(cost, quality if y != "accuracy" else -quality) for cost, quality in candidates
                    if quality is not None]  # fmt: skip
    marks = iter(on_front(known_points))
    marked = [
        point.model_copy(update={"front": quality is not None and next(marks)})
        for point, (_, quality) in zip(points, candidates, strict=True)
    ]
    return sorted(marked, key=lambda point: (point.cost(x), point.unit))


def _point(row: UnitCost) -> UnitPoint:
    accuracy = None
    if row.role == "multiplier":
        accuracy = network_accuracy_of("multiplier", row.family, row.parameters, row.widths[0])
    return UnitPoint(
        unit=row.label,
        family=row.family,
        structure=row.structure,
        parameters=row.parameters,
        area_um2=row.area_um2,
        delay_ns=row.delay_ns,
        power_uw=row.power_uw,
        energy_pj=row.energy_pj,
        er=row.er,
        nmed=row.nmed,
        mred=row.mred,
        accuracy=accuracy.accuracy if accuracy else None,
    )


def on_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which points no other one dominates: is at most as large in both numbers, and smaller in one. Equals stay."""
    best: float | None = None
    front = [False] * len(points)
    order = sorted(range(len(points)), key=lambda index: points[index])
    for position, index in enumerate(order):
        error = points[index][1]
        same = position > 0 and points[order[position - 1]] == points[index]
        if same:
            front[index] = front[order[position - 1]]
        elif best is None or error < best:
            front[index] = True
        best = error if best is None else min(best, error)
    return front
