"""A small SVG writer: pure functions from numbers and texts to markup, every text escaped.

Coordinates are CSS pixels. Colours come from classes of the page's style sheet, so that one drawing serves light, dark
and print. Labels are set in a monospaced face, whose width is known without measuring (`text_width`).
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from tpugen.text import clean

__all__ = [
    "CHAR_WIDTH_EM",
    "arrow",
    "circle",
    "document",
    "element",
    "fit",
    "group",
    "line",
    "path",
    "polygon",
    "rect",
    "text",
    "text_width",
]

CHAR_WIDTH_EM = 0.605
"""Advance of one character of a monospaced face, in units of the font size."""

Attribute = str | int | float | None


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def element(tag: str, body: Iterable[Markup] | str = (), **attributes: Attribute) -> Markup:
    """One element.

    Args:
        tag: Element name.
        body: Child elements, or text (escaped).
        attributes: `class_` stands for `class`, other underscores for hyphens; `None` leaves an attribute out.
    """
    parts = [f"<{tag}"]
    for name, value in attributes.items():
        if value is not None:
            shown = _number(value) if isinstance(value, (int, float)) else value
            parts.append(f' {name.rstrip("_").replace("_", "-")}="{Markup.escape(clean(shown))}"')
    inner = str(Markup.escape(clean(body))) if isinstance(body, str) else "".join(body)
    parts.append(f">{inner}</{tag}>" if inner else "/>")
    return Markup("".join(parts))  # noqa: S704 - every value above is escaped


def document(body: Iterable[Markup], *, width: float, height: float, title: str, description: str) -> Markup:
    """A whole drawing, named for screen readers.

    Args:
        body: Elements.
        width: Natural width in pixels; the style sheet may scale it.
        height: Natural height in pixels.
        title: What the drawing is.
        description: What it shows, in a sentence or two.
    """
    names = [element("title", title), element("desc", description)]
    return element(
        "svg", [*names, *body], viewBox=f"0 0 {_number(float(width))} {_number(float(height))}", width=float(width),
        height=float(height), role="img", aria_label=f"{title}. {description}",
    )  # fmt: skip


def group(body: Iterable[Markup], **attributes: Attribute) -> Markup:
    """A group of elements that share attributes."""
    return element("g", body, **attributes)


def rect(x: float, y: float, width: float, height: float, *, class_: str, radius: float = 0) -> Markup:
    """A rectangle."""
    rounded = float(radius) if radius else None
    return element(
        "rect", x=float(x), y=float(y), width=float(max(width, 0)), height=float(height), rx=rounded, class_=class_
    )


def line(x1: float, y1: float, x2: float, y2: float, *, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=class_)


def circle(x: float, y: float, radius: float, *, class_: str) -> Markup:
    """A circle."""
    return element("circle", cx=float(x), cy=float(y), r=float(radius), class_=class_)


def path(data: str, *, class_: str) -> Markup:
    """A path from its data."""
    return element("path", d=data, class_=class_)


def polygon(points: Iterable[tuple[float, float]], *, class_: str) -> Markup:
    """A closed polygon."""
    return element("polygon", points=" ".join(f"{_number(float(x))},{_number(float(y))}" for x, y in points),
                   class_=class_)  # fmt: skip


def arrow(points: list[tuple[float, float]], *, class_: str, head: float = 6) -> Markup:
    """A polyline of horizontal and vertical stretches with a head at its end; `class_` names the colour."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    dx, dy = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
    base_x, base_y = x1 - dx * head, y1 - dy * head
    half = head * 0.55
    shaft = [*points[:-1], (base_x, base_y)]
    data = "M" + " L".join(f"{_number(float(x))} {_number(float(y))}" for x, y in shaft)
    tip = [(x1, y1), (base_x + dy * half, base_y + dx * half), (base_x - dy * half, base_y - dx * half)]
    return group([path(data, class_="wire"), polygon(tip, class_="head")], class_=class_)


def text(x: float, y: float, label: str, *, class_: str = "", anchor: str = "start", size: float = 11) -> Markup:
    """One line of text; `anchor` is `start`, `middle` or `end`."""
    return element(
        "text", label, x=float(x), y=float(y), class_=class_ or None, font_size=float(size),
        text_anchor=None if anchor == "start" else anchor,
    )  # fmt: skip


def text_width(label: str, size: float = 11) -> float:
    """Width of a label in pixels, in the monospaced face."""
    return len(label) * size * CHAR_WIDTH_EM


def fit(label: str, width: float, size: float = 11) -> str:
    """The label, shortened in its middle to fit `width` pixels."""
    room = int(width / (size * CHAR_WIDTH_EM))
    if len(label) <= room:
        return label
    if room < 4:
        return label[: max(room, 0)]
    head = (room - 1) // 2
    return f"{label[:head]}…{label[len(label) - (room - 1 - head) :]}"
