"""Ranks the documents of an index for one query: the spec's facts, the words and the meaning, fused into one score.

Fusion is reciprocal-rank fusion, in which every search is a voter who gives 1/(60 + rank). Two voters read the text:
BM25 and the embedding. Each fact of the parsed spec is a voter of its own, who puts every record that has this fact in
the first place; what the request states has four votes, what was only assumed one (`columns.STATED_WEIGHT`). A number
that differs gets at most half of its votes, by its ratio to the number that is asked for. So a record with one wrong
number never stands before one with the right ones, however alike their texts are, and among records that agree equally
well the text decides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tpugen.retrieval.facts import Fact, Facts, is_assumed, spec_facts
from tpugen.retrieval.hits import RRF_K, Hit, Why, facts_compared, reciprocal_rank_fusion
from tpugen.retrieval.index import DOCUMENT_KIND, SearchIndex
from tpugen.retrieval.text import words
from tpugen.spec import DesignSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SpecFilter", "TextQuery", "rank"]

_DEPTH = 200
"""Each text search gives so many, and so many records, those that agree best with the spec, are ordered by text."""

_MODULE_SHARE = 3
"""With a spec, one result in so many is a library module."""


@dataclass(frozen=True)
class SpecFilter:
    """What a parsed spec asks of records.

    Attributes:
        facts: All of its facts.
        assumed: Names of those that the request does not state.
    """

    facts: Facts
    assumed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, spec: DesignSpec, assumed: Collection[str] = ()) -> SpecFilter:
        """The filter of a spec."""
        return cls(spec_facts(spec), frozenset(assumed))

    @property
    def required(self) -> dict[str, Fact]:
        """Facts without which a record is left out: the kind, and the dataflow where it is stated."""
        stated = self.stated
        return {"kind": self.facts["kind"]} | {name: stated[name] for name in ("dataflow",) if name in stated}

    @property
    def stated(self) -> dict[str, Fact]:
        """Facts that the request states."""
        return {name: value for name, value in self.facts.items() if not is_assumed(name, value, self.assumed)}


@dataclass(frozen=True)
class TextQuery:
    """A query as the two text searches see it: read and embedded once, asked as often as needed.

    Attributes:
        index: Where to look.
        words: Words of the query that the index knows, each once.
        word_scores: BM25 of every document; None where no word is known.
        vector: Embedding of the query; None: search by words only.
    """

    index: SearchIndex
    words: tuple[str, ...]
    word_scores: NDArray[np.float32] | None
    vector: NDArray[np.float32] | None

    def rankings(self, count: int, allowed: NDArray[np.bool_] | None) -> tuple[list[int], list[int]]:
        """The best by words and the best by meaning, among the allowed."""
        by_words = [] if self.word_scores is None else self.index.best(self.word_scores, count, allowed)
        by_meaning = [] if self.vector is None else self.index.nearest(self.vector, count, allowed)
        return by_words, by_meaning


def rank(query: TextQuery, k: int, wanted: SpecFilter | None = None) -> list[Hit]:
    """The k best documents, by falling score.

    Args:
        query: The text.
        k: How many, at least 1.
        wanted: What the parsed spec asks for: then most results are records, the rest modules found by text. A spec
            of which only the kind is stated leaves records of other kinds out, and text ranks the rest.
    """
    if wanted is None:
        return _by_text(query, k, None)
    columns = query.index.columns
    if not wanted.stated.keys() - {"kind"}:  # nothing but "an adder": the words alone say which
        kind = {name: value for name, value in wanted.stated.items() if name == "kind"}
        return _by_text(query, k, columns.equal(DOCUMENT_KIND, "module") | columns.having(kind), wanted.facts)
    modules = _by_text(query, k // _MODULE_SHARE, columns.equal(DOCUMENT_KIND, "module"))
    records = _by_spec(query, k - len(modules), wanted)
    if len(records) + len(modules) < k:
        modules = _by_text(query, k - len(records), columns.equal(DOCUMENT_KIND, "module"))
    return records + modules


def _by_text(query: TextQuery, k: int, allowed: NDArray[np.bool_] | None, asked: Facts | None = None) -> list[Hit]:
    if k == 0:
        return []
    by_words, by_meaning = query.rankings(max(k, _DEPTH), allowed)
    return _hits(query, k, reciprocal_rank_fusion([by_words, by_meaning]), by_words, by_meaning, asked)


def _by_spec(query: TextQuery, k: int, wanted: SpecFilter) -> list[Hit]:
    """Records of the required kind and dataflow, by agreement with the spec, then by text."""
    import numpy as np

    columns = query.index.columns
    fitting = columns.equal(DOCUMENT_KIND, "record") & columns.having(wanted.required)
    places = np.flatnonzero(fitting)
    if not len(places):
        return []
    agreement = columns.agreement(wanted.facts, wanted.assumed)
    depth = min(max(k, _DEPTH), len(places))
    least = np.partition(agreement[places], len(places) - depth)[len(places) - depth]
    best = places[agreement[places] > least]  # fewer than `depth`
    allowed = np.zeros_like(fitting)
    allowed[best if len(best) >= k else places[agreement[places] >= least]] = True
    by_words, by_meaning = query.rankings(depth, allowed)
    scores = reciprocal_rank_fusion([by_words, by_meaning])
    candidates = {*scores, *best.tolist()} or set(np.flatnonzero(allowed)[:k].tolist())
    fused = {place: scores.get(place, 0.0) + float(agreement[place]) / (RRF_K + 1) for place in candidates}
    return _hits(query, k, fused, by_words, by_meaning, wanted.facts)


def _hits(
    query: TextQuery, k: int, scores: dict[int, float], by_words: list[int], by_meaning: list[int],
    asked: Facts | None = None,
) -> list[Hit]:  # fmt: skip
    """The k highest scores as hits; of equal ones the earlier document comes first."""
    word_ranks = {place: rank for rank, place in enumerate(by_words, start=1)}
    meaning_ranks = {place: rank for rank, place in enumerate(by_meaning, start=1)}
    hits = []
    for place in sorted(scores, key=lambda item: (-scores[item], item))[:k]:
        document = query.index.documents[place]
        held = set(words(document.text))
        compared = asked if document.kind == "record" else None
        agreed, other = (0, ()) if compared is None else facts_compared(compared, document.facts)
        why = Why(
            dense_rank=meaning_ranks.get(place),
            bm25_rank=word_ranks.get(place),
            matched_terms=tuple(word for word in query.words if word in held),
            facts_agreed=agreed,
            facts_asked=len(compared or ()),
            facts_other=other,
        )
        hits.append(Hit(document.name, scores[place], why, document))
    return hits
