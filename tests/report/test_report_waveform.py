"""Waveform excerpts: what is read from a dump, what is left out, how values are written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import run_examples as examples

from tpugen.report.wave_drawing import draw_excerpt, lanes
from tpugen.report.waveform import Excerpt, read_excerpt
from tpugen.spec import contract_for, spec_from_dict


def excerpt_of(path: Path, spec: dict[str, Any], text: str) -> Excerpt | None:
    path.write_text(text)
    return read_excerpt(path, contract_for(spec_from_dict(spec)))


def test_short_tile_is_shown_whole_from_before_the_first_operands(tmp_path: Path) -> None:
    excerpt = excerpt_of(tmp_path / "w.vcd", examples.ARRAY, examples.vcd(examples.ARRAY, 5))
    assert excerpt is not None
    assert excerpt.cycles == list(range(-2, 18))
    assert excerpt.first_result == 11
    assert excerpt.period_ns == 10
    traces = {trace.name: trace for trace in excerpt.traces}
    valid = dict(zip(excerpt.cycles, traces["operand_valid_i"].values, strict=True))
    assert [cycle for cycle, value in valid.items() if value] == [0, 1, 2, 3, 4]
    last = dict(zip(excerpt.cycles, traces["result_last_o"].values, strict=True))
    assert [cycle for cycle, value in last.items() if value] == [14]
    assert traces["activation_i"].values[0] is None  # unknown before the first operands


def test_long_tile_is_shown_in_two_windows(tmp_path: Path) -> None:
    excerpt = excerpt_of(tmp_path / "w.vcd", examples.ARRAY, examples.vcd(examples.ARRAY, 60))
    assert excerpt is not None
    assert excerpt.first_result == 66
    assert excerpt.cycles == [*range(-2, 9), *range(63, 71)]
    spec = spec_from_dict(examples.ARRAY)
    drawing = str(draw_excerpt(excerpt, contract_for(spec), spec))
    assert drawing.count('class="cut"') == 1


def test_packed_vectors_are_split_into_elements(tmp_path: Path) -> None:
    excerpt = excerpt_of(tmp_path / "w.vcd", examples.ARRAY, examples.vcd(examples.ARRAY, 5))
    assert excerpt is not None
    spec = spec_from_dict(examples.ARRAY)
    rows = {(lane.name, lane.note): lane for lane in lanes(excerpt, contract_for(spec), spec)}
    second = rows["activation_i", "[15:8] … of 4"]
    start = excerpt.cycles.index(0)
    assert second.values[start : start + 5] == [(37 * k + 11) % 256 for k in range(5)]
    assert second.active[start - 1 : start + 6] == [False, True, True, True, True, True, False]
    assert second.hexadecimal(0x9F) == "9f"
    assert second.decimal(0x9F) == "-97"
    assert second.hexadecimal(None) == second.decimal(None) == "x"
    result = rows["result_o", "[31:0]"]
    assert result.hexadecimal(0x72BFB) == "00072bfb"


def test_unsigned_values_have_no_sign(tmp_path: Path) -> None:
    data = {**examples.ARRAY, "signed": False}
    excerpt = excerpt_of(tmp_path / "w.vcd", data, examples.vcd(data, 5))
    assert excerpt is not None
    spec = spec_from_dict(data)
    lane = next(lane for lane in lanes(excerpt, contract_for(spec), spec) if lane.name == "weight_i")
    assert lane.decimal(0xC8) == "200"


def test_every_value_fits_its_cell(tmp_path: Path) -> None:
    excerpt = excerpt_of(tmp_path / "w.vcd", examples.ARRAY, examples.vcd(examples.ARRAY, 5))
    assert excerpt is not None
    spec = spec_from_dict(examples.ARRAY)
    drawing = str(draw_excerpt(excerpt, contract_for(spec), spec))
    cells = re.findall(r'<polygon points="([^"]+)" class="bus[^>]*/>.*?>([^<]*)</text>.*?>([^<]*)</text>', drawing)
    assert len(cells) > 20
    for points, hexadecimal, decimal in cells:
        xs = [float(point.split(",")[0]) for point in points.split()]
        assert max(xs) - min(xs) >= max(len(hexadecimal), len(decimal)) * 6.05 + 6


def test_outermost_scope_with_all_ports_is_taken(tmp_path: Path) -> None:
    text = examples.vcd(examples.ARRAY, 5, scope="bench")
    head = "$scope module bench $end\n$scope module other $end\n$var wire 1 ~ clk_i $end\n$upscope $end\n"
    excerpt = excerpt_of(tmp_path / "w.vcd", examples.ARRAY, text.replace("$scope module bench $end\n", head))
    assert excerpt is not None
    assert excerpt.first_result == 11


def test_dump_of_another_design_gives_no_excerpt(tmp_path: Path) -> None:
    other = {**examples.ARRAY, "cols": 5}
    assert excerpt_of(tmp_path / "w.vcd", other, examples.vcd(examples.ARRAY, 5)) is None


def test_dump_without_a_transfer_gives_no_excerpt(tmp_path: Path) -> None:
    text = examples.vcd(examples.ARRAY, 5)
    code = re.search(r"\$var wire 1 (.) operand_valid_i", text)
    assert code is not None
    silent = text.replace(f"\n1{code.group(1)}\n", f"\n0{code.group(1)}\n")
    assert excerpt_of(tmp_path / "w.vcd", examples.ARRAY, silent) is None


@pytest.mark.parametrize("content", ["", "not a dump\n", "$scope module"])
def test_damaged_dump_leaves_a_note_on_the_page(content: str, tmp_path: Path) -> None:
    from tpugen.report import write_report

    folder = examples.passing_run(tmp_path)
    (folder / "simulate" / "waves.vcd").write_text(content)
    text = write_report(folder).read_text()
    assert "No excerpt: " in text or "shows no transfer" in text
    assert "Waveform excerpt</h3>" not in text


def test_missing_dump_leaves_a_note_on_the_page(tmp_path: Path) -> None:
    from tpugen.report import write_report

    folder = examples.passing_run(tmp_path)
    (folder / "simulate" / "waves.vcd").unlink()
    assert "The wave dump simulate/waves.vcd is not in the run folder." in write_report(folder).read_text()


def test_combinational_design_shows_operand_pairs(tmp_path: Path) -> None:
    data = {"kind": "adder", "width_bits": 8, "signed": False}
    text = "\n".join([
        "$timescale 1ns $end", "$scope module top $end", "$var wire 8 a a_i $end", "$var wire 8 b b_i $end",
        "$var wire 9 s sum_o $end", "$upscope $end", "$enddefinitions $end",
        "#0", "bx a", "bx b", "bx s", "#10", "b11 a", "b101 b", "b1000 s", "#20", "b11111111 a", "b100000100 s", "#30",
        "b0 a", "b0 b", "b0 s", "#40", "",
    ])  # fmt: skip
    excerpt = excerpt_of(tmp_path / "w.vcd", data, text)
    assert excerpt is not None
    assert not excerpt.clocked
    assert [trace.values for trace in excerpt.traces] == [[3, 255, 0], [5, 5, 0], [8, 260, 0]]
