"""Scenarios for the hybrid accelerator: tokens at every pace, whatever a host may do wrong, aborts, resets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.crossbar_cells import Faults, Noise
from tpugen.arithmetic.decoder_layer import (
    CrossbarOptions,
    IntegerLayer,
    LayerShape,
    quantise_layer,
    quantise_tokens,
    random_layer,
    random_tokens,
)
from tpugen.arithmetic.nonlinear import Factor
from tpugen.arithmetic.tpu import TpuShape
from tpugen.verif.pim_llm_misuse import misuse, registers_and_cells
from tpugen.verif.pim_llm_script import Design, LlmScript

__all__ = ["LLM_DESIGNS", "everything", "layer_for", "tokens_for", "tokens_script"]

LLM_DESIGNS: Mapping[str, Design] = {
    "plain": Design(
        LayerShape(d=8, heads=2, d_ff=12, context=5),
        TpuShape(4, 3, 8, unsigned_activations=True),
        CrossbarOptions(crossbar_rows=8, crossbar_cols=18, adc_bits=3, columns_per_adc=4),
    ),
    "gated": Design(
        LayerShape(6, 2, 11, 4, kv_heads=1, gated=True, norm="layer_norm", activation="relu2", weights="binary"),
        TpuShape(2, 5, 4, unsigned_activations=True),
        CrossbarOptions(
            crossbar_rows=4,
            crossbar_cols=5,
            adc_bits=4,
            columns_per_adc=3,
            zero_skipping=True,
            faults=Faults(seed=0xFFFFFFFE, stuck_off=3000, stuck_on=2000),
            noise=Noise(seed=0x7FFFFFFD, sigma=300),
        ),
    ),
}
"""Two small designs that between them have everything; ADCs clip, and nothing divides evenly in the second."""


def layer_for(design: Design, *, seed: int = 1, louder: int = 0) -> IntegerLayer:
    """A layer for a design.

    Args:
        design: The design.
        seed: Of its weights.
        louder: Powers of two by which every constant is greater than calibrated, so that numbers saturate.
    """
    shape = design.shape
    layer = quantise_layer(random_layer(shape, seed=seed), random_tokens(shape, shape.context, seed=seed + 1))
    # Nothing is alike that could be taken for one another.
    constants = {name: Factor(c.multiplier, max(0, c.shift - louder)) for name, c in layer.constants.items()}
    norms = (layer.norm1, replace(layer.norm2, gain_fraction_bits=layer.norm2.gain_fraction_bits - 1))
    return replace(
        layer,
        constants=constants,
        norm1=norms[0],
        norm2=norms[1],
        activation_shift=layer.activation_shift + 1,
        gate_shift=layer.gate_shift - 1,
    )


def tokens_for(design: Design, layer: IntegerLayer, count: int, *, seed: int = 3) -> npt.NDArray[np.int64]:
    """Tokens for a layer: some as it knows them, one of zeros, one of a single number, some over the whole range."""
    rng = np.random.default_rng(seed)
    d = design.shape.d
    known = quantise_tokens(layer, rng.normal(0, 1, (count, d)))
    single = np.eye(1, d, d // 2, dtype=np.int64)[0] * -(1 << 15)
    kinds = [known[0], rng.integers(-(1 << 15), 1 << 15, d), known[-1], np.zeros(d), single]
    return np.array([kinds[i] if i < len(kinds) else known[i] for i in range(count)]).astype(np.int64)


def tokens_script(
    design: Design,
    count: int,
    *,
    seed: int = 1,
    louder: int = 0,
    paces: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> LlmScript:
    """Tokens from position 0 on; `paces` are the chances of pauses of x, result and host."""
    layer = layer_for(design, seed=seed, louder=louder)
    script = LlmScript(design, layer, seed)
    script.pace(*paces)
    script.program()
    for x in tokens_for(design, layer, count, seed=seed + 2):
        script.token(x)
    return script


def everything(design: Design, *, seed: int = 1) -> LlmScript:
    """Something of everything, in one script."""
    layer = layer_for(design, seed=seed, louder=1)
    script = LlmScript(design, layer, seed)
    tokens = tokens_for(design, layer, 12, seed=seed)
    registers_and_cells(script)
    for x in tokens[: design.shape.context]:
        script.token(x)
    misuse(script, tokens)
    script.pace(0.4, 0.6, 0.5)
    script.token(tokens[7])
    script.token(tokens[1])
    return script
