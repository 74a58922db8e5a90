"""Large designs in parts: what repeats is looked at once, stubs stand for it; nothing else may be found, or missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.errors import ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import yosys
from tpugen.flows.yosys_stubs import stub_text, without_modules
from tpugen.spec import contract_for, spec_from_dict
from tpugen.writers.composer import compose

CELL = """module cell_unit (input wire clk_i, input wire [1:0] a_i, input wire [1:0] b_i, input wire unread_i,
  output wire [1:0] y_o, output reg [1:0] q_o);
  assign y_o[0] = a_i[0] & b_i[0];
  {upper}
  always @(posedge clk_i) q_o <= a_i ^ b_i;
endmodule
"""
TOP = """module top (input wire clk_i, input wire [1:0] a_i, output wire [7:0] y_o, output wire [7:0] q_o);
  wire [9:0] chain;
  {head}
  genvar n;
  generate
    for (n = 0; n < 4; n = n + 1) begin : gen_unit
      cell_unit u_unit (.clk_i(clk_i), .a_i(chain[2 * n +: 2]), .b_i({b}), .unread_i({unread}),
        .y_o({y}), .q_o(q_o[2 * n +: 2]));
    end
  endgenerate
  assign y_o = chain[9:2];
endmodule
"""
USUAL = {"upper": "assign y_o[1] = q_o[1];", "head": "assign chain[1:0] = a_i;", "b": "a_i", "unread": "1'b0",
         "y": "chain[2 * n + 2 +: 2]"}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yosys, "_WHOLE_GATES", 0.0)


def found(tmp_path: Path, **changes: str) -> list[Finding]:
    source = tmp_path / "top.v"
    words = USUAL | changes
    text = CELL + TOP
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", value)
    source.write_text(text)
    return yosys.lint([source], "top", tmp_path)


def scripts(tmp_path: Path) -> set[str]:
    return {path.name for path in tmp_path.glob("*.ys")}


def test_a_good_design_is_looked_at_in_parts_alone(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    assert scripts(tmp_path) == {"elaborate.ys", "part_0.ys", "around.ys"}
    assert not [*tmp_path.glob("*.il"), *tmp_path.glob("*.json")]


def test_what_a_killed_run_left_is_not_taken_for_this_one(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text('{"modules": {}}')
    findings = found(tmp_path, upper="a syntax error")
    assert {finding.rule for finding in findings} == {"yosys-syntax"}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        # Through the units' gates and around: one bit of a word.
        ({"head": "assign chain[1] = a_i[1];\n  assign chain[0] = chain[8];"}, "yosys-combinational-loop"),
        # Within a unit.
        ({"upper": "wire w = y_o[1] | a_i[1];\n  assign y_o[1] = w & b_i[1];"}, "yosys-combinational-loop"),
        ({"upper": ""}, "yosys-undriven"),
        ({"head": "assign chain[1] = a_i[1];"}, "yosys-undriven"),
        ({"b": "{nobody, a_i[0]}", "head": "assign chain[1:0] = a_i;\n  wire nobody;"}, "yosys-undriven"),
        ({"y": "chain[3:2]", "head": "assign chain[1:0] = a_i;\n  assign chain[9:4] = 0;"}, "yosys-multiple-drivers"),
    ],
)
def test_what_is_wrong_is_found(changes: dict[str, str], rule: str, tmp_path: Path) -> None:
    findings = found(tmp_path, **changes)
    assert rule in {finding.rule for finding in findings}, findings


@pytest.mark.parametrize(
    "changes",
    [
        # Back through a flip-flop, and through a bit that depends on no input: no loops.
        {"head": "assign chain[1] = q_o[7];\n  assign chain[0] = a_i[0];"},
        {"head": "assign chain[1] = chain[9];\n  assign chain[0] = a_i[0];"},
    ],
)
def test_what_is_right_is_not(changes: dict[str, str], tmp_path: Path) -> None:
    assert found(tmp_path, **changes) == []


def test_what_is_found_around_stubs_is_told_when_the_whole_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_lint = yosys._run_lint

    def limited(script: str, name: str, folder: Path, limits: object) -> list[Finding]:
        if name == "whole.ys":
            raise ToolLimitError("yosys was stopped: it needed more than 8192 MiB of memory")
        return run_lint(script, name, folder, limits)

    monkeypatch.setattr(yosys, "_run_lint", limited)
    (loop,) = found(tmp_path, head="assign chain[1] = a_i[1];\n  assign chain[0] = chain[8];")
    assert loop.rule == "yosys-combinational-loop"
    assert "through wire y_o [0]" in loop.message


@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary", "input_stationary"])
def test_arrays_are_clean_in_parts(dataflow: str, tmp_path: Path) -> None:
    spec = spec_from_dict({"kind": "systolic_array", "rows": 6, "cols": 5, "dataflow": dataflow})
    files = []
    for file in compose(spec):
        files.append(tmp_path / file.name)
        files[-1].write_text(file.text)
    assert yosys.lint(files, contract_for(spec).module, tmp_path) == []
    assert {"part_0.ys", "around.ys"} <= scripts(tmp_path)


def test_a_stub_follows_the_bits_that_its_module_follows() -> None:
    module = {
        "ports": {
            "a_i": {"direction": "input", "bits": [2, 3]},
            "b_i": {"direction": "input", "bits": [4]},
            "y_o": {"direction": "output", "bits": [5, 6, "1", 3]},
        },
        "cells": {
            "and": {
                "type": "$and",
                "port_directions": {"A": "input", "B": "input", "Y": "output"},
                "connections": {"A": [2], "B": [7], "Y": [5]},
            },
            "dff": {
                "type": "$dff",
                "port_directions": {"CLK": "input", "D": "input", "Q": "output"},
                "connections": {"CLK": [4], "D": [5], "Q": [6]},
            },
            "not": {
                "type": "$not",
                "port_directions": {"A": "input", "Y": "output"},
                "connections": {"A": [3], "Y": [7]},
            },
        },
    }
    lines = stub_text("$paramod\\unit", module).splitlines()
    assert lines[0] == "module $paramod\\unit"
    assert "    connect \\A { \\a_i [1] \\a_i [0] }" in lines  # y_o[0]
    assert "  connect \\y_o [1] 1'0" in lines  # a flip-flop
    assert "  connect \\y_o [2] 1'0" in lines
    assert "    connect \\A { \\b_i [0] \\a_i [1] \\a_i [0] }" in lines  # all are read
    assert lines[-1] == "end"


def test_modules_are_taken_out_with_their_attributes() -> None:
    text = 'autoidx 9\nattribute \\src "a"\nmodule \\a\n  wire \\x\nend\nattribute \\top 1\nmodule \\b\nend\n'
    assert without_modules(text, ["a"]) == "autoidx 9\nattribute \\top 1\nmodule \\b\nend\n"
