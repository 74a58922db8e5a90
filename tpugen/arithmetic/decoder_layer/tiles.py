"""The tiles of crossbars that hold the weight matrices of a layer: one `pim_tile` for each matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.crossbar import MatrixVector, StoredMatrix, TileShape, store
from tpugen.arithmetic.crossbar_cells import Faults, Noise
from tpugen.arithmetic.decoder_layer.shape import LayerShape, MatrixName
from tpugen.arithmetic.integers import IntArray

__all__ = ["CrossbarOptions", "adc_remarks", "exact_product", "program", "tile_shapes"]

_SEED_MASK = (1 << 32) - 1


@dataclass(frozen=True)
class CrossbarOptions:
    """How every tile of a layer is built; see `tpugen.arithmetic.crossbar.TileShape`.

    Attributes:
        crossbar_rows: Word lines of one crossbar.
        crossbar_cols: Column pairs of one crossbar.
        adc_bits: Resolution of an ADC.
        columns_per_adc: Column pairs that share one ADC.
        zero_skipping: Whether bit planes that are zero in every row are skipped.
        input_lanes: Activations that enter a tile in one cycle.
        output_lanes: Results that leave a tile in one cycle.
        faults: Stuck cells. Matrix number i (in the order of `MatrixName`) draws with `seed + i`, modulo 2^32.
        noise: Read noise, seeded alike.
    """

    crossbar_rows: int = 128
    crossbar_cols: int = 128
    adc_bits: int = 8
    columns_per_adc: int = 8
    zero_skipping: bool = False
    input_lanes: int = 1
    output_lanes: int = 1
    faults: Faults = field(default_factory=Faults)
    noise: Noise = field(default_factory=Noise)


def tile_shapes(shape: LayerShape, options: CrossbarOptions) -> dict[MatrixName, TileShape]:
    """The tile of each matrix.

    Raises:
        RequestError: options that no tile can have.
    """
    numbers = {name: number for number, name in enumerate(get_args(MatrixName))}
    return {
        name: TileShape(
            rows=rows,
            cols=cols,
            crossbar_rows=options.crossbar_rows,
            crossbar_cols=options.crossbar_cols,
            adc_bits=options.adc_bits,
            columns_per_adc=options.columns_per_adc,
            zero_skipping=options.zero_skipping,
            input_lanes=options.input_lanes,
            output_lanes=options.output_lanes,
            faults=replace(options.faults, seed=(options.faults.seed + numbers[name]) & _SEED_MASK),
            noise=replace(options.noise, seed=(options.noise.seed + numbers[name]) & _SEED_MASK),
        )
        for name, (rows, cols) in shape.matrices.items()
    }


def program(
    shape: LayerShape, weights: Mapping[MatrixName, npt.NDArray[np.int8]], options: CrossbarOptions
) -> dict[MatrixName, StoredMatrix]:
    """The tiles after their matrices were programmed.

    Raises:
        RequestError: options that no tile can have, or weights other than -1, 0 and +1 of the layer's shapes.
    """
    return {name: store(tile, weights[name]) for name, tile in tile_shapes(shape, options).items()}


def exact_product(weights: npt.NDArray[np.int8], activations: IntArray) -> MatrixVector:
    """What a tile without faults, noise and clipping gives for one vector; no planes, conversions or reads are counted.

    Args:
        weights: Shape (inputs, outputs).
        activations: int8, shape (inputs,).
    """
    # float32 is exact: no partial sum of at most 2^16 products of a magnitude up to 128 exceeds 2^23.
    sums = (activations.astype(np.float32) @ weights.astype(np.float32)).astype(np.int32)
    none = np.zeros((), dtype=np.int64)
    return MatrixVector(sums=sums, planes=none, clips=none, conversions=0, reads=0)


def adc_remarks(shape: LayerShape, options: CrossbarOptions) -> list[str]:
    """What is to be said of the ADCs' resolution, one sentence for each matrix or none.

    An ADC is too wide if no sum of its column can need its range, too narrow if one may: without faults and noise, a
    column of n rows in use sums to -n..n.
    """
    remarks = []
    for name, tile in tile_shapes(shape, options).items():
        rows = min(tile.rows, tile.crossbar_rows)
        needed = max(2, rows.bit_length() + 1)
        if tile.adc_bits > needed:
            remarks.append(
                f"{name}: {tile.adc_bits}-bit ADCs are wider than sums of {rows} rows need; {needed} would do"
            )
        elif tile.adc_bits < needed:
            remarks.append(f"{name}: {tile.adc_bits}-bit ADCs can clip sums of {rows} rows; {needed} bits never do")
    return remarks
