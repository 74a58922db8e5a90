"""The held-back paraphrases: none stands in the corpora, none was made by a pattern that these have."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.bench.retrieval_measure import MODES, answerable, measure_mode, measure_retrieval
from tpugen.bench.retrieval_queries import Paraphrase, pattern_of, read_paraphrases
from tpugen.dataset import core_specs, generate_records
from tpugen.errors import RequestError, StorageError
from tpugen.pipeline.retrieving import read_query
from tpugen.retrieval import Retriever, build_corpus, named_corpus
from tpugen.retrieval.facts import spec_facts, spec_from_facts
from tpugen.rtl_templates import load_library

QUERIES = read_paraphrases()
TEXTS = [line for record in generate_records() for line in record.descriptions.values()]
TEXTS += [line for document in build_corpus(records=()) for line in document.text.split("\n")]

_TITLES = [family.title for table in (ADDERS, MULTIPLIERS) for family in table.values()]
_STRUCTURES = [name for table in (ADDERS, MULTIPLIERS) for name in table["exact"].structures]
_OTHERS = "output weight input stationary os ws is signed unsigned a an the"
NAMES = frozenset(" ".join([*_TITLES, *_STRUCTURES, _OTHERS]).lower().replace("-", " ").replace("_", " ").split())


def test_there_are_enough_of_every_source_and_kind():
    sources = collections.Counter(query.source for query in QUERIES)
    assert sources["template"] >= 300 and sources["hand"] >= 60 and sources["module"] >= 20
    kinds = collections.Counter(query.spec["kind"] for query in QUERIES if query.spec)
    assert set(kinds) == {"adder", "multiplier", "mac", "systolic_array"} and min(kinds.values()) >= 40
    families = {query.spec.get(f"{role}.family") for query in QUERIES if query.spec for role in ("adder", "multiplier")}
    assert families >= {*ADDERS, *MULTIPLIERS}
    assert len({query.id for query in QUERIES}) == len({query.text for query in QUERIES}) == len(QUERIES)


def test_every_answer_is_a_legal_design_or_a_module():
    """Those of source `late` were written without a look at what the core holds; the whole dataset holds them."""
    core = {frozenset(spec_facts(spec).items()) for spec in core_specs()}
    for query in QUERIES:
        if query.spec is None:
            assert query.module in load_library()
        else:
            assert spec_facts(spec_from_facts(query.spec)) == query.spec
            assert query.source == "late" or frozenset(query.spec.items()) in core, query.id


def test_none_stands_in_the_corpus():
    known = {pattern_of(text) for text in TEXTS} | {" ".join(text.lower().split()) for text in TEXTS}
    for query in QUERIES:
        assert " ".join(query.text.lower().split()) not in known


def test_none_shares_its_pattern_with_the_corpus():
    patterns = {pattern_of(text, NAMES) for text in TEXTS}
    shared = {query.id: query.text for query in QUERIES if pattern_of(query.text, NAMES) in patterns}
    assert shared == {}


def test_a_pattern_is_what_is_left_without_numbers_and_names():
    assert pattern_of("8x8 WS array, int8", NAMES) == pattern_of("16X4 OS  array -- INT4", NAMES) == "#x# int#"
    assert pattern_of("one array") != pattern_of("another array")


def test_by_words_and_spec_nearly_every_design_is_found(tmp_path: Path):
    retriever = Retriever(named_corpus("core"), embedder=None, cache_folder=tmp_path)
    queries = [query for query in QUERIES if query.spec is not None][::4]
    specs = {query.id: read_query(query.text) for query in queries}
    with_spec = measure_mode(retriever, queries, specs, "bm25+spec")
    plain = measure_mode(retriever, queries, specs, "bm25")
    assert with_spec.recall_at_5 >= 0.95 > plain.recall_at_5
    assert with_spec.mrr > plain.mrr and 0 < with_spec.median_ms <= with_spec.p95_ms


@pytest.mark.slow
def test_the_benchmark_reaches_its_recall():
    result = measure_retrieval("core")
    modes = {mode.mode: mode for mode in result.modes}
    assert set(modes) == set(MODES) and result.vector_index == "exact" and result.notes == []
    assert modes["fused+spec"].recall_at_5 >= 0.98
    assert modes["fused+spec"].recall_at_5 > modes["fused"].recall_at_5 > modes["bm25"].recall_at_5


def test_queries_without_an_answer_are_left_out(tmp_path: Path):
    modules = build_corpus(records=())
    assert {query.source for query in answerable(QUERIES, modules)} == {"module"}
    with pytest.raises(RequestError, match="no paraphrase has its answer in this corpus"):
        answerable([query for query in QUERIES if query.spec], modules)


def test_a_query_means_one_thing_and_a_bad_line_is_named(tmp_path: Path):
    path = tmp_path / "q.jsonl"
    path.write_text('{"id": "a", "source": "hand", "text": "x", "module": "adder_exact"}\n{"id": "b"}\n')
    with pytest.raises(StorageError, match=r"q\.jsonl:2 is no query: Field required"):
        read_paraphrases(path)
    with pytest.raises(StorageError, match="cannot be read"):
        read_paraphrases(tmp_path / "none")
    with pytest.raises(ValueError, match="either spec or module"):
        Paraphrase(id="a", source="hand", text="x")
