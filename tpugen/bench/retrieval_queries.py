"""The paraphrases of the retrieval benchmark: requests in words that the corpora do not use, and what each means.

`suites/retrieval_paraphrases.jsonl` holds, a line each, `id`, `source` (`template`: made by a sentence pattern that the
dataset does not have; `hand`: written one by one; `late`: written one by one after the rules of the
language last changed; `module`: about a library module), `text`, and the relevant `spec`
(its facts, see `tpugen.retrieval.facts`) or `module`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from tpugen.errors import StorageError
from tpugen.retrieval import Document

__all__ = ["PARAPHRASES_FILE", "Paraphrase", "pattern_of", "read_paraphrases"]

PARAPHRASES_FILE = Path(__file__).resolve().parent / "suites" / "retrieval_paraphrases.jsonl"
"""The paraphrases that come with tpugen."""

_NUMBER = re.compile(r"\d+")
_SPACE = re.compile(r"[^a-z0-9#]+")


class Paraphrase(BaseModel):
    """One query.

    Attributes:
        id: Unique.
        source: `template`, `hand`, `late` or `module`.
        text: The request.
        template: Name of the sentence pattern, of templates.
        spec: Facts of the one design that is meant; None where a module is meant.
        module: Name of the library module that is meant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    source: Literal["template", "hand", "late", "module"]
    text: str
    template: str | None = None
    spec: dict[str, str | int | bool] | None = None
    module: str | None = None

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if (self.spec is None) == (self.module is None):
            raise ValueError("either spec or module says what is meant")
        return self

    def is_met_by(self, document: Document) -> bool:
        """Whether a document is what is meant."""
        if self.module is not None:
            return document.kind == "module" and document.name == self.module
        return document.kind == "record" and document.facts == self.spec


def read_paraphrases(path: Path = PARAPHRASES_FILE) -> list[Paraphrase]:
    """The queries of a file.

    Raises:
        StorageError: the file cannot be read, or a line is no query.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    queries = []
    for number, line in enumerate(lines, start=1):
        if line:
            try:
                queries.append(Paraphrase.model_validate_json(line))
            except ValidationError as error:
                raise StorageError(f"{path}:{number} is no query: {error.errors()[0]['msg']}") from None
    return queries


def pattern_of(text: str, names: frozenset[str] = frozenset()) -> str:
    """A sentence without what changes from design to design: numbers are `#`, `names` are left out.

    Two sentences of one pattern were made by one template. Case, punctuation and spacing do not count.

    Args:
        text: The sentence.
        names: Words of families, dataflows and signs, in small letters.
    """
    words = _SPACE.sub(" ", _NUMBER.sub("#", text.lower())).split()
    return " ".join(word for word in words if word not in names)
