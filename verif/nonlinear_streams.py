"""What the non-linear units are driven with, and what their models expect: vectors that reach every corner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tpugen.arithmetic import nonlinear
from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear import Factor
from tpugen.arithmetic.nonlinear.latency import unit_cycles
from tpugen.arithmetic.nonlinear.softmax import exponent_parts
from tpugen.errors import UnknownNameError
from tpugen.verif.stream_units import Scenario, StreamChannel, StreamUnit

__all__ = ["CONFIGURATIONS", "DRIVEN", "Beats", "Driven", "configured", "driven", "scenarios_for"]

Beats = list[tuple[int, ...]]
Maker = Callable[[np.random.Generator, int], tuple[dict[str, Beats], Beats]]

_WORD = 1 << 15
_OVERLONG = "overlong_o"


@dataclass(frozen=True)
class Driven:
    """A unit and how vectors for it are made.

    Attributes:
        sinks: Its sink channels: payload ports and widths by name of the channel; the last port marks ends.
        results: Payload of channel `result`.
        make: From random numbers and a length to beats of each sink and the beats that must leave.
        two_passes: Whether it holds a vector (and so has parameter `MaxLength`).
        widths: Widths of result ports that depend on the longest vector, by name.
        kept: Result ports that stay as they are until the next result.
    """

    sinks: Mapping[str, Mapping[str, int]]
    results: Mapping[str, int]
    make: Maker
    two_passes: bool = False
    widths: Mapping[str, Callable[[int], int]] = field(default_factory=dict)
    kept: tuple[str, ...] = ()

    def unit(self, module: str, max_length: int) -> StreamUnit:
        """The unit, holding vectors of up to `max_length`."""
        widths = {port: of(max_length) for port, of in self.widths.items()}
        return StreamUnit(
            module=module,
            sinks=tuple(StreamChannel(name, payload) for name, payload in self.sinks.items()),
            source=StreamChannel("result", {**self.results, **widths}),
            parameters={"MaxLength": max_length} if self.two_passes else {},
            flags=(_OVERLONG,) if self.two_passes else (),
            kept=self.kept,
        )


def _rows(*columns: IntArray) -> Beats:
    return [tuple(row) for row in np.stack(np.broadcast_arrays(*columns), axis=-1).tolist()]


def _last(length: int) -> IntArray:
    ends: IntArray = (np.arange(length) == length - 1).astype(np.int64)
    return ends


def _words(rng: np.random.Generator, length: int) -> IntArray:
    """int16: anything, activations, small numbers, extremes, all alike, zeros."""
    choices: list[Callable[[], IntArray]] = [
        lambda: rng.integers(-_WORD, _WORD, length),
        lambda: np.clip(np.rint(rng.normal(0, 300, length)), -_WORD, _WORD - 1).astype(np.int64),
        lambda: rng.integers(-3, 4, length),
        lambda: rng.choice([-_WORD, _WORD - 1, 0, 1, -1], length),
        lambda: np.full(length, rng.integers(-_WORD, _WORD)),
        lambda: np.zeros(length, dtype=np.int64),
    ]
    words: IntArray = choices[rng.choice(len(choices), p=[0.2, 0.4, 0.1, 0.1, 0.1, 0.1])]()
    return words


def _scores(rng: np.random.Generator, length: int) -> IntArray:
    """int32: anything down to small numbers, rising, falling, all alike, extremes."""
    reach = 1 << int(rng.integers(1, 32))
    values = rng.integers(-reach, reach, length)
    shaped = [
        values,
        np.sort(values),
        -np.sort(-values),
        np.full(length, values[0]),
        rng.choice([-reach, reach - 1], length),
    ]
    scores: IntArray = shaped[rng.integers(0, len(shaped))]
    return scores


def _absmax(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    values = _words(rng, length)
    quantised = nonlinear.absmax_quantise(values)
    operands = _rows(values, _last(length))
    return {"operand": operands}, _rows(quantised.values, quantised.scale, _last(length))


def _gain_fraction(rng: np.random.Generator) -> int:
    """Fraction bits of a vector's gains: mostly 12."""
    return 12 if rng.random() < 0.5 else int(rng.integers(0, 16))


