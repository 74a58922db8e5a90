"""The simulation gate of the hybrid accelerator: every token bit for bit, every operator's cycles, every violation."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.rtl_checks import overwrite_with

from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.results import SimulationResult
from tpugen.spec import CellFaults, DesignSpec, PimLlmSpec, ReadNoise
from tpugen.verif.accelerator_bench import accelerator_plan, simulate_accelerator, simulator_for
from tpugen.verif.pim_llm_mutants import LLM_MUTANTS
from tpugen.verif.simulation import simulate
from tpugen.verif.transactions import Expect

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
SMALL = PimLlmSpec(
    d=4, heads=2, d_ff=6, context=3, rows=2, cols=2, operand_depth=2, crossbar_rows=3, crossbar_cols=3, adc_bits=3,
    columns_per_adc=2,
)  # fmt: skip
GATED = PimLlmSpec(
    d=6, heads=2, kv_heads=1, d_ff=11, context=4, gated=True, norm="layer_norm", activation="relu2", weights="binary",
    rows=2, cols=5, operand_depth=4, crossbar_rows=4, crossbar_cols=5, adc_bits=4, columns_per_adc=3,
    zero_skipping=True, faults=CellFaults(seed=0xFFFFFFFE, stuck_off=3000, stuck_on=2000),
    noise=ReadNoise(seed=0x7FFFFFFD, sigma=300),
)  # fmt: skip

Composed = Callable[[DesignSpec], list[Path]]


def _icarus(spec: PimLlmSpec, files: list[Path], folder: Path, *, waves: bool = False) -> SimulationResult:
    return simulate_accelerator(spec, files, folder, seed=1, waves=waves, simulator="icarus")


@needs_icarus
@pytest.mark.parametrize("spec", [SMALL, GATED], ids=["small", "gated"])
def test_a_sound_layer_passes(spec: PimLlmSpec, composed: Composed, tmp_path: Path) -> None:
    """Also where nothing divides, cells are stuck, reads are noisy, planes are skipped and ADCs clip."""
    result = _icarus(spec, composed(spec), tmp_path / "sim", waves=True)
    assert result.verdict == "pass", result.findings
    assert all(finding.severity == "info" for finding in result.findings)
    counted = result.accelerator
    assert counted is not None
    assert (counted.position, counted.tokens) == (spec.context - 1, spec.context)
    names = [operator.name.lower() for operator in Operator if spec.gated or operator is not Operator.GATE]
    for operators in (counted.first, counted.operators):
        assert [item.name for item in operators] == names
        assert [item.simulated_cycles - item.model_cycles for item in operators] == [0] * len(names)
    total = sum(item.simulated_cycles for item in counted.operators)
    assert result.measured_cycles == result.expected_cycles == total
    assert [record.name for record in counted.clipping] == list(spec.shape.matrices)
    assert all(0 < record.planes_read <= record.planes for record in counted.clipping)
    # The window is the token from its start to its last number, and the few cycles of the host around it.
    assert total <= counted.activity_window_cycles <= total + 16
    assert sum(counted.activity_cycles.values()) == total


MUTANTS = {
    "softmax counted as scores": ("wrong-result", "cycles of SCORES in operator counters of the token at position 0"),
    "queries wrap": ("wrong-result", "element 0 of x2 in the layer's result for the token at position 0"),
    "the rest of an aborted frame is the next token": ("stuck", "test aborts: "),
}


@needs_icarus
@pytest.mark.parametrize("fault", MUTANTS)
def test_a_broken_layer_is_refused(fault: str, composed: Composed, tmp_path: Path) -> None:
    rule, words = MUTANTS[fault]
    mutant = next(mutant for mutant in LLM_MUTANTS if mutant.fault == fault)
    paths = composed(SMALL)
    overwrite_with(mutant, paths)
    result = _icarus(SMALL, paths, tmp_path / "sim")
    assert result.verdict == "fail"
    assert any(finding.rule == rule and words in finding.message for finding in result.findings), result.findings


def test_the_plan_of_the_issues_example_is_bounded() -> None:
    spec = PimLlmSpec(
        d=64, heads=4, rows=32, cols=32, crossbar_rows=128, crossbar_cols=128, adc_bits=6
    )  # fmt: skip
    assert simulator_for(spec) == "verilator"
    plan = accelerator_plan(spec, 1)
    tokens = sum(isinstance(step, Expect) and step.channel == "m_axis_x" for test in plan.tests for step in test.steps)
    assert 30 <= tokens <= 60
    assert "16 tokens" in next(test.meaning for test in plan.tests if test.name == "full_rate")


def test_layers_that_are_too_large_are_refused(tmp_path: Path) -> None:
    result = simulate(PimLlmSpec(d=4096, heads=32, d_ff=16384), [], tmp_path / "sim", seed=1)
    assert [finding.rule for finding in result.findings] == ["too-large"]
