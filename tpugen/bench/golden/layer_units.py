"""What lies between the products of a decoder layer, in plain integers, one number or vector at a time.

Each unit computes the exact value of its published formula and rounds once, to nearest with halves away from zero,
unless said otherwise. Formats: int16 with 8 fraction bits (Q7.8) between units, exponents of two with 12 fraction bits,
weights of attention in 255ths, means with 32767 for 128. Tables are worked out from their functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

__all__ = [
    "absmax",
    "attention_weights",
    "divided",
    "gelu",
    "layer_norm",
    "limited",
    "mean_of_values",
    "rescaled",
    "rms_norm",
    "squared_relu",
]

_FRACTION_BITS = 8
_ROOT_BITS = 16
_PLENTY = 128
"""Fraction bits in which a root is worked out before its 16 leading bits are taken."""
_EXPONENT_FRACTION_BITS = 12
_EXPONENT_BITS = 24
_CHORDS = 16
_GELU_CHORD = 16
"""A chord of GELU's tail is 1/16 long: 16 units of Q7.8."""
_GELU_END = 4 << _FRACTION_BITS
_GELU_KNOT_BITS = 12


def divided(numerator: int, denominator: int) -> int:
    """The quotient to nearest, halves away from zero; the denominator is positive."""
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude


def limited(value: int, bits: int) -> int:
    """Saturated to a signed number of so many bits."""
    bound = 1 << (bits - 1)
    return max(-bound, min(bound - 1, value))


def rescaled(value: int, multiplier: int, shift: int, bits: int) -> int:
    """`value * multiplier / 2^shift` in a narrow format (Jacob et al., arXiv 1712.05877)."""
    return limited(divided(value * multiplier, 1 << shift), bits)


def absmax(vector: Sequence[int]) -> tuple[list[int], int]:
    """127ths of the greatest magnitude, and that magnitude (BitNet b1.58, arXiv 2402.17764)."""
    scale = max(abs(value) for value in vector)
    return [divided(127 * value, scale) if scale else 0 for value in vector], scale


def rms_norm(vector: Sequence[int], gains: Sequence[int], gain_bits: int) -> list[int]:
    """Numbers over their root mean square, one unit squared standing for epsilon (arXiv 1910.07467).

    Args:
        vector: int16, any unit.
        gains: int16 with `gain_bits` fraction bits.
        gain_bits: 0..15.
    """
    mantissa, exponent = _root(len(vector), sum(value * value + 1 for value in vector))
    unit = 1 << (exponent + gain_bits - _FRACTION_BITS)
    return [limited(divided(x * gain * mantissa, unit), 16) for x, gain in zip(vector, gains, strict=True)]


def layer_norm(vector: Sequence[int], gains: Sequence[int], biases: Sequence[int], gain_bits: int) -> list[int]:
    """Numbers less their mean, over their standard deviation (arXiv 1607.06450); otherwise as `rms_norm`.

    Args:
        vector: int16, any unit.
        gains: int16 with `gain_bits` fraction bits.
        biases: Q7.8, added after the rounding.
        gain_bits: 0..15.
    """
    length, total = len(vector), sum(vector)
    # length^2 times (variance + 1), and length times each number's distance from the mean: no division.
    mantissa, exponent = _root(1, length * sum(value * value + 1 for value in vector) - total * total)
    unit = 1 << (exponent + gain_bits - _FRACTION_BITS)
    return [
        limited(divided((length * x - total) * gain * mantissa, unit) + bias, 16)
        for x, gain, bias in zip(vector, gains, biases, strict=True)
    ]


def _root(numerator: int, denominator: int) -> tuple[int, int]:
    """sqrt(numerator / denominator) as mantissa / 2^exponent: 16 leading bits, the rest cut off."""
    root = math.isqrt((numerator << 2 * _PLENTY) // denominator)
    cut = root.bit_length() - _ROOT_BITS
    return root >> cut, _PLENTY - cut


def attention_weights(scores: Sequence[int], multiplier: int, shift: int) -> list[int]:
    """255 * 2^(t - greatest t), halves up, with t the score times its factor (Softermax, arXiv 2103.09301)."""
    exponents = [rescaled(score, multiplier, shift, _EXPONENT_BITS) for score in scores]
    greatest = max(exponents)
    weights = []
    for exponent in exponents:
        whole, fraction = divmod(greatest - exponent, 1 << _EXPONENT_FRACTION_BITS)
        unit = 1 << (16 + whole)
        weights.append((2 * 255 * _power(fraction) + unit) // (2 * unit))
    return weights


def _power(fraction: int) -> int:
    """2^-f with 16 fraction bits, f in 4096ths: on the chord between neighbouring sixteenths; its fall is rounded."""
    chord, along = divmod(fraction, 1 << 8)
    high, low = _sixteenth(chord), _sixteenth(chord + 1)
    return high - divided((high - low) * along, 1 << 8)


def _sixteenth(k: int) -> int:
    """2^(16 - k/16), rounded: four exact square roots of 2^(272 - k), which is twice the number to the sixteenth."""
    doubled = 1 << (_CHORDS * 17 - k)
    for _ in range(4):
        doubled = math.isqrt(doubled)
    return (doubled + 1) // 2


def mean_of_values(weights: Sequence[int], values: Sequence[int]) -> int:
    """Values under their weights, divided once by the weights' sum (arXiv 1805.02867); 32767 stands for 128."""
    total = sum(weight * value for weight, value in zip(weights, values, strict=True))
    return divided(32767 * total, 128 * sum(weights))


def gelu(x: int) -> int:
    """max(x, 0) less |x| Phi(-|x|) (arXiv 1606.08415), whose 64 chords end at 4; halves of what is less are up."""
    magnitude = abs(x)
    if magnitude >= _GELU_END:
        return max(x, 0)
    chord, along = divmod(magnitude, _GELU_CHORD)
    left, right = _gelu_knot(chord), _gelu_knot(chord + 1)
    tail = left * (_GELU_CHORD - along) + right * along
    return max(x, 0) - divided(tail, _GELU_CHORD << (_GELU_KNOT_BITS - _FRACTION_BITS))


def _gelu_knot(k: int) -> int:
    """|x| Phi(-|x|) at |x| = k/16, with 12 fraction bits."""
    return round(k / 16 * NormalDist().cdf(-k / 16) * (1 << _GELU_KNOT_BITS))


def squared_relu(x: int, shift: int) -> int:
    """max(x, 0)^2 / 2^shift in int16 (Primer, arXiv 2109.08668)."""
    return rescaled(max(x, 0), max(x, 0), shift, 16)
