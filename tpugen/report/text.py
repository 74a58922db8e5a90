"""Numbers with units, made fit to be shown."""

from __future__ import annotations

import math

__all__ = ["area", "count", "quantity", "seconds", "shortened"]


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, saying how many were left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n… {len(text) - limit:,} further characters are in the run folder"


def count(value: int, noun: str, plural: str | None = None) -> str:
    """`1 test`, `1,024 tests`."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def quantity(value: float | None, digits: int = 4) -> str:
    """A number with `digits` significant digits and thousands separators; an en dash where nothing was measured."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "unbounded" if value > 0 else "–"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    decimals = max(0, digits - 1 - magnitude)
    if decimals > 6:
        return f"{value:.{digits - 1}e}"
    shown = f"{value:,.{decimals}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown and decimals > 2 else shown


def area(value_um2: float) -> str:
    """An area in µm², without decimals from 100 on."""
    return f"{value_um2:,.0f}" if value_um2 >= 100 else f"{value_um2:,.2f}"


def seconds(value: float) -> str:
    """A duration: `12 ms`, `3.4 s`, `2 min 5 s`."""
    if value < 0.0005:
        return "< 1 ms"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"
