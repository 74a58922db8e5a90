"""The distribution of a unit's error: one bar per bin, errors below zero to the left, a right result in the middle."""

from __future__ import annotations

from markupsafe import Markup

from tpugen.arithmetic.error_records import ErrorMetrics
from tpugen.report import svg
from tpugen.report.path_chart import ticks
from tpugen.report.text import count

__all__ = ["error_chart"]

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 460.0, 190.0, 44.0, 14.0, 44.0
_LABEL_SIZE = 10.0


def error_chart(metrics: ErrorMetrics) -> Markup:
    """Shares of operand pairs by approximate - exact; where errors are large the bins are octaves."""
    edges, counts = metrics.histogram.edges, metrics.histogram.counts
    shares = [number / metrics.pairs for number in counts]
    highest = max(shares)
    floor = _HEIGHT - _BOTTOM
    step = (_WIDTH - _LEFT) / len(shares)
    body = []
    for tick in ticks(highest, 4):
        y = floor - (floor - _TOP) * tick / highest
        body.append(svg.line(_LEFT, y, _WIDTH, y, class_="grid"))
        body.append(svg.text(_LEFT - 6, y + 3.5, f"{tick * 100:g} %", class_="muted", anchor="end", size=_LABEL_SIZE))
    last_end = -1.0
    for position, share in enumerate(shares):
        height = (floor - _TOP) * share / highest
        hot = "bar path hot" if edges[position] == 0 else "bar path"
        body.append(
            svg.rect(_LEFT + position * step + 1, floor - height, max(step - 2, 1), height, class_=hot, radius=1)
        )
    for position in _labelled(edges):
        label = _label(edges[position], edges[position + 1])
        middle, half = _LEFT + (position + 0.5) * step, svg.text_width(label, _LABEL_SIZE) / 2
        if middle - half > last_end + 6 and middle + half <= _WIDTH + 8:
            body.append(svg.text(middle, floor + 15, label, class_="muted", anchor="middle", size=_LABEL_SIZE))
            last_end = middle + half
    axis = "approximate − exact"
    body.append(svg.text((_LEFT + _WIDTH) / 2, floor + 34, axis, class_="muted", anchor="middle", size=_LABEL_SIZE))
    return svg.document(
        body, width=_WIDTH + 8, height=_HEIGHT, title=f"Error of the {metrics.role}",
        description=f"{count(len(counts), 'bin')}; {1 - metrics.er:.1%} of the operand pairs give the right result.",
    )  # fmt: skip


def _labelled(edges: tuple[int, ...]) -> list[int]:
    """Bins that may carry a label, from left to right: about eight of them, the right result always among them."""
    bins = len(edges) - 1
    zero = edges.index(0) if 0 in edges[:-1] else 0
    stride = max(1, -(-bins // 8))
    return [position for position in range(bins) if (position - zero) % stride == 0]


def _label(low: int, end: int) -> str:
    """`0`, `3`, `2^9..` for 512 to 1023, `-2^9..` for its mirror image."""
    if end - low == 1:
        return str(low).replace("-", "−")
    magnitude = max(abs(low), abs(end - 1)) + 1
    sign = "−" if low < 0 else ""
    return f"{sign}2^{magnitude.bit_length() - 2}.."
