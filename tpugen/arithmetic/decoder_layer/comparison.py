"""How far the integer layer is from a float64 one: errors of every operator, numbers at the limits, clipped sums.

Two comparisons. *Propagated*: both layers run on the same tokens, so that each result also shows the errors of all
operators before it, and, if the reference has the original weights, what low-bit weights cost. *Local*: each operator
of the reference gets what the integer operator got, so that its own error stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tpugen.arithmetic.crossbar import StoredMatrix
from tpugen.arithmetic.decoder_layer.calibration import quantise_tokens
from tpugen.arithmetic.decoder_layer.integer_layer import IntegerLayer, TokenTrace, run_tokens
from tpugen.arithmetic.decoder_layer.reference import (
    FloatArray,
    FloatLayer,
    activate,
    context,
    normalise,
    run_float,
    scores,
    softmax,
)
from tpugen.arithmetic.decoder_layer.shape import LayerShape, MatrixName
from tpugen.arithmetic.nonlinear.activations import FRACTION_BITS

__all__ = ["ErrorReport", "MatrixClipping", "OperatorError", "compare", "describe", "local_results", "real_trace"]

_ULP = 2.0**-FRACTION_BITS
_LIMITS = {"q": 127, "k": 127, "v": 127}
_INT16_MAX = (1 << 15) - 1
_NARROW = ("n1", "context", "o", "x1", "n2", "g", "u", "h", "y", "x2")
"""Results of 16 bits."""


@dataclass(frozen=True)
class OperatorError:
    """The error of one operator over all tokens, in the operator's real unit.

    Attributes:
        operator: Its result's name, e.g. `q`; see `TokenTrace`.
        cosine: Cosine of the angle between all results and all reference results; 1 if both are zero.
        max_error: Largest |result - reference|.
        mean_error: Mean of |result - reference|.
        relative_rms: Root mean square of the error over that of the reference; 0 if there is no error, infinite if the
            reference is zero and the result is not.
        at_limit: Share of results at the end of their integer range, where they may have saturated; None where the
            result is not saturated (scores, p).
    """

    operator: str
    cosine: float
    max_error: float
    mean_error: float
    relative_rms: float
    at_limit: float | None


@dataclass(frozen=True)
class MatrixClipping:
    """What the ADCs of one matrix's tile did.

    Attributes:
        matrix: Its name.
        conversions: In all.
        clips: Conversions that clipped.
        planes: Bit planes read.
    """

    matrix: MatrixName
    conversions: int
    clips: int
    planes: int

    @property
    def rate(self) -> float:
        """Share of conversions that clipped; 0 without conversions."""
        return self.clips / self.conversions if self.conversions else 0.0


@dataclass(frozen=True)
class ErrorReport:
    """Errors of an integer layer.

    Attributes:
        tokens: Tokens compared.
        propagated: By operator, errors of earlier ones included.
        local: By operator, its own error alone.
        clipping: By matrix; empty for products that did not come from tiles.
    """

    tokens: int
    propagated: tuple[OperatorError, ...]
    local: tuple[OperatorError, ...]
    clipping: tuple[MatrixClipping, ...]


def compare(
    layer: IntegerLayer,
    reference: FloatLayer,
    tokens: FloatArray,
    *,
    tiles: Mapping[MatrixName, StoredMatrix] | None = None,
) -> ErrorReport:
    """Errors of the integer layer on a sequence from position 0.

    Args:
        layer: The integer layer.
        reference: `calibration.quantised_reference` of the real layer for the errors of the arithmetic alone, or the
            real layer itself to count those of low-bit weights in.
        tokens: Real tokens, shape (T, d).
        tiles: Programmed tiles; None for products without faults, noise and clipping.

    Raises:
        RequestError: tokens of another shape, or more than the context holds.
    """
    exact = _named(layer.shape, vars(run_float(reference, tokens)))
    traces, _ = run_tokens(layer, quantise_tokens(layer, tokens), tiles=tiles)
    real = real_trace(layer, traces)
    limits = _at_limits(traces)
    local = local_results(layer.shape, reference, real)
    return ErrorReport(
        tokens=len(tokens),
        propagated=tuple(_error(name, real[name], exact[name], limits) for name in exact),
        local=tuple(_error(name, real[name], local[name], limits) for name in exact),
        clipping=_clipping(layer.shape, traces) if tiles is not None else (),
    )


def real_trace(layer: IntegerLayer, traces: Sequence[TokenTrace]) -> dict[str, FloatArray]:
    """What the integers of a sequence from position 0 stand for, by name; shapes as in `reference.FloatTrace`.

    Probabilities are weights over their sum.
    """
    shape, s = layer.shape, layer.scales
    units = {"n1": _ULP, "n2": _ULP, "g": _ULP, "u": _ULP, "q": s.q, "k": s.k, "v": s.v, "context": s.context,
             "h": s.hidden}  # fmt: skip
    real: dict[str, FloatArray] = {}
    for name in ("x", "n1", "q", "k", "v", "context", "o", "x1", "n2", "g", "u", "h", "y", "x2"):
        if name != "g" or shape.gated:
            real[name] = np.stack([getattr(trace, name) for trace in traces]) * units.get(name, s.residual)
    size = (len(traces), shape.heads, len(traces))
    real["scores"], real["p"] = np.full(size, -np.inf), np.zeros(size)
    for t, trace in enumerate(traces):
        real["scores"][t, :, : t + 1] = trace.scores * (s.q * s.k / math.sqrt(shape.d_head))
        real["p"][t, :, : t + 1] = trace.p / trace.p_sums[:, None]
    return real


def describe(report: ErrorReport) -> str:
    """The report as a text of aligned columns."""
    head = (
        f"{'operator':>9} {'cosine':>9} {'rel. rms':>9} {'max err.':>9} {'mean err.':>9} {'own rms':>9} {'at limit':>9}"
    )
    lines = [f"{report.tokens} tokens", head]
    for whole, own in zip(report.propagated, report.local, strict=True):
        limit = "-" if whole.at_limit is None else f"{whole.at_limit:.4%}"
        lines.append(
            f"{whole.operator:>9} {whole.cosine:9.6f} {whole.relative_rms:9.3g} {whole.max_error:9.3g} "
            f"{whole.mean_error:9.3g} {own.relative_rms:9.3g} {limit:>9}"
        )
    lines += [f"{c.matrix:>9} {c.clips} of {c.conversions} conversions clipped ({c.rate:.4%})" for c in report.clipping]
    return "\n".join(lines)


_ORDER = ("n1", "q", "k", "v", "scores", "p", "context", "o", "x1", "n2", "g", "u", "h", "y", "x2")


def _named(shape: LayerShape, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Results by name, in the order in which a token meets them."""
    return {name: values[name] for name in _ORDER if name != "g" or shape.gated}


