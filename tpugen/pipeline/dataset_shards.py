"""Shards of the dataset: what decides one, whether it is there already, and how it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tpugen.dataset import SPLITS, Split, record_for, split_of
from tpugen.dataset.classes import classes_of
from tpugen.dataset.evidence import EvidenceBook, Verified
from tpugen.dataset.rows import DatasetRecord, dataset_record
from tpugen.dataset.tables import arrow_table, jsonl_bytes, parquet_bytes
from tpugen.errors import TpugenError
from tpugen.pipeline.dataset_costs import costs_of
from tpugen.pipeline.dataset_rtl import rtl_digest
from tpugen.pipeline.identity import code_fingerprint, package_version
from tpugen.spec import DesignSpec, spec_from_dict
from tpugen.storage import read_json, sha256_file, sha256_json, write_bytes_atomic, write_json_atomic

__all__ = ["STATE", "Format", "Shard", "ShardRecord", "build_row", "kept_shard", "make_shards", "write_shard"]

Format = Literal["parquet", "jsonl", "both"]

STATE = ".build"
"""Folder of a dataset that says what its finished shards are."""


@dataclass(frozen=True)
class Shard:
    """One shard of one split: what a worker makes.

    Attributes:
        split: The split.
        number: Its place among the split's shards.
        of: How many shards the split has.
        specs: The designs, as plain data.
        out: Folder of the dataset.
        form: Which files.
        evidence: Verified designs whose RTL is what was verified.
        key: Hash of all that decides the rows.
    """

    split: Split
    number: int
    of: int
    specs: tuple[dict[str, object], ...]
    out: Path
    form: Format
    evidence: tuple[Verified, ...]
    key: str

    @property
    def name(self) -> str:
        """File name without its suffix, as the `datasets` library expects it."""
        return f"{self.split}-{self.number:05d}-of-{self.of:05d}"

    @property
    def files(self) -> list[Path]:
        """The files, relative to the dataset's folder."""
        parquet, lines = Path("data", f"{self.name}.parquet"), Path("jsonl", f"{self.name}.jsonl.gz")
        return {"parquet": [parquet], "jsonl": [lines], "both": [parquet, lines]}[self.form]


class ShardRecord(BaseModel):
    """What is known of a finished shard.

    Attributes:
        key: Hash of all that decided its rows.
        split: Its split.
        rows: Its rows.
        table_bytes: Size of its rows in memory.
        files: SHA-256 of each of its files, by path in the dataset's folder.
        kinds: Rows by kind of design.
        verification: Rows by how they were verified.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    split: Split
    rows: int
    table_bytes: int
    files: dict[str, str]
    kinds: dict[str, int]
    verification: dict[str, int]


def build_row(spec: DesignSpec, book: EvidenceBook) -> DatasetRecord:
    """The whole row of a design."""
    record = record_for(spec)
    digest = rtl_digest(spec)
    return dataset_record(
        record,
        rtl_sha256=digest,
        verification=book.evidence_for(record.id, digest, classes_of(spec)),
        costs=costs_of(spec),
    )


def make_shards(
    specs: Sequence[DesignSpec], out: Path, form: Format, chunk: int, evidence: tuple[Verified, ...]
) -> list[Shard]:
    """The shards of a dataset, split by split.

    Args:
        specs: The designs.
        out: Folder of the dataset.
        form: Which files.
        chunk: Rows in a shard.
        evidence: Verified designs whose RTL is what was verified.
    """
    rooms = code_fingerprint(["arithmetic", "dataset", "model", "rtl_templates", "spec"])
    modules = (__name__, "tpugen.pipeline.dataset_costs", "tpugen.pipeline.dataset_rtl", "tpugen.writers.composer")
    rooms |= {module: _source_hash(module) for module in modules}
    known = sha256_json([row.model_dump(mode="json") for row in evidence])
    shards = []
    for split in SPLITS:
        members = [spec.model_dump(mode="json") for spec in specs if split_of(spec) == split]
        parts = [tuple(members[start : start + chunk]) for start in range(0, len(members), chunk)]
        for number, part in enumerate(parts):
            key = sha256_json({"specs": part, "rooms": rooms, "evidence": known, "pyarrow": package_version("pyarrow")})
            shards.append(Shard(split, number, len(parts), part, out, form, evidence, key))
    return shards


def _source_hash(module: str) -> str:
    """Hash of a module's source."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return sha256_file(Path(spec.origin))


def _state_file(shard: Shard) -> Path:
    return shard.out / STATE / f"{shard.name}.json"


def kept_shard(shard: Shard) -> ShardRecord | None:
    """What an earlier build made of this shard, if it is whole and what would be made now."""
    try:
        record = ShardRecord.model_validate(read_json(_state_file(shard)))
        files = {str(file): sha256_file(shard.out / file) for file in shard.files}
    except (TpugenError, ValidationError):
        return None
    same = record.key == shard.key and files.items() <= record.files.items()
    return record.model_copy(update={"files": files}) if same else None


def write_shard(shard: Shard) -> ShardRecord:
    """Make the rows of a shard and write its files, each whole or not at all."""
    book = _book(shard.evidence)
    rows = [build_row(spec_from_dict(data), book) for data in shard.specs]
    table = arrow_table(rows)
    make = {".parquet": parquet_bytes, ".gz": jsonl_bytes}
    for file in shard.files:
        write_bytes_atomic(shard.out / file, make[file.suffix](table))
    record = ShardRecord(
        key=shard.key,
        split=shard.split,
        rows=len(rows),
        table_bytes=table.nbytes,
        files={str(file): sha256_file(shard.out / file) for file in shard.files},
        kinds=_counts([row.kind for row in rows]),
        verification=_counts([row.verification.how for row in rows]),
    )
    write_json_atomic(_state_file(shard), record.model_dump(mode="json"))
    return record


@lru_cache(maxsize=1)
def _book(evidence: tuple[Verified, ...]) -> EvidenceBook:
    """The evidence of a shard; its RTL was compared before shards were made."""
    rtl = {row.id: row.rtl for row in evidence}
    return EvidenceBook(evidence, rtl.get)


def _counts(values: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
