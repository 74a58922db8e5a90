"""Draws a waveform excerpt the way a datasheet does: levels for one bit, hexagons with values for buses."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from tpugen.report import svg
from tpugen.report.waveform import Excerpt, Trace, Value
from tpugen.spec import AnySpec, Contract, CustomSpec

__all__ = ["Lane", "draw_excerpt", "lanes"]

_ROW_H, _HEIGHT, _TOP = 27.0, 16.0, 30.0
_SLOPE = 3.0
_FONT = 10.0
_BREAK_W = 26.0
_LANES_SHOWN = 2
_COLUMN_MIN = 34.0


@dataclass(frozen=True)
class Lane:
    """One row of the drawing; a bus is `active` in cycles in which its beat is valid."""

    name: str
    note: str
    kind: str
    color: str
    width_bits: int
    signed: bool
    values: list[Value]
    active: list[bool]

    def hexadecimal(self, value: Value) -> str:
        """The value as hexadecimal digits, as many as its width has; x when unknown."""
        return "x" if value is None else f"{value:0{-(-self.width_bits // 4)}x}"

    def decimal(self, value: Value) -> str:
        """The value as a decimal number, two's complement where signed."""
        if value is None:
            return "x"
        return str(value - (1 << self.width_bits) if self.signed and value >> (self.width_bits - 1) else value)


def lanes(excerpt: Excerpt, contract: Contract, spec: AnySpec) -> list[Lane]:
    """Rows of the drawing: packed vectors are split into elements, of which the first are shown."""
    valid = {name: channel.valid for channel in contract.channels for name in channel.payload}
    levels = {trace.name: trace.values for trace in excerpt.traces}
    rows: list[Lane] = []
    for trace in excerpt.traces:
        color = _color(trace.name)
        always = [True] * len(trace.values)
        if trace.role == "clock":
            rows.append(Lane(trace.name, "", "clock", "ctl", 1, False, trace.values, always))
        elif trace.role == "control":
            rows.append(Lane(trace.name, "", "level", color, 1, False, trace.values, always))
        else:
            active = [value == 1 for value in levels[valid[trace.name]]] if trace.name in valid else always
            signed = bool(contract.port(trace.name).signed) if isinstance(spec, CustomSpec) else spec.signed
            rows.extend(_elements(trace, _element_width(trace.name, spec), signed, color, active))
    return rows


def _color(name: str) -> str:
    if name in ("a_i",) or name.startswith("activation"):
        return "act"
    if name in ("b_i",) or name.startswith("weight"):
        return "wgt"
    if name.startswith(("result", "partial", "sum", "product")):
        return "res"
    return "ctl"


def _element_width(name: str, spec: AnySpec) -> int | None:
    """Width of one element of a packed port; `None` when the port is one number."""
    if spec.kind != "systolic_array":
        return None
    widths = {"activation_i": spec.activation_width_bits, "weight_i": spec.weight_width_bits}
    return widths.get(name, spec.accumulator_width_bits)


def _elements(trace: Trace, width_bits: int | None, signed: bool, color: str, active: list[bool]) -> list[Lane]:
    if width_bits is None or trace.width_bits == width_bits:
        return [Lane(trace.name, "", "bus", color, trace.width_bits, signed, trace.values, active)]
    mask, number = (1 << width_bits) - 1, trace.width_bits // width_bits
    rows = []
    for index in range(min(_LANES_SHOWN, number)):
        low = index * width_bits
        values = [None if value is None else (value >> low) & mask for value in trace.values]
        note = f"[{low + width_bits - 1}:{low}]"
        if index == _LANES_SHOWN - 1 and number > _LANES_SHOWN:
            note += f" … of {number}"
        rows.append(Lane(trace.name, note, "bus", color, width_bits, signed, values, active))
    return rows


