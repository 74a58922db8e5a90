"""First-order scaling between technologies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.errors import RequestError
from tpugen.model.scaling import NOMINAL_VOLTAGE_V, SCALING_SOURCE, parse_target, scaling_between

SIZES = st.floats(5.0, 1000.0)
VOLTS = st.floats(0.3, 5.0)


def test_from_180_to_45_nm_by_hand() -> None:
    record = scaling_between("osu018", 180, 1.8, 45, 0.9)
    # A quarter of the size: a sixteenth of the area, a quarter of the delay; half the supply: a quarter of CV^2's V^2.
    assert (record.area_factor, record.delay_factor, record.energy_factor) == (1 / 16, 1 / 4, 1 / 16)
    assert record.source == SCALING_SOURCE
    assert "Dennard" in record.source
    assert "assumed" in record.source


@given(SIZES, VOLTS, SIZES, VOLTS, SIZES, VOLTS)
def test_scaling_in_two_steps_is_scaling_in_one(
    a: float, va: float, b: float, vb: float, c: float, vc: float
) -> None:  # fmt: skip
    first, second = scaling_between("a", a, va, b, vb), scaling_between("b", b, vb, c, vc)
    whole = scaling_between("a", a, va, c, vc)
    for name in ("area_factor", "delay_factor", "energy_factor"):
        assert getattr(first, name) * getattr(second, name) == pytest.approx(getattr(whole, name))


@given(SIZES, VOLTS)
def test_scaling_to_itself_changes_nothing(size: float, volts: float) -> None:
    record = scaling_between("a", size, volts, size, volts)
    assert (record.area_factor, record.delay_factor, record.energy_factor) == (1, 1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("45nm", (45, NOMINAL_VOLTAGE_V[45])), ("7", (7, 0.7)), (" 28 nm @ 0.85 V", (28, 0.85)), ("12nm@0.8", (12, 0.8))],
)
def test_targets(text: str, expected: tuple[float, float]) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize("text", ["", "nangate", "0nm", "45nm@", "45nm@0V", "-45nm", "4 5nm"])
def test_targets_that_cannot_be_read(text: str) -> None:
    with pytest.raises(RequestError, match="as a technology to scale to; expected a feature size in nm"):
        parse_target(text)


def test_a_size_without_a_usual_supply() -> None:
    with pytest.raises(RequestError) as caught:
        parse_target("12nm")
    assert caught.value.message.startswith("the usual supply at 12 nm is not known; it is at 500, 350, ")
    assert caught.value.hint == "name it: 12nm@VOLTS"


def test_sizes_must_be_numbers_above_zero() -> None:
    with pytest.raises(RequestError) as caught:
        scaling_between("x", 0, 1, 45, 1)
    assert caught.value.message == "scaling from x: feature size is 0; expected a number above 0"
