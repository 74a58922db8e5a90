"""The search index on disk: kept whole, checked to the byte, built again when damaged or stale.

An index is a folder `<root>/<key>` whose key is a hash of the format, the embedding model and the corpus, so a change
of any gives another folder. A manifest holds the checksum of every file; an index that does not match it is rebuilt,
never used. Folders appear by rename and are built under a lock, so two processes may start at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.errors import StorageError, ToolMissingError
from tpugen.retrieval.columns import FactColumns
from tpugen.retrieval.corpus import Corpus
from tpugen.retrieval.documents import StoredDocuments, write_documents
from tpugen.retrieval.index import BM25_ONLY, SearchIndex, build_index
from tpugen.retrieval.vectors import read_vectors, write_vectors
from tpugen.storage import sha256_file

if TYPE_CHECKING:
    from tpugen.retrieval.embeddings import Embedder

__all__ = ["index_key", "load_index", "open_index", "save_index"]

_FORMAT = 3
_LOCK_WAIT_S = 600.0  # as long as the largest index takes to build on a slow machine


def index_key(corpus_sha256: str, embedder: Embedder | None) -> str:
    """Folder name of the index of this corpus under this embedding model."""
    identity = BM25_ONLY if embedder is None else embedder.identity
    return hashlib.sha256(f"{_FORMAT}\n{identity}\n{corpus_sha256}".encode()).hexdigest()[:24]


def save_index(index: SearchIndex, corpus_sha256: str, folder: Path) -> None:
    """Write the index of a corpus as `folder`, which appears complete or not at all; an older one there is replaced.

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
            "corpus_sha256": corpus_sha256,
            "documents": len(index.documents),
            "files": {str(path.relative_to(temporary)): sha256_file(path) for path in _files(temporary)},
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
        checksums = {str(path.relative_to(folder)): sha256_file(path) for path in _files(folder)}
        damaged = sorted(set(manifest["files"].items()) ^ set(checksums.items()))
        if damaged:
            raise StorageError(f"the retrieval index in {folder} is damaged: {damaged[0][0]} is not what was written")
        documents = StoredDocuments((folder / "documents.jsonl").read_bytes())
        bm25 = bm25s.BM25.load(str(folder / "bm25"), load_corpus=False, backend="numpy")
        columns = FactColumns.load(folder / "columns.npz", len(documents))
        vectors = None if model == BM25_ONLY else read_vectors(folder / "vectors.faiss", len(documents))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise StorageError(f"no usable retrieval index in {folder}: {str(error).splitlines()[0][:200]}") from error
    return SearchIndex(documents, model, bm25, vectors, columns)


def open_index(
    corpus: Corpus,
    embedder: Embedder | None,
    root: Path,
    *,
    note: Callable[[str], None] = lambda _message: None,
    on_progress: Callable[[int, int], None] | None = None,
) -> SearchIndex:
    """The index of a corpus, from `root` where a good one is kept, else built and kept there.

    Without a working embedding model the index is BM25 only; without a writable folder it stays in memory.

    Args:
        corpus: What is searched; its documents are made only where an index has to be built.
        embedder: The embedding model, or None for BM25 only.
        root: Folder of indexes; made when missing.
        note: Told, in one sentence each, what was not as it should be.
        on_progress: Told how many of how many texts are embedded.
    """
    folder = root / index_key(corpus.sha256, embedder)
    model = BM25_ONLY if embedder is None else embedder.identity
    index: SearchIndex | None = None
    try:
        with _locked(root, folder.name):
            _remove_leftovers(folder)
            if folder.exists():
                try:
                    return load_index(folder, model=model, corpus_sha256=corpus.sha256)
                except StorageError as error:
                    note(f"{error.message}; it is built again")
            index = build_index(corpus.documents(), embedder, on_progress)
            save_index(index, corpus.sha256, folder)
            return index
    except StorageError as error:
        note(f"the retrieval index is not kept: {error.message}")
    except ToolMissingError as error:
        note(f"retrieval by words only (BM25): {error.message}")
        return open_index(corpus, None, root, note=note)
    if index is not None:
        return index  # built, but the disk refused it
    kept = _readable(folder, model, corpus.sha256)
    if kept is not None:
        return kept
    try:
        return build_index(corpus.documents(), embedder, on_progress)
    except ToolMissingError as error:
        note(f"retrieval by words only (BM25): {error.message}")
        return build_index(corpus.documents(), None)


def _readable(folder: Path, model: str, corpus_sha256: str) -> SearchIndex | None:
    """The index in a folder that can be read but not locked, such as a read-only cache; folders appear whole."""
    try:
        return load_index(folder, model=model, corpus_sha256=corpus_sha256)
    except StorageError:
        return None


def _remove_leftovers(folder: Path) -> None:
    """Half-built folders of a process that was killed; under the lock nobody else is building this index."""
    for path in folder.parent.glob(f".{folder.name}.*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _write_files(index: SearchIndex, folder: Path) -> None:
    (folder / "documents.jsonl").write_text(write_documents(index.documents), encoding="utf-8")
    index.bm25.save(str(folder / "bm25"))
    index.columns.save(folder / "columns.npz")
    if index.vectors is not None:
        write_vectors(index.vectors, folder / "vectors.faiss")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / "manifest.json")


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
