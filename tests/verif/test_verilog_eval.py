"""Suites of the VerilogEval kind: loading, judging right and wrong candidates, and candidates that cheat."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tpugen.errors import RequestError
from tpugen.findings import Finding
from tpugen.flows.process import Limits
from tpugen.verif.verilog_eval import (
    VerilogEvalProblem,
    check_problem,
    judge,
    load_problems,
    reference_candidate,
)

SUITE = Path(__file__).parent / "verilog_eval_suite"
PROBLEMS = {problem.id: problem for problem in load_problems(SUITE)}
SHORT = Limits(wall_s=3, cpu_s=3, memory_mb=1_000, file_mb=5)

RIGHT = {
    "Prob001_majority3": """
module TopModule (input wire [2:0] votes, output wire passed);
  assign passed = (votes == 3'd3) || (votes > 3'd4);
endmodule""",
    "Prob002_leading_zeros8": """
module TopModule (input wire [7:0] word, output reg [3:0] zeros);
  always @* casez (word)
    8'b1???????: zeros = 0;
    8'b01??????: zeros = 1;
    8'b001?????: zeros = 2;
    8'b0001????: zeros = 3;
    8'b00001???: zeros = 4;
    8'b000001??: zeros = 5;
    8'b0000001?: zeros = 6;
    8'b00000001: zeros = 7;
    default: zeros = 8;
  endcase
endmodule""",
    "Prob003_saturating_add8": """
module TopModule (input [7:0] a, b, output logic [7:0] sum, output logic clipped);
  logic [7:0] plain;
  always_comb begin
    plain = a + b;
    clipped = (a[7] == b[7]) && (plain[7] != a[7]);
    sum = plain;
    if (clipped) sum = a[7] ? 8'h80 : 8'h7F;
  end
endmodule""",
    "Prob004_shift_register4": """
module TopModule (input logic clk, reset, enable, d, output logic [3:0] q);
  always_ff @(posedge clk) q <= reset ? '0 : enable ? 4'({q, d}) : q;
endmodule""",
    "Prob005_decade_counter": """
module TopModule (input clk, input reset, input enable, output reg [3:0] digit, output carry);
  assign carry = digit == 9 && enable;
  always @(posedge clk) begin
    if (carry || reset) digit <= 0;
    else digit <= digit + enable;
  end
endmodule""",
    "Prob006_detect_101": """
module TopModule (input logic clk, reset, bit_in, output logic found);
  logic [2:0] seen;
  always_ff @(posedge clk)
    if (reset) seen <= '0;
    else seen <= {seen[1:0], bit_in};
  assign found = seen == 3'b101;
endmodule""",
    "Prob007_fair_arbiter2": """
module TopModule (input clk, reset, input [1:0] request, output [1:0] grant);
  reg first;
  assign grant = {request[1] & ~(request[0] & first), request[0] & ~(request[1] & ~first)};
  always @(posedge clk)
    if (reset) first <= 1'b1;
    else if (grant[0]) first <= 1'b0;
    else if (grant[1]) first <= 1'b1;
endmodule""",
    "Prob008_divide_by_3": """
module TopModule (input logic clk, hold, output logic tick);
  logic [2:0] ring;
  initial ring = 3'b001;
  always_ff @(posedge clk) if (!hold) ring <= {ring[1:0], ring[2]};
  assign tick = ring[2];
