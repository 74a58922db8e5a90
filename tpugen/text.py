"""Text from outside (requests, replies of chat models, tools' output), made fit to be shown."""

from __future__ import annotations

import unicodedata

__all__ = ["clean"]

# Bidirectional controls can make shown text differ from what it is (e.g. a file name or a line of code).
_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}


def clean(value: object) -> str:
    """Text safe to show: control, bidirectional and unpaired surrogate characters become visible marks.

    Line feeds and tabs stay. Escaping for HTML is another matter and is done where markup is made.
    """
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    if char in "\n\t":
        return char
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code in _BIDI or 0x80 <= code < 0xA0 or unicodedata.category(char) in ("Cs", "Cn"):
        return "\ufffd"
    return char
