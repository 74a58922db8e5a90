"""What a decoder layer is programmed with: random matrices, gains and constants, and the register words that say so.

Register map: the class `Register` that the contract of `pim_llm` names. Constants are drawn as the first token needs
them, so that numbers of each operator are of a wanted magnitude: quiet ones lose nothing when they are quantised, so
that every unit in the last place shows; loud ones saturate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tpugen.bench.golden.crossbars import Crossbars, random_weight
from tpugen.bench.golden.designs import Matrix
from tpugen.bench.golden.stimulus import Operands
from tpugen.spec import PimLlmSpec

__all__ = ["MATRICES", "VOICES", "Factor", "LayerSettings", "NormSettings", "Voice", "matrices", "programming"]

MATRICES = ("W_Q", "W_K", "W_V", "W_X", "W_G", "W_I", "W_O")
"""Matrices by number."""

_SOFTMAX, _ACTIVATION, _NORM = 0x014, 0x018, 0x01C
_GAIN_ADDRESS, _GAIN_DATA = 0x020, 0x024
_PROGRAM_CROSSBAR, _PROGRAM_WORD, _PROGRAM_DATA = 0x028, 0x02C, 0x030
_CONSTANTS = 0x060


class Voice(NamedTuple):
    """How great numbers are to become.

    Attributes:
        gain: Greatest gain of the norms, in 1/16.
        int8: Greatest query, key and value of the first token, about.
        exponent: Greatest score as an exponent of two, in 4096ths.
        residual: What attention and network add to the stream.
        inner: Numbers that enter the activation function, 256 for 1.
        hidden: Squares and gated products.
        round: Whether multipliers are powers of two, so that exact halves occur.
    """

    gain: int
    int8: int
    exponent: int
    residual: int
    inner: int
    hidden: int
    round: bool = False


VOICES = (
    Voice(gain=16, int8=100, exponent=1 << 12, residual=3000, inner=900, hidden=9000),
    Voice(gain=3, int8=6, exponent=1 << 13, residual=60, inner=110, hidden=110, round=True),
    Voice(gain=1600, int8=300, exponent=9 << 20, residual=300_000, inner=100_000, hidden=30_000),
    Voice(gain=4, int8=60, exponent=3 << 11, residual=9000, inner=500, hidden=120, round=True),
)
"""As one would calibrate; quiet; so loud that everything saturates; mixed."""


class Factor(NamedTuple):
    """`multiplier / 2^shift`: 16 bits over 0 to 63."""

    multiplier: int
    shift: int


class NormSettings(NamedTuple):
    """Gains and biases, int16 each; only a LayerNorm looks at biases."""

    gains: list[int]
    biases: list[int]
    fraction_bits: int


@dataclass
class LayerSettings:
    """Constants of a layer.

    Attributes:
        draw: Where they come from.
        voice: How great numbers are to become.
        norms: Before attention and before the network.
        factors: Of matrices, and of scores (`softmax`), as far as they are settled.
        shifts: Of squared ReLU (`activation`) and gated product (`gate`), likewise.
    """

    draw: Operands
    voice: Voice
    norms: tuple[NormSettings, NormSettings]
    factors: dict[str, Factor] = field(default_factory=dict)
    shifts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def random(cls, spec: PimLlmSpec, draw: Operands, voice: Voice) -> LayerSettings:
        """Norms are drawn now, the rest when it is needed."""
        return cls(draw, voice, (_norm(spec.d, draw, voice), _norm(spec.d, draw, voice)))

    def factor(self, name: str, greatest: int) -> Factor:
        """The factor of a matrix or of scores; the first call makes it bring `greatest` to the wanted magnitude."""
        if name not in self.factors:
            multiplier = 1 << self.draw.length(15) if self.voice.round else self.draw.length((1 << 16) - 1)
            self.factors[name] = Factor(multiplier, _halvings(greatest * multiplier, self._wanted(name), 63))
        return self.factors[name]

    def shift(self, name: str, greatest: int) -> int:
        """The shift of squares or gated products, likewise."""
        if name not in self.shifts:
            self.shifts[name] = _halvings(greatest, self.voice.hidden, 31)
        return self.shifts[name]

    def _wanted(self, name: str) -> int:
        if name in ("W_Q", "W_K", "W_V"):
            return self.voice.int8
        if name == "softmax":
            return self.voice.exponent
        return self.voice.inner if name in ("W_G", "W_I") else self.voice.residual


def _halvings(value: int, wanted: int, most: int) -> int:
    """The right shift that leaves what is wanted, or up to twice as much, as far as there is one."""
    return min(most, max(0, (value // wanted).bit_length() - 1))


def _norm(d: int, draw: Operands, voice: Voice) -> NormSettings:
    bits = 15
    while voice.gain << bits >> 4 >= 1 << 15:
        bits -= 1
    bits = max(0, bits - draw.length(3) + 1)
    most = voice.gain << bits >> 4
    gains = [draw.length(2 * most + 1) - most - 1 for _ in range(d)]
    return NormSettings(gains, draw.vector(min(16, voice.inner.bit_length()), d), bits)


def matrices(spec: PimLlmSpec, draw: Operands) -> dict[str, Matrix]:
    """A random matrix for each name that the design has: rows for inputs, columns for results."""
    d, keys = spec.d, spec.d // spec.heads * spec.kv_heads
    sizes = {"W_Q": (d, d), "W_K": (d, keys), "W_V": (d, keys), "W_X": (d, d), "W_G": (d, spec.d_ff)}
    sizes |= {"W_I": (d, spec.d_ff), "W_O": (spec.d_ff, d)}
    return {
        name: [[random_weight(draw, spec.weights) for _ in range(cols)] for _ in range(rows)]
        for name, (rows, cols) in sizes.items()
        if spec.gated or name != "W_G"
    }


def programming(settings: LayerSettings, tiles: Mapping[str, Crossbars]) -> list[tuple[int, int]]:
    """Register writes, address and word, that make a design this layer.

    Args:
        settings: All settled.
        tiles: Crossbars by matrix.
    """
    none = Factor(0, 0)
    return [
        (_SOFTMAX, _factor_word(settings.factors.get("softmax", none))),
        *((_CONSTANTS + 4 * MATRICES.index(name), _factor_word(settings.factors.get(name, none))) for name in tiles),
        (_ACTIVATION, settings.shifts.get("gate", 0) << 8 | settings.shifts.get("activation", 0)),
        (_NORM, settings.norms[1].fraction_bits << 8 | settings.norms[0].fraction_bits),
        (_GAIN_ADDRESS, 0),
        *((_GAIN_DATA, word) for norm in settings.norms for word in _gain_words(norm.gains, norm.biases)),
        *(write for name, tile in tiles.items() for write in _cells(MATRICES.index(name), tile)),
    ]


def _factor_word(factor: Factor) -> int:
    return factor.shift << 16 | factor.multiplier


def _gain_words(gains: Sequence[int], biases: Sequence[int]) -> Iterator[int]:
    for gain, bias in zip(gains, biases, strict=True):
        yield (bias & 0xFFFF) << 16 | gain & 0xFFFF


def _cells(matrix: int, tile: Crossbars) -> Iterator[tuple[int, int]]:
    """A crossbar is addressed once: after each word the address goes on by itself."""
    addressed = -1
    for crossbar, row, word, cells in tile.words(whole=False):
        if crossbar != addressed:
            yield _PROGRAM_CROSSBAR, matrix << 16 | crossbar
            yield _PROGRAM_WORD, row << 16 | word
            addressed = crossbar
        yield _PROGRAM_DATA, cells
