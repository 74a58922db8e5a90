"""What a unit's error does to a network: quantised inference through `tpugen.arithmetic`, as an array computes it.

Quantisation is per tensor and symmetric: `q = round(x / s)` with `s = max |x| / (2^(n-1) - 1)`, the maximum taken over
the weights of a layer, or over what the layer gets as input on the training images; `q` is clipped to
+-(2^(n-1) - 1). Operands are signed. A layer's products go through the multiplier's model and are summed one after the
other, from zero, through the accumulation adder's, as each element of an output-stationary array does; the bias, as an
integer of the product's scale, is added after that, exactly. ReLU and the next layer's quantisation follow the array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tpugen.arithmetic import adder_family, multiplier_family
from tpugen.arithmetic.integers import INT64_SAFE_BITS, IntArray, wrap
from tpugen.dataset.accuracies import NetworkAccuracy
from tpugen.errors import SpecError
from tpugen.model.digits import SPLIT_SEED, Network, load_digits, trained_network
from tpugen.spec.design import default_accumulator_width_bits

if TYPE_CHECKING:
    from tpugen.model.digits import Floats, Labels

__all__ = [
    "LUT_WIDTH_MAX_BITS",
    "WIDTH_MAX_BITS",
    "WIDTH_MIN_BITS",
    "Arithmetic",
    "QuantisedNetwork",
    "classify",
    "network_accuracy",
    "quantise",
    "request_problems",
]

WIDTH_MIN_BITS = 2
WIDTH_MAX_BITS = 16
LUT_WIDTH_MAX_BITS = 8
"""Widest operands whose products come from a table of all pairs; those of wider ones from the model itself."""


@dataclass(frozen=True)
class Arithmetic:
    """The units of a processing element.

    Attributes:
        width_bits: Width of activations and of weights.
        multiplier: Family of the multiplier.
        multiplier_parameters: Its parameters; those left out take their defaults.
        adder: Family of the accumulation adder.
        adder_parameters: Its parameters; those left out take their defaults at the accumulator's width.
    """

    width_bits: int = 8
    multiplier: str = "exact"
    multiplier_parameters: Mapping[str, int] = field(default_factory=dict)
    adder: str = "exact"
    adder_parameters: Mapping[str, int] = field(default_factory=dict)

    @property
    def accumulator_width_bits(self) -> int:
        """Width of the accumulator: the default of arrays of these widths."""
        return default_accumulator_width_bits(self.width_bits, self.width_bits)

    def problems(self) -> list[str]:
        """Everything that is illegal about it, one line each."""
        found = request_problems(self.width_bits)
        if not found:
            found += multiplier_family(self.multiplier).problems(
                self.multiplier_parameters, self.width_bits, self.width_bits
            )
            found += adder_family(self.adder).problems(self.adder_parameters, self.accumulator_width_bits)
        return found

    def complete(self) -> Arithmetic:
        """The same with every parameter stated.

        Raises:
            UnknownNameError: no such family.
            SpecError: what is illegal, all of it.
        """
        problems = self.problems()
        if problems:
            raise SpecError("\n".join(problems))
        multiplier = multiplier_family(self.multiplier).complete(
            self.multiplier_parameters, self.width_bits, self.width_bits
        )
        adder = adder_family(self.adder).complete(self.adder_parameters, self.accumulator_width_bits)
        return Arithmetic(self.width_bits, self.multiplier, multiplier, self.adder, adder)

    def products(self, a: IntArray, b: IntArray) -> IntArray:
        """Products by the multiplier's model, of operands that broadcast; every parameter must be stated."""
        model = multiplier_family(self.multiplier).model
        return model(a, b, self.width_bits, self.width_bits, True, **self.multiplier_parameters)

    def sums(self, a: IntArray, b: IntArray) -> IntArray:
        """Sums by the adder's model, modulo 2^accumulator: the carry out is dropped."""
        width = self.accumulator_width_bits
        total = adder_family(self.adder).model(a, b, width, True, **self.adder_parameters)
        return wrap(total, width, True)


def request_problems(width_bits: int) -> list[str]:
    """What is illegal about an operand width: none or one line."""
    if WIDTH_MIN_BITS <= width_bits <= WIDTH_MAX_BITS:
        return []
    return [f"width: {width_bits} is not legal; legal: {WIDTH_MIN_BITS}..{WIDTH_MAX_BITS}; 8 would work"]


@dataclass(frozen=True)
class _Layer:
    weights: IntArray
    bias: IntArray
    input_scale: float
    output_scale: float


