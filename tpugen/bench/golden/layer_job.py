"""What a decoder-layer design is tried on: a few programmes of a few tokens, as commands of a host and two streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tpugen.bench.golden.crossbars import Crossbars
from tpugen.bench.golden.decoder_layer import DecoderLayer, Token
from tpugen.bench.golden.layer_settings import MATRICES, VOICES, LayerSettings, matrices, programming
from tpugen.bench.golden.stimulus import Operands
from tpugen.spec import PimLlmSpec

__all__ = ["CUT_BEFORE", "Command", "LayerJob", "Programme", "layer_job", "too_large"]

CUT_BEFORE = 2
"""The programme before which a reset cuts a token short."""

_TOKENS = 4
_FLAT = {1: 0, 3: -3}
"""Programmes whose last token has one number throughout; nothing deviates from its mean."""
# What takes Icarus about a minute, a quarter of the check's limit; wider arrays take most.
_LIMITS = {"d": 64, "d_ff": 256, "array": 64, "columns_per_adc": 16, "crossbar": 1 << 14}
_CONTROL, _STATUS, _POSITION, _LENGTH = 0x000, 0x004, 0x008, 0x00C
_CLIPS, _PLANES = 0x080, 0x0A0
_START, _DONE = 1, 2


class Command(NamedTuple):
    """What a host does next.

    Attributes:
        kind: Write a register; read one and compare; wait for the interrupt and so many results.
        address: Of the register, in bytes.
        word: What is written, what must be read, or how many results the host has then.
        name: What a reader calls it.
    """

    kind: Literal["write", "read", "wait"]
    address: int
    word: int
    name: str


@dataclass
class Programme:
    """A layer's settings and the tokens that follow.

    Attributes:
        commands: Of the host, in order.
        tokens: As they must become.
    """

    commands: list[Command] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)


@dataclass(frozen=True)
class LayerJob:
    """Programmes in order, and how many cycles without a transfer are no hang."""

    programmes: Sequence[Programme]
    patience: int


def too_large(spec: PimLlmSpec) -> str | None:
    """What of a design is more than is simulated here; None if nothing is."""
    sizes = {
        "d": spec.d,
        "d_ff": spec.d_ff,
        "array": spec.rows * spec.cols,
        "columns_per_adc": spec.columns_per_adc,
        "crossbar": spec.crossbar_rows * spec.crossbar_cols,
    }
    found = [f"{name} of {sizes[name]} (up to {most})" for name, most in _LIMITS.items() if sizes[name] > most]
    return ", ".join(found) or None


def layer_job(spec: PimLlmSpec, seed: int) -> LayerJob:
    """One programme for each voice: typical, quiet, loud, mixed numbers.

    Crossbars count their reads from reset to reset, as their noise depends on it.
    """
    reads = dict.fromkeys(MATRICES, 0)
    programmes: list[Programme] = []
    results = 0
    for number in range(len(VOICES)):
        if number == CUT_BEFORE:
            reads = dict.fromkeys(MATRICES, 0)
        programmes.append(_programme(spec, Operands(seed + number, True), number, reads, results))
        results += spec.d * len(programmes[-1].tokens)
    return LayerJob(programmes, _patience(spec))


def _programme(spec: PimLlmSpec, draw: Operands, number: int, reads: dict[str, int], results: int) -> Programme:
    settings = LayerSettings.random(spec, draw, VOICES[number])
    tiles = {
        name: Crossbars(spec, weights, number=MATRICES.index(name), reads=reads[name])
        for name, weights in matrices(spec, draw).items()
    }
    layer = DecoderLayer(spec, settings, tiles)
    positions = _positions(spec, number)
    tokens = [layer.run(x, at) for x, at in zip(_stream(spec, draw, number), positions, strict=True)]
    reads |= {name: tile.reads for name, tile in tiles.items()}
    commands = [Command("write", *write, f"programming programme {number}") for write in programming(settings, tiles)]
    for index, token in enumerate(tokens):
        commands += _token_commands(token, results + spec.d * (index + 1), f"token {index} of programme {number}")
    return Programme(commands, tokens)


def _positions(spec: PimLlmSpec, number: int) -> list[int]:
    """In order, as far as the cache reaches; odd programmes write a position twice."""
    wanted = [0, 1, 1, 2] if number % 2 else list(range(_TOKENS))
    return [min(position, spec.context - 1) for position in wanted]


def _stream(spec: PimLlmSpec, draw: Operands, number: int) -> Iterator[list[int]]:
    """Tokens of any magnitude, as great as what is added to them, of the least numbers, and flat or of any again."""
    bits = min(16, VOICES[number].residual.bit_length() + 1)
    yield [value or 1 for value in draw.vector(16, spec.d)]
    yield draw.vector(bits, spec.d)
    yield draw.vector(3, spec.d)
    yield [_FLAT[number]] * spec.d if number in _FLAT else draw.vector(16, spec.d)


def _token_commands(token: Token, results: int, name: str) -> list[Command]:
    """Start, wait, look at what the design says of the token, and clear the interrupt."""
    reads = [("STATUS", _STATUS, _DONE), ("LENGTH", _LENGTH, token.position + 1)]
    for matrix, reading in token.readings.items():
        place = 4 * MATRICES.index(matrix)
        reads.append((f"the count of conversions of {matrix} that clipped", _CLIPS + place, reading.clips))
        reads.append((f"the count of bit planes of {matrix} that were read", _PLANES + place, reading.planes))
    return [
        Command("write", _POSITION, token.position, f"setting the position of {name}"),
        Command("write", _CONTROL, _START, f"starting {name}"),
        Command("wait", 0, results, f"waiting for {name}"),
        *(Command("read", address, word, f"{what} after {name}") for what, address, word in reads),
        Command("write", _STATUS, _DONE, f"clearing STATUS after {name}"),
    ]


def _patience(spec: PimLlmSpec) -> int:
    """Far more than the cycles of all operators of a token, one after the other."""
    matrix = 16 * spec.columns_per_adc + 2 * (spec.d + spec.d_ff)
    attention = spec.heads * (spec.d + 8 * _TOKENS + 4 * (spec.rows + spec.cols))
    return 4 * (7 * matrix + 4 * attention + 32 * (spec.d + spec.d_ff)) + 4000
