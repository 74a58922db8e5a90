"""From a real layer to an integer one: low-bit weights, and constants calibrated on tokens.

Weights: see `weights`. Formats: the float64 layer with the quantised weights runs on the calibration tokens; queries,
keys and values get the scale that makes their greatest magnitude 127; the residual stream and h get the finest power
of two, from Q7.8 up, that leaves `headroom` for tokens that were not seen. Everything else follows from these scales.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.decoder_layer.integer_layer import IntegerLayer, IntegerNorm, Scales
from tpugen.arithmetic.decoder_layer.reference import (
    FloatArray,
    FloatLayer,
    FloatNorm,
    FloatTrace,
    activate,
    run_float,
)
from tpugen.arithmetic.decoder_layer.shape import MatrixName
from tpugen.arithmetic.decoder_layer.weights import LowBitWeights, quantise_weights
from tpugen.arithmetic.nonlinear import Factor, factor, softmax_factor
from tpugen.arithmetic.nonlinear.activations import FRACTION_BITS
from tpugen.arithmetic.nonlinear.quantisation import LEVELS
from tpugen.arithmetic.nonlinear.weighting import MEAN_LEVELS, VALUE_LEVELS
from tpugen.errors import RequestError

__all__ = ["quantise_layer", "quantise_tokens", "quantised_reference"]

_ULP = 2.0**-FRACTION_BITS
"""One unit in the last place of Q7.8."""
_INT16_MAX = (1 << 15) - 1
_INT8_MAX = 127
_SHIFT_MAX = 31


def quantised_reference(layer: FloatLayer) -> FloatLayer:
    """The float64 layer whose matrices are the real weights that the quantised ones stand for.

    A network trained with low-bit weights, as BitNet is, computes with these; compared with it, the integer layer
    shows the errors of its arithmetic alone.
    """
    matrices: Mapping[MatrixName, FloatArray] = {name: low.real for name, low in _low_bit(layer).items()}
    return FloatLayer(layer.shape, matrices, layer.norm1, layer.norm2)


def quantise_layer(
    layer: FloatLayer, tokens: FloatArray, *, headroom: float = 1.25, residual_scale: float | None = None
) -> IntegerLayer:
    """The integer layer of a real one.

    Args:
        layer: Real weights.
        tokens: Calibration tokens, one sequence from position 0, shape (T, d).
        headroom: How much larger than in calibration a number of 16 bits may be before it saturates; at least 1.
        residual_scale: What a unit of the residual stream stands for, the same for all layers of a network; default
            2^-8, or the least greater power of two that the calibration tokens need. Norms make layers indifferent to
            it but for epsilon.

    Raises:
        RequestError: weights or tokens that are not finite, tokens of another shape or too many; a factor that its
            integers cannot hold.
    """
    if residual_scale is not None and not (math.isfinite(residual_scale) and residual_scale > 0):
        raise RequestError(
            f"a residual scale of {residual_scale}", hint="It must be positive and finite; 2^-8 is Q7.8."
        )
    if not np.isfinite(tokens).all() or not headroom >= 1:
        raise RequestError(
            f"calibration with headroom {headroom} on tokens of which {int((~np.isfinite(tokens)).sum())} numbers "
            "are not finite",
            hint="Headroom must be at least 1 and every number finite.",
        )
    trace = run_float(quantised_reference(layer), tokens)
    low_bit = _low_bit(layer)
    activation_shift, gate_shift, hidden = _hidden_format(layer, trace, headroom)
    v = _int8_scale(trace.v)
    scales = Scales(
        residual=_residual_scale(trace, headroom) if residual_scale is None else residual_scale,
        q=_int8_scale(trace.q),
        k=_int8_scale(trace.k),
        v=v,
        context=v * VALUE_LEVELS / MEAN_LEVELS,
        hidden=hidden,
    )
    return IntegerLayer(
        shape=layer.shape,
        matrices=low_bit,
        constants=_constants(low_bit, scales),
        norm1=_integer_norm(layer.norm1),
        norm2=_integer_norm(layer.norm2),
        softmax=softmax_factor(scales.q * scales.k / math.sqrt(layer.shape.d_head)),
        activation_shift=activation_shift,
        gate_shift=gate_shift,
        scales=scales,
    )


def quantise_tokens(layer: IntegerLayer, tokens: FloatArray) -> npt.NDArray[np.int16]:
    """Real tokens in the format of the residual stream, rounded and saturated; any shape."""
    return _int16(tokens / layer.scales.residual)


def _low_bit(layer: FloatLayer) -> dict[MatrixName, LowBitWeights]:
    return {name: quantise_weights(matrix, layer.shape.weights) for name, matrix in layer.matrices.items()}


def _constants(low_bit: Mapping[MatrixName, LowBitWeights], scales: Scales) -> dict[MatrixName, Factor]:
    """What turns `a @ W * s` into the format of each result: s / 127 units of the input's format stand for one of a."""
    formats: Mapping[MatrixName, tuple[float, float]] = {
        "W_Q": (_ULP, scales.q),
        "W_K": (_ULP, scales.k),
        "W_V": (_ULP, scales.v),
        "W_X": (scales.context, scales.residual),
        "W_G": (_ULP, _ULP),
        "W_I": (_ULP, _ULP),
        "W_O": (scales.hidden, scales.residual),
    }
    result: dict[MatrixName, Factor] = {}
    for name, low in low_bit.items():
        before, after = formats[name]
        result[name] = factor(low.scale * before / LEVELS / after) if low.scale else Factor(0, 0)
    return result


