"""How a GEMM is cut into tiles for a design: which dimension goes to rows, which to columns, which to time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from tpugen.errors import RequestError
from tpugen.model.systolic.dataflows import BEST, DATAFLOWS, Dataflow, dataflow_of, is_best
from tpugen.model.systolic.gemm import Gemm
from tpugen.spec import (
    AdderSpec,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    PimLlmSpec,
    PimTileSpec,
    SystolicArraySpec,
    TpuSpec,
)

__all__ = [
    "ARRAY_SIZE_MAX",
    "ArrayShape",
    "Design",
    "Mapping",
    "array_shape",
    "dataflow_of_spec",
    "map_gemm",
    "require_gemm_design",
    "shape_of",
]

ARRAY_SIZE_MAX = 2**16
"""Most rows or columns of an array; beyond it a size is taken for a typing error."""


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """An array of processing elements that need not be one that tpugen builds.

    Attributes:
        rows: 1..`ARRAY_SIZE_MAX`.
        cols: 1..`ARRAY_SIZE_MAX`.
        dataflow: `os`, `ws`, `is`, `mac` (1 x 1), or `best`: the fewest cycles, GEMM by GEMM.

    Raises:
        RequestError: a size is not a whole number in its range.
        UnknownNameError: no such dataflow.
    """

    rows: int
    cols: int
    dataflow: str = "os"

    def __post_init__(self) -> None:
        for name in ("rows", "cols"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= ARRAY_SIZE_MAX:
                raise RequestError(
                    f"array: {name}={value!r}; expected a whole number in 1..{ARRAY_SIZE_MAX}",
                    hint="for example 32 rows and 32 columns",
                )
        object.__setattr__(self, "dataflow", BEST if is_best(self.dataflow) else dataflow_of(self.dataflow))
        if self.dataflow == "mac" and (self.rows, self.cols) != (1, 1):
            raise RequestError(f"dataflow mac is that of one element; found an array of {self.rows}x{self.cols}")

    def __str__(self) -> str:
        return f"{self.rows}x{self.cols} {self.dataflow} array" if self.dataflow != "mac" else "mac"


Design: TypeAlias = DesignSpec | ArrayShape
"""What a GEMM can be asked to run on."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """A GEMM on an array of processing elements (PEs).

    Spatial dimensions are laid over rows and columns in folds; each fold is one tile of `length` steps in time.

    Attributes:
        spatial_rows: GEMM dimension over the array's rows: M (output-stationary), K (weight- and input-stationary).
        spatial_cols: GEMM dimension over the columns: N (output- and weight-stationary), M (input-stationary).
        length: Steps of one tile: K (output-stationary, MAC), M (weight-stationary), N (input-stationary).
        rows: Rows of the array.
        cols: Columns of the array.
    """

    spatial_rows: int
    spatial_cols: int
    length: int
    rows: int
    cols: int

    @property
    def row_folds(self) -> int:
        """Folds along the rows: ceil(spatial_rows / rows)."""
        return -(-self.spatial_rows // self.rows)

    @property
    def col_folds(self) -> int:
        """Folds along the columns: ceil(spatial_cols / cols)."""
        return -(-self.spatial_cols // self.cols)

    @property
    def tiles(self) -> int:
        """Tiles of the whole GEMM."""
        return self.row_folds * self.col_folds

    @property
    def efficiency(self) -> float:
        """Mapping efficiency: share of PEs that hold work, averaged over the tiles, in (0, 1]."""
        return (self.spatial_rows * self.spatial_cols) / (self.tiles * self.rows * self.cols)


_INSTEAD = {
    "tpu": "`tpugen model gemm MxKxN --run RUN` takes it",
    "pim_tile": "`tpugen model gemm VECTORSxROWSxCOLS --run RUN` takes it",
    "pim_llm": "model it with `tpugen model llm --design RUN`",
}
"""What says more of a kind."""


def require_gemm_design(spec: DesignSpec) -> MacSpec | SystolicArraySpec:
    """The spec, if a GEMM can run on it.

    Raises:
        RequestError: for combinational designs, which have no accumulator and no clock, and for whole accelerators.
    """
    match spec:
        case MacSpec() | SystolicArraySpec():
            return spec
        case AdderSpec() | MultiplierSpec():
            raise RequestError(
                f"a GEMM cannot run on kind {spec.kind!r}: it has no accumulator and no clock",
                hint="the performance model takes kinds mac and systolic_array",
            )
        case TpuSpec() | PimTileSpec() | PimLlmSpec():
            raise RequestError(
                f"the GEMM model does not take kind {spec.kind!r}: its work is no single stream of tiles",
                hint=_INSTEAD[spec.kind],
            )
        case _:
            assert_never(spec)


def array_shape(spec: DesignSpec) -> tuple[int, int]:
    """Rows and columns of the design's PEs; a MAC is 1 x 1.

    Raises:
        RequestError: for combinational designs.
    """
    spec = require_gemm_design(spec)
    return (spec.rows, spec.cols) if isinstance(spec, SystolicArraySpec) else (1, 1)


def dataflow_of_spec(spec: DesignSpec) -> Dataflow:
    """The dataflow that a design follows; a MAC's M*N dot products of length K follow one after the other.

    Raises:
        RequestError: for combinational designs.
    """
    spec = require_gemm_design(spec)
    return dataflow_of(spec.dataflow) if isinstance(spec, SystolicArraySpec) else "mac"


def shape_of(design: Design) -> ArrayShape:
    """Size and dataflow of a design.

    Raises:
        RequestError: for combinational designs.
    """
    return design if isinstance(design, ArrayShape) else ArrayShape(*array_shape(design), dataflow_of_spec(design))


def map_gemm(design: Design, gemm: Gemm) -> Mapping:
    """The tiles of a GEMM on the design.

    Raises:
        RequestError: for combinational designs, and where the dataflow is still to be chosen (`best`).
    """
    shape = shape_of(design)
    if shape.dataflow == BEST:
        raise RequestError("the best dataflow depends on the cycle model", hint="choose one first")
    over_rows, over_cols, over_time = DATAFLOWS[dataflow_of(shape.dataflow)]
    return Mapping(
        spatial_rows=getattr(gemm, over_rows),
        spatial_cols=getattr(gemm, over_cols),
        length=getattr(gemm, over_time),
        rows=shape.rows,
        cols=shape.cols,
    )
