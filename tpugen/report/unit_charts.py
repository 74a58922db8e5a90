"""Charts of arithmetic units: error, or accuracy, against measured cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tpugen.dataset.unit_grid import Role
from tpugen.model.unit_pareto import COST_AXES, ERROR_AXES, CostAxis, ErrorAxis, UnitPoint
from tpugen.report.pareto_chart import ChartPoint, chart_page, chart_svg, pareto_chart
from tpugen.storage import write_text_atomic

__all__ = ["unit_chart", "write_chart"]


def unit_chart(
    points: Sequence[UnitPoint],
    *,
    role: Role,
    width_bits: int,
    technology: str,
    x: CostAxis,
    y: ErrorAxis,
    page: bool = False,
) -> str:
    """The chart of units as an SVG file's text, or as a page's.

    Args:
        points: Units; those without the quantity `y` are left out.
        role: What they are.
        width_bits: Width of their operands.
        technology: What they were measured in.
        x: Cost on the horizontal axis.
        y: Error or accuracy on the vertical axis.
        page: Whether to put an HTML page around it.
    """
    quantity = y if y == "accuracy" else y.upper()
    title = f"Signed {width_bits}-bit {role}s in {technology}: {quantity} against {x}"
    chart = pareto_chart(
        [
            ChartPoint(point.unit, point.cost(x), value, point.front, point.family == "exact", _note(point))
            for point in points
            if (value := point.quality(y)) is not None
        ],
        title=title,
        x_title=COST_AXES[x][1],
        y_title=ERROR_AXES[y],
        more_is_better=y == "accuracy",
    )
    return chart_page(chart, title) if page else chart_svg(chart)


def write_chart(
    points: Sequence[UnitPoint],
    path: Path,
    *,
    role: Role,
    width_bits: int,
    technology: str,
    x: CostAxis,
    y: ErrorAxis,
) -> Path:
    """Write the chart: an SVG, or a page where the name ends in `.html`.

    Raises:
        StorageError: the disk refused.
    """
    page = path.suffix == ".html"
    text = unit_chart(points, role=role, width_bits=width_bits, technology=technology, x=x, y=y, page=page)
    return write_text_atomic(path, text)


def _note(point: UnitPoint) -> str:
    words = [
        f"area {point.area_um2:,.0f} um2",
        f"delay {point.delay_ns:.3g} ns",
        f"energy {point.energy_pj:.3g} pJ",
        f"MRED {point.mred:.3%}",
    ]
    if point.accuracy is not None:
        words.append(f"accuracy {point.accuracy:.2%}")
    return ", ".join(words)
