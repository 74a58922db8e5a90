"""Pieces of the block diagrams of whole accelerators: boxes with a title and lines, memories, grids, labelled ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tpugen.report import svg
from tpugen.report.array_diagram import visible_indices

__all__ = ["Box", "block", "frame", "grid", "note", "port", "wire"]

_TITLE, _LINE, _LEADING = 11.5, 10.0, 14.0


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing, and the middles of its sides."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> tuple[float, float]:
        """Middle of the left side."""
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> tuple[float, float]:
        """Middle of the right side."""
        return self.x + self.width, self.y + self.height / 2

    @property
    def top(self) -> tuple[float, float]:
        """Middle of the upper side."""
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        """Middle of the lower side."""
        return self.x + self.width / 2, self.y + self.height


def block(box: Box, title: str, lines: Sequence[str] = (), *, color: str = "") -> list[Markup]:
    """A named box; its lines stand below the title, all in the middle."""
    middle = box.x + box.width / 2
    height = _LEADING * len(lines)
    first = box.y + (box.height - height) / 2 + 4
    body = [
        svg.rect(box.x, box.y, box.width, box.height, class_=f"cell {color}".strip() if color else "unit", radius=6),
        svg.text(middle, first, svg.fit(title, box.width - 8, _TITLE), class_=f"strong {color}".strip(),
                 anchor="middle", size=_TITLE),
    ]  # fmt: skip
    for number, line in enumerate(lines, 1):
        shown = svg.fit(line, box.width - 6, _LINE)
        body.append(
            svg.text(middle, first + number * _LEADING, shown, class_="muted", anchor="middle", size=_LINE)
        )  # fmt: skip
    return body


def frame(box: Box, title: str, words: str = "") -> list[Markup]:
    """A dashed frame with its name at the upper left."""
    body = [
        svg.rect(box.x, box.y, box.width, box.height, class_="frame", radius=8),
        svg.text(box.x + 12, box.y + 18, title, class_="strong", size=_TITLE),
    ]
    if words:
        start = box.x + 12 + svg.text_width(title, _TITLE) + 12
        body.append(svg.text(start, box.y + 18, words, class_="muted", size=_LINE))
    return body


def grid(box: Box, rows: int, cols: int, *, color: str, gap: float = 3) -> list[Markup]:
    """A grid of cells in a rectangle; of many only the first and the last are drawn, dots between them."""
    across, down = visible_indices(cols), visible_indices(rows)
    cell_w = (box.width - gap * (len(across) - 1)) / len(across)
    cell_h = (box.height - gap * (len(down) - 1)) / len(down)
    body: list[Markup] = []
    for i, col in enumerate(across):
        for j, row in enumerate(down):
            x, y = box.x + i * (cell_w + gap), box.y + j * (cell_h + gap)
            if col is None or row is None:
                step_x, step_y = (4, 0) if row is not None else ((0, 4) if col is not None else (3.5, 3.5))
                body.extend(
                    svg.circle(x + cell_w / 2 + k * step_x, y + cell_h / 2 + k * step_y, 1.2, class_="dot")
                    for k in (-1, 0, 1)
                )
            else:
                body.append(svg.rect(x, y, cell_w, cell_h, class_=f"cell {color}", radius=2))
    return body


def port(x: float, y: float, name: str, words: str, *, color: str, anchor: str = "start") -> list[Markup]:
    """A port's name above a wire that ends at the drawing's edge, and below it what it carries."""
    return [
        svg.text(x, y - 6, name, class_=f"strong {color}".strip(), anchor=anchor, size=_LINE),
        svg.text(x, y + 15, words, class_="muted", anchor=anchor, size=9.5),
    ]


def wire(points: list[tuple[float, float]], color: str, *, dashed: bool = False) -> Markup:
    """An arrow in the colour of what it carries."""
    return svg.arrow(points, class_=f"flow {color}{' dashed' if dashed else ''}")


def note(x: float, y: float, words: str, *, anchor: str = "start") -> Markup:
    """A small remark."""
    return svg.text(x, y, words, class_="muted", anchor=anchor, size=9.5)
