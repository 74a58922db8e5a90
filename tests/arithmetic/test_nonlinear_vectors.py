"""Absmax quantisation, norms, softmax and GELU: definitions, error bounds against float64, corners."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tpugen.arithmetic.nonlinear import absmax_quantise, gelu, layer_norm, rms_norm, softmax, softmax_factor
from tpugen.arithmetic.nonlinear.latency import UNITS, unit_cycles
from tpugen.arithmetic.nonlinear.normalisation import MAX_LENGTH, reciprocal_root
from tpugen.arithmetic.nonlinear.softmax import error_bound, exponent_parts, power_of_two
from tpugen.errors import RequestError, UnknownNameError

INT16 = st.integers(-(2**15), 2**15 - 1)
VECTORS = st.lists(INT16, min_size=1, max_size=40) | st.lists(st.integers(-4, 4), min_size=1, max_size=40)
Floats = npt.NDArray[np.float64]


# ---------------------------------------------------------------------------------------------------------------------
# Absmax quantisation


@given(VECTORS)
@example([0, 0])
@example([-(2**15)])
@example([2, 1, -1])
def test_absmax_is_exactly_rounded(vector: list[int]) -> None:
    values, scale = absmax_quantise(vector)
    assert int(scale) == max(abs(x) for x in vector)
    for x, got in zip(vector, values.tolist(), strict=True):
        exact = Fraction(127 * abs(x), int(scale) or 1)
        wanted = math.floor(exact + Fraction(1, 2))
        assert got == (wanted if x >= 0 else -wanted)
        assert abs(Fraction(got * int(scale), 127) - x) <= Fraction(int(scale), 254)  # the stated bound


def test_absmax_of_a_batch_is_that_of_each_row() -> None:
    batch = np.random.default_rng(1).integers(-900, 900, (3, 4, 17))
    values, scale = absmax_quantise(batch)
    assert scale.shape == (3, 4)
    for index in np.ndindex(3, 4):
        alone = absmax_quantise(batch[index])
        assert (values[index] == alone.values).all()
        assert scale[index] == alone.scale


def test_absmax_refuses_nothing_and_too_much() -> None:
    with pytest.raises(RequestError, match="absmax quantisation of an empty vector"):
        absmax_quantise(np.zeros((2, 0), dtype=int))
    with pytest.raises(RequestError, match=r"values: 40000..40000 is outside the legal range -32768..32767"):
        absmax_quantise([40000])


# ---------------------------------------------------------------------------------------------------------------------
# Norms


@given(st.integers(1, 2**60), st.integers(0, 2**60))
@example(1, 0)
@example(1, 2**60 - 1)
@example(4, 12)
def test_reciprocal_root_is_truncated_to_sixteen_bits(numerator: int, more: int) -> None:
    denominator = numerator + more
    mantissa, exponent = reciprocal_root(numerator, denominator)
    assert 2**15 <= mantissa < 2**16
    assert mantissa**2 * denominator <= numerator << 2 * exponent < (mantissa + 1) ** 2 * denominator


@pytest.mark.parametrize(("numerator", "denominator"), [(0, 1), (3, 2)])
def test_reciprocal_root_refuses_ratios_outside_its_range(numerator: int, denominator: int) -> None:
    with pytest.raises(RequestError, match=f"root of {numerator} / {denominator}"):
        reciprocal_root(numerator, denominator)


def exact_norm(x: Floats, centre: bool, gains: Floats, gain_bits: int, output_bits: int) -> Floats:
    """Float64: what either norm is before biases and rounding, in units of the result."""
    centred = x - x.mean() if centre else x
    root = np.sqrt((centred**2).mean() + 1.0)  # epsilon: one unit squared
    result: Floats = centred / root * gains * 2.0 ** (output_bits - gain_bits)
    return result


@settings(deadline=None)
@given(st.data(), st.integers(0, 15), st.integers(0, 15))
def test_norms_keep_their_error_bound(data: st.DataObject, gain_bits: int, output_bits: int) -> None:
    vector = data.draw(VECTORS)
    same = st.lists(INT16, min_size=len(vector), max_size=len(vector))
    gains, biases = data.draw(same), data.draw(same)
    x, g, b = (np.array(numbers, dtype=np.float64) for numbers in (vector, gains, biases))
    formats = {"gain_fraction_bits": gain_bits, "output_fraction_bits": output_bits}
    for exact, offset, got in (
        (exact_norm(x, False, g, gain_bits, output_bits), 0.0 * b, rms_norm(vector, gains, **formats)),
        (exact_norm(x, True, g, gain_bits, output_bits), b, layer_norm(vector, gains, biases, **formats)),
    ):
        bound = 0.5 + np.abs(exact) * 2.0**-15 + 1e-6
        wanted = np.clip(exact + offset, -(2**15), 2**15 - 1)
        assert (np.abs(got - wanted) <= bound).all()


@pytest.mark.parametrize("length", [1, 64, 1000, MAX_LENGTH])
def test_norms_at_the_ends_of_their_range(length: int) -> None:
    rng = np.random.default_rng(length)
    gains = np.full(length, -(2**15))
    for x in (
        np.full(length, -(2**15)),
        np.where(np.arange(length) % 2, -(2**15), 2**15 - 1),
        np.where(np.arange(length) == 0, -(2**15), 2**15 - 1),
        rng.integers(-(2**15), 2**15, length),
    ):
        for centre, got in (
            (False, rms_norm(x, gains, gain_fraction_bits=15, output_fraction_bits=0)),
            (True, layer_norm(x, gains, 0 * gains, gain_fraction_bits=15, output_fraction_bits=0)),
        ):
            exact = exact_norm(x.astype(float), centre, gains.astype(float), 15, 0)
            assert (np.abs(got - exact) <= 0.5 + np.abs(exact) * 2.0**-15 + 1e-6).all()


def test_norms_of_zeros() -> None:
    assert rms_norm([0, 0, 0], [4096, -1, 5]).tolist() == [0, 0, 0]
    assert layer_norm([7, 7, 7], [4096, -1, 5], [3, -2, 0]).tolist() == [3, -2, 0]


def test_norms_of_a_batch_are_those_of_each_row() -> None:
    rng = np.random.default_rng(5)
    batch, gains, biases = rng.integers(-900, 900, (3, 2, 9)), rng.integers(-9000, 9000, 9), rng.integers(-99, 99, 9)
    rms, layer = rms_norm(batch, gains), layer_norm(batch, gains, biases)
    for index in np.ndindex(3, 2):
        assert (rms[index] == rms_norm(batch[index], gains)).all()
        assert (layer[index] == layer_norm(batch[index], gains, biases)).all()


def test_norms_refuse() -> None:
    with pytest.raises(RequestError, match=r"normalisation of shape \(0,\)"):
        rms_norm(np.zeros(0, dtype=int), [1])
    with pytest.raises(RequestError, match=r"normalisation of shape \(16385,\)"):
        layer_norm(np.zeros(MAX_LENGTH + 1, dtype=int), [1], [1])
    with pytest.raises(RequestError, match="16 fraction bits of gains"):
        rms_norm([1], [1], gain_fraction_bits=16)
    with pytest.raises(RequestError, match=r"biases: 32768..32768 is outside"):
        layer_norm([1], [1], [2**15])


# ---------------------------------------------------------------------------------------------------------------------
# Softmax


def second_opinion(scores: list[int], multiplier: int, shift: int) -> list[int]:
    """One score at a time in plain Python, from the description of the method."""
    greatest, total, terms = None, 0, []
    for score in scores:
        exact = Fraction(score * multiplier, 2**shift)
        t = math.floor(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
        t = min(max(t, -(2**23)), 2**23 - 1)
        ceiling = math.ceil(Fraction(t, 4096))
        chord, along = divmod(ceiling * 4096 - t, 256)
        ends = [round(2 ** (16 - k / 16)) for k in (chord, chord + 1)]
        power = ends[0] - math.floor(Fraction((ends[0] - ends[1]) * along, 256) + Fraction(1, 2))
        if greatest is None:
            greatest = ceiling
        higher = max(greatest, ceiling)
        total = total // 2 ** (higher - greatest) + power * 256 // 2 ** (higher - ceiling)
        greatest = higher
        terms.append((power, ceiling))
    assert greatest is not None
    shares = [power * 256 // 2 ** (greatest - ceiling) for power, ceiling in terms]
    return [math.floor(Fraction(255 * share, total) + Fraction(1, 2)) for share in shares]


@given(
    st.lists(st.integers(-(2**31), 2**31 - 1) | st.integers(-3000, 3000), min_size=1, max_size=30),
    st.integers(0, 2**16 - 1),
    st.integers(0, 63),
)
@example([-(2**31), 2**31 - 1], 2**16 - 1, 0)
@example([0, 100_000, 200_000, 300_000], 2**15, 16)
def test_softmax_is_the_method_described(scores: list[int], multiplier: int, shift: int) -> None:
    assert softmax(scores, multiplier, shift).tolist() == second_opinion(scores, multiplier, shift)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 500), st.floats(-8, 8), st.integers(8, 18))
def test_softmax_keeps_its_error_bound(seed: int, length: int, spread: float, bits: int) -> None:
    scores = np.random.default_rng(seed).integers(-(2**bits), 2**bits, length)
    multiplier, shift = softmax_factor(2.0**spread / 2**bits)
    got = softmax(scores, multiplier, shift)
    logits = scores * (multiplier / 2.0**shift / 4096 * math.log(2))
    powers = np.exp(logits - logits.max())
    assert np.abs(got / 255 - powers / powers.sum()).max() <= 1 / 510 + error_bound(length)
    assert abs(int(got.sum()) - 255) <= length / 2 + 255 * length * error_bound(length)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(got[order]) >= 0).all()  # a greater score never has a smaller probability


def test_softmax_of_a_long_row_loses_nothing_in_the_sum() -> None:
    length = 4096
    scores = np.where(np.arange(length) == 0, 1000, 0)
    multiplier, shift = softmax_factor(11 * math.log(2) / 1000)  # the others make up two thirds
    got = softmax(scores, multiplier, shift)
    assert got[0] == round(255 * 2**11 / (2**11 + length - 1))
    assert set(got[1:].tolist()) == {0}
    assert error_bound(length) < 0.002


def test_softmax_of_one_and_of_equals() -> None:
    assert softmax([-5], *softmax_factor(0.1)).tolist() == [255]
    assert softmax([9] * 4, *softmax_factor(0.1)).tolist() == [64] * 4
    assert softmax([[1, 1], [0, 10**6]], *softmax_factor(0.1)).tolist() == [[128, 128], [0, 255]]


def test_powers_of_two_are_as_close_as_they_say() -> None:
    fractions = np.arange(4096)
    got = power_of_two(fractions)
    exact = 2.0 ** (16 - fractions / 4096)
    assert (np.abs(got - exact) / exact).max() < (math.log(2) / 16) ** 2 / 8 + 2.0**-15
    assert (np.diff(got) <= 0).all()
    assert got.max() == 65536
    assert got.min() > 32768


def test_exponents_saturate() -> None:
    ceilings, powers = exponent_parts([-(2**31), 2**31 - 1, 0], 2**16 - 1, 0)
    assert ceilings.tolist() == [-2048, 2048, 0]
    assert powers.tolist() == [65536, int(power_of_two(1)), 65536]


def test_softmax_refuses() -> None:
    with pytest.raises(RequestError, match="softmax of no scores"):
        softmax(np.zeros((3, 0), dtype=int), 1, 0)
    with pytest.raises(RequestError, match=r"multiplier: 65536..65536 is outside the legal range 0..65535"):
        softmax([1], 65536, 0)
    with pytest.raises(RequestError, match="a factor must be positive and finite"):
        softmax_factor(0.0)


# ---------------------------------------------------------------------------------------------------------------------
# GELU, latencies


def test_gelu_of_every_number_is_within_its_bound() -> None:
    x = np.arange(-(2**15), 2**15)
    exact = np.array([value * 0.5 * math.erfc(-value / 256 / math.sqrt(2)) for value in x.tolist()])
    error = np.abs(gelu(x) - exact)
    assert 0.5 < error.max() < 0.54
    assert (gelu(x)[x >= 1024] == x[x >= 1024]).all()
    assert (gelu(x)[x <= -1024] == 0).all()


def test_gelu_refuses_numbers_that_are_too_wide() -> None:
    with pytest.raises(RequestError, match=r"values: -32769..-32769 is outside the legal range -32768..32767"):
        gelu([-32769])


def test_latencies() -> None:
    assert unit_cycles("gelu", 64) == 68
    assert unit_cycles("rms_norm", 64) == 168
    assert unit_cycles("layer_norm", 64, 64) == 198
    assert unit_cycles("softmax", 1) == 20
    with pytest.raises(UnknownNameError) as caught:
        unit_cycles("tanh", 4)
    assert caught.value.message == "no non-linear unit is called 'tanh'"
    assert caught.value.hint == f"there are: {', '.join(UNITS)}"
    with pytest.raises(RequestError, match="softmax: a vector of 65 in a unit for 64"):
        unit_cycles("softmax", 65, 64)
