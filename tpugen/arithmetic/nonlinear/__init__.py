"""Integer models of the non-linear units of a decoder layer: what the RTL of room `nonlinear` computes, bit for bit.

The residual stream is int16 with 8 fraction bits (Q7.8). Vectors lie along the last axis; leading axes are a batch, so
one call takes one token, all heads of a token, or many tokens. Every function takes integers of any integer type,
refuses numbers outside the stated range, and returns int64.

- `requantise`: accumulators to a narrow format, by an integer factor and a rounding shift.
- `absmax_quantise`: a vector to int8 by its greatest magnitude, exactly rounded.
- `rms_norm`, `layer_norm`: exact sums, one reciprocal square root of 16 significant bits, one rounding.
- `softmax`: base 2, in one pass over the scores with a running maximum, one exactly rounded division.
- `softmax_weights`, `weighted_mean`: weights under the row's maximum, the division postponed to after the products.
- `gelu`, `relu2`, `gated_product`, `saturating_add`: element by element.

`factor` turns a real factor into multiplier and shift. Latencies of the units are in `latency`.
"""

from __future__ import annotations

from tpugen.arithmetic.nonlinear.activations import gated_product, gelu, relu2
from tpugen.arithmetic.nonlinear.fixed_point import Factor, factor, requantise, saturate, saturating_add
from tpugen.arithmetic.nonlinear.normalisation import layer_norm, rms_norm
from tpugen.arithmetic.nonlinear.quantisation import Quantised, absmax_quantise
from tpugen.arithmetic.nonlinear.softmax import softmax, softmax_factor
from tpugen.arithmetic.nonlinear.weighting import SoftmaxWeights, softmax_weights, weighted_mean

__all__ = [
    "Factor",
    "Quantised",
    "SoftmaxWeights",
    "absmax_quantise",
    "factor",
    "gated_product",
    "gelu",
    "layer_norm",
    "relu2",
    "requantise",
    "rms_norm",
    "saturate",
    "saturating_add",
    "softmax",
    "softmax_factor",
    "softmax_weights",
    "weighted_mean",
]
