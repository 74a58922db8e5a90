"""How large the digital periphery of a tile's crossbars is, as its RTL builds it: what a measured tile is scaled by.

A tile has, per input, a register of the activation; per output, an accumulator of `result_width_bits`; per group of
columns that share an ADC, an adder over the codes of its row blocks and a register of their sum. Everything else hardly
grows with the matrix.
"""

from __future__ import annotations

from tpugen.arithmetic.crossbar import TileShape

__all__ = ["tile_elements", "tile_flip_flops"]

_READBACK_BITS = 32
_CLIP_COUNT_BITS = 32
_STAGES = 2


def _groups(tile: TileShape) -> int:
    """Groups of neighbouring columns that share an ADC in every row block."""
    whole, rest = divmod(tile.cols, tile.crossbar_cols)
    return whole * tile.adcs_per_crossbar + -(-rest // tile.columns_per_adc)


def tile_flip_flops(tile: TileShape) -> int:
    """Flip-flops of `pim_tile`, up to a few that no size changes; one activation enters, one result leaves in a cycle.

    Args:
        tile: The tile; `tests/model/accelerators/test_tile_periphery.py` compares with what Yosys finds.
    """
    width = tile.activation_width_bits
    column_bits = tile.columns_per_adc.bit_length()
    sum_bits = tile.adc_bits + (tile.block_rows - 1).bit_length()
    inputs = tile.rows * width + tile.rows.bit_length() + width
    columns = tile.cols * tile.result_width_bits + _groups(tile) * (sum_bits + tile.block_rows.bit_length())
    control = column_bits + 2 * width + _STAGES * (column_bits + width + 1)
    outputs = tile.cols.bit_length() + tile.result_width_bits
    return inputs + columns + _CLIP_COUNT_BITS + control + outputs + tile.block_rows * tile.block_cols


def tile_elements(tile: TileShape) -> int:
    """What gates, area and leakage follow: flip-flops, bits of ADC codes that are added, bits that are read back.

    A bit that is added or chosen takes about the gates that a flip-flop with its multiplexer does: an assumption.
    """
    added = _groups(tile) * tile.block_rows * tile.adc_bits
    return tile_flip_flops(tile) + added + tile.block_rows * tile.block_cols * _READBACK_BITS
