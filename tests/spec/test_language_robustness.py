"""No text may crash the reader, no token may vanish, and reading must be quick."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_spec_strategies import key_value_texts, specs

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS, Family
from tpugen.errors import LanguageError, RequestError, TpugenError
from tpugen.spec import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec, spec_from_dict
from tpugen.spec.language import ParsedRequest, parse_request
from tpugen.spec.language.lexer import quote, tokenize
from tpugen.spec.language.vocabulary import DROPPED, HARMLESS, LEMMAS

TEXTS = [
    case["text"] for case in tomllib.loads((Path(__file__).parent / "requests.toml").read_text())["request"]
]  # fmt: skip
FRAGMENTS = [
    "8x8", "16 by 4", "systolic", "array", "int8", "uint4", "4-bit", "weights", "activations", "accumulators",
    "24 bits", "200 MHz", "5 ns", "weight", "stationary", "output", "signed", "unsigned", "not", "without", "at least",
    ",", ".", "and", "with", "of", "=", ":", "rows", "columns", "8", "64", "PEs", "MAC", "per cycle", "multiplier",
    "adder", "BAM", "DRUM-6", "LOA", "k=4", "coefficient of 2", "W4A8", "acc32", "is", "IS", "OS", "64x64x64", "GEMM",
    "ReLU", "n = 8", "two", "sixteen", "bf16", "\n", "- ", "é", "8-", "x", "0", "-3", "1e5",
    "99999999999999999999999999999999999999",
]  # fmt: skip


def read(text: str) -> ParsedRequest | None:
    """The parsed request, or None where it is refused properly."""
    try:
        return parse_request(text)
    except TpugenError as error:
        assert isinstance(error, RequestError)
        assert error.message
        return None


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    read(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14))
def test_any_mixture_of_terms_is_read_or_refused(fragments: list[str]) -> None:
    parsed = read(" ".join(fragments))
    if parsed is not None:
        json.dumps(parsed.to_json_dict())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.integers(0, 300), st.text(max_size=3))
def test_damaged_requests_are_read_or_refused(text: str, place: int, insertion: str) -> None:
    cut = place % (len(text) + 1)
    read(text[:cut] + insertion + text[cut + 1 :])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([item for item in FRAGMENTS if item not in ("not", "without")]), max_size=10))
def test_every_number_is_accounted_for(fragments: list[str]) -> None:
    """A number that is in neither the spec, an assumption's reason, a GEMM nor `not_understood` was dropped."""
    text = " ".join(fragments)
    parsed = read(text)
    if parsed is None:
        return
    told = json.dumps(parsed.to_json_dict())
    if isinstance(parsed.spec, SystolicArraySpec):
        told += f" {parsed.spec.rows * parsed.spec.cols} elements"  # "8x8, 64 PEs" is checked, and says nothing new
    for token in tokenize(text):
        if token.kind != "number" or token.value is None:
            continue
        words = {token.text, str(token.value), str(abs(token.value))}
        period = {str(float(1000 / token.value))} if token.value else set()
        assert any(word in told for word in words | period), (text, token.text, told)


# A size or a number format alone is a request only where no unknown word stands beside it.
BARE = {"16 by 8", "8x8", "uint8", "W4A8", "int4 weights and int8 activations"}


@pytest.mark.parametrize("text", [text for text in TEXTS if text not in BARE])
def test_every_technical_word_matters(text: str) -> None:
    """An unknown word put between the words of a request is reported."""
    parsed = parse_request(text + " , zorblax")
    assert parsed.not_understood[-1].endswith("zorblax")


def test_harmless_words_are_not_technical() -> None:
    allowed = {
        "operand",
        "parameter",
        "parameters",
        "param",
        "params",
        "type",
        "types",
        "unit",
        "engine",
        "accelerator",
    }
    technical = set(LEMMAS) - {form for form in LEMMAS if LEMMAS[form] in allowed or form in allowed}
    overlap = (HARMLESS | DROPPED) & technical
    assert overlap <= {
        "engines", "accelerators", "processor", "processors", "sized", "per", "operands", "us",
    }  # fmt: skip


