"""Atomic writes: whole or not there, and a full disk is said in clear words."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tpugen.errors import StorageError
from tpugen.storage import (
    copy_file_atomic,
    finished_files,
    read_json,
    remove_unfinished,
    sha256_file,
    sha256_json,
    sha256_text,
    write_json_atomic,
    write_text_atomic,
)


def test_write_and_read_back(tmp_path: Path) -> None:
    path = write_json_atomic(tmp_path / "deep" / "a.json", {"b": [1, "ü"]})
    assert read_json(path) == {"b": [1, "ü"]}
    assert [p.name for p in path.parent.iterdir()] == ["a.json"]


def test_hashes_agree_and_do_not_depend_on_key_order(tmp_path: Path) -> None:
    path = write_text_atomic(tmp_path / "a", "text")
    assert sha256_file(path) == sha256_text("text")
    assert sha256_json({"a": 1, "b": 2}) == sha256_json({"b": 2, "a": 1}) != sha256_json({"a": 1, "b": 3})


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full\n  free some space, or choose another folder with --out"),
        (errno.EDQUOT, "the disk quota is used up\n  free some space, or choose another folder with --out"),
        (errno.EACCES, "permission denied\n  choose a folder that you may write to"),
        (errno.EROFS, "the file system is read-only\n  choose a folder that you may write to"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
@pytest.mark.parametrize("when", ["fsync", "replace"])
def test_refused_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str, when: str
) -> None:
    path = write_text_atomic(tmp_path / "a.txt", "old")

    def refuse(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os if when == "fsync" else Path, when, refuse)
    with pytest.raises(StorageError) as caught:
        write_text_atomic(path, "new")
    assert str(caught.value) == f"cannot write {path}: {words}"
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_real_limit_of_the_kernel_leaves_nothing(tmp_path: Path) -> None:
    """A process that may write 4 KiB per file tries to write 1 MiB."""
    program = (
        "import resource, signal, sys; from pathlib import Path; from tpugen.storage import write_text_atomic\n"
        "from tpugen.errors import StorageError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: write_text_atomic(Path(sys.argv[1]), 'x' * 2**20)\n"
        "except StorageError as error: print(error)\n"
    )
    target = tmp_path / "big.txt"
    done = subprocess.run([sys.executable, "-c", program, str(target)], capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"cannot write {target}: the file-size limit is reached\n"
        "  raise `ulimit -f`, or choose another folder with --out\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_copy_keeps_content_and_mode(tmp_path: Path) -> None:
    source = write_text_atomic(tmp_path / "a", "text")
    source.chmod(0o640)
    target = copy_file_atomic(source, tmp_path / "b" / "c")
    assert target.read_text() == "text"
    assert target.stat().st_mode & 0o777 == 0o640


def test_damaged_json_is_named(tmp_path: Path) -> None:
    path = write_text_atomic(tmp_path / "a.json", "{")
    with pytest.raises(StorageError, match=r"a\.json is damaged: it is not JSON"):
        read_json(path)
    with pytest.raises(StorageError, match=r"none\.json does not exist"):
        read_json(tmp_path / "none.json")


def test_what_killed_writes_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ".tmp-1-a.json").write_text("ha")
    (tmp_path / ".tmp-folder").mkdir()
    (tmp_path / ".tmp-folder" / "x").write_text("")
    write_text_atomic(tmp_path / "deep" / "a.json", "whole")
    assert [path.name for path in finished_files(tmp_path / "deep", "*.json")] == ["a.json"]
    remove_unfinished(tmp_path, older_than_s=60)
    assert (tmp_path / ".tmp-folder").exists()
    remove_unfinished(tmp_path)
    assert {p.name for p in tmp_path.rglob("*")} == {"deep", "a.json"}
