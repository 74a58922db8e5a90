"""Files that users name: whether they are there, what they hold, and how it is said that they cannot be read."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from tpugen.errors import RequestError

__all__ = ["is_file", "parse_toml", "read_text_file"]


def is_file(path: str | Path) -> bool:
    """Whether there is such a file; `Path.is_file` raises for names too long for one."""
    return os.path.isfile(path)  # noqa: PTH113


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
        return path.read_text(encoding=encoding)
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
