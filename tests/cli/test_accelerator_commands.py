"""Whole accelerators on the command line: `model llm --design`, `generate --workload`, and how a run is shown."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from support.accelerator_runs import HYBRID, TILE, UNIT, measured_run

from tpugen.cli.main import run
from tpugen.cli.show import show_result
from tpugen.pipeline.accelerator_modelling import accelerator_report
from tpugen.pipeline.result import load_result
from tpugen.spec import spec_from_dict
from tpugen.storage import write_json_atomic


@pytest.fixture
def hybrid(tmp_path: Path) -> Path:
    return measured_run(tmp_path / "hybrid", HYBRID)


def test_a_measured_hybrid_as_json(hybrid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["model", "llm", "--model", "bitnet-3b", "--context", "1024", "--design", str(hybrid)]
    assert run([*command, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["system"], result["context"]) == ("pim_llm", 1024)
    for total in ("latency_ms", "energy_mj"):
        assert result[total] == math.fsum(part[total] for part in result["components"])
    assert result["tokens_per_s"] == pytest.approx(1e3 / result["latency_ms"])
    assert {"query", "gate", "scores", "softmax", "load", "unload"} <= {o["name"] for o in result["operators"]}


def test_a_measured_hybrid_as_a_table(hybrid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "llm", "--model", "opt-6.7b", "--context", "128", "--design", str(hybrid)]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert any(line.startswith("tokens/s ") for line in lines)
    assert any(line.split()[:2] == ["scores", "array"] and "128 x 128 x 1" in line for line in lines)
    assert any(line.split()[:2] == ["tiles", "ADCs"] and line.endswith("assumed") for line in lines)
    assert "note: extrapolated with the same formulas: 32 layers with d = 4096" in captured.err
    assert "note: what stands idle takes no energy" in captured.err


def test_what_cannot_be_changed_of_it(hybrid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["model", "llm", "--model", "opt-6.7b", "--context", "128", "--design", str(hybrid), "--rows", "8"]
    assert run(command) == 2
    assert "is a measured pim_llm, the whole system: --rows cannot be changed" in capsys.readouterr().err


def test_a_sweep_takes_no_whole_system(hybrid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["model", "sweep", "--model", "opt-6.7b", "--context", "128", "--design", str(hybrid)]
    code = run(command)
    assert code == 2, capsys.readouterr()


def test_a_run_shows_its_language_models(hybrid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = accelerator_report(spec_from_dict(HYBRID), hybrid, [])
    write_json_atomic(hybrid / "model" / "accelerator.json", report.model_dump(mode="json"))
    show_result(load_result(hybrid), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("macros ") and line.endswith("of crossbars and memories, from cards") for line in lines)
    head = next(i for i, line in enumerate(lines) if line.startswith("model ") and "tokens/s" in line)
    rows = [line.split() for line in lines[head + 1 :]]
    assert [row[:2] for row in rows[:2]] == [["opt-6.7b", "128"], ["opt-6.7b", "1,024"]]
    assert rows[0][5] == "38.65"
    assert rows[2][5] == "-"
    show_result(load_result(hybrid), as_json=True)
    stored = json.loads(capsys.readouterr().out)
    assert stored["language_models"][0]["published_tokens_per_s"] == 38.65


@pytest.mark.parametrize(
    ("spec", "option", "message"),
    [
        ({"kind": "adder"}, ["--workload", "opt-6.7b"], "a language model does not run on kind 'adder'"),
        (TILE, ["--gemm", "1x2x3"], "the tile holds a matrix of 200x96"),
        (HYBRID, ["--gemm", "1x2x3"], "a pim_llm runs decoder layers"),
        (UNIT, ["--workload", "no-such-model"], "no-such-model"),
    ],
)
def test_workloads_that_do_not_go_with_the_design(
    spec: dict[str, object], option: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(spec))
    runs = tmp_path / "runs"
    assert run(["generate", "--spec", str(file), *option, "--runs-dir", str(runs), "--quiet"]) == 2
    assert message in capsys.readouterr().err
    assert not runs.exists()
