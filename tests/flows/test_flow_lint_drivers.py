from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.errors import ToolLimitError, ToolMissingError
from tpugen.findings import Finding, has_errors
from tpugen.flows import icarus, verilator, yosys
from tpugen.flows.process import Completed, Limits

BAD = """`default_nettype none
module bad (
  input  wire       clk_i,
  input  wire [3:0] a_i,
  input  wire       s_i,
  output reg  [3:0] y_o,
  output wire [7:0] z_o,
  output wire       q_o
);
  wire loop;
  reg  twice;
  assign loop = ~(loop & s_i);
  assign z_o = a_i + 1;
  assign q_o = loop ^ twice;
  always @* begin
    if (s_i) y_o = a_i;
  end
  always @(posedge clk_i) twice <= s_i;
  always @(posedge clk_i) twice <= ~s_i;
endmodule
"""


def said(stdout: str = "", stderr: str = "", returncode: int = 0) -> Completed:
    return Completed(("tool",), returncode, stdout, stderr, 0.1)


def rules(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


@pytest.mark.parametrize("driver", [icarus, verilator, yosys])
def test_clean_design_has_no_errors(driver, element_files: list[Path], tmp_path: Path) -> None:
    findings = driver.lint(element_files, "mac_element", tmp_path)
    assert not has_errors(findings)
    assert (tmp_path / "command.txt").is_file()
    assert (tmp_path / "log.txt").is_file()


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (verilator, {"verilator-latch", "verilator-width"}),
        (yosys, {"yosys-latch", "yosys-combinational-loop", "yosys-multiple-drivers"}),
    ],
)
def test_bad_design(driver, expected: set[str], tmp_path: Path) -> None:
    path = tmp_path / "bad.v"
    path.write_text(BAD)
    findings = driver.lint([path], "bad", tmp_path)
    assert has_errors(findings)
    assert expected <= rules(findings)
    latch = next(finding for finding in findings if finding.rule.endswith("latch"))
    assert (latch.file, latch.line, latch.severity) == ("bad.v", 15, "error")


def test_combinational_loop_names_the_wire(tmp_path: Path) -> None:
    path = tmp_path / "bad.v"
    path.write_text(BAD)
    loops = [finding for finding in yosys.lint([path], "bad", tmp_path) if finding.rule == "yosys-combinational-loop"]
    assert any("through wire loop" in finding.message and finding.line == 12 for finding in loops)


TWO = (
    "module inv (input wire a_i, output wire y_o);\nassign y_o = ~a_i;\nendmodule\n"
    "module two (input wire s_i, output wire y_o);\nwire a, b;\n"
    "inv u_a (.a_i(a), .y_o(b));\ninv u_b (.a_i(b & s_i), .y_o(a));\nassign y_o = a;\nendmodule\n"
)


def test_a_loop_through_two_modules_is_found_and_told_by_its_names(tmp_path: Path) -> None:
    path = tmp_path / "two.v"
    path.write_text(TWO)
    (loop,) = [item for item in yosys.lint([path], "two", tmp_path) if item.rule == "yosys-combinational-loop"]
    assert (loop.file, loop.line) in (("two.v", 2), ("two.v", 7))
    assert "wire u_a.y_o" in loop.message or "wire b" in loop.message


