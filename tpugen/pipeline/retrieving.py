"""Retrieval for people and programs: hits as plain data."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tpugen.errors import LanguageError, RequestError

__all__ = ["RetrievedDocument", "retrieve"]


class RetrievedDocument(BaseModel):
    """One hit: its name, its score and why it is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    score: float
    why: str


def retrieve(text: str, count: int = 5) -> tuple[list[RetrievedDocument], list[str]]:
    """Search the library and the dataset.

    Args:
        text: What to look for.
        count: How many to take by rank; dependencies come on top.

    Returns:
        The hits, and notes on what was not as it should be (e.g. search by words only).

    Raises:
        RequestError: an empty text.
    """
    if not text.strip():
        raise RequestError("there is nothing to look for: the text is empty")
    from tpugen.retrieval import Retriever
    from tpugen.spec.language import parse_request

    try:
        spec = parse_request(text).spec
    except LanguageError:
        spec = None  # any words may be searched, not only requests
    retriever = Retriever()
    hits = retriever.search(text, count, spec)
    return [RetrievedDocument(name=h.name, score=h.score, why=h.why.text()) for h in hits], list(retriever.notes)
