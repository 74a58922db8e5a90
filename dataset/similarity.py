"""How alike texts are: shared runs of three words, numbers apart; and the most similar pair of two collections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["NEAR_DUPLICATE", "Closest", "closest_pair", "normalised", "shingles", "similarity"]

NEAR_DUPLICATE = 0.7
"""From this Jaccard similarity on, two texts count as near-duplicates."""

_WORDS = 3
_TOKEN = re.compile(r"[a-z]+|#")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ROWS_AT_ONCE = 500


def normalised(text: str) -> str:
    """The text in small letters with `#` for every number and without punctuation: sizes and widths do not count."""
    return " ".join(_TOKEN.findall(_NUMBER.sub(" # ", text.lower())))


def shingles(text: str) -> frozenset[str]:
    """All runs of three words of the normalised text; of a shorter one, the whole."""
    words = normalised(text).split()
    if len(words) < _WORDS:
        return frozenset([" ".join(words)])
    return frozenset(" ".join(words[start : start + _WORDS]) for start in range(len(words) - _WORDS + 1))


def similarity(first: str, second: str) -> float:
    """Jaccard similarity of the texts' shingles: 1 where numbers alone differ, 0 where nothing is shared."""
    a, b = shingles(first), shingles(second)
    return len(a & b) / len(a | b)


@dataclass(frozen=True)
class Closest:
    """The two most similar texts of two collections.

    Attributes:
        similarity: Their Jaccard similarity; 0 where one of the collections is empty.
        first: Of the first collection, normalised.
        second: Of the second, normalised.
        pairs: Pairs of different normalised texts that were compared.
    """

    similarity: float
    first: str = ""
    second: str = ""
    pairs: int = 0


def closest_pair(first: Iterable[str], second: Iterable[str]) -> Closest:
    """The most similar pair, over all pairs: exact, not a sketch.

    Texts that are equal but for numbers are compared once. The intersections of all pairs are one sparse product.
    """
    left, right = (sorted({normalised(text) for text in texts}) for texts in (first, second))
    if not left or not right:
        return Closest(0.0)
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=_sorted_shingles, binary=True, dtype=np.int32)
    rows = vectorizer.fit_transform([*left, *right]).tocsr()
    a, b = rows[: len(left)], rows[len(left) :]
    sizes_a, sizes_b = (np.asarray(part.sum(axis=1)).ravel() for part in (a, b))
    best = Closest(0.0, pairs=len(left) * len(right))
    for start in range(0, len(left), _ROWS_AT_ONCE):
        shared = (a[start : start + _ROWS_AT_ONCE] @ b.T).tocoo()
        if not shared.nnz:
            continue
        union = sizes_a[start + shared.row] + sizes_b[shared.col] - shared.data
        place = int(np.argmax(shared.data / union))
        value = float(shared.data[place] / union[place])
        if value > best.similarity:
            best = Closest(value, left[start + int(shared.row[place])], right[int(shared.col[place])], best.pairs)
    return best


def _sorted_shingles(text: str) -> Sequence[str]:
    return sorted(shingles(text))
