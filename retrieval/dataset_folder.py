"""A built dataset as a corpus: its rows are read from Parquet (or JSON lines) only when an index has to be built."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from tpugen.dataset import VOICES
from tpugen.errors import RequestError, SpecError, StorageError
from tpugen.retrieval.corpus import Corpus, build_corpus, record_document, sources_sha256
from tpugen.retrieval.documents import Document
from tpugen.spec import spec_from_dict
from tpugen.storage import sha256_file

__all__ = ["dataset_corpus"]

_DESCRIPTIONS = tuple(f"description_{voice}" for voice in VOICES)
_COLUMNS = ("id", "spec", "library_modules", *_DESCRIPTIONS)
_HINT = "build one with `tpugen dataset build --out DIR`"


def dataset_corpus(folder: Path) -> Corpus:
    """The library and every design of a built dataset, all splits.

    Args:
        folder: What `tpugen dataset build` wrote: `data/*.parquet`, or `jsonl/*.jsonl` where there is no Parquet.

    Raises:
        RequestError: no such folder, or no dataset in it.
    """
    files = sorted(folder.glob("data/*.parquet")) or sorted(folder.glob("jsonl/*.jsonl"))
    if not files:
        raise RequestError(f"{folder} holds no dataset: no data/*.parquet and no jsonl/*.jsonl", hint=_HINT)
    digest = hashlib.sha256(sources_sha256().encode())
    for path in files:
        digest.update(f"{path.relative_to(folder)} {sha256_file(path)}\n".encode())
    return Corpus(
        str(folder), digest.hexdigest(), lambda: [*build_corpus(records=()), *(_document(row) for row in _rows(files))]
    )


def _document(row: Mapping[str, Any]) -> Document:
    """The document of a row: what it says, and the facts and the summary of its spec."""
    try:
        spec = spec_from_dict(json.loads(row["spec"]))
        return record_document(str(row["id"]), spec, [row[name] for name in _DESCRIPTIONS], row["library_modules"])
    except (SpecError, ValueError, TypeError) as error:
        raise StorageError(f"the dataset's row {row['id']!r} holds no legal spec: {error}", hint=_HINT) from None


def _rows(files: list[Path]) -> Iterator[Mapping[str, Any]]:
    for path in files:
        try:
            yield from _parquet_rows(path) if path.suffix == ".parquet" else _json_rows(path)
        except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are among these
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise StorageError(f"{path} is no part of a dataset: {first}", hint=_HINT) from error


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    pq: Any = import_module("pyarrow.parquet")  # it has no type hints

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=list(_COLUMNS)):
            yield from batch.to_pylist()


def _json_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield {name: row[name] for name in _COLUMNS}