@dataclass(frozen=True)
class _Columns:
    """Where each drawn cycle begins and how wide it is; cycles after a jump stand behind a break."""

    starts: list[float]
    widths: list[float]
    breaks: list[int]

    @property
    def end(self) -> float:
        """Right edge of the last cycle."""
        return self.starts[-1] + self.widths[-1]

    def edges(self, index: int) -> tuple[float, float]:
        """Left and right edge of a cycle."""
        return self.starts[index], self.starts[index] + self.widths[index]


def _place(excerpt: Excerpt, rows: list[Lane], left: float) -> _Columns:
    """Columns as wide as their values need: a value that holds for n cycles needs 1/n of its text in each."""
    breaks = [i for i in range(1, len(excerpt.cycles)) if excerpt.cycles[i] != excerpt.cycles[i - 1] + 1]
    widths = [_COLUMN_MIN] * len(excerpt.cycles)
    for lane in rows:
        if lane.kind != "bus":
            continue
        for value, begin, end in _runs(lane, breaks):
            share = (_digits(lane, value) * _FONT * svg.CHAR_WIDTH_EM + 2 * _SLOPE + 5) / (end - begin)
            widths[begin:end] = [max(width, share) for width in widths[begin:end]]
    starts, position = [], left
    for index, width in enumerate(widths):
        position += _BREAK_W if index in breaks else 0
        starts.append(position)
        position += width
    return _Columns(starts, widths, breaks)


def _digits(lane: Lane, value: Value) -> int:
    return max(len(lane.hexadecimal(value)), len(lane.decimal(value)))


def _runs(lane: Lane, breaks: list[int]) -> list[tuple[Value, int, int]]:
    """Stretches of equal value as (value, first column, column behind the last); a break ends a stretch."""
    runs: list[tuple[Value, int, int]] = []
    for index, value in enumerate(lane.values):
        if runs and index not in breaks and runs[-1][0] == value:
            runs[-1] = (value, runs[-1][1], index + 1)
        else:
            runs.append((value, index, index + 1))
    return runs


def draw_excerpt(excerpt: Excerpt, contract: Contract, spec: AnySpec) -> Markup:
    """The drawing. Bus values carry both a hexadecimal and a decimal text; the style sheet shows one of them."""
    rows = lanes(excerpt, contract, spec)
    left = max(40.0, *(svg.text_width(lane.name, 11) + svg.text_width(lane.note, 9) + 8 for lane in rows)) + 10
    columns = _place(excerpt, rows, left)
    height = _TOP + _ROW_H * len(rows) + 8
    body = [*_ruler(excerpt, columns, height)]
    for index, lane in enumerate(rows):
        top = _TOP + index * _ROW_H + (_ROW_H - _HEIGHT) / 2
        body.append(svg.text(0, top + 12, lane.name, class_=f"label {lane.color}"))
        if lane.note:
            body.append(svg.text(svg.text_width(lane.name, 11) + 7, top + 12, lane.note, class_="muted", size=9))
        body.extend(_lane(lane, columns, top))
    for index in columns.breaks:
        body.append(_break(columns.starts[index] - _BREAK_W, height))
    first = "" if excerpt.first_result is None else f" The first result leaves in cycle {excerpt.first_result}."
    return svg.document(
        body, width=columns.end + 4, height=height, title="Waveform excerpt",
        description=f"{len(rows)} signals over {len(excerpt.cycles)} "
        f"{_columns_in_words(excerpt)}.{first}",
    )  # fmt: skip


def _columns_in_words(excerpt: Excerpt) -> str:
    if not excerpt.clocked:
        return "operand pairs"
    return f"cycles; cycle 0 {'takes the first operands' if excerpt.handshakes else 'is the first out of reset'}"


def _ruler(excerpt: Excerpt, columns: _Columns, height: float) -> list[Markup]:
    body: list[Markup] = []
    for index, cycle in enumerate(excerpt.cycles):
        x0, x1 = columns.edges(index)
        marked = excerpt.clocked and cycle in (0, excerpt.first_result)
        if marked:
            body.append(svg.rect(x0, _TOP - 10, x1 - x0, height - _TOP + 6, class_="mark-first"))
        body.append(svg.line(x0, _TOP - 8, x0, height - 4, class_="grid"))
        style = "label strong" if marked else "muted"
        body.append(svg.text((x0 + x1) / 2, _TOP - 15, str(cycle), class_=style, anchor="middle", size=10))
    body.append(svg.text(0, _TOP - 15, "cycle" if excerpt.clocked else "pair", class_="muted", size=10))
    return body


