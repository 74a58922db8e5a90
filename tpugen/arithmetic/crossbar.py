"""Matrix-vector products on a grid of differential crossbars: the bit-accurate model of the Verilog module `pim_tile`.

Weights of -1, 0 and +1 (or -1 and +1) rest in pairs of cells. Activations, two's complement, are applied bit-serially:
bit b of every row at once, least significant first. Each column pair gives the sum of its positive cells whose row bit
is 1 less that of its negative cells; noise, where there is any, is added; one signed ADC then clips to
-2^(adc_bits-1) .. 2^(adc_bits-1)-1. The codes of the crossbars above one another (row blocks) are added digitally and
shift-added over the bits, the sign bit counting negative.

Source: the scheme (bit-serial inputs, shared ADCs behind sample-and-hold circuits, shift-and-add) is that of ISAAC
(A. Shafiee et al., ISCA 2016), with the 1-bit weights on differential pairs of PIM-LLM (arXiv 2504.01994).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.crossbar_cells import BoolArray, Faults, Noise
from tpugen.errors import RequestError

__all__ = ["MatrixVector", "StoredMatrix", "TileShape", "matrix_vector", "store"]

_LEGAL = {
    "rows": (1, 1 << 16),
    "cols": (1, 1 << 16),
    "crossbar_rows": (2, 1024),
    "crossbar_cols": (2, 1024),
    "adc_bits": (2, 16),
    "columns_per_adc": (1, 1024),
    "activation_width_bits": (2, 16),
    "input_lanes": (1, 256),
    "output_lanes": (1, 256),
}

_RESULT_BITS = 32


@dataclass(frozen=True)
class TileShape:
    """A tile: the matrix that it holds, and how it is built; fields as the parameters of `pim_tile`.

    Attributes:
        rows: Inputs of the matrix.
        cols: Outputs of the matrix.
        crossbar_rows: Word lines of one crossbar.
        crossbar_cols: Column pairs, that is weights of a row, of one crossbar.
        adc_bits: Resolution of an ADC; its codes are signed.
        columns_per_adc: Neighbouring column pairs that share one ADC, one after the other.
        activation_width_bits: Width of a two's complement activation.
        zero_skipping: Whether bit planes that are zero in every row are skipped.
        input_lanes: Activations that enter in one cycle.
        output_lanes: Results that leave in one cycle.
        faults: Stuck cells.
        noise: Read noise.
    """

    rows: int
    cols: int
    crossbar_rows: int = 128
    crossbar_cols: int = 128
    adc_bits: int = 8
    columns_per_adc: int = 8
    activation_width_bits: int = 8
    zero_skipping: bool = False
    input_lanes: int = 1
    output_lanes: int = 1
    faults: Faults = field(default_factory=Faults)
    noise: Noise = field(default_factory=Noise)

    def __post_init__(self) -> None:
        """Refuse what cannot be built.

        Raises:
            RequestError: naming every field out of range.
        """
        wrong = [
            f"{name} = {getattr(self, name)} (legal: {low} to {high})"
            for name, (low, high) in _LEGAL.items()
            if not low <= getattr(self, name) <= high
        ]
        if not wrong and self.result_width_bits > _RESULT_BITS:
            wrong = [f"results of {self.result_width_bits} bits (legal: up to {_RESULT_BITS})"]
        if wrong:
            raise RequestError(f"no such PIM tile: {', '.join(wrong)}", hint="change what is named to a legal value")

    @property
    def block_rows(self) -> int:
        """Crossbars above one another."""
        return -(-self.rows // self.crossbar_rows)

    @property
    def block_cols(self) -> int:
        """Crossbars beside one another."""
        return -(-self.cols // self.crossbar_cols)

    @property
    def adcs_per_crossbar(self) -> int:
        """ADCs of one crossbar."""
        return -(-self.crossbar_cols // self.columns_per_adc)

    @property
    def lossless_adc_bits(self) -> int:
        """Resolution at which no sum of a whole crossbar can clip (without noise): ceil(log2(rows + 1)) + 1."""
        return self.crossbar_rows.bit_length() + 1

    @property
    def result_width_bits(self) -> int:
        """Width at which no result can overflow, whatever the cells and the noise."""
        return self.adc_bits + (self.block_rows - 1).bit_length() + self.activation_width_bits

    @property
    def input_beats(self) -> int:
        """Beats that carry one vector of activations."""
        return -(-self.rows // self.input_lanes)

    @property
    def output_beats(self) -> int:
        """Beats that carry one vector of results."""
        return -(-self.cols // self.output_lanes)

    def first_result_cycles(self, planes: int) -> int:
        """Cycles from the one that takes the last activations to the one that first offers results.

        Args:
            planes: Bit planes read for the vector.
        """
        return planes * self.columns_per_adc + 5

    def vector_cycles(self, planes: int) -> int:
        """Cycles of one vector without stalls: from its first activations taken to its last results taken, both in."""
        return self.input_beats + self.first_result_cycles(planes) + self.output_beats - 1

    def period_cycles(self, planes: int) -> int:
        """Cycles from one vector to the next where all offer activations and take results without pause."""
        reading = planes * self.columns_per_adc
        return max(reading + 3 + self.output_beats, reading - self.columns_per_adc + 1 + self.input_beats)


@dataclass(frozen=True)
class StoredMatrix:
    """What the cells of a tile hold, faults included.

    Attributes:
        tile: The tile.
        cells: Conducting cells, shape (block_rows * crossbar_rows, block_cols * crossbar_cols, 2); the last axis is
            (positive, negative). Cells of rows and columns beyond the matrix are off unless stuck on.
    """

    tile: TileShape
    cells: BoolArray

    @cached_property
    def weights(self) -> npt.NDArray[np.int8]:
        """Weights as they act: positive less negative cell, shape of the cells without the last axis."""
        difference: npt.NDArray[np.int8] = self.cells[..., 0].astype(np.int8) - self.cells[..., 1].astype(np.int8)
        return difference

    @cached_property
    def _blocks(self) -> npt.NDArray[np.float32]:
        """Weights of the matrix's columns by row block, (block_rows, crossbar_rows, cols); float32 for a fast product.

        Sums of at most 1024 terms of -1, 0 and 1 are exact in it.
        """
        kept = self.weights[:, : self.tile.cols].astype(np.float32)
        return kept.reshape(self.tile.block_rows, self.tile.crossbar_rows, self.tile.cols)


@dataclass(frozen=True)
class MatrixVector:
    """Products of a stored matrix and vectors, as the tile gives them.

    Attributes:
        sums: int32, shape (..., cols).
        planes: Bit planes read for each vector, shape (...).
        clips: Conversions of the matrix's columns that clipped, of each vector, shape (...).
        conversions: Conversions of the matrix's columns in all.
        reads: Reads of each crossbar in all; the next call's `first_read` is this call's plus it.
    """

    sums: npt.NDArray[np.int32]
    planes: npt.NDArray[np.int64]
    clips: npt.NDArray[np.int64]
    conversions: int
    reads: int

    @property
    def clip_rate(self) -> float:
        """Share of conversions that clipped."""
        return float(self.clips.sum()) / self.conversions if self.conversions else 0.0


def store(tile: TileShape, weights: npt.ArrayLike) -> StoredMatrix:
    """The cells after the matrix was programmed; stuck cells stay as they are.

    Args:
        tile: The tile.
        weights: Shape (rows, cols): row i multiplies activation i, column j gives result j; -1, 0 or +1.

    Raises:
        RequestError: another shape, or other weights.
    """
    matrix = np.asarray(weights)
    if matrix.shape != (tile.rows, tile.cols):
        raise RequestError(
            f"a tile of {tile.rows} x {tile.cols} cannot hold a matrix of shape {matrix.shape}",
            hint="weights are (inputs, outputs)",
        )
    if not np.isin(matrix, (-1, 0, 1)).all():
        raise RequestError("weights other than -1, 0 and +1", hint="ternarise or binarise the matrix first")
    rows, cols = tile.crossbar_rows, tile.crossbar_cols
    cells = np.zeros((tile.block_rows * rows, tile.block_cols * cols, 2), dtype=np.bool_)
    cells[: tile.rows, : tile.cols, 0] = matrix > 0
    cells[: tile.rows, : tile.cols, 1] = matrix < 0
    if tile.faults.stuck_off or tile.faults.stuck_on:
        for block_row in range(tile.block_rows):
            for block_col in range(tile.block_cols):
                part = np.s_[block_row * rows : (block_row + 1) * rows, block_col * cols : (block_col + 1) * cols]
                off, on = tile.faults.masks(block_row * tile.block_cols + block_col, rows, cols)
                cells[part] = (cells[part] | on) & ~off
    return StoredMatrix(tile, cells)


def matrix_vector(stored: StoredMatrix, activations: npt.ArrayLike, first_read: int = 0) -> MatrixVector:
    """Products of the stored matrix and one or more vectors, one after the other, bit for bit as `pim_tile` gives them.

    A vector whose planes are all zero still reads its least significant one where zero planes are skipped.

    Args:
        stored: What the cells hold.
        activations: Shape (..., n) with n at most the matrix's rows; what is missing counts as zero.
        first_read: Reads of each crossbar since reset before these; only noise depends on it.

    Raises:
        RequestError: activations that are no integers of the width, or too many of them.
    """
    tile = stored.tile
    vectors = _checked(tile, activations)
    batch = vectors.reshape(-1, tile.block_rows * tile.crossbar_rows)
    unsigned = batch & ((1 << tile.activation_width_bits) - 1)
    planes = [(unsigned >> bit) & 1 for bit in range(tile.activation_width_bits)]
    read = np.ones((len(batch), len(planes)), dtype=np.bool_)
    if tile.zero_skipping:
        read = np.stack([plane.any(axis=1) for plane in planes], axis=1)
        read[:, 0] |= ~read.any(axis=1)
    numbers = (first_read + np.cumsum(read).reshape(read.shape) - 1) & 0xFFFFFFFF
    sums = np.zeros((len(batch), tile.cols), dtype=np.int64)
    clips = np.zeros(len(batch), dtype=np.int64)
    for bit, plane in enumerate(planes):
        codes, clipped = _read_plane(stored, plane, numbers[:, bit])
        weight = -(1 << bit) if bit == tile.activation_width_bits - 1 else 1 << bit
        sums += np.where(read[:, bit, None], weight * codes, 0)
        clips += np.where(read[:, bit], clipped, 0)
    shape = vectors.shape[:-1]
    reads = int(read.sum())
    return MatrixVector(
        sums=sums.astype(np.int32).reshape(*shape, tile.cols),
        planes=read.sum(axis=1).reshape(shape),
        clips=clips.reshape(shape),
        conversions=reads * tile.block_rows * tile.cols,
        reads=reads,
    )


def _checked(tile: TileShape, activations: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The activations as int64, filled with zeros to whole row blocks."""
    vectors = np.asarray(activations)
    if vectors.dtype.kind not in "iu" or vectors.ndim == 0 or vectors.shape[-1] > tile.rows:
        raise RequestError(
            f"activations of type {vectors.dtype} and shape {vectors.shape} for a tile of {tile.rows} rows",
            hint=f"give integers of shape (..., n), n at most {tile.rows}",
        )
    half = 1 << (tile.activation_width_bits - 1)
    if vectors.size and not -half <= int(vectors.min()) <= int(vectors.max()) < half:
        raise RequestError(
            f"activations from {vectors.min()} to {vectors.max()}", hint=f"legal are {-half} to {half - 1}"
        )
    missing = tile.block_rows * tile.crossbar_rows - vectors.shape[-1]
    return np.pad(vectors.astype(np.int64), [(0, 0)] * (vectors.ndim - 1) + [(0, missing)])


def _read_plane(
    stored: StoredMatrix, plane: npt.NDArray[np.int64], reads: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """ADC codes of one bit plane of each vector, added over the row blocks, (vectors, cols); and how many clipped."""
    tile = stored.tile
    top = (1 << (tile.adc_bits - 1)) - 1
    codes = np.zeros((len(plane), tile.cols), dtype=np.int64)
    clipped = np.zeros(len(plane), dtype=np.int64)
    bits = plane.astype(np.float32).reshape(len(plane), tile.block_rows, tile.crossbar_rows)
    for block_row in range(tile.block_rows):
        sums = (bits[:, block_row] @ stored._blocks[block_row]).astype(np.int64)
        if tile.noise.sigma:
            sums += _noise(tile, block_row, reads)
        code = np.clip(sums, -top - 1, top)
        clipped += np.count_nonzero(code != sums, axis=1)
        codes += code
    return codes, clipped


def _noise(tile: TileShape, block_row: int, reads: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Noise of the matrix's columns in one row block, (vectors, cols)."""
    first = block_row * tile.block_cols
    parts = [tile.noise.draw(first + block, reads, tile.crossbar_cols) for block in range(tile.block_cols)]
    return np.concatenate(parts, axis=1)[:, : tile.cols]
