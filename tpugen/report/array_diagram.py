"""Block diagram of a systolic array: the grid, its skew registers, and what moves where in each dataflow."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from tpugen.report import svg
from tpugen.spec import SystolicArraySpec

__all__ = ["array_diagram", "dataflow_sentences", "visible_indices"]

_CELL_W, _CELL_H = 68.0, 50.0
_GAP_X, _GAP_Y = 34.0, 32.0
_BREAK = 30.0
_PORT_W = 128.0
_SKEW = 62.0
_REG_W, _REG_H = 9.0, 15.0


@dataclass(frozen=True)
class _Stream:
    """What enters or leaves at one side: class of its colour, port, what one beat is, element count and width."""

    color: str
    port: str
    beat: str
    elements: int
    width_bits: int

    @property
    def size(self) -> str:
        return f"{self.elements} × {self.width_bits} b"


@dataclass(frozen=True)
class _Plan:
    left: _Stream
    top: _Stream | None
    resting: _Stream | None
    partial: _Stream | None
    result: _Stream
    stays: str


def visible_indices(count: int) -> list[int | None]:
    """Indices drawn of `count`: all up to five, else the first three and the last with `None` for those left out."""
    return list(range(count)) if count <= 5 else [0, 1, 2, None, count - 1]


def dataflow_sentences(spec: SystolicArraySpec) -> list[tuple[str, str]]:
    """What moves where, as (colour class, sentence): the legend of the diagram."""
    if spec.shared_pre_approximation:
        recoded = "Operands are recoded once here at the edge; codes travel, and no element recodes them again."
        plain = spec.model_copy(update={"shared_pre_approximation": False})
        return [("ctl", recoded), *dataflow_sentences(plain)]
    if spec.dataflow == "output_stationary":
        return [
            ("act", "Activations enter at the left, row r delayed by r cycles, and move right one element per cycle."),
            ("wgt", "Weights enter at the top, column c delayed by c cycles, and move down one element per cycle."),
            ("res", "Sums stay in their element; finished rows drain, are aligned again, and leave one per cycle."),
        ]
    weights_stay = spec.dataflow == "weight_stationary"
    stay, stream = ("Weights", "Activations") if weights_stay else ("Activations", "Weights")
    stay_class, stream_class = ("wgt", "act") if weights_stay else ("act", "wgt")
    return [
        (stay_class, f"{stay} stay: rows shift up into a second bank from below while the tile before still streams."),
        (stream_class, f"{stream} enter at the left, row r delayed by r cycles, and move right one element per cycle."),
        (
            "res",
            "Partial sums move down, are aligned, joined by those of an earlier K-fold, and leave one row per cycle.",
        ),
    ]


def _plan(spec: SystolicArraySpec) -> _Plan:
    act_w, wgt_w, acc_w = spec.activation_width_bits, spec.weight_width_bits, spec.accumulator_width_bits
    if spec.dataflow == "output_stationary":
        return _Plan(
            left=_Stream("act", "activation_i", "column k of A", spec.rows, act_w),
            top=_Stream("wgt", "weight_i", "row k of B", spec.cols, wgt_w),
            resting=None,
            partial=None,
            result=_Stream("res", "result_o", "a row of C", spec.cols, acc_w),
            stays="C",
        )
    partial = _Stream("res", "partial_i", "an earlier K-fold", spec.cols, acc_w)
    if spec.dataflow == "weight_stationary":
        return _Plan(
            left=_Stream("act", "activation_i", "a row of A", spec.rows, act_w),
            top=None,
            resting=_Stream("wgt", "weight_i", "row k of B", spec.cols, wgt_w),
            partial=partial,
            result=_Stream("res", "result_o", "a row of C", spec.cols, acc_w),
            stays="B",
        )
    return _Plan(
        left=_Stream("wgt", "weight_i", "a column of B", spec.rows, wgt_w),
        top=None,
        resting=_Stream("act", "activation_i", "column k of A", spec.cols, act_w),
        partial=partial,
        result=_Stream("res", "result_o", "a column of C", spec.cols, acc_w),
        stays="A",
    )


@dataclass(frozen=True)
class _Grid:
    """Places of the visible cells."""

    cols: list[tuple[int | None, float]]
    rows: list[tuple[int | None, float]]
    right: float
    bottom: float

    @property
    def x_of(self) -> list[tuple[int, float]]:
        return [(index, x) for index, x in self.cols if index is not None]

    @property
    def y_of(self) -> list[tuple[int, float]]:
        return [(index, y) for index, y in self.rows if index is not None]


def _axis(count: int, start: float, cell: float, gap: float) -> tuple[list[tuple[int | None, float]], float]:
    places: list[tuple[int | None, float]] = []
    position = start
    for index in visible_indices(count):
        places.append((index, position))
        position += (_BREAK if index is None else cell) + gap
    return places, position - gap


def array_diagram(spec: SystolicArraySpec) -> Markup:
    """The array as a drawing."""
    plan = _plan(spec)
    origin_x = _PORT_W + _SKEW + 34
    origin_y = 52.0 + _SKEW + 22 if plan.top else 34.0
    cols, right = _axis(spec.cols, origin_x, _CELL_W, _GAP_X)
    rows, bottom = _axis(spec.rows, origin_y, _CELL_H, _GAP_Y)
    grid = _Grid(cols, rows, right, bottom)
    body = [*_left(grid, plan.left), *_top(grid, plan), *_cells(grid, plan)]
    foot, foot_y = _bottom(grid, plan, spec)
    body.extend(foot)
    note, height = _clock_note(spec), foot_y + 34
    body.append(svg.rect(0, height - 16, _REG_W, _REG_H, class_="reg", radius=1.5))
    body.append(svg.text(16, height - 4, note, class_="muted", size=10.5))
    # Port labels are centred on the grid and may be wider than a narrow one.
    labels = [_centre(grid, stream) + _label_width(stream) / 2 for stream in (plan.top, plan.result) if stream]
    width = max(right + 24, *labels, svg.text_width(note, 10.5) + 16) + 6
    words = " ".join(sentence for _, sentence in dataflow_sentences(spec))
    return svg.document(
        body, width=width, height=height,
        title=f"{spec.rows} by {spec.cols} {spec.dataflow.replace('_', '-')} systolic array", description=words,
    )  # fmt: skip


def _label_width(stream: _Stream) -> float:
    return svg.text_width(f"{stream.port}  {stream.size}  {stream.beat}", 12)


def _centre(grid: _Grid, stream: _Stream) -> float:
    """Middle of a label over or under the grid, moved right where the grid is narrower than the label."""
    middle = (grid.x_of[0][1] + grid.x_of[-1][1] + _CELL_W) / 2
    return max(middle, _label_width(stream) / 2)


def _caption(x: float, y: float, stream: _Stream) -> Markup:
    """Port, size and beat in one line."""
    parts = [
        svg.element("tspan", stream.port, class_=f"strong {stream.color}", font_size=12),
        svg.element("tspan", stream.size, class_="label", dx=10, font_size=11),
        svg.element("tspan", stream.beat, class_="muted", dx=10, font_size=10.5),
    ]
    return svg.element("text", parts, x=x, y=y, text_anchor="middle")


def _beside(x: float, y: float, stream: _Stream) -> list[Markup]:
    """Port, size and beat in three lines that end at `x`, around `y`."""
    return [
        svg.text(x, y - 11, stream.port, class_=f"label strong {stream.color}", anchor="end", size=12),
        svg.text(x, y + 4, stream.size, class_="label", anchor="end"),
        svg.text(x, y + 18, stream.beat, class_="muted", anchor="end", size=10.5),
    ]


def _clock_note(spec: SystolicArraySpec) -> str:
    return f"register; one clock, {spec.clock_mhz:g} MHz; a waiting result row holds the array"


def _registers_across(x_end: float, y: float, number: int) -> list[Markup]:
    """`number` registers in a horizontal wire that ends at `x_end`; more than three are written as a count."""
    if number == 0:
        return []
    if number <= 3:
        step = _REG_W + 6
        return [
            svg.rect(x_end - (i + 1) * step, y - _REG_H / 2, _REG_W, _REG_H, class_="reg", radius=1.5)
            for i in range(number)
        ]
    return [
        svg.rect(x_end - 36, y - _REG_H / 2, _REG_W, _REG_H, class_="reg", radius=1.5),
        svg.text(x_end - 24, y - 5, f"×{number}", class_="muted", size=10),
    ]


def _registers_down(x: float, y_start: float, number: int) -> list[Markup]:
    """`number` registers in a vertical wire that starts at `y_start`."""
    if number == 0:
        return []
    if number <= 3:
        step = _REG_W + 6
        return [
            svg.rect(x - _REG_H / 2, y_start + 4 + i * step, _REG_H, _REG_W, class_="reg", radius=1.5)
            for i in range(number)
        ]
    return [
        svg.rect(x - _REG_H / 2, y_start + 18, _REG_H, _REG_W, class_="reg", radius=1.5),
        svg.text(x + 11, y_start + 27, f"×{number}", class_="muted", size=10),
    ]


def _left(grid: _Grid, stream: _Stream) -> list[Markup]:
    first_y, last_y = grid.y_of[0][1] + _CELL_H / 2, grid.y_of[-1][1] + _CELL_H / 2
    bar_x = _PORT_W
    body = [
        svg.rect(bar_x, first_y - 14, 6, last_y - first_y + 28, class_=f"bar {stream.color}", radius=2),
        *_beside(bar_x - 10, (first_y + last_y) / 2, stream),
    ]
    cell_x = grid.x_of[0][1]
    for index, y in grid.y_of:
        middle = y + _CELL_H / 2
        body.append(svg.arrow([(bar_x + 6, middle), (cell_x, middle)], class_=f"flow {stream.color}"))
        body.extend(_registers_across(cell_x - 22, middle, index))
    return body


def _top(grid: _Grid, plan: _Plan) -> list[Markup]:
    stream, bar_y, cell_y = plan.top, 34.0, grid.y_of[0][1]
    body: list[Markup] = []
    if stream is None:
        for _, x in grid.x_of:
            wire = x + _CELL_W * 0.7
            body.append(svg.text(wire, cell_y - 20, "0", class_="muted", anchor="middle"))
            body.append(svg.arrow([(wire, cell_y - 16), (wire, cell_y)], class_="flow res"))
        return body
    first_x, last_x = grid.x_of[0][1] + _CELL_W / 2, grid.x_of[-1][1] + _CELL_W / 2
    body.append(svg.rect(first_x - 16, bar_y, last_x - first_x + 32, 6, class_=f"bar {stream.color}", radius=2))
    body.append(_caption(_centre(grid, stream), 22, stream))
    for index, x in grid.x_of:
        wire = x + _CELL_W / 2
        body.append(svg.arrow([(wire, bar_y + 6), (wire, cell_y)], class_=f"flow {stream.color}"))
        body.extend(_registers_down(wire, bar_y + 12, index))
    return body


def _cells(grid: _Grid, plan: _Plan) -> list[Markup]:
    body: list[Markup] = []
    for col, x in grid.cols:
        for row, y in grid.rows:
            if row is None or col is None:
                body.extend(_ellipsis(x, y, col, row))
            else:
                body.extend(_cell(x, y, row, col, plan))
    for position, (col, x) in enumerate(grid.cols):
        for _, y in grid.y_of:
            if position + 1 < len(grid.cols):
                end = grid.cols[position + 1][1]
                start = x + (_BREAK if col is None else _CELL_W)
                body.append(
                    svg.arrow([(start, y + _CELL_H / 2), (end, y + _CELL_H / 2)], class_=f"flow {plan.left.color}")
                )
    for position, (row, y) in enumerate(grid.rows):
        if position + 1 < len(grid.rows):
            start, end = y + (_BREAK if row is None else _CELL_H), grid.rows[position + 1][1]
            for _, x in grid.x_of:
                body.extend(_downwards(x, start, end, plan))
    return body


def _downwards(x: float, start: float, end: float, plan: _Plan) -> list[Markup]:
    """Wires between one row and the next, in one column."""
    if plan.top is not None:
        top, result = x + _CELL_W / 2, x + _CELL_W * 0.82
        # Finished sums leave through a shared column wire, not from neighbour to neighbour.
        drain = svg.group([svg.line(result, start, result, end, class_="wire")], class_="flow res dashed")
        return [svg.arrow([(top, start), (top, end)], class_=f"flow {plan.top.color}"), drain]
    color = plan.resting.color if plan.resting else "res"
    rest, partial = x + _CELL_W * 0.3, x + _CELL_W * 0.7
    return [
        svg.arrow([(rest, end), (rest, start)], class_=f"flow {color}"),
        svg.arrow([(partial, start), (partial, end)], class_="flow res"),
    ]


def _cell(x: float, y: float, row: int, col: int, plan: _Plan) -> list[Markup]:
    place = {"C": f"C[{row},{col}]", "B": f"B[{row},{col}]", "A": f"A[{col},{row}]"}[plan.stays]
    color = {"C": "res", "B": "wgt", "A": "act"}[plan.stays]
    return [
        svg.rect(x, y, _CELL_W, _CELL_H, class_=f"cell {color}", radius=6),
        svg.text(x + _CELL_W / 2, y + 21, "× +", class_="muted", anchor="middle", size=12),
        svg.text(x + _CELL_W / 2, y + 38, svg.fit(place, _CELL_W - 6, 10.5), class_=f"label {color}", anchor="middle",
                 size=10.5),
    ]  # fmt: skip


def _ellipsis(x: float, y: float, col: int | None, row: int | None) -> list[Markup]:
    width, height = (_BREAK if col is None else _CELL_W), (_BREAK if row is None else _CELL_H)
    center_x, center_y = x + width / 2, y + height / 2
    across, down = (7, 0) if row is not None else (0, 7)
    if col is None and row is None:
        across, down = 6, 6
    return [svg.circle(center_x + i * across, center_y + i * down, 1.7, class_="dot") for i in (-1, 0, 1)]


def _bottom(grid: _Grid, plan: _Plan, spec: SystolicArraySpec) -> tuple[list[Markup], float]:
    """Everything below the grid, and the y coordinate where it ends."""
    stays_inside = plan.top is not None
    share, begin = (0.82, 2.0) if stays_inside else (0.7, 46.0)
    joined = grid.bottom + begin + _SKEW + 14
    first_x, last_x = grid.x_of[0][1], grid.x_of[-1][1] + _CELL_W
    body = _resting(grid, plan.resting) if plan.resting else []
    style = "flow res dashed" if stays_inside else "flow res"
    for index, x in grid.x_of:
        wire = x + _CELL_W * share
        body.append(svg.arrow([(wire, grid.bottom), (wire, joined)], class_=style))
        # The output-stationary array registers its drained row once more.
        body.extend(_registers_down(wire, grid.bottom + begin, spec.cols - 1 - index + stays_inside))
    bar_y = joined
    if plan.partial is not None:
        body.extend(_partial(plan.partial, first_x, last_x, joined))
        bar_y = joined + 52
        middle = (first_x + last_x) / 2
        body.append(svg.arrow([(middle, joined + 24), (middle, bar_y)], class_="flow res"))
        body.extend(_registers_down(middle, joined + 26, 1))
    body.append(svg.rect(first_x, bar_y, last_x - first_x, 6, class_="bar res", radius=2))
    body.append(_caption(_centre(grid, plan.result), bar_y + 23, plan.result))
    return body, bar_y + 26


def _resting(grid: _Grid, stream: _Stream) -> list[Markup]:
    """The operand that stays: a bus below the grid from which every column is loaded upwards."""
    y, ends = grid.bottom + 26, [x + _CELL_W * 0.3 for _, x in grid.x_of]
    body = [svg.group([svg.line(_PORT_W, y, ends[-1], y, class_="wire")], class_=f"flow bus-line {stream.color}")]
    for wire in ends:
        body.append(svg.arrow([(wire, y), (wire, grid.bottom)], class_=f"flow {stream.color}"))
        body.append(svg.circle(wire, y, 3, class_=f"node {stream.color}"))
    return [*body, *_beside(_PORT_W - 10, y, stream)]


def _partial(stream: _Stream, first_x: float, last_x: float, y: float) -> list[Markup]:
    return [
        svg.rect(first_x, y, last_x - first_x, 24, class_="cell res", radius=6),
        svg.text((first_x + last_x) / 2, y + 17, "+", class_="label strong", anchor="middle", size=15),
        svg.arrow([(_PORT_W, y + 12), (first_x, y + 12)], class_="flow res"),
        *_beside(_PORT_W - 10, y + 12, stream),
    ]
