"""The search index: FAISS (exact inner product of unit vectors) beside BM25, built once and kept on disk.

On disk an index is a folder `<root>/<key>` whose key is a hash of the format, the embedding model and the corpus, so a
change of any gives another folder. A manifest holds the checksum of every file; an index that does not match it to the
byte is rebuilt, never used. Folders appear by rename and are built under a lock, so two processes may start at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpugen.errors import StorageError, ToolMissingError
from tpugen.retrieval.documents import Document, corpus_hash, read_documents, write_documents
from tpugen.retrieval.text import words

if TYPE_CHECKING:
    from tpugen.retrieval.embeddings import Embedder

__all__ = ["SearchIndex", "build_index", "index_key", "load_index", "open_index", "save_index"]

_FORMAT = 2
_BM25_ONLY = "bm25"
_LOCK_WAIT_S = 120.0
_EMBEDDED_CHARACTERS = 240  # what a document is about stands first; the rest costs time and blurs the vector


@dataclass(frozen=True)
class SearchIndex:
    """A built index. `vectors` is a FAISS index of the documents in order, or None (BM25 only)."""

    documents: tuple[Document, ...]
    model: str
    bm25: Any
    vectors: Any

    def ranked_by_words(self, query: str) -> list[int]:
        """Positions of the documents that share a word with `query`, best first (BM25)."""
        tokens = words(query)
        if not tokens:
            return []
        scores = self.bm25.get_scores(tokens)
        order = sorted(range(len(scores)), key=lambda position: (-scores[position], position))
        return [position for position in order if scores[position] > 0]

    def ranked_by_meaning(self, query: str, embedder: Embedder) -> list[int]:
        """Positions of all documents, nearest first (cosine of embeddings). Empty where the index holds no vectors."""
        if self.vectors is None or not query.strip():
            return []
        _, positions = self.vectors.search(embedder.embed([query]), len(self.documents))
        return [int(position) for position in positions[0] if position >= 0]


def index_key(documents: Sequence[Document], embedder: Embedder | None) -> str:
    """Folder name of the index of these documents under this embedding model."""
    identity = _BM25_ONLY if embedder is None else embedder.identity
    return hashlib.sha256(f"{_FORMAT}\n{identity}\n{corpus_hash(documents)}".encode()).hexdigest()[:24]


def build_index(documents: Sequence[Document], embedder: Embedder | None) -> SearchIndex:
    """Build in memory.

    Args:
        documents: The corpus, at least one document.
        embedder: The embedding model; None gives BM25 only.

    Raises:
        ToolMissingError: the embedding model cannot run here (see `SentenceEmbedder`).
        ValueError: an empty corpus.
    """
    import bm25s

    if not documents:
        raise ValueError("an index needs at least one document")
    bm25 = bm25s.BM25()
    bm25.index([words(document.text) for document in documents], show_progress=False)
    if embedder is None:
        return SearchIndex(tuple(documents), _BM25_ONLY, bm25, None)
    import faiss

    matrix = embedder.embed([document.text[:_EMBEDDED_CHARACTERS] for document in documents])
    vectors = faiss.IndexFlatIP(int(matrix.shape[1]))
    vectors.add(matrix)
    return SearchIndex(tuple(documents), embedder.identity, bm25, vectors)


def save_index(index: SearchIndex, folder: Path) -> None:
    """Write `index` as `folder`, which appears complete or not at all; an older one there is replaced.

    Raises:
        StorageError: the folder cannot be written.
    """
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        _write_files(index, temporary)
        manifest = {
            "format": _FORMAT,
            "model": index.model,
            "corpus_sha256": corpus_hash(index.documents),
            "documents": len(index.documents),
            "files": {str(path.relative_to(temporary)): _sha256(path) for path in _files(temporary)},
        }
        (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True))
        _replace_folder(temporary, folder)
    except (OSError, RuntimeError) as error:  # FAISS reports a full disk as RuntimeError
        raise StorageError(
            f"the retrieval index cannot be written to {folder}: {str(error).splitlines()[0]}",
            hint="free some space, or point TPUGEN_CACHE_DIR at a folder that can be written",
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def load_index(folder: Path, *, model: str, corpus_sha256: str) -> SearchIndex:
    """Read an index back after checking it to the byte.

    Raises:
        StorageError: it is not there, damaged, or of another model, corpus or format; the message says which.
    """
    import bm25s

    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        found = {key: manifest[key] for key in ("format", "model", "corpus_sha256")}
        expected = {"format": _FORMAT, "model": model, "corpus_sha256": corpus_sha256}
        for key, value in expected.items():
            if found[key] != value:
                raise StorageError(f"the retrieval index in {folder} has {key} {found[key]!r}, expected {value!r}")
        checksums = {str(path.relative_to(folder)): _sha256(path) for path in _files(folder)}
        damaged = sorted(set(manifest["files"].items()) ^ set(checksums.items()))
        if damaged:
            raise StorageError(f"the retrieval index in {folder} is damaged: {damaged[0][0]} is not what was written")
        documents = tuple(read_documents((folder / "documents.jsonl").read_text()))
        bm25 = bm25s.BM25.load(str(folder / "bm25"), load_corpus=False)
        vectors = None
        if model != _BM25_ONLY:
            import faiss

            vectors = faiss.read_index(str(folder / "vectors.faiss"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise StorageError(f"no usable retrieval index in {folder}: {str(error).splitlines()[0][:200]}") from error
    return SearchIndex(documents, model, bm25, vectors)


def open_index(
    documents: Sequence[Document],
    embedder: Embedder | None,
    root: Path,
    *,
    note: Callable[[str], None] = lambda _message: None,
) -> SearchIndex:
    """The index of these documents, from `root` where a good one is kept, else built and kept there.

    Without a working embedding model the index is BM25 only; without a writable folder it stays in memory.

    Args:
        documents: The corpus.
        embedder: The embedding model, or None for BM25 only.
        root: Folder of indexes; made when missing.
        note: Told, in one sentence each, what was not as it should be.
    """
    folder = root / index_key(documents, embedder)
    expected = {"model": _BM25_ONLY if embedder is None else embedder.identity, "corpus_sha256": corpus_hash(documents)}
    try:
        with _locked(root, folder.name):
            _remove_leftovers(folder)
            if folder.exists():
                try:
                    return load_index(folder, **expected)
                except StorageError as error:
                    note(f"{error.message}; it is built again")
            index = build_index(documents, embedder)
            save_index(index, folder)
            return index
    except StorageError as error:
        note(f"the retrieval index is not kept: {error.message}")
    except ToolMissingError as error:
        note(f"retrieval by words only (BM25): {error.message}")
        return open_index(documents, None, root, note=note)
    try:
        return build_index(documents, embedder)
    except ToolMissingError as error:
        note(f"retrieval by words only (BM25): {error.message}")
        return build_index(documents, None)


def _remove_leftovers(folder: Path) -> None:
    """Half-built folders of a process that was killed; under the lock nobody else is building this index."""
    for path in folder.parent.glob(f".{folder.name}.*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _write_files(index: SearchIndex, folder: Path) -> None:
    (folder / "documents.jsonl").write_text(write_documents(index.documents))
    index.bm25.save(str(folder / "bm25"))
    if index.vectors is not None:
        import faiss

        faiss.write_index(index.vectors, str(folder / "vectors.faiss"))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / "manifest.json")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace_folder(new: Path, folder: Path) -> None:
    """Rename `new` to `folder`; a folder cannot be renamed over a full one, so the old one steps aside first."""
    if folder.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
        folder.replace(aside)
        shutil.rmtree(aside, ignore_errors=True)
    new.chmod(0o755)
    new.replace(folder)


@contextmanager
def _locked(root: Path, name: str) -> Iterator[None]:
    """Hold the lock of one index. The kernel drops it when the process ends, however it ends."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError(f"{root} cannot be written: {error.strerror}") from error
    try:
        _wait_for_lock(descriptor, root)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, root: Path) -> None:
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StorageError(f"another process has held the index in {root} for {_LOCK_WAIT_S:g} s") from None
            time.sleep(0.05)
        except OSError as error:
            raise StorageError(f"no file lock can be had in {root}: {error.strerror}") from error
        else:
            return