@pytest.mark.parametrize(
    "family", [*ADDERS.values(), *MULTIPLIERS.values()], ids=lambda item: f"{item.role}-{item.name}"
)
def test_every_family_is_read_by_every_spelling(family: Family) -> None:
    for spelling in (family.name, family.title, *family.synonyms):
        if re.fullmatch(r"rad\d+", spelling):
            continue  # a radix sets the parameter too: tested in the table
        parsed = parse_request(f"16-bit {spelling} {family.role}")
        unit = getattr(parsed.spec, family.role)
        assert unit.family == family.name, spelling
        assert parsed.not_understood == []
        for parameter in family.parameters:
            (assumption,) = [item for item in parsed.assumptions if item.field == f"{family.role}.{parameter.name}"]
            assert assumption.value == parameter.default_for(16)


@pytest.mark.parametrize(
    "family", [*ADDERS.values(), *MULTIPLIERS.values()], ids=lambda item: f"{item.role}-{item.name}"
)
def test_every_parameter_is_read(family: Family) -> None:
    values = {parameter.name: parameter.bounds(16)[1] - 1 for parameter in family.parameters}
    stated = ", ".join(f"{name}={value}" for name, value in values.items())
    for text in (
        f"16-bit {family.title} {family.role} with {stated}",
        f"16-bit {family.name} {family.role} ({stated})",
    ):
        parsed = parse_request(text)
        assert getattr(parsed.spec, family.role).parameters == values
        assert parsed.not_understood == []


@settings(max_examples=120, deadline=None)
@given(
    st.integers(1, 256), st.integers(1, 256), st.integers(2, 32), st.integers(2, 32), st.booleans(),
    st.sampled_from(["output", "weight", "input"]), st.integers(1, 2000), st.integers(0, 5),
)  # fmt: skip
def test_generated_sentences_mean_what_they_say(
    rows: int, cols: int, activation: int, weight: int, signed: bool, flow: str, clock: int, form: int
) -> None:
    acc = activation + weight + 8
    word = "signed" if signed else "unsigned"
    letter = "int" if signed else "uint"
    text = [
        f"{rows}x{cols} {flow}-stationary systolic array, {word}, {activation}-bit activations, {weight}-bit weights, "
        f"{acc}-bit accumulators, {clock} MHz",
        f"At {clock} MHz, a systolic array with {cols} columns and {rows} rows; weights are {letter}{weight}, "
        f"activations are {letter}{activation}, accumulate in {acc} bits; {flow} stationary dataflow",
        f"rows={rows}, cols={cols}, activation_width_bits={activation}, weight_width_bits={weight}, "
        f"accumulator_width_bits={acc}, dataflow={flow}_stationary, clock_mhz={clock}, {word}",
        f"{word} W{weight}A{activation} {rows} by {cols} {flow} stationary array acc{acc} @{clock}MHz",
        f"- rows: {rows}\n- columns: {cols}\n- dataflow: {flow} stationary\n- activations: {activation} bits\n"
        f"- weights: {weight} bits\n- accumulators: {acc} bits\n- clock: {clock / 1000} GHz\n- {word}",
        f"{word} {activation}b activations and {weight}b weights feed a {rows}×{cols} {flow}-stationary PE array whose "
        f"accumulators are {acc} bits wide, clocked at {clock} MHz",
    ][form]
    parsed = parse_request(text)
    assert parsed.spec == SystolicArraySpec(
        rows=rows, cols=cols, dataflow=f"{flow}_stationary", signed=signed, activation_width_bits=activation,
        weight_width_bits=weight, accumulator_width_bits=acc, clock_mhz=float(clock),
    )  # fmt: skip
    assert set(parsed.not_understood) <= {"feed"}


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 32), st.integers(2, 32), st.booleans(), st.sampled_from(["adder", "multiplier", "mac"]))
def test_generated_units_mean_what_they_say(a: int, w: int, signed: bool, kind: str) -> None:
    word = "signed" if signed else "unsigned"
    if kind == "adder":
        assert parse_request(f"{word} {a}-bit adder").spec == AdderSpec(width_bits=a, signed=signed)
    elif kind == "multiplier":
        expected = MultiplierSpec(activation_width_bits=a, weight_width_bits=w, signed=signed)
        assert parse_request(f"a {word} {a}x{w}-bit multiplier").spec == expected
        assert parse_request(f"{a} by {w} {word} multiplier").spec == expected
    else:
        parsed = parse_request(f"{word} MAC, {a}-bit activations, {w}-bit weights, {a + w}-bit accumulator")
        assert parsed.spec == MacSpec(
            activation_width_bits=a, weight_width_bits=w, accumulator_width_bits=a + w, signed=signed
        )


