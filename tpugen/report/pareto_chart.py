"""Error against cost as a scatter chart: points, the Pareto front as a stair, labels that keep out of each other's way.

Also as a file of its own: an SVG that brings its colours along, or a page around it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from tpugen.report import svg

__all__ = ["ChartPoint", "chart_page", "chart_svg", "pareto_chart"]

_WIDTH, _HEIGHT = 1120.0, 680.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 24.0, 58.0, 56.0
_ZERO_LANE = 34.0
_LABEL_SIZE = 10.5
_RADIUS = 4.2

_STYLE = """
svg { --card: #ffffff; --ink: #171b21; --muted: #59636f; --rule: #dfe3e8; --act: #1d5fc4; --wgt: #a34a06;
  --bar-soft: #9db3d1;
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { svg { --card: #171b21; --ink: #e7eaee; --muted: #9ba6b3; --rule: #2c333c;
  --act: #79aefc; --wgt: #f0a860; --bar-soft: #5a6f8f; } }
.ground { fill: var(--card); }
text { fill: var(--ink); }
.muted { fill: var(--muted); }
.strong { font-weight: 650; }
.grid { stroke: var(--rule); stroke-width: 1; }
.axis { stroke: var(--muted); stroke-width: 1; }
.stair { fill: none; stroke: var(--act); stroke-width: 1.5; stroke-dasharray: 5 4; }
.leader { stroke: var(--muted); stroke-width: .7; }
.point { fill: var(--bar-soft); }
.point.exact { fill: var(--wgt); }
.point.front { fill: var(--act); }
.point.exact.front { fill: var(--wgt); stroke: var(--act); stroke-width: 2; }
text.front { fill: var(--act); font-weight: 650; }
"""


@dataclass(frozen=True)
class ChartPoint:
    """One point.

    Attributes:
        label: Its name.
        x: Cost.
        y: Error, or accuracy.
        front: Whether it is on the Pareto front.
        exact: Whether it is an exact unit.
        note: What a pointer resting on it is told.
    """

    label: str
    x: float
    y: float
    front: bool
    exact: bool
    note: str = ""


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def pareto_chart(
    points: Sequence[ChartPoint], *, title: str, x_title: str, y_title: str, more_is_better: bool = False
) -> Markup:
    """The chart.

    Args:
        points: At least one.
        title: Heading.
        x_title: Words of the horizontal axis, on which less is better.
        y_title: Words of the vertical axis.
        more_is_better: The vertical axis is linear and more is better; else it is logarithmic, less is better, and
            points at zero stand in a lane of their own below it.

    Returns:
        An SVG without its style sheet.
    """
    across = _linear([point.x for point in points], _LEFT, _WIDTH - _RIGHT)
    up = _upright([point.y for point in points], more_is_better)
    body = [svg.rect(0, 0, _WIDTH, _HEIGHT, class_="ground"), *_frame(across, up, title, x_title, y_title)]
    placed = [(point, across.at(point.x), up.at(point.y)) for point in points]
    stair = [(x, y) for point, x, y in sorted(placed, key=lambda item: item[1]) if point.front]
    body.append(svg.path(_stair(stair), class_="stair"))
    # Cheap units last and the front on top of all.
    for point, x, y in sorted(placed, key=lambda item: (item[0].front, item[0].exact)):
        classes = " ".join(["point", *(["exact"] if point.exact else []), *(["front"] if point.front else [])])
        mark = svg.circle(x, y, _RADIUS + 0.6 * point.front, class_=classes)
        body.append(svg.group([svg.element("title", f"{point.label}: {point.note}"), mark]))
    body.extend(_labels(placed, _stair_boxes(stair)))
    front = ", ".join(point.label for point, _, _ in sorted(placed, key=lambda item: item[1]) if point.front)
    return svg.document(
        body, width=_WIDTH, height=_HEIGHT, title=title,
        description=f"{len(points)} units by {x_title} and {y_title}. On the Pareto front: {front}.",
    )  # fmt: skip


def chart_svg(chart: Markup) -> str:
    """The chart as a file of its own: with its style sheet and its name space."""
    head, rest = str(chart).split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{_STYLE}</style>{rest}\n'


def chart_page(chart: Markup, title: str) -> str:
    """A page around the chart; it refers to nothing outside itself and holds no script."""
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{Markup.escape(title)}</title>"
        "<style>body { margin: 0; background: Canvas; } svg { display: block; max-width: 100%; height: auto; }</style>"
        f"\n{chart_svg(chart)}</html>\n"
    )


@dataclass(frozen=True)
class _Axis:
    """Where values lie, and which of them are written beside the axis."""

    at: Callable[[float], float]
    ticks: list[tuple[float, str]]


def _linear(values: Sequence[float], start: float, end: float) -> _Axis:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = (max(low - margin, 0.0) if low >= 0 else low - margin), high + margin

    def at(value: float) -> float:
        return start + (end - start) * (value - low) / (high - low)

    return _Axis(at, [(value, f"{value:,.10g}") for value in _round_values(low, high)])


def _round_values(low: float, high: float, target: int = 8) -> list[float]:
    raw = (high - low) / target
    scale = 10 ** math.floor(math.log10(raw))
    step = next(factor * scale for factor in (1, 2, 2.5, 5, 10) if factor * scale >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _upright(values: Sequence[float], more_is_better: bool) -> _Axis:
    floor, ceiling = _HEIGHT - _BOTTOM, _TOP
    if more_is_better:
        axis = _linear(values, floor, ceiling)
        return _Axis(axis.at, [(value, f"{100 * value:.4g} %") for value, _ in axis.ticks])
    positive = [value for value in values if value > 0]
    zeros = len(positive) < len(values)
    base = floor - (_ZERO_LANE if zeros else 0)
    if not positive:
        return _Axis(lambda _value: floor - _ZERO_LANE / 2, [(0.0, "0")])
    low, high = math.log10(min(positive)) - 0.12, math.log10(max(positive)) + 0.12

    def at(value: float) -> float:
        if value <= 0:
            return floor - _ZERO_LANE / 2
        return base + (ceiling - base) * (math.log10(value) - low) / (high - low)

    return _Axis(at, [*([(0.0, "0")] if zeros else []), *_decade_ticks(low, high)])


def _decade_ticks(low: float, high: float) -> Iterator[tuple[float, str]]:
    factors = (1, 2, 5) if high - low <= 3 else (1,)
    for decade in range(math.floor(low), math.ceil(high) + 1):
        for factor in factors:
            value = factor * 10.0**decade
            if low <= math.log10(value) <= high:
                yield value, f"{100 * value:.10g} %"


def _frame(across: _Axis, up: _Axis, title: str, x_title: str, y_title: str) -> Iterator[Markup]:
    floor, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    yield svg.text(_LEFT, 24, title, class_="strong", size=14)
    yield svg.text(_LEFT, 43, y_title, class_="muted", size=10.5)
    for value, words in across.ticks:
        yield svg.line(across.at(value), _TOP, across.at(value), floor, class_="grid")
        yield svg.text(across.at(value), floor + 17, words, class_="muted", anchor="middle", size=10.5)
    for value, words in up.ticks:
        yield svg.line(_LEFT, up.at(value), right, up.at(value), class_="grid")
        yield svg.text(_LEFT - 8, up.at(value) + 3.6, words, class_="muted", anchor="end", size=10.5)
    yield svg.line(_LEFT, floor, right, floor, class_="axis")
    yield svg.line(_LEFT, _TOP, _LEFT, floor, class_="axis")
    yield svg.text((_LEFT + right) / 2, floor + 40, x_title, class_="muted", anchor="middle", size=10.5)
    yield from _legend(right)


def _legend(right: float) -> Iterator[Markup]:
    x = right
    for words, classes in (("dominated", "point"), ("exact", "point exact"), ("Pareto front", "point front")):
        x -= svg.text_width(words, 10.5)
        yield svg.text(x, 43, words, class_="muted", size=10.5)
        x -= 10
        yield svg.circle(x, 39.5, _RADIUS, class_=classes)
        x -= 18


def _stair(front: Sequence[tuple[float, float]]) -> str:
    """The boundary of what is dominated: from each front point on at its error, until the next one is affordable."""
    words: list[str] = []
    for index, (x, y) in enumerate(front):
        words.append(f"M{x:.1f} {y:.1f}" if index == 0 else f"H{x:.1f} V{y:.1f}")
    return " ".join(words) or "M0 0"


def _stair_boxes(front: Sequence[tuple[float, float]]) -> list[_Box]:
    """What the stair covers, so that labels keep off it."""
    boxes = []
    for (x, y), (next_x, next_y) in pairwise(front):
        top, bottom = sorted((y, next_y))
        boxes += [_Box(x, y - 1, next_x, y + 1), _Box(next_x - 1, top, next_x + 1, bottom)]
    return boxes


def _labels(placed: Sequence[tuple[ChartPoint, float, float]], stair: Sequence[_Box]) -> Iterator[Markup]:
    """Labels beside their points where there is room, the front's first; without room a point keeps only its note."""
    spots: dict[tuple[float, float], list[ChartPoint]] = {}
    for point, x, y in placed:
        spots.setdefault((round(x, 1), round(y, 1)), []).append(point)
    taken = [*stair, *(_Box(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS) for x, y in spots)]
    order = sorted(spots.items(), key=lambda item: (not item[1][0].front, not item[1][0].exact, item[0]))
    for (x, y), points in order:
        label, front = ", ".join(point.label for point in points), points[0].front
        width = svg.text_width(label, _LABEL_SIZE)
        for left, baseline, far in _places(x, y, width):
            box = _Box(left - 1, baseline - 8.5, left + width + 1, baseline + 2.5)
            across = box.left > _LEFT and box.right < _WIDTH - 4
            upright = box.top > _TOP - 8 and box.bottom < _HEIGHT - _BOTTOM
            end = (max(box.left, min(x, box.right)), box.bottom if box.bottom < y else box.top)
            steps = _leader((x, y), end) if far else []
            if across and upright and not any(part.meets(other) for part in (box, *steps) for other in taken):
                taken += [box, *steps]
                if far:
                    yield svg.line(x, y, *end, class_="leader")
                yield svg.text(left, baseline, label, class_="front" if front else "", size=_LABEL_SIZE)
                break


def _leader(start: tuple[float, float], end: tuple[float, float], steps: int = 10) -> list[_Box]:
    """What a leader covers, but for its end at the point: small boxes along it."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    shares = (step / steps for step in range(steps))
    on_line = ((x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in shares if share * length > 2 * _RADIUS)
    return [_Box(x - 1, y - 1, x + 1, y + 1) for x, y in on_line]


def _places(x: float, y: float, width: float) -> Iterator[tuple[float, float, bool]]:
    """Where a label may stand: left edge, baseline, and whether it is so far that it needs a leader."""
    gap = _RADIUS + 3
    yield x + gap, y + 3.6, False
    yield x - gap - width, y + 3.6, False
    yield x - width / 2, y - gap - 1, False
    yield x - width / 2, y + gap + 8, False
    for side in (x + 3, x - 3 - width):
        yield side, y - gap, False
        yield side, y + gap + 7, False
    for distance in (16, 26, 38, 54, 72, 92):
        for left in (x + 6, x - 6 - width, x - width / 2, x + 18, x - 18 - width):
            yield left, y - gap - distance, True
            yield left, y + gap + distance + 6, True
