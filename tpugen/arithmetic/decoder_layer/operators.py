"""The operators of a decoder layer on the hybrid accelerator, in the order in which a token meets them."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Operator"]


class Operator(IntEnum):
    """An operator, numbered as the accelerator's cycle counters are; it ends when its last element is handed on.

    The operators of attention run once for each KV head; GATE exists in gated networks alone.
    """

    LOAD = 0
    """The token comes from the host."""
    NORM1 = 1
    QUANTISE1 = 2
    QUERY = 3
    KEY = 4
    VALUE = 5
    SCORES = 6
    SOFTMAX = 7
    CONTEXT = 8
    QUANTISE2 = 9
    OUTPUT = 10
    RESIDUAL1 = 11
    NORM2 = 12
    QUANTISE3 = 13
    GATE = 14
    UP = 15
    ACTIVATION = 16
    QUANTISE4 = 17
    DOWN = 18
    RESIDUAL2 = 19
    UNLOAD = 20
    """The token goes to the host."""
