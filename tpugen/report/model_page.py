"""The comparison with the papers as files: one self-contained page, its charts, its tables, and all of it as JSON."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from tpugen.report.chart_base import CHART_STYLE, chart_file
from tpugen.report.environment import PAGE_POLICY, page_environment, template_text
from tpugen.report.model_charts import MODEL_CHARTS, model_chart, model_name, system_name
from tpugen.report.model_tables import check_groups, check_row, comparison_csv, crossover_words, summary_figures
from tpugen.results.amdahl import FigureCheck, ModelComparison
from tpugen.storage import write_text_atomic

__all__ = ["render_comparison", "write_comparison"]

_CHARTS = (
    ("throughput", "model-tokens.svg", ""),
    ("speed-up", "model-speedup.svg", ""),
    ("latency", "model-latency.svg", ""),
    ("energy", "model-energy.svg", "as published: attention is charged for one decoder layer; consistent: for all of "
     "them, as in the baseline"),
    ("energy of a token", "model-energy-parts.svg", ""),
    ("fractions", "model-fractions.svg", ""),
    ("Amdahl's law", "model-amdahl.svg", ""),
)  # fmt: skip


def write_comparison(comparison: ModelComparison, folder: Path) -> Path:
    """Write page, charts, tables and JSON into a folder, which is made; returns the page.

    Raises:
        StorageError: the disk refused.
    """
    for name in MODEL_CHARTS:
        write_text_atomic(folder / name, chart_file(model_chart(name, comparison)))
    for name, text in comparison_csv(comparison).items():
        write_text_atomic(folder / name, text)
    write_text_atomic(folder / "comparison.json", comparison.model_dump_json(indent=2) + "\n")
    return write_text_atomic(folder / "index.html", render_comparison(comparison))


def render_comparison(comparison: ModelComparison) -> str:
    """The page as text: self-contained, without scripts."""
    environment = page_environment()
    environment.globals |= {"model_name": model_name, "system_name": system_name, "standing": _standing}
    environment.globals["crossover_words"] = crossover_words
    papers = {paper.key: paper for paper in comparison.papers}
    text = environment.get_template("model.html.j2").render(
        comparison=comparison,
        policy=PAGE_POLICY,
        # Files of this package, not text from outside.
        sheet=Markup(template_text("report.css")),  # noqa: S704
        chart_style=Markup(CHART_STYLE),  # noqa: S704
        summary=summary_figures(comparison),
        groups=[(label, [(check, check_row(check)) for check in checks]) for label, checks in check_groups(comparison)],
        charts=[(anchor, name, model_chart(name, comparison), note) for anchor, name, note in _CHARTS],
        papers=papers,
    )
    return text.encode("utf-8", "replace").decode("utf-8")


def _standing(check: FigureCheck) -> str:
    """Class of a figure's difference: `on` where it agrees, `off` where it is far from what is printed."""
    if check.agrees is None or (check.error_percent is not None and not check.agrees and abs(check.error_percent) <= 5):
        return ""
    return "on" if check.agrees else "off"
