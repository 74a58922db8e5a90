"""The hybrid accelerator as its host sees it: register map, status bits, and the writes that program a layer.

An AXI4-Lite port carries words of 32 bits (`Register`, `Status`, and the blocks of `constant_register`,
`clips_register`, `planes_register` and `counter_register`); two AXI4-Streams carry tokens of `d` int16 each, `tlast` on
the last. After `layer_writes`, each token is `token_writes`, its numbers on the stream in, and as many on the stream
out.

A frame of x that is too short is filled with zeros; what is too long is taken and dropped up to its `tlast`, as is the
rest of a frame that an abort cut. An abort resets the units, so that reads are counted anew for the noise; the token is
lost, and `LENGTH` falls to its position. It has no effect once the result is on offer, which waits to be taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, IntFlag
from typing import get_args

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.crossbar import TileShape
from tpugen.arithmetic.crossbar_cells import programming_words
from tpugen.arithmetic.decoder_layer.integer_layer import IntegerLayer, IntegerNorm
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.decoder_layer.shape import LayerShape, MatrixName
from tpugen.arithmetic.decoder_layer.tiles import CrossbarOptions, tile_shapes
from tpugen.arithmetic.nonlinear import Factor
from tpugen.arithmetic.tpu import TpuShape, shape_word
from tpugen.errors import RequestError

__all__ = [
    "PROGRAM_WEIGHTS",
    "Register",
    "Status",
    "Write",
    "abort_writes",
    "clips_register",
    "constant_register",
    "counter_register",
    "gain_writes",
    "layer_writes",
    "matrix_number",
    "planes_register",
    "program_address",
    "setting_writes",
    "shape_words",
    "token_writes",
    "weight_writes",
]

PROGRAM_WEIGHTS = 16
"""Weights of one programming word, two bits each, positive cell first."""

Write = tuple[int, int]
"""Byte address and word."""

_MATRICES: tuple[MatrixName, ...] = get_args(MatrixName)
_WORD_BYTES = 4
_MULTIPLIER_MAX = (1 << 16) - 1
_START, _ABORT = 1, 2


class Register(IntEnum):
    """Byte addresses on the AXI4-Lite port; any other is refused with SLVERR and sets `Status.UNKNOWN_ADDRESS`."""

    CONTROL = 0x000
    """Write: bit 0 starts a token, bit 1 aborts it. Reads as zero."""
    STATUS = 0x004
    """`Status`; a 1 written to a bit clears it."""
    POSITION = 0x008
    """Bits 15..0: position of the next token; an earlier one forgets what came after it."""
    LENGTH = 0x00C
    """Read only: positions in the KV cache."""
    CYCLES = 0x010
    """Read only: cycles of the token, the sum of its operators' counters; of a running one: so far."""
    SOFTMAX = 0x014
    """Factor of the scores: multiplier in bits 15..0, shift in 21..16."""
    ACTIVATION = 0x018
    """Right shift of squared ReLU in bits 4..0, of the gated product in 12..8."""
    NORM = 0x01C
    """Fraction bits of the gains: first norm in bits 3..0, second in 11..8."""
    GAIN_ADDRESS = 0x020
    """Element whose gain is written next: 0 to d-1 of the first norm, d to 2d-1 of the second."""
    GAIN_DATA = 0x024
    """Write: gain in bits 15..0, bias in 31..16 (LayerNorm); the address goes on by one. Reads as zero."""
    PROGRAM_CROSSBAR = 0x028
    """Crossbar in bits 15..0 (row block times column blocks plus column block), matrix in 18..16."""
    PROGRAM_WORD = 0x02C
    """Word of the row in bits 15..0, row in 31..16."""
    PROGRAM_DATA = 0x030
    """Write: the addressed word; the address goes on by a word, to the next row, to the next crossbar. Reads as the
    word that PROGRAM_READ fetched, zero after any other command."""
    PROGRAM_READ = 0x034
    """Write: fetch the addressed word, what the cells conduct; the address goes on. Reads as zero."""
    SHAPE_WIDTHS = 0x040
    """Read only: d in bits 15..0, d_ff in 31..16."""
    SHAPE_HEADS = 0x044
    """Read only: heads in bits 15..0, KV heads in 31..16."""
    SHAPE_CONTEXT = 0x048
    """Read only: context in bits 15..0; 16: gated; 17: LayerNorm; 18: squared ReLU; 19: zero skipping."""
    SHAPE_CROSSBAR = 0x04C
    """Read only: word lines in bits 15..0, column pairs in 31..16."""
    SHAPE_ADC = 0x050
    """Read only: resolution in bits 15..0, columns that share an ADC in 31..16."""
    SHAPE_ARRAY = 0x054
    """Read only: as `tpu.Register.SHAPE`."""


