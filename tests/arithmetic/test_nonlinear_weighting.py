"""Softmax as weights under the row's maximum, weighted means: definitions, error bounds against float64, corners."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tpugen.arithmetic.nonlinear import Factor, softmax, softmax_factor, softmax_weights, weighted_mean
from tpugen.arithmetic.nonlinear.softmax import power_of_two
from tpugen.arithmetic.nonlinear.weighting import WEIGHT_ERROR, share_bound, weighted_mean_bound
from tpugen.errors import RequestError

Floats = npt.NDArray[np.float64]
INT32 = st.integers(-(2**31), 2**31 - 1)


def rounded(value: Fraction) -> int:
    """To nearest, halves away from zero."""
    whole = math.floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def plain_weights(scores: list[int], multiplier: int, shift: int) -> list[int]:
    """One score at a time in plain Python, from the description of the method."""
    exponents = [rounded(Fraction(score * multiplier, 2**shift)) for score in scores]
    exponents = [min(max(t, -(2**23)), 2**23 - 1) for t in exponents]
    weights = []
    for t in exponents:
        whole, fraction = divmod(max(exponents) - t, 4096)
        chord, along = divmod(fraction, 256)
        ends = [round(2 ** (16 - k / 16)) for k in (chord, chord + 1)]
        power = ends[0] - math.floor(Fraction((ends[0] - ends[1]) * along, 256) + Fraction(1, 2))
        weights.append(rounded(Fraction(255 * power, 2 ** (16 + whole))))
    return weights


def exact_weights(scores: npt.ArrayLike, factor: Factor) -> Floats:
    """Float64 powers of unrounded exponents, under the greatest."""
    exponents = np.asarray(scores, dtype=np.float64) * factor.value / 4096
    weights: Floats = np.exp2(exponents - exponents.max(axis=-1, keepdims=True))
    return weights


# ---------------------------------------------------------------------------------------------------------------------
# Weights


@given(
    st.lists(INT32 | st.integers(-3000, 3000), min_size=1, max_size=30), st.integers(0, 2**16 - 1), st.integers(0, 63)
)
@example([-(2**31), 2**31 - 1], 2**16 - 1, 0)
@example([0, -9 * 4096, -8 * 4096, -8 * 4096 - 1], 1, 0)
def test_weights_are_the_method_described(scores: list[int], multiplier: int, shift: int) -> None:
    weights, total = softmax_weights(scores, multiplier, shift)
    assert weights.tolist() == plain_weights(scores, multiplier, shift)
    assert total == sum(weights.tolist())


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 500), st.floats(-8, 8), st.integers(8, 18), st.booleans())
def test_weights_shares_and_means_keep_their_error_bounds(
    seed: int, length: int, spread: float, bits: int, lifted: bool
) -> None:
    rng = np.random.default_rng(seed)
    scores, factor = rng.integers(-(2**bits), 2**bits, length), softmax_factor(2.0**spread / 2**bits)
    if lifted:
        scores[rng.integers(length)] = 2 ** (bits + 1)
    weights, total = softmax_weights(scores, *factor)
    exact = exact_weights(scores, factor)
    assert (np.abs(weights / 255 - exact) <= WEIGHT_ERROR * exact + 1 / 510 + 1e-12).all()
    assert weights[np.argmax(scores)] == 255
    assert (np.diff(weights[np.argsort(scores, kind="stable")]) >= 0).all()
    shares = exact / exact.sum()
    assert (np.abs(weights / total - shares) <= share_bound(length, total, shares) + 1e-12).all()
    values = rng.integers(-128, 128, length)
    mean = weighted_mean(int(weights @ values), total) * 128 / 32767
    bound = weighted_mean_bound(length, total, np.ptp(values)) + 0.5 * 128 / 32767
    assert abs(mean - shares @ values) <= bound + 1e-9


@pytest.mark.parametrize("length", [16, 512, 4096])
def test_flat_rows_lose_nothing(length: int) -> None:
    """Equal scores: shares are exact and means off by half a unit, whereas probabilities in 255ths vanish."""
    factor = softmax_factor(0.01)
    rng = np.random.default_rng(length)
    values = rng.integers(-128, 128, (8, length))
    weights, total = softmax_weights(np.full(length, -77), *factor)
    assert set(weights.tolist()) == {255}
    assert total == 255 * length
    means = weighted_mean(values @ weights, total) * 128 / 32767
    assert np.abs(means - values.mean(axis=-1)).max() <= 0.5 * 128 / 32767 + 1e-12
    assert softmax(np.full(length, -77), *factor).tolist() == [round(255 / length)] * length


@pytest.mark.parametrize(("length", "worst"), [(16, 0.003), (512, 0.004), (4096, 0.004)])
def test_nearly_flat_rows_stay_near(length: int, worst: float) -> None:
    """Logits within +-0.3: the stated bound is below `worst` of the values' spread, the errors below a tenth of it."""
    rng = np.random.default_rng(length)
    scores, factor = rng.integers(-300, 301, (20, length)), softmax_factor(0.001)
    values = rng.integers(-128, 128, (20, length))
    weights, total = softmax_weights(scores, *factor)
    exact = exact_weights(scores, factor)
    shares = exact / exact.sum(axis=-1, keepdims=True)
    means = weighted_mean((weights * values).sum(axis=-1), total) * 128 / 32767
    error = np.abs(means - (shares * values).sum(axis=-1))
    bound = weighted_mean_bound(length, total, 255)
    assert (error <= bound + 0.5 * 128 / 32767).all()
    assert bound.max() <= worst * 255
    assert error.max() <= 0.1 * worst * 255
    assert (np.abs(weights / total[:, None] - shares) <= share_bound(length, total, shares)).all()
    assert (share_bound(length, total, shares) <= 0.008 / length).all()


