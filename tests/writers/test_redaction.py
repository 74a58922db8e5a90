"""Secrets leave no trace."""

from __future__ import annotations

import pytest

from tpugen.writers.redaction import redact


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "MY_APIKEY", "HF_TOKEN", "CLIENT_SECRET", "db_password"])
def test_values_of_secret_variables_are_blanked(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(name, "hunter2hunter2")
    assert redact("a hunter2hunter2 b\nhunter2hunter2") == "a [redacted] b\n[redacted]"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"),
        ("Incorrect API key provided: sk-proj-abc123.", "Incorrect API key provided: [redacted]."),
        ("http://user:pass@host:80/v1", "http://[redacted]@host:80/v1"),
        ("module a; wire bearer; endmodule", "module a; wire bearer; endmodule"),
        ("desk-top", "desk-top"),
    ],
)
def test_secrets_by_their_looks(text: str, clean: str):
    assert redact(text) == clean


def test_short_and_ordinary_values_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("HOME_FOLDER", "ordinary-value")
    assert redact("none of the ordinary-value") == "none of the ordinary-value"


def test_a_secret_that_holds_another_is_blanked_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("A_TOKEN", "secret-one")
    monkeypatch.setenv("B_TOKEN", "secret-one-and-more")
    assert redact("secret-one-and-more") == "[redacted]"
