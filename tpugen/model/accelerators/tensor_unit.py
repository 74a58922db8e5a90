"""A measured tensor unit in the place of a system's array: every product is a job, in the cycles that its RTL takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tpugen.arithmetic.tpu import MAX_SIZE
from tpugen.model.costs import EngineCosts, Origin
from tpugen.model.systolic import SystolicEngine
from tpugen.model.systolic.constants import PowerEnergy
from tpugen.model.workloads.operators import OperatorTable
from tpugen.results import DesignMeasurement
from tpugen.spec import TpuSpec
from tpugen.spec.latency import drain_bubbles

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["TensorUnitEngine", "UnitMemories"]

_PIPELINE_CYCLES = 9


@dataclass(frozen=True)
class UnitMemories:
    """The operand memories of a tensor unit where they are macros, by their cards.

    Attributes:
        area_um2: Of all of them.
        power_w: At the unit's clock, under the activity of its simulation.
        area_origin: Where the area comes from.
        power_origin: Where the power comes from.
    """

    area_um2: float
    power_w: float
    area_origin: Origin
    power_origin: Origin


@dataclass(frozen=True)
class TensorUnitEngine(SystolicEngine):
    """An output-stationary array with operand memories, as `tpugen.arithmetic.tpu.job_cycles` counts its cycles.

    Attributes:
        depth: Slices in a bank of the operand memories.
        memories: Operand memories that are macros; None: they are flip-flops, and part of the array.
    """

    depth: int = 256
    memories: UnitMemories | None = None

    @classmethod
    def from_run(
        cls, spec: TpuSpec, design: DesignMeasurement, memories: UnitMemories | None = None
    ) -> TensorUnitEngine:  # fmt: skip
        """The unit as a run measured it.

        Args:
            spec: What was built.
            design: Clock, power and area of the run.
            memories: Operand memories that are macros.
        """
        power = None
        if design.power_mw is not None:
            power = PowerEnergy(design.power_mw * 1e-3, spec.rows, spec.cols, design.clock_mhz, design.origin)
        areas: dict[str, float] = {}
        origins: dict[str, Origin] = {}
        if design.area_um2 is not None:
            areas["array_area"], origins["array_area"] = design.area_um2, design.origin
        if memories is not None:
            areas["memory_area"], origins["memory_area"] = memories.area_um2, memories.area_origin
        return cls(
            rows=spec.rows,
            cols=spec.cols,
            clock_mhz=design.clock_mhz,
            clock_origin=design.origin,
            energy=power,
            area_um2=areas,
            area_origins=origins,
            depth=spec.operand_depth,
            memories=memories,
        )

    def costs(self, table: OperatorTable) -> EngineCosts:
        """Those of the array, and the energy of its memories: their power while it is busy."""
        costs = super().costs(table)
        if self.memories is None or not costs.energy_j:
            return costs
        energy = {**costs.energy_j, "memories": self.memories.power_w * costs.latency_s["array"]}
        return replace(costs, energy_j=energy, origins={**costs.origins, "memories": self.memories.power_origin})

    def cycles(self, table: OperatorTable) -> IntArray:
        """Busy cycles of each operator per inference; products larger than a job are as many jobs."""
        import numpy as np

        m, k, n = self._sizes(table)
        jobs = -(-m // MAX_SIZE) * -(-n // MAX_SIZE) * -(-k // MAX_SIZE)
        m, k, n = (np.minimum(size, MAX_SIZE) for size in (m, k, n))
        rows, cols = np.asarray(self.rows), np.asarray(self.cols)
        drain = rows + drain_bubbles(rows)
        tiles = -(-m // rows) * -(-n // cols)
        period = np.maximum(np.where(k <= self.depth, k, -(-k // self.depth) * self.depth), drain)
        job = np.minimum(k, self.depth) + (tiles - 1) * period + k + drain + cols + _PIPELINE_CYCLES
        cycles: IntArray = job * jobs * self._products(table)
        return cycles
