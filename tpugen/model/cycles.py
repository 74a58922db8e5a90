"""Cycle models: from a mapping to clock cycles, one GEMM at a time or whole arrays of GEMMs.

`tpugen` is the formula of the design's contract, which the simulation gate proves cycle for cycle. The other two are
for comparison with published work:

- `scalesim-3.0.0`: what SCALE-Sim 3.0.0 prints as total cycles when memory never stalls.
- `scalesim-paper`: 2R + C + T - 2 per fold for every dataflow, read-out included (Samajdar et al., "SCALE-Sim:
  Systolic CNN Accelerator Simulator", arXiv 1811.02883, and ISPASS 2020, equation 3).
"""

from __future__ import annotations

from collections.abc import Mapping as NameMapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.gemm import GEMM_SIZE_MAX, Gemm
from tpugen.model.mapping import array_shape, dimensions, map_gemm
from tpugen.spec import DesignSpec, SystolicArraySpec
from tpugen.spec.latency import latency_for

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["CYCLE_MODELS", "DEFAULT_CYCLE_MODEL", "CycleModel", "find_cycle_model"]

_INT64_MAX = 2**63 - 1


class _Formula(Protocol):
    """Interval between back-to-back tiles and cycles of one tile alone are both of the form of `_Line`."""

    def __call__(self, spec: DesignSpec) -> _Line: ...


@dataclass(frozen=True, slots=True)
class _Line:
    """Cycles of `tiles` equal tiles of `length` steps: (tiles - 1) * max(length + step, floor) + length + tail.

    All formulas here have this shape, so scalars and arrays share it.
    """

    step: int
    floor: int
    tail: int


@dataclass(frozen=True, slots=True)
class CycleModel:
    """A named way to count cycles.

    Attributes:
        name: As the user writes it.
        summary: One line for listings and reports.
    """

    name: str
    summary: str
    formula: _Formula

    def cycles(self, spec: DesignSpec, gemm: Gemm) -> int:
        """Cycles of one GEMM, from first operand to last result, both counted.

        Raises:
            RequestError: for combinational designs.
        """
        mapping = map_gemm(spec, gemm)
        line = self.formula(spec)
        interval = max(mapping.length + line.step, line.floor)
        # SCALE-Sim's count gives 0 for one MAC on one element (and the package then divides by it).
        return max((mapping.tiles - 1) * interval + mapping.length + line.tail, 1)

    def cycles_array(self, spec: DesignSpec, m: npt.ArrayLike, k: npt.ArrayLike, n: npt.ArrayLike) -> IntArray:
        """Cycles of many GEMMs at once.

        Args:
            spec: The design.
            m: Rows of A; `m`, `k` and `n` are whole numbers of any shapes that broadcast together.
            k: Columns of A, rows of B.
            n: Columns of B.

        Returns:
            Cycles, in the broadcast shape.

        Raises:
            RequestError: for combinational designs, sizes outside 1..`GEMM_SIZE_MAX`, or counts beyond 63 bits.
        """
        import numpy as np

        sizes = dict(zip("mkn", _sizes(m, k, n), strict=True))
        rows, cols = array_shape(spec)
        over_rows, over_cols, over_time = dimensions(spec)
        line = self.formula(spec)
        length = sizes[over_time]
        tiles = -(-sizes[over_rows] // rows) * -(-sizes[over_cols] // cols)
        interval = np.maximum(length + line.step, line.floor)
        if np.any(tiles.astype(np.float64) * interval > 0.99 * _INT64_MAX):
            raise RequestError("the workload takes more cycles than 63 bits can count", hint="use smaller GEMMs")
        cycles: IntArray = np.maximum((tiles - 1) * interval + length + line.tail, 1)
        return cycles


def _sizes(m: npt.ArrayLike, k: npt.ArrayLike, n: npt.ArrayLike) -> list[IntArray]:
    import numpy as np

    arrays = []
    for name, values in (("M", m), ("K", k), ("N", n)):
        array = np.asarray(values)
        if array.dtype.kind not in "iu":
            raise RequestError(f"{name}: found values of type {array.dtype}; expected whole numbers")
        if array.size and (int(array.min()) < 1 or int(array.max()) > GEMM_SIZE_MAX):
            raise RequestError(f"{name}: found {array.min()}..{array.max()}; expected 1..{GEMM_SIZE_MAX}")
        arrays.append(array.astype(np.int64))
    try:
        return list(np.broadcast_arrays(*arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise RequestError(f"M, K and N have shapes {shapes}, which do not broadcast together") from None


def _contract_line(spec: DesignSpec) -> _Line:
    """The contract's own formulas, read off at their ends so that they are stated in one place only."""
    latency = latency_for(spec)
    return _Line(step=0, floor=latency.tile_interval(0), tail=latency.tile_cycles(0))


def _scalesim_line(spec: DesignSpec) -> _Line:
    rows, cols = array_shape(spec)
    stays = isinstance(spec, SystolicArraySpec) and spec.dataflow != "output_stationary"
    fold = (2 * rows if stays else rows) + cols - 2
    # Folds follow each other without overlap; the package counts from 0, hence one less in total.
    return _Line(step=fold, floor=0, tail=fold - 1)


def _paper_line(spec: DesignSpec) -> _Line:
    rows, cols = array_shape(spec)
    fold = 2 * rows + cols - 2
    return _Line(step=fold, floor=0, tail=fold)


DEFAULT_CYCLE_MODEL = "tpugen"

CYCLE_MODELS: NameMapping[str, CycleModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            CycleModel("tpugen", "the contract's latency formula, met by the RTL in simulation", _contract_line),
            CycleModel("scalesim-3.0.0", "total cycles as SCALE-Sim 3.0.0 prints them, no stalls", _scalesim_line),
            CycleModel("scalesim-paper", "2R + C + T - 2 per fold, as the SCALE-Sim papers print it", _paper_line),
        )
    }
)
"""Every cycle model by name."""


def find_cycle_model(name: str) -> CycleModel:
    """The cycle model of that name.

    Raises:
        UnknownNameError: if there is none; the message lists those that exist.
    """
    model = CYCLE_MODELS.get(name)
    if model is None:
        raise UnknownNameError(
            f"no cycle model is called {name!r}", hint=f"known cycle models: {', '.join(CYCLE_MODELS)}"
        )
    return model
