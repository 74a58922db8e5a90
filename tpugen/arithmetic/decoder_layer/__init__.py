"""A transformer's decoder layer in integers, as the hybrid accelerator computes it, and in float64.

- `LayerShape`: its dimensions.
- `random_layer`, `random_tokens`, `run_float`: the float64 reference of a fixed seed.
- `quantise_layer`, `quantise_tokens`, `quantised_reference`: from real weights to the integer layer.
- `Operator`: what happens to a token, in order.
- `run_token`, `run_tokens`: the integer layer, bit-accurate, over exact products or tiles of crossbars (`program`).
- `compare`, `describe`: errors of every operator against float64, and how often ADCs clipped.

Example::

    shape = LayerShape(d=64, heads=4, d_ff=128, context=16)
    real = random_layer(shape, seed=1)
    layer = quantise_layer(real, random_tokens(shape, 16, seed=2))
    tiles = program(shape, {name: low.values for name, low in layer.matrices.items()}, CrossbarOptions(adc_bits=6))
    print(describe(compare(layer, quantised_reference(real), random_tokens(shape, 16, seed=3), tiles=tiles)))
"""

from __future__ import annotations

from tpugen.arithmetic.decoder_layer.calibration import quantise_layer, quantise_tokens, quantised_reference
from tpugen.arithmetic.decoder_layer.comparison import (
    ErrorReport,
    MatrixClipping,
    OperatorError,
    compare,
    describe,
    real_trace,
)
from tpugen.arithmetic.decoder_layer.integer_layer import (
    IntegerLayer,
    IntegerNorm,
    Scales,
    TokenTrace,
    run_token,
    run_tokens,
)
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.decoder_layer.reference import (
    FloatLayer,
    FloatNorm,
    FloatTrace,
    random_layer,
    random_tokens,
    run_float,
)
from tpugen.arithmetic.decoder_layer.shape import Activation, LayerShape, MatrixName, Norm, WeightKind
from tpugen.arithmetic.decoder_layer.state import LayerState
from tpugen.arithmetic.decoder_layer.tiles import CrossbarOptions, adc_remarks, program, tile_shapes
from tpugen.arithmetic.decoder_layer.weights import LowBitWeights, binarise, quantise_weights, ternarise

__all__ = [
    "Activation",
    "CrossbarOptions",
    "ErrorReport",
    "FloatLayer",
    "FloatNorm",
    "FloatTrace",
    "IntegerLayer",
    "IntegerNorm",
    "LayerShape",
    "LayerState",
    "LowBitWeights",
    "MatrixClipping",
    "MatrixName",
    "Norm",
    "Operator",
    "OperatorError",
    "Scales",
    "TokenTrace",
    "WeightKind",
    "adc_remarks",
    "binarise",
    "compare",
    "describe",
    "program",
    "quantise_layer",
    "quantise_tokens",
    "quantise_weights",
    "quantised_reference",
    "random_layer",
    "random_tokens",
    "real_trace",
    "run_float",
    "run_token",
    "run_tokens",
    "ternarise",
    "tile_shapes",
]
