"""What is searched: one document for each library module and one for each dataset record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, overload

from pydantic import BaseModel, ConfigDict

__all__ = ["Document", "StoredDocuments", "corpus_hash", "read_documents", "write_documents"]

_EMBEDDED_CHARACTERS = 240  # what a document is about stands first; the rest costs time and blurs the vector


class Document(BaseModel):
    """One searchable text.

    Attributes:
        kind: `module` (a library module) or `record` (a design of the dataset).
        name: The module's name or the record's id; unique within a corpus.
        text: What is indexed by words.
        modules: Library modules that it stands for: the module itself, or those that the record's top instantiates.
        facts: What filters may ask for, e.g. `{"kind": "systolic_array", "rows": 8, "multiplier.family": "drum"}`.
        summary: What is embedded: a line that says it all; empty: the beginning of the text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["module", "record"]
    name: str
    text: str
    modules: tuple[str, ...]
    facts: dict[str, str | int | bool] = {}
    summary: str = ""

    @property
    def embedded(self) -> str:
        """The text whose embedding stands for the document."""
        return self.summary or self.text[:_EMBEDDED_CHARACTERS]


class StoredDocuments(Sequence[Document]):
    """Documents kept as JSON lines and read one by one when asked for: tens of thousands open at once in no time.

    Args:
        data: What `write_documents` gave, in UTF-8.
    """

    def __init__(self, data: bytes) -> None:
        self._lines = [line for line in data.split(b"\n") if line]

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, position: int) -> Document: ...
    @overload
    def __getitem__(self, position: slice) -> list[Document]: ...
    def __getitem__(self, position: int | slice) -> Document | list[Document]:
        if isinstance(position, slice):
            return [Document.model_validate_json(line) for line in self._lines[position]]
        return Document.model_validate_json(self._lines[position])

    def __iter__(self) -> Iterator[Document]:
        return (Document.model_validate_json(line) for line in self._lines)


def write_documents(documents: Iterable[Document]) -> str:
    """Documents as JSON lines."""
    return "".join(document.model_dump_json() + "\n" for document in documents)


def read_documents(text: str) -> list[Document]:
    """Documents back from JSON lines.

    Raises:
        ValueError: a line that is no document (pydantic's ValidationError is one).
    """
    return [Document.model_validate_json(line) for line in text.split("\n") if line]


def corpus_hash(documents: Iterable[Document]) -> str:
    """SHA-256 over all documents in order: an index of another corpus is stale."""
    digest = hashlib.sha256()
    for document in documents:
        digest.update(document.model_dump_json().encode())
        digest.update(b"\n")
    return digest.hexdigest()
