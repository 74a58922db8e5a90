"""Run folders: names, locks, requests, look-up."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tpugen.errors import RequestError, RunLockedError, StorageError, UnknownNameError
from tpugen.pipeline.folder import (
    choose_folder,
    find_run,
    lock_run,
    new_run_folder,
    read_manifest,
    read_request,
    run_is_active,
    runs_folder,
    write_request,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_names_are_utc_and_slug_and_never_clash(tmp_path: Path) -> None:
    names = [new_run_folder(tmp_path / "runs", "Mac_s8xs8 acc32", now=NOW).name for _ in range(3)]
    assert names == [f"20260304T050607Z-mac-s8xs8-acc32{end}" for end in ("", "-2", "-3")]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        StorageError, match=r"cannot create the (run )?folder .*: a part of the path is a file, not a folder"
    ):
        new_run_folder(tmp_path / "file" / "runs", "x")


def test_the_runs_folder_is_chosen_then_environment_then_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TPUGEN_RUNS_DIR", raising=False)
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.setenv("TPUGEN_RUNS_DIR", str(tmp_path / "elsewhere"))
    assert runs_folder() == tmp_path / "elsewhere"
    assert runs_folder(tmp_path / "chosen") == tmp_path / "chosen"


def test_out_may_be_new_or_empty_or_the_same_request(tmp_path: Path) -> None:
    identity = {"spec": {"kind": "adder"}}
    assert choose_folder(tmp_path / "new", identity) == tmp_path / "new"
    assert choose_folder(tmp_path / "new", identity) == tmp_path / "new"  # empty
    write_request(tmp_path / "new", {"identity": identity})
    assert choose_folder(tmp_path / "new", identity) == tmp_path / "new"


def test_out_must_not_hold_anything_else(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("precious")
    (tmp_path / "file").write_text("")
    write_request(tmp_path / "run", {"identity": {"a": 1}})
    cases = {
        "full": "the folder is not empty and holds no run\n  choose a folder that is new or empty",
        "file": "a file of that name exists\n  choose a folder that is new or empty",
        "run": "the folder holds the run of another request\n  choose a folder that is new or empty, or look at that "
        f"run with `tpugen runs show {tmp_path / 'run'}`",
    }
    for name, words in cases.items():
        with pytest.raises(RequestError) as caught:
            choose_folder(tmp_path / name, {"a": 2})
        assert str(caught.value) == f"--out {tmp_path / name}: {words}"
    assert (tmp_path / "full" / "thesis.tex").read_text() == "precious"


def test_two_processes_cannot_hold_one_run_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tpugen.pipeline.folder import lock_run\n"
        "with lock_run(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert run_is_active(tmp_path)
        with pytest.raises(RunLockedError) as caught, lock_run(tmp_path):
            pass
        assert str(caught.value) == (
            f"another tpugen process is working on {tmp_path}\n"
            "  wait until it has ended, or choose another folder with --out"
        )
    finally:
        holder.kill()
        holder.wait()
    time.sleep(0.05)
    with lock_run(tmp_path):
        pass
    assert not run_is_active(tmp_path)


def test_runs_are_found_by_folder_id_beginning_or_latest(tmp_path: Path) -> None:
    for name in ("20260101T000000Z-mac", "20260102T000000Z-adder"):
        write_request(tmp_path / name, {"identity": {}})
    first, second = tmp_path / "20260101T000000Z-mac", tmp_path / "20260102T000000Z-adder"
    assert find_run(str(first), tmp_path) == first
    assert find_run(first.name, tmp_path) == first
    assert find_run("20260102", tmp_path) == second
    assert find_run("latest", tmp_path) == second
    with pytest.raises(UnknownNameError) as caught:
        find_run("2026", tmp_path)
    assert str(caught.value) == f"2 runs begin with '2026': {first.name}, {second.name}\n  give more of the id"
    for name in ("nothing", "", "../x"):
        with pytest.raises(UnknownNameError) as caught:
            find_run(name, tmp_path)
        assert str(caught.value) == (
            f"no run is called {name!r}: looked for a run folder of that path, and in {tmp_path}\n"
            "  `tpugen runs list` shows the runs; `latest` names the newest"
        )


def test_damaged_files_of_a_run_are_named(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text("[]")
    with pytest.raises(StorageError, match=r"request\.json is damaged: it holds no request"):
        read_request(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(StorageError, match=r"manifest\.json is damaged: Field required"):
        read_manifest(tmp_path)
