"""What is searched: one document for each library module and one for each dataset record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["Document", "corpus_hash", "read_documents", "write_documents"]


class Document(BaseModel):
    """One searchable text.

    Attributes:
        kind: `module` (a library module) or `record` (a design of the dataset).
        name: The module's name or the record's id; unique within a corpus.
        text: What is embedded and indexed.
        modules: Library modules that it stands for: the module itself, or those that the record's top instantiates.
        facts: What filters may ask for, e.g. `{"kind": "systolic_array", "dataflow": "output_stationary"}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["module", "record"]
    name: str
    text: str
    modules: tuple[str, ...]
    facts: dict[str, str | int | bool] = {}


def write_documents(documents: Iterable[Document]) -> str:
    """Documents as JSON lines."""
    return "".join(document.model_dump_json() + "\n" for document in documents)


def read_documents(text: str) -> list[Document]:
    """Documents back from JSON lines.

    Raises:
        ValueError: a line that is no document (pydantic's ValidationError is one).
    """
    return [Document.model_validate_json(line) for line in text.splitlines()]


def corpus_hash(documents: Sequence[Document]) -> str:
    """SHA-256 over all documents in order: an index of another corpus is stale."""
    digest = hashlib.sha256()
    for document in documents:
        digest.update(json.dumps(document.model_dump(mode="json"), sort_keys=True).encode())
        digest.update(b"\n")
    return digest.hexdigest()
