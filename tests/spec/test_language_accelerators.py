"""Requests for TPUs, PIM tiles and hybrid accelerators."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_spec_strategies import accelerator_specs, key_value_texts

from tpugen import errors
from tpugen.arithmetic.decoder_layer import shape
from tpugen.spec import AcceleratorSpec, PimLlmSpec, PimTileSpec, TpuSpec, accelerators, spec_from_dict
from tpugen.spec.language import parse_request

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = tomllib.loads((HERE / "requests_accelerators.toml").read_text())["request"]
REFUSALS: list[dict[str, str]] = tomllib.loads((HERE / "refusals_accelerators.toml").read_text())["refusal"]


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:60] for case in CASES])
def test_request(case: dict[str, Any]) -> None:
    parsed = parse_request(case["text"])
    assert parsed.spec.model_dump() == spec_from_dict(case["expect"]).model_dump()
    assert parsed.not_understood == case.get("not_understood", [])
    assert {item.field for item in parsed.assumptions if not item.stated} == set(case["assumed"])


@pytest.mark.parametrize("case", REFUSALS, ids=[case["text"][:60] for case in REFUSALS])
def test_refusal(case: dict[str, str]) -> None:
    with pytest.raises(errors.RequestError) as caught:
        parse_request(case["text"])
    assert type(caught.value).__name__ == case["error"]
    assert caught.value.message == case["message"]
    assert caught.value.exit_code == 2


def test_the_table_holds_every_kind_and_no_repetition() -> None:
    texts = [case["text"] for case in [*CASES, *REFUSALS]]
    assert len(texts) == len(set(texts)) >= 80
    kinds = [case["expect"]["kind"] for case in CASES]
    assert min(kinds.count(kind) for kind in ("tpu", "pim_tile", "pim_llm")) >= 15


def test_choices_are_those_of_the_layer_model() -> None:
    """They stand twice: a sentence is read without NumPy, which the model imports."""
    assert accelerators.Norm == shape.Norm
    assert accelerators.Activation == shape.Activation
    assert accelerators.WeightKind == shape.WeightKind


def test_every_field_left_out_is_an_assumption() -> None:
    fixed = {"kind", "signed", "faults", "noise", "activation_width_bits", "weight_width_bits",
             "accumulator_width_bits", "input_lanes", "output_lanes"}  # fmt: skip
    for text, spec in (("TPU", TpuSpec()), ("PIM-LLM", PimLlmSpec()), ("PIM tile", PimTileSpec())):
        parsed = parse_request(text)
        assert parsed.spec == spec
        missing = {*type(spec).model_fields} - {item.field for item in parsed.assumptions}
        assert missing <= fixed, text
    lanes = {item.field for item in parse_request("PIM tile").assumptions}
    assert {"input_lanes", "output_lanes", "activation_width_bits"} <= lanes


def test_adcs_are_accepted_and_spoken_of() -> None:
    narrow = parse_request("PIM tile, 64x64 matrix, 64x64 crossbars, 5-bit ADCs").assumptions
    (remark,) = [item for item in narrow if item.field == "adc_bits"]
    assert (remark.reason, remark.stated) == ("5-bit ADCs can clip sums of 64 rows; 8 bits never do", True)
    wide = parse_request("PIM tile, 64x64 matrix, 64x64 crossbars, 9-bit ADCs").assumptions
    assert "9-bit ADCs are wider than sums of 64 rows need; 8 would do" in [item.reason for item in wide]
    enough = parse_request("PIM tile, 64x64 matrix, 64x64 crossbars, 8-bit ADCs").assumptions
    assert not [item for item in enough if item.field == "adc_bits"]
    layer = parse_request("PIM-LLM, d=64, 4 heads, d_ff=32, 128x128 crossbars, 8-bit ADCs").assumptions
    remarks = [item.reason for item in layer if item.field == "adc_bits"]
    assert remarks == ["W_O: 8-bit ADCs are wider than sums of 32 rows need; 7 would do"]


def _said(spec: AcceleratorSpec) -> str:
    """Every field in the words of a specification, one order for each kind."""
    match spec:
        case TpuSpec():
            activations = ", uint8 activations supported" if spec.unsigned_activations else ""
            return (
                f"TPU with {spec.rows} rows and {spec.cols} columns, operand memories of {spec.operand_depth} slices, "
                f"{spec.multiplier_width_bits}-bit requantisation multiplier{activations}"
            )
        case PimTileSpec():
            own = (
                f"PIM tile for a {spec.rows} x {spec.cols} matrix, {spec.activation_width_bits}-bit activations, "
                f"{spec.result_width_bits}-bit results, {spec.input_lanes} input lanes, "
                f"{spec.output_lanes} output lanes"
            )
        case PimLlmSpec():
            norm = {"rms_norm": "RMSNorm", "layer_norm": "LayerNorm"}[spec.norm]
            activation = {"gelu": "GELU", "relu2": "squared ReLU"}[spec.activation]
            own = (
                f"PIM-LLM accelerator, d = {spec.d}, {spec.heads} query heads, {spec.kv_heads} KV heads, "
                f"{'gated' if spec.gated else 'ungated'} FFN of {spec.d_ff} with {activation}, {norm}, context of "
                f"{spec.context}, {spec.rows}x{spec.cols} array, operand buffers of {spec.operand_depth} slices"
            )
    skipping = f"{'' if spec.zero_skipping else 'no '}zero skipping"
    return (
        f"{own}, {spec.weights} weights, {spec.crossbar_rows}x{spec.crossbar_cols} crossbars, "
        f"{spec.adc_bits}-bit ADCs, {spec.columns_per_adc} columns per ADC, {skipping}"
    )


@settings(deadline=None, max_examples=150)
@given(accelerator_specs(), st.integers(1, 5000))
def test_what_is_said_in_full_is_read_back(spec: AcceleratorSpec, clock: int) -> None:
    text = f"{_said(spec)}, at {clock} MHz"
    parsed = parse_request(text)
    ideal = {"faults": accelerators.CellFaults(), "noise": accelerators.ReadNoise()}
    plain = ideal if isinstance(spec, accelerators.CrossbarSpec) else {}
    assert parsed.spec == spec.model_copy(update={"clock_mhz": float(clock), **plain}), text
    assert parsed.not_understood == []
    assert not {item.field for item in parsed.assumptions if not item.stated} - {"kind", "unsigned_activations"}


@settings(deadline=None, max_examples=200)
@given(accelerator_specs(), st.data())
def test_key_value_lists_are_read(spec: AcceleratorSpec, data: st.DataObject) -> None:
    skipped = {"kind", "signed", "faults", "noise", "weight_width_bits", "accumulator_width_bits"}
    if not isinstance(spec, PimTileSpec):
        skipped |= {"activation_width_bits", "input_lanes", "output_lanes"}
    values = {name: value for name, value in spec.model_dump(mode="json").items() if name not in skipped}
    values["clock_mhz"] = 250.0
    text = data.draw(key_value_texts(spec.kind, values))
    parsed = parse_request(text)
    read = parsed.spec.model_dump(mode="json")
    assert {name: read[name] for name in values} == values, text
    assert parsed.not_understood == []
