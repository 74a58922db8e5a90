"""Requests that are refused: the class, the exit code and the exact message."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tpugen import errors
from tpugen.spec.language import parse_request
from tpugen.spec.language.lexer import TEXT_MAX_CHARACTERS

CASES: list[dict[str, str]] = tomllib.loads((Path(__file__).parent / "refusals.toml").read_text())["refusal"]


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:60] or "empty" for case in CASES])
def test_refusal(case: dict[str, str]) -> None:
    with pytest.raises(errors.RequestError) as caught:
        parse_request(case["text"])
    assert type(caught.value).__name__ == case["error"]
    assert caught.value.message == case["message"].lstrip("\n")
    assert caught.value.exit_code == 2


def test_nothing_buildable_says_what_can_be_asked_for() -> None:
    with pytest.raises(errors.LanguageError) as caught:
        parse_request("hello")
    assert caught.value.hint == (
        "ask for an adder, a multiplier, a MAC, a systolic array, a TPU, a PIM tile or a PIM-LLM accelerator, e.g. "
        '"8x8 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz"'
    )


def test_contradiction_says_what_to_do() -> None:
    with pytest.raises(errors.ContradictionError) as caught:
        parse_request("signed uint8 adder")
    assert caught.value.hint == "say only one of them"


def test_long_text_is_refused() -> None:
    with pytest.raises(errors.LanguageError, match=r"the request has 20001 characters; at most 20000 are read"):
        parse_request("8x8 systolic array".ljust(TEXT_MAX_CHARACTERS + 1))


def test_the_hint_itself_can_be_built() -> None:
    parsed = parse_request("8x8 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz")
    assert parsed.not_understood == []
