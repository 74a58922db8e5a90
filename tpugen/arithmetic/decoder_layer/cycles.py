"""Cycles of every operator of a token on the hybrid accelerator, exact: what its counters say without a pause outside.

An operator ends when its last element is handed on; the next one begins in the cycle after. With d, d_ff and d_kv the
lengths of its vectors, P bit planes read and c columns an ADC:

- LOAD d, UNLOAD d + 1: a number a cycle, the first one read from memory.
- NORM1, NORM2: the norm's cycles and one to read. QUANTISE1 to QUANTISE4: what `absmax_quantise` needs after its last
  element, L + 9; QUANTISE2 has to take its d elements first, of which the first comes 20 cycles late.
- QUERY, OUTPUT, DOWN, and GATE or UP, whichever is first: P c + 10 and the outputs; GATE waits for the activation of
  its last element. KEY, VALUE, and UP after GATE: their products wait already, outputs and 6.
- ACTIVATION: of the last element; or its product with the gate. RESIDUAL1, RESIDUAL2: 1.
- SCORES, SOFTMAX, CONTEXT: `cycles_attention`, and one for the start.
"""

from __future__ import annotations

from collections.abc import Mapping

from tpugen.arithmetic.decoder_layer.cycles_attention import CONTEXT_LATENCY, attention_cycles
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.decoder_layer.shape import LayerShape, MatrixName
from tpugen.arithmetic.decoder_layer.tiles import CrossbarOptions, tile_shapes
from tpugen.arithmetic.nonlinear.latency import unit_cycles
from tpugen.arithmetic.tpu import TpuShape

__all__ = ["operator_cycles"]

_SCALE_STAGES = 6
"""Cycles from a product to its scaled number: the factor is looked up and worked out, then requantised."""


def operator_cycles(
    shape: LayerShape,
    array: TpuShape,
    crossbars: CrossbarOptions,
    position: int,
    planes: Mapping[MatrixName, int] | None = None,
) -> dict[Operator, int]:
    """Cycles of each operator of one token; their sum is the token's. Networks without a gate have no GATE.

    Args:
        shape: The layer.
        array: The tensor unit.
        crossbars: The tiles.
        position: Of the token.
        planes: Bit planes read of each matrix, which zero-skipping lets depend on the token; None: all.

    Raises:
        RequestError: a position beyond the context, or a vector longer than the units hold.
    """
    d, d_ff, d_kv = shape.d, shape.d_ff, shape.key_heads * shape.d_head
    tiles = tile_shapes(shape, crossbars)

    def first(name: MatrixName) -> int:
        """From the last number of a vector to the last scaled product."""
        tile = tiles[name]
        read = tile.activation_width_bits if planes is None else planes[name]
        return tile.first_result_cycles(read) - 1 + _SCALE_STAGES + tile.cols

    norm = 1 + unit_cycles(shape.norm, d)
    activation = _stages(shape.activation)
    gate = {Operator.GATE: first("W_G") + activation} if shape.gated else {}
    attention = attention_cycles(shape, array, position)
    return {
        Operator.LOAD: d,
        Operator.NORM1: norm,
        Operator.QUANTISE1: _quantised(d),
        Operator.QUERY: first("W_Q"),
        Operator.KEY: d_kv + _SCALE_STAGES,
        Operator.VALUE: d_kv + _SCALE_STAGES,
        Operator.SCORES: attention[Operator.SCORES] + 1,
        Operator.SOFTMAX: attention[Operator.SOFTMAX],
        Operator.CONTEXT: attention[Operator.CONTEXT],
        Operator.QUANTISE2: CONTEXT_LATENCY - 1 + d + _quantised(d),
        Operator.OUTPUT: first("W_X"),
        Operator.RESIDUAL1: 1,
        Operator.NORM2: norm,
        Operator.QUANTISE3: _quantised(d),
        **gate,
        Operator.UP: d_ff + _SCALE_STAGES if shape.gated else first("W_I"),
        Operator.ACTIVATION: _stages("gated_product") if shape.gated else activation,
        Operator.QUANTISE4: _quantised(d_ff),
        Operator.DOWN: first("W_O"),
        Operator.RESIDUAL2: 1,
        Operator.UNLOAD: d + 1,
    }


def _quantised(length: int) -> int:
    """From the last element in to the last one out."""
    return unit_cycles("absmax_quantise", length) - length


def _stages(unit: str) -> int:
    """From an element in to the same one out."""
    return unit_cycles(unit, 1) - 1
