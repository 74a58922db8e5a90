"""`tpugen retrieve` and what stands behind it: corpora, datasets, no torch, several threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.embedders import HashEmbedder

from tpugen.cli.main import run
from tpugen.dataset import VOICES, core_specs, record_for
from tpugen.errors import RequestError, StorageError, UnknownNameError
from tpugen.retrieval import Retriever, build_corpus, chosen_embedding, corpus_of, dataset_corpus, named_corpus

REQUEST = "16x16 weight-stationary systolic array, int8"


def _dataset(folder: Path, count: int = 6) -> list[str]:
    """A small dataset as Parquet, as `tpugen dataset build` lays it out; gives the ids."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = [record_for(spec) for spec in list(core_specs())[:count]]
    rows = [
        {
            "id": record.id,
            "spec": json.dumps(record.spec.model_dump(mode="json")),
            "library_modules": list(record.library_modules),
            **{f"description_{voice}": record.descriptions[voice] for voice in VOICES},
            "split": "train",
        }
        for record in records
    ]
    (folder / "data").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "data" / "train-00000-of-00001.parquet")
    (folder / "jsonl").mkdir()
    (folder / "jsonl" / "train-00000.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [record.id for record in records]


def test_it_shows_what_and_why_and_the_filter(capsys: pytest.CaptureFixture[str]):
    assert run(["retrieve", REQUEST, "--no-dense", "--json"]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert reply["embedding"] == "bm25" and reply["corpus"] == "core" and reply["notes"] == []
    assert reply["required"] == {"kind": "systolic_array", "dataflow": "weight_stationary"}
    assert reply["stated"]["rows"] == reply["stated"]["cols"] == 16
    assert "accumulator_width_bits" in reply["assumed"] and reply["spec"]["rows"] == 16
    first = reply["results"][0]
    assert first["name"].startswith("systolic_array_ws_16x16_s8xs8_") and first["kind"] == "record"
    assert first["why"].startswith("spec 13 of 13, words #")
    assert run(["retrieve", REQUEST, "--no-dense"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0].split() == ["name", "score", "why"]
    assert "filter: kind systolic-array, dataflow weight-stationary\n" in captured.err


def test_words_that_are_no_design_are_searched_as_words(capsys: pytest.CaptureFixture[str]):
    assert run(["retrieve", "skew buffer", "--no-dense", "--corpus", "modules", "--count", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "read as words: the text asks for no design that could be a filter\n"
    assert captured.out.splitlines()[1].startswith("skew_buffer")


def test_an_unknown_corpus_is_named(capsys: pytest.CaptureFixture[str]):
    assert run(["retrieve", "adder", "--corpus", "all"]) == 2
    assert capsys.readouterr().err == ("tpugen: no corpus is called 'all'\n  use one of: core, modules, dataset\n")


@pytest.mark.parametrize("layout", ["parquet", "jsonl"])
def test_a_built_dataset_is_searched(layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    ids = _dataset(tmp_path / "d")
    if layout == "jsonl":
        (tmp_path / "d" / "data" / "train-00000-of-00001.parquet").unlink()
    corpus = dataset_corpus(tmp_path / "d")
    assert [document.name for document in corpus.documents() if document.kind == "record"] == ids
    assert run(["retrieve", "2-bit signed adder", "--no-dense", "--json", "--dataset", str(tmp_path / "d")]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert reply["results"][0]["name"] == ids[0] and reply["corpus"] == str(tmp_path / "d")


def test_another_dataset_is_another_corpus_and_a_broken_one_is_named(tmp_path: Path):
    _dataset(tmp_path / "a", 3)
    _dataset(tmp_path / "b", 4)
    assert dataset_corpus(tmp_path / "a").sha256 != dataset_corpus(tmp_path / "b").sha256
    with pytest.raises(RequestError, match="holds no dataset"):
        dataset_corpus(tmp_path)
    (tmp_path / "a" / "data" / "train-00000-of-00001.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(StorageError, match="is no part of a dataset"):
        dataset_corpus(tmp_path / "a").documents()


def test_corpora_by_name():
    assert {document.kind for document in named_corpus("modules").documents()} == {"module"}
    assert len({named_corpus(name).sha256 for name in ("core", "modules", "dataset")}) == 3
    assert named_corpus("core").sha256 == named_corpus("core").sha256
    with pytest.raises(UnknownNameError, match="no corpus is called 'x'"):
        named_corpus("x")


def test_the_embedding_is_chosen_by_name_then_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TPUGEN_EMBEDDING", raising=False)
    assert chosen_embedding() == "all-MiniLM-L6-v2"
    monkeypatch.setenv("TPUGEN_EMBEDDING", "/some/folder")
    assert chosen_embedding() == "/some/folder" and chosen_embedding("x") == "x"
    monkeypatch.setenv("TPUGEN_EMBEDDING", "none")
    assert chosen_embedding() is None


def test_an_embedding_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["retrieve", "adder", "--corpus", "modules", "--embedding", str(tmp_path)]) == 2
    assert "cannot be loaded" in capsys.readouterr().err


@pytest.mark.parametrize("blocked", ["torch", "sentence_transformers"])
def test_without_torch_it_falls_back_to_words_and_says_so(blocked: str, tmp_path: Path):
    code = (
        f"import sys; sys.modules[{blocked!r}] = None\n"
        "from tpugen.cli.main import run\n"
        "sys.exit(run(['retrieve', 'skew buffer', '--corpus', 'modules', '--count', '1', '--json']))"
    )
    environment = {**os.environ, "TPUGEN_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert reply["embedding"] == "bm25" and reply["results"][0]["name"] == "skew_buffer"
    assert done.stderr.startswith("retrieval by words only (BM25): sentence-transformers cannot be imported")
    assert "Traceback" not in done.stderr


def test_threads_share_a_retriever(tmp_path: Path):
    embedder = HashEmbedder()
    documents = build_corpus(records=())
    retriever = Retriever(corpus_of(documents), embedder=embedder, cache_folder=tmp_path)
    queries = ["skew buffer", "carry save tree", "booth rows", "mac"] * 5
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: [hit.name for hit in retriever.search(text, 3)], queries))
    assert found == [[hit.name for hit in retriever.search(text, 3)] for text in queries]
    assert embedder.embedded == len(documents) + 2 * len(queries)  # built once
