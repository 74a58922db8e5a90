"""The page, charts and tables of the comparison: complete, well formed, and true to the numbers."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.pipeline.comparing import model_compare
from tpugen.report.chart_base import chart_file, linear_scale, log_scale, shown
from tpugen.report.line_panels import Series, line_chart
from tpugen.report.model_charts import MODEL_CHARTS, model_chart, model_name
from tpugen.report.model_docs import model_docs_page
from tpugen.report.model_page import write_comparison
from tpugen.report.model_tables import check_row, comparison_csv
from tpugen.results.amdahl import FigureCheck, ModelComparison

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def comparison() -> ModelComparison:
    return model_compare()


@pytest.fixture(scope="module")
def folder(comparison: ModelComparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison") / "new" / "folder"
    assert write_comparison(comparison, folder) == folder / "index.html"
    return folder


def drawing(name: str, comparison: ModelComparison) -> ElementTree.Element:
    return ElementTree.fromstring(chart_file(model_chart(name, comparison)))


def words(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", MODEL_CHARTS)
def test_charts_are_whole_and_inside_their_frame(name: str, comparison: ModelComparison) -> None:
    root = drawing(name, comparison)
    _, _, width, height = (float(value) for value in root.attrib["viewBox"].split())
    assert root.attrib["aria-label"]
    for element in root.iter(f"{SVG}text"):
        size = 0.605 * float(element.attrib["font-size"]) * len(element.text or "")
        x, anchor = float(element.attrib["x"]), element.attrib.get("text-anchor", "start")
        left = x - {"start": 0.0, "middle": size / 2, "end": size}[anchor]
        assert left >= 0, element.text
        assert left + size <= width + 1, element.text
        assert 0 <= float(element.attrib["y"]) <= height, element.text
    for element in [*root.iter(f"{SVG}circle"), *root.iter(f"{SVG}rect")]:
        x = float(element.attrib.get("cx", element.attrib.get("x", 0)))
        assert 0 <= x + float(element.attrib.get("width", 0)) <= width + 1


@pytest.mark.parametrize("name", MODEL_CHARTS)
def test_labels_keep_out_of_each_others_way(name: str, comparison: ModelComparison) -> None:
    boxes = []
    for element in drawing(name, comparison).iter(f"{SVG}text"):
        font = float(element.attrib["font-size"])
        size = 0.605 * font * len(element.text or "")
        anchor = element.attrib.get("text-anchor", "start")
        left = float(element.attrib["x"]) - {"start": 0.0, "middle": size / 2, "end": size}[anchor]
        y = float(element.attrib["y"])
        boxes.append((left, y - 0.72 * font, left + size, y, element.text))
    for index, (left, top, right, bottom, text) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom, other in boxes[index + 1 :]:
            apart = right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top
            assert apart, (text, other)


@pytest.mark.parametrize(
    ("name", "quantity"), [("model-tokens.svg", "tokens_per_s"), ("model-energy.svg", "energy_gain_percent")]
)
def test_every_printed_figure_is_a_ring(name: str, quantity: str, comparison: ModelComparison) -> None:
    rings = [e for e in drawing(name, comparison).iter(f"{SVG}circle") if e.attrib["class"] == "m-ring"]
    printed = [check for check in comparison.checks if check.quantity == quantity]
    legend = {"model-tokens.svg": 2, "model-energy.svg": 1}[name]
    assert len(rings) == len(printed) + legend


def test_lines_go_through_the_printed_figures(comparison: ModelComparison) -> None:
    """A ring of a figure that agrees lies on its line: both are drawn by the same scales."""
    chart = drawing("model-tokens.svg", comparison)
    baseline = [group for group in chart.iter(f"{SVG}g") if group.attrib.get("class") == "s1"]
    rings = 0
    for group in baseline:
        lines = group.findall(f"{SVG}path")
        if not lines:
            continue
        spots = [tuple(map(float, spot.split())) for spot in re.split("[ML]", lines[0].attrib["d"]) if spot.strip()]
        for ring in group.findall(f"{SVG}circle"):
            rings += 1
            x, y = float(ring.attrib["cx"]), float(ring.attrib["cy"])
            assert min(abs(x - sx) + abs(y - sy) for sx, sy in spots) < 1.0
    assert rings == 9


def test_bars_of_the_latency_fill_their_width(comparison: ModelComparison) -> None:
    root = drawing("model-latency.svg", comparison)
    lengths: dict[str, float] = {}
    for rect in root.iter(f"{SVG}rect"):
        if rect.attrib["height"] == "15":
            lengths[rect.attrib["y"]] = lengths.get(rect.attrib["y"], 0.0) + float(rect.attrib["width"])
    assert len(lengths) == len(comparison.breakdowns)
    assert max(lengths.values()) - min(lengths.values()) < 0.1


def test_the_heat_map_holds_every_fraction(comparison: ModelComparison) -> None:
    texts = words(drawing("model-fractions.svg", comparison))
    for row in comparison.fractions:
        for value in row.fractions:
            assert f"{100 * value:.0f}" in texts
    cells = drawing("model-fractions.svg", comparison).iter(f"{SVG}rect")
    below = [cell for cell in cells if cell.attrib["class"].endswith("below")]
    assert len(below) == sum(value < 0.5 for row in comparison.fractions for value in row.fractions)


def test_the_page_is_self_contained_and_complete(folder: Path, comparison: ModelComparison) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    for check in comparison.checks:
        assert check.printed in page
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{anchor}"' in page
    assert page.count("<svg") == len(MODEL_CHARTS)


def test_all_files_are_written_and_read_back(folder: Path, comparison: ModelComparison) -> None:
    assert ModelComparison.model_validate_json((folder / "comparison.json").read_text()) == comparison
    for name in MODEL_CHARTS:
        ElementTree.parse(folder / name)
    for name, text in comparison_csv(comparison).items():
        assert (folder / name).read_text(encoding="utf-8") == text
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows
        assert all(None not in row and None not in row.values() for row in rows)
    grid = list(csv.DictReader((folder / "grid.csv").open()))
    assert [float(row["tokens_per_s"]) for row in grid] == [point.tokens_per_s for point in comparison.grid]


def check(printed: str, value: float | None, agrees: bool | None, *, kind: str = "exact") -> FigureCheck:
    return FigureCheck(
        quantity="gops", label="throughput", system="pim-llm", model="opt-6.7b", context=1024, kind=kind,  # type: ignore[arg-type]
        printed=printed, unit="GOPS", value=value, agrees=agrees,
        error_percent=None if value is None or kind == "at_least" else 100 * (value / float(printed) - 1),
        accounting="as_published", paper="pim-llm", place="somewhere", note="", calibration=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("item", "row"),
    [
        (check("58.5", 58.52, True), ("58.5 GOPS", "58.5 GOPS", "to the digit")),
        (check("58.5", 58.71, False), ("58.5 GOPS", "58.71 GOPS", "+0.36 %")),
        (check("58.5", 58.0, False), ("58.5 GOPS", "58.00 GOPS", "−0.85 %")),
        (check("58.5", None, None), ("58.5 GOPS", "not modelled", "–")),
        (check("5", 5.7, True, kind="at_least"), ("≥ 5 GOPS", "5.7 GOPS", "holds")),
        (check("5", 4.7, False, kind="at_least"), ("≥ 5 GOPS", "4.7 GOPS", "does not hold")),
        (check("80", 79.3, True, kind="about"), ("about 80 GOPS", "79.3 GOPS", "agrees")),
    ],
)
def test_a_figure_in_words(item: FigureCheck, row: tuple[str, str, str]) -> None:
    assert check_row(item)[:3] == ("PIM-LLM", "OPT-6.7B", "1,024")
    assert check_row(item)[3:6] == row
    assert check_row(item)[6] == ("–" if item.value is None else "no")
    assert check_row(item.model_copy(update={"calibration": True}))[6] == ("–" if item.value is None else "yes")


@pytest.mark.parametrize(
    ("name", "proper"), [("opt-6.7b", "OPT-6.7B"), ("gpt2-350m", "GPT2-350M"), ("gpt2-small", "GPT2-small"),
                         ("llama-7b", "LLaMA-7B"), ("mine", "mine")],
)  # fmt: skip
def test_models_as_papers_write_them(name: str, proper: str) -> None:
    assert model_name(name) == proper


def test_documentation_pages_take_their_numbers_from_the_model(comparison: ModelComparison) -> None:
    page = model_docs_page('{{ gains() }}\n{{ accuracy("tokens_per_s", "tpu-llm") }}\n', comparison)
    assert page.endswith("9 of 9 to the printed digit\n")
    assert page.count("(1/32)") == page.count("(1/24)") == 2
    changed = comparison.model_copy(deep=True)
    changed.energy = [point.model_copy(update={"gain_consistent_percent": 12.34}) for point in changed.energy]
    assert model_docs_page("{{ gains() }}", changed).count("+12.34 %") == 4


def test_drawing_needs_no_numpy() -> None:
    code = (
        "import sys, tpugen.report.model_page, tpugen.report.model_docs, tpugen.report.model_charts\n"
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- scales ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e4, 1e4).filter(lambda value: abs(value) > 1e-3), min_size=1, max_size=20))
def test_linear_scales_hold_all_values_and_zero(values: list[float]) -> None:
    scale = linear_scale(values).between(0.0, 100.0)
    assert scale.low <= min(0.0, *values)
    assert scale.high >= max(0.0, *values)
    assert 2 <= len(scale.ticks) <= 9
    steps = [b[0] - a[0] for a, b in pairwise(scale.ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-6)


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=20))
def test_logarithmic_scales_keep_ratios(values: list[float]) -> None:
    scale = log_scale(values).between(0.0, 100.0)
    assert scale.low <= min(values) * 1.0001
    assert scale.high >= max(values) * 0.9999
    middle = (scale.low * scale.high) ** 0.5
    assert scale.at(middle) == pytest.approx(50.0)


def test_values_outside_stay_at_the_edge() -> None:
    scale = log_scale([1], ticks=[1.0, 10.0]).between(0.0, 100.0)
    assert (scale.at(0.1), scale.at(100.0)) == (0.0, 100.0)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.1, "0.1"), (0.49, "0.49"), (8.5, "8.5"), (38.65, "38.6"), (118.2, "118"),
                        (16384, "16,384"), (-0.05, "−0.05"), (-12.5, "−12.5")],
)  # fmt: skip
def test_numbers_in_few_characters(value: float, text: str) -> None:
    assert shown(value) == text


@given(st.lists(st.floats(1, 100), min_size=2, max_size=8))
def test_names_at_the_ends_of_lines_do_not_meet(ends: list[float]) -> None:
    series = [Series(f"line {index}", "s0", [(1.0, 1.0), (10.0, end)]) for index, end in enumerate(ends)]
    chart = line_chart(
        series, title="t", description="d", across=log_scale([1], ticks=[1.0, 10.0]), up=log_scale([1, 100]),
        x_title="x", y_title="y",
    )  # fmt: skip
    root = ElementTree.fromstring(chart_file(chart))
    places = sorted(float(e.attrib["y"]) for e in root.iter(f"{SVG}text") if (e.text or "").startswith("line "))
    assert len(places) == len(ends)
    assert all(b - a > 14 for a, b in pairwise(places))
