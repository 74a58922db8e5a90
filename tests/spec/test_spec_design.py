"""Specs: every legal one round-trips, every illegal one is refused with all its violations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests_spec_strategies import spec_data, specs

from tpugen.errors import SpecError
from tpugen.spec import (
    AdderSpec,
    DesignSpec,
    MacSpec,
    MultiplierUnit,
    spec_from_dict,
    spec_json_schema,
)
from tpugen.spec.design import default_accumulator_width_bits

KINDS = "adder, multiplier, mac, systolic_array, tpu, pim_tile, pim_llm"


def message_of(data: dict[str, Any]) -> str:
    with pytest.raises(SpecError) as caught:
        spec_from_dict(data)
    assert caught.value.exit_code == 2
    return caught.value.message


@settings(deadline=None)
@given(specs())
def test_legal_specs_round_trip_through_json(spec: DesignSpec) -> None:
    assert spec_from_dict(json.loads(spec.model_dump_json())) == spec
    assert spec_from_dict(json.loads(json.dumps(spec.model_dump(mode="json")))) == spec


@settings(deadline=None)
@given(spec_data())
def test_specs_hold_what_they_were_given(data: dict[str, Any]) -> None:
    dumped = spec_from_dict(data).model_dump()
    for name, value in data.items():
        if name in ("adder", "multiplier"):
            assert value.items() <= dumped[name].items()
        else:
            assert dumped[name] == value


@settings(deadline=None)
@given(specs())
def test_specs_say_every_parameter(spec: DesignSpec) -> None:
    for role in ("adder", "multiplier"):
        if unit := getattr(spec, role, None):
            assert list(unit.parameters) == [parameter.name for parameter in unit.families[unit.family].parameters]


@settings(deadline=None)
@given(specs())
def test_specs_are_frozen(spec: DesignSpec) -> None:
    with pytest.raises(ValidationError):
        spec.signed = not spec.signed  # type: ignore[misc]


def test_defaults() -> None:
    assert spec_from_dict({"kind": "systolic_array"}).model_dump() == {
        "kind": "systolic_array", "signed": True, "clock_mhz": 100.0, "rows": 8, "cols": 8,
        "dataflow": "output_stationary", "activation_width_bits": 8, "weight_width_bits": 8,
        "accumulator_width_bits": 32, "multiplier": {"family": "exact"}, "adder": {"family": "exact"},
        "shared_pre_approximation": False,
    }  # fmt: skip
    assert spec_from_dict({"kind": "adder"}) == AdderSpec(width_bits=8)


@given(st.integers(2, 32), st.integers(2, 32))
def test_default_accumulator_has_sixteen_guard_bits(activation: int, weight: int) -> None:
    width = default_accumulator_width_bits(activation, weight)
    assert width % 8 == 0
    assert activation + weight + 16 <= width < activation + weight + 24
    assert MacSpec(activation_width_bits=activation, weight_width_bits=weight).accumulator_width_bits == width


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, f"kind: found 'nothing'; legal: {KINDS}; systolic_array would work"),
        (
            {"kind": "fifo"},
            f"kind: found 'fifo'; legal: {KINDS}; systolic_array would work",
        ),
        ({"kind": "systolic_array", "rows": 0}, "rows: 0 is not legal; legal: 1..256; 8 would work"),
        ({"kind": "systolic_array", "rows": 100000}, "rows: 100000 is not legal; legal: 1..256; 8 would work"),
        ({"kind": "systolic_array", "cols": 2.5}, "cols: 2.5 is not legal; legal: 1..256; 8 would work"),
        ({"kind": "systolic_array", "cols": "8"}, "cols: '8' is not legal; legal: 1..256; 8 would work"),
        ({"kind": "adder", "width_bits": 1}, "width_bits: 1 is not legal; legal: 2..32; 8 would work"),
        ({"kind": "mac", "weight_width_bits": 64}, "weight_width_bits: 64 is not legal; legal: 2..32; 8 would work"),
        ({"kind": "mac", "signed": "yes"}, "signed: 'yes' is not legal; legal: true or false; true would work"),
        ({"kind": "mac", "clock_mhz": 0}, "clock_mhz: 0 is not legal; legal: above 0, up to 10000; 100 would work"),
        (
            {"kind": "systolic_array", "dataflow": "sideways"},
            "dataflow: 'sideways' is not legal; legal: output_stationary, weight_stationary, input_stationary; "
            "output_stationary would work",
        ),
        ({"kind": "mac", "colour": "red"}, "colour: no such field (value 'red'); remove it"),
        (
            {"kind": "mac", "accumulator_width_bits": 15},
            "accumulator_width_bits: 15 cannot hold one 8x8-bit product; legal range 16..128; 32 would work",
        ),
        (
            {"kind": "multiplier", "multiplier": {"family": "drum", "k": 9}},
            "multiplier.k: 9 is outside 2..8 for drum at 8 bits; 4 would work",
        ),
        (
            {"kind": "adder", "width_bits": 16, "adder": {"family": "loa", "k": 16}},
            "adder.k: 16 is outside 1..15 for loa at 16 bits; 4 would work",
        ),
    ],
)  # fmt: skip
def test_one_violation(data: dict[str, Any], message: str) -> None:
    assert message_of(data) == f"the spec is not legal (1 violation):\n  - {message}"


def test_unknown_family_names_those_that_are_known() -> None:
    message = message_of({"kind": "mac", "multiplier": {"family": "magic"}})
    assert "no multiplier family is called 'magic'; known: exact, mitchell, " in message
    message = message_of({"kind": "mac", "adder": {"family": "loa", "q": 3}})
    assert "adder family 'loa' has no parameter q; it has k" in message


def test_all_violations_are_listed() -> None:
    message = message_of(
        {"kind": "systolic_array", "rows": 0, "cols": 257, "activation_width_bits": 1, "clock_mhz": -5, "extra": 1}
    )
    assert message.splitlines()[0] == "the spec is not legal (5 violations):"
    for part in ("rows: 0 ", "cols: 257 ", "activation_width_bits: 1 ", "clock_mhz: -5 ", "extra: no such field"):
        assert f"\n  - {part}" in message


def test_all_violations_between_fields_are_listed() -> None:
    message = message_of(
        {
            "kind": "mac", "accumulator_width_bits": 9, "multiplier": {"family": "bam", "vbl": 99},
            "adder": {"family": "lzta", "k": 50},
        }
    )  # fmt: skip
    assert message.splitlines() == [
        "the spec is not legal (3 violations):",
        "  - accumulator_width_bits: 9 cannot hold one 8x8-bit product; legal range 16..128; 32 would work",
        "  - multiplier.vbl: 99 is outside 0..14 for bam at 8 bits; 4 would work",
        "  - adder.k: 50 is outside 1..8 for lzta at 9 bits; 2 would work",
    ]


@settings(deadline=None)
@given(spec_data(), st.sampled_from(["rows", "cols", "width_bits", "activation_width_bits", "weight_width_bits"]),
       st.one_of(st.integers(-1000, 0), st.integers(257, 10**9)))  # fmt: skip
def test_out_of_range_numbers_are_named(data: dict[str, Any], field: str, value: int) -> None:
    if field in data:
        assert f"{field}: {value} is not legal" in message_of({**data, field: value})


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.integers(), st.text(max_size=8)), max_size=4),
       st.sampled_from(["adder", "multiplier", "mac", "systolic_array", "?"]))  # fmt: skip
def test_any_data_is_a_spec_or_a_spec_error(extra: dict[str, Any], kind: str) -> None:
    try:
        spec = spec_from_dict({**extra, "kind": kind})
    except SpecError as error:
        assert "violation" in error.message
    else:
        assert spec.kind == kind


def test_schema_describes_every_kind() -> None:
    schema = spec_json_schema()
    assert set(schema["discriminator"]["mapping"]) == {
        "adder", "multiplier", "mac", "systolic_array", "tpu", "pim_tile", "pim_llm"
    }  # fmt: skip
    rows = schema["$defs"]["SystolicArraySpec"]["properties"]["rows"]
    assert (rows["minimum"], rows["maximum"], rows["default"]) == (1, 256, 8)
    json.dumps(schema)


def test_illegal_fields_do_not_hide_violations_between_others() -> None:
    message = message_of(
        {
            "kind": "systolic_array",
            "rows": 0,
            "multiplier": {"family": "drum", "k": 9},
            "adder": {"family": "loa", "k": 32},
        }
    )
    assert message.splitlines() == [
        "the spec is not legal (3 violations):",
        "  - rows: 0 is not legal; legal: 1..256; 8 would work",
        "  - multiplier.k: 9 is outside 2..8 for drum at 8 bits; 4 would work",
        "  - adder.k: 32 is outside 1..31 for loa at 32 bits; 8 would work",
    ]


def test_structures_and_shared_operands() -> None:
    unit = MultiplierUnit.model_validate({"family": "exact", "structure": "dadda"})
    assert unit.module == "multiplier_dadda"
    assert unit.model_dump() == {"family": "exact", "structure": "dadda"}
    assert "multiplier family 'drum' has no structure 'dadda'; it has none" in message_of(
        {"kind": "mac", "multiplier": {"family": "drum", "structure": "dadda"}}
    )
    assert "it has ripple_carry, carry_lookahead" in message_of(
        {"kind": "adder", "adder": {"family": "exact", "structure": "manchester"}}
    )
    message = message_of({"kind": "systolic_array", "shared_pre_approximation": True, "multiplier": {"family": "bam"}})
    assert message.splitlines()[1].startswith(
        "  - shared_pre_approximation: multiplier family 'bam' does not recode its operands one by one, so there is "
        "nothing to share; false would work, or one of: mitchell, alm_loa"
    )


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (
            {"kind": "tpu", "rows": 1, "signed": False, "accumulator_width_bits": 16, "operand_depth": 9000},
            [
                "signed: False is not legal; legal: true; true would work",
                "rows: 1 is not legal; legal: 2..256; 8 would work",
                "accumulator_width_bits: 16 is not legal; legal: 32; 32 would work",
                "operand_depth: 9000 is not legal; legal: 2..8192; 256 would work",
            ],
        ),
        (
            {"kind": "pim_tile", "rows": 0, "weights": "int4", "adc_bits": 1, "result_width_bits": 10},
            [
                "weights: 'int4' is not legal; legal: ternary, binary; ternary would work",
                "adc_bits: 1 is not legal; legal: 2..16; 8 would work",
                "rows: 0 is not legal; legal: 1..65536; 128 would work",
                "result_width_bits: 10 cannot hold every result of 16 bits; legal: 16..64; 32 would work",
            ],
        ),
        (
            {"kind": "pim_tile", "faults": {"stuck_off": 60000, "stuck_on": 60000}},
            ["faults: 120000 of 65536 cells are stuck; legal: stuck_off + stuck_on up to 65536; "
             "stuck_on = 5536 would work"],
        ),
        (
            {"kind": "pim_tile", "noise": {"sigma": -1}},
            ["noise.sigma: -1 is not legal; legal: 0..16383; 0 would work"],
        ),
        (
            {"kind": "pim_llm", "d": 16384, "heads": 4, "adc_bits": 16, "crossbar_rows": 2},
            ["adc_bits: 16 with 16384 rows on crossbars of 2 needs sums of 37 bits, more than 32; legal here: 2..11; "
             "11 would work"],
        ),
        (
            {"kind": "pim_llm", "d": 66, "heads": 4, "kv_heads": 3, "norm": "batch_norm"},
            [
                "norm: 'batch_norm' is not legal; legal: rms_norm, layer_norm; rms_norm would work",
                "d: 66 does not divide into 4 heads; legal: multiples of 4; 64 would work",
                "kv_heads: 4 heads do not share 3 evenly; legal: divisors of 4; 2 would work",
            ],
        ),
        (
            {"kind": "pim_llm", "activation_width_bits": 4, "context": 0},
            [
                "context: 0 is not legal; legal: 1..16384; 64 would work",
                "activation_width_bits: 4 is not legal; legal: 8; 8 would work",
            ],
        ),
    ],
)  # fmt: skip
def test_violations_of_accelerators(data: dict[str, Any], lines: list[str]) -> None:
    assert [line.removeprefix("  - ") for line in message_of(data).splitlines()[1:]] == lines


def test_widths_that_a_decoder_layer_leaves_out_follow_from_others() -> None:
    spec = spec_from_dict({"kind": "pim_llm", "d": 96, "heads": 6})
    assert (spec.d_ff, spec.kv_heads) == (384, 6)
    assert spec_from_dict(spec.model_dump(mode="json")) == spec
    assert spec_from_dict({"kind": "pim_llm", "d": 8192, "heads": 8, "kv_heads": None}).d_ff == 16384


def test_what_is_said_of_adcs() -> None:
    tile = {"kind": "pim_tile", "rows": 60, "crossbar_rows": 64}
    said = {bits: spec_from_dict({**tile, "adc_bits": bits}).remarks for bits in (6, 7, 8)}
    assert said == {
        6: ["6-bit ADCs can clip sums of 60 rows; 7 bits never do"],
        7: [],
        8: ["8-bit ADCs are wider than sums of 60 rows need; 7 would do"],
    }
    layer = spec_from_dict({"kind": "pim_llm", "d": 64, "d_ff": 128, "adc_bits": 6})
    assert layer.remarks == [
        "W_Q, W_K, W_V, W_X, W_I: 6-bit ADCs can clip sums of 64 rows; 8 bits never do",
        "W_O: 6-bit ADCs can clip sums of 128 rows; 9 bits never do",
    ]
