"""Attempts as files to read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tpugen.errors import StorageError
from tpugen.findings import Finding
from tpugen.writers.conversation import Message, Reply
from tpugen.writers.exchange_log import ExchangeLog

REPLY = Reply("the reply \ud800", "served", 10, 3, 1.23456, tries=2, cached=True, looped=True, cost_usd=0.5)
FINDING = Finding(severity="error", gate="lint", rule="x", message="no", hint="yes")


def test_an_attempt_is_written_step_by_step(tmp_path: Path):
    log = ExchangeLog(tmp_path / "candidate-1", "m")
    log.prompt(2, [Message("system", "rules\n"), Message("human", "question")])
    folder = tmp_path / "candidate-1" / "attempt-2"
    assert (folder / "prompt.md").read_text() == "<!-- system -->\nrules\n\n<!-- human -->\nquestion\n"
    log.reply(2, REPLY, 0.2)
    assert (folder / "reply.md").read_text() == "the reply \\ud800"
    exchange = json.loads((folder / "exchange.json").read_text())
    assert exchange == {
        "attempt": 2, "chat_model": "m", "model": "served", "temperature": 0.2, "prompt_tokens": 10, "reply_tokens": 3,
        "seconds": 1.235, "tries": 2, "cut_off": False, "looped": True, "refused": False, "cached": True,
        "cost_usd": 0.5,
    }  # fmt: skip
    log.findings(2, REPLY, 0.2, [FINDING], ["pe"], passed=False)
    findings = json.loads((folder / "findings.json").read_text())
    assert findings[0]["message"] == "no"
    complete = json.loads((folder / "exchange.json").read_text())
    assert complete == exchange | {"modules": ["pe"], "findings": findings, "passed": False}
    assert {path.name for path in folder.iterdir()} == {"prompt.md", "reply.md", "exchange.json", "findings.json"}


def test_secrets_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_API_KEY", "hunter2hunter2")
    log = ExchangeLog(tmp_path, "m hunter2hunter2")
    log.prompt(1, [Message("human", "hunter2hunter2")])
    log.reply(1, Reply("it is hunter2hunter2", "m", None, None, 0.0), None)
    log.findings(
        1, REPLY, None, [Finding(severity="error", gate="g", rule="r", message="hunter2hunter2")], [], passed=False
    )
    for path in (tmp_path / "attempt-1").iterdir():
        assert "hunter2" not in path.read_text()


def test_a_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        ExchangeLog(tmp_path / "file", "m").prompt(1, [])
    assert caught.value.message.startswith(
        f"the exchange with the chat model cannot be written to {tmp_path / 'file'}: "
    )
    assert caught.value.hint
