"""`Retriever`: meaning and words fused, results closed over true module dependencies, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpugen.dataset import describe, library_modules_for
from tpugen.errors import ToolMissingError
from tpugen.paths import cache_dir
from tpugen.retrieval.corpus import build_corpus, module_document
from tpugen.retrieval.documents import Document
from tpugen.retrieval.embeddings import PACKAGED_MODEL, Embedder, SentenceEmbedder
from tpugen.retrieval.index import SearchIndex, open_index
from tpugen.retrieval.text import words
from tpugen.rtl_templates import LibraryModule, dependency_closure, design_sources, load_library
from tpugen.spec import DesignSpec

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

__all__ = ["Hit", "Retriever", "Why", "reciprocal_rank_fusion"]

_RRF_K = 60
"""Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet...", SIGIR 2009, section 3."""


_USERS_NAMED = 3


@dataclass(frozen=True)
class Why:
    """Why a document was retrieved. Ranks count from 1; None means that this search did not find it.

    Attributes:
        dense_rank: Rank by meaning (cosine of embeddings).
        bm25_rank: Rank by words.
        matched_terms: Words of the query that the document holds.
        needed_by_spec: Whether the parsed spec needs it, whatever the ranks say.
        dependency_of: Modules and records among the results that instantiate it.
    """

    dense_rank: int | None = None
    bm25_rank: int | None = None
    matched_terms: tuple[str, ...] = ()
    needed_by_spec: bool = False
    dependency_of: tuple[str, ...] = ()

    def text(self) -> str:
        """The reason in words, e.g. `meaning #1, words #3 (array, int8), needed by the spec`."""
        parts = []
        if self.dense_rank is not None:
            parts.append(f"meaning #{self.dense_rank}")
        if self.bm25_rank is not None:
            parts.append(f"words #{self.bm25_rank} ({', '.join(self.matched_terms)})")
        if self.needed_by_spec:
            parts.append("needed by the spec")
        if self.dependency_of:
            named = ", ".join(self.dependency_of[:_USERS_NAMED])
            more = len(self.dependency_of) - _USERS_NAMED
            parts.append(f"dependency of {named}" + (f" and {more} more" if more > 0 else ""))
        return ", ".join(parts)


