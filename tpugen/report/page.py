"""`write_report`: one self-contained HTML file from a run folder.

The page refers to nothing outside itself and holds no script; its content security policy forbids both, so that text
from a request, a file or a language model stays text even where escaping were to fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tpugen.arithmetic.error_records import ErrorMetrics
from tpugen.report import views
from tpugen.report.accelerator_diagram import accelerator_diagram, accelerator_sentences
from tpugen.report.accelerator_view import accelerator_view
from tpugen.report.array_diagram import array_diagram, dataflow_sentences
from tpugen.report.chart_base import CHART_STYLE
from tpugen.report.code import listing
from tpugen.report.environment import PAGE_POLICY, page_environment, template_text
from tpugen.report.error_chart import error_chart
from tpugen.report.load import Run, inside, load_run
from tpugen.report.path_chart import path_chart
from tpugen.report.text import area, count, quantity, seconds, shortened
from tpugen.report.unit_diagram import unit_diagram
from tpugen.report.wave_drawing import draw_excerpt
from tpugen.report.waveform import Excerpt, read_excerpt
from tpugen.spec import AcceleratorSpec, ArithmeticSpec, CustomSpec, SystolicArraySpec
from tpugen.storage import write_text_atomic

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_report", "write_report"]

_AREA_ROWS = 14
_EXCHANGE_CHARS = 24_000
_ERROR_ROWS = (
    ("er", "ER", 100, " %", "share of operand pairs with a wrong result"),
    ("med", "MED", 1, "", "mean error distance"),
    ("nmed", "NMED", 100, " %", "MED over the largest exact result"),
    ("mred", "MRED", 100, " %", "mean relative error distance"),
    ("max_red", "max RED", 100, " %", "largest relative error distance"),
    ("wce", "WCE", 1, "", "worst-case error distance"),
    ("bias", "bias", 1, "", "mean error"),
    ("rmse", "RMSE", 1, "", "root of the mean squared error"),
)
"""Metric, its name, scale, unit, and what it is."""


def write_report(run_folder: Path) -> Path:
    """Write `report.html` into a run folder; runs that failed or were cut short are drawn as far as they came.

    Args:
        run_folder: A folder with a `manifest.json`.

    Returns:
        Path of the page.

    Raises:
        StorageError: No manifest, or the page cannot be written.
    """
    page = render_report(load_run(run_folder))
    return write_text_atomic(run_folder / "report.html", page)


def render_report(run: Run) -> str:
    """The page as text."""
    template = _environment().get_template("report.html.j2")
    text = str(template.render(_context(run)))
    return text.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> Environment:
    environment = page_environment()
    environment.filters |= {
        "quantity": quantity,
        "seconds": seconds,
        "count": count,
        "listing": listing,
        "power": _power,
        "area": area,
        "percent": _percent,
    }
    return environment


def _power(value_mw: float) -> str:
    return " ".join(views.power_with_unit(value_mw))


def _percent(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.0005 else f"{share * 100:.1f} %"


@dataclass(frozen=True)
class _Wave:
    drawing: Markup | None
    excerpt: Excerpt | None
    note: str | None


def _context(run: Run) -> dict[str, Any]:
    # The sheet is a file of this package, not text from outside.
    sheet = Markup(template_text("report.css"))  # noqa: S704
    array = run.spec if isinstance(run.spec, SystolicArraySpec) else None
    custom = run.spec if isinstance(run.spec, CustomSpec) else None
    accelerator = run.spec if isinstance(run.spec, AcceleratorSpec) else None
    failed = run.first_failure
    return {
        "run": run,
        "manifest": run.manifest,
        "sheet": sheet,
        "policy": PAGE_POLICY,
        "verdict": run.verdict,
        "created": views.created(run),
        "headline": views.headline(run),
        "failed": failed,
        "failed_findings": views.finding_views(run, failed.findings) if failed else [],
        "figures": views.figures(run),
        "steps": views.steps(run),
        "spec_rows": views.spec_rows(run),
        "array": array,
        "custom": custom,
        "array_drawing": array_diagram(array) if array else None,
        "unit_drawing": unit_diagram(run.spec) if isinstance(run.spec, ArithmeticSpec) else None,
        "accelerator_drawing": accelerator_diagram(accelerator) if accelerator else None,
        "accelerator": accelerator_view(run),
        "chart_style": Markup(CHART_STYLE) if run.accelerator else "",  # noqa: S704 - a constant of this package
        "legend": accelerator_sentences(accelerator) if accelerator else dataflow_sentences(array) if array else [],
        "wave": _wave(run),
        "unit_errors": _unit_errors(run),
        "error_rows": _ERROR_ROWS,
        "areas": _areas(run),
        "power_parts": _power_parts(run),
        "power_groups": _power_groups(run),
        "setup_ns": _setup_ns(run),
        "path_drawing": path_chart(run.timing) if run.timing else None,
        "exchange_chars": _EXCHANGE_CHARS,
        "attempts": [
            (attempt, views.finding_views(run, attempt.findings), *(
                None if text is None else shortened(text, _EXCHANGE_CHARS) for text in (attempt.prompt, attempt.reply)
            ))
            for attempt in run.attempts
        ],
        "command": views.command_line(run),
        "from_python": run.manifest.command[:1] != ["tpugen"],
        "tools": views.tools(run),
    }  # fmt: skip


def _unit_errors(run: Run) -> list[tuple[ErrorMetrics, Markup]]:
    """Metrics and distribution of each approximate unit."""
    units = (run.errors.multiplier, run.errors.adder) if run.errors else ()
    return [(metrics, error_chart(metrics)) for metrics in units if metrics is not None]


def _wave(run: Run) -> _Wave:
    if run.simulation is None or run.contract is None or run.spec is None:
        return _Wave(None, None, None)
    if run.simulation.waveform is None:
        return _Wave(None, None, "The simulation wrote no wave dump.")
    path = inside(run.folder, run.simulation.waveform)
    if path is None:
        return _Wave(None, None, f"The wave dump {run.simulation.waveform} is not in the run folder.")
    try:
        excerpt = read_excerpt(path, run.contract)
    except (OSError, ValueError) as error:
        return _Wave(None, None, f"No excerpt: {error}")
    if excerpt is None:
        return _Wave(None, None, "The wave dump shows no transfer at the ports of the contract.")
    return _Wave(draw_excerpt(excerpt, run.contract, run.spec), excerpt, None)


def _setup_ns(run: Run) -> float | None:
    """What the capturing register needs behind the path: the clock period less slack and path."""
    if run.timing is None:
        return None
    setup = 1000.0 / run.timing.clock_mhz - run.timing.worst_slack_ns - run.timing.critical_path_ns
    return setup if setup > 0.0005 else None


@dataclass(frozen=True)
class _Bar:
    name: str
    value: float
    share: float
    instances: int = 0
    cells: int = 0


def _areas(run: Run) -> list[_Bar]:
    """Modules by area; small ones of a long list are summed in a last row."""
    if run.synthesis is None or not run.synthesis.areas:
        return []
    total = sum(item.area_um2 for item in run.synthesis.areas) or 1.0
    rows = [
        _Bar(item.module, item.area_um2, item.area_um2 / total, item.instances, item.cells)
        for item in sorted(run.synthesis.areas, key=lambda item: -item.area_um2)
    ]
    if len(rows) <= _AREA_ROWS:
        return rows
    rest = rows[_AREA_ROWS - 1 :]
    area = sum(row.value for row in rest)
    last = _Bar(
        f"{len(rest)} further modules", area, area / total,
        sum(row.instances for row in rest), sum(row.cells for row in rest),
    )  # fmt: skip
    return [*rows[: _AREA_ROWS - 1], last]


def _power_parts(run: Run) -> list[_Bar]:
    power = run.timing.power if run.timing else None
    if power is None:
        return []
    parts = {"internal": power.internal_mw, "switching": power.switching_mw, "leakage": power.leakage_mw}
    return _bars(parts)


def _power_groups(run: Run) -> list[_Bar]:
    power = run.timing.power if run.timing else None
    return _bars({name: value for name, value in power.by_group_mw.items() if value > 0}) if power else []


def _bars(parts: dict[str, float]) -> list[_Bar]:
    total = sum(parts.values()) or 1.0
    return [_Bar(name.replace("_", " "), value, value / total) for name, value in parts.items()]
