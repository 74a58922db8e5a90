"""What the `tpugen arith` commands share: reading parameters, checks, rows and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tpugen.cli.output import print_data, print_pairs, print_table
from tpugen.errors import RequestError, SpecError

if TYPE_CHECKING:
    from tpugen.arithmetic import Family
    from tpugen.arithmetic.error_metrics import ErrorMetrics, WorstCase

__all__ = [
    "METRICS",
    "at_widths",
    "check_widths",
    "flat_row",
    "legal_range",
    "measure",
    "one_format",
    "operand_widths",
    "print_error",
    "print_errors",
    "print_heading",
    "read_parameters",
    "stray_weight_width",
    "table_row",
]

METRICS = {
    "er": "error rate",
    "med": "mean error distance",
    "nmed": "normalised mean error distance",
    "mred": "mean relative error distance",
    "max_red": "largest relative error distance",
    "wce": "worst-case error distance",
    "bias": "mean error",
    "rmse": "root mean squared error",
    "variance": "variance of the error",
}
"""The metrics, in the order in which they are shown."""

_SHARES = ("er", "nmed", "mred", "max_red")
_UNBOUNDED = ("max_red", "wce")
_BAR_WIDTH = 40


def one_format(json: bool, csv: bool) -> None:
    """Refuse two formats at once.

    Raises:
        RequestError: both are asked for.
    """
    if json and csv:
        raise RequestError("--json and --csv exclude each other", hint="leave one of them out")


def read_parameters(
    words: Sequence[str] | None, family: Family, widths: tuple[int, ...]
) -> tuple[dict[str, int], list[str]]:
    """Parameters from `NAME=N` words, and what is wrong with those that cannot be read."""
    parameters: dict[str, int] = {}
    problems = []
    for word in words or ():
        name, _, value = (part.strip() for part in word.partition("="))
        if not name or not value.removeprefix("-").isdecimal() or not value.isascii():
            example = next(iter(family.complete({}, *widths).items()), None)
            works = f"--param {example[0]}={example[1]} would work" if example else f"{family.name} has no parameters"
            problems.append(f"param: found {word!r}; legal: NAME=N with a whole number N; {works}")
        elif name in parameters:
            problems.append(f"param: {name} is given twice, as {parameters[name]} and as {int(value)}; leave one out")
        else:
            parameters[name] = int(value)
    return parameters, problems


def table_row(metrics: ErrorMetrics) -> dict[str, Any]:
    """A unit's metrics without the distribution and the worst operands."""
    left_out = {"histogram", "worst_case", "worst_relative_case", "confidence_method"}
    row: dict[str, Any] = metrics.model_dump(mode="json", exclude=left_out)
    return row


def flat_row(metrics: ErrorMetrics) -> dict[str, Any]:
    """The same for CSV: parameters in one cell, confidence half-widths in cells of their own."""
    row = table_row(metrics)
    row["parameters"] = " ".join(f"{name}={value}" for name, value in metrics.parameters.items())
    row.pop("confidence")
    half_widths = {f"{name}_half_width": metrics.confidence.get(name) for name in METRICS if name not in _UNBOUNDED}
    return {**row, **half_widths}


def legal_range(parameter: Mapping[str, Any]) -> str:
    """`k 2..8 (4)`: name, legal values, default."""
    if parameter["low"] is None:
        return f"{parameter['name']} (none legal)"
    return f"{parameter['name']} {parameter['low']}..{parameter['high']} ({parameter['default']})"


def operand_widths(role: str, width: int, weight_width: int | None) -> tuple[int, ...]:
    """Operand widths of a unit of this role."""
    if role == "adder":
        return (width,)
    return width, width if weight_width is None else weight_width


def at_widths(widths: tuple[int, ...], signed: bool) -> str:
    """`8x8 bits, signed`."""
    return f"{'x'.join(map(str, widths))} bits, {'signed' if signed else 'unsigned'}"


def stray_weight_width(role: str, weight_width: int | None) -> list[str]:
    """What is wrong with a weight's width, if only adders are asked for."""
    if role == "adder" and weight_width is not None:
        return ["weight width: both operands of an adder have the same width; leave --weight-width out"]
    return []