def _lane(lane: Lane, columns: _Columns, top: float) -> list[Markup]:
    if lane.kind == "clock":
        return [svg.path(_clock(columns, top), class_="wave ctl")]
    if lane.kind == "level":
        return _levels(lane, columns, top)
    return [_bus(lane, columns, run, top) for run in _runs(lane, columns.breaks)]


def _clock(columns: _Columns, top: float) -> str:
    """Rises at the start of each cycle, so that what a cycle shows is what the next rising edge takes."""
    low, parts = top + _HEIGHT, []
    for index in range(len(columns.starts)):
        x0, x1 = columns.edges(index)
        half = (x0 + x1) / 2
        begin = "M" if index == 0 or index in columns.breaks else "L"
        parts.append(f"{begin}{x0:.1f} {low:.1f} L{x0:.1f} {top:.1f} L{half:.1f} {top:.1f} L{half:.1f} {low:.1f}")
        parts.append(f"L{x1:.1f} {low:.1f}")
    return " ".join(parts)


def _levels(lane: Lane, columns: _Columns, top: float) -> list[Markup]:
    body: list[Markup] = []
    parts: list[str] = []
    pen_down = False
    for value, begin, end in _runs(lane, columns.breaks):
        x0, x1 = columns.starts[begin], columns.edges(end - 1)[1]
        if value is None:
            body.append(svg.rect(x0, top, x1 - x0, _HEIGHT, class_="unknown"))
            pen_down = False
            continue
        y = top if value else top + _HEIGHT
        joins = pen_down and begin not in columns.breaks
        parts.append(f"L{x0 + _SLOPE:.1f} {y:.1f}" if joins else f"M{x0:.1f} {y:.1f}")
        parts.append(f"L{x1:.1f} {y:.1f}")
        pen_down = True
    if parts:
        body.append(svg.path(" ".join(parts), class_=f"wave {lane.color}"))
    return body


def _bus(lane: Lane, columns: _Columns, run: tuple[Value, int, int], top: float) -> Markup:
    value, begin, end = run
    x0, x1 = columns.starts[begin], columns.edges(end - 1)[1]
    middle, low = top + _HEIGHT / 2, top + _HEIGHT
    points = [
        (x0, middle),
        (x0 + _SLOPE, top),
        (x1 - _SLOPE, top),
        (x1, middle),
        (x1 - _SLOPE, low),
        (x0 + _SLOPE, low),
    ]
    if value is None:
        return svg.polygon(points, class_="unknown")
    # A long stretch is labelled near its start, where the eye looks for the change.
    center = x0 + 60 if x1 - x0 > 240 else (x0 + x1) / 2
    title = f"{lane.name} {lane.note}: 0x{lane.hexadecimal(value)} = {lane.decimal(value)}"
    moves = any(lane.active[begin:end])
    parts = [
        svg.element("title", title),
        svg.polygon(points, class_=f"bus {lane.color}" if moves else "bus"),
        svg.text(center, top + 11.8, lane.hexadecimal(value), class_="value hex", anchor="middle", size=_FONT),
        svg.text(center, top + 11.8, lane.decimal(value), class_="value dec", anchor="middle", size=_FONT),
    ]
    return svg.group(parts, class_=None if moves else "idle")


def _break(x: float, height: float) -> Markup:
    """The wavy cut that says: cycles were left out here."""
    middle, data = x + _BREAK_W / 2, []
    for offset in (-3, 3):
        data.append(f"M{middle + offset:.1f} {_TOP - 12:.1f}")
        y, side = _TOP - 12, 4
        while y + 12 <= height:
            data.append(f"q{side} 6 0 12")
            y, side = y + 12, -side
    return svg.path(" ".join(data), class_="cut")
