"""What the charts of the performance model share: scales with round ticks, colours, and a chart as a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["CHART_STYLE", "SERIES_CLASSES", "Scale", "chart_file", "linear_scale", "log_scale", "shown"]

SERIES_CLASSES = ("s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7")
"""Classes of series, in the order in which charts take them."""

CHART_STYLE = """
.ground { fill: var(--card); }
.m-grid { stroke: var(--rule); stroke-width: 1; }
.m-axis { stroke: var(--muted); stroke-width: 1; }
.m-zero { stroke: var(--muted); stroke-width: 1.2; }
.m-line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.m-line.dashed { stroke-dasharray: 5 4; stroke-width: 1.4; }
.m-ring { fill: var(--card); stroke-width: 2; }
.m-dot { stroke: var(--card); stroke-width: 1.4; }
.m-cell { stroke: var(--card); stroke-width: 2; }
.m-heat { fill: var(--s0); }
.m-heat.below { fill: var(--s1); }
.m-tick { stroke: var(--ink); stroke-width: 2; }
.m-head { fill: var(--ink); }
.s0 .m-line, .s0 .m-ring { stroke: var(--s0); } .s0 .m-dot, rect.s0 { fill: var(--s0); }
.s1 .m-line, .s1 .m-ring { stroke: var(--s1); } .s1 .m-dot, rect.s1 { fill: var(--s1); }
.s2 .m-line, .s2 .m-ring { stroke: var(--s2); } .s2 .m-dot, rect.s2 { fill: var(--s2); }
.s3 .m-line, .s3 .m-ring { stroke: var(--s3); } .s3 .m-dot, rect.s3 { fill: var(--s3); }
.s4 .m-line, .s4 .m-ring { stroke: var(--s4); } .s4 .m-dot, rect.s4 { fill: var(--s4); }
.s5 .m-line, .s5 .m-ring { stroke: var(--s5); } .s5 .m-dot, rect.s5 { fill: var(--s5); }
.s6 .m-line, .s6 .m-ring { stroke: var(--s6); } .s6 .m-dot, rect.s6 { fill: var(--s6); }
.s7 .m-line, .s7 .m-ring { stroke: var(--s7); } .s7 .m-dot, rect.s7 { fill: var(--s7); }
svg { --s0: #1d5fc4; --s1: #c2660e; --s2: #0b7d71; --s3: #8458a8; --s4: #b0384f; --s5: #6f7b8a; --s6: #a08a1c;
  --s7: #4d9a3f; }
@media (prefers-color-scheme: dark) { svg { --s0: #79aefc; --s1: #f0a860; --s2: #56cdb8; --s3: #c39be6; --s4: #f58a9c;
  --s5: #a3afbd; --s6: #d8c35c; --s7: #8fd27f; } }
"""
"""Classes of these charts; the other colours come from the page, or from `chart_file`."""

_COLOURS = """
svg { --card: #ffffff; --ink: #171b21; --muted: #59636f; --rule: #dfe3e8;
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { svg { --card: #171b21; --ink: #e7eaee; --muted: #9ba6b3; --rule: #2c333c; } }
text { fill: var(--ink); }
.muted { fill: var(--muted); }
.strong { font-weight: 650; }
"""


def chart_file(chart: Markup) -> str:
    """A chart as a file of its own: with colours and name space."""
    head, rest = str(chart).split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{_COLOURS}{CHART_STYLE}</style>{rest}\n'


@dataclass(frozen=True)
class Scale:
    """Where values lie on an axis.

    Attributes:
        low: Value at `start`.
        high: Value at `end`.
        start: Coordinate in pixels.
        end: Coordinate in pixels.
        ticks: Values that are written, with their words.
        logarithmic: Equal ratios take equal room.
    """

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Coordinate of a value; values outside stay at the edge."""
        if self.logarithmic:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)

    def between(self, start: float, end: float) -> Scale:
        """The same scale over other coordinates."""
        return Scale(self.low, self.high, start, end, self.ticks, self.logarithmic)


def log_scale(values: Sequence[float], *, ticks: Sequence[float] | None = None, short: bool = False) -> Scale:
    """A logarithmic scale that holds all values, from one power of ten to another unless ticks are given.

    Args:
        values: Above 0.
        ticks: Values that are written; the first and last are the ends.
        short: Write thousands of tokens as `4k`.
    """
    if ticks is None:
        low, high = math.floor(math.log10(min(values)) + 1e-9), math.ceil(math.log10(max(values)) - 1e-9)
        ticks = [10.0**power for power in range(low, max(high, low + 1) + 1)]
    words = [f"{tick / 1024:g}k" if short and tick >= 1024 else shown(tick) for tick in ticks]
    return Scale(ticks[0], ticks[-1], 0, 1, tuple(zip(ticks, words, strict=True)), True)


def linear_scale(values: Sequence[float], *, unit: str = "", target: int = 5) -> Scale:
    """A linear scale with round ticks that holds all values and zero."""
    low, high = min(0.0, *values), max(0.0, *values)
    raw = (high - low or 1.0) / target
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [round(index * step, 9) for index in range(first, max(last, first + 1) + 1)]
    return Scale(ticks[0], ticks[-1], 0, 1, tuple((tick, f"{shown(tick)}{unit}") for tick in ticks))


def shown(value: float) -> str:
    """A number in few characters: `0.1`, `8.54`, `118`, `16,384`."""
    size = abs(value)
    if size >= 100 or value == round(value):
        return f"{value:,.0f}".replace("-", "−")
    text = f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.2g}"
    return (text.rstrip("0") if size < 10 else text).replace("-", "−")