def check_widths(role: str, width: int, weight_width: int | None, samples: int | None = None) -> None:
    """Refuse illegal widths and numbers of samples.

    Raises:
        SpecError: all that is illegal.
    """
    from tpugen.arithmetic.error_units import illegal, request_problems

    problems = stray_weight_width(role, weight_width)
    problems += request_problems(
        "adder" if role == "adder" else "multiplier", "exact", operand_widths(role, width, weight_width), {},
        samples=samples,
    )  # fmt: skip
    if problems:
        raise SpecError(illegal(problems))


def measure(
    unit: Family,
    widths: tuple[int, ...],
    signed: bool,
    parameters: Mapping[str, int],
    *,
    samples: int | None = None,
    seed: int = 1,
) -> ErrorMetrics:
    """Error metrics of one unit: all pairs up to 2^20, else a sample."""
    from tpugen.arithmetic.error_metrics import adder_error, multiplier_error

    if unit.role == "adder":
        return adder_error(unit.name, *widths, signed=signed, parameters=parameters, samples=samples, seed=seed)
    return multiplier_error(unit.name, *widths, signed=signed, parameters=parameters, samples=samples, seed=seed)


def _cell(name: str, value: float) -> str:
    """A metric for people: shares in per cent, an error distance as the whole number that it is."""
    if name in _SHARES:
        return f"{100 * value:.4g} %"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if abs(value) < 1e5 else f"{value:.4g}"


def print_errors(rows: Sequence[ErrorMetrics], *, families: bool = True) -> None:
    """One row for each unit."""
    from tpugen.arithmetic.catalogue import in_words

    columns = [*(["role", "family"] if families else []), "parameters", *METRICS, "pairs"]
    cells = [
        [
            *([row.role, row.family] if families else []),
            in_words(row.parameters),
            *(_cell(name, getattr(row, name)) for name in METRICS),
            "all" if row.exhaustive else f"{row.pairs:,}",
        ]
        for row in rows
    ]
    print_table(columns, cells, right=columns[len(columns) - len(METRICS) - 1 :])


def print_error(metrics: ErrorMetrics, unit: Family) -> None:
    """One unit: its metrics, and the distribution of its error."""
    from tpugen.arithmetic.catalogue import in_words

    widths = operand_widths(metrics.role, metrics.width, metrics.weight_width)
    tried = "all" if metrics.exhaustive else f"drawn with seed {metrics.seed}"
    pairs = [("unit", f"{unit.title} {metrics.role}, {at_widths(widths, metrics.signed)}")]
    pairs += [("parameters", in_words(metrics.parameters))] if metrics.parameters else []
    pairs += [("pairs", f"{metrics.pairs:,} ({tried})")]
    for name, meaning in METRICS.items():
        half = metrics.confidence.get(name)
        margin = f" +- {_cell(name, half)}" if half is not None else ""
        pairs.append((name, f"{_cell(name, getattr(metrics, name))}{margin}  ({meaning})"))
    pairs += _worst("worst case", metrics.worst_case, metrics.role)
    pairs += _worst("worst relative case", metrics.worst_relative_case, metrics.role)
    pairs += [("+-", metrics.confidence_method)] if metrics.confidence_method else []
    print_pairs(pairs)
    print_heading("distribution of approximate - exact")
    _print_histogram(metrics)


def _worst(name: str, case: WorstCase | None, role: str) -> list[tuple[str, str]]:
    if case is None:
        return []
    sign = "+" if role == "adder" else "x"
    return [(name, f"{case.a:,} {sign} {case.b:,} gives {case.approximate:,}, not {case.exact:,}")]


def _print_histogram(metrics: ErrorMetrics) -> None:
    edges, counts = metrics.histogram.edges, metrics.histogram.counts
    tallest = max(counts)
    rows = [
        [
            f"{low:,}" if low == last else f"{low:,} .. {last:,}",
            f"{count:,}",
            f"{100 * count / metrics.pairs:.3g} %",
            "#" * round(_BAR_WIDTH * count / tallest),
        ]
        for low, last, count in zip(edges[:-1], (edge - 1 for edge in edges[1:]), counts, strict=True)
        if count
    ]
    columns = ["error", "pairs", "share", ""]
    print_table(columns, rows, right=columns[:3])


def print_heading(text: str) -> None:
    """A line over a table that follows other data."""
    print_data(f"\n{text}:")