@dataclass(frozen=True)
class Hit:
    """One result. `score` is the fused score; 0 for what only the spec or a dependency brought in."""

    name: str
    score: float
    why: Why
    document: Document


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]], k: int = _RRF_K) -> dict[int, float]:
    """Sum of 1 / (k + rank) over the rankings that hold an item, ranks from 1."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            scores[item] = scores.get(item, 0.0) + 1.0 / (k + rank)
    return scores


class Retriever:
    """Searches library modules and dataset records. The index is opened at the first search.

    Args:
        documents: The corpus; by default the library and the generated dataset records.
        embedder: Embedding model, or the name or folder of one; by default the packaged one. None: words only.
        cache_folder: Where indexes are kept; by default `cache_dir()/retrieval`.
        library: Modules by name, for dependencies; by default the whole library.

    Attributes:
        notes: What was not as it should be (BM25 only, index rebuilt, ...), in sentences for the user.
    """

    def __init__(
        self,
        documents: Sequence[Document] | None = None,
        *,
        embedder: Embedder | str | None = PACKAGED_MODEL,
        cache_folder: Path | None = None,
        library: Mapping[str, LibraryModule] | None = None,
    ) -> None:
        self.notes: list[str] = []
        self._documents = documents
        self._embedder = SentenceEmbedder(embedder) if isinstance(embedder, str) else embedder
        self._cache_folder = cache_folder
        self._library = library

    @cached_property
    def library(self) -> Mapping[str, LibraryModule]:
        """The modules that results refer to."""
        return load_library() if self._library is None else self._library

    @cached_property
    def index(self) -> SearchIndex:
        """The index, opened or built at the first use."""
        documents = build_corpus(self.library) if self._documents is None else self._documents
        root = self._cache_folder or cache_dir() / "retrieval"
        return open_index(documents, self._embedder, root, note=self._note)

    def search(self, text: str, k: int = 5, spec: DesignSpec | None = None) -> list[Hit]:
        """The k documents nearest to `text`, then what the spec needs, then the dependencies of all these modules.

        Args:
            text: The request, in any words; empty text with a spec searches for the spec's description.
            k: How many documents to take by rank, at least 1.
            spec: Where known: records of other kinds or dataflows are left out, and the modules that its top level
                instantiates are always among the results.

        Returns:
            Hits by falling score; needed modules and dependencies follow, dependencies of a module after it.
        """
        if k < 1:
            raise ValueError(f"k is {k}; at least 1 is expected")
        query = text if text.strip() or spec is None else describe(spec, "engineering")
        ranked = self._ranked(query, k, spec)
        needed = () if spec is None else library_modules_for(spec)
        hits = {hit.name: hit for hit in ranked}
        for name in needed:
            known = hits.get(name)
            hits[name] = (
                replace(known, why=replace(known.why, needed_by_spec=True))
                if known
                else Hit(name, 0.0, Why(needed_by_spec=True), module_document(self.library[name]))
            )
        return self._closed(hits, spec)

    def as_langchain(self, k: int = 5) -> BaseRetriever:
        """This retriever as a LangChain `BaseRetriever`: documents with name, score and reason as metadata."""
        from tpugen.retrieval.langchain_adapter import LangChainRetriever

        return LangChainRetriever(retriever=self, k=k)

    def _note(self, message: str) -> None:
        if message not in self.notes:
            self.notes.append(message)

    def _ranked(self, query: str, k: int, spec: DesignSpec | None) -> list[Hit]:
        index = self.index
        allowed = {position for position, document in enumerate(index.documents) if _fits(document, spec)}
        by_words = [position for position in index.ranked_by_words(query) if position in allowed]
        by_meaning = [position for position in self._ranked_by_meaning(index, query) if position in allowed]
        word_ranks = {position: rank for rank, position in enumerate(by_words, start=1)}
        meaning_ranks = {position: rank for rank, position in enumerate(by_meaning, start=1)}
        scores = reciprocal_rank_fusion([by_words, by_meaning])
        query_words = tuple(dict.fromkeys(words(query)))
        hits = []
        for position in sorted(scores, key=lambda item: (-scores[item], item))[:k]:
            document = index.documents[position]
            held = set(words(document.text))
            why = Why(
                dense_rank=meaning_ranks.get(position),
                bm25_rank=word_ranks.get(position),
                matched_terms=tuple(word for word in query_words if word in held),
            )
            hits.append(Hit(document.name, scores[position], why, document))
        return hits

    def _ranked_by_meaning(self, index: SearchIndex, query: str) -> list[int]:
        if self._embedder is None or index.vectors is None:
            return []
        try:
            return index.ranked_by_meaning(query, self._embedder)
        except ToolMissingError as error:
            self._note(f"retrieval by words only (BM25): {error.message}")
            return []

    def _closed(self, hits: dict[str, Hit], spec: DesignSpec | None) -> list[Hit]:
        """Adds every module that the results' modules instantiate, however deep, and every module of the records.

        With a spec, templates instantiate its units, not the exact ones that the library shows them with.
        """
        roots = list(dict.fromkeys(name for hit in hits.values() for name in hit.document.modules))
        below = list(design_sources(spec, roots)) if spec else dependency_closure(roots)
        for name in [*roots, *reversed(below)]:
            if name not in hits:
                hits[name] = Hit(name, 0.0, Why(), module_document(self.library[name]))
        users: dict[str, list[str]] = {}
        for hit in hits.values():
            uses = self.library[hit.name].dependencies if hit.document.kind == "module" else hit.document.modules
            for name in uses:
                users.setdefault(name, []).append(hit.name)
        return [
            replace(hit, why=replace(hit.why, dependency_of=tuple(users.get(hit.name, ())))) for hit in hits.values()
        ]


def _fits(document: Document, spec: DesignSpec | None) -> bool:
    """Records must be of the spec's kind and dataflow; modules always may help."""
    if spec is None or document.kind == "module":
        return True
    wanted: dict[str, Any] = {"kind": spec.kind}
    if hasattr(spec, "dataflow"):
        wanted["dataflow"] = spec.dataflow
    return all(document.facts.get(name) == value for name, value in wanted.items())
