"""`tpugen verify`: a command and a group at once; `tpugen verify matrix` on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tpugen.cli.main import run
from tpugen.cli.matrix_progress import _Grid, _Lines, matrix_progress
from tpugen.pipeline import matrix
from tpugen.pipeline.matrix import BatchResult
from tpugen.verif.matrix import CellRecord
from tpugen.verif.matrix_cells import Cell, Selection, all_cells

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
SMALL = ["--multiplier", "drum", "--adder", "loa", "--width", "4x4", "--dataflow", "output-stationary"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_help_shows_the_command_and_its_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--help"]) == 0
    out = capsys.readouterr().out
    assert "Usage: tpugen verify [OPTIONS] {FILE...}... | COMMAND ..." in out
    for word in ("--until", "--spec", "matrix", "units"):
        assert word in out
    assert run(["verify", "matrix", "--help"]) == 0
    assert "Usage: tpugen verify matrix [OPTIONS]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify"], "tpugen: Missing argument 'FILE...'.\n  see `tpugen verify --help`\n"),
        (["verify", "x.v"], "tpugen: give the request as TEXT or as --spec FILE; found neither\n"),
        (["verify", "--speck", "x.v"], "tpugen: No such option: --speck"),
        (["verify", "./matrix", "--text", "4x4 array"], "tpugen: matrix: no such file\n"),
        (["verify", "matrix", "--share", "2"], "tpugen: share: 2.0 is outside 0..1; 0.01 would work\n"),
        (["verify", "matrix", "--width", "8"], "tpugen: '8' is not a pair of widths\n  write activation x weight"),
        (["verify", "matrix", "--multiplier", "drumm"], "tpugen: no multiplier family is called 'drumm'; known: "),
        (["verify", "matrix", "--workers", "0"], "tpugen: Invalid value for '--workers'"),
    ],
)
def test_a_wrong_command_line_exits_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().err.startswith(said)
    assert list(Path().iterdir()) == []


@needs_icarus
def test_a_small_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "matrix", *SMALL]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[:5] == ["verdict    pass", "designs    4", "passed     4", "failed     0", "not legal  0"]
    assert lines[-1] == "table      pass-matrix/matrix.md"
    assert captured.err.splitlines()[-1].startswith("4 of 4 designs, 0 failed, ")
    page = Path("pass-matrix/matrix.md").read_text()
    command = f"tpugen verify matrix {' '.join(SMALL)}"
    assert command in page
    assert run(["verify", "matrix", *SMALL, "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    data = json.loads(captured.out)
    assert data["command"] == command
    assert (data["passed"], data["kept"]) == (4, 4)
    assert data["table"] == {
        row: {"loa": {"passed": 2, "failed": 0, "not_legal": 0}} for row in ("drum", "drum shared")
    }


def test_a_cell_that_fails_exits_1_and_gives_the_command_that_repeats_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def sweeps(cells, _out, *, observer, **_others):
        finding = matrix._finding("wrong-result", "test wrap: cycle 9: result beat 1 is wrong")
        records = [CellRecord.failed(cells[0], finding)]
        records += [CellRecord(cell=cell, verdict="pass", spec=cell.data(), checked=7) for cell in cells[1:]]
        observer(BatchResult(tuple(records), kept=False))
        return records

    monkeypatch.setattr(matrix, "sweep", sweeps)
    assert run(["verify", "matrix", *SMALL, "--out", "my sweep"]) == 1
    captured = capsys.readouterr()
    assert captured.out.endswith(
        "fail  drum_loa_s4x4_output-stationary: test wrap: cycle 9: result beat 1 is wrong\n"
        "      tpugen generate --spec 'my sweep/failures/drum_loa_s4x4_output-stationary.json'\n"
    )
    assert "fail      drum_loa_s4x4_output-stationary: test wrap" in captured.err
    spec = Path("my sweep/failures/drum_loa_s4x4_output-stationary.json")
    assert run(["spec", "--spec", str(spec), "--json"]) == 0 or run(["rtl", "--spec", str(spec)]) == 0


def batch(cells: list[Cell], failing: int = 0) -> BatchResult:
    finding = matrix._finding("wrong-result", "wrong")
    records = [CellRecord.failed(cell, finding) for cell in cells[:failing]]
    records += [CellRecord(cell=cell, verdict="pass", spec={}) for cell in cells[failing:]]
    return BatchResult(tuple(records), kept=False)


def test_the_grid_fills() -> None:
    from rich.console import Console

    cells = all_cells(Selection(("exact", "drum"), ("loa", "m_herloa"), ((8, 8),), ("output_stationary",)))
    grid = _Grid(cells, height=60)
    console = Console(record=True, width=80, color_system=None, file=None)

    def lines() -> list[str]:
        with console.capture() as shown:
            console.print(grid.table())
        return [line.rstrip() for line in shown.get().splitlines()]

    assert lines() == [
        "             m_he",
        "         loa rloa",
        "exact      ·    ·",
        "drum       ·    ·",
        "  shared   ·    ·",
    ]
    grid.add(batch([cell for cell in cells if cell.row == "exact"]))
    grid.add(batch([cell for cell in cells if cell.row == "drum" and cell.adder == "loa"], failing=1))
    grid.add(batch([cell for cell in cells if cell.row == "drum shared" and cell.signed]))
    assert lines()[2:] == ["exact      2    2", "drum      x1    ·", "  shared   1    1"]
    low = _Grid(cells, height=8)
    assert low.folded
    assert list(dict.fromkeys(row for row, _ in low.wanted)) == ["exact", "drum"]


def test_lines_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    cells = all_cells(Selection(("drum",), ("loa",), ((8, 8),), shared=False))
    lines = _Lines(len(cells))
    lines(batch(cells[:2]))
    assert capsys.readouterr().err == ""
    lines.said -= 60
    lines(batch(cells[2:4], failing=1))
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"fail      {cells[2].name}: wrong"
    assert said[1].startswith("4 of 6 designs, 1 failed, ")
    lines(batch(cells[4:]))
    assert capsys.readouterr().err.startswith("6 of 6 designs, 1 failed, ")
    with matrix_progress(cells, quiet=True) as observer:
        observer(batch(cells))
    assert capsys.readouterr().err == ""
