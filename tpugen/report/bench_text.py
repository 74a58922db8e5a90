"""Shares of a benchmark in words."""

from __future__ import annotations

from tpugen.report.bench_data import PassAt, Share
from tpugen.report.text import seconds

__all__ = ["difference_words", "duration", "p_words", "pass_words", "percent"]


def percent(share: Share | None, *, ends: bool = False, interval: bool = False) -> str:
    """`86.7 %`; an en dash where nothing is known.

    Args:
        share: The share.
        ends: The ends of the interval instead: `80.1 to 91.2 %`.
        interval: The interval behind it: `86.7 % (80.1-91.2)`.
    """
    if share is None:
        return "–"
    low, high = f"{100 * share.low:.1f}", f"{100 * share.high:.1f}"
    if ends:
        return f"{low} to {high} %"
    value = f"{100 * share.value:.1f} %"
    return f"{value} ({low}-{high})" if interval else value


def pass_words(at: PassAt) -> str:
    """pass@k in words."""
    return percent(at.share)


def difference_words(share: Share | None) -> str:
    """A difference in percentage points with its interval: `+12.5 points (+3.0 to +22.1)`."""
    if share is None:
        return "–"
    value, low, high = (f"{100 * number:+.1f}".replace("-", "−") for number in (share.value, share.low, share.high))
    return f"{value} points ({low} to {high})"


def p_words(p_value: float | None) -> str:
    """A p-value in words."""
    if p_value is None:
        return "–"
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.4f}"


def duration(value_s: float) -> str:
    """A duration, hours from one on: `4.2 h`, `12 min 5 s`."""
    return f"{value_s / 3600:.1f} h" if value_s >= 3600 else seconds(value_s)