@dataclass(frozen=True)
class QuantisedNetwork:
    """A network in integers.

    Attributes:
        width_bits: Width of activations and of weights.
        layers: Weights (K, N) and bias (N,) of each layer, the scale of its inputs and that of its sums.
    """

    width_bits: int
    layers: tuple[_Layer, ...]

    @classmethod
    def of(cls, network: Network, calibration: Floats, width_bits: int) -> QuantisedNetwork:
        """Quantise a network.

        Args:
            network: In floating point.
            calibration: Images whose activations set the scales, shape (M, 64).
            width_bits: Width of activations and of weights.
        """
        layers = []
        inputs = network.layer_inputs(calibration)
        for values, weights, bias in zip(inputs, network.weights, network.biases, strict=True):
            input_scale, weight_scale = _scale(values, width_bits), _scale(weights, width_bits)
            scale = input_scale * weight_scale
            integers = quantise(weights, weight_scale, width_bits)
            layers.append(_Layer(integers, np.rint(bias / scale).astype(np.int64), input_scale, scale))
        return cls(width_bits, tuple(layers))


def _scale(values: Floats, width_bits: int) -> float:
    largest = float(np.abs(values).max())
    return largest / ((1 << (width_bits - 1)) - 1) if largest else 1.0


def quantise(values: Floats, scale: float, width_bits: int) -> IntArray:
    """Integers `round(values / scale)`, halves to even, clipped symmetrically to `width_bits`; same shape."""
    limit = (1 << (width_bits - 1)) - 1
    return np.clip(np.rint(values / scale), -limit, limit).astype(np.int64)


def classify(network: QuantisedNetwork, images: Floats, arithmetic: Arithmetic, *, tables: bool = True) -> Labels:
    """The digit of each image, computed with the units of `arithmetic`.

    Args:
        network: Quantised to the width of the units.
        images: Shape (M, 64), in 0..1.
        arithmetic: The units.
        tables: Whether products of operands up to 8 bits come from a table; the answers are the same.

    Returns:
        Shape (M,).
    """
    units = arithmetic.complete()
    values = images
    for layer in network.layers:
        inputs = quantise(values, layer.input_scale, network.width_bits)
        sums = _matmul(inputs, layer.weights, units, tables) + layer.bias
        values = np.maximum(sums, 0) * layer.output_scale
    answers: Labels = sums.argmax(axis=1)
    return answers


def _matmul(a: IntArray, b: IntArray, units: Arithmetic, tables: bool) -> IntArray:
    """`a` (M, K) times `b` (K, N), product by product and sum by sum in the order of k."""
    width = units.width_bits
    table = _table(units) if tables and width <= LUT_WIDTH_MAX_BITS else None
    mask = (1 << width) - 1
    exact_sums = units.adder == "exact" and units.accumulator_width_bits <= INT64_SAFE_BITS
    total: IntArray = np.zeros((a.shape[0], b.shape[1]), dtype=np.int64)
    for k in range(a.shape[1]):
        column, row = a[:, k, None], b[None, k, :]
        product = units.products(column, row) if table is None else table[column & mask, row & mask]
        # The default accumulator holds 65,536 products: exact sums of a few never wrap.
        total = total + product if exact_sums else units.sums(total, product)
    return total


def _table(units: Arithmetic) -> IntArray:
    """Products of all operand pairs, indexed by the operands' bits."""
    return _table_of(units.multiplier, tuple(units.multiplier_parameters.items()), units.width_bits)


@cache
def _table_of(family: str, parameters: tuple[tuple[str, int], ...], width_bits: int) -> IntArray:
    operands = np.arange(1 << width_bits, dtype=np.int64)
    units = Arithmetic(width_bits, family, dict(parameters))
    return units.products(operands[:, None], operands[None, :])


@cache
def _digits_network(width_bits: int) -> QuantisedNetwork:
    return QuantisedNetwork.of(trained_network(), load_digits().train_images, width_bits)


def network_accuracy(arithmetic: Arithmetic) -> NetworkAccuracy:
    """Accuracy of the digits network with the units of `arithmetic`.

    Raises:
        UnknownNameError: no such family.
        SpecError: what is illegal, all of it.
        ToolMissingError: scikit-learn is not installed.
    """
    units = arithmetic.complete()
    digits, network = load_digits(), trained_network()
    answers = classify(_digits_network(units.width_bits), digits.test_images, units)
    exact = _exact_answers(units.width_bits)
    accuracy, exact_accuracy = _share(answers, digits.test_labels), _share(exact, digits.test_labels)
    return NetworkAccuracy(
        width_bits=units.width_bits,
        accumulator_width_bits=units.accumulator_width_bits,
        multiplier=units.multiplier,
        multiplier_parameters=dict(units.multiplier_parameters),
        adder=units.adder,
        adder_parameters=dict(units.adder_parameters),
        accuracy=accuracy,
        exact_accuracy=exact_accuracy,
        float_accuracy=_share(network.predict(digits.test_images), digits.test_labels),
        loss=exact_accuracy - accuracy,
        agreement=_share(answers, exact),
        test_images=len(answers),
        network=network.fingerprint,
        split_seed=SPLIT_SEED,
    )


@cache
def _exact_answers(width_bits: int) -> Labels:
    return classify(_digits_network(width_bits), load_digits().test_images, Arithmetic(width_bits))


def _share(answers: Sequence[int] | Labels, wanted: Sequence[int] | Labels) -> float:
    return float(np.mean(np.asarray(answers) == np.asarray(wanted)))
