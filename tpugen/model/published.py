"""Figures that papers print, each with its paper, its place in it, its unit and its digits.

The model reads none of them when it computes: they are what its results are held against. Some were looked at when its
constants were chosen; these say so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

__all__ = ["FigureKind", "Paper", "PublishedFigure", "papers", "published_figures"]

FigureKind = Literal["exact", "about", "at_least", "below", "derived"]
"""How a figure is printed: as a number, in round words, as a bound; or it follows from printed numbers."""

_KINDS: tuple[FigureKind, ...] = get_args(FigureKind)
_SLACK = 1e-9
"""Relative: a value that lies on the edge of the last digit counts as inside, whatever binary fractions make of it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """Where figures come from.

    Attributes:
        key: Short name.
        title: Of the paper.
        authors: Family names.
        year: Of the version that was read.
        reference: How to find it.
    """

    key: str
    title: str
    authors: str
    year: int
    reference: str


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One figure.

    Attributes:
        paper: Key of the paper.
        place: Where in the paper.
        quantity: What it is, as the comparison names it: `tokens_per_s`, `energy_gain_percent`, ...
        unit: Of `printed`.
        kind: See `FigureKind`.
        printed: The digits as printed.
        system: What was evaluated; empty where the figure is not about one system.
        model: Language model; empty where the figure is about several.
        context: Context length in tokens; 0 where the figure does not depend on one.
        note: What the figure means where its name does not say so.
        calibration: Whether a constant or the structure of the model was chosen by looking at it, or at what it
            follows from: agreement is then a fit, no prediction.
    """

    paper: str
    place: str
    quantity: str
    unit: str
    kind: FigureKind
    printed: str
    system: str = ""
    model: str = ""
    context: int = 0
    note: str = ""
    calibration: bool = False

    @property
    def value(self) -> float:
        """The figure as a number."""
        return float(self.printed)

    @property
    def half_digit(self) -> float:
        """Half a unit of the last printed place: how far the paper's own value may be from what it prints.

        Of a figure in round words it is the last place that is not zero: "roughly 80" is 75 to 85.
        """
        digits = Decimal(self.printed)
        exponent = (digits.normalize() if self.kind == "about" else digits).as_tuple().exponent
        assert isinstance(exponent, int)  # noqa: S101 - for the type checker: `_figure` refuses NaN and infinity
        return 0.5 * 10.0**exponent

    def matches(self, value: float) -> bool:
        """Whether a value agrees with the figure: to the printed digit, or within the bound."""
        if self.kind == "at_least":
            return value >= self.value
        if self.kind == "below":
            return value < self.value
        return abs(value - self.value) <= self.half_digit * (1 + _SLACK)

    def error(self, value: float) -> float:
        """Relative difference of a value from the figure: 0.01 is one percent above it."""
        return value / self.value - 1


@cache
def papers() -> Mapping[str, Paper]:
    """Every paper by key."""
    return {key: Paper(key, **fields) for key, fields in _data()["paper"].items()}


@cache
def published_figures(quantity: str | None = None) -> tuple[PublishedFigure, ...]:
    """Every figure, or those of one quantity, in the order of the file."""
    figures = (_figure(table, row) for table in _data()["table"] for row in table["rows"])
    return tuple(figure for figure in figures if quantity in (None, figure.quantity))


def _figure(table: Mapping[str, Any], row: Mapping[str, Any]) -> PublishedFigure:
    shared = {name: value for name, value in table.items() if name != "rows"}
    figure = PublishedFigure(**shared, **row)
    if figure.paper not in papers() or figure.kind not in _KINDS or not Decimal(figure.printed).is_finite():
        raise ValueError(f"published.toml: {figure} has an unknown paper or kind, or no number")
    return figure


def _data() -> dict[str, Any]:
    text = (resources.files("tpugen.model") / "data" / "published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
