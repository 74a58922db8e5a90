"""The sweep of the pass matrix: a hundredth of it passes, faults are named, interruption loses nothing finished."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import tpugen.writers.composer
from tpugen.errors import RequestError
from tpugen.pipeline import matrix
from tpugen.pipeline.matrix import Batch, BatchResult, run_batch, sweep, verify_matrix
from tpugen.pipeline.matrix_report import MatrixSummary, matrix_page, tally
from tpugen.spec import DesignSpec, SystolicArraySpec
from tpugen.storage import finished_files
from tpugen.verif.matrix import CellRecord
from tpugen.verif.matrix_cells import DATAFLOWS, Cell, Selection, all_cells
from tpugen.writers.composer import compose
from tpugen.writers.files import RtlFile

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
OS = DATAFLOWS[:1]
FOUR = Selection(multipliers=("drum",), adders=("exact", "loa"), widths=((4, 4), (8, 4)), dataflows=OS, shared=False)


def test_a_hundredth_of_the_matrix_passes(tmp_path: Path) -> None:
    summary = verify_matrix(share=0.01, out=tmp_path, jobs=2)
    assert summary.failures == []
    assert (summary.selected, summary.designs, summary.passed, summary.not_legal) == (15_120, 152, 152, 0)
    assert summary.complete
    assert summary.result_vectors > 10_000
    assert len(summary.table) == 30
    assert all(sum(count.passed for count in row.values()) >= 5 for row in summary.table.values())
    data = json.loads((tmp_path / "matrix.json").read_text())
    cells = data.pop("cells")
    assert MatrixSummary.model_validate(data) == summary
    assert MatrixSummary.model_validate_json((tmp_path / "summary.json").read_text()) == summary
    assert len(cells) == 152
    assert {cell["verdict"] for cell in cells} == {"pass"}
    assert all(cell["checked"] > 60 for cell in cells)
    assert (tmp_path / "matrix.md").read_text() == matrix_page(summary)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work items run here, one after the other, so that what a test replaces holds for them too."""

    class Here:
        def run(self, function, items):
            for index, item in enumerate(items):
                try:
                    yield matrix.WorkResult(index, item, value=function(item))
                except Exception as error:
                    yield matrix.WorkResult(index, item, error=error)

    monkeypatch.setattr(matrix, "run_many", lambda items, function, _jobs: Here().run(function, items))


def replace_compose(monkeypatch: pytest.MonkeyPatch, module: str, found: str, replaced: str, *, where: str) -> None:
    """From now on `module` of designs with the adder `where` holds a fault."""

    def faulty(spec: DesignSpec) -> list[RtlFile]:
        files = compose(spec)
        assert isinstance(spec, SystolicArraySpec)
        if spec.adder.family != where:
            return files
        (number,) = [number for number, file in enumerate(files) if file.name == f"{module}.v"]
        assert files[number].text.count(found) == 1
        files[number] = replace(files[number], text=files[number].text.replace(found, replaced))
        return files

    monkeypatch.setattr(tpugen.writers.composer, "compose", faulty)


