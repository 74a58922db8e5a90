"""Cycles of attention on the hybrid accelerator: scores, softmax and weighted sums of every KV head of one token.

The accelerator's `attention_engine` runs the KV heads one after the other. For each, with G query heads in its group, h
elements of a head and L positions so far:

1. Scores: a product of G x h by h x L on the tensor unit (`job_cycles`), a cycle to set it up and one to begin. It ends
   when the last row is stored; rows of the array below the matrix drain meanwhile.
2. Softmax: each head's scores pass twice, 2 L cycles a head, through 13 stages.
3. Weighted sums: a product of G x L by L x h, likewise; where softmax was shorter than the drain, it waits for that.

The scores of the next KV head wait for the drain after the weighted sums before (those of the next token would, too,
but every layer leaves time for that). Nothing else waits: operands are read from the engine's memories a word a cycle.
Then contexts leave: `CONTEXT_LATENCY` cycles after the last row was stored the first element is on offer, and one a
cycle from there on.
"""

from __future__ import annotations

from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.decoder_layer.shape import LayerShape
from tpugen.arithmetic.tpu import TpuShape, drain_cycles, job_cycles
from tpugen.errors import RequestError

__all__ = ["CONTEXT_LATENCY", "attention_cycles"]

CONTEXT_LATENCY = 21
"""Cycles from the one in which the last row is stored to the one in which the first context element is on offer."""

_SET_UP = 2
_SOFTMAX_STAGES = 13


def attention_cycles(shape: LayerShape, array: TpuShape, position: int) -> dict[Operator, int]:
    """Cycles of each operator of attention, added up over the KV heads of a token.

    Args:
        shape: The layer.
        array: The tensor unit.
        position: Of the token, from 0.

    Returns:
        Cycles of SCORES, SOFTMAX and CONTEXT, as the accelerator counts them.

    Raises:
        RequestError: a position beyond the context.
    """
    if not 0 <= position < shape.context:
        raise RequestError(
            f"position {position} is outside a context of {shape.context}",
            hint=f"The KV cache holds positions 0 to {shape.context - 1}.",
        )
    heads, group, length = shape.key_heads, shape.group, position + 1
    # Rows of the last tile that lie below the matrix leave after its last row.
    drain = drain_cycles(array.rows) - drain_cycles((group - 1) % array.rows + 1)
    scores = _SET_UP + job_cycles(array, group, shape.d_head, length) - drain
    softmax = 2 * length * group + _SOFTMAX_STAGES
    sums = _SET_UP + job_cycles(array, group, length, shape.d_head) - drain
    return {
        Operator.SCORES: heads * scores + (heads - 1) * drain,
        Operator.SOFTMAX: heads * softmax,
        Operator.CONTEXT: heads * (max(drain - softmax, 0) + sums),
    }
