"""Builds the dataset: shards of rows in parallel, finished ones kept by content, interrupted builds resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tpugen.dataset import SPLITS, dataset_specs
from tpugen.dataset.evidence import EvidenceBook, verified_sample
from tpugen.errors import RequestError, TpugenError
from tpugen.pipeline.dataset_rtl import digests_of
from tpugen.pipeline.dataset_shards import STATE, Format, Shard, ShardRecord, kept_shard, make_shards, write_shard
from tpugen.pipeline.executor import Executor, run_many
from tpugen.pipeline.identity import package_version
from tpugen.spec import DesignSpec
from tpugen.storage import (
    make_folder,
    remove_unfinished,
    write_json_atomic,
    write_text_atomic,
)

__all__ = ["CHUNK", "BuildProgress", "BuildSummary", "build_dataset"]

CHUNK = 2000
"""Rows in a shard."""


@dataclass(frozen=True)
class BuildProgress:
    """One shard that ended; `kept` if it was there already."""

    done: int
    total: int
    name: str
    rows: int
    kept: bool


class BuildSummary(BaseModel):
    """What a build came to; also the manifest of the dataset.

    Attributes:
        out: Folder of the dataset.
        rows: Rows.
        splits: Rows by split.
        split_bytes: Size in memory by split.
        kinds: Rows by kind of design.
        verification: Rows by how they were verified.
        stale: Verified designs whose RTL is another today: their evidence was not used.
        shards: Shards by name.
        kept: Shards that an earlier build had finished.
        bytes: Size of all files.
        seconds: Time of this build.
        versions: Versions of tpugen and pyarrow.
    """

    model_config = ConfigDict(extra="forbid")

    out: str
    rows: int
    splits: dict[str, int]
    split_bytes: dict[str, int]
    kinds: dict[str, int]
    verification: dict[str, int]
    stale: list[str]
    shards: dict[str, ShardRecord]
    kept: int
    bytes: int
    seconds: float
    versions: dict[str, str | None]


def build_dataset(
    out: Path,
    *,
    limit: int | None = None,
    form: Format = "both",
    chunk: int = CHUNK,
    verify: int = 0,
    jobs: int | None = None,
    observer: Callable[[BuildProgress], None] = lambda _progress: None,
    executor: Executor | None = None,
) -> BuildSummary:
    """Build the dataset, or go on with a build that was interrupted.

    Args:
        out: Its folder, created if missing. Shards that are there are kept if they hold what they would hold now.
        limit: Only so many designs, spread over the whole; default: all.
        form: Parquet, JSON lines, or both.
        chunk: Rows in a shard.
        verify: So many designs of the dataset are verified one by one first, besides those that the sample holds.
        jobs: Processes; default: usable CPUs.
        observer: Hears each shard.
        executor: Where to run instead of the local pool.

    Raises:
        RequestError: a number below one; a folder that holds something else.
        DesignFailedError: a design that was to be verified fails a gate.
        StorageError: the disk refused; shards that are finished stay.
    """
    begin = time.monotonic()
    out = _checked(out, limit, chunk)
    specs = _some(list(dataset_specs()), limit)
    sample = verified_sample()
    evidence = list(sample.designs) if sample else []
    if verify:
        from tpugen.pipeline.dataset_verify import verify_more

        evidence += verify_more(specs, verify, evidence, jobs=jobs, executor=executor)
    today = digests_of(row.id for row in evidence)
    book = EvidenceBook(evidence, today.get)
    valid = tuple(row for row in evidence if row.failure is None and row.id not in book.stale)
    shards = list(make_shards(specs, out, form, chunk, valid))
    remove_unfinished(out)
    finished = {shard.name: record for shard in shards if (record := kept_shard(shard)) is not None}
    kept = len(finished)
    for name, record in finished.items():
        observer(BuildProgress(kept, len(shards), name, record.rows, kept=True))
    todo = [shard for shard in shards if shard.name not in finished]
    for work in run_many(todo, write_shard, jobs, executor=executor):
        if work.value is None:
            raise work.error or TpugenError(f"shard {work.item.name} was not built")
        finished[work.item.name] = work.value
        observer(BuildProgress(len(finished), len(shards), work.item.name, work.value.rows, kept=False))
    _remove_others(out, shards)
    summary = _summary(out, {shard.name: finished[shard.name] for shard in shards}, kept, book.stale)
    summary.seconds = round(time.monotonic() - begin, 1)
    from tpugen.dataset.card import card_text

    write_text_atomic(out / "README.md", card_text(summary.model_dump(), has_parquet=form != "jsonl"))
    write_json_atomic(out / "manifest.json", summary.model_dump(mode="json", exclude={"out"}))
    return summary


def _checked(out: Path, limit: int | None, chunk: int) -> Path:
    for name, value in (("--limit", limit), ("--chunk", chunk)):
        if value is not None and value < 1:
            raise RequestError(f"{name} {value}: at least 1", hint=f"{CHUNK} would work")
    out = out.expanduser().resolve()
    if out.exists() and not out.is_dir():
        raise RequestError(f"--out {out}: a file of that name exists", hint="name a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / STATE).is_dir():
        raise RequestError(f"--out {out}: the folder holds something else", hint="name a folder that is new or empty")
    make_folder(out / STATE)
    return out


def _some(specs: list[DesignSpec], limit: int | None) -> list[DesignSpec]:
    """So many designs, evenly over the whole, so that every kind is among them."""
    if limit is None or limit >= len(specs):
        return specs
    return [specs[number * len(specs) // limit] for number in range(limit)]


def _remove_others(out: Path, shards: Sequence[Shard]) -> None:
    """Shards of an earlier build that this one does not have would be loaded along with its own."""
    wanted = {str(file) for shard in shards for file in shard.files}
    for pattern in ("data/*.parquet", "jsonl/*.jsonl.gz"):
        for path in out.glob(pattern):
            if str(path.relative_to(out)) not in wanted:
                path.unlink(missing_ok=True)
    for path in (out / STATE).glob("*.json"):
        if path.stem not in {shard.name for shard in shards}:
            path.unlink(missing_ok=True)


def _summary(out: Path, shards: dict[str, ShardRecord], kept: int, stale: list[str]) -> BuildSummary:
    def total(name: Literal["kinds", "verification"]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for record in shards.values():
            for key, value in getattr(record, name).items():
                counts[key] = counts.get(key, 0) + value
        return dict(sorted(counts.items()))

    return BuildSummary(
        out=str(out),
        rows=sum(record.rows for record in shards.values()),
        splits={split: sum(r.rows for r in shards.values() if r.split == split) for split in SPLITS},
        split_bytes={split: sum(r.table_bytes for r in shards.values() if r.split == split) for split in SPLITS},
        kinds=total("kinds"),
        verification=total("verification"),
        stale=stale,
        shards=shards,
        kept=kept,
        bytes=sum((out / file).stat().st_size for record in shards.values() for file in record.files),
        seconds=0.0,
        versions={name: package_version(name) for name in ("tpugen", "pyarrow")},
    )
