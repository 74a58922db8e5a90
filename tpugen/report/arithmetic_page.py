"""The catalogue of arithmetic units as Markdown: definitions, errors, measured cost, what they do to a network.

Errors at 8 bits are computed when the page is written, over all operand pairs; cost and accuracy are read from the data
that `tpugen arith measure` and `tpugen arith accuracy` made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import getdoc

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.arithmetic.error_metrics import ErrorMetrics, adder_error, multiplier_error
from tpugen.dataset.accuracies import ACCURACIES_FILE, all_accuracies, network_accuracy_of, read_accuracy_table
from tpugen.dataset.costs import UnitCost, cost_table, unit_cost
from tpugen.dataset.unit_grid import GridUnit, Role, unit_grid
from tpugen.model.unit_pareto import CostAxis, ErrorAxis, unit_points
from tpugen.report.unit_charts import unit_chart
from tpugen.report.unit_reasons import REASONS

__all__ = ["CHARTS", "arithmetic_page", "page_chart"]

_TECHNOLOGIES = ("osu018", "nangate45")
_WIDTH = 8
_ROLES: Mapping[Role, str] = {"multiplier": "Multipliers", "adder": "Adders"}

CHARTS: Mapping[str, tuple[Role, int, CostAxis, ErrorAxis]] = {
    "multipliers-8-area-mred.svg": ("multiplier", 8, "area", "mred"),
    "multipliers-8-energy-mred.svg": ("multiplier", 8, "energy", "mred"),
    "multipliers-8-area-accuracy.svg": ("multiplier", 8, "area", "accuracy"),
    "multipliers-16-area-mred.svg": ("multiplier", 16, "area", "mred"),
    "adders-8-area-mred.svg": ("adder", 8, "area", "mred"),
}
"""The page's charts in osu018, by file name: role, width, cost, error."""

_PATENT = (
    "A US patent application, 2025/0045240, covers recoding operands once at an array's edge; the option "
    "`shared_pre_approximation` is off by default."
)


def page_chart(name: str) -> str:
    """The text of one of `CHARTS`."""
    role, width, x, y = CHARTS[name]
    points = unit_points(role, width, _TECHNOLOGIES[0], x=x, y=y)
    return unit_chart(points, role=role, width_bits=width, technology=_TECHNOLOGIES[0], x=x, y=y)


def arithmetic_page(folder: str) -> str:
    """The page.

    Args:
        folder: Where the charts are, relative to the page.
    """
    lines = [*_introduction(), *_charts(folder)]
    for role, title in _ROLES.items():
        lines += ["", f"## {title} at 8 bits", "", *_overview(role, 8), "", f"## {title} at 16 bits", ""]
        lines += _costs_only(role, 16)
    lines += _published()
    lines += ["", "## Units that are not cheaper than exact at 8 bits", "", *_not_cheaper()]
    lines += ["", "## What accumulation adders do to a network", "", *_accumulation()]
    for role in _ROLES:
        for family in (MULTIPLIERS if role == "multiplier" else ADDERS).values():
            lines += ["", *_family(role, family)]
    return "\n".join(lines) + "\n"


_INTRODUCTION = """# Approximate arithmetic

{adders} adder families and {multipliers} multiplier families, each as a bit-accurate model and as Verilog that is
checked against it. `tpugen arith` gives the same numbers for any width and parameter: `list`, `show`, `error`, `table`,
`pareto`, `accuracy`, `measure`.

- **Error** at 8 bits is over all pairs of operands: error rate ER; error distance ED = |approximate - exact|, its mean
  MED; NMED = MED over the largest exact result; MRED = mean of ED over the exact result where that is not zero; WCE =
  the largest ED. In the overviews operands are signed, as the cost is; in each unit's own section they are unsigned, as
  in the literature."""

_COST = """- **Cost** is measured by `{command}` ({tools}). {method} The clock is {clock:g} MHz."""

_ACCURACY = """- **Accuracy** is made by `{command}`: a perceptron
  (64-32-10, ReLU) trained on one half of scikit-learn's digits (1,797 images of 8x8 pixels), quantised per tensor and
  symmetrically to signed numbers, tested on the other half ({images} images; split and training with seed {seed}). In
  floating point it finds {accuracy:.2%} of them. One image is {image:.2%}: differences of a few tenths of a per cent
  mean nothing."""

