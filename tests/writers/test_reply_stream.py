"""Replies that go on for ever, and those that only look so."""

from __future__ import annotations

import time

import pytest

from tpugen.rtl_templates import load_library
from tpugen.writers.reply_stream import loops

MODULE = "module pe (input wire a, output wire b);\n  wire c;\n  assign b = a & c;\nendmodule\n\n"


@pytest.mark.parametrize(
    "block",
    ["x", "0, ", "wire x;\n", "assign y = a & b;\n", MODULE, MODULE * 3 + "// once more\n", "line " * 250 + "\n"],
)
def test_the_same_block_over_and_over(block: str):
    times = 4 + 1000 // len(block)
    assert loops("Here it is.\n" + block * times)
    assert loops("Here it is.\n" + block * times + block[: len(block) // 2])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short " * 10,
        "wire x;\n" * 100,  # 800 characters of it
        MODULE * 3,
        "".join(f"  assign y[{bit}] = a[{bit}] & b;\n" for bit in range(300)),
        "".join(f"  8'd{value}: square_o = 16'd{value * value};\n" for value in range(256)),
        "x" * 2000 + "\n" + "".join(f"{value} " for value in range(3000)),
    ],
)
def test_other_texts_do_not_loop(text: str):
    assert not loops(text)


def test_no_module_of_the_library_loops_at_any_length():
    for module in load_library().values():
        source = module.source
        assert not any(loops(source[:length]) for length in range(1000, len(source) + 400, 400)), module.name


def test_a_long_reply_is_looked_at_quickly():
    text = "".join(f"wire w{number}; // {number * 7919 % 10007}\n" for number in range(50_000))
    started = time.process_time()
    assert not loops(text)
    assert time.process_time() - started < 0.25
