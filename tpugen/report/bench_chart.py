"""Charts of benchmark runs: pass@1 of several runs with intervals, and what repairs give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import Markup

from tpugen.report import svg
from tpugen.report.bench_data import BenchResult, Comparison, Share, Step
from tpugen.report.bench_text import percent
from tpugen.storage import write_text_atomic

__all__ = ["CHART_STYLE", "chart_file", "comparison_chart", "ladder_chart", "write_comparison_chart"]

CHART_STYLE = """
.ground { fill: var(--card); }
.b-grid { stroke: var(--rule); stroke-width: 1; }
.b-axis { stroke: var(--muted); stroke-width: 1; }
.b-range { stroke: var(--act); stroke-width: 2.2; stroke-linecap: round; opacity: .55; }
.b-dot { fill: var(--act); }
.b-line { fill: none; stroke: var(--act); stroke-width: 1.6; }
.b-first .b-range { stroke: var(--wgt); }
.b-first .b-dot { fill: var(--wgt); }
"""
"""Classes of these charts; colours come from the page, or from `chart_file`."""

_COLOURS = """
svg { --card: #ffffff; --ink: #171b21; --muted: #59636f; --rule: #dfe3e8; --act: #1d5fc4; --wgt: #a34a06;
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { svg { --card: #171b21; --ink: #e7eaee; --muted: #9ba6b3; --rule: #2c333c;
  --act: #79aefc; --wgt: #f0a860; } }
text { fill: var(--ink); }
.muted { fill: var(--muted); }
.strong { font-weight: 650; }
"""
_SIZE = 11.0
_ROW = 30.0
_TOP, _BOTTOM = 52.0, 44.0
_PLOT = 520.0
_LABEL_MOST = 420.0
_VALUE = 170.0
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def chart_file(chart: Markup) -> str:
    """A chart as a file of its own: with colours and name space."""
    head, rest = str(chart).split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{_COLOURS}{CHART_STYLE}</style>{rest}\n'


def write_comparison_chart(comparison: Comparison, path: Path) -> Path:
    """Write the chart of a comparison as an SVG file.

    Raises:
        StorageError: the disk refused.
    """
    return write_text_atomic(path, chart_file(comparison_chart(comparison.runs)))


def comparison_chart(runs: Sequence[BenchResult], title: str = "pass@1 with 95 % intervals") -> Markup:
    """One line a run: its name, a dot at pass@1, a bar from end to end of the interval; the first stands out.

    Args:
        runs: At least one.
        title: Heading.
    """
    rows = [(run.name, run.total.pass_at[0].share, run.total.samples) for run in runs]
    left = min(_LABEL_MOST, max(svg.text_width(name, _SIZE) for name, _, _ in rows)) + 18
    width, height = left + _PLOT + _VALUE, _TOP + _ROW * len(rows) + _BOTTOM
    floor = height - _BOTTOM

    def across(share: float) -> float:
        return left + _PLOT * share

    body = [svg.rect(0, 0, width, height, class_="ground"), svg.text(12, 24, title, class_="strong", size=14)]
    for tick in _TICKS:
        body.append(svg.line(across(tick), _TOP - 8, across(tick), floor, class_="b-grid"))
        body.append(svg.text(across(tick), floor + 17, f"{100 * tick:.0f} %", class_="muted", anchor="middle", size=10))
    for index, (name, share, samples) in enumerate(rows):
        body.extend(_row(index, name, share, samples, left, across))
    words = "; ".join(f"{name}: {percent(share, interval=True)}" for name, share, _ in rows)
    return svg.document(body, width=width, height=height, title=title, description=words)


def _row(index: int, name: str, share: Share | None, samples: int, left: float, across: object) -> Iterator[Markup]:
    assert callable(across)  # noqa: S101 - for the type checker
    y = _TOP + _ROW * (index + 0.5)
    yield svg.text(left - 12, y + 4, svg.fit(name, left - 24, _SIZE), anchor="end", size=_SIZE)
    if share is not None:
        marks = [
            svg.line(across(share.low), y, across(share.high), y, class_="b-range"),
            svg.circle(across(share.value), y, 4.6, class_="b-dot"),
        ]
        yield svg.group(marks, class_="b-first" if index == 0 else None)
    yield svg.text(across(1.0) + 14, y + 4, f"{percent(share)}  n = {samples}", class_="muted", size=10.5)


def ladder_chart(steps: Sequence[Step], *, what: str = "repairs") -> Markup:
    """pass@1 by what is allowed: a line with dots and intervals.

    Args:
        steps: At least one.
        what: What is counted, for the axis.
    """
    left, floor, top = 56.0, 196.0, 30.0
    gap = min(90.0, 560.0 / max(1, len(steps)))
    width, height = left + gap * len(steps) + 24, 240.0

    def up(share: float) -> float:
        return floor - (floor - top) * share

    body = [svg.rect(0, 0, width, height, class_="ground")]
    for tick in _TICKS:
        body.append(svg.line(left, up(tick), width - 12, up(tick), class_="b-grid"))
        body.append(svg.text(left - 8, up(tick) + 3.6, f"{100 * tick:.0f} %", class_="muted", anchor="end", size=10))
    spots = []
    for index, step in enumerate(steps):
        x = left + gap * (index + 0.5)
        body.append(svg.text(x, floor + 17, str(step.allowed), class_="muted", anchor="middle", size=10.5))
        if step.share is not None:
            spots.append((x, up(step.share.value)))
            body.append(svg.line(x, up(step.share.low), x, up(step.share.high), class_="b-range"))
    if spots:
        data = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
        body.append(svg.path(data, class_="b-line"))
        body.extend(svg.circle(x, y, 4.2, class_="b-dot") for x, y in spots)
    words = f"{what} allowed"
    body.append(svg.text(left + gap * len(steps) / 2, floor + 37, words, class_="muted", anchor="middle", size=10.5))
    return svg.document(
        body, width=width, height=height, title=f"pass@1 by {words}",
        description="; ".join(f"{step.allowed}: {percent(step.share, interval=True)}" for step in steps),
    )  # fmt: skip
