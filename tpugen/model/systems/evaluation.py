"""A workload on a system, over many design points at once: components that add up to the totals.

Latency and energy of an inference are the sums over engines, components and operators. In the `overlapped` schedule the
latency of one inference stays that sum, but engines work on different sequences at the same time, so that the time
between two results is that of the busiest engine (or of the memory's transfers, where they take longer): a pipeline in
its steady state, which needs a sequence in flight for each engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.costs import EngineCosts, Origin
from tpugen.model.memory import memory_costs, memory_traffic
from tpugen.model.systems.system import MEMORY, STALL, System
from tpugen.model.workloads.operators import OperatorTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tpugen.model.memory import MemoryCosts

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

__all__ = ["AreaShare", "CostPart", "SystemCosts", "evaluate_system"]


@dataclass(frozen=True)
class CostPart:
    """One component of one engine over the operators that run there.

    Attributes:
        engine: Name of the engine, or `memory`.
        name: Of the component.
        rows: Which operators of the table, shape `(rows,)`.
        latency_s: Seconds, shape `(rows, points)`.
        energy_j: Joules as the accounting charges them, shape `(rows, points)`; None where power is not known.
        origin: Weakest origin of the constants that it was computed from.
    """

    engine: str
    name: str
    rows: IntArray
    latency_s: FloatArray
    energy_j: FloatArray | None
    origin: Origin


@dataclass(frozen=True)
class AreaShare:
    """Area of one component of an engine, shape `(points,)`."""

    engine: str
    name: str
    area_um2: FloatArray
    origin: Origin


@dataclass(frozen=True)
class SystemCosts:
    """What an inference takes. All arrays are `(operators, points)` or `(points,)`.

    Attributes:
        system: Which system.
        table: Which workload.
        placement: Engine of each operator of the table.
        parts: Components; every total is their sum.
        areas: Components of area; engines without any have an unknown area.
        transfer_s: Time that the memory needs for all transfers, shape `(points,)`; zero without a memory.
        footprint_bytes: Weights and cache that the memory must hold, shape `(points,)`; zero without a memory.
    """

    system: System
    table: OperatorTable
    placement: tuple[str, ...]
    parts: tuple[CostPart, ...]
    areas: tuple[AreaShare, ...]
    transfer_s: FloatArray
    footprint_bytes: FloatArray

    @cached_property
    def operator_latency_s(self) -> FloatArray:
        """Seconds by operator."""
        return self._by_operator("latency_s", self.parts)

    @cached_property
    def operator_energy_j(self) -> FloatArray:
        """Joules by operator; NaN where not known."""
        return self._by_operator("energy_j", self.parts)

    @cached_property
    def latency_s(self) -> FloatArray:
        """Seconds from the first operand to the last result."""
        total: FloatArray = self.operator_latency_s.sum(axis=0)
        return total

    @cached_property
    def interval_s(self) -> FloatArray:
        """Seconds between the results of two inferences."""
        if self.system.schedule == "sequential":
            return self.latency_s
        import numpy as np

        busy = [self.engine_latency_s(name) for name in self.system.engines]
        interval: FloatArray = np.max(np.stack([*busy, self.transfer_s]), axis=0)
        return interval

    @cached_property
    def energy_j(self) -> FloatArray:
        """Joules per inference; NaN where not known."""
        total: FloatArray = self.operator_energy_j.sum(axis=0)
        return total

    @cached_property
    def area_um2(self) -> FloatArray:
        """Square micrometres; NaN where an engine's area is not known."""
        import numpy as np

        known = {share.engine for share in self.areas}
        total = np.full(self.table.points, 0.0 if known >= set(self.system.engines) else np.nan)
        for share in self.areas:
            total = total + share.area_um2
        return total

    @property
    def macs(self) -> IntArray:
        """Multiply-accumulates per inference."""
        total: IntArray = self.table.macs.sum(axis=0)
        return total

    @cached_property
    def operations(self) -> FloatArray:
        """Operations per inference as the accounting counts them: MACs, if the publication does not count otherwise."""
        import numpy as np

        per_mac = self.system.published.operations_per_mac if self.system.accounting == "as_published" else {}
        weights = np.array([per_mac.get(role, 1.0) for role in self.table.roles])[:, None]
        total: FloatArray = (self.table.macs * weights).sum(axis=0)
        return total

    @property
    def tokens_per_s(self) -> FloatArray:
        """Tokens a second, in the steady state."""
        return _ratio(self.table.tokens, self.interval_s)

    @property
    def tokens_per_j(self) -> FloatArray:
        """Tokens a joule; NaN where energy is not known."""
        return _ratio(self.table.tokens, self.energy_j)

    @property
    def gops(self) -> FloatArray:
        """1e9 operations a second."""
        return _ratio(self.operations * 1e-9, self.interval_s)

    @property
    def gops_per_w(self) -> FloatArray:
        """1e9 operations a joule; NaN where energy is not known."""
        return _ratio(self.operations * 1e-9, self.energy_j)

    def engine_latency_s(self, engine: str) -> FloatArray:
        """Seconds that one engine is busy or waits for operands."""
        parts = [part for part in self.parts if part.engine == engine]
        total: FloatArray = self._by_operator("latency_s", parts).sum(axis=0)
        return total

    def engine_energy_j(self, engine: str) -> FloatArray:
        """Joules that one engine is charged; NaN where not known."""
        parts = [part for part in self.parts if part.engine == engine]
        total: FloatArray = self._by_operator("energy_j", parts).sum(axis=0)
        return total

    def role_latency_s(self, role: str) -> FloatArray:
        """Seconds of all operators of a role."""
        return self._of_role(self.operator_latency_s, role)

    def role_energy_j(self, role: str) -> FloatArray:
        """Joules of all operators of a role; NaN where not known."""
        return self._of_role(self.operator_energy_j, role)

    def component_latency_s(self) -> dict[tuple[str, str], FloatArray]:
        """Seconds by engine and component, in the order of the parts."""
        return {(part.engine, part.name): part.latency_s.sum(axis=0) for part in self.parts}

    def _of_role(self, values: FloatArray, role: str) -> FloatArray:
        rows = [index for index, found in enumerate(self.table.roles) if found == role]
        total: FloatArray = values[rows].sum(axis=0)
        return total

    def _by_operator(self, column: str, parts: Sequence[CostPart]) -> FloatArray:
        import numpy as np

        total = np.zeros((len(self.table.names), self.table.points))
        for part in parts:
            values = getattr(part, column)
            total[part.rows] += np.nan if values is None else values
        return total