endmodule""",
}

WRONG = {
    "Prob001_majority3": ("votes == 3'd3", "votes == 3'd2"),
    "Prob002_leading_zeros8": ("default: zeros = 8", "default: zeros = 0"),
    "Prob003_saturating_add8": ("a[7] == b[7]", "a[7] != b[7]"),
    "Prob004_shift_register4": ("reset ? '0 : enable", "enable"),
    "Prob005_decade_counter": ("if (carry || reset)", "if (reset)"),
    "Prob006_detect_101": ("3'b101", "3'b110"),
    "Prob007_fair_arbiter2": ("else if (grant[1]) first <= 1'b1;", ""),
    "Prob008_divide_by_3": ("ring = 3'b001", "ring = 3'b010"),
}


def verdict(name: str, text: str, folder: Path, limits: Limits = SHORT) -> list[Finding]:
    candidate = folder / "TopModule.sv"
    candidate.write_text(text)
    return judge(PROBLEMS[name], [candidate], folder / "judge", limits=limits)


def test_the_suite_is_complete() -> None:
    assert len(PROBLEMS) >= 6
    assert set(RIGHT) == set(WRONG) == set(PROBLEMS)


@pytest.mark.parametrize("name", PROBLEMS)
def test_references_pass_their_own_bench(name: str, tmp_path: Path) -> None:
    assert check_problem(PROBLEMS[name], tmp_path) == []
    assert verdict(name, reference_candidate(PROBLEMS[name]), tmp_path) == []


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_right_candidate_passes_and_a_wrong_one_does_not(name: str, tmp_path: Path) -> None:
    assert verdict(name, RIGHT[name], tmp_path) == []
    old, new = WRONG[name]
    assert old in RIGHT[name]
    findings = verdict(name, RIGHT[name].replace(old, new), tmp_path)
    assert {(finding.gate, finding.rule) for finding in findings} == {("simulate", "mismatch")}
    assert findings[0].message.startswith("Output '")
    words = findings[-1].message.split()
    assert (words[0], words[2], words[4]) == ("Mismatches:", "in", "samples")
    assert 0 < int(words[1]) <= int(words[3])


def test_headers_are_the_references_under_the_candidates_name() -> None:
    assert PROBLEMS["Prob004_shift_register4"].header == (
        "module TopModule (\n  input  logic clk,\n  input  logic reset,\n  input  logic enable,\n"
        "  input  logic d,\n  output logic [3:0] q\n);"
    )


def test_headers_that_only_name_ports_get_their_declarations(tmp_path: Path) -> None:
    shutil.copytree(SUITE, tmp_path / "suite")
    reference = tmp_path / "suite" / "Prob001_majority3_ref.sv"
    reference.write_text(
        "// module RefModule (wrong);\nmodule RefModule (votes, passed);\n  input [2:0] votes;\n"
        "  output passed; // yes or no\n  assign passed = ^votes;\nendmodule\n"
    )
    problem = next(p for p in load_problems(tmp_path / "suite") if p.id == "Prob001_majority3")
    assert problem.header == "module TopModule (votes, passed);\n  input [2:0] votes;\n  output passed;"


HEADER = "module TopModule (input logic [2:0] votes, output logic passed);\n"

CHEATS = {
    # text: gate and rule of the first finding
    "uses the reference": ("RefModule u (.votes, .passed);", "sandbox", "reserved-name"),
    "reads the reference": ("assign passed = tb.u_reference.passed;", "sandbox", "reserved-name"),
    "reads the bench upwards": ("assign passed = u_reference.passed;", "sandbox", "hierarchical-name"),
    "reads the bench's variable": ("assign passed = u_stimulus.votes[0];", "sandbox", "hierarchical-name"),
    "prints the verdict": ('initial $display("Mismatches: 0 in 9 samples");', "sandbox", "system-task"),
    "ends the simulation": ("initial $finish;", "sandbox", "system-task"),
    "reads a file": ('initial $readmemh("/etc/passwd", passed);', "sandbox", "system-task"),
    "includes a file": ('`include "/etc/passwd"', "sandbox", "include"),
    "forces the bench": ("initial force passed = 0;", "sandbox", "not-hardware"),
    "calls C": ('import "DPI-C" function int system(input string s);', "sandbox", "outside-design"),
    "waits": ("initial #5 passed = 0;", "sandbox", "delay"),
    "defines a bench module": ("endmodule\nmodule stimulus (output logic [2:0] votes);", "sandbox", "reserved-name"),
    "loops for ever": ("initial for (int i = 1; i > 0; i = 1) passed = ~passed;", "simulate", "limit"),
    "oscillates": ("logic a; assign a = (votes[0] === 1'b1) ? !(a === 1'b1) : 1'b0; assign passed = a;",
                   "simulate", "limit"),
    "is not Verilog": ("entity top is port (a : in bit); end top", "compile", "syntax"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHEATS)
def test_cheats_are_found(name: str, tmp_path: Path) -> None:
    body, gate, rule = CHEATS[name]
    start = time.monotonic()
    findings = verdict("Prob001_majority3", f"{HEADER}  {body}\nendmodule\n", tmp_path)
    assert (findings[0].gate, findings[0].rule) == (gate, rule)
    assert time.monotonic() - start < 20


def test_structures_of_ones_own_are_no_paths_into_the_bench(tmp_path: Path) -> None:
    body = (
        "typedef struct packed {logic high; logic [1:0] low;} pair_t;\npair_t pair;\nassign pair = votes;\n"
        "assign passed = (pair.low == 2'd3) | (pair.high & |pair.low);"
    )
    findings = verdict("Prob001_majority3", f"{HEADER}{body}\nendmodule\n", tmp_path)
    assert findings == []


def test_a_missing_top_and_wrong_ports_are_said(tmp_path: Path) -> None:
    (finding,) = verdict("Prob001_majority3", "module top_module (input a); endmodule\n", tmp_path)
    assert finding.one_line() == "error [compile/top-module] no module TopModule is defined"
    findings = verdict("Prob001_majority3", "module TopModule (input [2:0] v, output p); endmodule\n", tmp_path)
    assert {(finding.gate, finding.rule) for finding in findings} == {("compile", "port")}
    assert findings[0].message.startswith("the candidate does not fit the bench: ")


def changed(tmp_path: Path, end: str, old: str, new: str) -> Path:
    """A copy of one problem with one text changed."""
    for part in ("_prompt.txt", "_ref.sv", "_test.sv"):
        shutil.copy(SUITE / f"Prob001_majority3{part}", tmp_path)
    file = tmp_path / f"Prob001_majority3{end}"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return tmp_path


def only(path: Path) -> VerilogEvalProblem:
    (problem,) = load_problems(path)
    return problem


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("repeat (16)", "repeat (0)", "no-samples"),
        ('$display("Mismatches: ', 'if (0) $display("Mismatches: ', "no-verdict"),
        ("repeat (16) begin", 'repeat (16) begin $display("TIMEOUT");', "timeout"),
        ("repeat (16)", "forever", "limit"),
    ],
)
def test_a_bench_that_proves_nothing_passes_nobody(tmp_path: Path, old: str, new: str, rule: str) -> None:
    problem = only(changed(tmp_path, "_test.sv", old, new))
    (finding,) = check_problem(problem, tmp_path / "run", limits=SHORT)
    assert (finding.gate, finding.rule) == ("simulate", rule)


def test_no_waveform_is_written_wherever_the_bench_wants_it(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    suite = tmp_path / "suite"
    suite.mkdir()
    problem = only(changed(suite, "_test.sv", "wave.vcd", str(away / "wave.vcd")))
    assert check_problem(problem, tmp_path / "run") == []
    assert list(away.iterdir()) == []
    assert not list((tmp_path / "run").glob("*.vcd"))


@pytest.mark.parametrize(
    ("end", "old", "new", "words"),
    [
        ("_test.sv", "$finish;", '$fopen("/tmp/x");', "calls $fopen, which benches may not"),
        ("_test.sv", "$finish;", '$system("true");', "calls $system, which benches may not"),
        ("_test.sv", "`timescale", '`include "/etc/passwd"\n`timescale', "has `include, which benches may not"),
        ("_test.sv", "`timescale", '`define X $fopen("x")\n`timescale', "calls $fopen, which benches may not"),
        ("_test.sv", "`timescale", "`define X(a) $fop``a\n`timescale", "which benches may not"),
        ("_ref.sv", "assign", '$readmemh("x", y); assign', "calls $readmemh, which benches may not"),
        ("_ref.sv", "RefModule", "Reference", "defines no module RefModule"),
        ("_test.sv", "TopModule u_candidate", "Top u_candidate", "0 modules instantiate TopModule"),
        ("_test.sv", "RefModule u_reference", "Ref u_reference", "does not instantiate RefModule"),
        ("_test.sv", "Mismatches: ", "Errors: ", "never prints `Mismatches: E in N samples`"),
        ("_prompt.txt", (SUITE / "Prob001_majority3_prompt.txt").read_text(), " \n", "_prompt.txt is empty"),
    ],
)
def test_unusable_problems_are_refused_when_loaded(tmp_path: Path, end: str, old: str, new: str, words: str) -> None:
    with pytest.raises(RequestError) as caught:
        load_problems(changed(tmp_path, end, old, new))
    assert words in str(caught.value)
    assert "1 of 1 problems cannot be used" in str(caught.value)


def test_missing_parts_are_all_listed(tmp_path: Path) -> None:
    shutil.copy(SUITE / "Prob001_majority3_prompt.txt", tmp_path)
    shutil.copy(SUITE / "Prob003_saturating_add8_ref.sv", tmp_path)
    with pytest.raises(RequestError) as caught:
        load_problems(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: 2 of 2 problems cannot be used:\n"
        "  Prob001_majority3: Prob001_majority3_ref.sv (reference) and Prob001_majority3_test.sv (test bench) missing\n"
        "  Prob003_saturating_add8: Prob003_saturating_add8_prompt.txt (prompt) and "
        "Prob003_saturating_add8_test.sv (test bench) missing"
    )


def test_a_folder_without_problems_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        load_problems(tmp_path / "nowhere")
    assert str(caught.value).startswith(f"{tmp_path}/nowhere: no such folder\n")
    (tmp_path / "inner").mkdir()
    shutil.copy(SUITE / "Prob001_majority3_prompt.txt", tmp_path / "inner")
    with pytest.raises(RequestError, match="its folder inner has some: name that"):
        load_problems(tmp_path)


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    for part in ("_prompt.txt", "_ref.sv", "_test.sv"):
        text = (SUITE / f"Prob001_majority3{part}").read_bytes()
        (tmp_path / f"Prob001_majority3{part}").write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    problem = only(tmp_path)
    assert problem == PROBLEMS["Prob001_majority3"]
