"""Ternary and binary weights against the published formulas, element by element."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.arithmetic.decoder_layer import binarise, quantise_weights, ternarise
from tpugen.errors import RequestError

REALS = st.floats(-100, 100, allow_subnormal=False, width=32)
MATRICES = st.lists(REALS, min_size=1, max_size=24).map(lambda values: np.array(values, dtype=np.float64)[:, None])


@given(MATRICES)
def test_ternary_weights_are_round_and_clip_of_the_weight_over_the_mean_magnitude(weights: np.ndarray) -> None:
    low = ternarise(weights)
    mean = sum(abs(w) for w in weights.ravel().tolist()) / weights.size
    assert math.isclose(low.scale, mean, rel_tol=1e-12)
    for weight, value in zip(weights.ravel().tolist(), low.values.ravel().tolist(), strict=True):
        expected = max(-1, min(1, round(weight / low.scale))) if low.scale else 0
        assert value == expected


@given(MATRICES)
def test_binary_weights_are_the_side_of_the_mean(weights: np.ndarray) -> None:
    low = binarise(weights)
    mean = weights.mean()
    assert low.scale == np.abs(weights).mean()
    assert [v == 1 for v in low.values.ravel()] == [w > mean for w in weights.ravel()]
    assert set(low.values.ravel().tolist()) <= {-1, 1}


def test_the_threshold_of_a_ternary_weight_is_half_the_mean_magnitude() -> None:
    weights = np.array([[1.0, -1.0, 0.49, -0.49, 0.51, -0.51, 2.0, -2.0]])
    weights *= 8 / np.abs(weights).sum()  # mean magnitude 1
    thresholds = weights[0] / np.abs(weights).mean()
    assert ternarise(weights).values[0].tolist() == [int(np.sign(t)) if abs(t) > 0.5 else 0 for t in thresholds]
    assert ternarise(np.array([[0.5, 1.5, -0.5, -1.5]])).values[0].tolist() == [0, 1, 0, -1]


def test_the_real_weights_are_value_times_scale() -> None:
    low = ternarise(np.array([[3.0, -0.1], [0.0, -2.9]]))
    assert low.values.tolist() == [[1, 0], [0, -1]]
    assert low.values.dtype == np.int8
    assert low.real.tolist() == [[1.5, 0.0], [0.0, -1.5]]


def test_a_matrix_of_zeros_stays_zero() -> None:
    low = ternarise(np.zeros((3, 2)))
    assert low.scale == 0.0
    assert not low.values.any()


@pytest.mark.parametrize("kind", ["ternary", "binary"])
def test_kinds(kind: str) -> None:
    weights = np.random.default_rng(1).normal(size=(8, 8))
    expected = ternarise(weights) if kind == "ternary" else binarise(weights)
    got = quantise_weights(weights, kind)  # type: ignore[arg-type]
    assert got.scale == expected.scale
    assert (got.values == expected.values).all()
    assert (got.values == 0).any() == (kind == "ternary")


@pytest.mark.parametrize("weights", [np.array([[np.nan]]), np.array([[np.inf, 1.0]]), np.zeros((0, 4))])
def test_weights_that_are_no_numbers_are_refused(weights: np.ndarray) -> None:
    with pytest.raises(RequestError) as caught:
        quantise_weights(weights, "ternary")
    assert str(caught.value) == (
        f"a weight matrix of shape {weights.shape} holds no finite numbers\n  Weights must be finite and at least one."
    )
