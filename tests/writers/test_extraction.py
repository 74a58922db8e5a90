"""Code from replies: fenced or not, whole or cut off, one module or several, and never an exception."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.writers.extraction import REPLY_LIMIT_CHARACTERS, extract_modules

A = "module a (input wire x, output wire y);\n  assign y = x;\nendmodule\n"
B = "module b (input wire x, output wire y);\n  a u_a (.x (x), .y (y));\nendmodule\n"


@pytest.mark.parametrize(
    ("reply", "modules"),
    [
        (f"```verilog\n{A}```", {"a": A}),
        (f"```\n{A}```", {"a": A}),
        (f"```systemverilog title=a.v\n{A}```\nThat is all.", {"a": A}),
        (f"~~~\n{A}~~~", {"a": A}),
        (f"````verilog\n{A}````", {"a": A}),
        (f"Sure:\n\n{A}\nHope it helps.", {"a": A}),
        (A, {"a": A}),
        (f"```verilog\n{A}```\nand\n```verilog\n{B}```", {"a": A, "b": B}),
        (f"```verilog\n{A}\n{B}```", {"a": A, "b": B}),
        (f"```verilog\n{A}", {"a": A}),
        (f"```python\nprint(1)\n```\n```verilog\n{A}```", {"a": A}),
        (f"`module` is a keyword; module a (see below) is this:\n```verilog\n{A}```", {"a": A}),
        (f"<think>module a; wire no; endmodule</think>\n```verilog\n{A}```", {"a": A}),
        (f"```verilog\n{A}```".replace("\n", "\r\n"), {"a": A}),
        (f"\ufeff```verilog\n{A}```", {"a": A}),
        (f"The module top (as asked) follows. {A}", {"a": A}),
        (f"```verilog\n`timescale 1ns/1ps\n`default_nettype none\n{A}```",
         {"a": f"`timescale 1ns/1ps\n`default_nettype none\n{A}"}),
        (f"```verilog\n{A}```\nsee module z; endmodule in prose", {"a": A}),
        (json.dumps({"code": A}), {"a": A}),
        (f"```json\n{json.dumps({'note': 'done', 'verilog': A + B}, indent=2)}\n```", {"a": A, "b": B}),
        (json.dumps({"code": f"```verilog\n{A}```"}), {"a": A}),
    ],
)  # fmt: skip
def test_modules_are_found(reply: str, modules: dict[str, str]):
    extraction = extract_modules(reply)
    assert extraction.modules == modules
    assert extraction.findings == []


@pytest.mark.parametrize(
    ("reply", "rule", "message"),
    [
        ("", "no-code", "the reply holds nothing"),
        ("   \n", "no-code", "the reply holds nothing"),
        ("I cannot do that.", "no-code", "the reply holds 4 words and no Verilog module"),
        ("```python\nclass Module: pass\n```", "no-code", "the reply holds 5 words and no Verilog module"),
        ("architecture rtl of a is begin end;", "no-code", "the reply holds 7 words and no Verilog module"),
        (f"```verilog\n{A[:-11]}", "reply-truncated",
         "module a has no `endmodule`; the reply ends after 2 lines of it"),
        ("```verilog\nmodule \\../../x (input y); endmodule\n```", "module-name",
         "module name '\\\\../../x' is not a plain identifier"),
        ("x" * (REPLY_LIMIT_CHARACTERS + 1), "reply-too-long",
         "the reply has 400,001 characters; at most 400,000 are read"),
    ],
)  # fmt: skip
def test_unusable_replies_become_findings(reply: str, rule: str, message: str):
    extraction = extract_modules(reply)
    assert extraction.modules == {}
    (finding,) = extraction.findings
    assert (finding.severity, finding.gate, finding.rule) == ("error", "reply", rule)
    assert finding.message == message
    assert finding.hint


def test_of_two_modules_of_one_name_the_later_counts_and_it_is_said():
    later = A.replace("= x", "= ~x")
    extraction = extract_modules(f"```verilog\n{A}```\nBetter:\n```verilog\n{later}```")
    assert extraction.modules == {"a": later}
    assert [finding.severity for finding in extraction.findings] == ["warning"]
    assert extraction.findings[0].message == "the reply holds module a twice; the later one is used"


def test_the_same_module_twice_is_no_finding():
    extraction = extract_modules(f"```verilog\n{A}```\nOnce more:\n```verilog\n{A}```")
    assert extraction.modules == {"a": A} and extraction.findings == []


def test_a_whole_module_before_a_cut_off_one_is_kept_and_the_cut_is_an_error():
    extraction = extract_modules(f"```verilog\n{A}\n{B[:-12]}")
    assert list(extraction.modules) == ["a"]
    assert [finding.rule for finding in extraction.findings] == ["reply-truncated"]


def test_100_kb_of_prose_is_read_quickly():
    extraction = extract_modules("the module and its endmodule `are` nice, module by module (really); " * 1500)
    assert extraction.modules == {}
    assert len(extraction.findings) == 1


@pytest.mark.parametrize(
    "piece",
    [
        "<think>",
        "module a(input x",
        "module a; endmodule ",
        "```\n",
        "/*",
        '"',
        "module \\x",
        "`",
        "// endmodule\n",
        "(((",
    ],
)
def test_the_worst_replies_are_read_quickly(piece: str):
    started = time.monotonic()
    extraction = extract_modules(piece * (REPLY_LIMIT_CHARACTERS // len(piece)))
    assert time.monotonic() - started < 20
    assert len(extraction.modules) + len(extraction.findings) <= 2


def test_too_many_modules_are_refused():
    many = "".join(f"module m{number}; endmodule\n" for number in range(201))
    (finding,) = extract_modules(many).findings
    assert finding.message == "the reply holds 201 modules; at most 200 are read"


FRAGMENTS = st.sampled_from(
    ["```", "```verilog\n", "~~~", "module ", "module a(", "endmodule", "//", "/*", "*/", '"', "\\", "`", "\n", "\r\n",
     "input x", ");", ";", "<think>", "</think>", "\x00", "é", "a", " "]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_reply_is_an_exception(reply: str):
    extraction = extract_modules(reply)
    assert extraction.modules or extraction.findings
    for name, text in extraction.modules.items():
        assert name.isidentifier() or "$" in name
        assert text.rstrip().endswith("endmodule")


def test_a_body_in_json_is_put_under_its_header():
    header = "module a (input wire x, output wire y);"
    reply = json.dumps({"body": "  assign y = x;\nendmodule"})
    assert extract_modules(reply, header).modules == {"a": f"{header}\nassign y = x;\nendmodule\n"}


def test_json_without_code_is_no_code():
    (finding,) = extract_modules('{"answer": "I cannot do that"}').findings
    assert finding.rule == "no-code"
