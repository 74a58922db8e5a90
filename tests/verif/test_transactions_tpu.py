"""The simulation gate of tensor units: sound ones pass cycle for cycle, broken ones are refused in words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rtl_checks import overwrite_with

from tpugen.arithmetic.tpu import job_cycles
from tpugen.spec import DesignSpec, TpuSpec
from tpugen.verif.accelerator_bench import accelerator_plan, simulator_for
from tpugen.verif.simulation import simulate
from tpugen.verif.tpu_effort import tpu_effort
from tpugen.verif.tpu_mutants import TPU_MUTANTS
from tpugen.verif.transactions import Expect, Measure, Send, write_transactions

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
SPEC = TpuSpec(rows=3, cols=2, operand_depth=4, unsigned_activations=True)

Composed = Callable[[DesignSpec], list[Path]]


@needs_icarus
@pytest.mark.parametrize("spec", [SPEC, TpuSpec(rows=17, cols=1, operand_depth=2, multiplier_width_bits=5)])
def test_a_sound_unit_passes(spec: TpuSpec, composed: Composed, tmp_path: Path) -> None:
    result = simulate(spec, composed(spec), tmp_path / "sim", seed=1)
    assert (result.verdict, result.findings) == ("pass", [])
    size = tpu_effort(spec).full_rate
    assert result.measured_cycles == result.expected_cycles == job_cycles(spec.shape, *size)
    assert result.activity is not None
    counted = result.accelerator
    assert counted is not None
    assert [item.shape for item in counted.operators] == [
        f"{s.m} x {s.k} x {s.n}" for s in (size, *tpu_effort(spec).sizes)
    ]
    assert all(item.simulated_cycles == item.model_cycles > 0 for item in counted.operators)
    assert ("unsigned" in {test.name for test in result.tests}) == spec.unsigned_activations


MUTANTS = {
    "old biases added": ("wrong-result", "First wrong: row "),
    "no double buffering": ("latency", "from its start to its interrupt, took "),
    "error bits never fall": ("wrong-result", "UNKNOWN_ADDRESS"),
    "abort not handed on": ("stuck", "First of those owed: row 0 of C, columns 0 to 1 in results of a job that was"),
}


@needs_icarus
@pytest.mark.parametrize("fault", MUTANTS)
def test_a_broken_unit_is_refused(fault: str, composed: Composed, tmp_path: Path) -> None:
    rule, words = MUTANTS[fault]
    mutant = next(mutant for mutant in TPU_MUTANTS if mutant.fault == fault)
    paths = composed(SPEC)
    overwrite_with(mutant, paths)
    result = simulate(SPEC, paths, tmp_path / "sim", seed=1, waves=False)
    assert result.verdict == "fail"
    assert any(finding.rule == rule and words in finding.message for finding in result.findings), result.findings


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 33), st.integers(1, 33), st.sampled_from([2, 3, 16, 256, 8192]), st.integers(1, 32), st.booleans()
)
def test_every_unit_has_a_plan(rows: int, cols: int, depth: int, width: int, unsigned: bool) -> None:
    """Whatever the shape: jobs beyond the array in every direction, and as many answers as requests."""
    spec = TpuSpec(
        rows=rows, cols=cols, operand_depth=depth, multiplier_width_bits=width, unsigned_activations=unsigned
    )
    sizes = tpu_effort(spec).sizes
    assert any(size.m > rows and size.n > cols for size in sizes)
    assert any(size.k > depth for size in sizes) == tpu_effort(spec).chunked == (depth < 2000)
    plan = accelerator_plan(spec, 1)
    for test in plan.tests:
        sent = {"s_axil_aw": 0, "s_axil_w": 0, "s_axil_ar": 0}
        owed = {"s_axil_b": 0, "s_axil_r": 0}
        for step in test.steps:
            if isinstance(step, Send) and step.channel in sent:
                sent[step.channel] += len(step.beats)
            if isinstance(step, Expect) and step.channel in owed:
                owed[step.channel] += len(step.beats)
        assert sent["s_axil_aw"] == sent["s_axil_w"] == owed["s_axil_b"]
        assert sent["s_axil_ar"] == owed["s_axil_r"]
    latencies = [step for test in plan.tests for step in test.steps if isinstance(step, Measure) and step.latency]
    assert len(latencies) == 1


def test_a_plan_follows_from_spec_and_seed(tmp_path: Path) -> None:
    texts = []
    for number, seed in enumerate((1, 1, 2)):
        write_transactions(accelerator_plan(SPEC, seed), tmp_path / f"{number}.json")
        texts.append((tmp_path / f"{number}.json").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_large_units_go_to_verilator() -> None:
    assert simulator_for(TpuSpec(rows=8, cols=8)) == "icarus"
    assert simulator_for(TpuSpec(rows=8, cols=9)) == "verilator"