def _residual_scale(trace: FloatTrace, headroom: float) -> float:
    return _ULP * _power_of_two(headroom * _greatest(trace.x, trace.x1, trace.x2) / (_INT16_MAX * _ULP))


def _hidden_format(layer: FloatLayer, trace: FloatTrace, headroom: float) -> tuple[int, int, float]:
    """Shifts of ReLU^2 and of the gated product that keep their results in int16, and what a unit of h stands for."""
    inner = trace.u if trace.g is None else trace.g
    activation_shift = FRACTION_BITS
    if layer.shape.activation == "relu2":
        activation_shift = _shift(headroom**2 * _greatest(activate(layer.shape, inner)))
    scale = 2.0 ** (activation_shift - 2 * FRACTION_BITS)
    gate_shift = FRACTION_BITS
    if trace.g is not None:
        gate_shift = _shift(headroom**2 * _greatest(trace.h) * _ULP / scale)
        scale *= 2.0 ** (gate_shift - FRACTION_BITS)
    return activation_shift, gate_shift, scale


def _shift(greatest: float) -> int:
    """The right shift, 8 or more, that keeps a product of two numbers in Q7.8 below 2^15; products grow as squares."""
    return min(_SHIFT_MAX, FRACTION_BITS + int(math.log2(_power_of_two(greatest / (_INT16_MAX * _ULP)))))


def _integer_norm(norm: FloatNorm) -> IntegerNorm:
    """Gains with as many fraction bits as the greatest of them allows, 12 at most; biases in Q7.8."""
    greatest = _greatest(norm.gains)
    bits = 12 - int(math.log2(_power_of_two(greatest * 2.0**12 / _INT16_MAX)))
    if bits < 0:
        raise RequestError(f"a gain of {greatest:g} does not fit int16", hint=f"Gains must be {_INT16_MAX} at most.")
    biases = None if norm.biases is None else _int16(norm.biases / _ULP)
    return IntegerNorm(_int16(norm.gains * 2.0**bits), biases, bits)


def _int8_scale(values: FloatArray) -> float:
    return _greatest(values) / _INT8_MAX or 1.0


def _int16(values: FloatArray) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(values), -_INT16_MAX - 1, _INT16_MAX).astype(np.int16)


def _greatest(*arrays: FloatArray) -> float:
    return max(float(np.abs(array).max()) for array in arrays)


def _power_of_two(value: float) -> float:
    """The least power of two, 1 or more, that is at least `value`."""
    return 2.0 ** max(0, math.ceil(math.log2(value))) if value > 0 else 1.0
