"""`Retriever`: spec, words and meaning fused; results closed over true module dependencies, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Literal

from tpugen.dataset import DesignRecord, core_specs, describe, library_modules_for, record_for
from tpugen.errors import ToolMissingError
from tpugen.paths import cache_dir
from tpugen.retrieval.corpus import Corpus, build_corpus, corpus_of, module_document, named_corpus
from tpugen.retrieval.documents import Document
from tpugen.retrieval.embeddings import PACKAGED_MODEL, Embedder, SentenceEmbedder
from tpugen.retrieval.facts import spec_from_facts
from tpugen.retrieval.hits import Hit, Why
from tpugen.retrieval.index import SearchIndex
from tpugen.retrieval.ranking import SpecFilter, TextQuery, rank
from tpugen.retrieval.similar import nearest_specs
from tpugen.retrieval.store import open_index
from tpugen.retrieval.text import words
from tpugen.rtl_templates import LibraryModule, dependency_closure, design_sources, instantiated_modules, load_library
from tpugen.spec import DesignSpec

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

__all__ = ["Retriever", "Search"]

Search = Literal["words", "meaning"]
"""A way to search text: BM25 over words, or the distance of embeddings."""


class Retriever:
    """Searches library modules and dataset records. The index is opened at the first search; threads may share one.

    Args:
        documents: The corpus, or its documents; by default the library and the core records of the dataset.
        embedder: Embedding model, or the name or folder of one; by default the packaged one. None: words only.
        cache_folder: Where indexes are kept; by default `cache_dir()/retrieval`.
        library: Modules by name, for dependencies; by default the whole library.
        on_progress: Told how many of how many texts are embedded while an index is built.

    Attributes:
        notes: What was not as it should be (BM25 only, index rebuilt, ...), in sentences for the user.
    """

    def __init__(
        self,
        documents: Corpus | Sequence[Document] | None = None,
        *,
        embedder: Embedder | str | None = PACKAGED_MODEL,
        cache_folder: Path | None = None,
        library: Mapping[str, LibraryModule] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.notes: list[str] = []
        self._documents = documents
        self._embedder = SentenceEmbedder(embedder) if isinstance(embedder, str) else embedder
        self._cache_folder = cache_folder
        self._library = library
        self._on_progress = on_progress
        self._opening = RLock()
        self._modules: dict[str, Document] = {}

    @cached_property
    def library(self) -> Mapping[str, LibraryModule]:
        """The modules that results refer to."""
        return load_library() if self._library is None else self._library

    @cached_property
    def corpus(self) -> Corpus:
        """What is searched."""
        if isinstance(self._documents, Corpus):
            return self._documents
        if self._documents is not None:
            return corpus_of(self._documents)
        return named_corpus("core") if self._library is None else corpus_of(build_corpus(self._library))

    @property
    def index(self) -> SearchIndex:
        """The index, opened or built at the first use."""
        with self._opening:  # the second of two threads waits for the first
            return self._index

    @cached_property
    def _index(self) -> SearchIndex:
        root = self._cache_folder or cache_dir() / "retrieval"
        return open_index(self.corpus, self._embedder, root, note=self._note, on_progress=self._on_progress)

    def search(
        self,
        text: str,
        k: int = 5,
        spec: DesignSpec | None = None,
        *,
        assumed: Collection[str] = (),
        searches: Collection[Search] = ("words", "meaning"),
    ) -> list[Hit]:
        """The k documents nearest to `text`, then what the spec needs, then the dependencies of all these modules.

        Args:
            text: The request, in any words; empty text with a spec searches for the spec's description.
            k: How many documents to take by rank, at least 1.
            spec: Where known: records that agree with it come first (see `ranking`), records of other kinds or
                dataflows are left out, and the modules that its top level instantiates are always among the results.
            assumed: Fields of the spec that the request does not state, e.g. `rows`, `adder`, `multiplier.k`.
            searches: Which searches read the text: `words` (BM25), `meaning` (embeddings).

        Returns:
            Hits by falling score; needed modules and dependencies follow, dependencies of a module after it.
        """
        if k < 1:
            raise ValueError(f"k is {k}; at least 1 is expected")
        query = text if text.strip() or spec is None else describe(spec, "engineering")
        ranked = rank(self._read(query, searches), k, None if spec is None else SpecFilter.of(spec, assumed))
        needed = () if spec is None else library_modules_for(spec)
        hits = {hit.name: hit for hit in ranked}
        for name in needed:
            known = hits.get(name)
            hits[name] = (
                replace(known, why=replace(known.why, needed_by_spec=True))
                if known
                else Hit(name, 0.0, Why(needed_by_spec=True), self._module(name))
            )
        return self._closed(hits, spec)

    def similar_designs(self, spec: DesignSpec | None, request: str = "", count: int = 1) -> list[DesignRecord]:
        """Designs of the dataset's core that are like the one asked for, as examples; never that design itself.

        Args:
            spec: What is asked for: the designs of the same kind and dataflow that differ in the fewest fields, then
                least in size. None (a request beyond the library): the designs that a search for `request` finds.
            request: The request in words.
            count: How many, at most.

        Returns:
            Records, nearest first. With a spec no index and no embedding is needed.
        """
        if count < 1:
            return []
        if spec is not None:
            return [record_for(other) for other in nearest_specs(spec, _core(), count)]
        found = (hit.document for hit in self.search(request, 2 * count + 5) if hit.score > 0)
        records = [document for document in found if document.kind == "record"]
        return [record_for(spec_from_facts(document.facts)) for document in records[:count]]

    def as_langchain(self, k: int = 5) -> BaseRetriever:
        """This retriever as a LangChain `BaseRetriever`: documents with name, score and reason as metadata."""
        from tpugen.retrieval.langchain_adapter import LangChainRetriever

        return LangChainRetriever(retriever=self, k=k)

    def _module(self, name: str) -> Document:
        """The document of a library module, made once."""
        if name not in self._modules:
            self._modules[name] = module_document(self.library[name])
        return self._modules[name]

    def _note(self, message: str) -> None:
        if message not in self.notes:
            self.notes.append(message)

    def _read(self, query: str, searches: Collection[Search]) -> TextQuery:
        """The query as the text searches see it."""
        index = self.index
        vector = None
        if self._embedder is not None and index.vectors is not None and "meaning" in searches and query.strip():
            try:
                vector = self._embedder.embed([query])[0]
            except ToolMissingError as error:
                self._note(f"retrieval by words only (BM25): {error.message}")
        scores = index.word_scores(query) if "words" in searches else None
        return TextQuery(index, tuple(dict.fromkeys(words(query))), scores, vector)

    def _closed(self, hits: dict[str, Hit], spec: DesignSpec | None) -> list[Hit]:
        """Adds every module that the results' modules instantiate, however deep, and every module of the records.

        With a spec, templates instantiate its units, not the exact ones that the library shows them with.
        """
        roots = list(dict.fromkeys(name for hit in hits.values() for name in hit.document.modules))
        if spec is None:
            uses: Mapping[str, tuple[str, ...]] = {
                name: self.library[name].dependencies for name in dependency_closure(roots)
            }
        else:
            uses = _uses_below(spec, tuple(roots))
        for name in [*roots, *reversed(list(uses))]:
            if name not in hits:
                hits[name] = Hit(name, 0.0, Why(), self._module(name))
        users: dict[str, list[str]] = {}
        for hit in hits.values():
            for name in uses.get(hit.name, ()) if hit.document.kind == "module" else hit.document.modules:
                users.setdefault(name, []).append(hit.name)
        return [
            replace(hit, why=replace(hit.why, dependency_of=tuple(users.get(hit.name, ())))) for hit in hits.values()
        ]


@lru_cache(maxsize=1024)
def _uses_below(spec: DesignSpec, roots: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """What each of the modules and of everything below them instantiates, dependencies first, with a spec's units."""
    return {name: tuple(instantiated_modules(text)) for name, text in design_sources(spec, roots).items()}


@cache
def _core() -> tuple[DesignSpec, ...]:
    return tuple(core_specs())
