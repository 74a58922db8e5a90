"""Published figures: every one is readable, says where it is from, and knows how exact it is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.model.published import PublishedFigure, papers, published_figures
from tpugen.model.workloads import find_language_model


def figure(printed: str, kind: str = "exact") -> PublishedFigure:
    return PublishedFigure("pim-llm", "somewhere", "tokens_per_s", "tokens/s", kind, printed)  # type: ignore[arg-type]


def test_every_figure_has_its_paper_place_and_number() -> None:
    assert len(published_figures()) > 30
    for item in published_figures():
        assert item.paper in papers()
        assert item.place
        assert item.unit
        assert float(item.printed) == item.value > 0


def test_no_figure_is_there_twice() -> None:
    keys = [(item.quantity, item.system, item.model, item.context) for item in published_figures()]
    assert len(set(keys)) == len(keys)


def test_figures_of_one_quantity() -> None:
    tokens = published_figures("tokens_per_s")
    assert {item.quantity for item in tokens} == {"tokens_per_s"}
    assert [item.printed for item in tokens if (item.system, item.model) == ("tpu-llm", "gpt2-350m")] == [
        "18.72", "13.54", "6.95",
    ]  # fmt: skip
    assert published_figures("no such quantity") == ()


def test_what_was_looked_at_in_calibration_says_so() -> None:
    """The baseline's tokens per second are no fit; those of the hybrid, and its energy, are."""
    marked = {(item.quantity, item.system) for item in published_figures() if item.calibration}
    assert ("tokens_per_s", "tpu-llm") not in marked
    assert {("tokens_per_s", "pim-llm"), ("energy_gain_percent", "pim-llm"), ("crossbar_layer_us", "pim-llm"),
            ("gops_per_w", "pim-llm")} <= marked  # fmt: skip


def test_models_of_evaluated_figures_are_known() -> None:
    for item in published_figures():
        if item.model and item.system in ("tpu-llm", "pim-llm"):
            find_language_model(item.model)


@given(digits=st.decimals(min_value="0.01", max_value="9999", places=2), off=st.floats(-0.49, 0.49))
def test_to_the_printed_digit_is_what_rounding_says(digits: Decimal, off: float) -> None:
    item = figure(str(digits))
    near = float(digits) + off * 0.01
    assert item.matches(near)
    assert f"{near:.2f}" == f"{digits:.2f}"
    assert not item.matches(float(digits) + 0.0051)
    assert not item.matches(float(digits) - 0.0051)


@pytest.mark.parametrize(
    ("printed", "kind", "half"),
    [("33.7", "exact", 0.05), ("60", "exact", 0.5), ("80", "exact", 0.5), ("80", "about", 5.0), ("1.5", "about", 0.05)],
)
def test_how_exact_a_figure_is(printed: str, kind: str, half: float) -> None:
    assert figure(printed, kind).half_digit == pytest.approx(half)


def test_bounds_hold_or_do_not() -> None:
    assert figure("5", "at_least").matches(5.0)
    assert not figure("5", "at_least").matches(4.99)
    assert figure("200", "below").matches(199.9)
    assert not figure("200", "below").matches(200.0)


def test_an_error_is_relative_to_what_is_printed() -> None:
    assert figure("50").error(51) == pytest.approx(0.02)
