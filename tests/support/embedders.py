"""Embedders for tests of the index that need no model."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tpugen.errors import ToolMissingError
from tpugen.retrieval.text import words


class HashEmbedder:
    """Bag of hashed words, 64 dimensions; counts what it embeds."""

    def __init__(self, identity: str = "hash-1") -> None:
        self.identity = identity
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text):
                vectors[row, zlib.crc32(word.encode()) % 64] += 1.0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(norms, 1e-9)


class MissingEmbedder:
    """A model that cannot run here."""

    identity = "missing"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise ToolMissingError("no torch here")
