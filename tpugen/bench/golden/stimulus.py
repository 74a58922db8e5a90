"""What the golden check feeds a design: every pair of small operands, corners and random numbers of large ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tpugen.bench.golden.designs import Matrix

__all__ = ["Operands", "tile_lengths"]

_ALL_PAIRS_BITS = 16
_RANDOM_PAIRS = 4000
_CORNER_PAIRS = 4000


class Operands:
    """Numbers of given widths from a seeded source."""

    def __init__(self, seed: int, signed: bool) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.signed = signed

    def number(self, bits: int) -> int:
        """A number: uniform, of a random magnitude, or a corner."""
        draw = self._random.random()
        if draw < 0.15:
            return self._random.choice(self.corners(bits))
        value = self._random.getrandbits(bits)
        if draw < 0.45:  # logarithmic multipliers treat magnitudes, not values, alike
            value >>= self._random.randrange(bits)
        return self._as_number(value, bits)

    def corners(self, bits: int) -> list[int]:
        """Zero, ones, bounds, alternating bits, powers of two and their neighbours."""
        patterns = {0, 1, 2, 3, (1 << bits) - 1, int("01" * bits, 2), int("10" * bits, 2)}
        for power in range(bits):
            patterns |= {1 << power, (1 << power) - 1, (1 << power) + 1, 3 << power}
        return sorted({self._as_number(pattern & ((1 << bits) - 1), bits) for pattern in patterns})

    def vector(self, bits: int, length: int) -> list[int]:
        """`length` numbers."""
        return [self.number(bits) for _ in range(length)]

    def matrix(self, bits: int, rows: int, cols: int) -> Matrix:
        """`rows` x `cols` numbers."""
        return [self.vector(bits, cols) for _ in range(rows)]

    def pairs(self, a_bits: int, b_bits: int) -> list[tuple[int, int]]:
        """Every pair where both operands together have at most 16 bits; else corners with corners, and random ones."""
        if a_bits + b_bits <= _ALL_PAIRS_BITS:
            return [
                (self._as_number(a, a_bits), self._as_number(b, b_bits))
                for a in range(1 << a_bits)
                for b in range(1 << b_bits)
            ]
        corners = [(a, b) for a in self.corners(a_bits) for b in self.corners(b_bits)]
        if len(corners) > _CORNER_PAIRS:
            corners = self._random.sample(corners, _CORNER_PAIRS)
        return corners + [(self.number(a_bits), self.number(b_bits)) for _ in range(_RANDOM_PAIRS)]

    def length(self, most: int) -> int:
        """A length from 1 to `most`."""
        return self._random.randint(1, most)

    def _as_number(self, pattern: int, bits: int) -> int:
        return pattern - (1 << bits) if self.signed and pattern >> (bits - 1) else pattern


def tile_lengths(operands: Operands, size: int, tiles: int) -> Sequence[int]:
    """How long the tiles are: 1, 2, the array's own size, and random ones up to a little more than twice that."""
    return [1, size, 2, *(operands.length(2 * size + 3) for _ in range(tiles - 3))]
