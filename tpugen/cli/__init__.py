"""The command line: one file per command, no logic; data on stdout, talk on stderr."""

from __future__ import annotations

__all__: list[str] = []
