"""JSON out of replies as chat models write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.writers.json_reply import JSON_LIMIT_CHARACTERS, extract_json


@pytest.mark.parametrize(
    "reply",
    [
        '{"kind": "adder"}',
        'Sure!\n```json\n{"kind": "adder"}\n```\nAnything else?',
        '~~~\n{"kind": "adder"}\n~~~',
        'I read {kind} and {} in it.\r\n{"kind": "adder"}\r\n',
        '<think>{"kind": "mac"} or not?</think>{"kind": "adder"}',
        'First {"kind": "mac"}; no: {"kind": "adder"}',
        '\ufeff{"kind":\n\t"adder"} {}',
    ],
)
def test_an_object_is_found(reply: str) -> None:
    found = extract_json(reply)
    assert found.data == {"kind": "adder"}
    assert found.findings == []


@pytest.mark.parametrize(
    ("reply", "rule", "message"),
    [
        ("", "no-json", "the reply holds nothing"),
        ("I cannot help with that.", "no-json", "the reply holds 5 words and no JSON object"),
        ("use {name} here", "no-json", "the reply holds 3 words and no JSON object"),
        ("[1, 2]", "no-json", "the reply holds 2 words and no JSON object"),
        (
            '{"kind": "adder", "adder_k": {"k": 2},}', "json-syntax",
            "the reply's JSON cannot be read: Expecting property name enclosed in double quotes at line 1, column 39",
        ),
        ('{"kind": "add', "json-syntax",
         "the reply's JSON cannot be read: Unterminated string starting at at line 1, column 10"),
        ('{"rows": 4, "rows": 8}', "json-syntax",
         "the reply's JSON cannot be read: the name 'rows' stands in it twice"),
        ('{"clock_mhz": NaN}', "json-syntax", "the reply's JSON cannot be read: NaN is no JSON number"),
        ('{"a":' * 20_000, "json-syntax", "the reply's JSON cannot be read: it is nested too deeply"),
        (
            "x" * (JSON_LIMIT_CHARACTERS + 1), "reply-too-long",
            "the reply has 100,001 characters; at most 100,000 are read",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(reply: str, rule: str, message: str) -> None:
    found = extract_json(reply)
    assert found.data is None
    (finding,) = found.findings
    assert (finding.severity, finding.rule, finding.message) == ("error", rule, message)


def test_a_number_of_thousands_of_digits_is_told() -> None:
    (finding,) = extract_json('{"rows": ' + "9" * 5000 + "}").findings
    assert finding.rule == "json-syntax"


@given(st.text(alphabet='{}[]":,\\ ab1\n', max_size=300))
def test_any_text_is_read_or_told(text: str) -> None:
    found = extract_json(text)
    assert (found.data is None) == bool(found.findings)


@pytest.mark.parametrize("unit", ["{", "}{", '{"', "<think>", "</think>", '{"a": {', '\\"'])
def test_hostile_replies_take_little_time(unit: str) -> None:
    begin = time.process_time()
    extract_json((unit * JSON_LIMIT_CHARACTERS)[:JSON_LIMIT_CHARACTERS])
    assert time.process_time() - begin < 2
