"""Python references: what each form means to the bench, and what is said of references that are wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tpugen.errors import RequestError
from tpugen.flows import process
from tpugen.results import SimulationResult
from tpugen.spec import CustomSpec
from tpugen.verif.custom_bench import check_reference, simulate_custom
from tpugen.verif.custom_plan import custom_mode, make_custom_plan

ADD = "module add (\n  input wire [3:0] a_i,\n  input wire [3:0] b_i,\n  output wire [4:0] sum_o\n);\n"
CLOCKED = (
    "// reset: rst, synchronous, active high\n"
    "module acc (\n  input wire clk,\n  input wire rst,\n  input wire signed [3:0] a_i,\n"
    "  output wire signed [7:0] q_o\n);\n"
)


def spec(contract: str, reference: str) -> CustomSpec:
    return CustomSpec.from_texts(contract, reference)


def judged(one: CustomSpec, body: str, tmp_path: Path) -> SimulationResult:
    """Simulate the contract's header with this body."""
    path = tmp_path / f"{one.module}.v"
    path.write_text(f"{one.contract.rstrip()}\n{body}\nendmodule\n", encoding="utf-8")
    return simulate_custom(one, [path], tmp_path / "sim", seed=1, waves=False)


# -- forms --------------------------------------------------------------------------------------------------------


def test_a_small_combinational_design_is_compared_for_every_input(tmp_path: Path) -> None:
    one = spec(ADD, "def reference(a_i: int, b_i: int) -> int:\n    return a_i + b_i\n")
    assert custom_mode(one) == "combinational"
    assert make_custom_plan(one, 1).exhaustive
    result = judged(one, "  assign sum_o = {1'b0, a_i} + {1'b0, b_i};", tmp_path)
    assert (result.verdict, [test.name for test in result.tests]) == ("pass", ["corners", "random", "exhaustive"])
    # wrong for one input of 256: only the exhaustive test is sure to see it
    body = "  assign sum_o = (a_i == 4'd9 && b_i == 4'd6) ? 5'd0 : {1'b0, a_i} + {1'b0, b_i};"
    result = judged(one, body, tmp_path)
    assert result.verdict == "fail"
    assert "for a_i = 9 (4'h9), b_i = 6 (4'h6): sum_o is 0 (5'h00), expected 15 (5'h0f)" in result.findings[-1].message


def test_outputs_that_are_none_may_be_anything(tmp_path: Path) -> None:
    contract = ADD.replace("sum_o\n", "sum_o,\n  output wire ok_o\n")
    one = spec(
        contract, "def reference(a_i, b_i):\n    return {'ok_o': b_i != 0, 'sum_o': a_i // b_i if b_i else None}\n"
    )
    body = "  assign ok_o = |b_i;\n  assign sum_o = {1'b0, a_i} / {1'b0, b_i};"  # x for a divisor of 0
    assert judged(one, body, tmp_path).verdict == "pass"
    assert judged(one, body.replace("|b_i", "1'b1"), tmp_path).verdict == "fail"


def test_a_function_with_a_latency_judges_a_pipeline(tmp_path: Path) -> None:
    one = spec(f"// latency: 2 cycles\n{CLOCKED}", "def reference(a_i):\n    return a_i * a_i\n")
    assert custom_mode(one) == "pipelined"
    body = """  reg signed [3:0] a_q;
  reg signed [7:0] q_q;
  always @(posedge clk) begin
    a_q <= a_i;
    q_q <= a_q * a_q;
  end
  wire unused = rst;
  assign q_o = q_q;"""
    result = judged(one, body, tmp_path)
    assert (result.verdict, result.measured_cycles, result.expected_cycles) == ("pass", 2, 2)
    result = judged(one, body.replace("a_q * a_q", "a_i * a_i"), tmp_path)
    assert {finding.rule for finding in result.findings} >= {"latency"}
    assert "the outputs come 1 cycle too early" in result.findings[0].message


SYNCHRONOUS = "  reg signed [7:0] q_q;\n  always @(posedge clk) q_q <= rst ? 8'sd0 : q_q + a_i;\n  assign q_o = q_q;"
SUM = """class Reference:
    def reset(self):
        self.q = 0
        return self.q

    def step(self, a_i):
        self.q = (self.q + a_i + 128) % 256 - 128
        return self.q
"""


def test_a_synchronous_reset_of_either_level_is_driven_as_the_contract_says(tmp_path: Path) -> None:
    assert judged(spec(CLOCKED, SUM), SYNCHRONOUS, tmp_path).verdict == "pass"
    result = judged(spec(CLOCKED, SUM), SYNCHRONOUS.replace("rst ?", "!rst ?"), tmp_path)
    assert result.verdict == "fail"
    low = CLOCKED.replace("active high", "active low")
    assert judged(spec(low, SUM), SYNCHRONOUS.replace("rst ?", "!rst ?"), tmp_path).verdict == "pass"


