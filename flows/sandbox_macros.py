"""Which files the sandbox takes as they are: the library's black boxes, unchanged.

A macro's file says what simulators see and, behind a directive, what synthesis sees; it holds directives, `initial` and
memories that no design may. Only the library's own text, byte for byte, is exempt; a copy that differs is judged as
anything else is.
"""

from __future__ import annotations

import hashlib
from functools import cache

__all__ = ["is_library_macro"]

_MARK = "(* blackbox *)"


def is_library_macro(name: str, text: str) -> bool:
    """Whether a file is, by name and SHA-256, one of the library's black boxes."""
    return _MARK in text and _macros().get(name) == _sha256(text)


@cache
def _macros() -> dict[str, str]:
    """SHA-256 of every black box of the library, by file name."""
    from tpugen.rtl_templates import load_library

    return {
        f"{name}.v": _sha256(module.source)
        for name, module in load_library().items()
        if _MARK in module.source and not module.is_template
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()
