from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.findings import has_errors
from tpugen.flows.sandbox import LARGEST_SOURCE_BYTES, check_sources

BODY = "module m (input wire clk_i, input wire rst_ni, input wire [7:0] a_i, output reg [7:0] y_o);\n{}\nendmodule\n"

HOSTILE = [
    # rule, text inside a module
    ("system-task", 'integer f; always @* f = $fopen("x", "w");'),
    ("system-task", 'always @(posedge clk_i) $fwrite(1, "x");'),
    ("system-task", 'always @(posedge clk_i) $fdisplay(1, "x");'),
    ("system-task", 'reg [7:0] rom [0:3]; always @* $readmemh("/etc/passwd", rom);'),
    ("system-task", 'reg [7:0] rom [0:3]; always @* $readmemb("x", rom);'),
    ("system-task", 'always @* $system("rm -rf /");'),
    ("system-task", "always @* $dumpvars;"),
    ("system-task", 'always @* $dumpfile("/tmp/x");'),
    ("system-task", 'always @* y_o = $value$plusargs("x=%d", y_o);'),
    ("system-task", 'always @* y_o = $test$plusargs("x");'),
    ("system-task", 'always @* y_o = $fscanf(0, "%d", y_o);'),
    ("system-task", "always @* y_o = $fread(y_o, 0);"),
    ("system-task", 'always @* $sformat(y_o, "%d", a_i);'),
    ("system-task", 'always @* $display("x");'),
    ("system-task", "always @* $finish;"),
    ("system-task", "always @* $stop;"),
    ("system-task", "always @* y_o = $random;"),
    ("system-task", "always @* y_o = $time;"),
    ("system-task", 'always @* y_o = $c("system(0)");'),
    ("system-task", "always @* /* $signed */ $fclose /* ok */ (1);"),
    ("outside-module", "always @* y_o = $root.top.secret;"),
    ("include", '`include "/etc/passwd"'),
    ("include", "/* x */ `include <vpi.v>"),
    ("directive", "`define X $system\n`X"),
    ("directive", "`ifdef SYNTHESIS\n`endif"),
    ("directive", '`line 1 "x" 0'),
    ("directive", "wire x = `SECRET;"),
    ("not-hardware", "initial y_o = 0;"),
    ("endless-loop", "always y_o = ~y_o;"),
    ("endless-loop", "always begin y_o = 1; end"),
    ("endless-loop", "always @* begin forever y_o = 1; end"),
    ("endless-loop", "always @* while (1) y_o = 1;"),
    ("endless-loop", "always @* repeat (1000000000) y_o = 1;"),
    ("delay", "always #1 y_o = ~y_o;"),
    ("delay", "always @* y_o = #5 a_i;"),
    ("delay", "assign #3 x = a_i;"),
    ("delay", "wire #(1) x = a_i[0];"),
    ("not-hardware", "always @(posedge clk_i) begin @(posedge clk_i) y_o = 1; end"),
    ("not-hardware", "always @* wait (a_i) y_o = 1;"),
    ("not-hardware", "always @* fork y_o = 1; join"),
    ("not-hardware", "always @* force y_o = 1;"),
    ("not-hardware", "event e; always @* -> e;"),
    ("not-hardware", "real x;"),
    ("defparam", "defparam u_x.P = 1;"),
    ("hierarchical-name", "always @* y_o = u_other.secret;"),
    ("hierarchical-name", "always @* y_o = gen_row[0].u_pe.acc_q;"),
    ("outside-design", 'import "DPI-C" function int system(input string s);'),
    ("outside-design", "bind m n u_n (.*);"),
    ("size", "wire [1000000000:0] x;"),
    ("size", "reg [7:0] memory [0:99999999];"),
    ("size", "wire [32'hFFFFFFFF:0] x;"),
    ("size", "assign y_o = {100000000{a_i}};"),
    ("size", "wire x = 2000000'b0;"),
    ("size", "localparam N = 1_000_000_000;"),
    ("size", "always @* for (i = 0; i < 2000000000; i = i + 1) y_o = i;"),
    ("size", "localparam N = 2 ** 100;"),
    ("size", "localparam N = 1 << 100000;"),
    ("escaped-identifier", "wire \\$system ;"),
    ("escaped-identifier", "wire \\a//b ; assign \\a//b = 1;"),
    ("unterminated", "/* never closed"),
    ("unterminated", 'wire x; // fine\nparameter S = "never closed;'),
    ("control-character", "wire x; // a bell \x07"),
    ("control-character", "wire x; \x00"),
    ("hidden-character", "// \u202e reversed"),
    ("character", "wire x = \u00e9;"),
    ("pragma", "// synthesis translate_off\nassign y = 0;\n// synthesis translate_on"),
    ("pragma", "/* synopsys translate_off */"),
]

