"""Files that users name: whether they are there, what they hold, and how it is said that they cannot be read."""

from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path
from typing import Any, BinaryIO

from tpugen.errors import RequestError

__all__ = ["TEXT_MAX_BYTES", "is_file", "parse_toml", "read_bytes", "read_text_file"]

TEXT_MAX_BYTES = 16 * 2**20
"""Of any file in words or tables; endless ones, such as devices, would else be read until memory is full."""


def is_file(path: str | Path) -> bool:
    """Whether there is such a file; `Path.is_file` raises for names too long for one."""
    return os.path.isfile(path)  # noqa: PTH113


def read_bytes(source: Path | BinaryIO, most_bytes: int = TEXT_MAX_BYTES) -> bytes:
    """A file, a pipe or standard input, if it comes to an end.

    Raises:
        OSError: it cannot be read, or holds more than `most_bytes`.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return read_bytes(stream, most_bytes)
    data = source.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it holds more than {most_bytes // 2**20} MiB")
    return data


def read_text_file(path: Path, what: str, *, encoding: str = "utf-8", hint: str | None = None) -> str:
    """The text of a file.

    Args:
        path: The file.
        what: What it is meant to be, with its name, e.g. `system my.toml`: the beginning of the error's message.
        encoding: UTF-8, with or without a byte-order mark.
        hint: What to do instead.

    Raises:
        RequestError: it cannot be read.
    """
    try:
        return read_bytes(path).decode(encoding).replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not text in UTF-8"
        raise RequestError(f"{what}: cannot be read: {reason}", hint=hint) from problem


def parse_toml(content: str, what: str) -> dict[str, Any]:
    """The tables of TOML text.

    Raises:
        RequestError: it is not TOML.
    """
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as problem:
        raise RequestError(f"{what}: not TOML: {problem}") from problem
