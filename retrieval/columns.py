"""The facts of all documents as NumPy columns: filters and spec distances cost a compare a column, not a loop."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpugen.retrieval.facts import Fact, Facts, is_assumed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ASSUMED_WEIGHT", "STATED_WEIGHT", "FactColumns"]

STATED_WEIGHT = 4.0
"""A stated fact weighs as four searches: numbers at most half agree when they differ, so that one wrong number costs
two, which is all that the two text searches can give."""

ASSUMED_WEIGHT = 1.0
"""A fact that was only assumed weighs as one search."""

_MISSING = -1
_NEAR = 0.5
_WORDS = "words:"


@dataclass(frozen=True)
class FactColumns:
    """One column for each name of a fact; words are stored as codes.

    Attributes:
        values: Column by name, shape (documents,), int32; -1 where a document has no such fact.
        words: For columns of words, the word of each code.
        count: Number of documents.
    """

    values: Mapping[str, NDArray[np.int32]]
    words: Mapping[str, Sequence[str]]
    count: int

    @classmethod
    def of(cls, facts: Sequence[Facts]) -> FactColumns:
        """Columns of all facts, one mapping for each document, numbers at least 0."""
        import numpy as np

        values: dict[str, NDArray[np.int32]] = {}
        codes: dict[str, dict[str, int]] = {}
        for position, mine in enumerate(facts):
            for name, value in mine.items():
                if name not in values:
                    values[name] = np.full(len(facts), _MISSING, dtype=np.int32)
                known = codes.setdefault(name, {}) if isinstance(value, str) else None
                values[name][position] = value if known is None else known.setdefault(str(value), len(known))
        return cls(values, {name: list(known) for name, known in codes.items()}, len(facts))

    def equal(self, name: str, value: Fact) -> NDArray[np.bool_]:
        """Which documents have this fact; none where no document has one of that name."""
        import numpy as np

        column, code = self.values.get(name), self._code(name, value)
        if column is None or code is None:
            return np.zeros(self.count, dtype=np.bool_)
        return np.asarray(column == code)

    def having(self, facts: Facts) -> NDArray[np.bool_]:
        """Which documents have all of these facts."""
        import numpy as np

        found = np.ones(self.count, dtype=np.bool_)
        for name, value in facts.items():
            found &= self.equal(name, value)
        return found

    def agreement(self, facts: Facts, assumed: Collection[str] = ()) -> NDArray[np.float32]:
        """How well each document agrees with a spec: the sum of weight times `facts.nearness` over the spec's facts.

        Args:
            facts: Of the spec that is asked for.
            assumed: Names of facts (or units) that nobody stated.
        """
        import numpy as np

        total = np.zeros(self.count, dtype=np.float32)
        for name, value in facts.items():
            column, code = self.values.get(name), self._code(name, value)
            if column is None:
                continue
            weight = np.float32(ASSUMED_WEIGHT if is_assumed(name, value, assumed) else STATED_WEIGHT)
            if code is not None:
                total += weight * (column == code)
            if not isinstance(value, str | bool) and value > 0:
                total += weight * _near(column, value)
        return total

    def _code(self, name: str, value: Fact) -> int | None:
        if not isinstance(value, str):
            return int(value)
        known = self.words.get(name, ())
        return known.index(value) if value in known else None

    def save(self, path: Path) -> None:
        """Write as one `.npz` of plain arrays."""
        import numpy as np

        arrays: dict[str, Any] = {name: np.asarray(column) for name, column in self.values.items()}
        arrays |= {f"{_WORDS}{name}": np.asarray(words, dtype=np.str_) for name, words in self.words.items()}
        np.savez(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path, count: int) -> FactColumns:
        """Read back what `save` wrote, of `count` documents.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no such file, or of another number of documents.
        """
        import numpy as np

        with np.load(path, allow_pickle=False) as arrays:
            values = {name: arrays[name] for name in arrays.files if not name.startswith(_WORDS)}
            words = {
                name.removeprefix(_WORDS): [str(word) for word in arrays[name]]
                for name in arrays.files
                if name.startswith(_WORDS)
            }
        if any(column.shape != (count,) for column in values.values()):
            raise ValueError(f"{path.name} is not of {count} documents")
        return cls(values, words, count)


def _near(column: NDArray[np.int32], value: int) -> NDArray[np.float32]:
    """`facts.nearness` of unequal numbers: half their ratio."""
    import numpy as np

    found = np.maximum(column, 0).astype(np.float32)
    ratio = np.minimum(found, value) / np.maximum(found, value)
    ratio[column == value] = 0
    return np.asarray(_NEAR * ratio, dtype=np.float32)