def test_a_wrong_adder_fails_its_cells_and_no_other(
    in_this_process: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    selection = Selection(("exact", "drum"), ("exact", "loa", "heaa"), ((8, 4),), OS)
    assert verify_matrix(selection, out=tmp_path / "good").failed == 0
    replace_compose(monkeypatch, "adder_loa", "a_i[K-1:0] | b_i", "a_i[K-1:0] & b_i", where="loa")
    summary = verify_matrix(selection, out=tmp_path / "bad", command="tpugen verify matrix --adder loa")
    assert {failure.spec["adder"]["family"] for failure in summary.failures} == {"loa"}
    assert {row: {name: count.text() for name, count in cells.items()} for row, cells in summary.table.items()} == {
        row: {"exact": "2", "loa": "0/2", "heaa": "2"} for row in ("exact", "drum", "drum shared")
    }
    first = summary.failures[0]
    assert first.name == "exact_loa_s8x4_output-stationary"
    assert "result beat" in first.reason
    assert "is wrong" in first.reason
    spec = json.loads((tmp_path / "bad" / "failures" / f"{first.name}.json").read_text())
    assert spec == first.spec
    page = (tmp_path / "bad" / "matrix.md").read_text()
    assert "18 designs: 12 pass, 6 fail, 0 are not legal. **6 fail.**" in page
    assert "| drum shared | 2 | 0/2 | 2 |" in page
    assert f"- `{first.name}`: {first.reason}" in page
    assert "```sh\ntpugen verify matrix --adder loa\n```" in page


def test_a_design_that_cannot_be_made_fails_alone(
    in_this_process: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuses(spec: DesignSpec) -> list[RtlFile]:
        if isinstance(spec, SystolicArraySpec) and spec.adder.family == "loa":
            raise KeyError("adder_loa")
        return compose(spec)

    monkeypatch.setattr(tpugen.writers.composer, "compose", refuses)
    summary = verify_matrix(FOUR, out=tmp_path)
    assert (summary.passed, summary.failed) == (4, 4)
    assert {failure.reason for failure in summary.failures} == {
        "RTL or golden results cannot be made: KeyError('adder_loa')"
    }


def test_what_is_not_legal_is_shown_with_its_reason(in_this_process: None, tmp_path: Path) -> None:
    summary = verify_matrix(Selection(("exact", "rad"), ("loa",), ((4, 3),), OS), out=tmp_path)
    assert (summary.passed, summary.failed, summary.not_legal) == (2, 0, 2)
    page = matrix_page(summary)
    assert "| rad | - |" in page
    assert "- rad x loa, 4x3: " in page
    assert "rad needs wider operands than" in page


def test_finished_batches_are_kept_and_what_changed_is_done_again(
    in_this_process: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cells = all_cells(FOUR)
    heard: list[BatchResult] = []
    first = sweep(cells, tmp_path, observer=heard.append)
    assert [result.kept for result in heard] == [False] * 4  # two widths, signed or not
    heard.clear()
    assert sweep(cells, tmp_path, observer=heard.append) == first
    assert [result.kept for result in heard] == [True] * 4
    damaged = sorted((tmp_path / "batches").iterdir())
    damaged[0].write_text("{")
    damaged[1].write_text("[]")
    heard.clear()
    assert sweep(cells, tmp_path, observer=heard.append) == first
    assert sorted(result.kept for result in heard) == [False, False, True, True]
    replace_compose(monkeypatch, "adder_loa", "a_i[K-1:0] | b_i", "a_i[K-1:0] & b_i", where="loa")
    heard.clear()
    again = sweep(cells, tmp_path, observer=heard.append)
    assert [result.kept for result in heard] == [False] * 4
    assert {record.cell.adder: record.verdict for record in again} == {"exact": "pass", "loa": "fail"}


def test_another_seed_drives_other_operands(in_this_process: None, tmp_path: Path) -> None:
    cells = all_cells(FOUR)[:2]
    for seed in (1, 2):
        heard: list[BatchResult] = []
        sweep(cells, tmp_path, seed=seed, observer=heard.append)
        assert [result.kept for result in heard] == [False]


def test_a_batch_that_breaks_fails_its_cells_and_the_sweep_goes_on(
    in_this_process: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def breaks(batch: Batch) -> BatchResult:
        if batch.cells[0].weight_width_bits == 4 and batch.cells[0].activation_width_bits == 4:
            raise RuntimeError("out of cheese")
        return run_batch(batch)

    monkeypatch.setattr(matrix, "run_batch", breaks)
    summary = verify_matrix(FOUR, out=tmp_path)
    assert (summary.passed, summary.failed) == (4, 4)
    assert {failure.reason for failure in summary.failures} == {
        "the batch of this design ended with an error: out of cheese"
    }


def test_an_interrupted_sweep_writes_what_is_finished(in_this_process: None, tmp_path: Path) -> None:
    heard: list[BatchResult] = []

    def stops(result: BatchResult) -> None:
        heard.append(result)
        if len(heard) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify_matrix(FOUR, out=tmp_path, observer=stops)
    half = MatrixSummary.model_validate_json((tmp_path / "summary.json").read_text())
    assert (half.complete, half.designs, half.passed) == (False, 4, 4)
    assert "The sweep was interrupted: this is what was finished." in (tmp_path / "matrix.md").read_text()
    whole = verify_matrix(FOUR, out=tmp_path)
    assert (whole.complete, whole.designs, whole.passed, whole.kept) == (True, 8, 8, 4)


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tpugen.cli.main", "verify", "matrix", "--multiplier", "drum", "--adder", "loa"]
    command += ["--no-shared", "--workers", "1", "--out", "sweep"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    batches = tmp_path / "sweep" / "batches"
    limit = time.monotonic() + 120
    while time.monotonic() < limit and not finished_files(batches, "*.json"):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what was finished is kept in sweep: the same command goes on with it" in said
    finished = len(list(batches.iterdir()))
    assert 1 <= finished < 36
    assert all(file.suffix == ".json" for file in batches.iterdir())  # nothing half-written
    summary = verify_matrix(Selection(("drum",), ("loa",), shared=False), out=tmp_path / "sweep", jobs=2)
    assert (summary.designs, summary.passed) == (36, 36)
    assert summary.kept >= finished


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(RequestError, match="a file of that name exists"):
        verify_matrix(FOUR, out=tmp_path / "out")


def test_counts_are_in_the_order_of_the_registry() -> None:
    cells = [
        Cell("drum", True, "loa", True, 8, 8, "output_stationary"),
        Cell("drum", False, "loa", True, 8, 8, "output_stationary"),
        Cell("exact", False, "exact", True, 8, 8, "output_stationary"),
    ]
    table = tally([CellRecord(cell=cell, verdict="pass", spec={}) for cell in cells])
    assert {row: list(counts) for row, counts in table.items()} == {
        "exact": ["exact"],
        "drum": ["loa"],
        "drum shared": ["loa"],
    }
