"""The float64 layer against PyTorch and against a layer of the transformers library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tpugen.arithmetic.decoder_layer import FloatLayer, FloatNorm, LayerShape, random_layer, random_tokens, run_float
from tpugen.errors import RequestError

VARIANTS: list[dict[str, Any]] = [
    {},
    {"norm": "layer_norm", "activation": "relu2"},
    {"kv_heads": 2, "gated": True},
    {"kv_heads": 1, "gated": True, "activation": "relu2", "norm": "layer_norm"},
]


def _shape(**changed: Any) -> LayerShape:
    return LayerShape(**{"d": 24, "heads": 4, "d_ff": 36, "context": 12, **changed})


def _torch_layer(layer: FloatLayer, tokens: np.ndarray) -> torch.Tensor:
    shape = layer.shape
    m = {name: torch.from_numpy(matrix) for name, matrix in layer.matrices.items()}

    def norm(x: torch.Tensor, norm: FloatNorm) -> torch.Tensor:
        gains = torch.from_numpy(norm.gains)
        if norm.biases is None:
            return functional.rms_norm(x, (shape.d,), gains, eps=1e-5)
        return functional.layer_norm(x, (shape.d,), gains, torch.from_numpy(norm.biases), eps=1e-5)

    def act(x: torch.Tensor) -> torch.Tensor:
        return functional.gelu(x) if shape.activation == "gelu" else functional.relu(x) ** 2

    def heads(x: torch.Tensor) -> torch.Tensor:
        return x.view(len(x), -1, shape.d // shape.heads).transpose(0, 1)

    x = torch.from_numpy(tokens)
    n1 = norm(x, layer.norm1)
    attended = functional.scaled_dot_product_attention(
        heads(n1 @ m["W_Q"]), heads(n1 @ m["W_K"]), heads(n1 @ m["W_V"]), is_causal=True, enable_gqa=True
    )
    x1 = x + attended.transpose(0, 1).reshape(len(x), shape.d) @ m["W_X"]
    n2 = norm(x1, layer.norm2)
    hidden = act(n2 @ m["W_G"]) * (n2 @ m["W_I"]) if shape.gated else act(n2 @ m["W_I"])
    return x1 + hidden @ m["W_O"]


@pytest.mark.parametrize("changed", VARIANTS)
def test_the_layer_is_what_pytorch_computes(changed: dict[str, Any]) -> None:
    layer = random_layer(_shape(**changed), seed=3)
    tokens = random_tokens(layer.shape, 12, seed=4)
    trace = run_float(layer, tokens)
    np.testing.assert_allclose(trace.x2, _torch_layer(layer, tokens).numpy(), rtol=1e-11, atol=1e-11)


def test_later_tokens_change_nothing_before_them() -> None:
    layer = random_layer(_shape(), seed=1)
    tokens = random_tokens(layer.shape, 12, seed=2)
    whole, part = run_float(layer, tokens), run_float(layer, tokens[:5])
    np.testing.assert_allclose(whole.x2[:5], part.x2, rtol=1e-12)
    assert np.isneginf(whole.scores[4, :, 5:]).all()
    assert not whole.p[4, :, 5:].any()
    np.testing.assert_allclose(whole.p.sum(axis=-1), 1.0)


def test_seeds_decide() -> None:
    shape = _shape(norm="layer_norm")
    one, same, other = random_layer(shape, 7), random_layer(shape, 7), random_layer(shape, 8)
    assert all((one.matrices[name] == same.matrices[name]).all() for name in shape.matrices)
    assert not (one.matrices["W_Q"] == other.matrices["W_Q"]).any()
    assert (random_tokens(shape, 3, 1) == random_tokens(shape, 3, 1)).all()
    assert not (random_tokens(shape, 3, 1) == random_tokens(shape, 3, 2)).any()


def test_every_32nd_channel_is_an_outlier() -> None:
    shape = _shape(d=64, context=4096)
    spread = random_tokens(shape, 4096, 1, outliers=10.0).std(axis=0)
    assert spread[[0, 32]] == pytest.approx([10.0, 10.0], rel=0.1)
    assert np.delete(spread, [0, 32]) == pytest.approx(np.ones(62), rel=0.1)


def test_weights_that_do_not_fit_are_all_named() -> None:
    shape = _shape()
    good = random_layer(shape, 1)
    matrices: dict[Any, Any] = {**good.matrices, "W_Q": np.zeros((3, 3)), "W_Z": np.zeros((1, 1))}
    del matrices["W_O"]
    with pytest.raises(RequestError) as caught:
        FloatLayer(shape, matrices, FloatNorm(np.ones(5)), FloatNorm(np.ones(24), np.zeros(24)))
    assert str(caught.value) == (
        "the weights do not fit the layer: W_Z is not part of it; W_Q has shape (3, 3), expected (24, 24); "
        "W_O is missing; norm1 has gains of shape (5,), expected (24,); norm2 has biases, but is a rms_norm\n"
        "  Matrices are stored (inputs, outputs); a PyTorch Linear stores the transpose."
    )


def test_missing_and_misshapen_biases_are_named() -> None:
    shape = _shape(norm="layer_norm")
    good = random_layer(shape, 1)
    with pytest.raises(RequestError, match="norm1 lacks biases, but is a layer_norm; norm2 has biases of shape"):
        FloatLayer(shape, good.matrices, FloatNorm(np.ones(24)), FloatNorm(np.ones(24), np.zeros(2)))


@pytest.mark.parametrize("tokens", [np.zeros((2, 23)), np.zeros(24), np.zeros((0, 24))])
def test_tokens_of_another_shape_are_refused(tokens: np.ndarray) -> None:
    with pytest.raises(RequestError) as caught:
        run_float(random_layer(_shape(), 1), tokens)
    assert str(caught.value) == (
        f"tokens have shape {tokens.shape}, expected (T, 24) with T of at least 1\n"
        "  Each row is the residual stream of one position."
    )


def test_more_tokens_than_the_context_holds_are_refused() -> None:
    with pytest.raises(RequestError) as caught:
        run_float(random_layer(_shape(), 1), np.zeros((13, 24)))
    assert str(caught.value) == "13 tokens do not fit a context of 12\n  Send at most 12, or raise `context` to 13."
