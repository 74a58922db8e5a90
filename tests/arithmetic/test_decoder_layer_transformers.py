"""Layers of the transformers library, built from a configuration with weights of a fixed seed: nothing is downloaded.

The float64 reference equals them, and the integer layer made of their weights follows both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from tpugen.arithmetic.decoder_layer import (
    FloatLayer,
    FloatNorm,
    LayerShape,
    OperatorError,
    compare,
    describe,
    quantise_layer,
    quantised_reference,
    random_tokens,
    run_float,
)

TOKENS = 16
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Foreign:
    """Somebody else's layer.

    Attributes:
        real: Its weights as the reference takes them.
        run: From tokens, shape (T, d), to the residual stream after it.
        tolerance: How closely the reference must follow: LLaMA's norm computes in float32 whatever it is given.
    """

    real: FloatLayer
    run: Callable[[np.ndarray], np.ndarray]
    tolerance: float


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy().copy()


def liven(*norms: Any) -> None:
    """Gains and biases of new norms are ones and zeros, which would hide mistakes."""
    for norm in norms:
        norm.weight.data.uniform_(0.5, 1.5)
        if getattr(norm, "bias", None) is not None:
            norm.bias.data.normal_(0.0, 0.1)


def gpt2() -> Foreign:
    """LayerNorm, GELU: a block of GPT-2 without the biases of its projections and without position embedding."""
    from transformers import GPT2Config, GPT2Model

    torch.manual_seed(7)
    sizes = {"n_embd": 64, "n_head": 4, "n_inner": 128, "n_layer": 1, "n_positions": TOKENS, "vocab_size": 8}
    quiet = {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
    silent = {"bos_token_id": None, "eos_token_id": None}
    config = GPT2Config(**sizes, **quiet, **silent, activation_function="gelu", initializer_range=0.1)
    model = GPT2Model(config).double().eval()
    model.wpe.weight.data.zero_()
    model.ln_f = torch.nn.Identity()
    block = model.h[0]
    for projection in (block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj):
        projection.bias.data.zero_()
    liven(block.ln_1, block.ln_2)

    q, k, v = np.split(array(block.attn.c_attn.weight), 3, axis=1)
    modules = {"W_X": block.attn.c_proj, "W_I": block.mlp.c_fc, "W_O": block.mlp.c_proj}
    matrices: dict[Any, np.ndarray] = {name: array(module.weight) for name, module in modules.items()}
    matrices |= {"W_Q": q, "W_K": k, "W_V": v}
    norms = [FloatNorm(array(norm.weight), array(norm.bias)) for norm in (block.ln_1, block.ln_2)]
    shape = LayerShape(d=64, heads=4, d_ff=128, context=TOKENS, norm="layer_norm")

    def run(tokens: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(inputs_embeds=torch.from_numpy(tokens)[None]).last_hidden_state[0].numpy()

    return Foreign(FloatLayer(shape, matrices, *norms), run, 1e-10)


def llama(activation: str, key_heads: int) -> Foreign:
    """RMSNorm, gated, grouped queries: a layer of LLaMA, its rotation by angles of zero, with another activation."""
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaDecoderLayer

    torch.manual_seed(8)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": key_heads}
    config = LlamaConfig(**sizes, hidden_act=activation, rms_norm_eps=1e-5, attn_implementation="eager")
    layer = LlamaDecoderLayer(config, 0).double().eval()
    for weights in layer.parameters():
        if weights.ndim == 2:
            torch.nn.init.normal_(weights, 0.0, 0.1)
    liven(layer.input_layernorm, layer.post_attention_layernorm)
    attention, network = layer.self_attn, layer.mlp
    modules: dict[Any, Any] = {
        "W_Q": attention.q_proj, "W_K": attention.k_proj, "W_V": attention.v_proj, "W_X": attention.o_proj,
        "W_G": network.gate_proj, "W_I": network.up_proj, "W_O": network.down_proj,
    }  # fmt: skip
    matrices = {name: array(module.weight).T for name, module in modules.items()}
    norms = [FloatNorm(array(norm.weight)) for norm in (layer.input_layernorm, layer.post_attention_layernorm)]
    shape = LayerShape(
        d=64, heads=4, d_ff=128, context=TOKENS, kv_heads=key_heads, gated=True, norm="rms_norm",
        activation=activation,  # type: ignore[arg-type]
    )  # fmt: skip

    def run(tokens: np.ndarray) -> np.ndarray:
        angles = torch.zeros(1, len(tokens), 16, dtype=torch.float64)
        later = torch.full((len(tokens), len(tokens)), -torch.inf, dtype=torch.float64).triu(1)[None, None]
        with torch.no_grad():
            out = layer(
                torch.from_numpy(tokens)[None], attention_mask=later, position_embeddings=(angles.cos(), angles.sin())
            )
        return out[0].numpy()

    return Foreign(FloatLayer(shape, matrices, *norms), run, 1e-5)


LAYERS: dict[str, Callable[[], Foreign]] = {
    "GPT-2": gpt2,
    "LLaMA, GELU, 4 key heads": lambda: llama("gelu", 4),
    "LLaMA, squared ReLU, 2 key heads": lambda: llama("relu2", 2),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_reference_is_what_the_library_computes(name: str) -> None:
    foreign = LAYERS[name]()
    tokens = random_tokens(foreign.real.shape, TOKENS, 3)
    theirs, ours = foreign.run(tokens), run_float(foreign.real, tokens).x2
    assert np.abs(theirs - tokens).max() > 1  # the layer does something
    np.testing.assert_allclose(ours, theirs, rtol=foreign.tolerance, atol=foreign.tolerance)
    changed = {**foreign.real.matrices, "W_V": foreign.real.matrices["W_V"] * 1.001}
    off = run_float(FloatLayer(foreign.real.shape, changed, foreign.real.norm1, foreign.real.norm2), tokens).x2
    assert np.abs(off - theirs).max() > 10 * foreign.tolerance  # and a thousandth of a matrix is seen


@pytest.mark.parametrize("name", LAYERS)
def test_the_integer_layer_follows_the_library(name: str, record_property: Callable[[str, object], None]) -> None:
    """The error report: arithmetic alone, then with what low-bit weights cost a layer that was not trained for them."""
    foreign = LAYERS[name]()
    shape = foreign.real.shape
    layer = quantise_layer(foreign.real, random_tokens(shape, TOKENS, 2))
    tokens = random_tokens(shape, TOKENS, 3)
    report = compare(layer, quantised_reference(foreign.real), tokens)
    record_property("report", describe(report))
    errors: dict[str, OperatorError] = {error.operator: error for error in report.propagated}
    assert errors["x2"].cosine > 0.99998
    assert errors["x2"].relative_rms < 0.006
    assert max(error.relative_rms for error in report.propagated) < 0.04
    assert {e.operator: e for e in report.local}["p"].relative_rms < 0.003
    low_bit = {error.operator: error for error in compare(layer, foreign.real, tokens).propagated}
    assert 0.7 < low_bit["x2"].cosine < 0.98
