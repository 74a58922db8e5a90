"""The float64 decoder layer: what the integer layer is compared with.

Pre-norm layer as in GPT-2 and LLaMA: x1 = x + attention(norm(x)), x2 = x1 + ffn(norm(x1)), causal attention with
scores scaled by 1/sqrt(d_head); no position encoding inside the layer (a rotary one would act on q and k before the
cache) and no biases in the projections. Sources: attention, Vaswani et al. (arXiv 1706.03762, section 3.2); grouped
queries, Ainslie et al. (arXiv 2305.13245); RMSNorm, Zhang and Sennrich (arXiv 1910.07467); LayerNorm, Ba et al. (arXiv
1607.06450); GELU, Hendrycks and Gimpel (arXiv 1606.08415); ReLU^2, So et al. (arXiv 2109.08668); gated networks,
Shazeer (arXiv 2002.05202).

Arrays hold a whole sequence: the first axis is the position.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.decoder_layer.shape import LayerShape, MatrixName
from tpugen.errors import RequestError

__all__ = [
    "NORM_EPSILON",
    "FloatArray",
    "FloatLayer",
    "FloatNorm",
    "FloatTrace",
    "activate",
    "context",
    "normalise",
    "random_layer",
    "random_tokens",
    "run_float",
    "scores",
    "softmax",
]

FloatArray = npt.NDArray[np.float64]

NORM_EPSILON = 1e-5
"""Added to the variance, or to the mean square, under the root."""

_erf = np.vectorize(math.erf, otypes=[np.float64])


@dataclass(frozen=True)
class FloatNorm:
    """Gains and, for LayerNorm, biases, shape (d,) each."""

    gains: FloatArray
    biases: FloatArray | None = None


@dataclass(frozen=True)
class FloatLayer:
    """Real weights of a layer.

    Attributes:
        shape: Its dimensions.
        matrices: By name, shape (inputs, outputs): y = x @ W.
        norm1: Before the attention.
        norm2: Before the feed-forward network.

    Raises:
        RequestError: a matrix or a norm is missing, too many, or of another shape; all of them listed.
    """

    shape: LayerShape
    matrices: Mapping[MatrixName, FloatArray]
    norm1: FloatNorm
    norm2: FloatNorm

    def __post_init__(self) -> None:
        if faults := self._faults():
            raise RequestError(
                "the weights do not fit the layer: " + "; ".join(faults),
                hint="Matrices are stored (inputs, outputs); a PyTorch Linear stores the transpose.",
            )

    def _faults(self) -> list[str]:
        wanted: dict[str, tuple[int, int]] = {str(name): size for name, size in self.shape.matrices.items()}
        given: dict[str, FloatArray] = {str(name): matrix for name, matrix in self.matrices.items()}
        found = [f"{name} is not part of it" for name in given if name not in wanted]
        for name, size in wanted.items():
            if name not in given:
                found.append(f"{name} is missing")
            elif given[name].shape != size:
                found.append(f"{name} has shape {given[name].shape}, expected {size}")
        for name, norm in (("norm1", self.norm1), ("norm2", self.norm2)):
            if norm.gains.shape != (self.shape.d,):
                found.append(f"{name} has gains of shape {norm.gains.shape}, expected ({self.shape.d},)")
            if (norm.biases is not None) != (self.shape.norm == "layer_norm"):
                found.append(
                    f"{name} {'has' if norm.biases is not None else 'lacks'} biases, but is a {self.shape.norm}"
                )
            elif norm.biases is not None and norm.biases.shape != (self.shape.d,):
                found.append(f"{name} has biases of shape {norm.biases.shape}, expected ({self.shape.d},)")
        return found


@dataclass(frozen=True)
class FloatTrace:
    """Every intermediate result of T tokens at positions 0..T-1.

    Attributes:
        x, n1, o, x1, n2, y, x2: Shape (T, d).
        q, context: Shape (T, heads, d_head).
        k, v: Shape (T, kv_heads, d_head).
        scores: Scaled by 1/sqrt(d_head), shape (T, heads, T); -inf at positions after the token.
        p: Softmax of the scores, same shape.
        g: Gate before its activation, shape (T, d_ff); None unless gated.
        u: Other half of the feed-forward network, or the whole before its activation, shape (T, d_ff).
        h: Shape (T, d_ff).
    """

    x: FloatArray
    n1: FloatArray
    q: FloatArray
    k: FloatArray
    v: FloatArray
    scores: FloatArray
    p: FloatArray
    context: FloatArray
    o: FloatArray
    x1: FloatArray
    n2: FloatArray
    g: FloatArray | None
    u: FloatArray
    h: FloatArray
    y: FloatArray
    x2: FloatArray


def normalise(shape: LayerShape, x: FloatArray, norm: FloatNorm, *, epsilon: float = NORM_EPSILON) -> FloatArray:
    """RMSNorm or LayerNorm over the last axis."""
    if shape.norm == "layer_norm":
        x = x - x.mean(axis=-1, keepdims=True)
    power: FloatArray = np.mean(np.square(x), axis=-1, keepdims=True)
    result: FloatArray = x / np.sqrt(power + epsilon) * norm.gains
    return result if norm.biases is None else result + norm.biases


def scores(shape: LayerShape, q: FloatArray, k: FloatArray) -> FloatArray:
    """Scaled, causally masked scores.

    Args:
        shape: The layer.
        q: Shape (T, heads, d_head).
        k: Shape (T, kv_heads, d_head).

    Returns:
        Shape (T, heads, T); -inf above the diagonal.
    """
    keys = np.repeat(k, shape.group, axis=1)
    result = np.einsum("thd,jhd->thj", q, keys) / math.sqrt(shape.d_head)
    later = np.triu(np.ones((len(q), len(k)), dtype=bool), 1)
    return np.where(later[:, None, :], -np.inf, result)


def softmax(values: FloatArray) -> FloatArray:
    """Over the last axis; -inf gives 0."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float64)


