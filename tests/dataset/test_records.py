"""Dataset records: legal, distinct, and true to what the composer builds."""

from __future__ import annotations

import pytest

from tpugen.dataset import VOICES, DesignRecord, core_specs, describe, generate_records, module_header, record_for
from tpugen.rtl_templates import instantiated_modules
from tpugen.spec import (
    AdderSpec,
    MacSpec,
    MultiplierSpec,
    PimLlmSpec,
    PimTileSpec,
    SystolicArraySpec,
    TpuSpec,
    contract_for,
    spec_from_dict,
)
from tpugen.writers.composer import compose

RECORDS = list(generate_records())


def test_the_grid_holds_hundreds_of_distinct_legal_specs_of_every_kind():
    specs = list(core_specs())
    assert len(specs) >= 200
    assert len(set(specs)) == len(specs)
    assert {spec.kind for spec in specs} == {
        "adder", "multiplier", "mac", "systolic_array", "tpu", "pim_tile", "pim_llm",
    }  # fmt: skip
    assert {spec.dataflow for spec in specs if isinstance(spec, SystolicArraySpec)} == {
        "output_stationary", "weight_stationary", "input_stationary",
    }  # fmt: skip
    assert {spec.signed for spec in specs} == {True, False}
    for spec in specs:
        assert spec_from_dict(spec.model_dump()) == spec


def test_ids_are_unique_and_stable():
    assert len({record.id for record in RECORDS}) == len(RECORDS)
    assert [record.id for record in generate_records()] == [record.id for record in RECORDS]


def test_records_survive_json():
    for record in RECORDS[::40]:
        assert DesignRecord.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("record", RECORDS[::17], ids=lambda record: record.id)
def test_dependencies_are_those_of_the_composed_design(record: DesignRecord):
    *support, top = compose(record.spec)
    assert list(record.library_modules) == instantiated_modules(top.text)
    assert set(record.dependencies) == {file.name.removesuffix(".v") for file in support}


@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_tells_neighbours_apart(voice: str):
    base = {"rows": 5, "cols": 3, "activation_width_bits": 9, "weight_width_bits": 6}
    spec = SystolicArraySpec(**base)
    sentence = describe(spec, voice)
    assert "5" in sentence and "3" in sentence and "9" in sentence and "6" in sentence
    for change in (
        {"rows": 6},
        {"cols": 4},
        {"activation_width_bits": 10},
        {"weight_width_bits": 7},
        {"signed": False},
    ):
        assert describe(SystolicArraySpec(**(base | change)), voice) != sentence
    assert describe(SystolicArraySpec(**base, dataflow="weight_stationary"), voice) != sentence


@pytest.mark.parametrize(
    "spec",
    [AdderSpec(), MultiplierSpec(), MacSpec(), TpuSpec(), PimTileSpec(), PimLlmSpec()],
    ids=lambda spec: spec.kind,
)
def test_every_voice_speaks_of_every_kind(spec):
    assert len({describe(spec, voice) for voice in VOICES}) == len(VOICES)


def test_an_unknown_voice_is_an_error():
    with pytest.raises(KeyError):
        describe(AdderSpec(), "shouting")


def test_the_contract_text_holds_header_behaviour_and_latency():
    spec = SystolicArraySpec(rows=2, cols=3, dataflow="weight_stationary")
    contract = contract_for(spec)
    text = record_for(spec).contract
    assert text.startswith(module_header(contract))
    assert contract.latency.formula() in text
    for sentence in contract.behaviour:
        assert sentence in text
    for port in contract.ports:
        assert port.declaration() in text and port.meaning in text


def test_the_module_header_is_exactly_this():
    assert module_header(contract_for(AdderSpec())) == (
        "module adder_s8 (\n  input  wire [7:0] a_i,\n  input  wire [7:0] b_i,\n  output wire [8:0] sum_o\n);"
    )
