"""The dataset card: the README beside the shards, with the front matter that the `datasets` library reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tpugen.dataset.rows import LICENCE, DatasetRecord
from tpugen.dataset.similarity import NEAR_DUPLICATE
from tpugen.dataset.splits import SPLITS
from tpugen.dataset.tables import arrow_schema
from tpugen.dataset.unit_errors import EXHAUSTIVE_BITS, SAMPLES

__all__ = ["card_text"]

_CARD_FILE = Path(__file__).resolve().parent / "data" / "card.md"


def card_text(summary: Mapping[str, Any], *, has_parquet: bool) -> str:
    """The card of a built dataset.

    Args:
        summary: What was built: `rows`, `splits`, `split_bytes`, `kinds`, `verification`, `bytes`.
        has_parquet: Whether the splits are loaded from Parquet, else from JSON lines.
    """
    return "\n".join([*_front_matter(summary, has_parquet=has_parquet), "", _body(summary)])


def _front_matter(summary: Mapping[str, Any], *, has_parquet: bool) -> list[str]:
    pattern = "data/{split}-*.parquet" if has_parquet else "jsonl/{split}-*.jsonl.gz"
    splits = [split for split in SPLITS if summary["splits"].get(split)]
    lines = [
        "---",
        f"license: {LICENCE.lower()}",
        "pretty_name: tpugen accelerator designs",
        "language:",
        "- en",
        "tags:",
        *(f"- {tag}" for tag in ("verilog", "rtl", "systolic-array", "approximate-computing", "hardware")),
        "size_categories:",
        f"- {_size_category(summary['rows'])}",
        "configs:",
        "- config_name: default",
        "  data_files:",
    ]
    for split in splits:
        lines += [f"  - split: {split}", f"    path: {pattern.format(split=split)}"]
    lines += ["dataset_info:", "  features:"]
    for field in arrow_schema():
        lines += _feature(field.name, field.type, "  ")
    lines.append("  splits:")
    for split in splits:
        lines += [
            f"  - name: {split}",
            f"    num_bytes: {summary['split_bytes'][split]}",
            f"    num_examples: {summary['splits'][split]}",
        ]
    lines.append(f"  download_size: {summary['bytes']}")
    lines.append(f"  dataset_size: {sum(summary['split_bytes'].values())}")
    lines.append("---")
    return lines


def _size_category(rows: int) -> str:
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")):
        if rows < limit:
            return name
    return "100K<n<1M"


def _feature(name: str, kind: Any, indent: str) -> list[str]:
    """A feature as the `datasets` library writes it."""
    import pyarrow as pa

    head = f"{indent}- name: {name}"
    if pa.types.is_struct(kind):
        return [
            head,
            f"{indent}  struct:",
            *(line for part in kind for line in _feature(part.name, part.type, f"{indent}  ")),
        ]
    if pa.types.is_list(kind):
        if pa.types.is_struct(kind.value_type):
            parts = (line for part in kind.value_type for line in _feature(part.name, part.type, f"{indent}  "))
            return [head, f"{indent}  list:", *parts]
        return [head, f"{indent}  list: {_plain(kind.value_type)}"]
    return [head, f"{indent}  dtype: {_plain(kind)}"]


def _plain(kind: Any) -> str:
    return {"double": "float64"}.get(str(kind), str(kind))


def _body(summary: Mapping[str, Any]) -> str:
    """The card's prose from `data/card.md`, its tables filled in."""
    tables = {
        name: "\n".join([f"| {title} | designs |", "|---|---:|", *(f"| {key} | {n:,} |" for key, n in counts.items())])
        for name, title, counts in (
            ("splits", "split", summary["splits"]),
            ("kinds", "kind", summary["kinds"]),
            ("verification", "verification", summary["verification"]),
        )
    }
    columns = [f"| `{name}` | {meaning} |" for name, meaning in _meanings().items()]
    return _CARD_FILE.read_text(encoding="utf-8").format_map(
        {
            **tables,
            "rows": f"{summary['rows']:,}",
            "near_duplicate": f"{NEAR_DUPLICATE:g}",
            "exhaustive_bits": EXHAUSTIVE_BITS,
            "samples": f"{SAMPLES:,}",
            "columns": "\n".join(["| column | meaning |", "|---|---|", *columns]),
        }
    )


def _meanings() -> dict[str, str]:
    """Meaning of each column, from the record's own docstring."""
    import inspect

    _, _, attributes = (inspect.getdoc(DatasetRecord) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in attributes.splitlines():
        head, colon, rest = line.strip().partition(": ")
        if colon and head in DatasetRecord.model_fields and line.startswith("    ") and not line.startswith("     "):
            name, found[head] = head, rest
        elif name:
            found[name] += f" {line.strip()}"
    return {name: found[name].replace("|", "\\|") for name in DatasetRecord.model_fields}
