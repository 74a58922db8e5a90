"""The integer layer against float64: the stated bound of every operator, and the report."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.arithmetic.decoder_layer import (
    CrossbarOptions,
    LayerShape,
    compare,
    describe,
    program,
    quantise_layer,
    quantise_tokens,
    quantised_reference,
    random_layer,
    random_tokens,
    real_trace,
    run_float,
    run_tokens,
)
from tpugen.arithmetic.decoder_layer.bounds import local_bounds
from tpugen.arithmetic.decoder_layer.comparison import local_results
from tpugen.arithmetic.nonlinear import Factor

VARIANTS: list[dict[str, Any]] = [
    {},
    {"weights": "binary"},
    {"norm": "layer_norm"},
    {"activation": "relu2"},
    {"gated": True, "kv_heads": 2},
    {"gated": True, "kv_heads": 1, "activation": "relu2", "norm": "layer_norm"},
]


def _shape(**changed: Any) -> LayerShape:
    return LayerShape(**{"d": 64, "heads": 4, "d_ff": 128, "context": 16, **changed})


@pytest.mark.parametrize("changed", VARIANTS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), scale=st.sampled_from([2.0**-8, 2.0**-10, 0.003]))
def test_every_operator_keeps_its_stated_bound(changed: dict[str, Any], seed: int, scale: float) -> None:
    shape = _shape(**{**changed, "d": 32, "d_ff": 48, "context": 8})
    real = random_layer(shape, seed)
    tokens = random_tokens(shape, 8, seed + 1)
    layer = quantise_layer(real, tokens, residual_scale=scale)
    traces, _ = run_tokens(layer, quantise_tokens(layer, tokens))
    got = real_trace(layer, traces)
    bounds = local_bounds(layer, real, traces, got)
    exact = local_results(shape, quantised_reference(real), got)
    assert set(bounds) == set(exact)
    ends = {"q": 127, "k": 127, "v": 127}
    for name, wanted in exact.items():
        kept = np.isfinite(wanted)
        if name not in ("scores", "p"):
            top = ends.get(name, 32767)
            raw = np.stack([getattr(trace, name) for trace in traces])
            kept = (raw < top) & (raw > -top)
        error = np.abs(got[name][kept] - wanted[kept])
        assert (error <= np.broadcast_to(bounds[name], wanted.shape)[kept] + 1e-12).all(), name
        assert kept.mean() > 0.5


def test_the_bounds_are_not_slack() -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    layer = quantise_layer(real, random_tokens(shape, 16, 2))
    traces, _ = run_tokens(layer, quantise_tokens(layer, random_tokens(shape, 16, 2)))
    got = real_trace(layer, traces)
    bounds = local_bounds(layer, real, traces, got)
    exact = local_results(shape, quantised_reference(real), got)
    names = ("n1", "n2", "h", "o", "q", "p", "context")
    used = {name: float((np.abs(got[name] - exact[name]) / bounds[name]).max()) for name in names}
    assert min(used["n1"], used["n2"]) > 0.9
    assert used["h"] > 0.6
    assert min(used["o"], used["q"]) > 0.25
    assert used["context"] > 0.9
    assert used["p"] > 0.25


@pytest.mark.parametrize("changed", VARIANTS)
def test_the_layer_is_close_to_float64_on_tokens_it_was_not_calibrated_on(changed: dict[str, Any]) -> None:
    shape = _shape(**changed)
    real = random_layer(shape, 1)
    layer = quantise_layer(real, random_tokens(shape, 16, 2))
    report = compare(layer, quantised_reference(real), random_tokens(shape, 16, 3))
    errors = {error.operator: error for error in report.propagated}
    assert errors["x2"].cosine > 0.9999
    assert errors["x2"].relative_rms < 0.01
    assert errors["x2"].max_error < 0.06
    assert min(error.cosine for error in report.propagated) > 0.999
    assert max(error.relative_rms for error in report.propagated) < 0.035
    assert {e.operator: e.max_error for e in report.local}["x2"] == 0
    assert all(e.at_limit == 0 for e in report.propagated if e.at_limit is not None and e.operator not in "qkv")
    low_bit = {error.operator: error for error in compare(layer, real, random_tokens(shape, 16, 3)).propagated}
    assert low_bit["q"].relative_rms > 20 * errors["q"].relative_rms  # the weights' own error is counted


def test_attention_over_a_long_context_loses_nothing() -> None:
    """Of 512 positions each weighs little, and yet the context vector is as good as that of 16."""
    shape = _shape(context=512)
    real = random_layer(shape, 1)
    layer = quantise_layer(real, random_tokens(shape, 512, 2))
    reference, tokens = quantised_reference(real), random_tokens(shape, 512, 3)
    report = compare(layer, reference, tokens)
    errors = {error.operator: error.relative_rms for error in report.propagated}
    assert errors["context"] < 0.018
    assert errors["x2"] < 0.004
    own = {error.operator: error.relative_rms for error in report.local}
    assert own["p"] < 0.0025
    assert own["context"] < 0.0003
    assert run_float(reference, tokens).p[-1].max() < 0.05  # flat enough: 13 of 255ths at most


def test_narrower_adcs_never_clip_less_and_wide_ones_never_at_all() -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    layer = quantise_layer(real, random_tokens(shape, 16, 2))
    weights = {name: low.values for name, low in layer.matrices.items()}
    reports = []
    for bits in (3, 4, 5, 6, 9):
        tiles = program(shape, weights, CrossbarOptions(adc_bits=bits))
        reports.append(compare(layer, quantised_reference(real), random_tokens(shape, 16, 3), tiles=tiles))
    for matrix in range(6):
        rates = [report.clipping[matrix].rate for report in reports]
        assert rates == sorted(rates, reverse=True)
        assert rates[0] > 0.1
        assert rates[-1] == 0.0
    assert reports[0].propagated[-1].relative_rms > 10 * reports[-1].propagated[-1].relative_rms
    ideal = compare(layer, quantised_reference(real), random_tokens(shape, 16, 3))
    assert ideal.propagated == reports[-1].propagated
    assert ideal.clipping == ()


def test_clipping_is_counted_by_matrix() -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    layer = quantise_layer(real, random_tokens(shape, 16, 2))
    tiles = program(shape, {n: low.values for n, low in layer.matrices.items()}, CrossbarOptions(adc_bits=4))
    tokens = random_tokens(shape, 3, 3)
    report = compare(layer, quantised_reference(real), tokens, tiles=tiles)
    traces, _ = run_tokens(layer, quantise_tokens(layer, tokens), tiles=tiles)
    first = report.clipping[0]
    assert first.matrix == "W_Q"
    assert first.conversions == 3 * 8 * 64
    assert first.planes == 24
    assert first.clips == sum(int(trace.products["W_Q"].clips) for trace in traces) > 0
    assert first.rate == first.clips / first.conversions
    assert f"W_Q {first.clips} of 1536 conversions clipped ({first.rate:.4%})" in describe(report)


def test_errors_are_what_their_names_say() -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    layer = quantise_layer(real, random_tokens(shape, 16, 2))
    tokens = random_tokens(shape, 16, 3)
    reference = quantised_reference(real)
    report = compare(layer, reference, tokens)
    a = real_trace(layer, run_tokens(layer, quantise_tokens(layer, tokens))[0])["y"].ravel()
    b = run_float(reference, tokens).y.ravel()
    error = next(e for e in report.propagated if e.operator == "y")
    assert error.max_error == max(abs(a - b))
    assert error.mean_error == pytest.approx(sum(abs(a - b)) / a.size)
    assert error.relative_rms == pytest.approx(math.sqrt(sum((a - b) ** 2) / sum(b**2)))
    assert error.cosine == pytest.approx(sum(a * b) / math.sqrt(sum(a**2) * sum(b**2)))
    p = next(e for e in report.propagated if e.operator == "p")
    exact = run_float(reference, tokens).p
    got = real_trace(layer, run_tokens(layer, quantise_tokens(layer, tokens))[0])["p"]
    seen = [abs(got[t, h, j] - exact[t, h, j]) for t in range(16) for h in range(4) for j in range(t + 1)]
    assert p.mean_error == pytest.approx(sum(seen) / len(seen))
    assert p.at_limit is None


def test_numbers_at_the_limit_are_counted() -> None:
    shape = _shape()
    real = random_layer(shape, 1)
    tokens = random_tokens(shape, 16, 2)
    layer = quantise_layer(real, tokens)
    tight = replace(layer, constants={**layer.constants, "W_Q": Factor(layer.constants["W_Q"].multiplier, 26)})
    shares = {e.operator: e.at_limit for e in compare(tight, quantised_reference(real), tokens).propagated}
    q = np.stack([trace.q for trace in run_tokens(tight, quantise_tokens(layer, tokens))[0]])
    assert shares["q"] == np.mean((q == 127) | (q == -128)) > 0.05
    assert shares["x2"] == 0


def test_the_text_of_a_report() -> None:
    shape = _shape(gated=True)
    real = random_layer(shape, 1)
    layer = quantise_layer(real, random_tokens(shape, 16, 2))
    lines = describe(compare(layer, quantised_reference(real), random_tokens(shape, 4, 3))).split("\n")
    assert lines[0] == "4 tokens"
    assert " ".join(lines[1].split()) == "operator cosine rel. rms max err. mean err. own rms at limit"
    names = ["n1", "q", "k", "v", "scores", "p", "context", "o", "x1", "n2", "g", "u", "h", "y", "x2"]
    assert [line.split()[0] for line in lines[2:]] == names
    assert lines[6].split()[-1] == "-"
    assert lines[-1].split()[-1] == "0.0000%"
