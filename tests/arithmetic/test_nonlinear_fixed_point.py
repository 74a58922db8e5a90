"""Requantisation, saturation and factors: against exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tpugen.arithmetic.nonlinear import factor, gated_product, relu2, requantise, saturate, saturating_add
from tpugen.errors import RequestError

INT32 = st.integers(-(2**31), 2**31 - 1)
INT16 = st.integers(-(2**15), 2**15 - 1)


def half_away(value: Fraction) -> int:
    """Nearest integer, halves away from zero, straight from the definition."""
    whole = math.floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def clip(value: int, width: int, signed: bool = True) -> int:
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
    return min(max(value, low), high)


@given(INT32, st.integers(0, 2**32 - 1), st.integers(0, 63), INT16, st.integers(2, 32), st.booleans())
@example(-(2**31), 2**32 - 1, 63, 0, 8, True)
@example(-(2**31), 2**32 - 1, 0, -1, 32, True)
@example(2**31 - 1, 2**32 - 1, 62, 5, 32, False)
@example(-3, 1, 1, 0, 8, True)
@example(3, 1, 1, 0, 8, True)
def test_requantise_is_the_exact_definition(
    accumulator: int, multiplier: int, shift: int, zero_point: int, width: int, signed: bool
) -> None:
    wanted = half_away(Fraction(accumulator * multiplier, 2**shift)) + zero_point
    got = requantise(accumulator, multiplier, shift, zero_point=zero_point, width_bits=width, signed=signed)
    assert int(got) == clip(wanted, width, signed)


@given(st.integers(-200, 200), st.integers(0, 8))
def test_halves_go_away_from_zero(value: int, shift: int) -> None:
    assert int(requantise(value, 1, shift, width_bits=16)) == half_away(Fraction(value, 2**shift))
    assert int(requantise(-value, 1, shift, width_bits=16)) == -int(requantise(value, 1, shift, width_bits=16))


def test_requantise_broadcasts_over_arrays() -> None:
    accumulators = np.array([[1000, -1000, 7], [2**31 - 1, -(2**31), 0]], dtype=np.int32)
    got = requantise(accumulators, [1, 3, 5], [[4], [10]], zero_point=[0, 1, 2])
    assert got.dtype == np.int64
    assert got.tolist() == [[63, -128, 4], [127, -128, 2]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([2**31], 1, 0), "accumulators: 2147483648..2147483648 is outside the legal range -2147483648..2147483647"),
        (([1.5], 1, 0), "accumulators: integers are expected, not float64"),
        (([1], -1, 0), "multiplier: -1..-1 is outside the legal range 0..4294967295"),
        (([1], 1, 64), "shift: 64..64 is outside the legal range 0..63"),
    ],
)
def test_requantise_refuses(arguments: tuple[object, object, object], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        requantise(*arguments)  # type: ignore[arg-type]
    assert caught.value.message == message
    assert caught.value.hint


@given(INT16, INT16)
@example(-(2**15), -(2**15))
@example(2**15 - 1, 2**15 - 1)
def test_saturating_add(a: int, b: int) -> None:
    assert int(saturating_add(a, b)) == clip(a + b, 16)


def test_saturating_add_of_every_pair_of_four_bits() -> None:
    numbers = np.arange(-8, 8)
    got = saturating_add(numbers[:, None], numbers[None, :], width_bits=4)
    assert got.tolist() == [[clip(int(a + b), 4) for b in numbers] for a in numbers]


def test_saturating_add_refuses_operands_that_are_too_wide() -> None:
    with pytest.raises(RequestError, match=r"second operand: 8..8 is outside the legal range -8..7"):
        saturating_add(1, 8, width_bits=4)


def test_saturate() -> None:
    assert saturate([-300, -128, 5, 127, 128], 8).tolist() == [-128, -128, 5, 127, 127]
    assert saturate([-1, 0, 255, 256], 8, signed=False).tolist() == [0, 0, 255, 255]
    with pytest.raises(RequestError, match="a format of 63 bits"):
        saturate(0, 63)


@given(INT16, INT16, st.integers(0, 31))
@example(-(2**15), -(2**15), 0)
@example(-(2**15), 2**15 - 1, 15)
def test_gated_product(gate: int, value: int, shift: int) -> None:
    assert int(gated_product(gate, value, shift)) == clip(half_away(Fraction(gate * value, 2**shift)), 16)


@given(INT16, st.integers(0, 31))
@example(2**15 - 1, 0)
@example(2896, 8)
@example(2897, 8)
def test_relu2(value: int, shift: int) -> None:
    assert int(relu2(value, shift)) == clip(half_away(Fraction(max(value, 0) ** 2, 2**shift)), 16)


def test_relu2_saturates_where_it_says() -> None:
    assert relu2(round(11.3 * 256)).item() < 2**15 - 1
    assert relu2(round(11.32 * 256)).item() == 2**15 - 1


@given(st.floats(1e-15, 60000), st.integers(2, 32))
def test_factor_is_the_nearest(value: float, width: int) -> None:
    if value >= 2**width - 1:
        return
    multiplier, shift = factor(value, width)
    assert 0 < multiplier < 2**width
    assert 0 <= shift <= 63
    got = Fraction(multiplier, 2**shift)
    assert got == Fraction(factor(value, width).value)
    if shift < 63:
        assert multiplier >= 2 ** (width - 1)
        assert abs(got - Fraction(value)) <= Fraction(value) / 2**width


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_factor_refuses_what_is_no_factor(value: float) -> None:
    with pytest.raises(RequestError, match="a factor must be positive and finite"):
        factor(value)


def test_factor_refuses_what_does_not_fit() -> None:
    with pytest.raises(RequestError, match="factor 70000 does not fit a multiplier of 16 bits"):
        factor(70000.0)
    with pytest.raises(RequestError, match="a multiplier of 33 bits"):
        factor(1.0, 33)
