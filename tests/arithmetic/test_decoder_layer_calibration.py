"""From a real layer to an integer one: constants, formats, and what calibration refuses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tpugen.arithmetic.decoder_layer import (
    FloatLayer,
    FloatNorm,
    LayerShape,
    compare,
    quantise_layer,
    quantise_tokens,
    quantised_reference,
    random_layer,
    random_tokens,
    run_float,
    run_tokens,
)
from tpugen.errors import RequestError


def _shape(**changed: Any) -> LayerShape:
    return LayerShape(**{"d": 64, "heads": 4, "d_ff": 128, "context": 16, **changed})


def test_constants_are_the_real_factors_within_16_bits() -> None:
    shape = _shape(gated=True)
    real = random_layer(shape, 1)
    layer = quantise_layer(real, random_tokens(shape, 16, 2))
    s, unit = layer.scales, 2.0**-8
    before = {"W_X": s.context, "W_O": s.hidden}
    after = {"W_Q": s.q, "W_K": s.k, "W_V": s.v, "W_X": s.residual, "W_O": s.residual}
    for name, constant in layer.constants.items():
        exact = np.abs(real.matrices[name]).mean() * before.get(name, unit) / 127 / after.get(name, unit)
        assert 1 << 15 <= constant.multiplier < 1 << 16
        assert constant.value == pytest.approx(exact, rel=2.0**-16)
    assert layer.softmax.value == pytest.approx(s.q * s.k / 4 * math.log2(math.e) * 4096, rel=2.0**-16)


def test_queries_keys_and_values_use_all_of_int8_in_calibration() -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    tokens = random_tokens(shape, 16, 2)
    layer = quantise_layer(real, tokens)
    exact = run_float(quantised_reference(real), tokens)
    for name in "qkv":
        assert getattr(layer.scales, name) == pytest.approx(np.abs(getattr(exact, name)).max() / 127)
    assert layer.scales.context == layer.scales.v * 128 / 32767


@pytest.mark.parametrize(("louder", "scale"), [(0.001, 2.0**-8), (1.0, 2.0**-8), (100.0, 2.0**-4), (0.9e4, 2.0**2)])
def test_a_loud_residual_stream_gets_a_coarser_unit(louder: float, scale: float) -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    tokens = louder * random_tokens(shape, 16, 2)
    layer = quantise_layer(real, tokens)
    exact = run_float(quantised_reference(real), tokens)
    greatest = max(np.abs(values).max() for values in (exact.x, exact.x1, exact.x2))
    assert layer.scales.residual == scale
    assert 1.25 * greatest <= 32767 * scale
    assert scale == 2.0**-8 or 1.25 * greatest > 32767 * scale / 2
    if louder >= 1:
        assert compare(layer, quantised_reference(real), tokens).propagated[-1].cosine > 0.9999


@pytest.mark.parametrize("matrix", ["W_X", "W_O"])
def test_what_a_layer_adds_counts_for_the_unit_of_the_residual_stream(matrix: Any) -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    real = replace(real, matrices={**real.matrices, matrix: 1000 * real.matrices[matrix]})
    tokens = random_tokens(shape, 16, 2)
    exact = run_float(quantised_reference(real), tokens)
    layer = quantise_layer(real, tokens)
    greatest = max(np.abs(values).max() for values in (exact.x1, exact.x2))
    assert 1.25 * greatest / 32767 <= layer.scales.residual < 2.5 * greatest / 32767
    assert layer.scales.residual > 2.0**-8


def test_an_attention_that_the_network_takes_back_counts_too() -> None:
    """x1 is large where x2 is not: the unit must hold both."""
    shape = LayerShape(d=1, heads=1, d_ff=1, context=1, activation="relu2")
    one = np.ones((1, 1))
    matrices: dict[Any, np.ndarray] = {
        "W_Q": one,
        "W_K": one,
        "W_V": one,
        "W_X": 1000 * one,
        "W_I": one,
        "W_O": -1000 * one,
    }
    real = FloatLayer(shape, matrices, FloatNorm(np.ones(1)), FloatNorm(np.ones(1)))
    tokens = np.ones((1, 1))
    exact = run_float(quantised_reference(real), tokens)
    assert abs(exact.x2[0, 0]) < 2 < 1000 < exact.x1[0, 0]
    assert quantise_layer(real, tokens).scales.residual == 2.0**-4


def test_a_given_residual_scale_is_used() -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    tokens = random_tokens(shape, 16, 2)
    fine = quantise_layer(real, tokens, residual_scale=2.0**-10)
    plain = quantise_layer(real, tokens)
    assert fine.scales.residual == 2.0**-10
    assert fine.constants["W_X"].value == pytest.approx(4 * plain.constants["W_X"].value, rel=1e-4)
    assert fine.constants["W_Q"] == plain.constants["W_Q"]
    assert quantise_tokens(fine, np.array([1.0, -40.0])).tolist() == [1024, -32768]
    finer, coarser = (
        compare(layer, quantised_reference(real), tokens).propagated[0].relative_rms for layer in (fine, plain)
    )
    assert finer < coarser


@pytest.mark.parametrize("gated", [False, True])
def test_squares_get_the_shift_that_keeps_them_from_saturating(gated: bool) -> None:
    shape = _shape(activation="relu2", gated=gated)
    real = random_layer(shape, 1)
    loud = {name: FloatNorm(7.5 * norm.gains) for name, norm in (("norm1", real.norm1), ("norm2", real.norm2))}
    real = replace(real, **loud)
    tokens = random_tokens(shape, 16, 2)
    layer = quantise_layer(real, tokens)
    assert layer.activation_shift > 8
    assert (layer.gate_shift > 8) == gated
    assert layer.norm1.gain_fraction_bits < 12
    assert np.abs(layer.norm1.gains).max() > 1 << 14
    report = compare(layer, quantised_reference(real), tokens)
    h = next(e for e in report.propagated if e.operator == "h")
    assert h.at_limit == 0
    assert h.cosine > 0.99
    assert h.relative_rms < 0.1
    top = max(int(np.abs(trace.h).max()) for trace in run_tokens(layer, quantise_tokens(layer, tokens))[0])
    assert top > 32767 / 1.25**2 / 2.2  # not shifted further than needed


@pytest.mark.parametrize("gated", [False, True])
def test_squares_leave_the_square_of_the_headroom_and_no_more(gated: bool) -> None:
    shape = _shape(activation="relu2", gated=gated)
    tokens = random_tokens(shape, 16, 2)
    shifts = set()
    for louder in np.linspace(1.0, 6.0, 21):
        real = random_layer(shape, 1)
        real = replace(real, norm2=FloatNorm(louder * real.norm2.gains))
        layer = quantise_layer(real, tokens, headroom=1.25)
        exact = run_float(quantised_reference(real), tokens)
        inner = exact.u if exact.g is None else exact.g
        square, unit = 1.25**2 * (np.maximum(inner, 0) ** 2).max(), 2.0 ** (layer.activation_shift - 16)
        assert square <= 32767 * unit
        assert layer.activation_shift == 8 or square > 32767 * unit / 2
        hidden = 1.25**2 * np.abs(exact.h).max()
        assert hidden <= 32767 * layer.scales.hidden
        assert (layer.gate_shift if gated else layer.activation_shift) == 8 or hidden > 32767 * layer.scales.hidden / 2
        shifts.add((layer.activation_shift, layer.gate_shift))
    assert len(shifts) >= 3


def test_gains_and_biases_are_rounded() -> None:
    shape = LayerShape(d=4, heads=1, d_ff=4, context=2, norm="layer_norm")
    real = replace(
        random_layer(shape, 1), norm1=FloatNorm(np.array([1.0, -0.5, 7.9, 1e-4]), np.array([1, -0.3, 0, 200]))
    )
    layer = quantise_layer(real, random_tokens(shape, 2, 2))
    assert layer.norm1.gains.tolist() == [4096, -2048, 32358, 0]
    assert layer.norm1.biases is not None
    assert layer.norm1.biases.tolist() == [256, -77, 0, 32767]
    assert layer.norm1.gain_fraction_bits == 12


def test_a_gain_beyond_int16_is_refused() -> None:
    shape = LayerShape(d=4, heads=1, d_ff=4, context=2)
    real = replace(random_layer(shape, 1), norm1=FloatNorm(np.array([1.0, 40000.0, 0.0, 0.0])))
    with pytest.raises(RequestError) as caught:
        quantise_layer(real, random_tokens(shape, 2, 2))
    assert str(caught.value) == "a gain of 40000 does not fit int16\n  Gains must be 32767 at most."


@pytest.mark.parametrize(
    ("tokens", "options", "message"),
    [
        (np.full((1, 4), np.nan), {}, "calibration with headroom 1.25 on tokens of which 4 numbers are not finite"),
        (
            np.ones((1, 4)),
            {"headroom": 0.5},
            "calibration with headroom 0.5 on tokens of which 0 numbers are not finite",
        ),
        (np.ones((1, 4)), {"residual_scale": 0.0}, "a residual scale of 0.0"),
        (np.ones((1, 4)), {"residual_scale": math.inf}, "a residual scale of inf"),
        (np.ones((3, 4)), {}, "3 tokens do not fit a context of 2"),
    ],
)
def test_calibration_refuses(tokens: np.ndarray, options: dict[str, float], message: str) -> None:
    shape = LayerShape(d=4, heads=1, d_ff=4, context=2)
    with pytest.raises(RequestError) as caught:
        quantise_layer(random_layer(shape, 1), tokens, **options)
    assert caught.value.message == message
