"""Retrieval: corpus, embeddings, FAISS + BM25 index, dependency closure."""

from __future__ import annotations

from tpugen.retrieval.corpus import CORPORA, Corpus, build_corpus, corpus_of, named_corpus
from tpugen.retrieval.dataset_folder import dataset_corpus
from tpugen.retrieval.documents import Document
from tpugen.retrieval.embeddings import PACKAGED_MODEL, Embedder, SentenceEmbedder, chosen_embedding
from tpugen.retrieval.hits import Hit, Why, reciprocal_rank_fusion
from tpugen.retrieval.index import SearchIndex, build_index
from tpugen.retrieval.ranking import SpecFilter
from tpugen.retrieval.retriever import Retriever, Search
from tpugen.retrieval.similar import nearest_specs

__all__ = [
    "CORPORA",
    "PACKAGED_MODEL",
    "Corpus",
    "Document",
    "Embedder",
    "Hit",
    "Retriever",
    "Search",
    "SearchIndex",
    "SentenceEmbedder",
    "SpecFilter",
    "Why",
    "build_corpus",
    "build_index",
    "chosen_embedding",
    "corpus_of",
    "dataset_corpus",
    "named_corpus",
    "nearest_specs",
    "reciprocal_rank_fusion",
]
