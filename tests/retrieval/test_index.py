"""The index on disk: kept, checked, rebuilt when damaged or stale, safe for two processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.embedders import HashEmbedder, MissingEmbedder

from tpugen.errors import StorageError
from tpugen.retrieval.corpus import corpus_of
from tpugen.retrieval.documents import Document, StoredDocuments, corpus_hash, read_documents, write_documents
from tpugen.retrieval.index import build_index
from tpugen.retrieval.store import index_key, load_index, open_index, save_index

DOCUMENTS = [
    Document(kind="module", name=name, text=text, modules=(name,))
    for name, text in {
        "adder": "adds two numbers with a carry",
        "array": "systolic array of processing elements for matrix multiplication",
        "buffer": "skew buffer delays each lane by its number",
    }.items()
]


def _open(root: Path, embedder: object = None, documents: list[Document] | None = None):
    notes: list[str] = []
    embedder = HashEmbedder() if embedder is None else embedder
    index = open_index(corpus_of(documents or DOCUMENTS), embedder, root, note=notes.append)
    return index, embedder, notes


def _folder(root: Path) -> Path:
    return root / index_key(corpus_hash(DOCUMENTS), HashEmbedder())


def test_both_searches_find_what_is_meant(tmp_path: Path):
    index, embedder, notes = _open(tmp_path)
    assert notes == []
    assert [DOCUMENTS[i].name for i in index.ranked_by_words("matrix multiplication")] == ["array"]
    assert DOCUMENTS[index.ranked_by_meaning("skew lane", embedder)[0]].name == "buffer"
    assert index.ranked_by_words("zebra") == []
    assert index.ranked_by_words("") == index.ranked_by_meaning(" ", embedder) == []


def test_a_kept_index_is_used_again_and_gives_the_same(tmp_path: Path):
    first, _, _ = _open(tmp_path)
    again, embedder, notes = _open(tmp_path)
    assert embedder.embedded == 0 and notes == []
    assert list(again.documents) == list(first.documents)
    for query in ("carry adder", "array of elements"):
        assert again.ranked_by_words(query) == first.ranked_by_words(query)
        assert again.ranked_by_meaning(query, embedder) == first.ranked_by_meaning(query, embedder)


def test_another_model_or_corpus_is_another_index(tmp_path: Path):
    other = [*DOCUMENTS[:2], DOCUMENTS[2].model_copy(update={"text": "something else"})]
    keys = {
        index_key(corpus_hash(DOCUMENTS), HashEmbedder()),
        index_key(corpus_hash(DOCUMENTS), HashEmbedder("hash-2")),
        index_key(corpus_hash(DOCUMENTS), None),
        index_key(corpus_hash(other), HashEmbedder()),
        index_key(corpus_hash(DOCUMENTS[::-1]), HashEmbedder()),
    }
    assert len(keys) == 5


def _flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)


DAMAGES = {
    "vectors-flipped": lambda folder: _flip_byte(folder / "vectors.faiss"),
    "vectors-cut": lambda folder: (folder / "vectors.faiss").write_bytes(b"IxFI"),
    "vectors-gone": lambda folder: (folder / "vectors.faiss").unlink(),
    "words-flipped": lambda folder: _flip_byte(folder / "bm25" / "data.csc.index.npy"),
    "columns-flipped": lambda folder: _flip_byte(folder / "columns.npz"),
    "columns-gone": lambda folder: (folder / "columns.npz").unlink(),
    "documents-changed": lambda folder: _flip_byte(folder / "documents.jsonl"),
    "file-added": lambda folder: (folder / "extra").write_text("x"),
    "manifest-gone": lambda folder: (folder / "manifest.json").unlink(),
    "manifest-no-json": lambda folder: (folder / "manifest.json").write_text("{"),
    "manifest-list": lambda folder: (folder / "manifest.json").write_text("[]"),
    "manifest-empty": lambda folder: (folder / "manifest.json").write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_rebuilt_and_never_used(tmp_path: Path, damage: str):
    _open(tmp_path)
    DAMAGES[damage](_folder(tmp_path))
    with pytest.raises(StorageError):
        load_index(_folder(tmp_path), model="hash-1", corpus_sha256=corpus_hash(DOCUMENTS))
    index, embedder, notes = _open(tmp_path)
    assert embedder.embedded == len(DOCUMENTS)
    assert len(notes) == 1 and notes[0].endswith("; it is built again")
    assert [DOCUMENTS[i].name for i in index.ranked_by_words("carry")] == ["adder"]
    _, embedder, notes = _open(tmp_path)
    assert embedder.embedded == 0 and notes == []


@pytest.mark.parametrize(("key", "value"), [("model", "other"), ("corpus_sha256", "0" * 64), ("format", 0)])
def test_a_stale_index_is_rebuilt(tmp_path: Path, key: str, value: object):
    _open(tmp_path)
    manifest = _folder(tmp_path) / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {key: value}))
    _, embedder, notes = _open(tmp_path)
    assert embedder.embedded == len(DOCUMENTS)
    assert f"has {key} {value!r}, expected" in notes[0]


def test_without_a_working_model_it_is_words_only_and_says_so(tmp_path: Path):
    index, _, notes = _open(tmp_path, MissingEmbedder())
    assert notes == ["retrieval by words only (BM25): no torch here"]
    assert index.vectors is None and index.ranked_by_meaning("adder", MissingEmbedder()) == []
    assert [DOCUMENTS[i].name for i in index.ranked_by_words("carry")] == ["adder"]


def test_without_a_writable_folder_it_stays_in_memory_and_says_so(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    index, embedder, notes = _open(tmp_path / "file" / "cache")
    assert len(notes) == 1 and notes[0].startswith("the retrieval index is not kept: ")
    assert index.ranked_by_meaning("carry", embedder)[0] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only folders")
def test_a_read_only_cache_is_read_but_not_written(tmp_path: Path):
    _open(tmp_path)
    tmp_path.chmod(0o500)
    try:
        index, embedder, notes = _open(tmp_path)
    finally:
        tmp_path.chmod(0o700)
    assert embedder.embedded == 0 and len(notes) == 1
    assert index.ranked_by_words("carry") == [0]


def test_a_cache_that_cannot_be_locked_is_still_read_and_never_when_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _open(tmp_path)

    def refused(*_arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tpugen.retrieval.store.fcntl.flock", refused)
    index, embedder, notes = _open(tmp_path)
    assert embedder.embedded == 0
    assert notes == [f"the retrieval index is not kept: no file lock can be had in {tmp_path}: Read-only file system"]
    assert index.ranked_by_words("carry") == [0]
    _flip_byte(_folder(tmp_path) / "vectors.faiss")
    index, embedder, _ = _open(tmp_path)
    assert embedder.embedded == len(DOCUMENTS)  # built in memory: what is damaged is not used
    assert DOCUMENTS[index.ranked_by_meaning("skew lane", embedder)[0]].name == "buffer"


def test_documents_are_made_only_to_build(tmp_path: Path):
    from dataclasses import replace

    corpus = corpus_of(DOCUMENTS)
    open_index(corpus, HashEmbedder(), tmp_path)

    def unexpected() -> list[Document]:
        raise AssertionError("a kept index needs no documents")

    assert len(open_index(replace(corpus, documents=unexpected), HashEmbedder(), tmp_path).documents) == len(DOCUMENTS)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import faiss

    def full(_index: object, path: str) -> None:
        Path(path).write_bytes(b"half")
        raise RuntimeError("Error: 'ret == size' failed: write error: No space left on device")

    monkeypatch.setattr(faiss, "write_index", full)
    index, embedder, notes = _open(tmp_path)
    assert "cannot be written to" in notes[0]
    assert index.ranked_by_meaning("carry", embedder)[0] == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_an_empty_corpus_is_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match="at least one document"):
        build_index([], None)


def test_saving_over_an_index_replaces_it(tmp_path: Path):
    index = build_index(DOCUMENTS, HashEmbedder())
    for _ in range(2):
        save_index(index, corpus_hash(DOCUMENTS), tmp_path / "key")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    load_index(tmp_path / "key", model="hash-1", corpus_sha256=corpus_hash(DOCUMENTS))


def test_documents_survive_json_lines():
    odd = DOCUMENTS[0].model_copy(
        update={"name": "odd", "text": "two\u2028lines\u0085and\rmore\n", "facts": {"rows": 3}}
    )
    documents = [*DOCUMENTS, odd]
    assert read_documents(write_documents(documents)) == documents
    stored = StoredDocuments(write_documents(documents).encode())
    assert list(stored) == stored[:] == documents and len(stored) == 4
    assert stored[-1] == odd and stored[1:3] == documents[1:3]


_SCRIPT = """
import sys, time
from pathlib import Path
from support.embedders import HashEmbedder
from tpugen.retrieval.documents import read_documents
from tpugen.retrieval.corpus import corpus_of
from tpugen.retrieval.store import open_index