_DRUM = """
The paper reports savings in area and power of a half and more at these settings (its multiplier is unsigned, its
library another). The delay is longer than that of the exact multiplier when both are mapped for speed: the leading-one
detection, the shift in front and the shift behind follow one another, while the exact multiplier's partial products are
there at once."""

_NOT_CHEAPER = """Every unit whose area or energy is not below that of the exact unit, in either technology, and why.
The exact unit of signed operands works in two's complement; most approximate multipliers take the signs off and put
the product's sign back. What that costs alone is seen at DRUM(8), whose core is an exact 8x8 multiplier.
"""

_STRUCTURES = """Exact units are also there in structures of their own, and some of these cost less than what the
synthesiser makes of `a * b` or `a + b`. Measured against the cheapest exact structure:
"""

_ACCUMULATION = """The digits network with exact multipliers and an approximate accumulation adder, whose k inexact low
bits are a quarter and half of the accumulator (24, 32 and 48 bits for operands of 4, 8 and 16). Sums of 4-bit products
are small beside the inexact part, so nothing is left of them; a smaller k is the remedy (`--adder-param`).
"""


def _introduction() -> Iterator[str]:
    yield _INTRODUCTION.format(adders=len(ADDERS), multipliers=len(MULTIPLIERS))
    table = cost_table()
    if table is not None:
        tools = next(iter(table.technologies.values())).tools
        words = ", ".join(f"{name} {version}" for name, version in sorted(tools.items()))
        yield _COST.format(command=table.command, tools=words, method=table.method, clock=table.clock_mhz)
    if all_accuracies():
        first = all_accuracies()[0]
        yield _ACCURACY.format(
            command=read_accuracy_table(ACCURACIES_FILE).command, images=first.test_images, seed=first.split_seed,
            accuracy=first.float_accuracy, image=1 / first.test_images,
        )  # fmt: skip


def _charts(folder: str) -> Iterator[str]:
    yield ""
    yield "## Error against cost"
    yield ""
    yield "Units on the dashed line are beaten by no other in both quantities; no unit lies beyond it."
    for name, (role, width, x, y) in CHARTS.items():
        yield ""
        yield f"![{role}s of {width} bits: {y} against {x}]({folder}/{name})"


def _anchor(unit: GridUnit) -> str:
    return f"[{unit.label}](#{unit.role}-{unit.family.replace('_', '-')})"


def _cost(unit: GridUnit, technology: str) -> UnitCost | None:
    return unit_cost(
        unit.role,
        unit.family,
        unit.widths,
        unit.signed,
        dict(unit.parameters),
        technology,
        structure=unit.structure,
    )


def _reference(unit: GridUnit, technology: str) -> UnitCost | None:
    return unit_cost(unit.role, "exact", unit.widths, unit.signed, {}, technology)


def _error(unit: GridUnit, *, signed: bool) -> ErrorMetrics:
    run = adder_error if unit.role == "adder" else multiplier_error
    return run(unit.family, *unit.widths, signed=signed, parameters=dict(unit.parameters))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _head(*columns: str, left: int = 1) -> Iterator[str]:
    yield _row(*columns)
    yield "|" + "---|" * left + "---:|" * (len(columns) - left)


def _share(value: float, exact: float) -> str:
    return f"{value / exact - 1:+.0%}"


def _cost_cells(unit: GridUnit, technology: str) -> list[str]:
    row, exact = _cost(unit, technology), _reference(unit, technology)
    if row is None or exact is None:
        return ["-", "-", "-"]
    return [
        f"{row.area_um2:,.0f} ({_share(row.area_um2, exact.area_um2)})",
        f"{row.delay_ns:.2f}",
        f"{row.energy_pj:.3g} ({_share(row.energy_pj, exact.energy_pj)})",
    ]


def _cost_columns() -> list[str]:
    return [f"{what}, {name}" for name in _TECHNOLOGIES for what in ("area um2", "ns", "pJ")]


