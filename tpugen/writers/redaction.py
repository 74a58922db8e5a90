"""Secrets leave no trace: every text about a chat model passes here before it is stored, shown or raised."""

from __future__ import annotations

import os
import re

__all__ = ["REDACTED", "redact"]

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(r"(?:API_?KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_SHORTEST_SECRET = 6  # shorter values ("none", "x") would blank out ordinary words
_PATTERNS = (
    re.compile(r"(?<=Bearer )[^\s\"',;]+", re.IGNORECASE),
    re.compile(r"\bsk-[A-Za-z0-9_-]{6,}"),
    re.compile(r"(?<=://)[^/\s@\"']+(?=@)"),
)


def redact(text: str) -> str:
    """`text` without secrets.

    Blanked are the values of environment variables whose names end like a secret (`*_API_KEY`, `*_TOKEN`, ...),
    bearer tokens, `sk-...` keys and the user part of URLs.
    """
    values = {value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, REDACTED)
    for pattern in _PATTERNS:
        text = pattern.sub(REDACTED, text)
    return text
