"""Measures retrieval: recall, reciprocal rank and latency of each way to search, on paraphrases outside the corpus."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from tpugen.bench.retrieval_queries import Paraphrase, read_paraphrases
from tpugen.errors import RequestError

if TYPE_CHECKING:
    from tpugen.retrieval import Document, Hit, Retriever, Search
    from tpugen.spec import DesignSpec

__all__ = ["MODES", "ModeResult", "RetrievalResult", "answerable", "measure_mode", "measure_retrieval", "table_rows"]

_BOTH: tuple[Search, ...] = ("words", "meaning")

MODES: Mapping[str, tuple[tuple[Search, ...], bool]] = MappingProxyType(
    {
        "bm25": (("words",), False),
        "dense": (("meaning",), False),
        "fused": (_BOTH, False),
        "bm25+spec": (("words",), True),
        "fused+spec": (_BOTH, True),
    }
)
"""Ways to search: which text searches take part, and whether the parsed spec does."""

_DEPTH = 10
_WARM_UP = 3
_MISSES_KEPT = 50


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModeResult(_Result):
    """One way to search.

    Attributes:
        mode: See `MODES`.
        queries: How many were asked.
        recall_at_1: Share of queries whose design or module is the first result.
        recall_at_5: Share of those among whose first five results it is.
        mrr: Mean of 1/rank, 0 beyond rank 10.
        median_ms: Median time of a query: embedding, searches, fusion, dependencies; reading it as a spec apart.
        p95_ms: Time that 95 % of the queries stay below.
        recall_at_5_by_source: The same for each source of queries.
        missed: Ids of queries that were not answered within five results, at most 50.
    """

    mode: str
    queries: int
    recall_at_1: float
    recall_at_5: float
    mrr: float
    median_ms: float
    p95_ms: float
    recall_at_5_by_source: dict[str, float]
    missed: list[str]


class RetrievalResult(_Result):
    """The whole benchmark.

    Attributes:
        corpus: What was searched.
        documents: How many documents it has.
        embedding: The embedding model, or `bm25`.
        vector_index: `exact`, `approximate` or `none`.
        corpus_seconds: Time to make the documents.
        index_seconds: Time to build the index from them and to write it.
        open_seconds: Time to open the written index.
        reading_ms: Median time to read a query as a spec.
        queries_read: Share of the queries about designs that are read as some spec.
        modes: One for each way to search.
        notes: What was not as it should be.
    """

    corpus: str
    documents: int
    embedding: str
    vector_index: str
    corpus_seconds: float
    index_seconds: float
    open_seconds: float
    reading_ms: float
    queries_read: float
    modes: list[ModeResult]
    notes: list[str]


def measure_retrieval(
    corpus: str = "core",
    *,
    dataset: Path | None = None,
    embedding: str | None = None,
    queries: Sequence[Paraphrase] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], None] = lambda _text: None,
) -> RetrievalResult:
    """Build the index of a corpus in an empty folder, open it again, and ask every paraphrase in every way.

    Args:
        corpus: `core`, `modules` or `dataset`.
        dataset: Folder of a built dataset instead.
        embedding: Embedding model; see `tpugen.pipeline.retrieving.open_retriever`.
        queries: Paraphrases; by default those that come with tpugen and have their answer in the corpus.
        on_progress: Told how many of how many texts are embedded.
        on_note: Told what is being done.

    Raises:
        RequestError: no query has its answer in the corpus.
    """
    from tpugen.pipeline.retrieving import read_query
    from tpugen.retrieval import Retriever, chosen_embedding, dataset_corpus, named_corpus
    from tpugen.retrieval.corpus import corpus_of
    from tpugen.retrieval.embeddings import SentenceEmbedder
    from tpugen.retrieval.vectors import is_exact

    source = named_corpus(corpus) if dataset is None else dataset_corpus(dataset)
    model = chosen_embedding(embedding)
    embedder = None if model is None else SentenceEmbedder(model)
    on_note(f"making the documents of {source.name}")
    began = time.perf_counter()
    documents = source.documents()
    corpus_seconds = time.perf_counter() - began
    asked = answerable(read_paraphrases() if queries is None else queries, documents)
    with tempfile.TemporaryDirectory(prefix="tpugen-bench-") as folder:
        on_note(f"building the index of {len(documents):,} documents")
        cache = Path(folder)
        kept = corpus_of(documents, source.name)
        index_seconds, first = _opened(Retriever(kept, embedder=embedder, cache_folder=cache, on_progress=on_progress))
        open_seconds, retriever = _opened(Retriever(kept, embedder=embedder, cache_folder=cache))
    specs: dict[str, tuple[DesignSpec | None, frozenset[str]]] = {}
    reading = []
    for query in asked:
        began = time.perf_counter()
        specs[query.id] = read_query(query.text)
        reading.append(1e3 * (time.perf_counter() - began))
    index = retriever.index
    modes = [name for name, (searches, _) in MODES.items() if index.vectors is not None or "meaning" not in searches]
    results = []
    for mode in modes:
        on_note(f"asking {len(asked)} queries: {mode}")
        results.append(measure_mode(retriever, asked, specs, mode))
    designs = [query for query in asked if query.spec is not None]
    return RetrievalResult(
        corpus=source.name,
        documents=len(documents),
        embedding=index.model,
        vector_index="none" if index.vectors is None else "exact" if is_exact(index.vectors) else "approximate",
        corpus_seconds=round(corpus_seconds, 2),
        index_seconds=round(index_seconds, 2),
        open_seconds=round(open_seconds, 3),
        reading_ms=round(statistics.median(reading), 3),
        queries_read=_share(specs[query.id][0] is not None for query in designs),
        modes=results,
        notes=list(dict.fromkeys([*first.notes, *retriever.notes])),
    )


def answerable(queries: Iterable[Paraphrase], documents: Sequence[Document]) -> list[Paraphrase]:
    """The queries whose answer is among the documents.

    Raises:
        RequestError: there are none.
    """
    modules = {document.name for document in documents if document.kind == "module"}
    records = {frozenset(document.facts.items()) for document in documents if document.kind == "record"}
    found = [
        query
        for query in queries
        if (query.module in modules if query.spec is None else frozenset(query.spec.items()) in records)
    ]
    if not found:
        raise RequestError("no paraphrase has its answer in this corpus, so there is nothing to measure")
    return found


def measure_mode(
    retriever: Retriever,
    queries: Sequence[Paraphrase],
    specs: Mapping[str, tuple[DesignSpec | None, frozenset[str]]],
    mode: str,
) -> ModeResult:
    """Ask every query in one way.

    Args:
        retriever: What is measured; its index is open.
        queries: What is asked.
        specs: What each query was read as, by id.
        mode: One of `MODES`.
    """
    searches, with_spec = MODES[mode]

    def ask(query: Paraphrase, k: int) -> list[Hit]:
        spec, assumed = specs[query.id] if with_spec else (None, frozenset())
        return retriever.search(query.text, k, spec, assumed=assumed, searches=searches)

    for query in queries[:_WARM_UP]:
        ask(query, 5)
    times, first_five, ranks = [], [], []
    for query in queries:
        began = time.perf_counter()
        hits = ask(query, 5)
        times.append(1e3 * (time.perf_counter() - began))
        first_five.append(_rank(query, hits, 5))
        ranks.append(_rank(query, ask(query, _DEPTH), _DEPTH))
    by_source: dict[str, list[bool]] = {}
    for query, rank in zip(queries, first_five, strict=True):
        by_source.setdefault(query.source, []).append(rank is not None)
    return ModeResult(
        mode=mode,
        queries=len(queries),
        recall_at_1=_share(rank == 1 for rank in first_five),
        recall_at_5=_share(rank is not None for rank in first_five),
        mrr=round(sum(1 / rank for rank in ranks if rank is not None) / len(ranks), 4),
        median_ms=round(statistics.median(times), 2),
        p95_ms=round(statistics.quantiles(times, n=20)[-1], 2) if len(times) > 1 else round(times[0], 2),
        recall_at_5_by_source={source: _share(found) for source, found in by_source.items()},
        missed=[query.id for query, rank in zip(queries, first_five, strict=True) if rank is None][:_MISSES_KEPT],
    )


def _opened(retriever: Retriever) -> tuple[float, Retriever]:
    began = time.perf_counter()
    _ = retriever.index
    return time.perf_counter() - began, retriever


def _rank(query: Paraphrase, hits: Sequence[Hit], k: int) -> int | None:
    """The place of what is meant among the first k results; what came in as a dependency does not count."""
    ranked = [hit for hit in hits if hit.score > 0][:k]
    return next((place for place, hit in enumerate(ranked, start=1) if query.is_met_by(hit.document)), None)


def _share(found: Iterable[bool]) -> float:
    flags = list(found)
    return round(sum(flags) / len(flags), 4) if flags else 0.0


def table_rows(result: RetrievalResult) -> list[list[str]]:
    """The modes as rows of a table: mode, recall@1, recall@5, MRR, median ms, p95 ms."""
    return [
        [
            mode.mode,
            f"{mode.recall_at_1:.3f}",
            f"{mode.recall_at_5:.3f}",
            f"{mode.mrr:.3f}",
            f"{mode.median_ms:.1f}",
            f"{mode.p95_ms:.1f}",
        ]
        for mode in result.modes
    ]