def evaluate_system(system: System, table: OperatorTable) -> SystemCosts:
    """What a workload takes on a system, for all points of the table at once.

    Raises:
        RequestError: an operator has no engine, or one of a kind that cannot run it.
    """
    import numpy as np

    placement = tuple(
        system.engine_of(name, role) for name, role in zip(table.names, table.roles, strict=True)
    )  # fmt: skip
    _check_kinds(system, table, placement)
    charged = _charged_share(system, table)
    parts: list[CostPart] = []
    areas: list[AreaShare] = []
    for engine, placed in system.engines.items():
        mask = [name == engine for name in placement]
        rows = np.flatnonzero(mask)
        costs = placed.engine.costs(table.select(mask))
        parts.extend(_parts(engine, rows, costs, charged[rows], table.points))
        areas.extend(
            AreaShare(engine, name, _over_points(area, table.points), costs.origins.get(name, "assumed"))
            for name, area in costs.area_um2.items()
        )
    transfer_s = np.zeros(table.points)
    footprint_bytes = np.zeros(table.points)
    if system.memory is not None:
        moved, footprint_bytes = _moved(system, table, placement, parts)
        transfer_s = moved.transfer_s.sum(axis=0)
        parts.extend(_memory_parts(placement, moved))
        area = _over_points(np.asarray(system.memory.memory.area_um2), table.points)
        areas.append(AreaShare(MEMORY, "memory", area, system.memory.memory.origin))
    return SystemCosts(system, table, placement, tuple(parts), tuple(areas), transfer_s, footprint_bytes)


_RUNS = {
    "systolic": "matrix products",
    "crossbar": "matrix products with weights",
    "vector": "non-linear functions",
    MEMORY: "look-ups",
}
"""What the kinds of engines run; others say so themselves."""


