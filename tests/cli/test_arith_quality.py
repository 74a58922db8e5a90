"""`tpugen arith accuracy|measure|pareto` and `tpugen model arithmetic`: what they print, write and refuse."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.cli.main import run
from tpugen.dataset.costs import read_cost_table, unit_cost
from tpugen.model.unit_estimate import estimate_arithmetic
from tpugen.model.unit_pareto import on_front, unit_points
from tpugen.report.pareto_chart import ChartPoint, pareto_chart
from tpugen.retrieval.corpus import module_document
from tpugen.rtl_templates import load_library
from tpugen.spec import spec_from_dict


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(arguments) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_accuracy_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("arith", "accuracy", "drum", "DSM", "--width", "4", "--width", "8", "--adder", "loa")
    rows = json.loads(out(capsys, *arguments, "--json"))
    assert [(row["multiplier"], row["width_bits"]) for row in rows] == [
        ("drum", 4), ("dsm", 4), ("drum", 8), ("dsm", 8),
    ]  # fmt: skip
    assert rows[2]["multiplier_parameters"] == {"k": 4}
    assert rows[2]["adder_parameters"] == {"k": 8}
    cells = list(csv.DictReader(StringIO(out(capsys, *arguments, "--csv"))))
    assert [float(cell["accuracy"]) for cell in cells] == [row["accuracy"] for row in rows]
    assert cells[2]["multiplier_parameters"] == "k=4"
    lines = out(capsys, *arguments).splitlines()
    assert lines[0].split() == ["bits", "multiplier", "adder", "accuracy", "loss", "same", "answer"]
    assert f"{rows[2]['accuracy']:.2%}" in lines[3]


def test_accuracy_refuses_all_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "arith", "accuracy", "drum", "--param", "k=99", "--adder", "loa", "--adder-param", "q=1")
    assert said == (
        "tpugen: multiplier.k: 99 is outside 2..8 for drum at 8 bits; 4 would work\n"
        "adder.q: adder family 'loa' has no parameter q; it has k\n"
    )
    assert "--all takes every unit" in refused(capsys, "arith", "accuracy", "drum", "--all")
    assert "width: 99 is not legal; legal: 2..16" in refused(capsys, "arith", "accuracy", "--all", "--width", "99")


@pytest.mark.slow
def test_all_units_are_written_as_data(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = json.loads(out(capsys, "arith", "accuracy", "--all", "--width", "4", "--json", "--out", "a.json"))
    assert json.loads((tmp_path / "a.json").read_text())["units"] == rows
    assert {row["multiplier"] for row in rows} >= {"exact", "mitchell", "rad"}


def test_a_unit_is_measured_from_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("arith", "measure", "--role", "adder", "--family", "lzta", "--width", "4", "--workers", "1")
    assert run([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    rows = read_cost_table(Path("unit_costs.json")).units
    assert (summary["measured"], summary["kept"], summary["failed"]) == (len(rows), 0, [])
    assert {row.parameters["k"] for row in rows} == {1, 2}
    assert "1 of 2  osu018 adder 4 LZTA(1): " in captured.err
    # Two inexact bits that are always zero cost less than one.
    by_k = {row.parameters["k"]: row for row in rows}
    assert by_k[2].area_um2 < by_k[1].area_um2
    assert by_k[2].energy_pj < by_k[1].energy_pj
    assert json.loads(out(capsys, *arguments, "--json"))["kept"] == len(rows)


def test_measure_refuses_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no family is called dram" in refused(capsys, "arith", "measure", "--family", "dram")
    assert "no role is called 'mul'" in refused(capsys, "arith", "measure", "--role", "mul")
    assert "width: 64 is not legal" in refused(capsys, "arith", "measure", "--width", "64")
    assert "no technology is called 'osu017'" in refused(capsys, "arith", "measure", "--tech", "osu017")
    assert not Path("unit_costs.json").exists()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 5)), min_size=1, max_size=30))
def test_no_point_of_the_front_is_dominated_and_every_other_is(points: list[tuple[float, float]]) -> None:
    def dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a[0] <= b[0] and a[1] <= b[1] and a != b

    for point, front in zip(points, on_front(points), strict=True):
        assert front == (not any(dominates(other, point) for other in points))


@pytest.mark.parametrize("y", ["mred", "nmed", "er", "accuracy"])
def test_the_front_of_the_real_units(y: str) -> None:
    points = unit_points("multiplier", 8, "osu018", x="energy", y=y)  # type: ignore[arg-type]
    sign = -1 if y == "accuracy" else 1
    pairs = [(point.energy_pj, sign * getattr(point, y)) for point in points]
    for pair, point in zip(pairs, points, strict=True):
        beaten = any(o[0] <= pair[0] and o[1] <= pair[1] and o != pair for o in pairs)
        assert point.front == (not beaten), point
    assert [point.energy_pj for point in points] == sorted(point.energy_pj for point in points)
    assert any(point.front and point.family != "exact" for point in points)


def test_pareto_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("arith", "pareto", "--width", "8", "--x", "energy")
    points = json.loads(out(capsys, *arguments, "--json"))
    cells = list(csv.DictReader(StringIO(out(capsys, *arguments, "--csv"))))
    assert [cell["unit"] for cell in cells] == [point["unit"] for point in points]
    lines = out(capsys, *arguments).splitlines()
    assert len(lines) == len(points) + 1
    assert [line.startswith("*") for line in lines[1:]] == [point["front"] for point in points]
    drum = next(point for point in points if point["unit"] == "DRUM(4)")
    row = unit_cost("multiplier", "drum", (8, 8), True, {"k": 4}, "osu018")
    assert row is not None
    assert (drum["area_um2"], drum["delay_ns"], drum["energy_pj"]) == (row.area_um2, row.delay_ns, row.energy_pj)


def test_pareto_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    points = json.loads(out(capsys, "arith", "pareto", "--out", "p.svg", "--json"))
    root = ET.fromstring(Path("p.svg").read_text())  # a whole XML file with its name space
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    marks = [mark for mark in root.iter(f"{space}circle") if "point" in mark.get("class", "")]
    assert len(marks) == len(points) + 3  # and three in the legend
    words = " ".join(text.text or "" for text in root.iter(f"{space}text"))
    assert all(point["unit"] in words for point in points if point["front"])
    out(capsys, "arith", "pareto", "--role", "adder", "--out", "p.html")
    page = Path("p.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_pareto_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--x cost: no such choice" in refused(capsys, "arith", "pareto", "--x", "cost")
    assert "--y loss: no such choice" in refused(capsys, "arith", "pareto", "--y", "loss")
    assert "found no .svg and no .html" in refused(capsys, "arith", "pareto", "--out", "p.png")
    assert "no 9-bit multiplier was measured in osu018; measured: 8 bits in " in refused(
        capsys, "arith", "pareto", "--width", "9"
    )
    assert "accuracy is known of accumulation adders" in refused(
        capsys, "arith", "pareto", "--role", "adder", "--y", "accuracy"
    )


@given(
    st.lists(st.tuples(st.floats(1, 1e5), st.sampled_from([0.0, 0.5]) | st.floats(1e-9, 2)), min_size=1, max_size=60),
    st.booleans(),
)
def test_labels_never_overlap(values: list[tuple[float, float]], more_is_better: bool) -> None:
    points = [ChartPoint(f"unit({i})", x, y, i % 3 == 0, i % 5 == 0) for i, (x, y) in enumerate(values)]
    chart = ET.fromstring(pareto_chart(points, title="t", x_title="x", y_title="y", more_is_better=more_is_better))
    labels = [text for text in chart.iter("text") if (text.text or "").startswith("unit(")]
    assert labels
    boxes = []
    for text in labels:
        left, low = float(text.get("x", "0")), float(text.get("y", "0"))
        boxes.append((left, low - 8, left + 0.605 * 10.5 * len(text.text or ""), low + 2))
        assert left >= 0
        assert boxes[-1][2] <= 1120
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_arithmetic_of_an_array_without_synthesis(capsys: pytest.CaptureFixture[str]) -> None:
    spec = {"kind": "systolic_array", "rows": 4, "cols": 3, "accumulator_width_bits": 16,
            "multiplier": {"family": "drum", "k": 4}, "adder": {"family": "loa", "k": 4}}  # fmt: skip
    Path("s.json").write_text(json.dumps(spec))
    result = json.loads(out(capsys, "model", "arithmetic", "--spec", "s.json", "--json"))
    drum = unit_cost("multiplier", "drum", (8, 8), True, {"k": 4}, "osu018")
    loa = unit_cost("adder", "loa", (16,), True, {"k": 4}, "osu018")
    assert drum is not None
    assert loa is not None
    assert [part["origin"] for part in result["units"]] == ["measured", "measured"]
    assert result["area_um2"] == pytest.approx(12 * (drum.area_um2 + loa.area_um2))
    assert result["energy_pj"] == pytest.approx(12 * (drum.energy_pj + loa.energy_pj))
    assert result["power_mw"] == pytest.approx(result["energy_pj"] * 0.1)
    assert "16x" not in out(capsys, "model", "arithmetic", "--spec", "s.json")


def test_what_was_not_measured_is_said_to_be_assumed() -> None:
    spec = spec_from_dict({"kind": "mac", "activation_width_bits": 8, "weight_width_bits": 4})
    multiplier, adder = estimate_arithmetic(spec, "osu018").units
    assert (multiplier.origin, multiplier.note) == ("assumed", "scaled by 0.5 from exact, 8 bits, signed")
    assert (adder.origin, adder.note) == ("assumed", "scaled by 2 from exact, 16 bits, signed")
    exact = unit_cost("adder", "exact", (16,), True, {}, "osu018")
    assert exact is not None
    assert adder.area_um2 == pytest.approx(2 * exact.area_um2)


def test_cards_are_found_by_error_and_cost() -> None:
    library = load_library()
    text = module_document(library["multiplier_drum"]).text
    assert "mall, low-power" in text
    assert "area " in text
    assert "um2" not in module_document(library["segment_core"]).text
