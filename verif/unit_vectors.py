"""Operands for mass checks of arithmetic units: all pairs where few, else seeded random ones and corners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tpugen.arithmetic.integers import INT64_SAFE_BITS, IntArray

__all__ = ["EXHAUSTIVE_BITS", "VectorPlan", "Vectors", "blocks", "corners", "vectors_for"]

EXHAUSTIVE_BITS = 16
"""Operands that have this many bits together, or fewer, are checked in all pairs."""

_BLOCK = 1 << 17  # bounds memory and disk, whatever the number of vectors


@dataclass(frozen=True)
class VectorPlan:
    """How many vectors where not all pairs are run.

    Attributes:
        random: Random vectors where operands fit 62 bits.
        random_wide: Random vectors where they do not: Python integers, a hundred times slower.
        seed: Seed of the random ones.
    """

    random: int = 1_000_000
    random_wide: int = 50_000
    seed: int = 1


@dataclass(frozen=True)
class Vectors:
    """Operand pairs, as the bits that ports carry.

    Attributes:
        a: First operands, shape (N,); int64, or Python integers beyond 62 bits.
        b: Second operands, likewise.
        exhaustive: Whether these are all pairs.
    """

    a: IntArray
    b: IntArray
    exhaustive: bool


def vectors_for(a_width_bits: int, b_width_bits: int, plan: VectorPlan) -> Vectors:
    """All pairs, or corners each with each followed by random pairs."""
    if a_width_bits + b_width_bits <= EXHAUSTIVE_BITS:
        first, second = np.arange(1 << a_width_bits), np.arange(1 << b_width_bits)
        return Vectors(np.repeat(first, second.size), np.tile(second, first.size), exhaustive=True)
    count = plan.random if max(a_width_bits, b_width_bits) <= INT64_SAFE_BITS else plan.random_wide
    generator = np.random.default_rng([plan.seed, a_width_bits, b_width_bits])
    first, second = corners(a_width_bits), corners(b_width_bits)
    a = np.concatenate([np.repeat(first, second.size), _random(generator, a_width_bits, count)])
    b = np.concatenate([np.tile(second, first.size), _random(generator, b_width_bits, count)])
    return Vectors(a, b, exhaustive=False)


def corners(width_bits: int) -> IntArray:
    """Zero, one, largest, most negative, all ones, a leading one at each bit alone and with ones below, alternating."""
    ones = (1 << width_bits) - 1
    values = {0, ones, *(1 << bit for bit in range(width_bits)), *((1 << bit) - 1 for bit in range(width_bits))}
    alternating = int("01" * width_bits, 2) & ones
    return _array(sorted(values | {alternating, ones ^ alternating}), width_bits)


def _random(generator: np.random.Generator, width_bits: int, count: int) -> IntArray:
    """Half uniform; half of every magnitude alike, of which again half complemented: small negative numbers."""
    words = -(-width_bits // 32)
    digits = generator.integers(0, 1 << 32, size=(words, count), dtype=np.int64)
    mask = (1 << width_bits) - 1
    if width_bits <= INT64_SAFE_BITS:
        values = digits[0] if words == 1 else digits[0] | ((digits[1] & (mask >> 32)) << 32)
    else:
        values = digits[0].astype(object)
        for index in range(1, words):
            values |= _array(digits[index].tolist(), width_bits) << (32 * index)
    values = values & mask
    shifts = generator.integers(0, width_bits, size=count) * generator.integers(0, 2, size=count)
    flips = (shifts > 0) & (generator.integers(0, 2, size=count) == 1)
    complement: IntArray = np.where(flips, mask, 0) if width_bits <= INT64_SAFE_BITS else flips.astype(object) * mask
    if width_bits > INT64_SAFE_BITS:
        shifts = _array(shifts.tolist(), width_bits)
    drawn: IntArray = (values >> shifts) ^ complement
    return drawn


def _array(values: list[int], width_bits: int) -> IntArray:
    if width_bits <= INT64_SAFE_BITS:
        return np.array(values, dtype=np.int64)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def blocks(vectors: Vectors) -> Iterator[tuple[IntArray, IntArray]]:
    """The operand pairs in slices that bound memory and disk."""
    for start in range(0, vectors.a.size, _BLOCK):
        yield vectors.a[start : start + _BLOCK], vectors.b[start : start + _BLOCK]
