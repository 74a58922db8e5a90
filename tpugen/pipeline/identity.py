"""Who and what made a result: code, tools, machine. These go into step keys and the manifest."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.paths import room_folder
from tpugen.results import ToolVersion
from tpugen.storage import sha256_folder

if TYPE_CHECKING:
    from tpugen.flows.tools import Tool

__all__ = ["code_fingerprint", "git_commit", "machine_summary", "package_version", "require_tools"]

_CODE_SUFFIXES = {".py", ".cpp", ".v", ".j2", ".toml", ".md", ".tcl", ".ys", ".css", ".html", ".json"}


@cache
def _room_fingerprint(room: str) -> str:
    return sha256_folder(room_folder(room), _CODE_SUFFIXES)


def code_fingerprint(rooms: Iterable[str]) -> dict[str, str]:
    """SHA-256 of the source of some rooms: a result made by other code is never taken from the cache.

    Args:
        rooms: Names below `tpugen`, e.g. `flows`, `verif`.
    """
    return {room: _room_fingerprint(room) for room in sorted(rooms)}


def require_tools(*tools: Tool) -> list[ToolVersion]:
    """Find tools and check their versions.

    Raises:
        ToolMissingError: not found.
        ToolVersionError: outside the accepted range.
    """
    return [tool.require() for tool in tools]


def package_version(name: str) -> str | None:
    """Version of an installed Python package, or None."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def git_commit() -> str | None:
    """Commit of the checkout that tpugen runs from, read without git; None for an installed wheel."""
    start = Path(__file__).resolve()
    root = next((folder for folder in start.parents if (folder / ".git").is_dir()), None)
    if root is None or "site-packages" in start.parts:
        return None
    try:
        head = (root / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        reference = head.removeprefix("ref: ")
        loose = root / ".git" / reference
        if loose.is_file():
            return loose.read_text(encoding="utf-8").strip()
        packed = (root / ".git" / "packed-refs").read_text(encoding="utf-8")
    except OSError:
        return None
    return next((line.split()[0] for line in packed.splitlines() if line.endswith(f" {reference}")), None)


def machine_summary() -> str:
    """Operating system, processor and number of usable CPUs; no host name."""
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # not Linux, or hidden: the architecture will do
    cpus = len(os.sched_getaffinity(0))
    return f"{platform.system()} {platform.release()}, {model}, {cpus} CPUs, Python {platform.python_version()}"