_CONSTANTS = 0x060
_CLIPS = 0x080
_PLANES = 0x0A0
_COUNTERS = 0x100


class Status(IntFlag):
    """Bits of the status register. All but BUSY stay until a 1 is written; DONE falls with the next start, too.

    Every one but BUSY raises the interrupt.
    """

    BUSY = 1 << 0
    DONE = 1 << 1
    """The last number of the result was taken."""
    STARTED_WHILE_BUSY = 1 << 8
    """Refused; the running token goes on."""
    CHANGED_WHILE_BUSY = 1 << 9
    """A setting, gain, weight or the position written, or a word fetched, while a token runs: refused."""
    UNKNOWN_ADDRESS = 1 << 10
    """A write to no register or a read-only one, or a read of no register: refused."""
    POSITION_OUTSIDE = 1 << 11
    """Start at a position beyond the context: refused."""
    POSITION_SKIPPED = 1 << 12
    """Start at a position after one that was never written: refused."""
    X_SHORT = 1 << 13
    """`tlast` came before the last number of x: the rest was taken as zeros."""
    X_LONG = 1 << 14
    """The last number of x came without `tlast`: what follows is dropped up to it."""
    PROGRAM_OUTSIDE = 1 << 15
    """A gain, weight or read-back beyond the design's: nothing was written, zeros were read."""
    OVERLONG = 1 << 16
    """A vector between units was longer than announced: no host can cause it, only a fault of the hardware."""
    ABORTED = 1 << 17
    """The host aborted a token."""


def matrix_number(name: MatrixName) -> int:
    """Number of a matrix, the same whether the network is gated or not."""
    return _MATRICES.index(name)


def constant_register(name: MatrixName) -> int:
    """Address of a matrix's constant: multiplier in bits 15..0, shift in 21..16."""
    return _CONSTANTS + _WORD_BYTES * matrix_number(name)


def clips_register(name: MatrixName) -> int:
    """Address of the conversions of a matrix that clipped in the last token; read only."""
    return _CLIPS + _WORD_BYTES * matrix_number(name)


def planes_register(name: MatrixName) -> int:
    """Address of the bit planes that were read of a matrix in the last token; read only."""
    return _PLANES + _WORD_BYTES * matrix_number(name)


def counter_register(operator: Operator) -> int:
    """Address of the cycles of an operator in the last token; read only."""
    return _COUNTERS + _WORD_BYTES * operator


def shape_words(shape: LayerShape, array: TpuShape, crossbars: CrossbarOptions) -> dict[Register, int]:
    """What the shape registers of a design read as."""
    flags = (shape.gated, shape.norm == "layer_norm", shape.activation == "relu2", crossbars.zero_skipping)
    return {
        Register.SHAPE_WIDTHS: shape.d_ff << 16 | shape.d,
        Register.SHAPE_HEADS: shape.key_heads << 16 | shape.heads,
        Register.SHAPE_CONTEXT: sum(int(flag) << 16 + bit for bit, flag in enumerate(flags)) | shape.context,
        Register.SHAPE_CROSSBAR: crossbars.crossbar_cols << 16 | crossbars.crossbar_rows,
        Register.SHAPE_ADC: crossbars.columns_per_adc << 16 | crossbars.adc_bits,
        Register.SHAPE_ARRAY: shape_word(array),
    }