def _check_kinds(system: System, table: OperatorTable, placement: tuple[str, ...]) -> None:
    """Refuses operators on engines that would not charge for them."""
    for name, role, matrix, engine in zip(table.names, table.roles, table.matrices, placement, strict=True):
        kind = MEMORY if engine == MEMORY else system.engines[engine].kind
        fits = {
            "systolic": matrix != "none",
            "crossbar": matrix == "weights",
            "vector": matrix == "none" and role == "nonlinear",
            MEMORY: matrix == "none" and role == "embedding",
        }.get(kind, True)
        if not fits:
            what = f"{role}, a product with {matrix.replace('_', ' ')}" if matrix != "none" else role
            raise RequestError(
                f"system {system.name!r} places operator {name!r} ({what}) on {engine!r}, "
                f"which runs {_RUNS[kind]} only",
                hint="place it on another engine: a line in [placement] with its role or its name",
            )


def _charged_share(system: System, table: OperatorTable) -> FloatArray:
    """Which share of an operator's energy the accounting charges, shape `(operators, points)`."""
    import numpy as np

    once = system.published.one_layer_energy_roles if system.accounting == "as_published" else ()
    rows = np.array([role in once for role in table.roles], dtype=bool)[:, None]
    share: FloatArray = np.where(rows, 1.0 / table.layers, 1.0)
    return share


def _parts(
    engine: str, rows: IntArray, costs: EngineCosts, charged: FloatArray, points: int
) -> Iterator[CostPart]:  # fmt: skip
    import numpy as np

    if rows.size == 0:
        return
    shape = (rows.size, points)
    nothing = np.zeros(shape)
    for name in dict.fromkeys([*costs.latency_s, *costs.energy_j]):
        latency = np.broadcast_to(costs.latency_s.get(name, nothing), shape)
        energy = np.broadcast_to(costs.energy_j.get(name, nothing), shape) * charged if costs.energy_j else None
        yield CostPart(engine, name, rows, latency, energy, costs.origins.get(name, "assumed"))


def _moved(
    system: System, table: OperatorTable, placement: tuple[str, ...], parts: Sequence[CostPart]
) -> tuple[MemoryCosts, FloatArray]:
    """What the memory's traffic costs beside the compute of the parts, and what the memory must hold."""
    import numpy as np

    if system.memory is None:
        raise ValueError(f"system {system.name!r} has no memory")
    held = [name in system.engines and system.engines[name].kind == "crossbar" for name in placement]
    traffic = memory_traffic(
        table,
        buffer_bytes=system.memory.buffer_bytes,
        weights=system.memory.weights,
        cache=system.memory.cache,
        held=held,
    )
    busy = np.zeros((len(placement), table.points))
    for part in parts:
        busy[part.rows] += part.latency_s
    return memory_costs(system.memory.memory, traffic, busy), traffic.footprint_bytes


def _memory_parts(placement: tuple[str, ...], moved: MemoryCosts) -> Iterator[CostPart]:
    """Waiting is time of the engine that waits, at no energy of its own; moving and standing by cost the memory's."""
    import numpy as np

    for engine in dict.fromkeys(placement):
        rows = np.flatnonzero([name == engine for name in placement])
        stall_s = moved.stall_s[rows]
        yield CostPart(engine, STALL, rows, stall_s, np.zeros_like(stall_s), moved.origin)
    everywhere = np.arange(len(placement))
    no_time = np.zeros_like(moved.stall_s)
    for name, energy_j in (("read", moved.read_j), ("write", moved.write_j), ("standby", moved.standby_j)):
        yield CostPart(MEMORY, name, everywhere, no_time, energy_j, moved.origin)


def _over_points(area: FloatArray, points: int) -> FloatArray:
    import numpy as np

    return np.broadcast_to(np.asarray(area, dtype=np.float64), (points,))


def _ratio(amount: npt.ArrayLike, cost: FloatArray) -> FloatArray:
    """Amount over cost; infinite where something costs nothing, NaN where nothing does."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: FloatArray = np.asarray(amount, dtype=np.float64) / cost
    return ratio
