"""Requests as people write them, read from a table."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tpugen.spec import spec_from_dict
from tpugen.spec.language import parse_request

CASES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "requests.toml").read_text())["request"]


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:60] for case in CASES])
def test_request(case: dict[str, Any]) -> None:
    parsed = parse_request(case["text"])
    expected = spec_from_dict({"kind": "systolic_array", **case["expect"]})
    assert parsed.spec.model_dump() == expected.model_dump()
    assert parsed.not_understood == case.get("not_understood", [])
    assert parsed.gemms == [tuple(gemm) for gemm in case.get("gemms", [])]
    assumed = {assumption.field for assumption in parsed.assumptions}
    assert set(case.get("assumed", [])) <= assumed
    assert not assumed & set(case.get("stated", []))


def test_table_is_large_and_has_no_repetition() -> None:
    texts = [case["text"] for case in CASES]
    assert len(texts) == len(set(texts)) >= 150
