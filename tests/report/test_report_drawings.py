"""Drawings: what is drawn, and that labels neither leave the drawing nor lie on each other."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import run_examples as examples
from markupsafe import Markup

from tpugen.report import svg
from tpugen.report.array_diagram import array_diagram, visible_indices
from tpugen.report.code import excerpt, listing
from tpugen.report.path_chart import common_parent, path_chart, path_rows, ticks
from tpugen.report.text import quantity, seconds, shortened
from tpugen.report.unit_diagram import unit_diagram
from tpugen.report.wave_drawing import draw_excerpt
from tpugen.report.waveform import read_excerpt
from tpugen.spec import contract_for, spec_from_dict
from tpugen.text import clean

TEXT = re.compile(r"<text ([^>]*)>(.*?)</text>")


def boxes(drawing: Markup) -> list[tuple[float, float, float, float, str]]:
    """Boxes of all texts as (left, top, right, bottom, text)."""
    found = []
    for attributes, inner in TEXT.findall(str(drawing)):
        values = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        label = re.sub(r"<[^>]+>", "", inner)
        spans = re.findall(r'<tspan[^>]*?(?:dx="([\d.]+)")?[^>]*>', inner)
        size = float(values.get("font-size", 12))
        width = svg.text_width(label, size) + sum(float(gap or 0) for gap in spans)
        x, y = float(values["x"]), float(values["y"])
        left = x - {"middle": width / 2, "end": width}.get(values.get("text-anchor", ""), 0)
        found.append((left, y - 0.75 * size, left + width, y + 0.2 * size, label))
    return found


def check_labels(drawing: Markup) -> None:
    view = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', str(drawing))
    assert view is not None
    width, height = float(view.group(1)), float(view.group(2))
    all_boxes = boxes(drawing)
    assert all_boxes
    for left, top, right, bottom, label in all_boxes:
        assert left >= -1 and right <= width + 1, f"{label!r} at {left:.0f}..{right:.0f} of {width:.0f}"
        assert top >= -1 and bottom <= height + 1, f"{label!r} at {top:.0f}..{bottom:.0f} of {height:.0f}"
    for first, second in itertools.combinations(all_boxes, 2):
        apart = first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]
        assert apart, f"{first[4]!r} lies on {second[4]!r}"


SIZES = [(1, 1), (1, 2), (2, 1), (3, 5), (4, 4), (6, 6), (16, 8), (256, 256), (1, 256), (256, 1)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary", "input_stationary"])
def test_array_labels_do_not_collide(dataflow: str, size: tuple[int, int]) -> None:
    data = {**examples.ARRAY, "dataflow": dataflow, "rows": size[0], "cols": size[1], "accumulator_width_bits": 128,
            "activation_width_bits": 32, "weight_width_bits": 32}  # fmt: skip
    spec = spec_from_dict(data)
    assert spec.kind == "systolic_array"
    check_labels(array_diagram(spec))


@pytest.mark.parametrize("data", [
    examples.ARRAY,
    {**examples.ARRAY, "dataflow": "weight_stationary"},
    {**examples.ARRAY, "dataflow": "input_stationary", "activation_width_bits": 32, "weight_width_bits": 32,
     "accumulator_width_bits": 128, "multiplier": {"family": "drum", "k": 4}, "adder": {"family": "loa", "k": 4}},
    {"kind": "mac"},
    {"kind": "mac", "activation_width_bits": 32, "weight_width_bits": 32, "accumulator_width_bits": 128},
    {"kind": "adder", "width_bits": 32, "adder": {"family": "loa", "k": 4}},
    {"kind": "multiplier", "multiplier": {"family": "drum", "k": 4}},
])  # fmt: skip
def test_unit_labels_do_not_collide(data: dict[str, Any]) -> None:
    check_labels(unit_diagram(spec_from_dict(data)))


def test_array_shows_its_widths_and_corner_elements() -> None:
    spec = spec_from_dict({**examples.ARRAY, "rows": 16, "cols": 32, "weight_width_bits": 4})
    assert spec.kind == "systolic_array"
    labels = [label for *_, label in boxes(array_diagram(spec))]
    assert "16 × 8 b" in labels
    assert "weight_i32 × 4 brow k of B" in labels
    assert {"C[0,0]", "C[15,31]", "C[2,2]"} <= set(labels)
    assert "C[3,3]" not in labels
    assert {"×15", "×31", "×32"} <= set(labels)  # skew of the last row and column, deskew of the first column


def test_visible_indices_abbreviate_above_five() -> None:
    assert visible_indices(5) == [0, 1, 2, 3, 4]
    assert visible_indices(6) == [0, 1, 2, None, 5]


@pytest.mark.parametrize(("clock_mhz", "stages"), [(100.0, 3), (100.0, 18), (150.0, 60), (2000.0, 30), (0.001, 12)])
def test_path_chart_labels_do_not_collide(clock_mhz: float, stages: int) -> None:
    check_labels(path_chart(examples.timing(clock_mhz=clock_mhz, stages=stages)))


def test_waveform_labels_do_not_collide(tmp_path: Path) -> None:
    adder = {"kind": "adder", "width_bits": 8}
    text = "$timescale 1ns $end\n$var wire 8 a a_i $end\n$var wire 8 b b_i $end\n$var wire 9 s sum_o $end\n"
    changes = "".join(f"#{i}\nb{i:b} a\nb{i:b} b\nb{2 * i:b} s\n" for i in range(1, 10))
    dumps = [(adder, f"{text}$enddefinitions $end\n{changes}")]
    dumps += [(examples.ARRAY, examples.vcd(examples.ARRAY, length)) for length in (1, 5, 60)]
    for data, dump in dumps:
        spec = spec_from_dict(data)
        path = tmp_path / "w.vcd"
        path.write_text(dump)
        found = read_excerpt(path, contract_for(spec))
        assert found is not None
        drawing = str(draw_excerpt(found, contract_for(spec), spec))
        for hidden in ("hex", "dec"):
            check_labels(Markup(re.sub(rf'<text [^>]*class="value {hidden}"[^>]*>[^<]*</text>', "", drawing)))


def test_path_chart_says_where_time_begins() -> None:
    timing = examples.timing()
    assert "time from the launching clock edge, ns" in path_chart(timing)
    timing.critical_path[0].cell = None
    assert "time from the inputs, ns" in path_chart(timing)


def test_path_chart_survives_an_empty_path() -> None:
    check_labels(path_chart(examples.timing().model_copy(update={"critical_path": []})))


def test_long_path_runs_its_middle_together() -> None:
    stages = examples.critical_path(60, 8.0)
    rows = path_rows(stages)
    assert len(rows) == 30
    merged = next(row for row in rows if row.merged > 1)
    assert merged.cell == "31 stages"
    for before, after in itertools.pairwise(rows):
        assert after.start_ns == pytest.approx(before.end_ns)
    assert rows[-1].end_ns == pytest.approx(8.0)


def test_path_names_lose_generated_numbers() -> None:
    row = path_rows(examples.critical_path(2, 1.0))[1]
    assert row.place == "u_array/gen_row[0].gen_col[1].u_pe"


@pytest.mark.parametrize("end", [0.003, 0.7, 1, 2.55, 9.9, 100, 12345])
def test_ticks_are_round_and_within_the_axis(end: float) -> None:
    values = ticks(end)
    assert values[0] == 0
    assert 3 <= len(values) <= 8
    assert values[-1] <= end * 1.000001


def test_svg_escapes_texts_and_attributes() -> None:
    drawing = svg.document([svg.text(0, 0, "<b>&\"'")], width=1, height=1, title='"><script>', description="<")
    assert "<script>" not in drawing
    assert "<b>" not in drawing
    assert "&lt;b&gt;&amp;" in drawing


def test_fit_keeps_both_ends() -> None:
    assert svg.fit("abcdefghij", svg.text_width("abcdefghij")) == "abcdefghij"
    short = svg.fit("abcdefghij", svg.text_width("abcdefg"))
    assert short == "abc…hij"
    assert svg.text_width(short) <= svg.text_width("abcdefg")


def test_listing_keeps_every_character() -> None:
    text = 'module m; /* <a>\n b */ // c\n  reg [7:0] x = 8\'hFF; "s < t"\nendmodule\n'
    shown = re.sub(r"<[^>]+>", "", str(listing(text)))
    assert Markup(shown).unescape().split("\n")[0] == "1module m; /* <a>"
    assert '<span class="c"> b */</span>' in listing(text)
    assert "<a>" not in listing(text)


def test_excerpt_marks_the_line() -> None:
    lines = excerpt("a\nb\nc\nd\ne\nf\ng\nh\n", 5)
    assert lines is not None
    assert re.findall(r'class="ln">(\d+)<', lines) == ["2", "3", "4", "5", "6", "7", "8"]
    assert '<span class="hit"><span class="ln">5</span>e</span>' in lines
    assert excerpt("a\n", 9) is None


@pytest.mark.parametrize("text", ['"' + '\\"' * 60_000, "/*" * 60_000, "1" * 120_000 + "a", "'h" * 60_000])
def test_listing_of_hostile_text_is_quick(text: str) -> None:
    import time

    started = time.perf_counter()
    listing(text)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(("value", "shown"), [
    (None, "–"), (0, "0"), (1234567.0, "1,234,567"), (128798.0, "128,798"), (12.4103, "12.41"), (0.04, "0.04"),
    (0.0001234, "1.234e-04"), (1e-9, "1.000e-09"), (-1.283, "-1.283"), (float("inf"), "unbounded"), (float("nan"), "–"),
])  # fmt: skip
def test_quantity(value: float | None, shown: str) -> None:
    assert quantity(value) == shown


def test_durations() -> None:
    assert [seconds(value) for value in (0.0001, 0.0123, 3.42, 125)] == ["< 1 ms", "12 ms", "3.4 s", "2 min 5 s"]


def test_clean_makes_control_characters_visible() -> None:
    assert clean("a\x1b[31mb\u202ec\ud800\td\n") == "a␛[31mb\ufffdc\ufffd\td\n"
    assert clean("µm² × – 字") == "µm² × – 字"


def test_shortened_says_how_much_is_missing() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("x" * 2000, 500).endswith("\n… 1,500 further characters are in the run folder")


@pytest.mark.parametrize(("places", "parent"), [
    (["u_a/u_pe/g1", "u_a/u_pe/g22", ""], "u_a/u_pe/"),
    (["u_a/u_pe0/g1", "u_a/u_pe1/g1"], "u_a/"),
    (["u_a/u_pe", "u_a/u_pe"], "u_a/"),
    (["g1", "g2"], ""),
    ([], ""),
])  # fmt: skip
def test_common_parent(places: list[str], parent: str) -> None:
    assert common_parent(places) == parent


def test_path_chart_names_the_shared_instance_once() -> None:
    labels = [label for *_, label in boxes(path_chart(examples.timing()))]
    assert "in u_array" in labels
    assert "gen_row[0].gen_col[1].u_pe" in labels


def test_path_chart_marks_setup_between_path_and_slack() -> None:
    drawing = str(path_chart(examples.timing(clock_mhz=100.0, path_ns=8.72)))  # arrives at 8.51 ns
    rects = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"[^>]*class="(setup|slack-met)"', drawing)
    places = {name: (float(x), float(x) + float(width)) for x, width, name in rects}
    assert places["setup"][1] == pytest.approx(places["slack-met"][0], abs=0.05)
    scale = 740 / (10 * 1.03)
    assert places["slack-met"][1] - places["slack-met"][0] == pytest.approx(1.28 * scale, abs=0.1)
