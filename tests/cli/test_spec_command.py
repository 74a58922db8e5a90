"""`tpugen spec` with a chat model: the disagreements are shown, on paper and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from support.scripted_chat import ScriptedChat

from tpugen.cli.main import run

pytestmark = pytest.mark.network

TEXT = "8x8 int8 array, weights cherished in the cells"
FIRST = '{"kind": "systolic_array", "rows": 4, "dataflow": "weight_stationary"}'
AGAIN = '{"rows": 8, "dataflow": "weight_stationary", "dataflow_quote": "weights cherished in the cells"}'


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedChat]:
    with ScriptedChat() as server:
        monkeypatch.setenv("TPUGEN_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-12345")
        yield server


def test_a_table_of_disagreements(chat: ScriptedChat, capsys: pytest.CaptureFixture[str]) -> None:
    chat.answers.extend([FIRST, AGAIN])
    assert run(("spec", TEXT, "--model", "m", "--spec-by", "both")) == 0
    captured = capsys.readouterr()
    lines = [line.split() for line in captured.out.splitlines()]
    assert ["dataflow", "weight_stationary"] in lines
    assert ["read", "by", "the", "chat", "model", "scripted-model:", "3", "values", "stated"] in lines
    assert ["field", "rules", "model", "holds", "settled", "why"] in lines
    table = [line[:5] for line in lines[lines.index(["field", "rules", "model", "holds", "settled", "why"]) + 1 :]]
    assert table == [
        ["rows", "8", "4", "8", "conceded"],
        ["dataflow", "output_stationary", "weight_stationary", "weight_stationary", "model"],
    ]
    assert "read the request: asking" in captured.err
    assert "very-secret" not in captured.out + captured.err


def test_json_holds_the_same(chat: ScriptedChat, capsys: pytest.CaptureFixture[str]) -> None:
    chat.answers.extend([FIRST, AGAIN])
    assert run(("spec", TEXT, "--model", "m", "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["read_by"] == "both"
    assert [item["settled"] for item in document["disagreements"]] == ["conceded", "model"]
    assert [reading["by"] for reading in document["readings"]] == ["rules", "llm"]
    assert document["not_understood"] == []


def test_without_a_model_nothing_new_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(("spec", TEXT, "--json")) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"spec", "assumptions", "not_understood"}
    assert run(("spec", TEXT)) == 0
    assert "read by" not in capsys.readouterr().out


def test_what_is_wrong_is_told(chat: ScriptedChat, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(("spec", TEXT, "--spec-by", "llm")) == 2
    assert "--spec-by llm needs a chat model, and none is named" in capsys.readouterr().err
    chat.answers.extend(["I would rather not.", "No."])
    assert run(("spec", TEXT, "--model", "m", "--spec-by", "llm", "--no-cache")) == 4
    assert "the chat model's reading of the request cannot be used: the reply holds 1 words" in capsys.readouterr().err


def test_a_reply_is_cached(chat: ScriptedChat, capsys: pytest.CaptureFixture[str]) -> None:
    chat.answers.extend([FIRST, AGAIN])
    for _ in range(2):
        assert run(("spec", TEXT, "--model", "m", "--json")) == 0
    assert len(chat.requests) == 2
    assert "answered from the cache" in capsys.readouterr().err
