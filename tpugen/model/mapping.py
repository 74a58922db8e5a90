"""How a GEMM is cut into tiles for a design: which dimension goes to rows, which to columns, which to time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from tpugen.errors import RequestError
from tpugen.model.gemm import Gemm
from tpugen.spec import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec

__all__ = ["Mapping", "array_shape", "dimensions", "map_gemm", "require_gemm_design"]


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


def require_gemm_design(spec: DesignSpec) -> MacSpec | SystolicArraySpec:
    """The spec, if a GEMM can run on it.

    Raises:
        RequestError: for combinational designs, which have no accumulator and no clock.
    """
    match spec:
        case MacSpec() | SystolicArraySpec():
            return spec
        case AdderSpec() | MultiplierSpec():
            raise RequestError(
                f"a GEMM cannot run on kind {spec.kind!r}: it has no accumulator and no clock",
                hint="the performance model takes kinds mac and systolic_array",
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


def dimensions(spec: DesignSpec) -> tuple[str, str, str]:
    """GEMM dimensions (`m`, `k` or `n`) over rows, over columns and over time.

    Raises:
        RequestError: for combinational designs.
    """
    spec = require_gemm_design(spec)
    if isinstance(spec, SystolicArraySpec):
        match spec.dataflow:
            case "output_stationary":
                return ("m", "n", "k")
            case "weight_stationary":
                return ("k", "n", "m")
            case "input_stationary":
                return ("k", "m", "n")
    # A MAC computes the M*N dot products of length K one after the other: an output-stationary array of one PE.
    return ("m", "n", "k")


def map_gemm(spec: DesignSpec, gemm: Gemm) -> Mapping:
    """The tiles of a GEMM on the design.

    Raises:
        RequestError: for combinational designs.
    """
    rows, cols = array_shape(spec)
    over_rows, over_cols, over_time = dimensions(spec)
    return Mapping(
        spatial_rows=getattr(gemm, over_rows),
        spatial_cols=getattr(gemm, over_cols),
        length=getattr(gemm, over_time),
        rows=rows,
        cols=cols,
    )
