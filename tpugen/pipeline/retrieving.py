"""Retrieval for people and programs: hits as plain data, with the spec that the text was read as."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from tpugen.errors import LanguageError, RequestError, SpecError

if TYPE_CHECKING:
    from tpugen.retrieval import Retriever
    from tpugen.spec import DesignSpec

__all__ = ["RetrievedDocument", "SearchReply", "open_retriever", "read_query", "retrieve", "search"]


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RetrievedDocument(_Reply):
    """One hit.

    Attributes:
        name: A library module or the id of a dataset record.
        kind: `module` or `record`.
        score: Fused score; 0 for what only the spec or a dependency brought in.
        why: Why it is there.
    """

    name: str
    kind: str
    score: float
    why: str


class SearchReply(_Reply):
    """What was searched for, how, and what was found.

    Attributes:
        text: The request.
        corpus: `core`, `modules`, `dataset`, or the folder of a dataset.
        documents: How many documents it has.
        embedding: The embedding model, or `bm25` (words only).
        spec: What the text was read as; None: no design, so that only its words and meaning count.
        required: Facts without which a record is left out.
        stated: Facts that the text states; a record that differs in one stands behind those that do not.
        assumed: Facts that the text leaves open.
        results: The hits: by score, then what the spec needs, then dependencies.
        notes: What was not as it should be.
    """

    text: str
    corpus: str
    documents: int
    embedding: str
    spec: dict[str, Any] | None = None
    required: dict[str, str | int | bool] = Field(default_factory=dict)
    stated: dict[str, str | int | bool] = Field(default_factory=dict)
    assumed: dict[str, str | int | bool] = Field(default_factory=dict)
    results: list[RetrievedDocument]
    notes: list[str] = Field(default_factory=list)


def open_retriever(
    corpus: str = "core",
    *,
    dataset: Path | None = None,
    embedding: str | None = None,
    dense: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
) -> Retriever:
    """A retriever over a corpus by name, or over a built dataset.

    Args:
        corpus: `core`, `modules` or `dataset`.
        dataset: Folder of a built dataset, instead of the designs that tpugen enumerates.
        embedding: Embedding model by name or folder; by default `TPUGEN_EMBEDDING`, else the packaged one.
        dense: Whether to search by meaning; without, the search is by words (and the spec) alone.
        on_progress: Told how many of how many texts are embedded while an index is built.

    Raises:
        RequestError: the folder holds no dataset.
        UnknownNameError: no corpus of that name.
    """
    from tpugen.retrieval import Retriever, chosen_embedding, dataset_corpus, named_corpus

    return Retriever(
        named_corpus(corpus) if dataset is None else dataset_corpus(dataset),
        embedder=chosen_embedding(embedding) if dense else None,
        on_progress=on_progress,
    )


def read_query(text: str) -> tuple[DesignSpec | None, frozenset[str]]:
    """What a text asks for, and the fields that it leaves open; no spec where it asks for no design."""
    from tpugen.spec.language import parse_request

    try:
        parsed = parse_request(text)
    except (LanguageError, SpecError):  # any words may be searched, not only requests
        return None, frozenset()
    return parsed.spec, frozenset(assumption.field for assumption in parsed.assumptions)


def search(retriever: Retriever, text: str, count: int = 5) -> SearchReply:
    """Search for a text: read it as a spec where it can be, then rank.

    Args:
        retriever: Where to search.
        text: What to look for.
        count: How many to take by rank; dependencies come on top.

    Raises:
        RequestError: an empty text.
    """
    if not text.strip():
        raise RequestError("there is nothing to look for: the text is empty")
    from tpugen.retrieval import SpecFilter

    spec, assumed = read_query(text)
    hits = retriever.search(text, count, spec, assumed=assumed)
    wanted = None if spec is None else SpecFilter.of(spec, assumed)
    stated = {} if wanted is None else wanted.stated
    return SearchReply(
        text=text,
        corpus=retriever.corpus.name,
        documents=len(retriever.index.documents),
        embedding=retriever.index.model,
        spec=None if spec is None else spec.model_dump(mode="json"),
        required={} if wanted is None else wanted.required,
        stated=stated,
        assumed={} if wanted is None else {name: v for name, v in wanted.facts.items() if name not in stated},
        results=[
            RetrievedDocument(name=hit.name, kind=hit.document.kind, score=hit.score, why=hit.why.text())
            for hit in hits
        ],
        notes=list(retriever.notes),
    )


def retrieve(
    text: str,
    count: int = 5,
    *,
    corpus: str = "core",
    dataset: Path | None = None,
    embedding: str | None = None,
    dense: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
) -> SearchReply:
    """Open a retriever and search once; see `open_retriever` and `search`.

    Raises:
        RequestError: an empty text, or a folder that holds no dataset.
        UnknownNameError: no corpus, or no embedding model, of that name.
    """
    if not text.strip():
        raise RequestError("there is nothing to look for: the text is empty")
    retriever = open_retriever(corpus, dataset=dataset, embedding=embedding, dense=dense, on_progress=on_progress)
    return search(retriever, text, count)
