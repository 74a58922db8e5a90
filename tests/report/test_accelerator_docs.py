"""The documentation of the hybrid accelerator: its page and its diagrams as files."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support.accelerator_runs import HYBRID, UNIT, measured_run

from tpugen.arithmetic.decoder_layer import host
from tpugen.pipeline.accelerator_modelling import accelerator_report
from tpugen.report.accelerator_diagram import accelerator_diagram
from tpugen.report.accelerator_docs import accelerator_docs_page, diagram_file, documented_members
from tpugen.report.accelerator_view import shown_point
from tpugen.spec import AcceleratorSpec, spec_from_dict

TEMPLATE = Path(__file__).parents[2] / "docs" / "templates" / "hybrid-accelerator.md.j2"


@pytest.fixture
def facts(tmp_path: Path) -> dict[str, object]:
    report = accelerator_report(spec_from_dict(HYBRID), measured_run(tmp_path / "run", HYBRID), [])
    return {
        "request": "a decoder layer", "spec": HYBRID, "technology": "osu018", "clock_mhz": 100.0, "fmax_mhz": 125.0,
        "area_um2": 1.6e6, "macro_area_um2": 5e5, "cells": 500_000, "power_mw": 100.0, "tokens": 16, "position": 15,
        "results": 1024, "simulator": "Verilator", "files": 70, "seconds": 754,
        "clipping": [{"name": "W_Q", "conversions": 1000, "clipped": 5, "planes_read": 8, "planes": 8}],
        "report": json.loads(report.model_dump_json()),
        "technologies": [
            {"technology": name, "fmax_mhz": 125.0, "area_um2": area_um2, "power_mw": 100.0,
             "models": [["OPT-6.7B", "128", "9", "9", "9"], ["OPT-6.7B", "1,024", "7.1", joules, "0.01"]]}
            for name, area_um2, joules in (("osu018", 1.6e6, "0.3"), ("nangate45", 1.1e5, "4.5"))
        ],
    }  # fmt: skip


def test_the_page_tells_of_the_run(facts: dict[str, object]) -> None:
    page = accelerator_docs_page(TEMPLATE.read_text(encoding="utf-8"), facts)
    assert 'tpugen generate "a decoder layer" --workload opt-6.7b' in page
    assert "All gates pass in 12 min 34 s on 2 cores: 70 Verilog files, 16 tokens in Verilator" in page
    assert "| `W_Q` | 1,000 | 5 | 0.500% |" in page
    assert "| nangate45 | 0.11 | 125.0 | 100.0 | 7.1 | 4.5 | 0.01 |" in page
    assert "no sum was so great" not in page
    assert "| total | 2,554 | 2,554 | 0 |" in page
    assert re.search(r"\| OPT-6.7B \| 4,096 \| [\d.]+ \| [\d.]+ \| [\d.e-]+ \| 2.33 \| 2.33 \|", page)
    assert "| 0x100… | `COUNTER` |" in page
    assert "{{" not in page and "}}" not in page


def test_the_page_says_that_nothing_clipped(facts: dict[str, object]) -> None:
    clipping = [{"name": "W_Q", "conversions": 1000, "clipped": 0, "planes_read": 8, "planes": 8}]
    page = accelerator_docs_page(TEMPLATE.read_text(encoding="utf-8"), facts | {"clipping": clipping})
    assert "no sum was so great:" in page


def test_links_of_the_page_lead_somewhere(facts: dict[str, object]) -> None:
    page = accelerator_docs_page(TEMPLATE.read_text(encoding="utf-8"), facts)
    docs = TEMPLATE.parents[1]
    made = {"images/hybrid-accelerator.svg", "images/pim-tile.svg", "images/tensor-unit.svg"}
    for target in re.findall(r"\]\(([^)#]+)", page):
        assert target in made or (docs / target).exists(), target


def test_registers_have_words() -> None:
    registers = documented_members(host, "Register")
    assert [name for name, _, _ in registers] == list(host.Register.__members__)
    assert {name: value for name, value, _ in registers} == dict(host.Register.__members__)
    assert {name: words for name, _, words in registers}["CYCLES"].startswith("Read only: cycles of the token")
    assert all(words for _, _, words in registers)


def test_a_diagram_as_a_file() -> None:
    design = spec_from_dict(UNIT)
    assert isinstance(design, AcceleratorSpec)
    root = ET.fromstring(diagram_file(accelerator_diagram(design)))
    style = root.find("{http://www.w3.org/2000/svg}style")
    assert style is not None and style.text is not None
    used = set(re.findall(r"var\((--[\w-]+)\)", style.text))
    assert used & {"--act", "--ink"} <= set(re.findall(r"(--[\w-]+):", style.text))


def test_the_shown_point_is_the_nearest_to_1024(tmp_path: Path) -> None:
    report = accelerator_report(spec_from_dict(HYBRID), measured_run(tmp_path / "run", HYBRID), ["gpt2-350m"])
    point = shown_point(report)
    assert point is not None and (point.result.model, point.result.context) == ("gpt2-350m", 1024)
    assert shown_point(report.model_copy(update={"points": []})) is None
