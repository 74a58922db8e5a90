"""Tensor units and PIM tiles once more, in plain integers: what goes in and what must come out, beat by beat.

Registers and streams are as the contracts state them; what crossbars compute is in `crossbars`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tpugen.bench.golden.crossbars import Crossbars, Reading, random_weight
from tpugen.bench.golden.stimulus import Operands
from tpugen.bench.golden.streams import Beats, packed
from tpugen.spec import PimTileSpec, TpuSpec

__all__ = ["TENSOR_JOBS", "Job", "tensor_job", "tile_job"]

_VECTORS = 6
_INT32 = 1 << 31

TENSOR_JOBS = 3
"""Jobs that a tensor unit is tried on."""


@dataclass(frozen=True)
class Job:
    """What a design is tried on.

    Attributes:
        beats: What each channel carries; sources but `result` carry nothing that is looked at.
        result: The channel whose beats are compared.
        after: Channels that begin once another one has carried everything.
        patience: Cycles without a transfer that are no hang.
    """

    beats: Mapping[str, Beats]
    result: str
    after: Mapping[str, str] = field(default_factory=dict)
    patience: int = 0


# -- the PIM tile -------------------------------------------------------------------------------------------------


def tile_job(spec: PimTileSpec, seed: int) -> Job:
    """A random matrix, programmed word by word, and a few vectors: full, short, zero, of corners."""
    draw = Operands(seed, True)
    weights = [[random_weight(draw, spec.weights) for _ in range(spec.cols)] for _ in range(spec.rows)]
    tile = Crossbars(spec, weights)
    activation, result = Beats(), Beats()
    for number in range(_VECTORS):
        length = spec.rows if number % 3 else max(1, spec.rows - number)
        vector = draw.vector(spec.activation_width_bits, length) if number != 1 else [0] * length
        _add_lanes(activation, vector, spec.input_lanes, spec.activation_width_bits)
        _add_results(result, spec, tile.read(vector))
    program = Beats()
    for word in tile.words(whole=True):
        program.add((1, *word))
    return Job(
        {"activation": activation, "result": result, "program": program, "readback": Beats()},
        result="result",
        after={"activation": "program"},
        patience=4 * spec.activation_width_bits * spec.columns_per_adc + 4 * (spec.rows + spec.cols),
    )


def _add_lanes(beats: Beats, values: Sequence[int], lanes: int, bits: int) -> None:
    for first in range(0, len(values), lanes):
        beats.add((packed(values[first : first + lanes], bits),), first + lanes >= len(values))


def _add_results(beats: Beats, spec: PimTileSpec, found: Reading) -> None:
    results, planes, clips = found
    for first in range(0, len(results), spec.output_lanes):
        word = packed(results[first : first + spec.output_lanes], spec.result_width_bits)
        beats.add((word, planes, clips), first + spec.output_lanes >= len(results))


# -- the tensor unit ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Settings:
    multiplier: int
    shift: int
    zero_point: int = 0
    activation: int = 0
    square_shift: int = 0
    wide: bool = False
    bias: bool = False
    unsigned: bool = False


def tensor_job(spec: TpuSpec, seed: int, number: int) -> Job:
    """A product larger than the array: plain int32 sums; int8 with biases and ReLU; squared ReLU over many chunks."""
    draw = Operands(seed + number, True)
    rows, cols, depth = spec.rows, spec.cols, spec.operand_depth
    greatest = (1 << spec.multiplier_width_bits) - 1
    m, k, n = (
        (rows + 1, min(depth, 5), cols + 1),
        (2 * rows, min(depth, 9), cols),
        (rows - 1, min(2 * depth + 1, 300), 2 * cols + 1),
    )[number]
    settings = (
        _Settings(1, 0, wide=True),
        _Settings(min(greatest, 200), 11, -3, activation=1, bias=True, unsigned=spec.unsigned_activations),
        _Settings(min(greatest, 77), 9, 5, activation=2, square_shift=4),
    )[number]
    a = [[value & 0xFF if settings.unsigned else value for value in draw.vector(8, k)] for _ in range(m)]
    b = draw.matrix(8, k, n)
    bias = [draw.number(18) for _ in range(n)]
    streams = _operand_beats(spec, a, b, bias if settings.bias else None)
    writes = _writes(m, k, n, settings)
    address, data = Beats(), Beats()
    for register, value in writes:
        address.add((register, 0))
        data.add((value, 0xF))
    return Job(
        {
            "s_axil_aw": address, "s_axil_w": data, "s_axil_b": Beats(), "s_axil_ar": Beats(), "s_axil_r": Beats(),
            **streams, "m_axis": _result_beats(spec, a, b, bias, settings),
        },
        result="m_axis",
        patience=4 * (k + rows + cols),
    )  # fmt: skip


def _writes(m: int, k: int, n: int, settings: _Settings) -> list[tuple[int, int]]:
    """Register writes in order, the start last."""
    config = settings.bias | settings.activation << 1 | settings.wide << 3 | settings.unsigned << 4
    return [
        (0x08, m),
        (0x0C, k),
        (0x10, n),
        (0x14, config | settings.square_shift << 8),
        (0x18, settings.multiplier),
        (0x1C, settings.shift | (settings.zero_point & 0xFF) << 8),
        (0x00, 1),
    ]


def _operand_beats(
    spec: TpuSpec, a: Sequence[Sequence[int]], b: Sequence[Sequence[int]], bias: Sequence[int] | None
) -> dict[str, Beats]:
    rows, cols, m, k, n = spec.rows, spec.cols, len(a), len(b), len(b[0])
    a_beats: list[int] = []
    b_beats: list[int] = []
    bias_beats: list[int] = []
    for top in range(0, m, rows):
        for left in range(0, n, cols):
            for slice_ in range(k):
                if left == 0 or k > spec.operand_depth:
                    a_beats.append(packed((line[slice_] for line in a[top : top + rows]), 8))
                if top == 0 or k > spec.operand_depth or n > cols:
                    b_beats.append(packed(b[slice_][left : left + cols], 8))
            if bias is not None:
                bias_beats.append(packed(bias[left : left + cols], 32))
    return {
        name: _ended(words)
        for name, words in (("s_axis_a", a_beats), ("s_axis_b", b_beats), ("s_axis_bias", bias_beats))
    }


def _ended(words: Sequence[int]) -> Beats:
    beats = Beats()
    for index, word in enumerate(words):
        beats.add((word,), index == len(words) - 1)
    return beats


def _result_beats(
    spec: TpuSpec, a: Sequence[Sequence[int]], b: Sequence[Sequence[int]], bias: Sequence[int], settings: _Settings
) -> Beats:
    """Rows of the tiles of C; bytes of columns beyond C say nothing."""
    beats, rows, cols, m, n = Beats(), spec.rows, spec.cols, len(a), len(b[0])
    size = 4 if settings.wide else 1
    every = [(top, left) for top in range(0, m, rows) for left in range(0, n, cols)]
    for top, left in every:
        for row in range(top, min(top + rows, m)):
            values = [
                _processed(
                    sum(a[row][slice_] * b[slice_][col] for slice_ in range(len(b)))
                    + (bias[col] if settings.bias else 0),
                    settings,
                )
                for col in range(left, min(left + cols, n))
            ]
            keep = (1 << (len(values) * size)) - 1
            last = (top, left) == every[-1] and row == min(top + rows, m) - 1
            beats.add((packed(values, 8 * size), keep), last)
            beats.cares.append(((1 << (8 * size * len(values))) - 1, (1 << (4 * cols)) - 1))
    return beats


def _processed(total: int, settings: _Settings) -> int:
    value = _limited(total, _INT32)
    value = _limited(_divided(value * settings.multiplier, settings.shift), _INT32)
    if settings.activation:
        value = max(value, 0)
    if settings.activation == 2:
        value = _divided(min(value, 32767) ** 2, settings.square_shift)
    return _limited(value + settings.zero_point, _INT32 if settings.wide else 128)


def _divided(value: int, shift: int) -> int:
    """By a power of two, to nearest, halves away from zero."""
    half = (1 << shift) >> 1
    return (value + half) >> shift if value >= 0 else -((-value + half) >> shift)


def _limited(value: int, bound: int) -> int:
    return max(-bound, min(bound - 1, value))
