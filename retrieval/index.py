"""The search index: FAISS, BM25 and columns of facts over one corpus. Built in memory here; `store` keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tpugen.retrieval.columns import FactColumns
from tpugen.retrieval.documents import Document
from tpugen.retrieval.embeddings import embed_all
from tpugen.retrieval.text import words
from tpugen.retrieval.vectors import build_vectors, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tpugen.retrieval.embeddings import Embedder

__all__ = ["BM25_ONLY", "DOCUMENT_KIND", "SearchIndex", "build_index"]

BM25_ONLY = "bm25"
"""The model's name of an index without vectors."""

DOCUMENT_KIND = "document"
"""Name of the column that says what a document is: `module` or `record`."""


@dataclass(frozen=True)
class SearchIndex:
    """A built index.

    Attributes:
        documents: The corpus, in order; positions below count in it.
        model: Identity of the embedding model, or `bm25`.
        bm25: A `bm25s.BM25`.
        vectors: A FAISS index of the documents in order, or None (BM25 only).
        columns: The documents' facts, and what each document is.
    """

    documents: Sequence[Document]
    model: str
    bm25: Any
    vectors: Any
    columns: FactColumns

    def word_scores(self, query: str) -> NDArray[np.float32] | None:
        """BM25 of every document, shape (documents,); None where no document has a word of the query."""
        import numpy as np

        known = self.bm25.vocab_dict
        tokens = [word for word in words(query) if word in known]
        return np.asarray(self.bm25.get_scores(tokens), dtype=np.float32) if tokens else None

    def best(self, word_scores: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None = None) -> list[int]:
        """Positions of the `count` highest scores above 0 among the allowed, of equal ones the earlier."""
        import numpy as np

        found = np.flatnonzero(word_scores > 0 if allowed is None else (word_scores > 0) & allowed)
        scores = word_scores[found]
        if count < len(found):
            least = np.partition(scores, len(scores) - count)[len(scores) - count]
            found, scores = found[scores >= least], scores[scores >= least]
        order = np.lexsort((found, -scores))
        return [int(position) for position in found[order[:count]]]

    def nearest(self, vector: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None = None) -> list[int]:
        """Positions of the `count` nearest documents among the allowed, nearest first; none without vectors."""
        if self.vectors is None:
            return []
        return [int(position) for position in nearest(self.vectors, vector, count, allowed)]

    def ranked_by_words(self, query: str) -> list[int]:
        """Positions of all documents that share a word with `query`, best first (BM25)."""
        scores = self.word_scores(query)
        return [] if scores is None else self.best(scores, len(self.documents))

    def ranked_by_meaning(self, query: str, embedder: Embedder) -> list[int]:
        """Positions of all documents, nearest first (cosine of embeddings). Empty where the index holds no vectors."""
        if self.vectors is None or not query.strip():
            return []
        return self.nearest(embedder.embed([query])[0], len(self.documents))


def build_index(
    documents: Sequence[Document],
    embedder: Embedder | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> SearchIndex:
    """Build in memory.

    Args:
        documents: The corpus, at least one document.
        embedder: The embedding model; None gives BM25 only.
        on_progress: Told how many of how many texts are embedded.

    Raises:
        ToolMissingError: the embedding model cannot run here (see `SentenceEmbedder`).
        ValueError: an empty corpus.
    """
    import bm25s

    if not documents:
        raise ValueError("an index needs at least one document")
    vectors = None
    if embedder is not None:  # first, because it may turn out to be missing
        vectors = build_vectors(embed_all(embedder, [document.embedded for document in documents], on_progress))
    bm25 = bm25s.BM25(backend="numpy")
    bm25.index([words(document.text) or [""] for document in documents], show_progress=False)
    columns = FactColumns.of([{DOCUMENT_KIND: document.kind, **document.facts} for document in documents])
    model = BM25_ONLY if embedder is None else embedder.identity
    return SearchIndex(documents, model, bm25, vectors, columns)
