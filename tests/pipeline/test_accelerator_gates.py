"""The gates on a design with black boxes: from sandbox to simulation, with the real tools."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tpugen.pipeline.checking import verify_files
from tpugen.results import SimulationResult
from tpugen.spec import PimTileSpec
from tpugen.storage import read_json
from tpugen.writers.composer import compose

needs_tools = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("iverilog", "verilator", "yosys")),
    reason="needs Icarus, Verilator and Yosys",
)
SPEC = PimTileSpec(rows=6, cols=5, crossbar_rows=4, crossbar_cols=4, adc_bits=2, columns_per_adc=2)


def _rtl(folder: Path) -> list[Path]:
    folder.mkdir()
    for file in compose(SPEC):
        (folder / file.name).write_text(file.text)
    return sorted(folder.iterdir())  # in no particular order: the top module need not be the last


@needs_tools
def test_a_design_with_black_boxes_passes_every_gate(tmp_path: Path) -> None:
    result = verify_files(_rtl(tmp_path / "rtl"), SPEC, out=tmp_path / "run", use_cache=False)
    assert (result.verdict, result.findings) == ("pass", [])
    assert [step.step for step in result.steps] == ["sandbox", "contract", "lint", "simulate"]
    summary = result.steps[-1].summary
    assert ", cycles as in the model, seed 1" in summary
    stored = SimulationResult.model_validate(read_json(tmp_path / "run" / "simulate" / "simulation.json"))
    assert stored.accelerator is not None
    assert [item.name for item in stored.accelerator.operators] == ["vector"]
    assert stored.accelerator.clipping[0].clipped > 0
    assert [finding.rule for finding in stored.findings] == ["adc-clipping"]
    assert result.cycles == stored.accelerator.operators[0].model_cycles


def test_a_changed_black_box_gets_no_further_than_the_sandbox(tmp_path: Path) -> None:
    files = _rtl(tmp_path / "rtl")
    macro = next(path for path in files if path.name == "crossbar.v")
    macro.write_text(macro.read_text().replace("sum > CodeTop", "sum > CodeTop + 1"))
    result = verify_files(files, SPEC, out=tmp_path / "run", use_cache=False)
    assert result.verdict == "fail"
    assert (result.steps[0].step, result.steps[0].verdict) == ("sandbox", "fail")
    assert {finding.gate for finding in result.findings} == {"sandbox"}
    assert {finding.file for finding in result.findings} == {"crossbar.v"}