@pytest.mark.parametrize(
    ("deviation", "weighted", "normalised"), [(1.0, 0.015, 0.79), (2.0, 0.101, 0.285), (4.0, 0.053, 0.027)]
)
def test_how_far_means_over_long_rows_of_normal_logits_are_off(
    deviation: float, weighted: float, normalised: float
) -> None:
    """4096 positions: what is said of weights and of probabilities in 255ths."""
    rng = np.random.default_rng(4096)
    scores = np.rint(rng.normal(0, 1000 * deviation, (20, 4096))).astype(int)
    factor, values = softmax_factor(0.001), rng.integers(-128, 128, (20, 4096))
    exact = exact_weights(scores, factor)
    wanted = (exact * values).sum(axis=-1) / exact.sum(axis=-1)
    weights, total = softmax_weights(scores, *factor)
    means = weighted_mean((weights * values).sum(axis=-1), total) * 128 / 32767
    old = (softmax(scores, *factor) * values).sum(axis=-1) / 255
    for got, error in ((means, weighted), (old, normalised)):
        assert np.sqrt(np.square(got - wanted).mean() / np.square(wanted).mean()) == pytest.approx(error, rel=0.05)


def test_one_high_above_many_is_what_the_bound_warns_of() -> None:
    """4095 weights just below a half round to 0: together they weigh eight times what the greatest does."""
    scores = np.where(np.arange(4096) == 0, 37000, 0)
    weights, total = softmax_weights(scores, 1, 0)
    assert total == 255
    exact = exact_weights(scores, Factor(1, 0))
    shares = exact / exact.sum()
    assert 0.1 < shares[0] < 0.15
    assert abs(1 - shares[0]) <= share_bound(4096, total, shares)[0]
    assert weighted_mean_bound(4096, total, 200.0) == 200.0
    assert weights[1] == 0


def test_the_relative_error_is_reached_by_half() -> None:
    fractions = np.arange(4096)
    relative = power_of_two(fractions) / 2.0 ** (16 - fractions / 4096) - 1
    assert 0.5 * WEIGHT_ERROR < np.abs(relative).max() < WEIGHT_ERROR == pytest.approx(4.35e-4, rel=0.01)


def test_weights_of_a_batch_are_those_of_each_row() -> None:
    scores = np.random.default_rng(3).integers(-900, 900, (2, 3, 17))
    weights, total = softmax_weights(scores, *softmax_factor(0.004))
    assert total.shape == (2, 3)
    for index in np.ndindex(2, 3):
        alone = softmax_weights(scores[index], *softmax_factor(0.004))
        assert (weights[index] == alone.weights).all()
        assert total[index] == alone.sums


def test_weights_refuse() -> None:
    with pytest.raises(RequestError, match="softmax of no scores"):
        softmax_weights(np.zeros((3, 0), dtype=int), 1, 0)
    with pytest.raises(RequestError, match=r"multiplier: 65536..65536 is outside the legal range 0..65535"):
        softmax_weights([1], 65536, 0)
    with pytest.raises(RequestError, match=r"shift: 64..64 is outside the legal range 0..63"):
        softmax_weights([1], 1, 64)


# ---------------------------------------------------------------------------------------------------------------------
# Means


@given(st.lists(st.tuples(INT32 | st.integers(-(2**15), 2**15), st.integers(0, 2**24 - 1) | st.integers(0, 300))))
@example([(64, 1), (-64, 1), (64 * 3, 3), (-64 * 3, 3)])
@example([(128, 1), (-128, 1), (129, 1), (-(2**31), 1), (2**31 - 1, 2**24 - 1)])
@example([(5, 0), (0, 0), (-(2**31), 0)])
def test_means_are_exactly_rounded_and_limited(pairs: list[tuple[int, int]]) -> None:
    operands = np.array([a for a, _ in pairs], dtype=np.int64)
    sums = np.array([s for _, s in pairs], dtype=np.int64)
    for (a, s), got in zip(pairs, weighted_mean(operands, sums).tolist(), strict=True):
        wanted = rounded(Fraction(32767 * a, 128 * s)) if s else 0
        assert got == max(-32767, min(32767, wanted))


@given(st.lists(st.tuples(st.integers(1, 255), st.integers(-128, 127)), min_size=1, max_size=40))
def test_means_of_real_rows_are_never_limited(row: list[tuple[int, int]]) -> None:
    weights, values = zip(*row, strict=True)
    exact = Fraction(sum(w * v for w, v in row), sum(weights))
    mean = int(weighted_mean(sum(w * v for w, v in row), sum(weights)))
    assert abs(Fraction(128 * mean, 32767) - exact) <= Fraction(64, 32767)  # half a unit
    assert min(values) - Fraction(64, 32767) <= Fraction(128 * mean, 32767) <= max(values) + Fraction(64, 32767)


def test_a_sum_serves_all_columns_of_its_row() -> None:
    operands = np.array([[64, -64], [64, 128]])
    assert weighted_mean(operands, np.array([1, 2])[:, None]).tolist() == [[16384, -16384], [8192, 16384]]


def test_means_refuse() -> None:
    with pytest.raises(RequestError, match=r"sums: 16777216..16777216 is outside the legal range 0..16777215"):
        weighted_mean([1], [1 << 24])
    with pytest.raises(RequestError, match=r"sums: -1..-1 is outside"):
        weighted_mean([1], [-1])
    with pytest.raises(RequestError, match="accumulators: integers are expected, not float64"):
        weighted_mean([1.0], [1])
