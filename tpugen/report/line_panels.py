"""Lines over a logarithmic axis, as one chart or as small multiples that share their axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tpugen.report import svg
from tpugen.report.chart_base import Scale

__all__ = ["Panel", "Series", "line_chart", "panel_chart"]

_WIDTH = 1120.0
_SIZE = 12.5
_RADIUS = 4.2


@dataclass(frozen=True)
class Series:
    """One line.

    Attributes:
        label: Its name; the same in all panels.
        css: Class of its colour.
        points: (x, y), in the order of x.
        printed: Published (x, y), drawn as rings.
        dots: (x, y) that stand out, drawn as dots.
        dashed: Whether the line is dashed.
        end: What is written at its right end, where the chart does so.
    """

    label: str
    css: str
    points: Sequence[tuple[float, float]]
    printed: Sequence[tuple[float, float]] = ()
    dots: Sequence[tuple[float, float]] = ()
    dashed: bool = False
    end: str = ""


@dataclass(frozen=True)
class Panel:
    """One of several small charts."""

    title: str
    series: Sequence[Series]


def panel_chart(
    panels: Sequence[Panel], *, title: str, description: str, across: Scale, up: Scale, x_title: str,
    columns: int = 4, panel_height: float = 176.0, ring: str = "printed in the paper",
) -> Markup:  # fmt: skip
    """Small multiples; the legend stands below the title.

    Args:
        panels: At least one; all have the same series.
        title: Heading.
        description: For those who do not see it.
        across: Scale of x, without coordinates.
        up: Scale of y, without coordinates.
        x_title: Words of the horizontal axis.
        columns: Panels in a row.
        panel_height: Height of a plot.
        ring: What rings mean; not in the legend where no panel has any.
    """
    rows = -(-len(panels) // columns)
    left, top, gap_x, gap_y, right = 66.0, 92.0, 24.0, 62.0, 22.0
    width = (_WIDTH - left - right - gap_x * (columns - 1)) / columns
    height = top + rows * (panel_height + gap_y) - 10
    body = [svg.rect(0, 0, _WIDTH, height, class_="ground"), svg.text(12, 24, title, class_="strong", size=14)]
    ringed = list(dict.fromkeys(series.css for panel in panels for series in panel.series if series.printed))
    body.extend(_legend(panels[0].series, ring, ringed))
    for index, panel in enumerate(panels):
        x = left + (index % columns) * (width + gap_x)
        y = top + (index // columns) * (panel_height + gap_y)
        inside = across.between(x, x + width), up.between(y + panel_height, y)
        body.append(svg.text(x, y - 9, panel.title, class_="strong", size=13))
        body.extend(_grid(*inside, write_y=index % columns == 0))
        body.extend(mark for series in panel.series for mark in _marks(series, *inside))
    body.append(svg.text(left, height - 11, x_title, class_="muted", size=11.5))
    return svg.document(body, width=_WIDTH, height=height, title=title, description=description)


def line_chart(
    series: Sequence[Series], *, title: str, description: str, across: Scale, up: Scale, x_title: str, y_title: str,
    height: float = 470.0, right: float = 210.0, note: str = "",
) -> Markup:  # fmt: skip
    """One chart whose lines are named at their right ends.

    Args:
        series: At least one.
        title: Heading.
        description: For those who do not see it.
        across: Scale of x, without coordinates.
        up: Scale of y, without coordinates.
        x_title: Words of the horizontal axis.
        y_title: Words of the vertical axis.
        height: Of the drawing.
        right: Room for the names.
        note: A line below the title.
    """
    left, top, bottom = 66.0, 78.0, 52.0
    inside = across.between(left, _WIDTH - right), up.between(height - bottom, top)
    body = [svg.rect(0, 0, _WIDTH, height, class_="ground"), svg.text(12, 24, title, class_="strong", size=14)]
    body.append(svg.text(12, 43, note, class_="muted", size=11.5))
    body.append(svg.text(12, 66, y_title, class_="muted", size=11.5))
    body.extend(_grid(*inside, write_y=True))
    body.extend(mark for item in series for mark in _marks(item, *inside))
    places = _spread([inside[1].at(item.points[-1][1]) for item in series], 16.0)
    for item, y in zip(series, places, strict=True):
        body.append(svg.text(_WIDTH - right + 12, y + 4, item.end or item.label, size=_SIZE))
    body.append(svg.text(_WIDTH - right, height - 10, x_title, class_="muted", anchor="end", size=11.5))
    return svg.document(body, width=_WIDTH, height=height, title=title, description=description)


def _legend(series: Sequence[Series], ring: str, ringed: Sequence[str]) -> Iterator[Markup]:
    x, y = 12.0, 44.0
    for item in series:
        css = "m-line dashed" if item.dashed else "m-line"
        yield svg.group([svg.line(x, y - 4, x + 26, y - 4, class_=css)], class_=item.css)
        yield svg.text(x + 34, y, item.label, size=_SIZE)
        x += 34 + svg.text_width(item.label, _SIZE) + 28
    if ringed:
        marks = [svg.circle(x + 5, y - 4, _RADIUS, class_="m-ring")]
        yield svg.group(marks, class_=ringed[0])
        if len(ringed) > 1:
            yield svg.group([svg.circle(x + 17, y - 4, _RADIUS, class_="m-ring")], class_=ringed[1])
        yield svg.text(x + 18 + 12 * (len(ringed) > 1), y, ring, size=_SIZE)


def _grid(across: Scale, up: Scale, *, write_y: bool) -> Iterator[Markup]:
    floor = up.start
    for value, words in up.ticks:
        y = up.at(value)
        heavy = not up.logarithmic and value == 0
        yield svg.line(across.start, y, across.end, y, class_="m-zero" if heavy else "m-grid")
        if write_y:
            yield svg.text(across.start - 8, y + 4, words, class_="muted", anchor="end", size=11.5)
    for value, words in across.ticks:
        x = across.at(value)
        yield svg.line(x, up.end, x, floor, class_="m-grid")
        if words:
            yield svg.text(x, floor + 16, words, class_="muted", anchor="middle", size=11.5)


def _marks(series: Series, across: Scale, up: Scale) -> Iterator[Markup]:
    spots = [(across.at(x), up.at(y)) for x, y in series.points]
    marks = [svg.path("M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in spots),
                      class_="m-line dashed" if series.dashed else "m-line")]  # fmt: skip
    for css, points in (("m-ring", series.printed), ("m-dot", series.dots)):
        marks.extend(svg.circle(across.at(x), up.at(y), _RADIUS, class_=css) for x, y in points)
    yield svg.group(marks, class_=series.css)


def _spread(places: Sequence[float], least: float) -> list[float]:
    """Coordinates moved apart so that labels do not meet, in the order given, each as near to its own as can be."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = [places[index] for index in order]
    for _ in range(200):
        close = False
        for index in range(1, len(moved)):
            lack = least - (moved[index] - moved[index - 1])
            if lack > 0.01:
                close = True
                moved[index - 1] -= lack / 2
                moved[index] += lack / 2
        if not close:
            break
    result = [0.0] * len(places)
    for index, place in zip(order, moved, strict=True):
        result[index] = place
    return result
