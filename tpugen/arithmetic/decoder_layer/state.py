"""What a layer keeps between tokens: the KV cache, and how often its tiles were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.decoder_layer.shape import LayerShape, MatrixName
from tpugen.arithmetic.integers import IntArray
from tpugen.errors import RequestError

__all__ = ["LayerState", "write_position"]


@dataclass(frozen=True)
class LayerState:
    """State of a layer; nothing changes it in place.

    Attributes:
        keys: int8, shape (context, kv_heads, d_head); positions from `length` on hold nothing of meaning.
        values: Likewise.
        length: Positions written.
        reads: Reads of each crossbar of a matrix's tile since reset: its noise depends on them.
    """

    keys: npt.NDArray[np.int8]
    values: npt.NDArray[np.int8]
    length: int = 0
    reads: Mapping[MatrixName, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, shape: LayerShape) -> LayerState:
        """The state after reset."""
        size = (shape.context, shape.key_heads, shape.d_head)
        return cls(np.zeros(size, dtype=np.int8), np.zeros(size, dtype=np.int8))


def write_position(
    shape: LayerShape, state: LayerState, k: IntArray, v: IntArray, position: int | None = None
) -> LayerState:
    """The state with a key and a value at `position`, the last one in use.

    Args:
        shape: The layer.
        state: Before.
        k: int8, shape (kv_heads, d_head).
        v: Likewise.
        position: Default the next one.

    Raises:
        RequestError: a position beyond the context, or after one that was never written.
    """
    at = state.length if position is None else position
    if not 0 <= at < shape.context:
        raise RequestError(
            f"position {at} is outside a context of {shape.context}",
            hint=f"The KV cache holds positions 0 to {shape.context - 1}; start again at 0, or raise `context`.",
        )
    if at > state.length:
        raise RequestError(
            f"position {at} comes after position {state.length}, which was never written",
            hint=f"Send position {state.length} next.",
        )
    keys, values = state.keys.copy(), state.values.copy()
    keys[at], values[at] = k, v
    return LayerState(keys, values, at + 1, state.reads)
