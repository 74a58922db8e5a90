"""Where tpugen keeps what outlives a run (one environment variable moves all of it), and where its own rooms lie."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_dir", "room_folder"]


def cache_dir() -> Path:
    """Folder for caches and indexes: `TPUGEN_CACHE_DIR`, else the platform's user cache folder. Not created here."""
    override = os.environ.get("TPUGEN_CACHE_DIR")
    if override:
        return Path(override).expanduser().resolve()
    from platformdirs import user_cache_path

    return user_cache_path("tpugen", appauthor=False)


def room_folder(room: str) -> Path:
    """Folder of `tpugen.<room>`, found without importing it (rooms may be expensive to import)."""
    from importlib.util import find_spec

    spec = find_spec(f"tpugen.{room}")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"tpugen.{room}")
    return Path(next(iter(spec.submodule_search_locations)))