HARMLESS = [
    "always @(posedge clk_i) y_o <= a_i;",
    '// $system and `include "x" in a comment are nothing\nalways @* y_o = a_i;',
    "/* initial begin #5 $finish; end */ always @* y_o = a_i;",
    "/* a // b */ always @* y_o = a_i; // c /* d",
    'localparam NAME = "$fopen(\\"x\\") // `include"; always @* y_o = a_i;',
    "wire [15:0] p = $signed(a_i) * $signed(a_i); always @* y_o = p[7:0];",
    "localparam W = $clog2(9); always @* y_o = $unsigned(a_i) + W;",
    "sub #(.W(8)) u_sub (.a_i(a_i), .y_o(y)); always @* y_o = y;",
    "sub #(8, 9) u_sub (a_i, y); always @* y_o = y;",
    "sub #(.W(8), .N(2 * (3 + 1))) u_sub [3:0] (.a_i(a_i), .y_o(y)); always @* y_o = y;",
    '(* keep = "true" *) wire x; always @(*) y_o = {8{a_i[0]}};',
    "genvar r; generate for (r = 0; r < 256; r = r + 1) begin : gen_row wire x; end endgenerate",
    "integer i; always @* begin y_o = 0; for (i = 0; i < 8; i = i + 1) y_o[i] = a_i[7 - i]; end",
    "localparam MASK = 64'hFFFF_FFFF_FFFF_FFFF; always @* y_o = MASK[7:0] ^ a_i;",
    "wire [7:0] initial_value = a_i; wire forever_1, wait_q; always @* y_o = initial_value;",
    "always @(posedge clk_i or negedge rst_ni) if (!rst_ni) y_o <= 8'd0; else y_o <= a_i >>> 1;",
    "function [7:0] flip; input [7:0] x; flip = ~x; endfunction always @* y_o = flip(a_i);",
    "parameter real_width = 8; reg [7:0] memory [0:255]; always @(posedge clk_i) y_o <= memory[a_i];",
]


@pytest.mark.parametrize(("rule", "text"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_sources_are_refused(rule: str, text: str) -> None:
    findings = check_sources([("m.v", BODY.replace("{}", text))])
    assert has_errors(findings)
    assert rule in {finding.rule for finding in findings}
    for finding in findings:
        assert finding.gate == "sandbox"
        assert finding.file == "m.v"
        assert finding.line is not None and finding.line >= 2
        assert finding.hint


@pytest.mark.parametrize("text", HARMLESS, ids=range(len(HARMLESS)))
def test_harmless_sources_pass(text: str) -> None:
    header = "`timescale 1ns / 1ps\n`default_nettype none\n"
    assert check_sources([("m.v", header + BODY.replace("{}", text) + "`default_nettype wire\n")]) == []


def test_the_corpus_is_large_enough() -> None:
    assert len(HOSTILE) >= 40
    assert len(HARMLESS) >= 10


def test_messages_are_exact() -> None:
    text = 'module m;\n\n  wire a; /* x\n y */ always @* $fopen("x");\nendmodule\n'
    (finding,) = check_sources([("m.v", text)])
    assert finding.one_line() == (
        "m.v:4: error [sandbox/system-task] the system task or function $fopen is refused; "
        "allowed: $clog2, $signed, $unsigned"
    )
    (finding,) = check_sources([("m.v", '`include "a.v"\n')])
    assert finding.one_line() == (
        "m.v:1: error [sandbox/include] `include is refused: a design consists of its own files"
    )


def test_the_module_header_takes_parameters() -> None:
    text = "module m #(parameter W = 8) (input wire [W-1:0] a_i, output wire y_o);\nassign y_o = ^a_i;\nendmodule\n"
    assert check_sources([("m.v", text)]) == []


def test_giant_sources_are_refused_at_once() -> None:
    (finding,) = check_sources([("a.v", "a"), ("b.v", "/" * LARGEST_SOURCE_BYTES)])
    assert finding.rule == "size"
    assert finding.message == f"the sources hold {LARGEST_SOURCE_BYTES + 1} bytes, more than {LARGEST_SOURCE_BYTES}"


@pytest.mark.timeout(120)  # quadratic scanning would take hours
def test_pathological_text_ends() -> None:
    for text in (
        "[" * 60_000,
        "/*" * 60_000,
        '"' + "\\" * 60_000,
        "a." * 30_000,
        "#(" * 20_000,
        "a #(" * 20_000,
        "translate_off " * 10_000,
        "// _off " * 20_000,
        "1_" * 60_000,
    ):
        check_sources([("m.v", text)])


@pytest.mark.parametrize("name", ["../m.v", "/etc/m.v", "m.sv", "m", "-m.v", "a b.v", "m.v\n", "$(x).v"])
def test_file_names_are_plain(name: str) -> None:
    assert [finding.rule for finding in check_sources([(name, "module m; endmodule\n")])] == ["file-name"]


def test_the_library_passes() -> None:
    rtl = Path(__file__).parents[2] / "rtl_templates"
    files = [(path.name, path.read_text()) for path in sorted(rtl.glob("*/*.v"))]
    assert files
    assert check_sources(files) == []


@pytest.mark.parametrize("name", ["crossbar.v", "sram.v"])
def test_a_changed_macro_is_refused(name: str) -> None:
    """Only the library's own black boxes are taken as they are: a directive or an `initial` more, and none is."""
    path = next((Path(__file__).parents[2] / "rtl_templates").glob(f"*/{name}"))
    text = path.read_text()
    assert check_sources([(name, text)]) == []
    for changed in (
        text.replace("<=", "<= #1", 1),
        text + "\n",
        text.replace("data_o", "d_o").replace("code_o", "c_o"),
    ):
        rules = {finding.rule for finding in check_sources([(name, changed)])}
        assert "directive" in rules, rules
    assert "directive" in {finding.rule for finding in check_sources([("macro.v", text)])}
