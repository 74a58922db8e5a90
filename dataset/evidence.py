"""What was verified one by one, and what follows for the designs of the same classes.

`data/verified_sample.json` says which command made it and with which tools. Evidence is of one RTL: where the hash of
a design's rendered RTL is another today, what was found then counts for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.table_files import read_table
from tpugen.storage import write_text_atomic

__all__ = [
    "SAMPLE_FILE",
    "Evidence",
    "EvidenceBook",
    "Verified",
    "VerifiedSample",
    "read_verified_sample",
    "verified_sample",
    "write_verified_sample",
]

SAMPLE_FILE = Path(__file__).resolve().parent / "data" / "verified_sample.json"
"""The verified sample that comes with tpugen."""

_SCHEMA_VERSION = 1

How = Literal["proved", "simulated", "equivalent-by-class", "none"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Verified(_Record):
    """One design whose gates were run.

    Attributes:
        id: The record.
        rtl: SHA-256 of its rendered RTL (see `tpugen.pipeline.dataset_rtl.rtl_digest`).
        classes: The classes that it represents.
        gates: Gates that passed, in order: `sandbox`, `contract`, `lint`, `simulate`, and `prove` where Yosys proved
            it equal to a behavioural reference for every input.
        tests: Tests of the bench that passed.
        results: Result vectors that were compared with the golden model, bit for bit.
        exhaustive: Whether every pair of operands was simulated.
        cycles: Measured cycles of the latency test, equal to the contract's; None of combinational designs.
        failure: What a gate found, where one refused the design.
    """

    id: str
    rtl: str
    classes: tuple[str, ...]
    gates: tuple[str, ...]
    tests: int = 0
    results: int = 0
    exhaustive: bool = False
    cycles: int | None = None
    failure: str | None = None


class VerifiedSample(_Record):
    """All rows of a file, and how they came about.

    Attributes:
        schema_version: Version of this layout.
        command: The command that verifies all of it again.
        seed: Seed of the benches.
        tools: Versions of the tools.
        designs: One row for each design, sorted by identifier.
    """

    schema_version: int = _SCHEMA_VERSION
    command: str
    seed: int
    tools: dict[str, str]
    designs: tuple[Verified, ...]


class Evidence(_Record):
    """Why a record is held to be right.

    Attributes:
        how: `proved`: equal to a behavioural reference for every input, and simulated. `simulated`: against the golden
            model. `equivalent-by-class`: the designs in `representatives` were, and what differs from them is a size,
            a width or a parameter of the same modules. `none`: nothing that is valid for today's RTL.
        gates: Gates that this record, or every representative, passed.
        tests: Tests of the bench, of this record or of all representatives together.
        results: Result vectors compared, likewise.
        exhaustive: Whether every pair of operands of this very design was simulated.
        cycles: Measured cycles of this very design's latency test.
        classes: The record's classes.
        representatives: Verified records, at least one for each class; the record itself where it was verified.
    """

    how: How
    gates: tuple[str, ...] = ()
    tests: int = 0
    results: int = 0
    exhaustive: bool = False
    cycles: int | None = None
    classes: tuple[str, ...]
    representatives: tuple[str, ...] = ()


class EvidenceBook:
    """Evidence by record, from the designs of a sample whose RTL is still what was verified.

    Args:
        designs: The verified designs.
        rtl_of: SHA-256 of a verified design's RTL as it is rendered today; None where there is no such record.
    """

    def __init__(self, designs: Iterable[Verified], rtl_of: Callable[[str], str | None]) -> None:
        self.stale: list[str] = []
        self._valid: dict[str, Verified] = {}
        self._by_class: dict[str, Verified] = {}
        for row in designs:
            if row.failure is not None:
                continue
            if rtl_of(row.id) != row.rtl:
                self.stale.append(row.id)
                continue
            self._valid[row.id] = row
            for name in row.classes:
                self._by_class.setdefault(name, row)

    def classes(self) -> Sequence[str]:
        """Classes that have a valid representative."""
        return list(self._by_class)

    def evidence_for(self, record_id: str, rtl: str, classes: Sequence[str]) -> Evidence:
        """What speaks for a record: its own verification, else that of its classes; see `Evidence`."""
        own = self._valid.get(record_id)
        if own is not None and own.rtl == rtl:
            return Evidence(
                how="proved" if "prove" in own.gates else "simulated",
                gates=own.gates,
                tests=own.tests,
                results=own.results,
                exhaustive=own.exhaustive,
                cycles=own.cycles,
                classes=tuple(classes),
                representatives=(record_id,),
            )
        rows = {row.id: row for name in classes if (row := self._by_class.get(name)) is not None}
        if any(name not in self._by_class for name in classes):
            return Evidence(how="none", classes=tuple(classes))
        return Evidence(
            how="equivalent-by-class",
            gates=tuple(
                gate for gate in next(iter(rows.values())).gates if all(gate in r.gates for r in rows.values())
            ),
            tests=sum(row.tests for row in rows.values()),
            results=sum(row.results for row in rows.values()),
            classes=tuple(classes),
            representatives=tuple(rows),
        )


def read_verified_sample(path: Path) -> VerifiedSample:
    """A verified sample from its file.

    Raises:
        StorageError: not there, not readable, or not such a file.
    """
    return read_table(path, VerifiedSample, "verified sample")


def write_verified_sample(sample: VerifiedSample, path: Path) -> Path:
    """Write a sample whole or not at all: sorted, one design a line, so that versions compare well.

    Raises:
        StorageError: the disk refused.
    """
    head = json.dumps(sample.model_dump(mode="json", exclude={"designs"}), indent=1, sort_keys=True)
    rows = [json.dumps(_compact(row)) for row in sorted(sample.designs, key=lambda row: row.id)]
    return write_text_atomic(path, head.removesuffix("\n}") + ',\n "designs": [\n' + ",\n".join(rows) + "\n ]\n}\n")


def _compact(row: Verified) -> Mapping[str, Any]:
    return row.model_dump(mode="json", exclude_defaults=True)


@cache
def verified_sample() -> VerifiedSample | None:
    """The sample that comes with tpugen; None where it was left out."""
    return read_verified_sample(SAMPLE_FILE) if SAMPLE_FILE.is_file() else None
