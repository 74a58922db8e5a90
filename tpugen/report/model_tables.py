"""Rows of the comparison in words, for the page, the documentation and the terminal; and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby

from tpugen.report.chart_base import shown
from tpugen.report.model_charts import model_name, system_name
from tpugen.results.amdahl import FigureCheck, ModelComparison

__all__ = ["CheckRow", "check_groups", "check_row", "comparison_csv", "crossover_words", "gap_words", "summary_figures"]

CheckRow = tuple[str, str, str, str, str, str, str]
"""System, model, context, printed, model's value, difference, whether it was looked at in calibration."""


def check_row(check: FigureCheck) -> CheckRow:
    """A figure beside the model's value, in words."""
    sign = {"at_least": "≥ ", "below": "< ", "about": "about "}.get(check.kind, "")
    return (
        system_name(check.system),
        model_name(check.model) if check.model else "all" if check.kind == "about" else "–",
        f"{check.context:,}" if check.context else "–",
        sign + _with_unit(check.printed, check.unit),
        "not modelled" if check.value is None else _with_unit(_like(check), check.unit),
        gap_words(check),
        "–" if check.value is None else "yes" if check.calibration else "no",
    )


def gap_words(check: FigureCheck) -> str:
    """The model's value against the printed one: `to the digit`, `+1.2 %`, `holds`, `does not hold`, or a dash."""
    if check.value is None:
        return "–"
    if check.error_percent is None:
        return "holds" if check.agrees else "does not hold"
    if check.agrees:
        return "to the digit" if check.kind in ("exact", "derived") else "agrees"
    return f"{check.error_percent:+.2f} %".replace("-", "−")


def _with_unit(digits: str, unit: str) -> str:
    return f"{digits}{unit}" if unit == "x" else f"{digits} {'µs' if unit == 'us' else unit}"


def _like(check: FigureCheck) -> str:
    """The value with one digit more than is printed, or with what is printed where it agrees to the digit."""
    decimals = len(check.printed.partition(".")[2])
    rounded = f"{check.value:.{decimals}f}"
    more = check.kind in ("at_least", "below", "about") or not check.agrees
    return f"{check.value:.{decimals + 1}f}" if more else rounded


def check_groups(comparison: ModelComparison) -> list[tuple[str, list[FigureCheck]]]:
    """Figures by what they are, in the order of the data, each group with its heading."""
    groups = groupby(comparison.checks, key=lambda check: check.label)
    return [(label, list(members)) for label, members in groups]


def summary_figures(comparison: ModelComparison) -> list[tuple[str, str, str]]:
    """Heading, value and explanation of what stands on top of the page."""
    array = [c for c in comparison.checks if c.quantity == "tokens_per_s" and c.system == comparison.baseline]
    hybrid = [c for c in comparison.checks if c.quantity == "tokens_per_s" and c.system == comparison.system]
    found = []
    if array:
        met = sum(check.agrees is True for check in array)
        found.append((f"{system_name(comparison.baseline)} tokens/s", f"{met} of {len(array)}", "to the printed digit"))
    if hybrid:
        found.append((f"{system_name(comparison.system)} tokens/s", _worst(hybrid), "largest error"))
    for quantity, label in (("crossbar_layer_us", "crossbar time"), ("systolic_share_percent", "array's share")):
        found.append((label, _worst([c for c in comparison.checks if c.quantity == quantity]), "largest error"))
    gains = [check for check in comparison.checks if check.quantity == "energy_gain_percent"]
    ratio = max(abs((100 + (c.value or 0.0)) / (100 + float(c.printed)) - 1) for c in gains)
    found.append(("tokens/J over the baseline", f"{100 * ratio:.2f} %", "largest error of the ratio, as published"))
    return found


def _worst(checks: Sequence[FigureCheck]) -> str:
    return f"{max(abs(check.error_percent or 0.0) for check in checks):.2f} %"


def comparison_csv(comparison: ModelComparison) -> Mapping[str, str]:
    """All tables of the comparison as CSV texts, by file name."""
    fractions = [
        {"array": row.array, "rows": row.rows, "cols": row.cols, "dataflow": row.dataflow, "model": row.model,
         "context": context, "fraction": value}
        for row in comparison.fractions
        for context, value in zip(comparison.fraction_contexts, row.fractions, strict=True)
    ]  # fmt: skip
    crossovers = [
        {"model": row.model, **{f"cycles_{name}": value for name, value in row.cycles.items()}, "macs": row.macs,
         "bytes": row.bytes}
        for row in comparison.crossovers
    ]  # fmt: skip
    latency = [
        {"system": item.system, "model": item.model, "context": item.context, **part.model_dump()}
        for item in comparison.breakdowns
        for part in item.parts
    ]
    curves = [
        {"model": c.model, "context": c.context, "fraction": c.fraction, "ceiling": c.ceiling, "gain": gain,
         "speedup": speedup}
        for c in comparison.curves
        for gain, speedup in zip(c.gains, c.speedups, strict=True)
    ]  # fmt: skip
    return {
        "figures.csv": _csv([check.model_dump() for check in comparison.checks]),
        "grid.csv": _csv([point.model_dump() for point in comparison.grid]),
        "latency.csv": _csv(latency),
        "energy.csv": _csv([point.model_dump() for point in comparison.energy]),
        "fractions.csv": _csv(fractions),
        "crossovers.csv": _csv(crossovers),
        "memory.csv": _csv([row.model_dump() for row in comparison.memory]),
        "amdahl.csv": _csv(curves),
    }


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def crossover_words(context: int | None) -> str:
    """A crossover context, or that there is none."""
    return "none" if context is None else shown(context)