def local_results(shape: LayerShape, reference: FloatLayer, real: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Each operator of the reference on what the integer operator was given, by name.

    Args:
        shape: The layer.
        reference: Real weights.
        real: What the integers stand for (`real_trace`).
    """
    m, count = reference.matrices, len(real["x"])
    n1, n2 = real["n1"], real["n2"]
    result = {
        "n1": normalise(shape, real["x"], reference.norm1),
        "q": (n1 @ m["W_Q"]).reshape(real["q"].shape),
        "k": (n1 @ m["W_K"]).reshape(real["k"].shape),
        "v": (n1 @ m["W_V"]).reshape(real["v"].shape),
        "scores": scores(shape, real["q"], real["k"]),
        "p": softmax(real["scores"]),
        "context": context(shape, real["p"], real["v"]),
        "o": real["context"].reshape(count, shape.d) @ m["W_X"],
        "x1": real["x"] + real["o"],
        "n2": normalise(shape, real["x1"], reference.norm2),
        "u": n2 @ m["W_I"],
        "h": activate(shape, real["g"]) * real["u"] if shape.gated else activate(shape, real["u"]),
        "y": real["h"] @ m["W_O"],
        "x2": real["x1"] + real["y"],
    }
    if shape.gated:
        result["g"] = n2 @ m["W_G"]
    return result


def _error(name: str, result: FloatArray, exact: FloatArray, limits: Mapping[str, float]) -> OperatorError:
    kept = np.isfinite(exact)
    if name == "p":  # probabilities after the token are 0 on both sides and would flatter the mean
        kept = np.broadcast_to(np.tril(np.ones((len(exact), len(exact)), dtype=bool))[:, None, :], exact.shape)
    a, b = result[kept], exact[kept]
    error = np.abs(a - b)
    rms, power = float(np.sqrt(np.mean(np.square(error)))), float(np.sqrt(np.mean(np.square(b))))
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return OperatorError(
        operator=name,
        cosine=float(a @ b) / lengths if lengths else float(not a.any() and not b.any()),
        max_error=float(error.max()),
        mean_error=float(error.mean()),
        relative_rms=rms / power if power else (math.inf if rms else 0.0),
        at_limit=limits.get(name),
    )


def _at_limits(traces: Sequence[TokenTrace]) -> dict[str, float]:
    """Share of results at the end of their range."""
    shares = {}
    for name in (*_LIMITS, *_NARROW):
        values = [getattr(trace, name) for trace in traces]
        if values[0] is not None:
            top = _LIMITS.get(name, _INT16_MAX)
            stacked = np.stack(values)
            shares[name] = float(np.mean((stacked >= top) | (stacked <= -top - 1)))
    return shares


def _clipping(shape: LayerShape, traces: Sequence[TokenTrace]) -> tuple[MatrixClipping, ...]:
    return tuple(
        MatrixClipping(
            matrix=name,
            conversions=sum(trace.products[name].conversions for trace in traces),
            clips=sum(int(trace.products[name].clips) for trace in traces),
            planes=sum(int(trace.products[name].planes) for trace in traces),
        )
        for name in shape.matrices
    )
