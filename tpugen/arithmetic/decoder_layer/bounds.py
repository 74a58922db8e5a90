"""How far each integer operator may be from float64 on the same inputs, where nothing clips or saturates.

Every operator is given what its integer counterpart was given (the local comparison of `comparison`), and the weights
are those that the quantised ones stand for. With u a unit in the last place of the result (2^-8 for n1, n2, u and g):

- norm: u/2 for the rounding (u with biases) + |y - b| (2^-15 for the root + the difference of the epsilons over twice
  the mean square) + half a unit of the gain times the normalised number;
- projections: n w s / 254 + u/2 + 2^-16 |y|, for n weights that are not zero, the real weight w of +1 and the
  real scale s of the token: an input is off by half a level at most, the constant by 2^-16 of itself;
- softmax: `weighting.share_bound` + 2^-15 p max |score|, the factor being off by 2^-16 of itself;
- context: half a unit (2^-8 of a unit of v), the sum of weights being exact;
- GELU: 0.7 u; ReLU^2: u/2; gated product: the error of the activation times |u|, and u/2;
- scores and residual sums: 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from tpugen.arithmetic.decoder_layer.calibration import quantised_reference
from tpugen.arithmetic.decoder_layer.integer_layer import IntegerLayer, IntegerNorm, TokenTrace
from tpugen.arithmetic.decoder_layer.reference import (
    NORM_EPSILON,
    FloatArray,
    FloatLayer,
    FloatNorm,
    normalise,
    softmax,
)
from tpugen.arithmetic.decoder_layer.shape import MatrixName
from tpugen.arithmetic.nonlinear.activations import FRACTION_BITS
from tpugen.arithmetic.nonlinear.normalisation import ROOT_BITS
from tpugen.arithmetic.nonlinear.quantisation import LEVELS
from tpugen.arithmetic.nonlinear.weighting import share_bound

__all__ = ["local_bounds"]

_ULP = 2.0**-FRACTION_BITS
_GELU_ULPS = 0.7
_FACTOR_ERROR = 2.0**-16
_SECOND_ORDER = 1.001
"""Products of two of the relative errors are far below a thousandth of their sum."""


def local_bounds(
    layer: IntegerLayer, reference: FloatLayer, traces: Sequence[TokenTrace], real: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """The largest error of each result, by name.

    Args:
        layer: The integer layer.
        reference: The real layer that it was made of, with original or quantised weights.
        traces: A sequence from position 0.
        real: What the traces stand for (`comparison.real_trace`).

    Returns:
        Arrays that broadcast to the results' shapes.
    """
    shape, s = layer.shape, layer.scales
    quantised = quantised_reference(reference)
    inputs: dict[MatrixName, tuple[str, float]] = {
        "W_Q": ("a1", _ULP),
        "W_K": ("a1", _ULP),
        "W_V": ("a1", _ULP),
        "W_X": ("a2", s.context),
        "W_G": ("a3", _ULP),
        "W_I": ("a3", _ULP),
        "W_O": ("a4", s.hidden),
    }
    results: dict[MatrixName, tuple[str, float]] = {
        "W_Q": ("q", s.q),
        "W_K": ("k", s.k),
        "W_V": ("v", s.v),
        "W_X": ("o", s.residual),
        "W_G": ("g", _ULP),
        "W_I": ("u", _ULP),
        "W_O": ("y", s.residual),
    }
    bounds: dict[str, FloatArray] = {name: np.zeros(1) for name in ("scores", "x1", "x2")}
    bounds["n1"] = _norm_bound(layer, quantised.norm1, layer.norm1, real["x"])
    bounds["n2"] = _norm_bound(layer, quantised.norm2, layer.norm2, real["x1"])
    bounds["p"] = _softmax_bound(traces, real["scores"])
    bounds["context"] = np.full(1, s.context / 2)
    bounds["h"] = _hidden_bound(layer, real)
    for name in shape.matrices:
        (vector, before), (result, after) = inputs[name], results[name]
        token_scales = np.array([float(getattr(trace, vector).scale) for trace in traces]) * before
        used = np.count_nonzero(layer.matrices[name].values, axis=0) * layer.matrices[name].scale
        inward = token_scales[:, None] * used / (2 * LEVELS) * _SECOND_ORDER
        bounds[result] = inward.reshape(real[result].shape) + after / 2 + _FACTOR_ERROR * np.abs(real[result])
    return bounds


def _norm_bound(layer: IntegerLayer, norm: FloatNorm, integer: IntegerNorm, x: FloatArray) -> FloatArray:
    unbiased = FloatNorm(np.ones(layer.shape.d), None if norm.biases is None else np.zeros(layer.shape.d))
    normalised = np.abs(normalise(layer.shape, x, unbiased))
    centred = x - x.mean(axis=-1, keepdims=True) if layer.shape.norm == "layer_norm" else x
    power = np.mean(np.square(centred), axis=-1, keepdims=True)
    epsilons = (NORM_EPSILON, layer.scales.residual**2)
    relative = 2.0 ** (1 - ROOT_BITS) + (max(epsilons) - min(epsilons)) / (2 * (power + min(epsilons)))
    rounding = _ULP / 2 if norm.biases is None else _ULP
    gain = 2.0 ** -(integer.gain_fraction_bits + 1)
    return np.asarray(rounding + normalised * (np.abs(norm.gains) * relative + gain) * _SECOND_ORDER)


def _softmax_bound(traces: Sequence[TokenTrace], scores: FloatArray) -> FloatArray:
    """Shape of the scores."""
    greatest = np.max(np.abs(np.where(np.isfinite(scores), scores, 0.0)), axis=-1, keepdims=True)
    exact = softmax(scores)
    shares = np.stack([share_bound(t + 1, trace.p_sums, exact[t]) for t, trace in enumerate(traces)])
    return np.asarray((shares + 2 * _FACTOR_ERROR * greatest * exact) * _SECOND_ORDER)


def _hidden_bound(layer: IntegerLayer, real: Mapping[str, FloatArray]) -> FloatArray:
    gelu = layer.shape.activation == "gelu"
    own = _GELU_ULPS * _ULP if gelu else math.ldexp(0.5, layer.activation_shift - 2 * FRACTION_BITS)
    if not layer.shape.gated:
        return np.full(1, own)
    return np.asarray(own * np.abs(real["u"]) + layer.scales.hidden / 2)