class Slow(HashEmbedder):
    def embed(self, texts):
        print("embedding", flush=True)
        time.sleep(float(sys.argv[3]))
        return super().embed(texts)

notes = []
corpus = corpus_of(read_documents(Path(sys.argv[1]).read_text()))
index = open_index(corpus, Slow(), Path(sys.argv[2]), note=notes.append)
print("ready", index.ranked_by_words("carry"), notes, flush=True)
"""


def _process(tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    (tmp_path / "documents.jsonl").write_text(write_documents(DOCUMENTS))
    arguments = [str(tmp_path / "documents.jsonl"), str(tmp_path / "root"), str(seconds)]
    tests = str(Path(__file__).resolve().parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, *arguments],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": tests},
    )  # fmt: skip


def test_two_processes_at_once_build_it_once(tmp_path: Path):
    processes = [_process(tmp_path, 0.5) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert all(output.splitlines()[-1] == "ready [0] []" for output in outputs)
    assert sum("embedding" in output for output in outputs) == 1


def test_a_process_killed_while_building_harms_nobody(tmp_path: Path):
    process = _process(tmp_path, 60)
    assert process.stdout is not None and process.stdout.readline() == "embedding\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    leftover = tmp_path / "root" / f".{index_key(corpus_hash(DOCUMENTS), HashEmbedder())}.half"
    leftover.mkdir()
    started = time.monotonic()
    _, embedder, notes = _open(tmp_path / "root")
    assert embedder.embedded == len(DOCUMENTS) and notes == []
    assert not leftover.exists()
    assert time.monotonic() - started < 10
