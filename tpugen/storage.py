"""Files that are whole or not there: atomic writes, hashes, and one way to say that the disk refused.

Every artefact is first written beside its final place, flushed to the disk, then renamed. A crash, a full disk or a
kill leaves the old file or the new one, never half of one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tpugen.errors import StorageError

__all__ = [
    "TEMPORARY_PREFIX",
    "copy_file_atomic",
    "finished_files",
    "make_folder",
    "read_json",
    "remove_unfinished",
    "sha256_file",
    "sha256_folder",
    "sha256_json",
    "sha256_text",
    "storage_error",
    "storage_errors",
    "whole_folder",
    "write_bytes_atomic",
    "write_json_atomic",
    "write_text_atomic",
]

TEMPORARY_PREFIX = ".tmp-"
"""Names that begin so are unfinished writes; they may be deleted at any time."""

_WORDS = {
    errno.ENOSPC: ("the disk is full", "free some space, or choose another folder with --out"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or choose another folder with --out"),
    errno.EFBIG: ("the file-size limit is reached", "raise `ulimit -f`, or choose another folder with --out"),
    errno.EACCES: ("permission denied", "choose a folder that you may write to"),
    errno.EPERM: ("permission denied", "choose a folder that you may write to"),
    errno.EROFS: ("the file system is read-only", "choose a folder that you may write to"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another folder"),
    errno.EISDIR: ("a folder is in the place of the file", "remove it, or choose another folder"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter path"),
}


@contextmanager
def storage_errors(action: str, path: Path, hint: str | None = None) -> Iterator[None]:
    """Turn `OSError` inside the block into `StorageError`.

    Args:
        action: What was tried, e.g. `write`.
        path: On which file or folder.
        hint: What to do; without it, what usually helps.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(action, path, error, hint) from error


def storage_error(action: str, path: Path, error: OSError, hint: str | None = None) -> StorageError:
    """An `OSError` in words for people: what was tried, on which file or folder, why not, what to do."""
    words, usual = _WORDS.get(error.errno or 0, (error.strerror or str(error), None))
    return StorageError(f"cannot {action} {path}: {words}", hint=hint or usual)


def make_folder(path: Path) -> Path:
    """Create a folder and its parents, if need be.

    Raises:
        StorageError: the file system refused.
    """
    with storage_errors("create the folder", path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def write_bytes_atomic(path: Path, data: bytes) -> Path:
    """Write a file whole or not at all; parents are created.

    Raises:
        StorageError: disk full, no permission; whatever stood at `path` before still does.
    """
    with storage_errors("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(4)}-{path.name[-80:]}")
        try:
            with temporary.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return path


def write_text_atomic(path: Path, text: str) -> Path:
    """Write UTF-8 text whole or not at all (see `write_bytes_atomic`)."""
    return write_bytes_atomic(path, text.encode())


def write_json_atomic(path: Path, value: object) -> Path:
    """Write indented JSON whole or not at all (see `write_bytes_atomic`)."""
    return write_text_atomic(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def copy_file_atomic(source: Path, target: Path) -> Path:
    """Copy a file's content and mode; the target is whole or not there.

    Raises:
        StorageError: disk full, no permission, source gone.
    """
    with storage_errors("write", target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(4)}-{target.name[-80:]}")
        try:
            shutil.copyfile(source, temporary)
            shutil.copymode(source, temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return target


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes `folder` when the block ends well: it is whole or not there.

    Where another process was first, its folder stays.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder.parent))
    try:
        yield temporary
        if not folder.is_dir():
            temporary.rename(folder)
    except FileExistsError:
        pass  # another process was first
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_unfinished(folder: Path, *, older_than_s: float = 0.0) -> None:
    """Remove what writes that were killed left below a folder; only where no process is writing there.

    Args:
        folder: Where to look.
        older_than_s: Leave what is younger alone.
    """
    limit = time.time() - older_than_s
    for path in list(folder.rglob(f"{TEMPORARY_PREFIX}*")):
        with suppress(OSError):  # gone meanwhile: as well
            if path.stat().st_mtime > limit:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        StorageError: not there, not readable, or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StorageError(f"{path} does not exist") from None
    except OSError as error:
        raise storage_error("read", path, error) from error
    except ValueError as error:
        raise StorageError(f"{path} is damaged: it is not JSON ({error})") from error


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with storage_errors("read", path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def finished_files(folder: Path, pattern: str) -> list[Path]:
    """What in a folder matches a pattern, by name; what a killed process left half-written is no part of it."""
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith(TEMPORARY_PREFIX))


def sha256_text(text: str) -> str:
    """SHA-256 of UTF-8 text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_folder(folder: Path, suffixes: Collection[str]) -> str:
    """SHA-256 over names and contents of the files with these suffixes at and below a folder; byte code aside."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in suffixes and path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def sha256_json(value: object) -> str:
    """SHA-256 of a value's canonical JSON, in hex."""
    return sha256_text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
