"""The bench of designs with many channels: what it accepts, what it refuses, and in which words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transaction_designs import ECHO, echo_contract, echo_plan

from tpugen.flows import process
from tpugen.flows.activity import Activity
from tpugen.results import SimulationResult
from tpugen.verif.bench_simulators import wire_lines
from tpugen.verif.simulation import Bench, bench_events, run_bench
from tpugen.verif.transaction_findings import transaction_finding
from tpugen.verif.transaction_harness import transaction_harness_text
from tpugen.verif.transaction_ports import BeatPacker
from tpugen.verif.transactions import write_transactions

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
CONTRACT = echo_contract()


def _run(text: str, folder: Path, *, waves: bool = False) -> SimulationResult:
    plan = echo_plan()
    folder.mkdir()
    file = folder / "echo.v"
    file.write_text(text)
    bench = Bench(CONTRACT, plan, lambda event: transaction_finding(CONTRACT, plan, event))
    return run_bench(bench, [file], folder / "sim", waves=waves, limits=process.Limits(wall_s=60, cpu_s=60))


@needs_icarus
def test_a_sound_design_passes_and_is_measured(tmp_path: Path) -> None:
    result = _run(ECHO, tmp_path / "echo", waves=True)
    assert (result.verdict, result.findings) == ("pass", [])
    assert (result.measured_cycles, result.expected_cycles) == (5, 5)
    assert [test.name for test in result.tests] == ["full_rate", "inverted", "stalls", "reset"]
    # 4 and a look; 8; 40; a look and 4 after the reset.
    assert result.results_checked == 5 + 8 + 40 + 5
    assert result.waveform == "waves.fst"
    activity = Activity.load(tmp_path / "echo" / "sim" / str(result.activity))
    window = next(event for event in bench_events(tmp_path / "echo" / "sim") if event["event"] == "window")
    assert activity.cycles == round((window["end_ns"] - window["begin_ns"]) / 10) < 10
    assert activity.signals["valid_q"].toggles == [1]
    assert activity.signals["count_q"].ones[0] > 0


BROKEN = {
    "wrong number": (
        "in_i ^ {8{invert_i}}", "in_i ^ {7'd0, invert_i}", "inverted", "wrong-result",
        "First wrong: beat 1 of 4 in a frame: out_o: is 2 (0x02), expected -4 (0xFC)",
    ),
    "last flag": ("{in_last_i,", "{1'b0,", "full_rate", "wrong-result", "out_last_o is 0, expected 1"),
    "payload moves": (
        "assign out_o = beat_q[7:0];", "assign out_o = beat_q[7:0] ^ {7'd0, valid_q && !out_ready_i};", "stalls",
        "handshake", "the payload changed on channel out while it waited for ready",
    ),
    "valid falls": (
        "if (!valid_q || out_ready_i) valid_q <=", "valid_q <=", "stalls", "handshake", "valid fell on channel out",
    ),
    "a beat twice": (
        "valid_q <= in_valid_i && in_ready_o;", "valid_q <= in_valid_i && in_ready_o || valid_q && beat_q[8];",
        "full_rate", "extra-result", "a beat came on channel out where none was expected: out_o = 17 (0x11)",
    ),
    "stuck": (
        "assign out_valid_o = valid_q;", "assign out_valid_o = valid_q && !beat_q[8];", "full_rate", "stuck",
        "still owing: out (1 beats missing). First of those owed: beat 4 of 4 in the first frame",
    ),
    "unknown": (
        "assign out_o = beat_q[7:0];", "assign out_o = {beat_q[7:1], beat_q[0] & 1'bx};", "full_rate", "x-output",
        "bits of a beat on channel out are unknown",
    ),
    "no reset": (
        "valid_q <= 1'b0;\n      count_q", "count_q", "full_rate", "reset",
        "valid of channel out is X while rst_ni is low",
    ),
    "wrong status": (
        "count_q <= count_q + 4'd1", "count_q <= count_q + 4'd2", "full_rate", "wrong-status",
        "count_o is 2, expected 1 (frames after one)",
    ),
    "slow": (
        "assign in_ready_o = !valid_q || out_ready_i;",
        "reg pause_q; assign in_ready_o = (!valid_q || out_ready_i) && !pause_q; "
        "always @(posedge clk_i or negedge rst_ni) if (!rst_ni) pause_q <= 1'b0; "
        "else pause_q <= in_valid_i && !pause_q;",
        "full_rate", "latency", "the frame took 8 cycles; the contract says 5",
    ),
}  # fmt: skip


@needs_icarus
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_design_is_told_in_words(name: str, tmp_path: Path) -> None:
    found, replaced, test, rule, words = BROKEN[name]
    assert found in ECHO
    result = _run(ECHO.replace(found, replaced), tmp_path / "echo")
    assert result.verdict == "fail"
    finding = next(finding for finding in result.findings if f"test {test}:" in finding.message)
    assert (finding.rule, finding.severity, finding.gate) == (rule, "error", "simulate")
    assert words in finding.message
    assert "The test: " in finding.message


@needs_icarus
def test_an_end_in_the_middle_is_no_pass(tmp_path: Path) -> None:
    result = _run(ECHO.replace("endmodule", "  initial #300 $finish;\nendmodule"), tmp_path / "echo")
    assert result.verdict == "fail"
    assert {finding.rule for finding in result.findings} == {"ended-early"}


def test_the_harness_connects_every_port() -> None:
    text = transaction_harness_text(CONTRACT, echo_plan(), "waves.fst")
    for port in CONTRACT.ports:
        assert f".{port.name}(" in text
    assert "$dumpvars(0, u_dut)" in text
    assert "$dump" not in transaction_harness_text(CONTRACT, echo_plan(), None)


def test_plans_are_stored_without_their_words(tmp_path: Path) -> None:
    write_transactions(echo_plan(), tmp_path / "plan.json")
    stored = json.loads((tmp_path / "plan.json").read_text())
    expect = next(step for step in stored["tests"][0]["steps"] if step["do"] == "expect")
    assert expect == {
        "do": "expect", "channel": "out", "beats": ["3", "fa", "0", "111"], "care": None, "tags": None
    }  # fmt: skip
    assert stored["drive_bits"] == 1 + 10 + 1 + 1
    assert stored["sample_bits"] == 1 + 10 + 4


@given(st.integers(-128, 127), st.integers(0, 1))
def test_beats_hold_what_their_ports_hold(number: int, last: int) -> None:
    packer = BeatPacker(CONTRACT)
    beat = packer.beat("in", {"in_i": number, "in_last_i": last})
    assert packer.ports("in", beat) == {"in_i": number & 0xFF, "in_last_i": last}
    assert packer.care("in", {"in_last_i": 1}) == 1 << 8


def test_what_is_counted_is_registers_and_the_tops_ports(tmp_path: Path) -> None:
    top, part = tmp_path / "top.v", tmp_path / "part.v"
    top.write_text(
        "module top (\n  input  wire clk_i,\n  output wire q_o\n);\n  wire inner;\n  part u (clk_i);\nendmodule\n"
    )
    part.write_text("module part (\n  input wire clk_i\n);\n  reg q;\n  wire w = q;\n  wire same;\n  assign same = q;\n"
                    "  always @(posedge clk_i) q <= w;\nendmodule\n")  # fmt: skip
    assert wire_lines([top, part], "top") == {top: [5], part: [2, 5]}