def setting_writes(layer: IntegerLayer) -> list[Write]:
    """Constants of matrices, softmax, activation and norms.

    Raises:
        RequestError: a multiplier of more than 16 bits.
    """
    factors: dict[int, Factor] = {Register.SOFTMAX: layer.softmax}
    factors |= {constant_register(name): layer.constants[name] for name in layer.shape.matrices}
    return [
        *((address, _factor_word(factor)) for address, factor in factors.items()),
        (Register.ACTIVATION, layer.gate_shift << 8 | layer.activation_shift),
        (Register.NORM, layer.norm2.gain_fraction_bits << 8 | layer.norm1.gain_fraction_bits),
    ]


def gain_writes(norms: Iterable[IntegerNorm]) -> list[Write]:
    """Gains and biases of both norms, from the first element on."""
    writes: list[Write] = [(Register.GAIN_ADDRESS, 0)]
    for norm in norms:
        gains = norm.gains.astype(np.int64) & 0xFFFF
        biases = np.zeros_like(gains) if norm.biases is None else norm.biases.astype(np.int64) & 0xFFFF
        writes += [(Register.GAIN_DATA, int(word)) for word in biases << 16 | gains]
    return writes


def program_address(name: MatrixName, crossbar: int, row: int = 0, word: int = 0) -> list[Write]:
    """The writes that address a word of a matrix's crossbars."""
    return [
        (Register.PROGRAM_CROSSBAR, matrix_number(name) << 16 | crossbar),
        (Register.PROGRAM_WORD, row << 16 | word),
    ]


def weight_writes(name: MatrixName, tile: TileShape, weights: npt.NDArray[np.int8]) -> list[Write]:
    """The writes that store a matrix: every word of each row in use, of one crossbar after the other."""
    writes: list[Write] = []
    for crossbar in range(tile.block_rows * tile.block_cols):
        top, left = crossbar // tile.block_cols * tile.crossbar_rows, crossbar % tile.block_cols * tile.crossbar_cols
        part = weights[top : top + tile.crossbar_rows, left : left + tile.crossbar_cols]
        whole = np.pad(part, ((0, 0), (0, tile.crossbar_cols - part.shape[1])))
        writes += program_address(name, crossbar)
        writes += [(Register.PROGRAM_DATA, word) for row in programming_words(whole, PROGRAM_WEIGHTS) for word in row]
    return writes


def layer_writes(layer: IntegerLayer, crossbars: CrossbarOptions) -> list[Write]:
    """Everything that a design with these tiles is programmed with, in order.

    Raises:
        RequestError: a multiplier of more than 16 bits.
    """
    tiles = tile_shapes(layer.shape, crossbars)
    weights = [
        write for name, tile in tiles.items() for write in weight_writes(name, tile, layer.matrices[name].values)
    ]
    return [*setting_writes(layer), *gain_writes((layer.norm1, layer.norm2)), *weights]


def token_writes(position: int) -> list[Write]:
    """Start the token of a position."""
    return [(Register.POSITION, position), (Register.CONTROL, _START)]


def abort_writes() -> list[Write]:
    """Abort the running token."""
    return [(Register.CONTROL, _ABORT)]


def _factor_word(factor: Factor) -> int:
    if not 0 <= factor.multiplier <= _MULTIPLIER_MAX:
        raise RequestError(
            f"a constant with the multiplier {factor.multiplier}",
            hint=f"The accelerator takes multipliers of 16 bits, 0 to {_MULTIPLIER_MAX}.",
        )
    return factor.shift << 16 | factor.multiplier
