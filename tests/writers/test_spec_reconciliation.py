"""How two readings of one request are settled: the rule, line by line."""

from __future__ import annotations

from typing import Any

import pytest

from tpugen.spec import MacSpec, PimLlmSpec, spec_from_dict
from tpugen.spec.language import parse_request
from tpugen.writers.spec_reconciliation import (
    Insistence,
    Reconciled,
    disagreements,
    model_alone,
    reconcile,
    stated_by_rules,
)
from tpugen.writers.spec_schema import flat_values
from tpugen.writers.spec_support import supports, words_inside


def settle(text: str, stated: dict[str, Any], **answers: tuple[Any, str | None]) -> Reconciled:
    parsed = parse_request(text)
    found = disagreements(parsed, stated)
    return reconcile(text, parsed, stated, found, {name: Insistence(*answer) for name, answer in answers.items()})


def outcome(result: Reconciled) -> list[tuple[str, Any, str]]:
    return [(item.field, item.value, item.settled) for item in result.settlements]


def test_agreement_and_silence_leave_the_rules_values() -> None:
    text = "8x16 weight-stationary array, int8"
    stated = flat_values(parse_request(text).spec)
    assert settle(text, stated).settlements == []
    result = settle(text, {"kind": "systolic_array", "rows": 8, "cols": None})
    assert result.settlements == []
    assert result.spec == parse_request(text).spec


def test_what_the_rules_read_holds_against_an_insisting_model() -> None:
    result = settle("8x16 array, int8", {"kind": "systolic_array", "rows": 16}, rows=(16, "8x16"))
    assert outcome(result) == [("rows", 8, "rules")]
    assert result.settlements[0].why == "the request states it in words that the rules read"
    assert result.spec.rows == 8  # type: ignore[union-attr]


def test_a_model_that_gives_in_is_told() -> None:
    result = settle("8x16 array, int8", {"kind": "systolic_array", "rows": 16}, rows=(8, ""))
    assert outcome(result) == [("rows", 8, "conceded")]
    assert result.settlements[0].model == 16


TEXT = "8x8 int8 array, weights cherished in the cells"


def test_a_supported_value_replaces_an_assumed_one_and_credits_the_words() -> None:
    assert parse_request(TEXT).not_understood == ["cherished"]
    stated = {"kind": "systolic_array", "dataflow": "weight_stationary"}
    result = settle(TEXT, stated, dataflow=("weight_stationary", "weights cherished in the cells"))
    assert outcome(result) == [("dataflow", "weight_stationary", "model")]
    assert result.not_understood == []
    assert result.spec == spec_from_dict({"kind": "systolic_array", "dataflow": "weight_stationary"})
    told = [item.reason for item in result.assumptions if item.field == "dataflow"]
    assert told == ['the chat model reads "weights cherished in the cells" so']


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (("weight_stationary", ""), "the model quotes no words for its value"),
        (("weight_stationary", None), "the model quotes no words for its value"),
        (("weight_stationary", "weights are cherished"), "the words that the model quotes do not stand in the request"),
        (("weight_stationary", "int8 array"), "the words that the model quotes were understood by the rules"),
        (("weight_stationary", "cherished in the cells"), "the words that the model quotes do not name its value"),
        (("input_stationary", "weights cherished"), "the words that the model quotes do not name its value"),
    ],
)
def test_an_unsupported_value_is_not_believed(answer: tuple[Any, str | None], why: str) -> None:
    result = settle(TEXT, {"kind": "systolic_array", "dataflow": "weight_stationary"}, dataflow=answer)
    assert outcome(result) == [("dataflow", "output_stationary", "rules")]
    assert result.settlements[0].why.endswith(f"; {why}")
    assert result.not_understood == ["cherished"]
    assert result.spec == parse_request(TEXT).spec


def test_no_answer_leaves_the_rules_value() -> None:
    result = settle(TEXT, {"kind": "systolic_array", "dataflow": "weight_stationary"})
    assert result.settlements[0].why == "asked once more, the model gives no value"
    assert "dataflow: rules output_stationary, model weight_stationary; rules: asked" in str(result.settlements[0])


def test_a_quote_of_the_whole_request_supports_nothing() -> None:
    text = "please build for me an 8x8 int8 array with the weights cherished in all of the cells"
    result = settle(
        text, {"kind": "systolic_array", "dataflow": "weight_stationary"}, dataflow=("weight_stationary", text)
    )
    assert result.settlements[0].why.endswith("the model quotes more than 10 words")


def test_a_number_that_the_rules_used_elsewhere_supports_nothing() -> None:
    """The 16 of `16x16` must not become an accumulator's width."""
    stated = {"kind": "systolic_array", "accumulator_width_bits": 16}
    result = settle("16x16 int8 array, zorblax", stated, accumulator_width_bits=(16, "16x16 int8"))
    assert outcome(result) == [("accumulator_width_bits", 32, "rules")]


def test_values_that_follow_from_a_width_follow_the_models_width() -> None:
    text = "MAC, operands worth 12"
    parsed = parse_request(text)
    if "operands worth 12" not in parsed.not_understood and not any("12" in words for words in parsed.not_understood):
        pytest.fail(f"the rules understood the request: {parsed}")
    stated = {"kind": "mac", "activation_width_bits": 12, "weight_width_bits": 12}
    quote = "operands worth 12"
    result = settle(text, stated, activation_width_bits=(12, quote), weight_width_bits=(12, quote))
    assert result.spec == MacSpec(activation_width_bits=12, weight_width_bits=12)
    assert result.spec.accumulator_width_bits == 40
    assert {item.field: item.value for item in result.assumptions}["accumulator_width_bits"] == 40


