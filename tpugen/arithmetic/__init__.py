"""Adder and multiplier families: names, parameters, legal ranges, and bit-accurate models."""

from __future__ import annotations

from tpugen.arithmetic.registry import (
    ADDERS,
    MULTIPLIERS,
    Family,
    Parameter,
    adder_family,
    multiplier_family,
)

__all__ = [
    "ADDERS",
    "MULTIPLIERS",
    "Family",
    "Parameter",
    "adder_family",
    "multiplier_family",
]
