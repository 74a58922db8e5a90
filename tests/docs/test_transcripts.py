"""Transcripts of real models are kept, and what they claim still holds: the gates judge each last reply again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tpugen.dataset import module_header
from tpugen.flows.process import Limits
from tpugen.flows.sandbox import check_sources
from tpugen.spec import spec_from_dict
from tpugen.verif.contract_gate import check_contract
from tpugen.verif.simulation import simulate
from tpugen.writers.candidate import assemble
from tpugen.writers.extraction import extract_modules
from tpugen.writers.files import write_files
from tpugen.writers.task import WritingTask

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "transcripts"
KEPT = sorted(FOLDER.glob("*.json"))


def test_at_least_ten_different_requests_ended_in_rtl_that_a_model_wrote():
    kept = [json.loads(path.read_text()) for path in KEPT]
    passed = [data for data in kept if data["verdict"] == "pass"]
    assert len({data["module"] for data in passed}) >= 10
    for data in passed:
        assert data["attempts"][-1]["passed"] and data["attempts"][-1]["modules"] == [data["module"]]
        assert {step["verdict"] for step in data["steps"] if step["step"] != "model"} == {"pass"}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_the_gates_still_pass_the_last_reply(path: Path, tmp_path: Path):
    data: dict[str, Any] = json.loads(path.read_text())
    task = WritingTask.for_spec(spec_from_dict(data["spec"]), data["request"])
    reply = data["attempts"][-1]["reply"]
    extraction = extract_modules(reply, header=module_header(task.contract))
    files = assemble(task, extraction.modules, library=True, model="m", attempt=1)
    assert check_sources([(file.name, file.text) for file in files]) == []
    paths = write_files(files, tmp_path / "rtl")
    work = tmp_path / "work"
    work.mkdir()
    assert check_contract(task.contract, paths, work) == []
    assert task.spec is not None
    # All pairs of a Wallace tree take Icarus half a minute, and several on a busy machine.
    result = simulate(task.spec, paths, tmp_path / "simulate", seed=2, waves=False, limits=Limits(wall_s=600))
    assert result.verdict == "pass", result.findings


def test_the_pages_are_made_of_the_data():
    index = (FOLDER / "README.md").read_text()
    for path in KEPT:
        data = json.loads(path.read_text())
        page = path.with_suffix(".md").read_text()
        assert f"]({path.stem}.md)" in index
        assert data["attempts"][-1]["reply"].rstrip() in page and data["attempts"][0]["prompt"].rstrip() in page
