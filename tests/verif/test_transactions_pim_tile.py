"""The simulation gate of PIM tiles: sound ones pass cycle for cycle, broken ones are refused in words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rtl_checks import overwrite_with

from tpugen.results import SimulationResult
from tpugen.spec import CellFaults, DesignSpec, PimTileSpec, ReadNoise
from tpugen.verif.accelerator_bench import accelerator_plan, crossbar_cells, simulator_for
from tpugen.verif.pim_mutants import PIM_MUTANTS
from tpugen.verif.pim_tile_report import adc_notes
from tpugen.verif.simulation import simulate
from tpugen.verif.transactions import Expect, Send

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
SPEC = PimTileSpec(
    rows=13, cols=9, crossbar_rows=5, crossbar_cols=4, adc_bits=3, columns_per_adc=2, zero_skipping=True,
    input_lanes=3, output_lanes=2, activation_width_bits=6, faults=CellFaults(stuck_off=2000, stuck_on=1500, seed=7),
    noise=ReadNoise(sigma=150, seed=9),
)  # fmt: skip

Composed = Callable[[DesignSpec], list[Path]]


def _clipped(result: SimulationResult) -> tuple[int, int]:
    assert result.accelerator is not None
    record = result.accelerator.clipping[0]
    return record.clipped, record.conversions


@needs_icarus
def test_a_sound_tile_passes_with_faults_noise_and_clipping(composed: Composed, tmp_path: Path) -> None:
    result = simulate(SPEC, composed(SPEC), tmp_path / "sim", seed=1)
    assert result.verdict == "pass"
    assert result.measured_cycles == result.expected_cycles is not None
    assert result.activity is not None
    clipped, conversions = _clipped(result)
    assert 0 < clipped < conversions
    assert [(finding.severity, finding.rule) for finding in result.findings] == [("info", "adc-clipping")]
    assert f"clipped {clipped:,} of {conversions:,} conversions" in result.findings[0].message
    assert result.accelerator is not None
    assert [item.simulated_cycles - item.model_cycles for item in result.accelerator.operators] == [0]


MUTANTS = {
    "stuck cells elsewhere": ("wrong-result", "cells after power-up: readback_data_o is "),
    "clips to one code too few": ("wrong-result", "result_o: "),
    "reads while a word waits": ("handshake", "the payload changed on channel readback"),
    "the same plane over and over": ("stuck", "First of those owed: vector 1 of 8"),
}


@needs_icarus
@pytest.mark.parametrize("fault", MUTANTS)
def test_a_broken_tile_is_refused(fault: str, composed: Composed, tmp_path: Path) -> None:
    rule, words = MUTANTS[fault]
    mutant = next(mutant for mutant in PIM_MUTANTS if mutant.fault == fault)
    paths = composed(SPEC)
    overwrite_with(mutant, paths)
    result = simulate(SPEC, paths, tmp_path / "sim", seed=1, waves=False)
    assert result.verdict == "fail"
    assert any(finding.rule == rule and words in finding.message for finding in result.findings), result.findings


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 70), st.integers(1, 70), st.integers(2, 40), st.integers(2, 40), st.integers(1, 5), st.integers(1, 5)
)
def test_every_tile_has_a_plan(rows: int, cols: int, high: int, wide: int, lanes: int, out_lanes: int) -> None:
    """Whatever the shape: every word of the matrix is programmed, every vector is answered whole."""
    spec = PimTileSpec(
        rows=rows, cols=cols, crossbar_rows=high, crossbar_cols=wide, adc_bits=4, input_lanes=lanes,
        output_lanes=out_lanes,
    )  # fmt: skip
    plan = accelerator_plan(spec, 1)
    words = sum(
        min(high, rows - top) * -(-min(wide, cols - left) // 16)
        for top in range(0, rows, high)
        for left in range(0, cols, wide)
    )
    first = plan.tests[0].steps
    sent = [len(step.beats) for step in first if isinstance(step, Send) and step.channel == "program"]
    assert sent[1] == words
    for test in plan.tests:
        for step in test.steps:
            if isinstance(step, Expect) and step.channel == "result":
                assert len(step.beats) % spec.shape.output_beats == 0


def test_of_large_matrices_some_words_are_programmed() -> None:
    plan = accelerator_plan(PimTileSpec(rows=1024, cols=1024), 1)
    assert "20,000 of 65,536 words" in plan.tests[0].meaning


def test_notes_on_converters() -> None:
    assert adc_notes(8, 8, 128, False, []) == []
    wide = adc_notes(9, 8, 128, False, [])[0]
    assert (wide.severity, wide.rule) == ("info", "adc-wider-than-needed")
    assert wide.message == "the ADCs have 9 bits, of which sums of 128 rows need 8 at most"
    assert adc_notes(9, 8, 128, True, []) == []


def test_large_tiles_go_to_verilator_and_the_largest_nowhere(tmp_path: Path) -> None:
    assert simulator_for(PimTileSpec(rows=64, cols=64, crossbar_rows=64, crossbar_cols=64)) == "icarus"
    assert simulator_for(PimTileSpec(rows=65, cols=64, crossbar_rows=64, crossbar_cols=64)) == "verilator"
    huge = PimTileSpec(rows=8192, cols=8192)
    assert crossbar_cells(huge) == 1 << 26
    result = simulate(huge, [], tmp_path / "sim", seed=1)
    assert result.verdict == "fail"
    assert [finding.rule for finding in result.findings] == ["too-large"]
    assert "67,108,864 cell pairs" in result.findings[0].message
