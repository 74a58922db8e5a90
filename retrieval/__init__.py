"""Retrieval: corpus, embeddings, FAISS + BM25 index, dependency closure."""

from __future__ import annotations

from tpugen.retrieval.corpus import build_corpus
from tpugen.retrieval.documents import Document
from tpugen.retrieval.embeddings import PACKAGED_MODEL, Embedder, SentenceEmbedder
from tpugen.retrieval.index import SearchIndex, build_index
from tpugen.retrieval.retriever import Hit, Retriever, Why, reciprocal_rank_fusion

__all__ = [
    "PACKAGED_MODEL",
    "Document",
    "Embedder",
    "Hit",
    "Retriever",
    "SearchIndex",
    "SentenceEmbedder",
    "Why",
    "build_corpus",
    "build_index",
    "reciprocal_rank_fusion",
]
