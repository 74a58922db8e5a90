"""Words for BM25: lower case, identifiers kept whole and in parts, `8x8`, `int8` and `W4A8` taken apart."""

from __future__ import annotations

import re

__all__ = ["words"]

_IDENTIFIER = re.compile(r"[a-z0-9_]+")
_PART = re.compile(r"[a-z]+|[0-9]+")
# fmt: off
_STOP_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "does", "each", "for", "from", "give",
    "has", "have", "i", "in", "is", "it", "its", "just", "me", "my", "need", "of", "on", "one", "or", "please",
    "so", "some", "something", "that", "the", "them", "then", "this", "to", "two", "unit", "us", "want", "we",
    "which", "with", "would", "you",
})
# fmt: on


def words(text: str) -> list[str]:
    """The words of `text` in order, repeats kept: `array_os` gives itself, `array` and `os`; `16×8` is `16x8`."""
    result: list[str] = []
    for identifier in _IDENTIFIER.findall(text.lower().replace("×", "x")):
        whole = identifier.strip("_")
        parts = _PART.findall(whole)
        for word in dict.fromkeys([whole, *parts] if len(parts) > 1 else [whole]):
            if word and word not in _STOP_WORDS and not (len(word) == 1 and word.isalpha()):
                result.append(word)
    return result
