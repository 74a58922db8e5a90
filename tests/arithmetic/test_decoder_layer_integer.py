"""The integer decoder layer against a second opinion on plain integers; its cache; what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from decoder_layer_second_opinion import PlainLayer
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.arithmetic.decoder_layer import (
    IntegerLayer,
    LayerShape,
    LayerState,
    LowBitWeights,
    quantise_layer,
    quantise_tokens,
    random_layer,
    random_tokens,
    run_token,
    run_tokens,
)
from tpugen.arithmetic.decoder_layer.tiles import exact_product
from tpugen.arithmetic.nonlinear import Factor
from tpugen.errors import RequestError


def _layer(seed: int = 1, **changed: Any) -> IntegerLayer:
    shape = LayerShape(**{"d": 16, "heads": 4, "d_ff": 24, "context": 6, **changed})
    return quantise_layer(random_layer(shape, seed), random_tokens(shape, shape.context, seed + 1))


SHAPES = st.builds(
    lambda heads, d_head, share, **rest: LayerShape(
        d=heads * d_head, heads=heads, kv_heads=max(n for n in range(1, share + 1) if heads % n == 0), **rest
    ),
    heads=st.integers(1, 4),
    d_head=st.integers(1, 5),
    share=st.integers(1, 4),
    d_ff=st.integers(1, 13),
    context=st.integers(1, 5),
    gated=st.booleans(),
    norm=st.sampled_from(["rms_norm", "layer_norm"]),
    activation=st.sampled_from(["gelu", "relu2"]),
    weights=st.sampled_from(["ternary", "binary"]),
)


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.integers(0, 2**32), st.sampled_from([0.3, 1.0, 30.0]))
def test_the_layer_equals_a_second_opinion(shape: LayerShape, seed: int, louder: float) -> None:
    layer = quantise_layer(random_layer(shape, seed), random_tokens(shape, shape.context, seed + 1))
    tokens = quantise_tokens(layer, louder * random_tokens(shape, shape.context, seed + 2))
    traces, _ = run_tokens(layer, tokens)
    plain = PlainLayer(layer)
    assert [trace.x2.tolist() for trace in traces] == [plain.token(x) for x in tokens.tolist()]


@settings(max_examples=25, deadline=None)
@given(SHAPES, st.integers(0, 2**32))
def test_any_constants_and_any_stream_equal_the_second_opinion(shape: LayerShape, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = quantise_layer(random_layer(shape, seed), random_tokens(shape, shape.context, seed))
    layer = replace(
        layer,
        constants={name: Factor(int(rng.integers(1 << 16)), int(rng.integers(12, 34))) for name in layer.constants},
        softmax=Factor(int(rng.integers(1 << 16)), int(rng.integers(0, 24))),
        activation_shift=int(rng.integers(0, 16)),
        gate_shift=int(rng.integers(0, 16)),
    )
    tokens = rng.integers(-(1 << 15), 1 << 15, (shape.context, shape.d), dtype=np.int64)
    traces, _ = run_tokens(layer, tokens)
    plain = PlainLayer(layer)
    assert [trace.x2.tolist() for trace in traces] == [plain.token(x) for x in tokens.tolist()]


def test_a_token_leaves_every_result_in_its_trace() -> None:
    layer = _layer(gated=True, kv_heads=2)
    traces, state = run_tokens(layer, quantise_tokens(layer, random_tokens(layer.shape, 3, 5)))
    trace = traces[2]
    assert [trace.position for trace in traces] == [0, 1, 2]
    assert (state.keys[:3] == [t.k for t in traces]).all()
    assert (state.values[:3] == [t.v for t in traces]).all()
    assert not state.keys[3:].any()
    assert trace.scores.shape == trace.p.shape == (4, 3)
    assert trace.p.max(axis=-1).tolist() == [255] * 4
    assert trace.p_sums.tolist() == trace.p.sum(axis=-1).tolist()
    assert trace.context.shape == trace.q.shape == (4, 4)
    assert trace.g is not None
    assert trace.g.shape == trace.u.shape == trace.h.shape == (24,)
    assert set(trace.products) == set(layer.shape.matrices)
    assert (trace.a4.values @ layer.matrices["W_O"].values.astype(int) == trace.products["W_O"].sums).all()
    # Head 3 uses key head 1: four heads share two.
    assert trace.scores[3].tolist() == [int(trace.q[3] @ state.keys[j, 1].astype(int)) for j in range(3)]


def test_the_state_given_is_not_changed() -> None:
    layer = _layer()
    tokens = quantise_tokens(layer, random_tokens(layer.shape, 2, 5))
    empty = LayerState.empty(layer.shape)
    _, state = run_token(layer, empty, tokens[0])
    kept = state.keys.copy()
    run_token(layer, state, tokens[1])
    assert not empty.keys.any()
    assert (empty.length, state.length) == (0, 1)
    assert (state.keys == kept).all()


def test_a_sequence_can_be_taken_up_again() -> None:
    layer = _layer()
    tokens = quantise_tokens(layer, random_tokens(layer.shape, 6, 5))
    whole, _ = run_tokens(layer, tokens)
    _, state = run_tokens(layer, tokens[:4])
    rest, _ = run_tokens(layer, tokens[4:], state=state)
    assert [t.x2.tolist() for t in rest] == [t.x2.tolist() for t in whole[4:]]


def test_an_earlier_position_is_overwritten_and_what_followed_forgotten() -> None:
    layer = _layer()
    tokens = quantise_tokens(layer, random_tokens(layer.shape, 6, 5))
    _, state = run_tokens(layer, tokens[:5])
    trace, state = run_token(layer, state, tokens[5], position=2)
    expected, _ = run_tokens(layer, [tokens[0], tokens[1], tokens[5]])
    assert (trace.position, state.length) == (2, 3)
    assert trace.x2.tolist() == expected[2].x2.tolist()


def test_a_full_cache_refuses_the_next_token() -> None:
    layer = _layer()
    _, state = run_tokens(layer, quantise_tokens(layer, random_tokens(layer.shape, 6, 5)))
    with pytest.raises(RequestError) as caught:
        run_token(layer, state, np.zeros(16, dtype=int))
    assert str(caught.value) == (
        "position 6 is outside a context of 6\n"
        "  The KV cache holds positions 0 to 5; start again at 0, or raise `context`."
    )


@pytest.mark.parametrize("position", [-1, 6])
def test_positions_outside_the_context_are_refused(position: int) -> None:
    layer = _layer()
    with pytest.raises(RequestError, match=f"position {position} is outside a context of 6"):
        run_token(layer, LayerState.empty(layer.shape), np.zeros(16, dtype=int), position=position)


@pytest.mark.parametrize("position", [2, 5])
def test_a_gap_is_refused(position: int) -> None:
    layer = _layer()
    _, state = run_token(layer, LayerState.empty(layer.shape), np.zeros(16, dtype=int))
    with pytest.raises(RequestError) as caught:
        run_token(layer, state, np.zeros(16, dtype=int), position=position)
    assert str(caught.value) == (
        f"position {position} comes after position 1, which was never written\n  Send position 1 next."
    )


def test_a_token_of_zeros_passes_unchanged() -> None:
    layer = _layer()
    trace, _ = run_token(layer, LayerState.empty(layer.shape), np.zeros(16, dtype=int))
    assert trace.a1.scale == 0
    assert not trace.x2.any()


def test_the_residual_stream_saturates() -> None:
    layer = _layer()
    loud = replace(layer, constants={**layer.constants, "W_O": Factor((1 << 16) - 1, 16)})
    tokens = np.full((1, 16), 32767) * np.where(np.arange(16) % 2, 1, -1)
    trace = run_tokens(loud, tokens)[0][0]
    assert {32767, -32768} & set(trace.y.tolist())
    assert (trace.x2 == np.clip(trace.x1 + trace.y, -32768, 32767)).all()
    assert (np.abs(trace.x1 + trace.y) > 32768).any()


def test_a_matrix_of_zeros_adds_nothing() -> None:
    shape = LayerShape(d=16, heads=4, d_ff=24, context=6)
    real = random_layer(shape, 1)
    real = replace(real, matrices={**real.matrices, "W_X": np.zeros((16, 16)), "W_V": np.zeros((16, 16))})
    layer = quantise_layer(real, random_tokens(shape, 6, 2))
    assert layer.constants["W_X"] == Factor(0, 0)
    trace = run_tokens(layer, quantise_tokens(layer, random_tokens(shape, 1, 3)))[0][0]
    assert not trace.v.any()
    assert not trace.o.any()
    assert (trace.x1 == trace.x).all()


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (np.zeros(15, dtype=int), "a token of shape (15,) and type int64, expected (16,) integers"),
        (np.zeros(16), "a token of shape (16,) and type float64, expected (16,) integers"),
        (np.full(16, 32768), "a token with numbers from 32768 to 32768 does not fit int16"),
        (np.full(16, -32769), "a token with numbers from -32769 to -32769 does not fit int16"),
    ],
)
def test_tokens_that_are_none_are_refused(token: np.ndarray, message: str) -> None:
    layer = _layer()
    with pytest.raises(RequestError) as caught:
        run_token(layer, LayerState.empty(layer.shape), token)
    assert caught.value.message == message


@pytest.mark.parametrize("level", [-128, 127])
def test_products_of_the_longest_row_are_exact(level: int) -> None:
    weights = np.ones((1 << 16, 1), dtype=np.int8)
    assert exact_product(weights, np.full(1 << 16, level)).sums.tolist() == [level << 16]
    mixed = np.random.default_rng(1).integers(-127, 128, 1 << 16)
    signs = np.random.default_rng(2).integers(-1, 2, (1 << 16, 3)).astype(np.int8)
    assert (exact_product(signs, mixed).sums == mixed @ signs.astype(np.int64)).all()


def test_weights_are_inputs_by_outputs() -> None:
    low = LowBitWeights(np.array([[1, 0], [0, -1], [1, 1]], dtype=np.int8), 1.0)
    assert exact_product(low.values, np.array([1, 10, 100])).sums.tolist() == [101, 90]
