"""A systolic array as an engine of a system: what it charges for the operators of a workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.cards import Card, weakest_origin
from tpugen.model.costs import EngineCosts, Origin
from tpugen.model.systolic.arrays import array_cycles, best_dataflow
from tpugen.model.systolic.constants import EnergyKind, EventEnergy, PowerEnergy, area_from_card, energy_from_card
from tpugen.model.systolic.cycles import DEFAULT_CYCLE_MODEL, find_cycle_model
from tpugen.model.systolic.dataflows import BEST, dataflow_code, dataflow_of, is_best
from tpugen.model.systolic.mapping import array_shape, dataflow_of_spec
from tpugen.model.systolic.traffic import array_traffic
from tpugen.model.workloads.operators import OperatorTable
from tpugen.results import DesignMeasurement
from tpugen.spec import DesignSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

__all__ = ["MatrixSide", "SystolicEngine"]

MatrixSide = Literal["columns", "rows"]
"""Through which side of the array an operator's matrix (weights, KV cache) enters.

`columns`: the GEMM on the array is C^T[N,M] = B^T[N,K] x A^T[K,M]: vectors enter by rows, the matrix by columns, as
activations and weights do in tpugen's arrays; `ws` then keeps the matrix. `rows`: the operator as it is written, the
matrix by rows; then `is` keeps the matrix and `ws` the vectors. On square arrays `os` takes as long either way.
"""

_MATRIX_SIDES = ("columns", "rows")
_BEST_CODE = dataflow_code(BEST)


@dataclass(frozen=True)
class SystolicEngine:
    """An array of processing elements that runs one product after the other, each from first operand to last result.

    `rows`, `cols`, `clock_mhz` and codes of dataflows may be arrays over the points of a table.

    Attributes:
        rows: Of the array.
        cols: Of the array.
        clock_mhz: Clock, in MHz.
        dataflow: A name, `best` (operator by operator), names by operator or role (the operator's name counts first;
            `default` is for the others), or an array of codes over the points.
        cycle_model: Name of the cycle model.
        clock_origin: Where the clock comes from.
        energy: What work costs; None where it is not known.
        area_um2: Area by component.
        area_origins: Where the areas come from, by component.
        matrix_side: See `MatrixSide`.
    """

    rows: int | IntArray
    cols: int | IntArray
    clock_mhz: float | FloatArray
    dataflow: str | Mapping[str, str] | IntArray = "os"
    cycle_model: str = DEFAULT_CYCLE_MODEL
    clock_origin: Origin = "assumed"
    energy: PowerEnergy | EventEnergy | None = None
    area_um2: Mapping[str, float | FloatArray] = field(default_factory=dict)
    area_origins: Mapping[str, Origin] = field(default_factory=dict)
    matrix_side: MatrixSide = "columns"

    def __post_init__(self) -> None:
        find_cycle_model(self.cycle_model)
        names = [self.dataflow] if isinstance(self.dataflow, str) else []
        names += self.dataflow.values() if isinstance(self.dataflow, Mapping) else []
        for name in names:
            if not is_best(name):
                dataflow_of(name)
        if self.matrix_side not in _MATRIX_SIDES:
            raise UnknownNameError(
                f"no side of an array is called {self.matrix_side!r}", hint=f"sides: {', '.join(_MATRIX_SIDES)}"
            )
        _check_positive("clock_mhz", self.clock_mhz)

    @classmethod
    def from_card(
        cls,
        card: Card,
        *,
        rows: int | IntArray | None = None,
        cols: int | IntArray | None = None,
        dataflow: str | Mapping[str, str] | IntArray = "os",
        cycle_model: str = DEFAULT_CYCLE_MODEL,
        clock_mhz: float | FloatArray | None = None,
        energy: EnergyKind = "power",
        matrix_side: MatrixSide = "columns",
    ) -> SystolicEngine:
        """An array with the constants of a technology card.

        Args:
            card: Has `clock`, `array_rows`, `array_columns`; for the energy what `energy_from_card` says, and for the
                area what `area_from_card` says.
            rows: Of the array, if not the card's.
            cols: Of the array, if not the card's.
            dataflow: See the class.
            cycle_model: Name of the cycle model.
            clock_mhz: Clock, if not the card's; then it counts as assumed.
            energy: `power` (power times busy time), `events` (energy per MAC and per SRAM access) or `none`.
            matrix_side: See `MatrixSide`.

        Raises:
            RequestError: the card lacks a constant or has it in a wrong unit.
            UnknownNameError: no such dataflow, cycle model or kind of energy.
        """
        rows = int(card.value("array_rows", "1")) if rows is None else rows
        cols = int(card.value("array_columns", "1")) if cols is None else cols
        areas = area_from_card(card, rows, cols)
        return cls(
            rows=rows,
            cols=cols,
            clock_mhz=card.value("clock", "MHz") if clock_mhz is None else clock_mhz,
            dataflow=dataflow,
            cycle_model=cycle_model,
            clock_origin=card.origin("clock") if clock_mhz is None else "assumed",
            energy=energy_from_card(card, energy),
            area_um2={name: area for name, (area, _) in areas.items()},
            area_origins={name: origin for name, (_, origin) in areas.items()},
            matrix_side=matrix_side,
        )

    @classmethod
    def from_measurement(
        cls, spec: DesignSpec, design: DesignMeasurement, *, cycle_model: str = DEFAULT_CYCLE_MODEL
    ) -> SystolicEngine:
        """A design of tpugen as it was measured: shape, dataflow, clock, power and area of a run.

        Its clock, power and area carry the origin of the measurement; where power is not known, neither is energy.

        Raises:
            RequestError: for combinational designs.
        """
        rows, cols = array_shape(spec)
        power = None
        if design.power_mw is not None:
            power = PowerEnergy(design.power_mw * 1e-3, rows, cols, design.clock_mhz, design.origin)
        known = design.area_um2 is not None
        return cls(
            rows=rows,
            cols=cols,
            clock_mhz=design.clock_mhz,
            dataflow=dataflow_of_spec(spec),
            cycle_model=cycle_model,
            clock_origin=design.origin,
            energy=power,
            area_um2={"array_area": design.area_um2} if design.area_um2 is not None else {},
            area_origins={"array_area": design.origin} if known else {},
        )

    def cycles(self, table: OperatorTable) -> IntArray:
        """Busy cycles of each operator per inference, shape `(operators, points)`; none where there is no work."""
        sizes = self._sizes(table)
        each = array_cycles(self.cycle_model, self._dataflows(table, sizes), *sizes, self.rows, self.cols)
        cycles: IntArray = each * self._products(table)
        return cycles

    def costs(self, table: OperatorTable) -> EngineCosts:
        """Latency, energy and area; components `array` (time), `power` or `mac` and `sram` (energy), areas by name.

        Operators that are no matrix product (look-ups, non-linear functions) cost nothing here.
        """
        import numpy as np

        sizes = self._sizes(table)
        dataflows = self._dataflows(table, sizes)
        products = self._products(table)
        busy_s = self.cycles(table) / (np.asarray(self.clock_mhz, float) * 1e6)
        origins: dict[str, Origin] = {
            "array": weakest_origin([self.clock_origin, find_cycle_model(self.cycle_model).origin]),
            **self.area_origins,
        }
        energy: dict[str, FloatArray] = {}
        if isinstance(self.energy, PowerEnergy):
            energy["power"] = self.energy.power_at(self.rows, self.cols, self.clock_mhz) * busy_s
            origins["power"] = weakest_origin(
                [origins["array"], self.energy.origin_at(self.rows, self.cols, self.clock_mhz)]
            )
        elif self.energy is not None:
            traffic = array_traffic(dataflows, *sizes, self.rows, self.cols)
            vectors_by_rows = self.matrix_side == "columns"
            energy = self.energy.of(table, traffic, products, vectors_by_rows)
            origins |= self.energy.origins
        area = {
            name: np.broadcast_to(np.asarray(value, float), (table.points,)) for name, value in self.area_um2.items()
        }
        return EngineCosts(latency_s={"array": busy_s}, energy_j=energy, area_um2=area, origins=origins)

    def _products(self, table: OperatorTable) -> IntArray:
        """How many matrix products each operator is per inference."""
        import numpy as np

        real = [matrix != "none" for matrix in table.matrices]
        products: IntArray = np.where(np.array(real, dtype=bool)[:, None], table.count, 0)
        return products

    def _sizes(self, table: OperatorTable) -> tuple[IntArray, IntArray, IntArray]:
        """M, K, N of the GEMMs on the array; 1 where there is no work, whatever the table holds there."""
        import numpy as np

        work = self._products(table) > 0
        m, k, n = (np.where(work, getattr(table, name), 1) for name in ("m", "k", "n"))
        return (n, k, m) if self.matrix_side == "columns" else (m, k, n)

    def _dataflows(self, table: OperatorTable, sizes: tuple[IntArray, IntArray, IntArray]) -> str | IntArray:
        """One name, or codes of shape `(operators, points)` or one that broadcasts to it; `best` is resolved."""
        import numpy as np

        if isinstance(self.dataflow, str) and not is_best(self.dataflow):
            return self.dataflow
        if isinstance(self.dataflow, Mapping):
            names = [
                self.dataflow.get(name, self.dataflow.get(role, self.dataflow.get("default", "os")))
                for name, role in zip(table.names, table.roles, strict=True)
            ]
            codes = np.array([[dataflow_code(name)] for name in names], dtype=np.int64)
        else:
            codes = np.asarray(dataflow_code(self.dataflow) if isinstance(self.dataflow, str) else self.dataflow)
        to_choose = codes == _BEST_CODE
        if not to_choose.any():
            return codes
        chosen: IntArray = np.where(to_choose, best_dataflow(self.cycle_model, *sizes, self.rows, self.cols), codes)
        return chosen


def _check_positive(name: str, value: float | FloatArray) -> None:
    import numpy as np

    values = np.asarray(value, float)
    if not np.all(np.isfinite(values) & (values > 0)):
        raise RequestError(f"{name}: found {values.min():g}; expected a number above 0")