def test_outputs_that_follow_the_inputs_at_once_are_given_by_outputs(tmp_path: Path) -> None:
    reference = SUM.replace("        return self.q\n\n", "\n", 1).replace("        return self.q\n", "")
    reference += "\n    def outputs(self, a_i):\n        return (self.q + a_i + 128) % 256 - 128\n"
    one = spec(CLOCKED, reference)
    assert judged(one, SYNCHRONOUS.replace("q_o = q_q", "q_o = q_q + a_i"), tmp_path).verdict == "pass"
    assert make_custom_plan(one, 1).answer_cycles == 0
    assert judged(one, SYNCHRONOUS, tmp_path).verdict == "fail"


def test_a_reference_may_use_numpy_and_its_own_stimulus(tmp_path: Path) -> None:
    reference = """import numpy as np

def reference(a_i, b_i):
    return np.int64(a_i) + np.int64(b_i)

def stimulus(rng):
    while True:
        yield {"a_i": 15}
"""
    plan = make_custom_plan(spec(ADD, reference), 1).plan
    own = next(test for test in plan.tests if test.name == "stimulus")
    assert {value & 15 for value in own.drive} == {15}
    assert len({value >> 4 for value in own.drive}) == 16  # what it leaves out is drawn


# -- mistakes -----------------------------------------------------------------------------------------------------

MISTAKES = [
    (ADD, "def reference(a_i, b_i):\n    x = 1\n    return x / 0\n",
     "reference.py:3: reference(a_i=15, b_i=8) raised ZeroDivisionError: division by zero"),
    (ADD, "def reference(a_i, b_i):\n    return a_i + b_i + 10\n", "which does not fit its 5 unsigned bits: 0 to 31"),
    (ADD, "def reference(a_i, b_i):\n    return a_i - b_i\n", "which does not fit its 5 unsigned bits: 0 to 31"),
    (ADD, "def reference(a_i, b_i):\n    return {}\n", "returned no sum_o"),
    (ADD, "def reference(a_i, b_i):\n    return {'total_o': 1}\n", "returned total_o, which is no output; outputs"),
    (ADD, "def reference(a_i, b_i):\n    return None\n", "returned None; a dict of sum_o is expected"),
    (ADD, "def reference(a_i, b_i):\n    return 1.5\n", "returned sum_o = 1.5 (float); an int is expected"),
    (ADD, "import nonsense_module\ndef reference(a_i, b_i):\n    return 0\n",
     "reference.py:1: loading reference.py raised ModuleNotFoundError: No module named 'nonsense_module'"),
    (ADD, "def reference(a_i, b_i):\n    return reference(a_i, b_i)\n", "raised RecursionError"),
    (ADD, "import sys\ndef reference(a_i, b_i):\n    sys.exit(3)\n", "raised SystemExit: 3"),
    (ADD, "def reference(a_i, b_i):\n    return 0\ndef stimulus(rng):\n    yield {'c_i': 1}\n",
     "reference.py:3: stimulus(rng) gave c_i, which is no input"),
    (ADD, "def reference(a_i, b_i):\n    return 0\ndef stimulus(rng):\n    yield {'a_i': 16}\n",
     "stimulus(rng) gave a_i = 16, which does not fit its 4 unsigned bits"),
    (CLOCKED, SUM.replace("return self.q\n\n", "return {'x': 1}\n\n"), "reset() returned x, which is no output"),
    (f"// latency: 3\n{CLOCKED}", SUM, "says a latency of 3, but the outputs of reference.py first answer"),
]  # fmt: skip


@pytest.mark.parametrize(("contract", "reference", "message"), MISTAKES)
def test_a_mistake_in_the_reference_is_said_before_anything_is_written(
    contract: str, reference: str, message: str
) -> None:
    with pytest.raises(RequestError) as caught:
        check_reference(spec(contract, reference), 1)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_loop_that_never_ends_is_stopped() -> None:
    one = spec(ADD, "def reference(a_i, b_i):\n    while True:\n        pass\n")
    begin = time.monotonic()
    with pytest.raises(RequestError, match=r"reference\.py did not come to an end") as caught:
        make_custom_plan(one, 1, limits=process.Limits(wall_s=2, cpu_s=2, memory_mb=2_000, file_mb=10))
    assert time.monotonic() - begin < 30
    assert "look for a loop that never ends" in str(caught.value)
