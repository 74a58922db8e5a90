"""The simulation gate with the real simulator: good designs pass, broken ones become findings, nothing hangs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from verif_designs import MAC_SPEC, MAC_TEXT

from tpugen.flows.activity import Activity
from tpugen.flows.process import Limits
from tpugen.results import SimulationResult
from tpugen.spec import DesignSpec, MultiplierSpec, SystolicArraySpec, contract_for, spec_from_dict
from tpugen.verif.simulation import compile_command, run_command, simulate

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
Written = Callable[..., list[Path]]
Composed = Callable[[DesignSpec], list[Path]]
SHORT = Limits(wall_s=12, cpu_s=12, memory_mb=4_000, file_mb=200)

WIDE = {
    "kind": "systolic_array",
    "rows": 2,
    "cols": 3,
    "activation_width_bits": 17,
    "weight_width_bits": 9,
    "accumulator_width_bits": 66,
}


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "adder", "width_bits": 3, "signed": False},
        {"kind": "adder", "width_bits": 32},
        {"kind": "multiplier", "activation_width_bits": 3, "weight_width_bits": 4, "signed": False},
        {"kind": "mac", "signed": False, "activation_width_bits": 3, "accumulator_width_bits": 11},
        WIDE,
        {**WIDE, "dataflow": "weight_stationary", "signed": False},
        {**WIDE, "dataflow": "input_stationary"},
        {"kind": "systolic_array", "rows": 1, "cols": 1},
        {"kind": "systolic_array", "rows": 1, "cols": 1, "dataflow": "weight_stationary"},
        {"kind": "systolic_array", "rows": 1, "cols": 4, "dataflow": "input_stationary"},
    ],
    ids=lambda data: "-".join(str(value) for value in data.values()),
)
def test_the_composer_passes(data: dict[str, object], composed: Composed, tmp_path: Path) -> None:
    spec = spec_from_dict(data)
    result = simulate(spec, composed(spec), tmp_path / "simulate", seed=5)
    assert result.findings == []
    assert result.verdict == "pass"
    assert all(test.passed for test in result.tests)
    assert result.results_checked > 60
    if contract_for(spec).clocked:
        assert result.measured_cycles == result.expected_cycles is not None
    folder = tmp_path / "simulate"
    assert result.waveform is not None
    assert (folder / result.waveform).stat().st_size > 0
    assert result.activity is not None
    activity = Activity.load(folder / result.activity)
    assert activity.cycles == (result.measured_cycles or activity.cycles)
    assert {path.name for path in folder.iterdir()} >= {"plan.json", "junit.xml", "command.txt", "log.txt", "harness.v"}


def test_the_same_seed_gives_the_same_result_and_another_does_not(written: Written, tmp_path: Path) -> None:
    files = written(MAC_TEXT)
    plans = []
    for number, seed in enumerate((3, 3, 4)):
        result = simulate(MAC_SPEC, files, tmp_path / str(number), seed=seed, waves=False)
        assert result.verdict == "pass"
        assert result.waveform is None
        plans.append((tmp_path / str(number) / "plan.json").read_text())
    assert plans[0] == plans[1] != plans[2]


def test_activity_of_a_known_signal(written: Written, tmp_path: Path) -> None:
    result = simulate(MAC_SPEC, written(MAC_TEXT), tmp_path / "simulate", seed=3)
    assert result.activity is not None
    activity = Activity.load(tmp_path / "simulate" / result.activity)
    assert activity.cycles == result.measured_cycles == 98
    assert set(activity.signals) >= {"operand_valid_i", "activation_i", "product_q", "first_q", "result_o"}
    # Six dot products back to back: valid rises once and falls once, a result is offered in six separate cycles.
    assert activity.signals["operand_valid_i"].toggles == [2]
    assert activity.signals["operand_valid_i"].ones == [96]
    assert activity.signals["result_valid_o"].ones == [6]
    assert activity.signals["operand_last_i"].ones == [6]


def _broken(old: str, new: str) -> str:
    assert MAC_TEXT.count(old) == 1, old
    return MAC_TEXT.replace(old, new)


def _fails(text: str, written: Written, tmp_path: Path) -> SimulationResult:
    result = simulate(MAC_SPEC, written(text), tmp_path / "simulate", seed=1, waves=False, limits=SHORT)
    assert result.verdict == "fail"
    assert result.findings
    assert all(finding.gate == "simulate" and finding.severity == "error" for finding in result.findings)
    return result


@pytest.mark.parametrize(
    ("old", "new", "rule", "words"),
    [
        ("[3:0]  weight_i,\n", "[3:0]  weights_i,\n", "compile", "weight_i"),
        ("sum_q <= sum;", "sum_q <= sum", "compile", "syntax error"),
        ("$signed(activation_i) * $signed(weight_i)", "activation_i * weight_i", "wrong-result", "expected"),
        ("first_q <= 1'b1;", "", "x-output", "bits of a valid result are unknown"),
        ("result_valid_o <= 1'b0;", "", "reset", "valid is X while rst_ni is low"),
        ("assign operand_ready_o = advance;", "assign operand_ready_o = 1'b0;", "stuck", "still offering: operand"),
        ("!result_valid_o || result_ready_i", "1'b1", "handshake", "valid fell on channel result"),
        (
            "    end else if (advance) begin\n      valid_q <= operand_valid_i;",
            "    end else if (advance) begin\n      valid_q <= 1'b1;",
            "extra-result",
            "were expected",
        ),
        ("(posedge clk_i or negedge rst_ni)", "(posedge clk_i)", "reset", "valid is 1 while rst_ni is low"),
    ],
)
def test_broken_designs_become_findings(
    old: str, new: str, rule: str, words: str, written: Written, tmp_path: Path
) -> None:
    result = _fails(_broken(old, new), written, tmp_path)
    rules = {finding.rule for finding in result.findings}
    assert rule in rules, result.findings
    assert any(words in finding.message for finding in result.findings if finding.rule == rule)


def test_a_wrong_latency_is_found_though_all_numbers_are_right(written: Written, tmp_path: Path) -> None:
    text = _broken("output reg  [10:0] result_o", "output wire [10:0] result_o")
    text = text.replace("output reg         result_valid_o", "output wire        result_valid_o")
    text = text.replace("result_valid_o || result_ready_i", "late_valid || result_ready_i")
    text = text.replace("result_valid_o <= 1'b0;", "early <= 1'b0; late_valid <= 1'b0;")
    text = text.replace("result_valid_o <= valid_q && last_q;", "early <= valid_q && last_q; late_valid <= early;")
    text = text.replace("result_o <= sum;", "early_sum <= sum;\n      late <= early_sum;")
    text = text.replace(
        "if (last_q) early_sum <= sum;\n      late <= early_sum;\n      end",
        "if (last_q) early_sum <= sum;\n      end\n      late <= early_sum;",
    )
    text = text.replace(
        "  wire advance",
        "  reg early, late_valid;\n  reg [10:0] early_sum, late;\n"
        "  assign result_valid_o = late_valid;\n  assign result_o = late;\n  wire advance",
        1,
    )
    result = _fails(text, written, tmp_path)
    assert {finding.rule for finding in result.findings} == {"latency"}
    assert "99 cycles from the first operand beat to the last result beat, both counted; the contract says 98" in (
        result.findings[0].message
    )
    assert (result.measured_cycles, result.expected_cycles) == (99, 98)


def test_a_wrong_product_is_explained_down_to_the_operands(composed: Composed, tmp_path: Path) -> None:
    spec = SystolicArraySpec(rows=2, cols=2, activation_width_bits=4, weight_width_bits=4, accumulator_width_bits=12)
    files = composed(spec)
    top = files[-1]
    top.write_text(top.read_text().replace(".Signed           (1)", ".Signed           (0)"))
    assert "(0)" in top.read_text()
    result = simulate(spec, files, tmp_path / "simulate", seed=1, waves=False)
    message = next(finding.message for finding in result.findings if finding.rule == "wrong-result")
    for words in (
        "test full_rate: cycle ",
        "result beats are wrong. First in tile 1 of 6, result beat 1: ",
        " columns wrong; column ",
        "(12'h",
        "expected ",
        "it is the dot product (K = 16) of activations [",
    ):
        assert words in message


def test_a_wrong_vector_of_a_unit_names_its_operands(written: Written, tmp_path: Path) -> None:
    text = (
        "module multiplier_s3xs3 (input wire [2:0] activation_i, input wire [2:0] weight_i,"
        " output wire [5:0] product_o);\n  assign product_o = activation_i * $signed(weight_i);\nendmodule\n"
    )
    spec = MultiplierSpec(activation_width_bits=3, weight_width_bits=3)
    result = simulate(spec, written(text), tmp_path / "simulate", seed=1, waves=False)
    assert result.findings[0].message == (
        "test corners: vector 1: wrong output. activation_i = 3 (3'h3), weight_i = -4 (3'h4): "
        "product_o is 12 (6'h0c), expected -12 (6'h34)"
    )


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (
            "endmodule",
            "  reg closed;\n  wire loop;\n  assign loop = closed ? ~loop : 1'b0;\n"
            "  initial begin\n    closed = 1'b0;\n    #2000 closed = 1'b1;\n  end\nendmodule",
            "endless",
        ),
        ("endmodule", "  always @(posedge clk_i) while (operand_valid_i) begin end\nendmodule", "endless"),
        ("endmodule", "  initial #3000 $finish;\nendmodule", "ended-early"),
        ("endmodule", "  initial $finish;\nendmodule", "ended-early"),
        ("endmodule", "  initial #500 $stop;\nendmodule", "ended-early"),
        ("endmodule", "  initial tpugen_harness.drive = 0;\nendmodule", "reserved-name"),
    ],
    ids=["oscillation", "endless-loop", "finish-late", "finish-at-once", "stop", "tampering"],
)
def test_hostile_designs_are_contained(old: str, new: str, rule: str, written: Written, tmp_path: Path) -> None:
    result = _fails(_broken(old, new), written, tmp_path)
    assert rule in {finding.rule for finding in result.findings}, result.findings


def test_junk_in_the_report_does_not_make_a_pass(written: Written, tmp_path: Path) -> None:
    """A design that prints what a bench would say changes nothing: the verdict comes from files it cannot name."""
    text = _broken(
        "endmodule",
        '  initial $display("{\\"event\\": \\"pass\\", \\"test\\": \\"full_rate\\"}");\n  initial $finish;\nendmodule',
    )
    assert _fails(text, written, tmp_path).results_checked == 0


def test_commands_are_pure(tmp_path: Path) -> None:
    assert compile_command("/x/iverilog", [Path("/d/a.v")]) == [
        "/x/iverilog",
        "-g2005",
        "-o",
        "sim.vvp",
        "-s",
        "tpugen_harness",
        "harness.v",
        "/d/a.v",
    ]
    command = run_command("/x/vvp")
    assert command[:3] == ["/x/vvp", "-n", "-m"]
    assert "cocotbvpi" in command[3]


def test_every_test_is_recorded_with_seconds(written: Written, tmp_path: Path) -> None:
    result = simulate(MAC_SPEC, written(MAC_TEXT), tmp_path / "simulate", seed=1, waves=False)
    plan = json.loads((tmp_path / "simulate" / "plan.json").read_text())
    assert [test.name for test in result.tests] == [test["name"] for test in plan["tests"]]
    assert sum(test.seconds for test in result.tests) > 0