@pytest.mark.parametrize(
    ("driver", "rule"), [(icarus, "icarus-syntax"), (verilator, "verilator-error"), (yosys, "yosys-syntax")]
)
def test_syntax_error_has_file_and_line(driver, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "syn.v"
    path.write_text("module syn (input wire a, output wire b\nassign b = a;\nendmodule\n")
    finding = next(finding for finding in driver.lint([path], "syn", tmp_path) if finding.rule == rule)
    assert (finding.severity, finding.file, finding.line) == ("error", "syn.v", 2)


@pytest.mark.parametrize("driver", [icarus, verilator, yosys])
def test_missing_module(driver, tmp_path: Path) -> None:
    path = tmp_path / "top.v"
    path.write_text("module top (input wire a_i, output wire y_o);\nabsent u_x (.a(a_i), .y(y_o));\nendmodule\n")
    findings = driver.lint([path], "top", tmp_path)
    assert has_errors(findings)
    assert any("absent" in finding.message for finding in findings)


def test_commands_are_pure() -> None:
    files = [Path("a.v"), Path("b.v")]
    assert icarus.command("/x/iverilog", files, "top") == [
        "/x/iverilog", "-g2005", "-Wall", "-t", "null", "-s", "top", "a.v", "b.v",
    ]  # fmt: skip
    assert verilator.command("/x/verilator", files, "top") == [
        "/x/verilator", "--lint-only", "-Wall", "--default-language", "1364-2005", "--top-module", "top", "a.v", "b.v",
    ]  # fmt: skip
    assert yosys.elaborate_script(files, "top").splitlines() == [
        'read_verilog -defer "a.v"', 'read_verilog -defer "b.v"', "hierarchy -check -top top", "proc", "check",
        "write_rtlil modules.il", "write_json modules.json",
    ]  # fmt: skip
    assert yosys.flat_script("modules.il", "top", "top.json").splitlines() == [
        "read_rtlil modules.il", "hierarchy -top top", "opt_clean -purge", "flatten", "opt_clean -purge",
        "write_json top.json", "check -assert",
    ]  # fmt: skip


def test_icarus_output() -> None:
    text = (
        "run/bad.v:14: warning: Port 1 (a) of sub expects 4 bits, got 2.\n"
        "run/bad.v:14:        : Padding 2 high bits of the port.\n"
        "run/bad.v:3: error: Unable to bind wire/reg/memory `x' in `bad'\n"
        "2 error(s) during elaboration.\n"
    )
    assert [finding.one_line() for finding in icarus.parse(said(stderr=text, returncode=2))] == [
        "bad.v:14: warning [lint/icarus-port-width] Port 1 (a) of sub expects 4 bits, got 2. "
        "Padding 2 high bits of the port.",
        "bad.v:3: error [lint/icarus-unknown-name] Unable to bind wire/reg/memory `x' in `bad'",
    ]


def test_verilator_output() -> None:
    text = (
        "%Warning-WIDTH: bad.v:7:20: Operator ADD expects 8 bits\n    7 |   assign z\n      |    ^\n"
        "%Warning-WIDTH: bad.v:8:6: Input port connection 'a_i' expects 8 bits on the pin connection, "
        "but pin connection's VARREF 'x' generates 16 bits.\n"
        "%Warning-LATCH: bad.v:9:3: Latch inferred for signal 'y_o'\n"
        "%Error: bad.v:2:1: syntax error, unexpected assign\n%Error: Exiting due to 1 error(s)\n"
    )
    findings = verilator.parse(said(stderr=text, returncode=1))
    assert [finding.hint for finding in findings if finding.hint] == [
        "Either the wire has the wrong width, or a parameter of this instance has the wrong number: the port must have "
        "16 bits where it now has 8."
    ]
    assert [finding.one_line() for finding in findings] == [
        "bad.v:7: warning [lint/verilator-width] Operator ADD expects 8 bits",
        "bad.v:8: error [lint/verilator-width] Input port connection 'a_i' expects 8 bits on the pin connection, "
        "but pin connection's VARREF 'x' generates 16 bits.",
        "bad.v:9: error [lint/verilator-latch] Latch inferred for signal 'y_o'",
        "bad.v:2: error [lint/verilator-error] syntax error, unexpected assign",
    ]


@pytest.mark.parametrize(
    ("driver", "rule"), [(icarus, "icarus-failed"), (verilator, "verilator-failed"), (yosys, "yosys-failed")]
)
def test_a_silent_failure_is_a_finding(driver, rule: str) -> None:
    assert rules(driver.parse(said(returncode=1))) == {rule}
    assert driver.parse(said()) == []


def test_a_hanging_tool_is_stopped(
    fake_tool, monkeypatch: pytest.MonkeyPatch, element_files: list[Path], tmp_path: Path
) -> None:
    path = fake_tool("iverilog", 'if [ "$1" = -V ]; then echo "Icarus Verilog version 12.0"; else sleep 100; fi')
    monkeypatch.setenv("TPUGEN_IVERILOG", str(path))
    with pytest.raises(ToolLimitError, match="iverilog was stopped: it ran longer than 1 s"):
        icarus.lint(element_files, "mac_element", tmp_path, Limits(wall_s=1))


def test_missing_tool(monkeypatch: pytest.MonkeyPatch, element_files: list[Path], tmp_path: Path) -> None:
    monkeypatch.setenv("TPUGEN_VERILATOR", "/nowhere")
    with pytest.raises(ToolMissingError, match="TPUGEN_VERILATOR is '/nowhere'"):
        verilator.lint(element_files, "mac_element", tmp_path)
