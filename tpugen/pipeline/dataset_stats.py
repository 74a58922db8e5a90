"""What a built dataset holds, read from its shards, and whether it still is what tpugen would build."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.evidence import EvidenceBook, verified_sample
from tpugen.dataset.tables import read_parquet
from tpugen.errors import RequestError
from tpugen.pipeline.dataset_rtl import digests_of
from tpugen.storage import finished_files, read_json, sha256_file

__all__ = ["DatasetStats", "damage", "dataset_stats"]

_COLUMNS = ("id", "kind", "split", "dataflow", "multiplier", "adder", "verification", "group", "rtl_sha256")


class DatasetStats(BaseModel):
    """Counts of a built dataset.

    Attributes:
        folder: Where it is.
        rows: Rows.
        splits: Rows by split.
        kinds: Rows by kind.
        dataflows: Arrays by dataflow.
        multipliers: Rows by multiplier family.
        adders: Rows by adder family.
        verification: Rows by how they were verified.
        groups: Groups of neighbours.
        bytes: Size of the shards.
        problems: What is wrong: damaged shards, identifiers that occur twice, groups in two splits, evidence that is no
            longer valid; empty of a sound dataset.
    """

    model_config = ConfigDict(extra="forbid")

    folder: str
    rows: int
    splits: dict[str, int]
    kinds: dict[str, int]
    dataflows: dict[str, int]
    multipliers: dict[str, int]
    adders: dict[str, int]
    verification: dict[str, int]
    groups: int
    bytes: int
    problems: list[str]


def dataset_stats(folder: Path) -> DatasetStats:
    """Read a built dataset and check it.

    Raises:
        RequestError: the folder holds no dataset.
        StorageError: a shard cannot be read.
    """
    folder = folder.expanduser()
    shards = finished_files(folder / "data", "*.parquet")
    if not shards:
        raise RequestError(
            f"{folder} holds no Parquet shards of a dataset", hint=f"tpugen dataset build --out {folder} makes them"
        )
    rows = [row for shard in shards for row in read_parquet(shard, _COLUMNS)]

    def counts(column: str) -> dict[str, int]:
        return dict(sorted(Counter(row[column] for row in rows if row[column] is not None).items()))

    return DatasetStats(
        folder=str(folder),
        rows=len(rows),
        splits=counts("split"),
        kinds=counts("kind"),
        dataflows=counts("dataflow"),
        multipliers=counts("multiplier"),
        adders=counts("adder"),
        verification=dict(sorted(Counter(row["verification"]["how"] for row in rows).items())),
        groups=len({row["group"] for row in rows}),
        bytes=sum(shard.stat().st_size for shard in shards),
        problems=[*damage(folder), *_contradictions(rows), *_evidence_problems(rows)],
    )


def damage(folder: Path) -> list[str]:
    """Files that differ from what the build wrote."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return ["manifest.json is missing: the build did not end; the same command goes on with it"]
    problems = []
    for record in read_json(manifest)["shards"].values():
        for name, digest in record["files"].items():
            if not (folder / name).is_file():
                problems.append(f"{name} is missing")
            elif sha256_file(folder / name) != digest:
                problems.append(f"{name} is not what was built")
    return problems


def _contradictions(rows: list[dict[str, object]]) -> list[str]:
    twice = [name for name, count in Counter(str(row["id"]) for row in rows).items() if count > 1]
    problems = [f"{name} occurs more than once" for name in twice]
    splits: dict[object, set[object]] = {}
    for row in rows:
        splits.setdefault(row["group"], set()).add(row["split"])
    return problems + [f"group {group} is in several splits" for group, found in splits.items() if len(found) > 1]


def _evidence_problems(rows: list[dict[str, object]]) -> list[str]:
    """Records without evidence, and verified designs whose RTL tpugen renders differently today."""
    problems = []
    without = sum(row["verification"]["how"] == "none" for row in rows)  # type: ignore[index]
    if without:
        problems.append(f"{without:,} records have no evidence: tpugen dataset verify makes it")
    sample = verified_sample()
    if sample is None:
        return [*problems, "tpugen has no verified sample"]
    today = digests_of(row.id for row in sample.designs)
    stale = EvidenceBook(sample.designs, today.get).stale
    if stale:
        problems.append(
            f"the RTL of {len(stale):,} verified designs has changed since: {', '.join(stale[:3])}"
            f"{', ...' if len(stale) > 3 else ''}; tpugen dataset verify verifies them again"
        )
    old = [name for row in rows if today.get(name := str(row["id"]), row["rtl_sha256"]) != row["rtl_sha256"]]
    if old:
        problems.append(f"{len(old):,} records are of other RTL than tpugen renders today: build again")
    return problems