def _rms_norm(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    values, gains = _words(rng, length), _words(rng, length)
    if length % 4 == 0 and rng.random() < 0.5:  # a root of exactly one half, and ties
        values, gains = np.tile([2, -2, 2, 0], length // 4), 8 * rng.integers(-3, 4, length)
    bits = _gain_fraction(rng)
    sinks = {"operand": _rows(values, _last(length)), "gain": _rows(gains, np.array(bits))}
    return sinks, _rows(nonlinear.rms_norm(values, gains, gain_fraction_bits=bits), _last(length))


def _layer_norm(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    values, gains, biases = (_words(rng, length) for _ in range(3))
    bits = _gain_fraction(rng)
    sinks = {"operand": _rows(values, _last(length)), "gain": _rows(gains, biases, np.array(bits))}
    return sinks, _rows(nonlinear.layer_norm(values, gains, biases, gain_fraction_bits=bits), _last(length))


def _row_of_scores(rng: np.random.Generator, length: int) -> tuple[IntArray, Factor]:
    scores = _scores(rng, length)
    # Logits of up to about one, a few, or hundreds; now and then saturated exponents.
    scale = float(2.0 ** rng.uniform(-1, 12)) / float(max(1, np.abs(scores).max()))
    if length > 64 or rng.random() < 0.25:  # one score far above the others, whose sum is in the guard bits
        scores, scale = 1000 * _last(length)[:: rng.choice([-1, 1], p=[0.8, 0.2])], 17 * np.log(2) / 1000
    return scores, nonlinear.softmax_factor(min(scale, 8.0))


def _softmax(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    scores, factor = _row_of_scores(rng, length)
    sinks = {"operand": _rows(scores, *map(np.array, factor), _last(length))}
    return sinks, _rows(nonlinear.softmax(scores, *factor), _last(length))


def _softmax_weights(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    scores, factor = _row_of_scores(rng, length)
    weights = nonlinear.softmax_weights(scores, *factor).weights
    sinks = {"operand": _rows(scores, *map(np.array, factor), _last(length))}
    return sinks, _rows(weights, _last(length), np.cumsum(weights))


def _weighted_mean(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    """Means of any size, the ends of the range, ties, sums that do not belong to the operand, sums of zero."""
    sums = np.full(length, rng.integers(0, 1 << int(rng.integers(1, 15))))
    ends = rng.choice([-128, 128], length) * sums
    operands = np.where(rng.random(length) < 0.2, ends, rng.integers(-128 * sums, 128 * sums + 1))
    kind = rng.random()
    if kind < 0.3:
        sums = rng.integers(0, 1 << 14, length)
        operands = rng.integers(-(1 << 31), 1 << 31, length) >> rng.integers(0, 31, length)
        operands = np.where(rng.random(length) < 0.1, -(1 << 31), operands)
    elif kind < 0.6:  # 32767 = 7 * 4681: odd numbers of 64 * sum / 7 are halves
        part = int(rng.integers(1, (1 << 14) // 7))
        sums, operands = np.full(length, 7 * part), 64 * part * rng.integers(-14, 15, length)
    sinks = {"operand": _rows(operands, sums, _last(length))}
    return sinks, _rows(nonlinear.weighted_mean(operands, sums), _last(length))


def _softmax_powers(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    scores, factor = _row_of_scores(rng, length)
    sinks = {"operand": _rows(scores, *map(np.array, factor), _last(length))}
    return sinks, _rows(*exponent_parts(scores, *factor), _last(length))


def _gelu(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    values = np.where(rng.random(length) < 0.5, _words(rng, length), rng.integers(-1100, 1100, length))
    return {"operand": _rows(values, _last(length))}, _rows(nonlinear.gelu(values), _last(length))


def _relu2(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    values, shift = _words(rng, length), int(rng.integers(0, 32))
    sinks = {"operand": _rows(values, np.array(shift), _last(length))}
    return sinks, _rows(nonlinear.relu2(values, shift), _last(length))


def _gated_product(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    gates, values, shift = _words(rng, length), _words(rng, length), int(rng.integers(0, 32))
    sinks = {"operand": _rows(gates, values, np.array(shift), _last(length))}
    return sinks, _rows(nonlinear.gated_product(gates, values, shift), _last(length))


def _saturating_add(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    a, b = _words(rng, length), _words(rng, length)
    return {"operand": _rows(a, b, _last(length))}, _rows(nonlinear.saturating_add(a, b), _last(length))


def _requantise(rng: np.random.Generator, length: int) -> tuple[dict[str, Beats], Beats]:
    reach = 1 << rng.integers(1, 32, length)
    accumulators = np.where(rng.random(length) < 0.1, rng.choice([-(2**31), 2**31 - 1]), rng.integers(-reach, reach))
    multipliers = np.where(rng.random(length) < 0.1, 2**32 - 1, rng.integers(0, 1 << rng.integers(1, 33, length)))
    # Mostly shifts that leave a few bits; products of ones meet halves.
    wanted = np.abs(accumulators * multipliers.astype(np.float64)) / 100 + 1
    shifts = np.clip(np.ceil(np.log2(wanted)) + rng.integers(-2, 12, length), 0, 63).astype(np.int64)
    multipliers = np.where(rng.random(length) < 0.2, 1, multipliers)
    shifts = np.where(rng.random(length) < 0.2, rng.integers(0, 64, length), shifts)
    zero_points = rng.integers(-_WORD, _WORD, length) >> rng.integers(0, 17, length)
    sinks = {"operand": _rows(accumulators, multipliers, shifts, zero_points, _last(length))}
    return sinks, _rows(nonlinear.requantise(accumulators, multipliers, shifts, zero_point=zero_points), _last(length))


_OPERAND = {"operand_i": 16, "operand_last_i": 1}
_RESULT = {"result_o": 16, "result_last_o": 1}

DRIVEN: Mapping[str, Driven] = {
    "absmax_quantise": Driven(
        {"operand": _OPERAND}, {"result_o": 8, "scale_o": 16, "result_last_o": 1}, _absmax, two_passes=True
    ),
    "rms_norm": Driven(
        {"operand": _OPERAND, "gain": {"gain_i": 16, "gain_fraction_i": 4}}, _RESULT, _rms_norm, two_passes=True
    ),
    "layer_norm": Driven(
        {"operand": _OPERAND, "gain": {"gain_i": 16, "bias_i": 16, "gain_fraction_i": 4}},
        _RESULT,
        _layer_norm,
        two_passes=True,
    ),
    "softmax": Driven(
        {"operand": {"operand_i": 32, "multiplier_i": 16, "shift_i": 6, "operand_last_i": 1}},
        {"result_o": 8, "result_last_o": 1},
        _softmax,
        two_passes=True,
    ),
    "softmax_weights": Driven(
        {"operand": {"operand_i": 32, "multiplier_i": 16, "shift_i": 6, "operand_last_i": 1}},
        {"result_o": 8, "result_last_o": 1},
        _softmax_weights,
        two_passes=True,
        widths={"sum_o": lambda max_length: (max_length - 1).bit_length() + 8},
        kept=("sum_o",),
    ),
    "weighted_mean": Driven(
        {"operand": {"operand_i": 32, "sum_i": 14, "operand_last_i": 1}},
        _RESULT,
        _weighted_mean,
    ),
    "softmax_powers": Driven(
        {"operand": {"operand_i": 32, "multiplier_i": 16, "shift_i": 6, "operand_last_i": 1}},
        {"ceiling_o": 13, "power_o": 17, "result_last_o": 1},
        _softmax_powers,
    ),
    "gelu": Driven({"operand": _OPERAND}, _RESULT, _gelu),
    "relu2": Driven({"operand": {"operand_i": 16, "shift_i": 5, "operand_last_i": 1}}, _RESULT, _relu2),
    "gated_product": Driven(
        {"operand": {"gate_i": 16, "operand_i": 16, "shift_i": 5, "operand_last_i": 1}}, _RESULT, _gated_product
    ),
    "saturating_adder": Driven({"operand": {"a_i": 16, "b_i": 16, "operand_last_i": 1}}, _RESULT, _saturating_add),
    "requantise": Driven(
        {"operand": {"accumulator_i": 32, "multiplier_i": 32, "shift_i": 6, "zero_point_i": 16, "operand_last_i": 1}},
        {"result_o": 8, "result_last_o": 1},
        _requantise,
    ),
}
"""The streaming units at their default formats, by module."""


CONFIGURATIONS: Mapping[str, tuple[str, int, int]] = {
    **{module: (module, 12, 24) for module in DRIVEN},
    "softmax_long": ("softmax", 300, 4),
    "softmax_weights_long": ("softmax_weights", 300, 4),
}
"""What is simulated: module, longest vector that it holds, and vectors in each of the long scenarios."""


def driven(module: str) -> Driven:
    """How a unit is driven.

    Raises:
        UnknownNameError: no such unit.
    """
    if module not in DRIVEN:
        raise UnknownNameError(f"no non-linear unit is called {module!r}", hint=f"there are: {', '.join(DRIVEN)}")
    return DRIVEN[module]


def configured(name: str) -> StreamUnit:
    """The unit of a configuration."""
    module, max_length, _ = CONFIGURATIONS[name]
    return driven(module).unit(module, max_length)


def scenarios_for(name: str, *, seed: int = 1) -> list[Scenario]:
    """Latencies, vectors back to back, pauses on each channel, resets in mid-stream, vectors that are too long.

    Args:
        name: Key of `CONFIGURATIONS`.
        seed: Of all vectors.
    """
    module, max_length, vectors = CONFIGURATIONS[name]
    what, rng = driven(module), np.random.default_rng(seed)
    channels = (*what.sinks, "result")

    def scenario(name: str, lengths: Sequence[int]) -> Scenario:
        beats: dict[str, Beats] = {sink: [] for sink in what.sinks}
        expected: Beats = []
        for length in lengths:
            made, results = what.make(rng, length)
            expected += results
            for sink, more in made.items():
                beats[sink] += more
        return Scenario(name, beats, expected)

    alone = [
        replace(scenario(f"a vector of {length}", [length]), cycles=unit_cycles(module, length, max_length))
        for length in (1, 2, max_length // 2, max_length)
    ]
    many = [1, max_length, max_length, 2, *rng.integers(1, max_length + 1, vectors - 4).tolist()]
    stalls: list[dict[str, float]] = [{}, dict.fromkeys(channels, 0.5)]
    stalls += [{channel: 0.9 if channel == "result" else 0.7} for channel in channels]
    long = [replace(scenario(f"back to back, pauses {pauses}", many), stalls=pauses) for pauses in stalls]
    long.append(replace(scenario("taken only after it was offered", many), patient=True))
    cuts = [
        replace(scenario(f"cut after {cut}", many), cut_after=cut, stalls=dict.fromkeys(channels, stall))
        for cut in (max_length // 2, 2 * max_length, 2 * max_length + 40, 200)
        for stall in (0.0, 0.4)
    ]
    mixed = [part for pair in zip(cuts, alone * 2, strict=True) for part in pair]
    return [*alone, *long, *mixed, *([_overlong(what, rng, max_length)] if what.two_passes else [])]


def _overlong(what: Driven, rng: np.random.Generator, max_length: int) -> Scenario:
    """A vector whose end is not marked ends where the unit is full; the next one is a good one."""
    beats: dict[str, Beats] = {sink: [] for sink in what.sinks}
    expected: Beats = []
    for index in range(2):
        made, results = what.make(rng, max_length)
        if index == 0:
            made["operand"][-1] = (*made["operand"][-1][:-1], 0)
        expected += results
        for sink, more in made.items():
            beats[sink] += more
    return Scenario("too long", beats, expected, flags={_OVERLONG: 1})
