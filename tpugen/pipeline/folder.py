"""The run folder: its name, its lock, its request and its manifest."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from tpugen.errors import RequestError, RunLockedError, StorageError, UnknownNameError
from tpugen.results import Manifest
from tpugen.storage import finished_files, make_folder, read_json, storage_errors, write_json_atomic

__all__ = [
    "MANIFEST_FILE",
    "REQUEST_FILE",
    "choose_folder",
    "find_run",
    "lock_run",
    "new_run_folder",
    "read_manifest",
    "read_request",
    "run_is_active",
    "runs_folder",
    "write_manifest",
    "write_request",
]

MANIFEST_FILE = "manifest.json"
REQUEST_FILE = "request.json"
_SLUG_MAX = 60


def runs_folder(chosen: Path | None = None) -> Path:
    """Where runs are kept: the caller's choice, else `TPUGEN_RUNS_DIR`, else `runs` in the working folder."""
    folder = chosen or Path(os.environ.get("TPUGEN_RUNS_DIR") or "runs")
    return folder.expanduser().resolve()


def new_run_folder(parent: Path, name: str, *, now: datetime | None = None) -> Path:
    """Create `<parent>/<utc>-<slug>`, with `-2`, `-3`, ... where another run was faster.

    Raises:
        StorageError: the folder cannot be created.
    """
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_SLUG_MAX].rstrip("-") or "run"
    make_folder(parent)
    number = 1
    while True:
        folder = parent / (f"{moment}-{slug}" if number == 1 else f"{moment}-{slug}-{number}")
        try:
            with storage_errors("create the run folder", folder):
                folder.mkdir()  # atomic: of two runs in the same second one gets the name
        except StorageError as error:
            if not isinstance(error.__cause__, FileExistsError):
                raise
            number += 1
            continue
        return folder


def choose_folder(out: Path, identity: dict[str, Any]) -> Path:
    """The folder that `--out` names: new, empty, or one that holds the same request (which then goes on).

    Args:
        out: The caller's choice.
        identity: What decides the run's results (see `write_request`).

    Raises:
        RequestError: it holds something else.
    """
    folder = out.expanduser().resolve()
    if folder.exists() and not folder.is_dir():
        raise RequestError(f"--out {out}: a file of that name exists", hint="choose a folder that is new or empty")
    if not folder.exists() or not finished_files(folder, "*"):
        return make_folder(folder)
    if not (folder / REQUEST_FILE).is_file():
        raise RequestError(
            f"--out {out}: the folder is not empty and holds no run", hint="choose a folder that is new or empty"
        )
    if read_request(folder)["identity"] != identity:
        raise RequestError(
            f"--out {out}: the folder holds the run of another request",
            hint=f"choose a folder that is new or empty, or look at that run with `tpugen runs show {out}`",
        )
    return folder


def _flock(descriptor: int, tries: int = 3) -> None:
    """Lock without waiting; a few tries, because `run_is_active` of another process holds the lock for an instant."""
    for left in reversed(range(tries)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not left:
                raise
            time.sleep(0.03)


@contextmanager
def lock_run(folder: Path) -> Iterator[None]:
    """Hold a run for this process; the lock goes with the process, however it ends.

    Raises:
        RunLockedError: another process works on it.
    """
    with storage_errors("open", folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            _flock(descriptor)
        except BlockingIOError:
            raise RunLockedError(
                f"another tpugen process is working on {folder}",
                hint="wait until it has ended, or choose another folder with --out",
            ) from None
        yield
    finally:
        os.close(descriptor)


def run_is_active(folder: Path) -> bool:
    """Whether a process holds the run now."""
    try:
        with lock_run(folder):
            return False
    except RunLockedError:
        return True


def write_request(folder: Path, request: dict[str, Any]) -> None:
    """Store what was asked: `{identity, ...}`; enough to resume."""
    write_json_atomic(folder / REQUEST_FILE, request)


def read_request(folder: Path) -> dict[str, Any]:
    """What was asked.

    Raises:
        StorageError: not a run folder, or damaged.
    """
    data = read_json(folder / REQUEST_FILE)
    if not isinstance(data, dict) or "identity" not in data:
        _damaged(folder / REQUEST_FILE, "it holds no request")
    return data


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Store the manifest."""
    write_json_atomic(folder / MANIFEST_FILE, manifest.model_dump(mode="json"))


def read_manifest(folder: Path) -> Manifest:
    """The manifest.

    Raises:
        StorageError: not a run folder, or damaged.
    """
    try:
        return Manifest.model_validate(read_json(folder / MANIFEST_FILE))
    except ValidationError as error:
        _damaged(folder / MANIFEST_FILE, error.errors()[0]["msg"])


def _damaged(path: Path, why: str) -> NoReturn:
    raise StorageError(f"{path} is damaged: {why}", hint="start the run again with `tpugen generate`")


def find_run(name: str, parent: Path | None = None) -> Path:
    """A run by folder or by id; the beginning of an id will do where only one run begins so.

    Raises:
        UnknownNameError: no run of that name, or several.
    """
    path = Path(name).expanduser()
    if (path / REQUEST_FILE).is_file():
        return path.resolve()
    folder = runs_folder(parent)
    if name and (folder / name / REQUEST_FILE).is_file() and "/" not in name:
        return folder / name
    found = sorted(p for p in folder.glob("*") if (p / REQUEST_FILE).is_file()) if folder.is_dir() else []
    if name == "latest" and found:
        return max(found, key=lambda p: p.name)
    matches = [p for p in found if name and p.name.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        listed = ", ".join(p.name for p in matches[:5])
        raise UnknownNameError(f"{len(matches)} runs begin with {name!r}: {listed}", hint="give more of the id")
    raise UnknownNameError(
        f"no run is called {name!r}: looked for a run folder of that path, and in {folder}",
        hint="`tpugen runs list` shows the runs; `latest` names the newest",
    )
