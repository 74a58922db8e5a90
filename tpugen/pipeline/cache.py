"""The cache of finished steps: content-keyed, checked before use, safe for several processes.

An entry is a folder `steps/<first two>/<key>` with `entry.json` (the step's record and the SHA-256 of every file) and
`files/`. It is built under a temporary name and renamed, so it is whole or not there. Only passes are stored: a fail
may come from a limit that another machine, or another hour, would not reach.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tpugen.errors import StorageError
from tpugen.paths import cache_dir
from tpugen.storage import (
    copy_file_atomic,
    make_folder,
    read_json,
    remove_unfinished,
    sha256_file,
    storage_errors,
    write_json_atomic,
)

__all__ = ["DEFAULT_LIMIT_BYTES", "StepCache", "clear_outputs", "hash_outputs", "outputs_match"]

DEFAULT_LIMIT_BYTES = 4 * 1024**3
"""Size at which the least recently used entries go; `TPUGEN_CACHE_LIMIT_MB` changes it."""

_ENTRY_FILE = "entry.json"
_UNFINISHED_KEPT_S = 24 * 3600.0  # another process may be writing it


def _files_below(root: Path, paths: Iterable[str]) -> list[str]:
    found: set[str] = set()
    for path in paths:
        top = root / path
        if top.is_file():
            found.add(path)
        elif top.is_dir():
            found.update(str(file.relative_to(root)) for file in top.rglob("*") if file.is_file())
    return sorted(found)


def hash_outputs(root: Path, paths: Iterable[str], without: Iterable[str] = ()) -> dict[str, str]:
    """SHA-256 of every file below `paths` (files or folders relative to `root`), by relative path."""
    left_out = set(without)
    return {name: sha256_file(root / name) for name in _files_below(root, paths) if name not in left_out}


def outputs_match(root: Path, files: Mapping[str, str]) -> bool:
    """Whether every file is there with the content that was recorded."""
    return all((root / name).is_file() and sha256_file(root / name) == digest for name, digest in files.items())


def clear_outputs(root: Path, paths: Iterable[str]) -> None:
    """Remove files and folders below `root`, so that nothing stale stays.

    Raises:
        StorageError: the file system refused.
    """
    for path in paths:
        target = root / path
        with storage_errors("remove", target):
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)


class StepCache:
    """Finished steps by key.

    Args:
        folder: Where entries are kept; default `steps` in tpugen's cache folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_dir() / "steps"

    def _entry(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def restore(self, key: str, root: Path, note: Callable[[str], None] = lambda _text: None) -> dict[str, Any] | None:
        """Copy an entry's files into `root`; returns its record, or None where there is no sound entry.

        Every file is compared with its recorded hash; a damaged entry is removed, `note` is told, and the step is done
        again.

        Raises:
            StorageError: the files could not be written to `root`.
        """
        entry = self._entry(key)
        if not (entry / _ENTRY_FILE).is_file():
            return None
        try:
            data = read_json(entry / _ENTRY_FILE)
            files, record = dict(data["files"]), dict(data["record"])
            sound = outputs_match(entry / "files", files)
        except (StorageError, KeyError, TypeError, ValueError):
            sound, files, record = False, {}, {}
        if not sound:
            note("the cache entry is damaged; it was removed and the step is done again")
            shutil.rmtree(entry, ignore_errors=True)
            return None
        for name in files:
            copy_file_atomic(entry / "files" / name, root / name)
        with suppress(OSError):  # a cache that may only be read still serves
            os.utime(entry)  # least recently used goes first
        return record

    def store(self, key: str, root: Path, paths: Iterable[str], record: Mapping[str, Any]) -> str | None:
        """Keep a finished step; returns None, or why it could not be kept (the run itself is not harmed)."""
        entry = self._entry(key)
        temporary: Path | None = None
        try:
            make_folder(entry.parent)
            temporary = Path(tempfile.mkdtemp(prefix=".tmp-", dir=self.folder))
            files: dict[str, str] = {}
            for name in _files_below(root, paths):
                copy_file_atomic(root / name, temporary / "files" / name)
                files[name] = sha256_file(temporary / "files" / name)
            write_json_atomic(temporary / _ENTRY_FILE, {"key": key, "record": dict(record), "files": files})
            if entry.exists():
                return None  # another process was first; same key, same content
            temporary.rename(entry)
            temporary = None
        except (OSError, StorageError) as error:
            return f"the step was not cached: {error}"
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
        return None

    def prune(self, limit_bytes: int | None = None) -> int:
        """Remove the least recently used entries until the cache is below its limit; returns how many went."""
        limit = limit_bytes if limit_bytes is not None else _limit_from_environment()
        if not self.folder.is_dir():
            return 0
        remove_unfinished(self.folder, older_than_s=_UNFINISHED_KEPT_S)
        entries = []
        for entry in self.folder.glob("??/*"):
            try:
                size = sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())
                entries.append((entry.stat().st_mtime, size, entry))
            except OSError:
                continue  # another process removed it meanwhile
        total, removed = sum(size for _, size, _ in entries), 0
        for _, size, entry in sorted(entries, key=lambda item: item[0]):
            if total <= limit:
                break
            shutil.rmtree(entry, ignore_errors=True)
            total, removed = total - size, removed + 1
        return removed


def _limit_from_environment() -> int:
    text = os.environ.get("TPUGEN_CACHE_LIMIT_MB", "")
    return int(text) * 1024**2 if text.isdecimal() else DEFAULT_LIMIT_BYTES
