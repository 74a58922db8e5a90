"""Test benches of the user's own as judges: cocotb modules and self-checking Verilog."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.custom_designs import ACCUMULATOR, EXAMPLES

from tpugen.errors import RequestError
from tpugen.results import SimulationResult
from tpugen.spec import CustomSpec
from tpugen.verif.custom_bench import check_reference, simulate_custom
from tpugen.verif.custom_testbench import judge_output

CONTRACT = (EXAMPLES / "saturating_accumulator.v").read_text(encoding="utf-8")

VERILOG_BENCH = """
module tb;
  reg clk = 0, rst_n = 0, clear = 0, valid = 0;
  reg signed [7:0] sample = 0;
  wire signed [11:0] sum;
  wire full;
  integer n, errors = 0;
  saturating_accumulator dut (
    .clk_i (clk), .rst_ni (rst_n), .clear_i (clear), .valid_i (valid), .sample_i (sample), .sum_o (sum), .full_o (full)
  );
  always #5 clk = ~clk;
  initial begin
    repeat (2) @(negedge clk);
    rst_n = 1; valid = 1; sample = 100;
    for (n = 1; n <= 30; n = n + 1) begin
      @(negedge clk);
      if (sum !== ((n * 100 > 2047) ? 2047 : n * 100)) begin
        errors = errors + 1;
        $display("ERROR: after %0d samples sum is %0d", n, sum);
      end
    end
    if (errors == 0) $display("PASS: 30 checks");
    $finish;
  end
endmodule
"""

COCOTB_BENCH = """
import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


async def start(dut):
    dut.rst_ni.value = 0
    dut.clear_i.value = 0
    dut.valid_i.value = 0
    dut.sample_i.value = 0
    Clock(dut.clk_i, 8, unit="ns").start()
    await FallingEdge(dut.clk_i)
    await FallingEdge(dut.clk_i)
    dut.rst_ni.value = 1


@cocotb.test()
async def saturates(dut):
    await start(dut)
    dut.valid_i.value = 1
    dut.sample_i.value = 127
    for _ in range(30):
        await FallingEdge(dut.clk_i)
    assert dut.sum_o.value.to_signed() == 2047, f"sum_o is {dut.sum_o.value.to_signed()}"


@cocotb.test()
async def holds_without_valid(dut):
    await start(dut)
    dut.sample_i.value = 5
    await FallingEdge(dut.clk_i)
    assert dut.sum_o.value.to_signed() == 0
"""

WRAPS = ACCUMULATOR.replace("(wide > 13'sd2047) ? 12'sd2047 : ", "")


def bench(name: str, text: str) -> CustomSpec:
    return CustomSpec.from_texts(CONTRACT, text, reference_name=name)


def judged(one: CustomSpec, rtl: str, tmp_path: Path, *, waves: bool = False) -> SimulationResult:
    path = tmp_path / "saturating_accumulator.v"
    path.write_text(rtl, encoding="utf-8")
    return simulate_custom(one, [path], tmp_path / "sim", seed=1, waves=waves)


def test_a_verilog_bench_judges_a_design(tmp_path: Path) -> None:
    one = bench("tb.v", VERILOG_BENCH)
    assert check_reference(one, 1) == "finds fault with a saturating_accumulator whose outputs stay 0"
    result = judged(one, ACCUMULATOR, tmp_path, waves=True)
    assert (result.verdict, result.waveform, result.activity) == ("pass", "waves.fst", "activity.json")
    assert [(test.name, test.passed) for test in result.tests] == [("tb", True)]
    result = judged(one, WRAPS, tmp_path)
    assert (result.verdict, result.findings[0].rule) == ("fail", "test-failed")
    assert "the test bench says: ERROR: after 21 samples sum is -1996" in result.findings[0].message
    assert "(and 5 more lines)" in result.findings[0].message


def test_a_cocotb_module_judges_a_design(tmp_path: Path) -> None:
    one = bench("test_sum.py", COCOTB_BENCH)
    assert one.reference_kind == "cocotb"
    assert check_reference(one, 1) == "finds fault with a saturating_accumulator whose outputs stay 0"
    result = judged(one, ACCUMULATOR, tmp_path, waves=True)
    assert (result.verdict, result.waveform, result.activity) == ("pass", "waves.fst", "activity.json")
    assert [(test.name, test.passed) for test in result.tests] == [("saturates", True), ("holds_without_valid", True)]
    result = judged(one, WRAPS, tmp_path)
    assert [finding.rule for finding in result.findings] == ["test-failed"]
    assert "test saturates: sum_o is -286" in result.findings[0].message


def test_a_bench_that_checks_nothing_is_refused() -> None:
    blind = VERILOG_BENCH.replace("sum !== ", "0 && sum !== ")
    with pytest.raises(
        RequestError, match=r"tb\.v checks nothing: it finds no fault with a saturating_accumulator whose"
    ):
        check_reference(bench("tb.v", blind), 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (".full_o (full)", ".busy_o (full)", r"tb\.v does not run: .*busy_o"),
        ("always #5", "always #5 #", r"tb\.v does not run: tb\.v:1\d: "),
    ],
)
def test_a_verilog_bench_that_does_not_compile_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        check_reference(bench("tb.v", VERILOG_BENCH.replace(old, new)), 1)


def test_a_cocotb_module_that_cannot_be_imported_is_refused() -> None:
    with pytest.raises(RequestError, match=r"test_sum\.py does not run: .*No module named 'nonsense_module'"):
        check_reference(bench("test_sum.py", f"import nonsense_module\n{COCOTB_BENCH}"), 1)


def test_a_bench_that_never_ends_is_a_finding(tmp_path: Path) -> None:
    from tpugen.flows import process

    one = bench("tb.v", VERILOG_BENCH.replace("$finish;", "forever #1 clear = ~clear;"))
    path = tmp_path / "saturating_accumulator.v"
    path.write_text(ACCUMULATOR, encoding="utf-8")
    limits = process.Limits(wall_s=3, cpu_s=3, memory_mb=2_000, file_mb=50)
    result = simulate_custom(one, [path], tmp_path / "sim", seed=1, waves=False, limits=limits)
    assert (result.verdict, result.findings[0].rule) == ("fail", "endless")


@pytest.mark.parametrize(
    ("output", "rule"),
    [
        ("PASS\n", None),
        ("all 12 tests passed\n", None),
        ("Mismatches: 0 in 100 samples\n", None),
        ("Hint: Output 'q' has no mismatches.\nMismatches: 0 in 439 samples\n", None),
        ("done, 0 errors\n", None),
        ("Mismatches: 3 in 100 samples\n", "test-failed"),
        ("Mismatches: 0 in 0 samples\n", "nothing-checked"),
        ("PASS step 1\nFAIL step 2\n", "test-failed"),
        ("ERROR: sum is wrong\nPASSED\n", "test-failed"),
        ("Simulation timed out\n", "test-failed"),
        ("10 errors\n", "test-failed"),
        ("bypass enabled\n", "no-verdict"),
        ("hello\n", "no-verdict"),
        ("", "no-verdict"),
    ],
)
def test_what_a_verilog_bench_says_decides(output: str, rule: str | None) -> None:
    findings, _ = judge_output(output, 0)
    assert [finding.rule for finding in findings] == ([] if rule is None else [rule])


def test_an_exit_code_refuses_whatever_was_printed() -> None:
    findings, _ = judge_output("PASS\n", 1)
    assert findings[0].message == "the test bench ended with code 1; it said last: PASS"


def test_what_a_bench_compared_is_counted() -> None:
    assert judge_output("Mismatches: 0 in 439 samples\n", 0) == ([], 439)
