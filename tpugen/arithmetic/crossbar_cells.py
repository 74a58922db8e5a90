"""Cells of differential crossbars: how weights are stored, which cells are stuck, what noise a read adds.

A weight of -1, 0 or +1 is two cells on a differential column pair: the positive one conducts for +1, the negative one
for -1, none for 0. Faults and noise are drawn from a hash of where and when they occur, so that this model and the
behavioural Verilog model `crossbar` draw the same ones whatever the order of evaluation.

The hash is the finaliser of MurmurHash3 (A. Appleby, smhasher, `fmix32`, public domain), a bijection of 32-bit words:
`x ^= x >> 16; x *= 0x85ebca6b; x ^= x >> 13; x *= 0xc2b2ae35; x ^= x >> 16`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tpugen.errors import RequestError

__all__ = ["MAXIMUM_SIGMA", "BoolArray", "Faults", "Noise", "mix", "programming_words"]

BoolArray = npt.NDArray[np.bool_]

MAXIMUM_SIGMA = 16383
"""Largest standard deviation of the noise, in 1/256 of a cell: the Verilog model computes in 32 bits."""

_Words = npt.NDArray[np.integer[Any]]
_GOLDEN = 0x9E3779B9
_MASK = 0xFFFFFFFF
_RATE_ONE = 1 << 16
# Four bytes summed have a standard deviation of sqrt(4 (256^2 - 1) / 12) = 147.8; 2^22 / (256 * 147.8) = 110.85.
_NOISE_FACTOR = 111
_NOISE_SHIFT = 22
_FOUR_BYTES_MEAN = 510


def mix(words: npt.ArrayLike) -> _Words:
    """The hash of 32-bit words, element by element (same shape, uint64 arrays that hold 32-bit numbers)."""
    x = np.asarray(words, dtype=np.uint64) & np.uint64(_MASK)
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & np.uint64(_MASK)
    x = ((x ^ (x >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & np.uint64(_MASK)
    mixed: _Words = x ^ (x >> np.uint64(16))
    return mixed


def _base(seed: int, index: int) -> int:
    """Where the hashes of one crossbar start."""
    return int(mix((seed + _GOLDEN * (index + 1)) & _MASK))


@dataclass(frozen=True)
class Faults:
    """Cells that programming cannot change.

    Attributes:
        seed: 32-bit seed.
        stuck_off: Cells that never conduct, in 1/65536 of all cells.
        stuck_on: Cells that always conduct, in 1/65536 of all cells.
    """

    seed: int = 0
    stuck_off: int = 0
    stuck_on: int = 0

    def __post_init__(self) -> None:
        """Refuse what the Verilog parameters cannot hold.

        Raises:
            RequestError: a seed beyond 32 bits, or rates that are negative or exceed one together.
        """
        _check_seed("faults", self.seed)
        if min(self.stuck_off, self.stuck_on) < 0 or self.stuck_off + self.stuck_on > _RATE_ONE:
            raise RequestError(
                f"faults: stuck_off = {self.stuck_off} and stuck_on = {self.stuck_on} are no rates in 1/65536",
                hint="both must be 0 or more and their sum at most 65536",
            )

    def masks(self, index: int, rows: int, cols: int) -> tuple[BoolArray, BoolArray]:
        """Which cells of crossbar number `index` are stuck.

        The low 16 bits of `mix(base ^ (row << 16 | column << 1 | polarity))`, polarity 0 for the positive cell, are
        compared with the rates: below `stuck_off` the cell is stuck off, below the sum of both it is stuck on.

        Returns:
            (stuck off, stuck on), each of shape (rows, cols, 2); the last axis is (positive, negative).
        """
        row, col, polarity = np.meshgrid(np.arange(rows), np.arange(cols), np.arange(2), indexing="ij")
        draw = mix(
            np.uint64(_base(self.seed, index)) ^ (row << 16 | col << 1 | polarity).astype(np.uint64)
        ) & np.uint64(_RATE_ONE - 1)
        off: BoolArray = draw < self.stuck_off
        on: BoolArray = (draw < self.stuck_off + self.stuck_on) & ~off
        return off, on


@dataclass(frozen=True)
class Noise:
    """Noise that a read adds to each column pair's sum, before the ADC.

    Attributes:
        seed: 32-bit seed.
        sigma: Standard deviation in 1/256 of one conducting cell, 0..16383; 0: no noise.
    """

    seed: int = 0
    sigma: int = 0

    def __post_init__(self) -> None:
        """Refuse what the Verilog parameters cannot hold.

        Raises:
            RequestError: a seed beyond 32 bits or a sigma out of range.
        """
        _check_seed("noise", self.seed)
        if not 0 <= self.sigma <= MAXIMUM_SIGMA:
            raise RequestError(
                f"noise: sigma = {self.sigma} is out of range",
                hint=f"it is the standard deviation in 1/256 of a cell, 0 to {MAXIMUM_SIGMA}",
            )

    def draw(self, index: int, reads: npt.ArrayLike, cols: int) -> npt.NDArray[np.int64]:
        """What the given reads of crossbar number `index` add.

        The bytes of `mix(mix(base ^ read) ^ column)` are summed (near a normal distribution, Irwin-Hall), centred and
        scaled: `(sum - 510) * sigma * 111 / 2^22`, rounded half up. 111 is 2^22 / (256 * 147.8) within 0.14 %.

        Args:
            index: Number of the crossbar in its tile.
            reads: Numbers of the reads since reset, modulo 2^32, any shape.
            cols: Column pairs of the crossbar.

        Returns:
            Shape (*reads.shape, cols), in cells.
        """
        read = mix(np.uint64(_base(self.seed, index)) ^ np.asarray(reads, dtype=np.uint64))
        word = mix(read[..., None] ^ np.arange(cols, dtype=np.uint64))
        total = sum((word >> np.uint64(shift)) & np.uint64(0xFF) for shift in (0, 8, 16, 24))
        centred = np.asarray(total, dtype=np.int64) - _FOUR_BYTES_MEAN
        noise: npt.NDArray[np.int64] = (
            centred * self.sigma * _NOISE_FACTOR + (1 << (_NOISE_SHIFT - 1))
        ) >> _NOISE_SHIFT
        return noise


def _check_seed(what: str, seed: int) -> None:
    if not 0 <= seed <= _MASK:
        raise RequestError(f"{what}: seed = {seed} is no 32-bit number", hint="seeds are 0 to 4294967295")


def programming_words(weights: npt.ArrayLike, weights_per_word: int) -> list[list[int]]:
    """Words that program the rows of one crossbar: weight i of a word at bits [2i +: 2], positive cell first.

    Args:
        weights: Shape (rows, cols), of -1, 0 and +1.
        weights_per_word: Weights that one word holds; the last word of a row is filled with zeros.

    Returns:
        One list of ceil(cols / weights_per_word) words for each row.
    """
    array = np.asarray(weights, dtype=np.int64)
    missing = -array.shape[1] % weights_per_word
    codes = np.pad(np.where(array < 0, 2, array), ((0, 0), (0, missing)))
    words = codes.reshape(array.shape[0], -1, weights_per_word).tolist()
    return [[sum(code << 2 * i for i, code in enumerate(word)) for word in row] for row in words]
