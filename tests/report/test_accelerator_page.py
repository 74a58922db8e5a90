"""The report of whole accelerators: diagrams, operators, macros, language models."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from support.accelerator_runs import HYBRID, TILE, UNIT, measured_run

from tpugen.pipeline.accelerator_modelling import accelerator_report
from tpugen.report import write_report
from tpugen.report.accelerator_diagram import accelerator_diagram, accelerator_sentences
from tpugen.report.accelerator_view import accelerator_view
from tpugen.report.load import load_run
from tpugen.spec import AcceleratorSpec, spec_from_dict
from tpugen.storage import write_json_atomic

SPECS: dict[str, dict[str, Any]] = {
    "hybrid": HYBRID,
    "gated": {**HYBRID, "d": 512, "heads": 8, "kv_heads": 2, "gated": True, "norm": "layer_norm", "d_ff": 1100},
    "smallest": {"kind": "pim_llm", "d": 2, "heads": 1, "d_ff": 2, "context": 1, "rows": 2, "cols": 1},
    "unit": UNIT,
    "column": {"kind": "tpu", "rows": 2, "cols": 1},
    "tile": TILE,
    "large tile": {"kind": "pim_tile", "rows": 3000, "cols": 2000, "zero_skipping": True, "input_lanes": 4},
}


def accelerator(spec: dict[str, Any]) -> AcceleratorSpec:
    design = spec_from_dict(spec)
    assert isinstance(design, AcceleratorSpec)
    return design


def reported(folder: Path, spec: dict[str, Any], workloads: tuple[str, ...] = (), **run: Any) -> str:
    measured_run(folder, spec, **run)
    if spec["kind"] == "pim_llm" or workloads:
        report = accelerator_report(spec_from_dict(spec), folder, workloads)
        write_json_atomic(folder / "model" / "accelerator.json", report.model_dump(mode="json"))
    return write_report(folder).read_text(encoding="utf-8")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("name", SPECS)
def test_diagrams_are_whole_and_stay_inside(name: str) -> None:
    root = ET.fromstring(str(accelerator_diagram(accelerator(SPECS[name]))))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    assert width > 900 and height > 250
    for item in root.iter():
        if item.tag == "rect":
            x, y, w, h = (float(item.get(key, 0)) for key in ("x", "y", "width", "height"))
            assert -0.01 <= x <= x + w <= width + 0.01 and -0.01 <= y <= y + h <= height + 0.01
            assert w > 2 and h > 2
        if item.tag == "text" and item.text:
            x, size = float(item.get("x", 0)), float(item.get("font-size", 11))
            span = len(item.text) * size * 0.605
            start = x - span * {"middle": 0.5, "end": 1.0}.get(item.get("text-anchor", ""), 0.0)
            assert start >= -1 and start + span <= width + 1, item.text
            assert 0 <= float(item.get("y", 0)) <= height
        if item.tag == "path":
            numbers = [float(value) for value in re.findall(r"-?\d+\.?\d*", item.get("d", ""))]
            assert all(-1 <= value <= width + 1 for value in numbers[::2])
            assert all(-1 <= value <= height + 1 for value in numbers[1::2])


def test_diagrams_follow_the_spec() -> None:
    def texts(name: str) -> str:
        return " ".join(
            item.text or "" for item in ET.fromstring(str(accelerator_diagram(accelerator(SPECS[name])))).iter()
        )

    hybrid, gated = texts("hybrid"), texts("gated")
    assert "W_G" in gated and "W_G" not in hybrid
    assert "RMSNorm" in hybrid and "LayerNorm" in gated
    assert "4 heads of 16, 4 KV heads, 16 positions" in hybrid
    assert "8 heads of 64, 2 KV heads" in gated
    assert "6-bit ADCs" in hybrid and "32 × 32, int8" in hybrid
    assert "36 crossbars" in gated and "512 × 1100" in gated
    assert "384 crossbars of 128 × 128 pairs" in texts("large tile")
    assert "planes without a one skipped" in texts("large tile")
    assert "array of 32 × 32" in texts("unit") and "2 banks of 256" in texts("unit")


@pytest.mark.parametrize("name", SPECS)
def test_legends_name_three_colours(name: str) -> None:
    assert [color for color, _ in accelerator_sentences(accelerator(SPECS[name]))] == ["act", "wgt", "res"]


def test_the_page_of_a_hybrid(tmp_path: Path) -> None:
    page = reported(tmp_path / "run", HYBRID)
    text = words(page)
    for section in ("design", "operators", "area", "models"):
        assert f'<section id="{section}"' in page
        assert f'href="#{section}"' in page
    assert "difference 0 everywhere" in text
    assert "One token at position 15 without stalls: 2,554 cycles" in text
    assert "W_O 8,192 35 0.427 % 128 of 128" in text
    assert re.search(r"OPT-6.7B 128 [\d.]+ [\d.]+ [\d.e-]+ 38.65 38.7", text)
    assert "BitNet-3B on a GPU: 535 tokens/s, derived" in text
    assert "no measurement: it comes from cards" in text
    assert "u_attention/u_array/u_core" in text
    assert "what stands idle takes no energy" in text
    assert "PIM-LLM, printed: arXiv 2504.01994" in text
    assert "<script" not in page and "http-equiv" in page
    assert "width of the residual stream 64" in text
    assert "stuck cells none" in text
    figures = page.split('<dl class="figures">')[1].split("</dl>")[0]
    assert "tokens a second" in figures and "OPT-6.7B at 1,024 tokens" in figures


def test_what_the_page_shows_adds_up(tmp_path: Path) -> None:
    reported(tmp_path / "run", HYBRID)
    view = accelerator_view(load_run(tmp_path / "run"))
    assert view.shown is not None and view.shown.result.context == 1024
    for parts in (view.time_parts, view.energy_parts, view.standby_parts):
        assert sum(part.share for part in parts) == pytest.approx(1)
        assert [part.share for part in parts[:-1]] == sorted((p.share for p in parts[:-1]), reverse=True)
    assert view.operator_cycles == sum(row.simulated for row in view.operators)
    assert max(row.share for row in view.operators) == 1
    assert len(view.charts) == 2


def test_a_difference_in_cycles_is_shown(tmp_path: Path) -> None:
    measured_run(tmp_path / "run", HYBRID)
    path = tmp_path / "run" / "simulate" / "simulation.json"
    stored = json.loads(path.read_text())
    stored["accelerator"]["operators"][3]["model_cycles"] += 5
    path.write_text(json.dumps(stored))
    text = words(write_report(tmp_path / "run").read_text())
    assert "5 cycles apart" in text
    assert "difference 0" not in text


def test_pages_of_the_parts(tmp_path: Path) -> None:
    unit = words(reported(tmp_path / "unit", UNIT, ("gpt2-350m",)))
    assert "operand memory A" in unit
    assert re.search(r"sram Depth 256, Width 256 4 read 1.50, write 1.00 6 mW 2 mW assumed", unit)
    assert "64 x 64 x 64" in unit
    assert "this array in the place of PIM-LLM's" in unit
    assert "always on" not in unit
    tile = words(reported(tmp_path / "tile", TILE))
    assert "input buffer" in tile and "shift and add" in tile
    assert "tile 12,000 40 0.333 %" in tile
    assert "Language models" not in tile


def test_power_that_is_not_known_is_a_dash(tmp_path: Path) -> None:
    page = reported(tmp_path / "run", HYBRID, power=False)
    text = words(page)
    assert re.search(r"OPT-6.7B 128 [\d.]+ – – 38.65", text)
    assert "Where the energy goes" not in text
    assert "tokens a joule" not in words(page.split('<dl class="figures">')[1].split("</dl>")[0])


def test_damaged_results_become_a_note(tmp_path: Path) -> None:
    reported(tmp_path / "run", HYBRID)
    (tmp_path / "run" / "model" / "accelerator.json").write_text('{"role": "other"}')
    text = words(write_report(tmp_path / "run").read_text())
    assert "model/accelerator.json" in text
    assert "Language models" not in text
