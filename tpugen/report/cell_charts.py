"""Charts of cells and bars: heat maps with their numbers written in, and horizontal stacked bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from tpugen.report import svg

__all__ = ["Bar", "HeatMap", "Stack", "heat_chart", "stack_chart"]

_WIDTH = 1120.0
_SIZE = 12.5


@dataclass(frozen=True)
class HeatMap:
    """A table whose cells are shaded.

    Attributes:
        title: Above it.
        rows: Names of the rows.
        columns: Names of the columns.
        cells: Words of each cell.
        shades: 0 to 1, how strongly each cell is shaded.
        below: Which cells take the other colour.
    """

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[str]]
    shades: Sequence[Sequence[float]]
    below: Sequence[Sequence[bool]] = ()


@dataclass(frozen=True)
class Stack:
    """A part of a bar: length in the unit of the chart, class of its colour, words for the pointer."""

    length: float
    css: str
    note: str = ""


@dataclass(frozen=True)
class Bar:
    """A horizontal bar.

    Attributes:
        label: Left of it.
        parts: From left to right.
        value: Words right of it.
        group: Written once above the first bar of a group; empty for the rest.
        tick: Where a mark stands, in the unit of the chart: a printed value.
    """

    label: str
    parts: Sequence[Stack] = field(default_factory=tuple)
    value: str = ""
    group: str = ""
    tick: float | None = None


def heat_chart(maps: Sequence[HeatMap], *, title: str, description: str, note: str, x_title: str) -> Markup:
    """Heat maps of the same rows side by side.

    Args:
        maps: One to three.
        title: Heading.
        description: For those who do not see it.
        note: A line below the heading: what colours mean.
        x_title: Words of the columns.
    """
    left = max(svg.text_width(name, _SIZE) for name in maps[0].rows) + 28
    gap, top, row = 34.0, 106.0, 25.0
    width = (_WIDTH - left - 14 - gap * (len(maps) - 1)) / len(maps)
    height = top + row * len(maps[0].rows) + 18
    body = [svg.rect(0, 0, _WIDTH, height, class_="ground"), svg.text(12, 24, title, class_="strong", size=14)]
    body.append(svg.text(12, 43, note, class_="muted", size=11.5))
    for index, name in enumerate(maps[0].rows):
        body.append(svg.text(left - 12, top + row * index + 17, name, anchor="end", size=_SIZE))
    body.append(svg.text(left - 12, top - 9, x_title, class_="muted", anchor="end", size=11.5))
    for number, table in enumerate(maps):
        body.extend(_heat_map(table, left + number * (width + gap), top, width / len(table.columns), row))
    return svg.document(body, width=_WIDTH, height=height, title=title, description=description)


def _heat_map(table: HeatMap, left: float, top: float, cell: float, row: float) -> Iterator[Markup]:
    yield svg.text(left, top - 32, table.title, class_="strong", size=13)
    for number, name in enumerate(table.columns):
        yield svg.text(left + cell * (number + 0.5), top - 9, name, class_="muted", anchor="middle", size=11.5)
    for index in range(len(table.rows)):
        for number, words in enumerate(table.cells[index]):
            low = bool(table.below) and table.below[index][number]
            x, y = left + cell * number, top + row * index
            yield svg.element(
                "rect", x=x, y=y, width=cell, height=row, class_="m-cell m-heat below" if low else "m-cell m-heat",
                fill_opacity=round(0.06 + 0.54 * table.shades[index][number], 3),
            )  # fmt: skip
            yield svg.text(x + cell / 2, y + row / 2 + 4, words, anchor="middle", size=12)


def stack_chart(
    bars: Sequence[Bar], legend: Sequence[tuple[str, str]], *, title: str, description: str, note: str = "",
    full: float = 1.0, ticks: Sequence[tuple[float, str]] = (), value_width: float = 150.0,
) -> Markup:  # fmt: skip
    """Horizontal stacked bars.

    Args:
        bars: At least one.
        legend: Class and name of each colour.
        title: Heading.
        description: For those who do not see it.
        note: A line below the heading.
        full: Length that fills the width.
        ticks: Lengths that are written below, with their words.
        value_width: Room right of the bars.
    """
    left = max(svg.text_width(bar.label, _SIZE) for bar in bars) + 28
    scale = (_WIDTH - left - value_width) / full
    lines = _legend_lines(legend)
    top, row, head = 58.0 + 22 * (max(line for line, *_ in lines) + 1), 22.0, 26.0
    body = [svg.text(12, 24, title, class_="strong", size=14), svg.text(12, 43, note, class_="muted", size=11.5)]
    for line, x, css, name in lines:
        body.append(svg.rect(x, 56 + 22 * line, 13, 13, class_=css, radius=2))
        body.append(svg.text(x + 20, 67 + 22 * line, name, size=_SIZE))
    y, marks = top, []
    for bar in bars:
        if bar.group:
            y += head
            marks.append(svg.text(12, y - 8, bar.group, class_="strong", size=13))
        marks.extend(_bar(bar, left, y, scale))
        y += row
    floor = y + 4
    for value, words in ticks:
        body.append(svg.line(left + value * scale, top + 8, left + value * scale, floor, class_="m-grid"))
        marks.append(svg.text(left + value * scale, floor + 16, words, class_="muted", anchor="middle", size=11.5))
    height = floor + (28 if ticks else 12)
    return svg.document(
        [svg.rect(0, 0, _WIDTH, height, class_="ground"), *body, *marks], width=_WIDTH, height=height, title=title,
        description=description,
    )  # fmt: skip


def _bar(bar: Bar, left: float, y: float, scale: float) -> Iterator[Markup]:
    yield svg.text(left - 12, y + 13, bar.label, anchor="end", size=_SIZE)
    x = left
    for part in bar.parts:
        drawn = svg.rect(x, y + 2, part.length * scale, 15, class_=part.css)
        yield svg.group([svg.element("title", part.note), drawn]) if part.note else drawn
        x += part.length * scale
    if bar.tick is not None:
        at = left + bar.tick * scale
        yield svg.line(at, y - 1, at, y + 20, class_="m-tick")
    yield svg.text(x + 10, y + 13, bar.value, class_="muted", size=11.5)


def _legend_lines(legend: Sequence[tuple[str, str]]) -> list[tuple[int, float, str, str]]:
    """Line, x, class and name of each entry."""
    placed, line, x = [], 0, 12.0
    for css, name in legend:
        width = 20 + svg.text_width(name, _SIZE) + 26
        if x + width > _WIDTH and x > 12:
            line, x = line + 1, 12.0
        placed.append((line, x, css, name))
        x += width
    return placed
