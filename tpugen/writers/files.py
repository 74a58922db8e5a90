"""What a writer hands over: RTL files with their provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["RtlFile", "write_files"]


@dataclass(frozen=True)
class RtlFile:
    """One Verilog file.

    Attributes:
        name: File name, `<module>.v`.
        text: Its whole text.
        writer: Who wrote it: `composer` (rendered for this design), `library` (verbatim) or `llm`.
        model: The chat model, where `writer` is `llm`.
        attempt: The attempt (1-based) that wrote it, where `writer` is `llm`.
    """

    name: str
    text: str
    writer: Literal["composer", "library", "llm"]
    model: str | None = None
    attempt: int | None = None


def write_files(files: Sequence[RtlFile], folder: Path) -> list[Path]:
    """Write the files into `folder` (made if needed) and return their paths, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for file in files:
        path = folder / file.name
        path.write_text(file.text)
        paths.append(path)
    return paths