def context(shape: LayerShape, p: FloatArray, v: FloatArray) -> FloatArray:
    """Weighted sums of the values, shape (T, heads, d_head)."""
    return np.asarray(np.einsum("thj,jhd->thd", p, np.repeat(v, shape.group, axis=1)), dtype=np.float64)


def activate(shape: LayerShape, u: FloatArray) -> FloatArray:
    """GELU (with the error function, not the tanh fit) or ReLU^2."""
    if shape.activation == "relu2":
        return np.asarray(np.square(np.maximum(u, 0.0)), dtype=np.float64)
    return np.asarray(u * 0.5 * (1.0 + _erf(u / math.sqrt(2.0))), dtype=np.float64)


def run_float(layer: FloatLayer, tokens: FloatArray) -> FloatTrace:
    """The layer on a sequence that starts at position 0.

    Args:
        layer: Weights.
        tokens: Residual stream before the layer, shape (T, d).

    Raises:
        RequestError: tokens of another width, or more than the context holds.
    """
    shape = layer.shape
    _check_tokens(shape, tokens)
    n1 = normalise(shape, tokens, layer.norm1)
    q, k, v = (_split(shape, n1 @ layer.matrices[name]) for name in ("W_Q", "W_K", "W_V"))
    s = scores(shape, q, k)
    p = softmax(s)
    c = context(shape, p, v)
    o = c.reshape(len(tokens), shape.d) @ layer.matrices["W_X"]
    x1 = tokens + o
    n2 = normalise(shape, x1, layer.norm2)
    u = n2 @ layer.matrices["W_I"]
    g = n2 @ layer.matrices["W_G"] if shape.gated else None
    h = activate(shape, u) if g is None else activate(shape, g) * u
    y = h @ layer.matrices["W_O"]
    return FloatTrace(x=tokens, n1=n1, q=q, k=k, v=v, scores=s, p=p, context=c, o=o, x1=x1, n2=n2, g=g, u=u, h=h, y=y,
                      x2=x1 + y)  # fmt: skip


def random_layer(shape: LayerShape, seed: int) -> FloatLayer:
    """A layer of a fixed seed, with the statistics of trained ones.

    Weights are normal with standard deviation 1/sqrt(inputs), gains log-normal about 1, LayerNorm biases normal with
    standard deviation 0.1.
    """
    rng = np.random.default_rng(seed)
    matrices = {
        name: rng.normal(0.0, 1.0 / math.sqrt(rows), (rows, columns))
        for name, (rows, columns) in shape.matrices.items()
    }

    def norm() -> FloatNorm:
        gains = np.exp(rng.normal(0.0, 0.2, shape.d))
        return FloatNorm(gains, rng.normal(0.0, 0.1, shape.d) if shape.norm == "layer_norm" else None)

    return FloatLayer(shape, matrices, norm(), norm())


def random_tokens(shape: LayerShape, count: int, seed: int, *, outliers: float = 4.0) -> FloatArray:
    """Residual streams of a fixed seed, shape (count, d): normal, with every 32nd channel `outliers` times as large.

    Few channels of large magnitude are what makes activations of language models hard to quantise (Dettmers et al.,
    arXiv 2208.07339).
    """
    spread = np.where(np.arange(shape.d) % 32 == 0, outliers, 1.0)
    tokens: FloatArray = np.random.default_rng(seed).normal(0.0, 1.0, (count, shape.d)) * spread
    return tokens


def _split(shape: LayerShape, values: FloatArray) -> FloatArray:
    return values.reshape(len(values), -1, shape.d_head)


def _check_tokens(shape: LayerShape, tokens: FloatArray) -> None:
    if tokens.ndim != 2 or tokens.shape[1] != shape.d or not len(tokens):
        raise RequestError(
            f"tokens have shape {tokens.shape}, expected (T, {shape.d}) with T of at least 1",
            hint="Each row is the residual stream of one position.",
        )
    if len(tokens) > shape.context:
        raise RequestError(
            f"{len(tokens)} tokens do not fit a context of {shape.context}",
            hint=f"Send at most {shape.context}, or raise `context` to {len(tokens)}.",
        )
