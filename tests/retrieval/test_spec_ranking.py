"""The parsed spec in the ranking: facts as columns, filters, spec distance, similar designs; all without a model."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from support.embedders import HashEmbedder

from tpugen.dataset import core_specs, describe, library_modules_for
from tpugen.retrieval import Retriever, SpecFilter, corpus_of, nearest_specs
from tpugen.retrieval.columns import ASSUMED_WEIGHT, STATED_WEIGHT, FactColumns
from tpugen.retrieval.corpus import record_document
from tpugen.retrieval.facts import is_assumed, nearness, spec_facts, spec_from_facts
from tpugen.retrieval.hits import RRF_K, facts_compared
from tpugen.rtl_templates import design_sources
from tpugen.spec import AdderSpec, MacSpec, MultiplierUnit, SystolicArraySpec, spec_from_dict

SPECS = list(core_specs())
FACTS = [spec_facts(spec) for spec in SPECS]
COLUMNS = FactColumns.of(FACTS)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    documents = [
        record_document(f"r{number}", spec, [describe(spec, "terse")], library_modules_for(spec))
        for number, spec in enumerate(SPECS)
    ]
    return Retriever(corpus_of(documents), embedder=HashEmbedder(), cache_folder=tmp_path_factory.mktemp("index"))


def test_facts_hold_the_whole_spec_but_its_clock():
    for spec in SPECS:
        assert spec_from_facts(spec_facts(spec)) == spec
    fast = SystolicArraySpec(clock_mhz=500)
    assert spec_facts(fast) == spec_facts(SystolicArraySpec())
    assert spec_facts(AdderSpec())["adder.structure"] == ""


@pytest.mark.parametrize("seed", range(5))
def test_columns_agree_with_a_plain_loop(seed: int):
    chance = random.Random(seed)
    asked = chance.choice(FACTS)
    assumed = frozenset(name for name in asked if chance.random() < 0.4)
    expected = [
        sum(
            (ASSUMED_WEIGHT if is_assumed(name, value, assumed) else STATED_WEIGHT) * nearness(value, found.get(name))
            for name, value in asked.items()
        )
        for found in FACTS
    ]
    np.testing.assert_allclose(COLUMNS.agreement(asked, assumed), expected, rtol=1e-5)


def test_filters_are_the_records_that_have_the_facts():
    wanted = {"kind": "systolic_array", "rows": 16, "multiplier.family": "exact", "signed": True}
    found = np.flatnonzero(COLUMNS.having(wanted)).tolist()
    assert found == [n for n, facts in enumerate(FACTS) if all(facts.get(name) == v for name, v in wanted.items())]
    assert found
    assert not COLUMNS.having({"kind": "no such kind"}).any()
    assert not COLUMNS.having({"no such fact": 1}).any()


def test_columns_survive_their_file(tmp_path: Path):
    COLUMNS.save(tmp_path / "c.npz")
    again = FactColumns.load(tmp_path / "c.npz", COLUMNS.count)
    np.testing.assert_array_equal(again.agreement(FACTS[7]), COLUMNS.agreement(FACTS[7]))
    with pytest.raises(ValueError, match="is not of 3 documents"):
        FactColumns.load(tmp_path / "c.npz", 3)


def test_one_wrong_stated_number_outweighs_both_text_searches():
    worst_number = STATED_WEIGHT * (1 - nearness(255, 256)) / (RRF_K + 1)
    assert worst_number >= 2 / (RRF_K + 1)


@pytest.mark.parametrize("number", range(0, len(SPECS), 9))
def test_the_asked_design_comes_first_whatever_the_words(retriever: Retriever, number: int):
    (first, *_) = retriever.search("8x8 OS array, int8, acc 32", 3, SPECS[number])
    assert first.name == f"r{number}"
    assert first.why.facts_agreed == first.why.facts_asked > 0
    assert first.why.text().startswith(f"spec {first.why.facts_asked} of {first.why.facts_asked}")


def test_a_stated_dataflow_is_a_filter_and_an_assumed_one_is_not(retriever: Retriever):
    spec = SystolicArraySpec(rows=16, cols=16, dataflow="weight_stationary")
    strict = [hit for hit in retriever.search("x", 60, spec) if hit.document.kind == "record"]
    assert {hit.document.facts["dataflow"] for hit in strict} == {"weight_stationary"}
    loose = [hit for hit in retriever.search("x", 60, spec, assumed=["dataflow"]) if hit.document.kind == "record"]
    assert len({hit.document.facts["dataflow"] for hit in loose}) > 1
    assert SpecFilter.of(spec).required == {"kind": "systolic_array", "dataflow": "weight_stationary"}
    assert SpecFilter.of(spec, ["dataflow"]).required == {"kind": "systolic_array"}


def test_the_reason_names_what_differs(retriever: Retriever):
    hits = retriever.search("an array", 3, SystolicArraySpec(rows=9, cols=8))
    assert hits[0].why.facts_other == ("rows 8, not 9",)
    asked, found = spec_facts(MacSpec(multiplier=MultiplierUnit(family="drum"))), spec_facts(MacSpec(signed=False))
    agreed, other = facts_compared(asked, found)
    assert other == ("unsigned, not signed", "multiplier exact, not drum")
    assert agreed == len(asked) - 3  # the parameter of a unit that is not there counts, and is not told


@pytest.mark.parametrize("spec", SPECS[::23], ids=str)
def test_results_are_closed_over_what_the_spec_instantiates(retriever: Retriever, spec):
    hits = retriever.search(describe(spec, "terse"), 4, spec)
    names = [hit.name for hit in hits]
    assert len(set(names)) == len(names)
    assert set(design_sources(spec, library_modules_for(spec))) <= set(names)
    assert all(hit.why.text() for hit in hits)


def test_similar_designs_are_near_and_never_the_design_itself():
    for spec in SPECS[::7]:
        asked = spec.model_copy(update={"clock_mhz": 333.0})
        for other in nearest_specs(asked, SPECS, 5):
            assert spec_facts(other) != spec_facts(asked)
            assert other.kind == spec.kind
            assert getattr(other, "dataflow", None) == getattr(spec, "dataflow", None)


def test_the_most_similar_design_differs_in_the_fewest_fields_then_in_size():
    near = nearest_specs(spec_from_dict({"kind": "systolic_array", "rows": 6, "cols": 8}), SPECS, 3)
    assert (near[0].rows, near[0].cols) == (8, 8) and spec_facts(near[0])["multiplier.family"] == "exact"
    assert nearest_specs(SystolicArraySpec(), [], 3) == [] == nearest_specs(SystolicArraySpec(), SPECS, 0)


def test_another_place_of_the_encoders_or_another_unit_is_less_alike():
    shared = spec_from_dict(
        {"kind": "systolic_array", "multiplier": {"family": "drum", "k": 5}, "shared_pre_approximation": True}
    )
    plain = shared.model_copy(update={"shared_pre_approximation": False})
    assert nearest_specs(shared, [plain], 1) == []  # its top level is made of other modules
    two_sizes = SystolicArraySpec(rows=4, cols=4)
    other_unit = SystolicArraySpec(multiplier=MultiplierUnit(family="mitchell"))
    assert nearest_specs(SystolicArraySpec(), [other_unit, two_sizes], 2) == [two_sizes, other_unit]


def test_similar_designs_need_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tpugen.retrieval.retriever.open_index", None)  # any use would fail
    records = Retriever(cache_folder=tmp_path).similar_designs(MacSpec(), "a mac", 2)
    assert len(records) == 2 and all(record.spec != MacSpec() for record in records)
    assert list(tmp_path.iterdir()) == []


def test_without_a_spec_similar_designs_come_from_the_words(retriever: Retriever):
    (record,) = retriever.similar_designs(None, "16x16 WS array, int8, acc 32", 1)
    assert (record.spec.kind, record.spec.rows, record.spec.dataflow) == ("systolic_array", 16, "weight_stationary")
    assert retriever.similar_designs(None, "array", 0) == []
