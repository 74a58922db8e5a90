"""Operand values for the benches: seeded randoms, corners, constants, of any width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tpugen.arithmetic.integers import IntArray, as_integers
from tpugen.verif import golden

__all__ = ["Operands", "Tile"]


@dataclass(frozen=True)
class Tile:
    """Operands of one tile.

    Attributes:
        activations: A, shape (M, K); M is the array's rows when outputs stay, 1 for a MAC.
        weights: B, shape (K, N).
        partial: Partial sums added to C, shape (M, N), or None.
    """

    activations: IntArray
    weights: IntArray
    partial: IntArray | None = None


class Operands:
    """Seeded source of operand values for one spec."""

    def __init__(self, signed: bool, seed: int) -> None:
        self.signed = signed
        self.rng = np.random.default_rng(seed)

    def limits(self, width_bits: int) -> tuple[int, int]:
        """Most negative (or zero) and largest value."""
        return (-(1 << (width_bits - 1)), (1 << (width_bits - 1)) - 1) if self.signed else (0, (1 << width_bits) - 1)

    def random(self, width_bits: int, *shape: int) -> IntArray:
        """Uniform values of any width."""
        low, high = self.limits(width_bits)
        if width_bits <= 62:
            return self.rng.integers(low, high + 1, size=shape, dtype=np.int64)
        words = -(-width_bits // 32)
        total = as_integers(np.zeros(shape, dtype=np.int64), width_bits)
        for _ in range(words):
            total = total * (1 << 32) + as_integers(self.rng.integers(0, 1 << 32, size=shape), width_bits)
        return golden.wrap(total, width_bits, self.signed)

    def corners(self, width_bits: int) -> list[int]:
        """Most negative, largest, zero, one, all ones, alternating bits, single top bits."""
        low, high = self.limits(width_bits)
        alternating = golden.wrap(int("10" * width_bits, 2), width_bits, self.signed)
        values = [low, high, 0, 1, -1 if self.signed else high, low + 1, high - 1, int(alternating), high >> 1]
        return list(dict.fromkeys(min(max(value, low), high) for value in values))

    def mixed(self, width_bits: int, *shape: int) -> IntArray:
        """Corners, some randoms among them."""
        corners = as_integers(self.corners(width_bits), width_bits)
        chosen = corners[self.rng.integers(0, len(corners), size=shape)]
        return np.where(self.rng.random(shape) < 0.8, chosen, self.random(width_bits, *shape))

    def constant(self, value: int, width_bits: int, *shape: int) -> IntArray:
        """The same value everywhere."""
        return as_integers(np.full(shape, value, dtype=object), width_bits)
