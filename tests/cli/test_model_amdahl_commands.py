"""`tpugen model amdahl` and `tpugen model compare`: what they print, and how they refuse."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tpugen.cli.main import run


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert run(arguments) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_amdahl_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "model", "amdahl", "--model", "opt-6.7b", "--context", "4096", "--gain", "197", "--json")
    data = json.loads(out)
    assert data["fraction"] == pytest.approx(0.829, abs=5e-4)
    assert data["ceiling"] == pytest.approx(1 / (1 - data["fraction"]))
    assert [round(at["speedup"], 2) for at in data["speedups"]] == [5.71]
    assert data["crossover_context"] == 19969


def test_several_combinations_are_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("model", "amdahl", "--model", "opt-1.3b,gpt2-350m", "--context", "128", "--context", "512,1024")
    data = json.loads(said(capsys, *arguments, "--json")[0])
    assert [(point["model"], point["context"]) for point in data] == [
        (model, context) for model in ("opt-1.3b", "gpt2-350m") for context in (128, 512, 1024)
    ]
    rows = list(csv.DictReader(io.StringIO(said(capsys, *arguments, "--csv")[0])))
    assert [float(row["fraction"]) for row in rows] == [point["fraction"] for point in data]
    table, words = said(capsys, *arguments)
    assert len(table.splitlines()) == 7
    assert words == "F: the projections' share of cycles in decode; cycles by scalesim-3.0.0\n"


def test_amdahl_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "model", "amdahl", "--model", "opt-6.7b", "--context", "4096", "--gain", "8")
    lines = [line.split() for line in out.splitlines()]
    assert ["cycles", "82.92%", "5.86x", "19,969"] in lines
    assert ["macs", "85.71%", "7.00x", "24,577"] in lines
    assert "by cycles  8x gives 3.64x" in out
    assert "7,516 MB become 1,879 MB: 4.00x of 7.00x" in out
    assert err.startswith("opt-6.7b at 4,096 tokens, decode; cycles on a 32x32 array, os, scalesim-3.0.0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "opt-6.8b", "--context", "128"), "no language model 'opt-6.8b' is known"),
        (("--model", "opt-6.7b", "--context", "9999"), "context 9999 of opt-6.7b: accepted: 1..4096"),
        (("--model", "opt-6.7b", "--context", "many"), "many: expected whole numbers"),
        (("--model", "opt-6.7b", "--context", "128", "--gain", "fast"), "fast: expected numbers"),
        (("--model", "opt-6.7b", "--context", "128", "--by", "joules"), "no measure is called 'joules'"),
        (("--model", "opt-6.7b", "--context", "128", "--rows", "0"), "rows"),
        (("--model", "opt-6.7b", "--context", "128", "--json", "--csv"), "--json and --csv both say what to print"),
        (("--model", "opt-6.7b", "--context", "128", "--phase", "sleep"), "phase: 'sleep'; accepted: decode, prefill"),
        (("--model", "opt-6.7b", "--context", "128", "--weight-bits", "0"), "weight_bits=0"),
    ],
)
def test_wrong_requests_end_with_2(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = said(capsys, "model", "amdahl", *arguments, code=2)
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_compare_prints_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "model", "compare")
    assert out.count("to the digit") >= 9
    assert "accounting: as_published" in err
    data = json.loads(said(capsys, "model", "compare", "--json")[0])
    rows = list(csv.DictReader(io.StringIO(said(capsys, "model", "compare", "--csv")[0])))
    assert [row["printed"] for row in rows] == [check["printed"] for check in data["checks"]]
    assert len(out.splitlines()) == 1 + len(rows)


def test_compare_writes_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, _ = said(capsys, "model", "compare", "--out", str(tmp_path / "here"))
    page = Path(out.strip())
    assert page == tmp_path / "here" / "index.html"
    assert {"figures.csv", "grid.csv", "model-tokens.svg", "comparison.json"} <= {f.name for f in page.parent.iterdir()}


def test_compare_of_an_unknown_system(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no-such-system" in said(capsys, "model", "compare", "--system", "no-such-system", code=2)[1]
