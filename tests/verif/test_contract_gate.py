"""The contract gate: what it refuses, where it points, and what it says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from verif_designs import MAC_SPEC, MAC_TEXT

from tpugen.findings import Finding, has_errors
from tpugen.spec import DesignSpec, contract_for, spec_from_dict
from tpugen.verif.contract_gate import check_contract

pytestmark = [
    pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus"),
    pytest.mark.usefixtures("shared_parser_tables"),
]
Written = Callable[..., list[Path]]


def _check(text: str, written: Written, tmp_path: Path) -> list[Finding]:
    return check_contract(contract_for(MAC_SPEC), written(text), tmp_path / "gate")


def _changed(old: str, new: str) -> str:
    assert MAC_TEXT.count(old) >= 1, old
    return MAC_TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "adder"},
        {"kind": "multiplier", "signed": False},
        {"kind": "mac"},
        {"kind": "systolic_array", "rows": 5, "cols": 3},
        {"kind": "systolic_array", "rows": 1, "cols": 1, "dataflow": "weight_stationary"},
        {"kind": "systolic_array", "rows": 2, "cols": 20, "dataflow": "input_stationary"},
    ],
)
def test_the_composer_keeps_the_contract(
    data: dict[str, object], composed: Callable[[DesignSpec], list[Path]], tmp_path: Path
) -> None:
    spec = spec_from_dict(data)
    assert check_contract(contract_for(spec), composed(spec), tmp_path / "gate") == []


def test_a_handwritten_design_keeps_it(written: Written, tmp_path: Path) -> None:
    assert _check(MAC_TEXT, written, tmp_path) == []
    assert not list(Path.cwd().glob("parse*.out")), "nothing is written into the working folder"


def test_order_of_ports_does_not_matter_and_old_style_headers_are_read(written: Written, tmp_path: Path) -> None:
    text = (
        "module mac_s5xs4_acc11 (result_o, clk_i, rst_ni, operand_valid_i, operand_ready_o, operand_last_i, weight_i,\n"
        "  activation_i, result_valid_o, result_ready_i);\n"
        "  parameter A = 5, W = A - 1;\n  localparam ACC = (1 << 3) + $clog2(8);\n"
        "  input clk_i, rst_ni, operand_valid_i, operand_last_i, result_ready_i;\n"
        "  input [A-1:0] activation_i; input [0:W-1] weight_i;\n"
        "  output operand_ready_o, result_valid_o; output [ACC-1:0] result_o; reg [ACC-1:0] result_o;\nendmodule\n"
    )
    assert _check(text, written, tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "message", "line"),
    [
        ("mac_s5xs4_acc11", "mac", "top-module", "there is no module mac_s5xs4_acc11; modules found: mac", 1),
        (
            "  input  wire [3:0]  weight_i,\n",
            "",
            "port-missing",
            "port weight_i is missing from mac_s5xs4_acc11: weight, two's complement",
            1,
        ),
        (
            "[4:0]  activation_i",
            "[7:0]  activation_i",
            "port-width",
            "port activation_i is 8 bits wide; it must be 5",
            7,
        ),
        (
            "output wire        operand_ready_o",
            "input wire operand_ready_o",
            "port-direction",
            "port operand_ready_o is an input; it must be an output",
            5,
        ),
        (
            "input  wire        clk_i,",
            "input  wire        clk_i,\n  input  wire        scan_i,",
            "port-extra",
            "port scan_i of mac_s5xs4_acc11 is not in the contract",
            3,
        ),
        (
            "input  wire        clk_i,",
            "input  wire        clk_i,\n  input  wire        clk_i,",
            "port-duplicate",
            "port clk_i is declared twice",
            3,
        ),
        (
            "[3:0]  weight_i",
            "[WIDTH-1:0]  weight_i",
            "port-width",
            "the width of port weight_i cannot be evaluated: WIDTH is not a constant that can be evaluated; "
            "it must be 4 bits",
            8,
        ),
        (
            "endmodule",
            "adder_tree u_tree (.a(1'b0));\nendmodule",
            "missing-module",
            "mac_s5xs4_acc11 instantiates adder_tree, which is not defined",
            38,
        ),
        (
            "endmodule",
            "mac_s5xs4_acc11 u_self ();\nendmodule",
            "recursive-module",
            "module mac_s5xs4_acc11 contains itself (through mac_s5xs4_acc11)",
            38,
        ),
        (
            "endmodule",
            "endmodule\nmodule mac_s5xs4_acc11; endmodule",
            "duplicate-module",
            "module mac_s5xs4_acc11 is defined twice (first in design.v)",
            39,
        ),
        (
            "mac_s5xs4_acc11 (",
            "mac_s5xs4_acc11 #(parameter WIDTH) (",
            "parameter-default",
            "parameter WIDTH has no default value",
            1,
        ),
    ],
)
def test_what_is_refused(
    old: str, new: str, rule: str, message: str, line: int, written: Written, tmp_path: Path
) -> None:
    findings = _check(_changed(old, new), written, tmp_path)
    assert [finding.rule for finding in findings] == [rule]
    found = findings[0]
    assert (found.message, found.file, found.line) == (message, "design.v", line)
    assert found.severity == "error"
    assert found.gate == "contract"
    assert found.hint


def test_a_missing_port_names_the_line_to_add_and_the_port_to_rename(written: Written, tmp_path: Path) -> None:
    findings = _check(_changed("weight_i,", "weights_i,"), written, tmp_path)
    assert [finding.rule for finding in findings] == ["port-missing", "port-extra"]
    assert findings[0].hint == "Add `input  wire [3:0] weight_i` (or rename weights_i)."


def test_a_syntax_error_has_file_and_line_of_the_file_it_is_in(written: Written, tmp_path: Path) -> None:
    first = written("module helper(input wire a);\nendmodule\n", "helper.v")
    second = written(_changed("wire advance = ", "wire advance == "), "top.v")
    findings = check_contract(contract_for(MAC_SPEC), [*first, *second], tmp_path / "gate")
    assert [(finding.rule, finding.file, finding.line) for finding in findings] == [("syntax", "top.v", 13)]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (") begin", "A module's header ends with `);`: write `);` here, and no `begin`."),
        (");\n  typedef enum {A, B} state_t;", "That is SystemVerilog: use `wire`, `reg` and `always @(...)`."),
        (");\n  assign = 1;", "Write plain Verilog-2005."),
    ],
)
def test_common_slips_are_told_how_to_mend(line: str, hint: str, written: Written, tmp_path: Path) -> None:
    files = written(f"module m (\n  input wire a_i\n{line}\nendmodule\n", "m.v")
    findings = check_contract(contract_for(MAC_SPEC), files, tmp_path / "gate")
    assert [(finding.rule, finding.hint) for finding in findings] == [("syntax", hint)]


def test_macros_are_expanded_and_lines_still_count_by_file(written: Written, tmp_path: Path) -> None:
    first = written("`define AW 5\n`define WW 3\n", "defines.v")
    text = MAC_TEXT.replace("[4:0]  activation_i", "[`AW-1:0] activation_i")
    text = text.replace("[3:0]  weight_i", "[`WW-1:0] weight_i")
    findings = check_contract(contract_for(MAC_SPEC), [*first, *written(text)], tmp_path / "gate")
    assert [(finding.message, finding.file, finding.line) for finding in findings] == [
        ("port weight_i is 3 bits wide; it must be 4", "design.v", 8)
    ]


def test_modules_of_branches_not_taken_need_not_exist(written: Written, tmp_path: Path) -> None:
    branch = "generate if ({}) begin : gen_x\n  odd_helper u_odd ();\nend endgenerate\nendmodule"
    assert _check(_changed("endmodule", branch.format("1 == 2")), written, tmp_path) == []
    findings = _check(_changed("endmodule", branch.format("1 == 1")), written, tmp_path)
    assert [(f.rule, f.message, f.line) for f in findings] == [
        ("missing-module", "module odd_helper is instantiated but not defined", 39)
    ]


def test_an_unused_module_is_a_warning(written: Written, tmp_path: Path) -> None:
    findings = _check(MAC_TEXT + "module spare (input wire a);\nendmodule\n", written, tmp_path)
    assert [(finding.severity, finding.rule) for finding in findings] == [("warning", "unused-module")]
    assert not has_errors(findings)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "this is not Verilog",
        "module mac_s5xs4_acc11 (",
        "\x00\x01\x02",
        '`include "missing.vh"\n' + MAC_TEXT,
        "`define A `B\n`define B `A\nmodule x; wire w = `A; endmodule\n",
    ],
    ids=["empty", "blank", "prose", "cut", "binary", "include", "recursive-macro"],
)
def test_garbage_is_a_finding(text: str, written: Written, tmp_path: Path) -> None:
    assert has_errors(_check(text, written, tmp_path))


def test_no_file_at_all(tmp_path: Path) -> None:
    findings = check_contract(contract_for(MAC_SPEC), [], tmp_path / "gate")
    assert [finding.one_line() for finding in findings] == ["error [contract/no-files] there is no Verilog file"]


def test_deep_nesting_does_not_break_the_gate(written: Written, tmp_path: Path) -> None:
    text = _changed("(first_q ?", "(" + "(" * 3000 + "first_q" + ")" * 3000 + " ?")
    assert _check(text, written, tmp_path) == []


def test_prose_about_parameters_is_not_code(written: Written, tmp_path: Path) -> None:
    text = "// Each parameter width, or (parameter depth), is fixed.\n/* parameter x,\n parameter y) */\n" + MAC_TEXT
    assert _check(text, written, tmp_path) == []