@settings(deadline=None, max_examples=200)
@given(specs(), st.data())
def test_key_value_lists_are_read(spec: DesignSpec, data: st.DataObject) -> None:
    skipped = {"kind", "multiplier", "adder", "shared_pre_approximation"}
    values = {name: value for name, value in spec.model_dump(mode="json").items() if name not in skipped}
    values["clock_mhz"] = 250.0
    text = data.draw(key_value_texts(spec.kind, values))
    parsed = parse_request(text)
    read = parsed.spec.model_dump(mode="json")
    assert {name: read[name] for name in values} == values, text
    assert parsed.not_understood == []


def test_every_field_is_stated_or_assumed() -> None:
    for text in TEXTS:
        parsed = parse_request(text)
        fields = [assumption.field for assumption in parsed.assumptions]
        known = {*type(parsed.spec).model_fields, "multiplier.k", "multiplier.m", "multiplier.t", "multiplier.h"}
        known |= {"multiplier.vbl", "multiplier.hbl", "adder.k"}
        assert set(fields) <= known
        for assumption in parsed.assumptions:
            assert assumption.reason


def test_an_excluded_value_is_told() -> None:
    parsed = parse_request("8x8 systolic array, not 16 bits")
    reasons = {item.field: item.reason for item in parsed.assumptions}
    assert reasons["weight_width_bits"] == '"not 16 bits" excludes another value; this is the default'
    assert parsed.not_understood == []


def test_json_form_round_trips() -> None:
    parsed = parse_request("8x8 systolic array, DRUM-4 multipliers, for a 64x32x16 GEMM, ReLU")
    data = json.loads(json.dumps(parsed.to_json_dict()))
    assert list(data) == ["spec", "assumptions", "not_understood", "gemms"]
    assert spec_from_dict(data["spec"]) == parsed.spec
    assert data["not_understood"] == ["ReLU"]
    assert data["gemms"] == [[64, 32, 16]]
    assert {"field": "clock_mhz", "value": 100.0, "reason": "no clock is given"} in data["assumptions"]


def test_places_are_those_of_the_original_text() -> None:
    text = "  Ünïcödé 8\u00a0×\u00a08 …  INT８"
    for token in tokenize(text):
        assert text[token.start : token.end] == token.text
    assert [token.symbol for token in tokenize("8×8")] == ["8", "x", "8"]
    assert quote("ab  cd", 0, 6) == '"ab cd" (characters 1-6)'


def test_typos_do_not_reach_real_words() -> None:
    parsed = parse_request(
        "8x8 systolic array, block, ladder, address, height, matrix, periodic, multiplexer, flat, times"
    )
    reasons = " ".join(assumption.reason for assumption in parsed.assumptions)
    assert "is read as" not in reasons
    with pytest.raises(LanguageError):
        parse_request("a ladder, a multiplexer and an arrow")


@pytest.mark.parametrize(
    "unit", ["8x8 ", "is ", "8x", "and 8-bit weights ", "systollic ", "not ", "~", "\n8 rows", "= "]
)
def test_long_texts_take_little_time(unit: str) -> None:
    text = ("8x8 systolic array " + unit * 20_000)[:20_000]
    before = time.process_time()
    read(text)
    assert time.process_time() - before < 5


def test_reading_needs_no_heavy_module() -> None:
    program = (
        "import sys; from tpugen.spec.language import parse_request; parse_request('8x8 int8 systolic array');"
        "print(sorted({'numpy', 'rapidfuzz', 'torch', 'matplotlib', 'cocotb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