def _overview(role: Role, width: int) -> Iterator[str]:
    yield "Signed operands; area and energy also against the exact unit that the synthesiser builds."
    yield ""
    accuracy = ["accuracy"] if role == "multiplier" else []
    yield from _head("unit", "ER", "NMED", "MRED", *_cost_columns(), *accuracy)
    for unit in unit_grid(roles=[role], widths_bits=[width]):
        error = _error(unit, signed=True)
        cells = [f"{error.er:.1%}", f"{error.nmed:.3%}", f"{error.mred:.2%}"]
        costs = [cell for technology in _TECHNOLOGIES for cell in _cost_cells(unit, technology)]
        known = network_accuracy_of(role, unit.family, dict(unit.parameters), width) if accuracy else None
        yield _row(_anchor(unit), *cells, *costs, *([f"{known.accuracy:.2%}" if known else "-"] if accuracy else []))


def _costs_only(role: Role, width: int) -> Iterator[str]:
    accuracy = ["accuracy"] if role == "multiplier" else []
    yield from _head("unit", *_cost_columns(), *accuracy)
    for unit in unit_grid(roles=[role], widths_bits=[width]):
        costs = [cell for technology in _TECHNOLOGIES for cell in _cost_cells(unit, technology)]
        known = network_accuracy_of(role, unit.family, dict(unit.parameters), width) if accuracy else None
        yield _row(_anchor(unit), *costs, *([f"{known.accuracy:.2%}" if known else "-"] if accuracy else []))


def _published() -> Iterator[str]:
    yield ""
    yield "## DRUM(6) against the exact multiplier at 16 bits"
    yield ""
    yield from _head("technology", "unit", "area um2", "delay ns", "power uW", left=2)
    for technology in _TECHNOLOGIES:
        rows = [
            unit_cost("multiplier", name, (16, 16), True, parameters, technology)
            for name, parameters in (("exact", {}), ("drum", {"k": 6}))
        ]
        exact, drum = rows
        if exact is None or drum is None:
            continue
        yield _row(technology, "exact", *(_figure(value) for value in _three(exact)))
        pairs = zip(_three(drum), _three(exact), strict=True)
        yield _row(technology, "DRUM(6)", *(f"{_figure(value)} ({_share(value, other)})" for value, other in pairs))
    yield _DRUM


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _three(row: UnitCost) -> tuple[float, float, float]:
    return row.area_um2, row.delay_ns, row.power_uw


def _not_cheaper() -> Iterator[str]:
    yield _NOT_CHEAPER
    explained = set[tuple[Role, str]]()
    for role in _ROLES:
        for unit in unit_grid(roles=[role], widths_bits=[_WIDTH]):
            words = [text for technology in _TECHNOLOGIES if (text := _excess(unit, technology))]
            if unit.family == "exact" or not words:
                continue
            explained.add((role, unit.family))
            yield f"- **{_anchor(unit)}** ({role}): {'; '.join(words)}. {REASONS[role, unit.family]}{_at_sixteen(unit)}"
    if not explained:
        yield "None."
    yield ""
    yield _STRUCTURES
    beaten = dict[tuple[Role, str], None]()
    for role in _ROLES:
        for technology in _TECHNOLOGIES:
            for line, families in _against_structures(role, technology):
                yield f"- {line}"
                beaten |= dict.fromkeys((role, family) for family in families)
    rest = [key for key in beaten if key not in explained]
    if rest:
        yield ""
        yield "Of these, the families that no line above explains:"
        yield ""
        for role, name in rest:
            title = (MULTIPLIERS if role == "multiplier" else ADDERS)[name].title
            yield f"- **[{title}](#{role}-{name.replace('_', '-')})** ({role}): {REASONS[role, name]}"


def _against_structures(role: Role, technology: str) -> Iterator[tuple[str, list[str]]]:
    """The cheapest exact structure by area and by energy, in words, and the families of units that are not below it."""
    rows = [row for unit in unit_grid(roles=[role], widths_bits=[_WIDTH]) if (row := _cost(unit, technology))]
    exact = [row for row in rows if row.family == "exact"]
    for what, cost in (("area", _area), ("energy", _energy)):
        if exact:
            best = min(exact, key=cost)
            beaten = [row for row in rows if row.family != "exact" and cost(row) >= cost(best)]
            reference = unit_cost(role, "exact", best.widths, True, {}, technology)
            share = f" ({_share(cost(best), cost(reference))} against the synthesiser's own)" if reference else ""
            names = ", ".join(row.label for row in beaten) or "none"
            line = f"{role}s, {what} in {technology}: {best.label}{share}; not below it: {names}."
            yield line, [row.family for row in beaten]


