"""Where tpugen keeps what outlives a run; one environment variable moves all of it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_dir"]


def cache_dir() -> Path:
    """Folder for caches and indexes: `TPUGEN_CACHE_DIR`, else the platform's user cache folder. Not created here."""
    override = os.environ.get("TPUGEN_CACHE_DIR")
    if override:
        return Path(override).expanduser().resolve()
    from platformdirs import user_cache_path

    return user_cache_path("tpugen", appauthor=False)