def test_an_illegal_mixture_falls_back_to_the_rules() -> None:
    text = "MAC with 24-bit accumulator, operands worth 16"
    stated = {"kind": "mac", "activation_width_bits": 16, "weight_width_bits": 16}
    quote = "worth 16"
    result = settle(text, stated, activation_width_bits=(16, quote), weight_width_bits=(16, quote))
    assert {item.settled for item in result.settlements} == {"rules"}
    assert "the design is not legal" in result.settlements[0].why
    assert result.spec == parse_request(text).spec


def test_another_family_comes_with_its_parameters() -> None:
    text = "16-bit unsigned MAC, products by snorkel TOSAM-ish units with h=1 and t=3"
    parsed = parse_request(text)
    stated = {"kind": "mac", "multiplier_family": "drum", "multiplier_k": 3}
    found = disagreements(parsed, stated)
    assert [item.field for item in found] == ["multiplier_family"]


def test_the_kind_is_settled_alone() -> None:
    text = "8x8 int8 array"
    found = disagreements(parse_request(text), {"kind": "mac", "rows": 3})
    assert [(item.field, item.rules, item.model) for item in found] == [("kind", "systolic_array", "mac")]


def test_what_the_rules_read_is_told_apart_from_what_they_assume() -> None:
    stated = stated_by_rules(parse_request("a 4x6 systollic array with about 24 bit acumulators"))
    assert stated.items() >= {"kind": "systolic_array", "rows": 4, "cols": 6, "accumulator_width_bits": 24}.items()
    assert not stated.keys() & {"dataflow", "signed", "clock_mhz", "multiplier_family"}


def test_a_model_alone_is_believed_as_far_as_the_words_go() -> None:
    stated = {"kind": "adder", "width_bits": 12, "signed": False, "clock_mhz": 500.0, "adder_family": "loa"}
    held, settlements = model_alone("sums of 12 bits without signs, at half a gigahertz", stated)
    assert held == {"kind": "adder", "width_bits": 12, "clock_mhz": 500.0}
    assert [item.settled for item in settlements] == ["model", "model", "rules", "model", "rules"]
    assert model_alone("make me a sandwich", {"kind": "adder", "width_bits": 8})[0] == {}


def test_what_follows_from_a_believed_value_is_worked_out_anew() -> None:
    text = "PIM-LLM accelerator with 4 heads, girth 128"
    assert parse_request(text).not_understood == ["girth 128"]
    result = settle(text, {"kind": "pim_llm", "d": 128}, d=(128, "girth 128"))
    assert outcome(result) == [("d", 128, "model")]
    assert isinstance(result.spec, PimLlmSpec)
    assert (result.spec.d, result.spec.d_ff, result.spec.heads) == (128, 512, 4)
    faults = settle("PIM tile, 64x64 matrix, dead cells 9", {"kind": "pim_tile", "faults_stuck_off": 9},
                    faults_stuck_off=(9, "dead cells 9"))  # fmt: skip
    assert [item.field for item in faults.settlements] == ["faults_stuck_off"]


@pytest.mark.parametrize(
    ("words", "field", "value", "expected"),
    [
        ("sixteen lanes", "rows", 16, True),
        ("two dozen rows", "rows", 24, True),
        ("16 lanes", "rows", 8, False),
        ("a 0.5 GHz clock", "clock_mhz", 500.0, True),
        ("every 4 ns", "clock_mhz", 250.0, True),
        ("2500 ps", "clock_mhz", 400.0, True),
        ("operands of two bytes", "activation_width_bits", 16, True),
        ("a nibble", "weight_width_bits", 4, True),
        ("a nibble", "rows", 4, False),
        ("unsigned", "signed", False, True),
        ("unsigned", "signed", True, False),
        ("signed", "signed", False, False),
        ("the psums accumulate there", "dataflow", "output_stationary", True),
        ("Kogge–Stone, kogge stone", "adder_structure", "kogge_stone", True),
        ("M-HERLOA", "adder_family", "m_herloa", True),
        ("HERLOA", "adder_family", "m_herloa", False),
        ("accurate", "multiplier_family", "exact", True),
        ("dot product", "kind", "mac", True),
        ("recoded once per row", "shared_pre_approximation", True, True),
        ("anything", "multiplier_family", "no_such_family", False),
        ("a tensor processor", "kind", "tpu", True),
        ("memristors", "kind", "pim_tile", True),
        ("one BitNet block", "kind", "pim_llm", True),
        ("1-bit cells", "weights", "binary", True),
        ("1-bit cells", "weights", "ternary", False),
        ("normalised by layer norm", "norm", "layer_norm", True),
        ("a squared ReLU", "activation", "relu2", True),
        ("empty planes are skipped", "zero_skipping", True, True),
        ("no skipping", "zero_skipping", False, True),
        ("a gate", "gated", True, True),
        ("plain", "gated", False, True),
        ("uint8", "unsigned_activations", True, True),
        ("2 percent of the cells", "faults_stuck_off", 1311, True),
        ("half a cell, 0.5", "noise_sigma", 128, True),
        ("512 deep", "operand_depth", 512, True),
    ],
)
def test_support_is_literal(words: str, field: str, value: Any, expected: bool) -> None:
    assert supports(words, field, value) is expected


def test_words_are_found_whole() -> None:
    assert words_inside("Weights  STAY", "the weights stay")
    assert not words_inside("eight", "the weights stay")
    assert not words_inside(" ", "the weights stay")