def _area(row: UnitCost) -> float:
    return row.area_um2


def _energy(row: UnitCost) -> float:
    return row.energy_pj


def _excess(unit: GridUnit, technology: str) -> str | None:
    row, exact = _cost(unit, technology), _reference(unit, technology)
    if row is None or exact is None:
        return None
    parts = [
        f"{what} {_share(value, reference)}"
        for what, value, reference in (
            ("area", row.area_um2, exact.area_um2),
            ("energy", row.energy_pj, exact.energy_pj),
        )
        if value >= reference
    ]
    return f"{' and '.join(parts)} in {technology}" if parts else None


def _at_sixteen(unit: GridUnit) -> str:
    """What the same setting gives at 16 bits, where it was measured."""
    wide = GridUnit(unit.role, unit.family, unit.structure, (16,) * len(unit.widths), unit.signed, unit.parameters)
    found = [(technology, _cost(wide, technology), _reference(wide, technology)) for technology in _TECHNOLOGIES]
    words = [
        f"area {_share(row.area_um2, exact.area_um2)}, energy {_share(row.energy_pj, exact.energy_pj)} in {technology}"
        for technology, row, exact in found
        if row is not None and exact is not None
    ]
    return f" At 16 bits the same setting gives {'; '.join(words)}." if words else ""


def _accumulation() -> Iterator[str]:
    yield _ACCUMULATION
    rows = [row for row in all_accuracies() if row.adder != "exact"]
    widths = sorted({row.width_bits for row in rows})
    yield from _head("adder", *(f"{width}-bit operands" for width in widths))
    for family in ADDERS.values():
        mine = [row for row in rows if row.adder == family.name]
        if mine:
            cells = (
                ", ".join(
                    f"k = {row.adder_parameters['k']}: {row.accuracy:.2%}" for row in mine if row.width_bits == width
                )
                for width in widths
            )
            yield _row(f"[{family.title}](#adder-{family.name.replace('_', '-')})", *cells)


def _family(role: Role, family: Family) -> Iterator[str]:
    widths = (_WIDTH,) if role == "adder" else (_WIDTH, _WIDTH)
    yield f"## {role.capitalize()} {family.name.replace('_', '-')}"
    yield ""
    definition = " ".join((getdoc(family.model) or family.summary).split("\n\n")[0].split())
    yield f"**{family.title}.** {definition}"
    yield ""
    yield f"- Source: {family.source}"
    if family.structures:
        yield f"- Structures: {', '.join(f'`{name}`' for name in family.structures)}"
    if family.synonyms:
        yield f"- Also called: {', '.join(family.synonyms)}"
    for parameter in family.parameters:
        low, high = parameter.bounds(*widths)
        yield (
            f"- Parameter `{parameter.name}`: {parameter.meaning}; {parameter.minimum}..`{parameter.maximum}`, "
            f"at 8 bits {low}..{high}, default {parameter.default_for(*widths)}"
        )
    if family.shares_operand_codes:
        yield f"- Shared pre-approximation: arrays can recode each operand once at their edge. {_PATENT}"
    yield ""
    yield from _head("unsigned, 8 bits", "ER", "MED", "NMED", "MRED", "max RED", "WCE", "bias", "RMSE")
    for unit in unit_grid(roles=[role], families=[family.name], widths_bits=[_WIDTH]):
        if unit.structure is None:
            yield _errors_row(unit)


def _errors_row(unit: GridUnit) -> str:
    error = _error(unit, signed=False)
    return _row(
        unit.label,
        f"{error.er:.2%}",
        f"{error.med:,.4g}",
        f"{error.nmed:.3%}",
        f"{error.mred:.3%}",
        f"{error.max_red:.2%}",
        f"{error.wce:,}",
        f"{error.bias:+,.4g}",
        f"{error.rmse:,.4g}",
    )
