"""What a search gives: hits, each with the reason why it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tpugen.retrieval.documents import Document
from tpugen.retrieval.facts import Fact

__all__ = ["RRF_K", "Hit", "Why", "fact_in_words", "facts_compared", "reciprocal_rank_fusion"]

RRF_K = 60
"""Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet...", SIGIR 2009, section 3."""

_USERS_NAMED = 3
_FACTS_NAMED = 3


@dataclass(frozen=True)
class Why:
    """Why a document was retrieved. Ranks count from 1; None means that this search did not find it.

    Attributes:
        dense_rank: Rank by meaning (cosine of embeddings).
        bm25_rank: Rank by words.
        matched_terms: Words of the query that the document holds.
        needed_by_spec: Whether the parsed spec needs it, whatever the ranks say.
        dependency_of: Modules and records among the results that instantiate it.
        facts_agreed: How many of the asked spec's facts a record agrees with.
        facts_asked: How many facts the asked spec has; 0: no spec was asked for, or this is no record.
        facts_other: Where it differs: `rows 8, not 16`.
    """

    dense_rank: int | None = None
    bm25_rank: int | None = None
    matched_terms: tuple[str, ...] = ()
    needed_by_spec: bool = False
    dependency_of: tuple[str, ...] = ()
    facts_agreed: int = 0
    facts_asked: int = 0
    facts_other: tuple[str, ...] = ()

    def text(self) -> str:
        """The reason in words, e.g. `spec 8 of 9 (rows 8, not 16), meaning #1, words #3 (array, int8)`."""
        parts = []
        if self.facts_asked:
            differs = f" ({_some(self.facts_other, _FACTS_NAMED, '; ')})" if self.facts_other else ""
            parts.append(f"spec {self.facts_agreed} of {self.facts_asked}{differs}")
        if self.dense_rank is not None:
            parts.append(f"meaning #{self.dense_rank}")
        if self.bm25_rank is not None:
            parts.append(f"words #{self.bm25_rank} ({', '.join(self.matched_terms)})")
        if self.needed_by_spec:
            parts.append("needed by the spec")
        if self.dependency_of:
            parts.append(f"dependency of {_some(self.dependency_of, _USERS_NAMED)}")
        return ", ".join(parts)


def _some(items: Sequence[str], most: int, between: str = ", ") -> str:
    more = len(items) - most
    return between.join(items[:most]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Hit:
    """One result. `score` is the fused score; 0 for what only the spec or a dependency brought in."""

    name: str
    score: float
    why: Why
    document: Document


def fact_in_words(name: str, value: Fact | None) -> str:
    """`rows 16`, `unsigned`, `multiplier drum`, `multiplier k 4`, `no adder structure`."""
    if name == "signed" and value is not None:
        return "signed" if value else "unsigned"
    words = name.removesuffix(".family").replace("_bits", "").replace("_", " ").replace(".", " ")
    if value is None or value == "":
        return f"no {words}"
    if isinstance(value, bool):
        return words if value else f"no {words}"
    return f"{words} {str(value).replace('_', '-')}"


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]], k: int = RRF_K) -> dict[int, float]:
    """Sum of 1 / (k + rank) over the rankings that hold an item, ranks from 1."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            scores[item] = scores.get(item, 0.0) + 1.0 / (k + rank)
    return scores


def facts_compared(asked: Mapping[str, Fact], found: Mapping[str, Fact]) -> tuple[int, tuple[str, ...]]:
    """How many of the asked facts are found, and the differences in words: `rows 8, not 16`.

    Parameters of a unit of another family are not told one by one.
    """
    other = {name: found.get(name) for name, value in asked.items() if found.get(name) != value}
    told = []
    for name, mine in other.items():
        role, dot, field = name.partition(".")
        if dot and field != "family" and f"{role}.family" in other:
            continue
        plain = mine is not None and not isinstance(mine, bool) and mine != "" and asked[name] != ""
        wanted = str(asked[name]).replace("_", "-") if plain else fact_in_words(name, asked[name])
        told.append(f"{fact_in_words(name, mine)}, not {wanted}")
    return len(asked) - len(other), tuple(told)
