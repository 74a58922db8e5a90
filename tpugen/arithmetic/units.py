"""Sums and products of a family by name: what specs, golden models, error metrics and networks compute with."""

from __future__ import annotations

import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.registry import adder_family, multiplier_family
from tpugen.errors import SpecError

__all__ = ["add", "multiply"]


def add(
    family: str, a: npt.ArrayLike, b: npt.ArrayLike, width_bits: int, *, signed: bool = False, **parameters: int
) -> IntArray:
    """`a + b` as an adder of `family` gives it.

    Args:
        family: Canonical name, e.g. `loa`.
        a: First operand, any shape; read modulo 2^width.
        b: Second operand, a shape that broadcasts with `a`.
        width_bits: Width of both operands.
        signed: Whether operands and sum are two's complement.
        parameters: The family's; those left out take their defaults.

    Returns:
        Numbers of `width_bits + 1` bits; int64 where 62 bits suffice, else Python integers.

    Raises:
        UnknownNameError: no such family.
        SpecError: illegal parameters, all of them listed.
    """
    unit = adder_family(family)
    _refuse(unit.problems(parameters, width_bits))
    return unit.model(a, b, width_bits, signed, **unit.complete(parameters, width_bits))


def multiply(
    family: str,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    a_width_bits: int,
    b_width_bits: int,
    *,
    signed: bool = False,
    **parameters: int,
) -> IntArray:
    """`a x b` as a multiplier of `family` gives it.

    Args:
        family: Canonical name, e.g. `drum`.
        a: First operand (the activation), any shape; read modulo 2^width.
        b: Second operand (the weight), a shape that broadcasts with `a`.
        a_width_bits: Width of `a`.
        b_width_bits: Width of `b`.
        signed: Whether operands and product are two's complement.
        parameters: The family's; those left out take their defaults.

    Returns:
        Numbers of `a_width_bits + b_width_bits` bits; int64 where 62 bits suffice, else Python integers.

    Raises:
        UnknownNameError: no such family.
        SpecError: illegal parameters, all of them listed.
    """
    unit = multiplier_family(family)
    widths = (a_width_bits, b_width_bits)
    _refuse(unit.problems(parameters, *widths))
    return unit.model(a, b, *widths, signed, **unit.complete(parameters, *widths))


def _refuse(problems: list[str]) -> None:
    if problems:
        raise SpecError("\n".join(problems))
