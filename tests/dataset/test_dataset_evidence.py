"""Evidence: the kept sample is whole and of today's RTL, and evidence of other RTL counts for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.dataset import choose_sample, classes_of, dataset_specs, record_id, spec_digest
from tpugen.dataset.evidence import (
    SAMPLE_FILE,
    EvidenceBook,
    Verified,
    VerifiedSample,
    read_verified_sample,
    verified_sample,
    write_verified_sample,
)
from tpugen.errors import StorageError
from tpugen.pipeline.dataset_rtl import digests_of
from tpugen.spec import contract_for

GATES = ("sandbox", "contract", "lint", "simulate")


def kept() -> VerifiedSample:
    sample = verified_sample()
    assert sample is not None
    return sample


def test_at_least_500_designs_were_verified_and_none_failed() -> None:
    sample = kept()
    assert len(sample.designs) >= 500
    for row in sample.designs:
        assert row.failure is None, row
        assert row.gates[:4] == GATES, row
        assert row.tests > 1, row
        assert row.results > 50, row
        assert (row.cycles is None) == (row.id.split("_")[0] in ("adder", "multiplier")), row
    assert sum("prove" in row.gates for row in sample.designs) > 5
    assert sum(row.exhaustive for row in sample.designs) > 20
    assert {"Icarus Verilog", "Verilator", "Yosys", "cocotb"} <= set(sample.tools)


def test_the_sample_is_the_one_that_is_drawn_and_covers_every_class() -> None:
    specs = list(dataset_specs())
    sample = kept()
    drawn = {record_id(contract_for(spec).module, spec_digest(spec)) for spec in choose_sample(specs, 510)}
    assert {row.id for row in sample.designs} == drawn
    covered = {name for row in sample.designs for name in row.classes}
    assert {name for spec in specs for name in classes_of(spec)} <= covered


def test_the_sample_is_of_the_rtl_that_is_there() -> None:
    today = digests_of(row.id for row in kept().designs)
    stale = [row.id for row in kept().designs if today.get(row.id) != row.rtl]
    assert not stale, f"verify again what changed, with `{kept().command}`"


def test_the_file_is_sorted_and_names_no_place(tmp_path: Path) -> None:
    text = SAMPLE_FILE.read_text()
    assert write_verified_sample(kept(), tmp_path / "again.json").read_text() == text
    assert str(Path.home()) not in text
    assert kept().command == "tpugen dataset verify --sample 510 --out dataset/data/verified_sample.json"


A = Verified(id="a-1", rtl="ra", classes=("one", "two"), gates=(*GATES, "prove"), tests=3, results=10, exhaustive=True)
B = Verified(id="b-2", rtl="rb", classes=("three",), gates=GATES, tests=4, results=5, cycles=7)


def book(**rtl: str) -> EvidenceBook:
    return EvidenceBook([A, B], {"a-1": "ra", "b-2": "rb", **{k.replace("_", "-"): v for k, v in rtl.items()}}.get)


def test_a_verified_record_speaks_for_itself() -> None:
    own = book().evidence_for("a-1", "ra", A.classes)
    assert (own.how, own.representatives, own.results, own.exhaustive) == ("proved", ("a-1",), 10, True)
    assert book().evidence_for("b-2", "rb", B.classes).how == "simulated"
    assert book().evidence_for("b-2", "rb", B.classes).cycles == 7


def test_others_are_as_good_as_their_classes() -> None:
    found = book().evidence_for("c-3", "rc", ("one", "three"))
    assert (found.how, found.representatives) == ("equivalent-by-class", ("a-1", "b-2"))
    assert found.gates == GATES, "only what every representative passed"
    assert (found.tests, found.results, found.exhaustive, found.cycles) == (7, 15, False, None)
    assert book().evidence_for("c-3", "rc", ("one", "four")).how == "none"
    assert book().evidence_for("c-3", "rc", ("one", "four")).representatives == ()


def test_changed_rtl_takes_evidence_away() -> None:
    changed = book(a_1="other")
    assert changed.stale == ["a-1"]
    assert changed.evidence_for("a-1", "other", ("one",)).how == "none"
    assert changed.evidence_for("c-3", "rc", ("one", "three")).how == "none"
    assert changed.evidence_for("c-3", "rc", ("three",)).how == "equivalent-by-class"
    # A record whose own RTL is not what was verified is not simulated, even if the book holds its identifier.
    assert book().evidence_for("a-1", "other", ("three",)).how == "equivalent-by-class"


def test_a_failure_is_no_evidence() -> None:
    failed = A.model_copy(update={"failure": "wrong"})
    assert EvidenceBook([failed], {"a-1": "ra"}.get).evidence_for("a-1", "ra", ("one",)).how == "none"


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"designs": []}')
    with pytest.raises(StorageError, match=r"s\.json is no verified sample: command: Field required"):
        read_verified_sample(path)
    write_verified_sample(kept().model_copy(update={"schema_version": 9}), path)
    with pytest.raises(StorageError, match=r"has version 9; this tpugen reads 1"):
        read_verified_sample(path)
