"""Matrices on differential crossbars once more, in plain integers: cells, stuck cells, read noise, ADCs that clip.

Sources: bit-serial inputs, shared ADCs and shift-and-add of ISAAC (ISCA 2016), 1-bit weights on differential pairs of
PIM-LLM (arXiv 2504.01994). Which cells are stuck, and what noise a read adds, comes from the hash that the card of
`crossbar` names: `fmix32` of MurmurHash3 (A. Appleby, public domain).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tpugen.bench.golden.designs import Matrix
from tpugen.bench.golden.stimulus import Operands
from tpugen.spec import CellFaults, PimLlmSpec, PimTileSpec, ReadNoise

__all__ = ["WORD_WEIGHTS", "Crossbars", "Reading", "random_weight"]

WORD_WEIGHTS = 16
"""Weights of a programming word, two bits each."""

_CODES = {1: 1, 0: 0, -1: 2}
_WORD = (1 << 32) - 1
_GOLDEN_RATIO = 0x9E3779B9
_RATE_BITS = 16
# The noise: four bytes of the hash, less their mean, times sigma * 111 / 2^22, rounded half up.
_BYTES_MEAN = 510
_NOISE_FACTOR = 111
_NOISE_SHIFT = 22


class Reading(NamedTuple):
    """What a tile gives for one vector.

    Attributes:
        sums: One result of each column.
        planes: Bit planes that were read.
        clips: Conversions that clipped.
    """

    sums: list[int]
    planes: int
    clips: int


class Crossbars:
    """A tile: a matrix on a grid of crossbars.

    Args:
        spec: How the crossbars are built.
        weights: -1, 0, +1; a row for each input, a column for each result.
        number: Of the matrix in its design; seeds of faults and noise count on with it.
        reads: Reads of each crossbar since reset.
    """

    def __init__(self, spec: PimTileSpec | PimLlmSpec, weights: Matrix, *, number: int = 0, reads: int = 0) -> None:
        self._spec = spec
        self._number = number
        self._told = weights
        self._blocks_across = -(-len(weights[0]) // spec.crossbar_cols)
        self._held = [
            [self._conducts(row, col, weight) for col, weight in enumerate(line)] for row, line in enumerate(weights)
        ]
        self.reads = reads

    def words(self, *, whole: bool) -> Iterator[tuple[int, int, int, int]]:
        """Crossbar, row, word of the row, and the cells to be written, positive ones first.

        Args:
            whole: Every row of every crossbar; else those in use. Cells beyond the matrix are off.
        """
        tall, wide = self._spec.crossbar_rows, self._spec.crossbar_cols
        rows, cols = len(self._told), len(self._told[0])
        for block in range(-(-rows // tall) * self._blocks_across):
            top, left = block // self._blocks_across * tall, block % self._blocks_across * wide
            for row in range(tall if whole else min(tall, rows - top)):
                for word in range(-(-wide // WORD_WEIGHTS)):
                    cells = 0
                    for place in range(WORD_WEIGHTS):
                        col = word * WORD_WEIGHTS + place
                        inside = col < wide and top + row < rows and left + col < cols
                        cells |= _CODES[self._told[top + row][left + col] if inside else 0] << (2 * place)
                    yield block, row, word, cells

    def read(self, vector: Sequence[int]) -> Reading:
        """Results of one vector, bit plane by bit plane, the sign's counting negative."""
        bits, top = self._spec.activation_width_bits, (1 << (self._spec.adc_bits - 1)) - 1
        skip = self._spec.zero_skipping
        planes = [plane for plane in range(bits) if not skip or any(x >> plane & 1 for x in vector)] or [0]
        results, clips = [0] * len(self._told[0]), 0
        for plane in planes:
            sign = -1 if plane == bits - 1 else 1
            for col, totals in enumerate(self._columns([value >> plane & 1 for value in vector])):
                for total in totals:
                    code = max(-top - 1, min(top, total))
                    clips += code != total
                    results[col] += sign * code << plane
            self.reads += 1
        return Reading(results, len(planes), clips)

    def _columns(self, on: Sequence[int]) -> Iterator[list[int]]:
        """Of each column, what each crossbar above one another gives before its ADC."""
        tall = self._spec.crossbar_rows
        tops = range(0, len(self._held), tall)
        for col in range(len(self._told[0])):
            yield [
                sum(self._held[row][col] for row in range(top, min(top + tall, len(on))) if on[row])
                + self._noise(top // tall, col)
                for top in tops
            ]

    def _conducts(self, row: int, col: int, weight: int) -> int:
        """The weight that acts: positive less negative cell, each of which may be stuck."""
        faults, tall, wide = self._spec.faults, self._spec.crossbar_rows, self._spec.crossbar_cols
        if faults == CellFaults():
            return weight
        base = self._base(faults.seed, row // tall * self._blocks_across + col // wide)
        cells = []
        for polarity in range(2):
            place = row % tall << 16 | col % wide << 1 | polarity
            draw = _fmix32(base ^ place) & ((1 << _RATE_BITS) - 1)
            if draw < faults.stuck_off:
                cells.append(0)
            elif draw < faults.stuck_off + faults.stuck_on:
                cells.append(1)
            else:
                cells.append(_CODES[weight] >> polarity & 1)
        return cells[0] - cells[1]

    def _noise(self, block_row: int, col: int) -> int:
        """What the next read adds to a column's sum, in cells."""
        noise, wide = self._spec.noise, self._spec.crossbar_cols
        if noise == ReadNoise() or not noise.sigma:
            return 0
        base = self._base(noise.seed, block_row * self._blocks_across + col // wide)
        draw = _fmix32(_fmix32(base ^ (self.reads & _WORD)) ^ col % wide)
        centred = sum(draw.to_bytes(4, "little")) - _BYTES_MEAN
        return (centred * noise.sigma * _NOISE_FACTOR + (1 << (_NOISE_SHIFT - 1))) >> _NOISE_SHIFT

    def _base(self, seed: int, crossbar: int) -> int:
        return _fmix32((seed + self._number + _GOLDEN_RATIO * (crossbar + 1)) & _WORD)


def random_weight(draw: Operands, weights: str) -> int:
    """A weight of a `ternary` or `binary` matrix."""
    number = draw.number(8)
    return (1 if number % 2 else -1) if weights == "binary" else number % 3 - 1


def _fmix32(word: int) -> int:
    word = (word ^ word >> 16) * 0x85EBCA6B & _WORD
    word = (word ^ word >> 13) * 0xC2B2AE35 & _WORD
    return word ^ word >> 16
