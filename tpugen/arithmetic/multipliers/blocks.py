"""Multipliers made of small blocks: UDM (2x2), EIM (4x4), ASM (nibbles of the weight)."""

from __future__ import annotations

from functools import cache

import numpy as np

from tpugen.arithmetic.multipliers.digits import sum_over_weight_bytes
from tpugen.arithmetic.signature import Magnitudes, sign_magnitude

__all__ = ["asm", "eim", "udm"]

_EVEN_BITS = 0x55555555
_LOWEST_BITS_OF_NIBBLES = 0x11111111


def _threes(x: Magnitudes) -> Magnitudes:
    """The sum of 4^i over the base-4 digits i of `x` that are 3."""
    return x & (x >> 1) & _EVEN_BITS


@sign_magnitude
def udm(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int) -> Magnitudes:
    """Underdesigned multiplier: exact sum of 2x2 blocks, in which 3 x 3 = 7.

    A block loses 2 where both its digits are 3, so all blocks together lose 2 * threes(a) * threes(b).
    """
    product = a * b
    product -= (_threes(a) << 1) * _threes(b)
    return product


@sign_magnitude
def asm(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int) -> Magnitudes:
    """Alphabet-set multiplier, alphabet {1, 3, 5, 7}: the weight's nibbles 9, 11, 13, 15 lose their lowest bit."""
    return a * (b & ~((b >> 3) & _LOWEST_BITS_OF_NIBBLES))


@sign_magnitude
def eim(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int) -> Magnitudes:
    """Inexact multiplier of 4x4 blocks that OR most columns instead of adding them; the blocks are summed exactly."""
    table = _eim_blocks()

    def partial(x: Magnitudes, byte: Magnitudes, position: int) -> Magnitudes:
        total = np.zeros(np.broadcast_shapes(x.shape, byte.shape), dtype=np.uint64)
        for low in range(0, min(8, b_width_bits - position), 4):
            second = ((byte >> low) & 15).astype(np.intp)
            for first in range(0, a_width_bits, 4):
                row = (((x >> first) & 15) << 4).astype(np.intp)
                total += table[row | second] << (first + position + low)
        return total

    return sum_over_weight_bytes(a, b, b_width_bits, partial)


@cache
def _eim_blocks() -> Magnitudes:
    """Products of the 4x4 block, shape (256,): that of x and y is at 16 x + y."""
    x, y = np.divmod(np.arange(256, dtype=np.uint64), np.uint64(16))
    p = [[(x >> i) & (y >> j) & 1 for j in range(4)] for i in range(4)]
    q = p[3][2] & p[2][3]
    bits = (
        p[0][0],
        p[0][1] | p[1][0],
        p[0][2] | p[1][1] | p[2][0],
        p[0][3] | p[1][2] | p[2][1] | p[3][0],
        (p[0][3] & p[1][2] & p[2][1] & p[3][0]) | p[1][3] | p[2][2],
        (p[1][3] & p[2][2] & p[3][1]) ^ p[2][3] ^ p[3][2],
        q ^ p[3][3],
        q & p[3][3],
    )
    blocks = np.zeros(256, dtype=np.uint64)
    for position, bit in enumerate(bits):
        blocks |= bit << position
    return blocks
