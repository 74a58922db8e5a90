"""Reads the JSON files that outside tools write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tpugen.errors import ToolFailedError

__all__ = ["read_tool_json"]


def read_tool_json(path: Path, tool: str) -> dict[str, Any]:
    """An object that a tool wrote.

    Args:
        path: The file.
        tool: Who wrote it, for the message.

    Raises:
        ToolFailedError: the file is missing, cut off, or holds something else: tools seldom say that a write failed.
    """
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ToolFailedError(
            f"{tool} did not write {path} whole: {error}",
            hint="see the log beside it; the usual cause is a disk or a quota that is full",
        ) from error
    if not isinstance(data, dict):
        raise ToolFailedError(f"{tool} wrote {type(data).__name__} to {path}; expected an object")
    return data
