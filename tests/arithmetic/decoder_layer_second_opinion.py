"""The integer decoder layer once more, on plain Python integers: loops, fractions, and no matrix.

Shares with the model only the units that have tests of their own: norms, weights of softmax, GELU.
"""

from __future__ import annotations

from fractions import Fraction

from tpugen.arithmetic.decoder_layer import IntegerLayer, IntegerNorm
from tpugen.arithmetic.nonlinear import gelu, layer_norm, rms_norm, softmax_weights

Vector = list[int]


def limited(value: int, bits: int) -> int:
    return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, value))


def rounded(value: Fraction) -> int:
    """To nearest, halves away from zero."""
    whole = (abs(value) + Fraction(1, 2)).__floor__()
    return whole if value >= 0 else -whole


def absmax(values: Vector) -> tuple[Vector, int]:
    scale = max(abs(value) for value in values)
    return [rounded(Fraction(127 * value, scale)) if scale else 0 for value in values], scale


class PlainLayer:
    """One layer and its cache."""

    def __init__(self, layer: IntegerLayer) -> None:
        self.layer = layer
        self.cache: list[tuple[list[Vector], list[Vector]]] = []

    def project(self, name: str, inputs: Vector, scale: int, bits: int) -> Vector:
        weights = self.layer.matrices[name].values.tolist()  # type: ignore[index]
        constant = self.layer.constants[name]  # type: ignore[index]
        factor = Fraction(scale * constant.multiplier, 2**constant.shift)
        columns = range(len(weights[0]))
        sums = [sum(a * row[column] for a, row in zip(inputs, weights, strict=True)) for column in columns]
        return [limited(rounded(total * factor), bits) for total in sums]

    def norm(self, norm: IntegerNorm, x: Vector) -> Vector:
        bits = norm.gain_fraction_bits
        if norm.biases is None:
            return rms_norm(x, norm.gains, gain_fraction_bits=bits).tolist()
        return layer_norm(x, norm.gains, norm.biases, gain_fraction_bits=bits).tolist()

    def activate(self, values: Vector) -> Vector:
        if self.layer.shape.activation == "gelu":
            return gelu(values).tolist()
        halving = 2**self.layer.activation_shift
        return [limited(rounded(Fraction(max(0, value) ** 2, halving)), 16) for value in values]

    def heads(self, values: Vector) -> list[Vector]:
        width = self.layer.shape.d // self.layer.shape.heads
        return [values[start : start + width] for start in range(0, len(values), width)]

    def attend(self, queries: list[Vector]) -> Vector:
        layer, context = self.layer, []
        shared = len(queries) // len(self.cache[0][0])
        for head, query in enumerate(queries):
            keys = [k[head // shared] for k, _ in self.cache]
            values = [v[head // shared] for _, v in self.cache]
            scores = [sum(a * b for a, b in zip(query, key, strict=True)) for key in keys]
            weights = softmax_weights(scores, layer.softmax.multiplier, layer.softmax.shift).weights.tolist()
            for column in zip(*values, strict=True):
                total = sum(weight * value for weight, value in zip(weights, column, strict=True))
                context.append(rounded(Fraction(32767 * total, 128 * sum(weights))))
        return context

    def token(self, x: Vector) -> Vector:
        """The residual stream after the layer."""
        layer = self.layer
        a1, s1 = absmax(self.norm(layer.norm1, x))
        q, k, v = (self.heads(self.project(name, a1, s1, 8)) for name in ("W_Q", "W_K", "W_V"))
        self.cache.append((k, v))
        o = self.project("W_X", *absmax(self.attend(q)), 16)
        x1 = [limited(a + b, 16) for a, b in zip(x, o, strict=True)]
        a3, s3 = absmax(self.norm(layer.norm2, x1))
        u = self.project("W_I", a3, s3, 16)
        if layer.shape.gated:
            gate = self.activate(self.project("W_G", a3, s3, 16))
            halving = 2**layer.gate_shift
            h = [limited(rounded(Fraction(a * b, halving)), 16) for a, b in zip(gate, u, strict=True)]
        else:
            h = self.activate(u)
        y = self.project("W_O", *absmax(h), 16)
        return [limited(a + b, 16) for a, b in zip(x1, y, strict=True)]
