"""`tpugen dataset`: records shown, sets built and counted, and what is said when the request is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tpugen.arithmetic.error_metrics import multiplier_error
from tpugen.cli.main import run
from tpugen.dataset import record_for
from tpugen.dataset.rows import DatasetRecord
from tpugen.spec import MultiplierSpec
from tpugen.writers.composer import compose

SPEC = MultiplierSpec(multiplier={"family": "drum", "k": 4})
ID = record_for(SPEC).id


def test_a_record_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dataset", "show", ID]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"id                {ID}\n")
    assert f"tpugen dataset show {ID} --rtl" in shown
    error = multiplier_error("drum", 8, 8, signed=True, parameters={"k": 4})
    assert f"multiplier error  ER {error.er:.2%}, NMED {error.nmed:.3g}, MRED {error.mred:.2%}\n" in shown
    assert "(measured, design)" in shown
    assert "module multiplier_s8xs8_drum_k4 (" in shown
    for text in record_for(SPEC).descriptions.values():
        assert text in shown


def test_a_record_as_data_and_its_rtl(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dataset", "show", ID, "--json"]) == 0
    record = DatasetRecord.model_validate_json(capsys.readouterr().out)
    assert record.design() == SPEC
    assert record.multiplier_error is not None
    assert record.multiplier_error.exhaustive
    assert run(["dataset", "show", ID, "--rtl"]) == 0
    printed = capsys.readouterr().out
    for file in compose(SPEC):
        assert f"// ---- {file.name}\n{file.text}" in printed
    assert printed.endswith("endmodule\n")


def test_what_is_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert run(["dataset", *arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err

    assert said("show", "multiplier_s8xs8_drum_k4-nonesuch") == (
        f"tpugen: the dataset holds no record 'multiplier_s8xs8_drum_k4-nonesuch'\n  closest: {ID}\n"
    )
    assert said("show", "nothing") == (
        "tpugen: the dataset holds no record 'nothing'\n  ids stand in the column `id` of the dataset\n"
    )
    assert said("show", ID, "--rtl", "--json") == (
        "tpugen: --rtl and --json exclude each other\n  leave one of them out\n"
    )
    assert said("build", "--format", "csv", "--out", str(tmp_path / "d")) == (
        "tpugen: --format csv: no such format\n  known: parquet, jsonl, both\n"
    )
    assert said("build", "--limit", "0", "--out", str(tmp_path / "d")) == (
        "tpugen: --limit 0: at least 1\n  2000 would work\n"
    )
    assert "holds no Parquet shards of a dataset" in said("stats", str(tmp_path))
    assert said("verify", "--sample", "0") == "tpugen: --sample 0: at least 1 design\n  510 would work\n"


def test_a_small_set_is_built_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "designs"
    assert run(["dataset", "build", "--out", str(out), "--limit", "12", "--workers", "1", "--json"]) == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    assert summary["rows"] == 12
    assert "train-00000-of-00001" in captured.err
    assert run(["dataset", "build", "--out", str(out), "--limit", "12", "--workers", "1"]) == 0
    again = capsys.readouterr()
    assert f"{len(summary['shards'])} shards kept" in again.out
    assert "kept" in again.err
    assert run(["dataset", "stats", str(out), "--json"]) == 0
    stats = json.loads(capsys.readouterr().out)
    assert stats["rows"] == 12
    assert stats["problems"] == []
    next((out / "data").glob("train-*")).unlink()
    assert run(["dataset", "stats", str(out)]) == 1
    assert "problem" in capsys.readouterr().out
