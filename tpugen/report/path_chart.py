"""The critical path as a waterfall: each stage a bar from where the one before it ended, against the clock period."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from markupsafe import Markup

from tpugen.report import svg
from tpugen.report.text import count, quantity
from tpugen.results import PathStage, TimingResult

__all__ = ["Row", "common_parent", "path_chart", "path_rows", "ticks"]

_ROWS_MAX = 30
_NAME_W, _CELL_W, _VALUE_W, _PLOT_W = 330.0, 96.0, 62.0, 740.0
_ROW_H, _TOP, _BOTTOM = 19.0, 34.0, 44.0


@dataclass(frozen=True)
class Row:
    """One line of the chart: a stage, or several run together."""

    cell: str
    place: str
    start_ns: float
    end_ns: float
    merged: int = 1


def path_rows(stages: list[PathStage], rows_max: int = _ROWS_MAX) -> list[Row]:
    """Stages as rows; of a path longer than `rows_max` the middle is run together into one row."""
    # The launching register's clock pin stands before its output and takes no time.
    shown = stages[1:] if len(stages) > 1 and stages[0].delay_ns == 0 else stages
    rows = [
        Row(stage.cell or "start", _place(stage.pin), stage.arrival_ns - stage.delay_ns, stage.arrival_ns)
        for stage in shown
    ]
    if len(rows) <= rows_max:
        return rows
    head = rows_max // 2
    tail = rows_max - head - 1
    middle = rows[head : len(rows) - tail]
    merged = Row(count(len(middle), "stage"), "", middle[0].start_ns, middle[-1].end_ns, len(middle))
    return [*rows[:head], merged, *rows[len(rows) - tail :]]


def _place(pin: str) -> str:
    """The instance that a pin belongs to, without the generated numbers that mean nothing to a reader.

    `u_array/gen_row[0].gen_col[1].u_pe/_1234_/Y` becomes `u_array/gen_row[0].gen_col[1].u_pe`.
    """
    parts = pin.split("/")
    owner = parts[:-1] if len(parts) > 1 else parts
    named = [part for part in owner if not (part.startswith("_") and part.endswith("_") and part[1:-1].isdigit())]
    return "/".join(named)


def common_parent(places: list[str]) -> str:
    """The instance that holds all of `places`, with a `/` at its end; empty if there is none."""
    owners = [place.split("/")[:-1] for place in places if place]
    shared = []
    for names in zip(*owners, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "".join(f"{name}/" for name in shared)


def ticks(end: float, target: int = 6) -> list[float]:
    """Round values from 0 to at most `end`, about `target` of them."""
    if not math.isfinite(end) or end <= 0:
        return [0.0]
    raw = end / target
    scale = 10 ** math.floor(math.log10(raw))
    step = next(factor * scale for factor in (1, 2, 2.5, 5, 10) if factor * scale >= raw * 0.999)
    return [index * step for index in range(int(end / step + 1e-9) + 1)]


def _tail(place: str, width: float, size: float) -> str:
    """The end of a hierarchical name that fits: the instance itself says more than where it hangs."""
    room = int(width / (size * svg.CHAR_WIDTH_EM))
    return place if len(place) <= room else f"…{place[len(place) - room + 1 :]}"


def path_chart(timing: TimingResult) -> Markup:
    """The chart; an empty path gives an empty drawing with its axis."""
    rows = path_rows(timing.critical_path)
    period = 1000.0 / timing.clock_mhz
    end = max([period, timing.critical_path_ns, *(row.end_ns for row in rows)])
    span = end * 1.03
    height = _TOP + _ROW_H * len(rows) + _BOTTOM
    width = _NAME_W + _PLOT_W + _VALUE_W
    floor = _TOP + _ROW_H * len(rows) + 6

    def at(value_ns: float) -> float:
        return _NAME_W + _PLOT_W * value_ns / span

    parent = common_parent([row.place for row in rows if row.merged == 1])
    rows = [replace(row, place=row.place.removeprefix(parent)) for row in rows]
    inside = _tail(f"in {parent.removesuffix('/')}" if parent else "in", _NAME_W - _CELL_W - 12, 10)
    # A path from an input port begins at no cell.
    launched = not timing.critical_path or timing.critical_path[0].cell is not None
    origin = "the launching clock edge" if launched else "the inputs"
    heads = [(0.0, "cell", "start"), (_CELL_W, inside, "start"), (width, "delay, ns", "end")]
    body = [svg.text(x, _TOP - 14, label, class_="muted", anchor=anchor, size=10) for x, label, anchor in heads]
    for tick in ticks(end):
        body.append(svg.line(at(tick), _TOP - 6, at(tick), floor, class_="grid"))
        body.append(svg.text(at(tick), floor + 15, f"{tick:g}", class_="muted", anchor="middle", size=10.5))
    body.append(svg.text(at(end / 2), floor + 33, f"time from {origin}, ns", class_="muted",
                         anchor="middle", size=10.5))  # fmt: skip
    body.extend(_slack(timing, rows, at, period, floor))
    largest = max((row.end_ns - row.start_ns for row in rows if row.merged == 1), default=0.0)
    for position, row in enumerate(rows):
        body.extend(_row(row, _TOP + position * _ROW_H, at, largest))
    slack = quantity(timing.worst_slack_ns, 3)
    return svg.document(
        body, width=width, height=height, title="Critical path",
        description=f"{count(len(timing.critical_path), 'stage')}, {quantity(timing.critical_path_ns, 3)} ns of a "
        f"{quantity(period, 3)} ns clock period, slack {slack} ns.",
    )  # fmt: skip


def _slack(
    timing: TimingResult, rows: list[Row], at: Callable[[float], float], period: float, floor: float
) -> list[Markup]:
    """The clock period, and between path and period the slack (or by how much the path is late)."""
    arrival = rows[-1].end_ns if rows else timing.critical_path_ns
    needed = max(period - timing.worst_slack_ns, arrival)
    met = timing.worst_slack_ns >= 0
    low, high = sorted((needed, period))
    body = [
        svg.rect(at(low), _TOP - 6, at(high) - at(low), floor - _TOP + 6, class_="slack-met" if met else "slack-late")
    ]
    if needed - arrival > 0.004 * period:
        body.append(svg.rect(at(arrival), _TOP - 6, at(needed) - at(arrival), floor - _TOP + 6, class_="setup"))
    edge = svg.line(at(period), _TOP - 12, at(period), floor, class_="period met" if met else "period late")
    label = svg.text(at(period) - 5, _TOP - 14, f"clock {quantity(period, 3)} ns ({timing.clock_mhz:g} MHz)",
                     class_="label strong", anchor="end", size=10.5)  # fmt: skip
    words = (
        f"slack {quantity(timing.worst_slack_ns, 3)} ns" if met else f"late by {quantity(-timing.worst_slack_ns, 3)} ns"
    )
    if at(high) - at(low) > svg.text_width(words, 10.5) + 8:
        body.append(svg.text((at(low) + at(high)) / 2, _TOP + 8, words, class_="label", anchor="middle", size=10.5))
    return [*body, edge, label]


def _row(row: Row, y: float, at: Callable[[float], float], largest: float) -> list[Markup]:
    delay = row.end_ns - row.start_ns
    middle = y + _ROW_H / 2 + 3.5
    shade = "bar path merged" if row.merged > 1 else "bar path hot" if delay >= 0.85 * largest > 0 else "bar path"
    return [
        svg.text(0, middle, svg.fit(row.cell, _CELL_W - 6, 10.5), class_="label", size=10.5),
        svg.text(_CELL_W, middle, _tail(row.place, _NAME_W - _CELL_W - 12, 10), class_="muted", size=10),
        svg.rect(at(max(row.start_ns, 0)), y + 3, max(at(row.end_ns) - at(max(row.start_ns, 0)), 1.5), _ROW_H - 7,
                 class_=shade, radius=2),
        svg.text(_NAME_W + _PLOT_W + _VALUE_W, middle, f"{delay:.3f}", class_="label", anchor="end", size=10.5),
    ]  # fmt: skip
