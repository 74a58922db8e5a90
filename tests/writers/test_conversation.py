"""Asking a chat model over HTTP: retries where they help, clear errors where not, no secret in any of them."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.scripted_chat import Answer, Cut, Raw, Reset, ScriptedChat, Slow, Status

from tpugen.errors import ChatModelError, ChatModelNameError
from tpugen.writers.conversation import Message, Reply, RetryPolicy, ask
from tpugen.writers.providers import ChatSettings, chat_model, endpoint_in_words

pytestmark = pytest.mark.network

KEY = "sk-very-secret-0123456789"
MESSAGES = [
    Message("system", "rules"),
    Message("human", "question with {braces}"),
    Message("ai", "code"),
    Message("human", "again"),
]


class Asked:
    """One `ask` against a scripted server."""

    def __init__(self, chat: ScriptedChat, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TPUGEN_BASE_URL", chat.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        self.told: list[str] = []
        self.slept: list[float] = []
        self.place = chat.base_url.removeprefix("http://").removesuffix("/v1")

    def __call__(self, tries: int = 3, timeout_s: float = 10.0, temperature: float | None = 0.2) -> Reply:
        return ask(
            chat_model("m", ChatSettings(timeout_s=timeout_s)),
            MESSAGES,
            where=endpoint_in_words("m"),
            temperature=temperature,
            policy=RetryPolicy(tries=tries),
            on_retry=self.told.append,
            sleep=self.slept.append,
        )


def test_the_conversation_arrives_as_it_was_meant(monkeypatch: pytest.MonkeyPatch):
    with ScriptedChat("fine") as chat:
        reply = Asked(chat, monkeypatch)()
        assert [(item["role"], item["content"]) for item in chat.messages(0)] == [
            ("system", "rules"), ("user", "question with {braces}"), ("assistant", "code"), ("user", "again"),
        ]  # fmt: skip
        assert chat.requests[0]["model"] == "m" and chat.requests[0]["temperature"] == 0.2
        assert chat.headers[0]["authorization"] == f"Bearer {KEY}"
    assert (reply.text, reply.model, reply.prompt_tokens, reply.reply_tokens) == ("fine", "scripted-model", 100, 1)
    assert reply.tries == 1 and not reply.cut_off and reply.seconds >= 0


def test_a_cut_reply_is_marked(monkeypatch: pytest.MonkeyPatch):
    with ScriptedChat(Cut("half")) as chat:
        assert Asked(chat, monkeypatch)().cut_off


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Status(429, "slow down"), "limits the rate (HTTP 429)"),
        (Status(500, "oops"), "failed (HTTP 500): oops"),
        (Status(503, "loading model"), "failed (HTTP 503): loading model"),
        (Reset(), "broke the connection"),
        (Raw(b"<html>proxy</html>", "text/html"), "answered with something that is no chat completion"),
        (Raw(b"{garbage"), "answered with something that is no chat completion"),
        (Raw(b'{"choices": []}'), "answered with something that is no chat completion"),
        (Raw(b"null"), "answered with something that is no chat completion"),
    ],
)
def test_faults_that_pass_are_retried(monkeypatch: pytest.MonkeyPatch, fault: Answer, words: str):
    with ScriptedChat(fault, "fine") as chat:
        asked = Asked(chat, monkeypatch)
        reply = asked()
        assert reply.text == "fine" and reply.tries == 2
        (line,) = asked.told
        assert line.startswith(f"model 'm' at {asked.place} {words}")
        assert "; try 2 of 3 in " in line
        assert 0.5 <= asked.slept[0] <= 1.0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Status(429), "limits the rate (HTTP 429) (3 tries)"),
        (Status(500, "oops"), "failed (HTTP 500): oops (3 tries)"),
        (Reset(), "broke the connection (3 tries)"),
    ],
)
def test_retries_are_bounded(monkeypatch: pytest.MonkeyPatch, fault: Answer, message: str):
    with ScriptedChat(*[fault] * 9) as chat:
        asked = Asked(chat, monkeypatch)
        with pytest.raises(ChatModelError) as caught:
            asked(tries=3)
        assert caught.value.message == f"model 'm' at {asked.place} {message}"
        assert caught.value.exit_code == 4 and caught.value.hint
        assert len(chat.requests) == 3 and len(asked.slept) == 2
        assert asked.slept[1] > 0.99  # backs off


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (Status(401, f"Incorrect API key provided: {KEY}"), ChatModelNameError, "refused the key (HTTP 401)"),
        (Status(403, "no"), ChatModelNameError, "refused the key (HTTP 403)"),
        (Status(404, "The model `m` does not exist"), ChatModelNameError,
         "is not known there (HTTP 404): The model `m` does not exist"),
        (Status(400, f"context of 99 exceeded, {KEY}"), ChatModelError,
         "refused the request (HTTP 400): context of 99 exceeded, [redacted]"),
        (Status(429, "pay", "insufficient_quota"), ChatModelError, "has no quota left (HTTP 429)"),
    ],
)  # fmt: skip
def test_faults_that_stay_are_not_retried(
    monkeypatch: pytest.MonkeyPatch, fault: Answer, error: type[ChatModelError], message: str
):
    with ScriptedChat(fault) as chat:
        asked = Asked(chat, monkeypatch)
        with pytest.raises(ChatModelError) as caught:
            asked()
        assert type(caught.value) is error
        assert caught.value.message == f"model 'm' at {asked.place} {message}"
        assert KEY not in str(caught.value)
        assert len(chat.requests) == 1 and asked.slept == []


def test_the_servers_wait_is_honoured_within_reason(monkeypatch: pytest.MonkeyPatch):
    faults = [Status(429, headers={"Retry-After": value}) for value in ("7", "100000", "soon")]
    with ScriptedChat(*faults, "fine") as chat:
        asked = Asked(chat, monkeypatch)
        asked(tries=5)
        assert asked.slept[:2] == [7.0, 60.0]
        assert asked.slept[2] < 10


def test_the_servers_wait_may_be_a_date(monkeypatch: pytest.MonkeyPatch):
    dates = [format_datetime(datetime.now(UTC) + timedelta(seconds=offset), usegmt=True) for offset in (30, -30)]
    faults = [Status(503, headers={"Retry-After": value}) for value in (*dates, "Mon, 99 Foo")]
    with ScriptedChat(*faults, "fine") as chat:
        asked = Asked(chat, monkeypatch)
        asked(tries=5)
        assert 20 < asked.slept[0] <= 30 and asked.slept[1] == 0 and 0 < asked.slept[2] <= 4


def test_a_slow_model_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch):
    with ScriptedChat(Slow(30), Slow(30), "never asked for") as chat:
        asked = Asked(chat, monkeypatch)
        started = time.monotonic()
        with pytest.raises(ChatModelError) as caught:
            asked(tries=5, timeout_s=0.3)
        assert time.monotonic() - started < 10
        assert caught.value.message == f"model 'm' at {asked.place} did not answer in time (2 tries)"
        assert caught.value.hint == "allow more time (--chat-timeout), or use a faster model"


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("TPUGEN_BASE_URL", f"http://user:password@127.0.0.1:{port}/v1")
    with pytest.raises(ChatModelError) as caught:
        ask(chat_model("m"), MESSAGES, where=endpoint_in_words("m"))
    assert caught.value.message == (
        f"model 'm' at 127.0.0.1:{port} cannot be reached: connection refused or host unknown"
    )
    assert caught.value.hint == "start the server, or check the URL"


def test_a_model_that_takes_no_temperature_is_asked_without(monkeypatch: pytest.MonkeyPatch):
    refusal = Status(400, "Unsupported value: 'temperature' does not support 0.2 with this model.")
    with ScriptedChat(refusal, "fine") as chat:
        asked = Asked(chat, monkeypatch)
        assert asked().text == "fine"
        assert "temperature" in chat.requests[0] and "temperature" not in chat.requests[1]
        assert asked.told == []


def test_without_a_temperature_none_is_sent(monkeypatch: pytest.MonkeyPatch):
    with ScriptedChat("fine") as chat:
        Asked(chat, monkeypatch)(temperature=None)
        assert "temperature" not in chat.requests[0]


def test_ctrl_c_is_not_swallowed(monkeypatch: pytest.MonkeyPatch):
    class Interrupted:
        def invoke(self, *_arguments: object, **_settings: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(Interrupted(), MESSAGES, where="m")  # type: ignore[arg-type]


def test_waits_grow_to_a_cap_with_jitter():
    policy = RetryPolicy(base_s=1, cap_s=8)
    for attempt, full in ((1, 1), (2, 2), (3, 4), (4, 8), (9, 8)):
        waits = {policy.wait_s(attempt) for _ in range(20)}
        assert full / 2 <= min(waits) and max(waits) <= full and len(waits) > 1
