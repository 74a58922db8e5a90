"""The integer decoder layer, token by token: what the hybrid accelerator computes, bit for bit.

For one token x, int16 with 8 fraction bits (Q7.8), at position t of its sequence:

1. n1 = norm(x), Q7.8; (a1, s1) = absmax_quantise(n1): int8.
2. q, k, v = requantise(a1 @ W, s1 * c): int8. k and v go into the cache at t.
3. Per head, over positions 0..t: scores = q . k; (p, S) = softmax_weights(scores): 255 for the greatest, and the sum;
   context = weighted_mean(p . v, S), int16, 32767 for 128 units of v.
4. (a2, s2) = absmax_quantise(context of all heads); o = requantise(a2 @ W_X, s2 * c), Q7.8; x1 = saturating x + o.
5. n2 = norm(x1); (a3, s3); u (and, if gated, g) = requantise(a3 @ W, s3 * c), Q7.8.
6. h = activation(u), or activation(g) * u, int16; (a4, s4); y = requantise(a4 @ W_O, s4 * c), Q7.8; x2 = saturating
   x1 + y.

The residual stream may have another unit than 2^-8 (`Scales.residual`): nothing in the layer depends on it but the
constants of W_X and W_O, and what the norms' epsilon stands for.

Here a @ W is what the tiles of crossbars give (`tpugen.arithmetic.crossbar`), and c a constant of the matrix of at most
16 bits. BitLinear: BitNet (arXiv 2310.11453) and BitNet b1.58 (arXiv 2402.17764); the split between crossbars and
systolic array: PIM-LLM (arXiv 2504.01994). The units are those of `tpugen.arithmetic.nonlinear`.

How far each operator may be from float64: `tpugen.arithmetic.decoder_layer.bounds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.crossbar import MatrixVector, StoredMatrix, matrix_vector
from tpugen.arithmetic.decoder_layer.shape import LayerShape, MatrixName
from tpugen.arithmetic.decoder_layer.state import LayerState, write_position
from tpugen.arithmetic.decoder_layer.tiles import exact_product
from tpugen.arithmetic.decoder_layer.weights import LowBitWeights
from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear import (
    Factor,
    Quantised,
    SoftmaxWeights,
    absmax_quantise,
    gated_product,
    gelu,
    layer_norm,
    relu2,
    requantise,
    rms_norm,
    saturating_add,
    softmax_weights,
    weighted_mean,
)
from tpugen.errors import RequestError

__all__ = ["IntegerLayer", "IntegerNorm", "Scales", "TokenTrace", "run_token", "run_tokens"]


@dataclass(frozen=True)
class IntegerNorm:
    """Constants of a norm.

    Attributes:
        gains: int16 with `gain_fraction_bits`, shape (d,).
        biases: int16, Q7.8, shape (d,); None for an RMSNorm.
        gain_fraction_bits: 0..15.
    """

    gains: npt.NDArray[np.int16]
    biases: npt.NDArray[np.int16] | None
    gain_fraction_bits: int


@dataclass(frozen=True)
class Scales:
    """What one unit in the last place stands for; only the comparison with real numbers needs it.

    Attributes:
        residual: Of x, o, x1, y and x2. (n1, n2, u and g are Q7.8 always: 2^-8.)
        q: Of a query.
        k: Of a key.
        v: Of a value.
        context: Of a context vector: 128/32767 of a value's.
        hidden: Of h.
    """

    residual: float
    q: float
    k: float
    v: float
    context: float
    hidden: float


@dataclass(frozen=True)
class IntegerLayer:
    """Everything that the accelerator is programmed with.

    Attributes:
        shape: Dimensions.
        matrices: Weights by name.
        constants: c of each matrix as multiplier (at most 16 bits) and shift.
        norm1: Before the attention.
        norm2: Before the feed-forward network.
        softmax: Factor of the scores.
        activation_shift: Right shift of ReLU^2 (without effect on GELU).
        gate_shift: Right shift of the gated product (without effect on a network without a gate).
        scales: What the numbers stand for.
    """

    shape: LayerShape
    matrices: Mapping[MatrixName, LowBitWeights]
    constants: Mapping[MatrixName, Factor]
    norm1: IntegerNorm
    norm2: IntegerNorm
    softmax: Factor
    activation_shift: int
    gate_shift: int
    scales: Scales


@dataclass(frozen=True)
class TokenTrace:
    """Every intermediate result of one token; integers, formats as in the module's text.

    Attributes:
        position: Position of the token.
        x, n1, o, x1, n2, y, x2: Shape (d,).
        a1, a2, a3, a4: Inputs of the matrices and their scales: of W_Q, W_K, W_V; W_X; W_G, W_I; W_O.
        q: Shape (heads, d_head).
        k, v: Shape (kv_heads, d_head).
        scores, p: Shape (heads, position + 1); p are weights, 255 for each head's greatest score.
        p_sums: Sum of the weights, shape (heads,).
        context: Shape (heads, d_head).
        g: Shape (d_ff,); None unless gated.
        u, h: Shape (d_ff,).
        products: What the tile of each matrix gave: sums, planes read, conversions that clipped.
    """

    position: int
    x: IntArray
    n1: IntArray
    a1: Quantised
    q: IntArray
    k: IntArray
    v: IntArray
    scores: IntArray
    p: IntArray
    p_sums: IntArray
    context: IntArray
    a2: Quantised
    o: IntArray
    x1: IntArray
    n2: IntArray
    a3: Quantised
    g: IntArray | None
    u: IntArray
    h: IntArray
    a4: Quantised
    y: IntArray
    x2: IntArray
    products: Mapping[MatrixName, MatrixVector]


def run_token(
    layer: IntegerLayer,
    state: LayerState,
    x: npt.ArrayLike,
    *,
    tiles: Mapping[MatrixName, StoredMatrix] | None = None,
    position: int | None = None,
) -> tuple[TokenTrace, LayerState]:
    """One token through the layer.

    Args:
        layer: The layer.
        state: KV cache and reads of the tiles before the token; it is not changed.
        x: Residual stream, int16 (Q7.8), shape (d,).
        tiles: Programmed tiles (`tiles.program`); None for products without faults, noise and clipping.
        position: Of the token; default the next one. An earlier one overwrites the cache there and forgets what
            came after it.

    Returns:
        The trace, and the state after the token.

    Raises:
        RequestError: x of another shape or outside int16; a position beyond the context or after one never written.
    """
    shape = layer.shape
    stream = _checked_stream(shape, x)
    run = _Projections(layer, tiles, dict(state.reads))
    n1 = _norm(layer.norm1, stream)
    a1 = absmax_quantise(n1)
    q, k, v = (run.project(name, a1, 8).reshape(-1, shape.d_head) for name in ("W_Q", "W_K", "W_V"))
    cache = write_position(shape, state, k, v, position)
    scores, (p, p_sums), context = _attend(layer, cache, q)
    a2 = absmax_quantise(context.reshape(shape.d))
    o = run.project("W_X", a2, 16)
    x1 = saturating_add(stream, o)
    n2 = _norm(layer.norm2, x1)
    a3 = absmax_quantise(n2)
    g = run.project("W_G", a3, 16) if shape.gated else None
    u = run.project("W_I", a3, 16)
    h = _activate(layer, u) if g is None else gated_product(_activate(layer, g), u, layer.gate_shift)
    a4 = absmax_quantise(h)
    y = run.project("W_O", a4, 16)
    trace = TokenTrace(position=cache.length - 1, x=stream, n1=n1, a1=a1, q=q, k=k, v=v, scores=scores, p=p,
                       p_sums=p_sums, context=context, a2=a2, o=o, x1=x1, n2=n2, a3=a3, g=g, u=u, h=h, a4=a4, y=y,
                       x2=saturating_add(x1, y), products=run.products)  # fmt: skip
    return trace, LayerState(cache.keys, cache.values, cache.length, run.reads)


def run_tokens(
    layer: IntegerLayer,
    tokens: npt.ArrayLike,
    *,
    tiles: Mapping[MatrixName, StoredMatrix] | None = None,
    state: LayerState | None = None,
) -> tuple[list[TokenTrace], LayerState]:
    """Tokens one after the other, shape (T, d), from an empty cache unless a state is given; see `run_token`."""
    state = LayerState.empty(layer.shape) if state is None else state
    traces: list[TokenTrace] = []
    for x in np.asarray(tokens):
        trace, state = run_token(layer, state, x, tiles=tiles)
        traces.append(trace)
    return traces, state


@dataclass
class _Projections:
    """The projections of one token: what the tiles gave, and how often they have been read."""

    layer: IntegerLayer
    tiles: Mapping[MatrixName, StoredMatrix] | None
    reads: dict[MatrixName, int]

    def __post_init__(self) -> None:
        self.products: dict[MatrixName, MatrixVector] = {}

    def project(self, name: MatrixName, inputs: Quantised, width_bits: int) -> IntArray:
        """One BitLinear: matrix, then the scale of token and matrix."""
        if self.tiles is None:
            product = exact_product(self.layer.matrices[name].values, inputs.values)
        else:
            product = matrix_vector(self.tiles[name], inputs.values, self.reads.get(name, 0))
        self.products[name] = product
        self.reads[name] = self.reads.get(name, 0) + product.reads
        constant = self.layer.constants[name]
        return requantise(product.sums, int(inputs.scale) * constant.multiplier, constant.shift, width_bits=width_bits)


def _norm(norm: IntegerNorm, x: IntArray) -> IntArray:
    if norm.biases is None:
        return rms_norm(x, norm.gains, gain_fraction_bits=norm.gain_fraction_bits)
    return layer_norm(x, norm.gains, norm.biases, gain_fraction_bits=norm.gain_fraction_bits)


def _attend(layer: IntegerLayer, cache: LayerState, q: IntArray) -> tuple[IntArray, SoftmaxWeights, IntArray]:
    """Scores, weights and context of every head over the positions in the cache."""
    group = layer.shape.group
    keys = np.repeat(cache.keys[: cache.length].astype(np.int64), group, axis=1)
    values = np.repeat(cache.values[: cache.length].astype(np.int64), group, axis=1)
    scores: IntArray = np.einsum("hd,jhd->hj", q, keys)
    p = softmax_weights(scores, layer.softmax.multiplier, layer.softmax.shift)
    products: IntArray = np.einsum("hj,jhd->hd", p.weights, values)
    return scores, p, weighted_mean(products, p.sums[:, None])


def _activate(layer: IntegerLayer, values: IntArray) -> IntArray:
    return gelu(values) if layer.shape.activation == "gelu" else relu2(values, layer.activation_shift)


def _checked_stream(shape: LayerShape, x: npt.ArrayLike) -> IntArray:
    stream = np.asarray(x)
    if stream.shape != (shape.d,) or stream.dtype.kind not in "iu":
        raise RequestError(
            f"a token of shape {stream.shape} and type {stream.dtype}, expected ({shape.d},) integers",
            hint="`calibration.quantise_tokens` makes int16 of real numbers.",
        )
    if stream.min() < -(1 << 15) or stream.max() >= 1 << 15:
        raise RequestError(
            f"a token with numbers from {stream.min()} to {stream.max()} does not fit int16",
            hint="Legal are -32768 to 32767.",
        )
    return stream.astype(np.int64)
