"""What one decoder layer asks of its macros for one token, counted: matrices on crossbars, words of memories.

Counts follow the order in which `pim_llm` works; the array takes K slices of a tile of Rows x Cols, as
`tpugen.arithmetic.tpu` says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tpugen.arithmetic.crossbar import TileShape
from tpugen.arithmetic.decoder_layer import LayerShape, MatrixName
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.tpu import TpuShape

__all__ = ["MATRIX_OPERATOR", "Memory", "crossbars_of", "layer_memories", "operator_products"]

MATRIX_OPERATOR: Mapping[MatrixName, Operator] = {
    "W_Q": Operator.QUERY,
    "W_K": Operator.KEY,
    "W_V": Operator.VALUE,
    "W_X": Operator.OUTPUT,
    "W_G": Operator.GATE,
    "W_I": Operator.UP,
    "W_O": Operator.DOWN,
}
"""The operator that hands on the results of a matrix."""

_STREAM_BITS = 16
_OPERAND_BITS = 8
_EXPONENT_BITS = 24
_BANKS = 2
_DEPTH_MAX = 1 << 20


@dataclass(frozen=True)
class Memory:
    """A memory of the accelerator, and its words that one token of one layer reads and writes.

    Depths and widths are those of the RTL's `memory` instances.

    Attributes:
        name: As the reports call it.
        depth: Words.
        width_bits: Of a word.
        keeps: Whether it holds the KV cache: there is one for each layer and sequence.
        reads: Words by operator.
        writes: Words by operator.
    """

    name: str
    depth: int
    width_bits: int
    keeps: bool = False
    reads: Mapping[Operator, int] = field(default_factory=dict)
    writes: Mapping[Operator, int] = field(default_factory=dict)

    @property
    def bits(self) -> int:
        """Its capacity."""
        return self.depth * self.width_bits

    @property
    def banks(self) -> tuple[int, int]:
        """How many macros hold it, and the words of each: a macro has no more than 2^20 words."""
        count = -(-self.depth // _DEPTH_MAX)
        return count, max(2, -(-self.depth // count))


def crossbars_of(shape: TileShape) -> int:
    """Crossbars of a tile."""
    return shape.block_rows * shape.block_cols


def operator_products(shape: LayerShape, position: int) -> dict[Operator, tuple[int, int, int, int]]:
    """Matrix products of a layer by operator: M outputs, K inputs, N vectors, and how often."""
    products = {MATRIX_OPERATOR[name]: (cols, rows, 1, 1) for name, (rows, cols) in shape.matrices.items()}
    attended = position + 1
    products[Operator.SCORES] = (attended, shape.d_head, shape.group, shape.key_heads)
    products[Operator.CONTEXT] = (shape.d_head, attended, shape.group, shape.key_heads)
    return products


def layer_memories(shape: LayerShape, array: TpuShape, position: int) -> list[Memory]:
    """The memories of one layer and what a token at a position reads and writes there."""
    return [*_attention(shape, array, position), *_vectors(shape)]


def _attention(shape: LayerShape, array: TpuShape, position: int) -> list[Memory]:
    """Memories of the attention engine; their words have no more lanes than can be in use."""
    attended, kv_heads, d_head = position + 1, shape.key_heads, shape.d_head
    heads, positions, elements = (
        -(-shape.group // array.rows), -(-attended // array.cols), -(-d_head // array.cols)
    )  # fmt: skip
    head_bits = min(shape.group, array.rows) * _OPERAND_BITS
    place_bits = min(shape.context, array.cols) * _OPERAND_BITS
    element_bits = min(d_head, array.cols) * _OPERAND_BITS
    # The jobs of a KV head: tiles of M, tiles of N, K.
    jobs = {Operator.SCORES: (heads, positions, d_head), Operator.CONTEXT: (heads, elements, attended)}
    sent_a = {operator: kv_heads * _slices_a(array.depth, *job) for operator, job in jobs.items()}
    sent_b = {operator: kv_heads * _slices_b(array.depth, *job) for operator, job in jobs.items()}
    used = {operator: kv_heads * math.prod(job) for operator, job in jobs.items()}
    scores, sums = shape.heads * positions, shape.heads * elements
    stored = -(-shape.context // array.cols)
    banks = _BANKS << (array.depth - 1).bit_length()
    numbers = {Operator.SOFTMAX: shape.heads * attended}
    once = {Operator.SOFTMAX: shape.heads}
    sum_bits = _OPERAND_BITS + (shape.context - 1).bit_length()

    def of(operator: Operator, sent: Mapping[Operator, int]) -> dict[Operator, int]:
        return {operator: sent[operator]}

    return [
        Memory("keys", kv_heads * stored * d_head, place_bits, True,
               of(Operator.SCORES, sent_b), {Operator.KEY: kv_heads * d_head}),
        Memory("values", kv_heads * elements * shape.context, element_bits, True,
               of(Operator.CONTEXT, sent_b), {Operator.VALUE: kv_heads * d_head}),
        Memory("queries", kv_heads * heads * d_head, head_bits, False,
               of(Operator.SCORES, sent_a), {Operator.QUERY: shape.d}),
        Memory("scores", shape.group * stored, place_bits * 4, False,
               {Operator.SOFTMAX: scores}, {Operator.SCORES: scores}),
        Memory("exponents", shape.context, _EXPONENT_BITS, False, numbers, numbers),
        Memory("attention weights", heads * shape.context, head_bits, False, of(Operator.CONTEXT, sent_a), numbers),
        Memory("sums of weights", shape.heads, sum_bits, False, {Operator.QUANTISE2: shape.heads}, once),
        Memory("context", shape.heads * elements, element_bits * 4, False,
               {Operator.QUANTISE2: sums}, {Operator.CONTEXT: sums}),
        Memory("operands A", banks, array.rows * _OPERAND_BITS, False, used, sent_a),
        Memory("operands B", banks, array.cols * _OPERAND_BITS, False, used, sent_b),
    ]  # fmt: skip


def _slices_a(depth: int, m_tiles: int, n_tiles: int, length: int) -> int:
    """Slices of A that a job of so many tiles takes (`tpugen.arithmetic.tpu.job_beats`)."""
    return m_tiles * length * (1 if length <= depth else n_tiles)


def _slices_b(depth: int, m_tiles: int, n_tiles: int, length: int) -> int:
    """Slices of B that a job of so many tiles takes."""
    return n_tiles * length * (1 if length <= depth and n_tiles == 1 else m_tiles)


def _vectors(shape: LayerShape) -> list[Memory]:
    """Memories of the vector path."""
    d, d_ff = shape.d, shape.d_ff
    quantised = {Operator.QUANTISE1: d, Operator.QUANTISE2: d, Operator.QUANTISE3: d, Operator.QUANTISE4: d_ff}
    collected = {Operator.NORM1: d, Operator.QUANTISE2: d, Operator.NORM2: d, Operator.ACTIVATION: d_ff}
    twice = {Operator.NORM1: d, Operator.NORM2: d}
    residual = {Operator.RESIDUAL1: d, Operator.RESIDUAL2: d}
    gain_bits = _STREAM_BITS * (2 if shape.norm == "layer_norm" else 1)
    memories = [
        Memory("residual stream", d, _STREAM_BITS, False,
               {**twice, **residual, Operator.UNLOAD: d}, {Operator.LOAD: d, **residual}),
        Memory("norm", d, _STREAM_BITS, False, twice, twice),
        Memory("gains", 2 * d, gain_bits, False, twice),
        Memory("quantiser", max(d, d_ff), _STREAM_BITS, False, quantised, collected),
    ]  # fmt: skip
    if shape.gated:
        memories.append(
            Memory("gate", d_ff, _STREAM_BITS, False, {Operator.UP: d_ff}, {Operator.GATE: d_ff})
        )  # fmt: skip
    return memories
