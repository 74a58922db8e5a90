"""Chat sessions over a real HTTP server: budget, cache, log, limits within a reply, structured output, bad replies."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.scripted_chat import Answer, Cut, Pieces, Raw, Reset, ScriptedChat, Slow, Status

from tpugen.errors import BudgetExhaustedError, ChatModelError, ChatModelNameError, RequestError
from tpugen.writers.budget import Budget, Prices
from tpugen.writers.conversation import Message, Reply, RetryPolicy
from tpugen.writers.exchange_store import ExchangeStore
from tpugen.writers.providers import ChatSettings
from tpugen.writers.session import ChatSession, SessionEvent

pytestmark = pytest.mark.network

KEY = "sk-very-secret-0123456789"
SCHEMA = {"type": "object", "properties": {"rows": {"type": "integer"}}, "required": ["rows"]}


class Desk:
    """A session against a scripted server, and all that it said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.monkeypatch = monkeypatch
        self.tmp_path = tmp_path
        self.events: list[SessionEvent] = []
        self.slept: list[float] = []
        self.chat: ScriptedChat

    def open(self, *answers: Answer, **options: Any) -> ChatSession:
        self.chat = ScriptedChat(*answers)
        self.chat.__enter__()
        self.monkeypatch.setenv("TPUGEN_BASE_URL", self.chat.base_url)
        self.monkeypatch.setenv("OPENAI_API_KEY", KEY)
        settings = {
            "settings": ChatSettings(timeout_s=10),
            "retries": RetryPolicy(tries=3, base_s=0.01),
            "log": ExchangeStore(self.tmp_path / "llm" / "exchanges.sqlite"),
            "on_event": self.events.append,
            "sleep": self.slept.append,
        }
        return ChatSession("m", **(settings | options))

    def close(self) -> None:
        if hasattr(self, "chat"):
            self.chat.__exit__()

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events if event.kind != "progress"]

    @property
    def place(self) -> str:
        return self.chat.base_url.removeprefix("http://").removesuffix("/v1")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(monkeypatch, tmp_path)
    yield desk
    desk.close()


def _ask(session: ChatSession, text: str = "a question", **options: Any) -> Reply:
    return session.ask([Message("system", "rules"), Message("human", text)], purpose="test", **options)


def _bodies(desk: Desk, *names: str) -> list[Sequence[Any]]:
    return [tuple(request.get(name) for name in names) for request in desk.chat.requests]


def test_a_reply_with_counts_events_and_log(desk: Desk):
    session = desk.open("two  words\nand more")
    reply = _ask(session)
    assert (reply.text, reply.prompt_tokens, reply.reply_tokens) == ("two  words\nand more", 100, 4)
    assert not (reply.cached or reply.cut_off or reply.looped or reply.refused) and reply.complete
    assert desk.kinds() == ["asking", "reply"]
    assert str(desk.events[0]) == f"test: asking model 'm' at {desk.place}"
    assert str(desk.events[-1]).startswith("test: 4 tokens in ")
    spending = session.spending
    assert (spending.tokens, spending.exchanges, spending.cached, spending.usd) == (104, 1, 0, None)
    assert spending.seconds > 0 and not spending.estimated
    (exchange,) = ExchangeStore(desk.tmp_path / "llm" / "exchanges.sqlite").all()
    assert (exchange.reply, exchange.purpose, exchange.served_by) == (reply.text, "test", "scripted-model")
    assert exchange.model == f"m at {desk.place}" and exchange.endpoint == session.where
    assert (exchange.temperature, exchange.seed, exchange.max_reply_tokens, exchange.cost_usd) == (0.2, 1, 4096, None)
    assert [message.text for message in exchange.messages] == ["rules", "a question"]


def test_settings_are_defaults_and_each_request_may_differ(desk: Desk):
    session = desk.open("a", "b", settings=ChatSettings(temperature=0.3, seed=7, max_reply_tokens=50))
    _ask(session)
    _ask(session, temperature=1.0, seed=9, stop=["END"])
    names = ("temperature", "seed", "max_completion_tokens", "max_tokens", "stop", "stream")
    assert _bodies(desk, *names) == [(0.3, 7, 50, 50, None, True), (1.0, 9, 50, 50, ["END"], True)]


def test_the_cache_answers_what_was_asked_before(desk: Desk):
    cache = ExchangeStore(desk.tmp_path / "cache" / "chat.sqlite")
    session = desk.open("first", "second", "third", cache=cache, prices=Prices(1.0, 1.0))
    first = _ask(session)
    again = _ask(session)
    assert again.text == "first" and again.cached and (again.seconds, again.cost_usd) == (0.0, 0.0)
    assert first.cost_usd == pytest.approx(101e-6)
    assert desk.kinds() == ["asking", "reply", "cached"]
    assert (session.spending.exchanges, session.spending.cached, session.spending.tokens) == (1, 1, 101)
    assert _ask(session, seed=2).text == "second"
    assert _ask(session, temperature=0.9).text == "third"
    assert len(desk.chat.requests) == 3
    assert [exchange.cached for exchange in session.log.all()] == [False, True, False, False]  # type: ignore[union-attr]
    assert len(cache.all()) == 3


def test_another_session_is_answered_from_the_same_cache_without_its_model(desk: Desk):
    cache = desk.tmp_path / "chat.sqlite"
    first = desk.open("only once", cache=ExchangeStore(cache))
    _ask(first)
    second = ChatSession("m", cache=ExchangeStore(cache), budget=Budget.parse("0"), prices=Prices(1, 1))
    assert _ask(second).text == "only once"  # even with a budget of zero: it costs nothing
    assert second._model is None and second.spending.tokens == 0
    with pytest.raises(BudgetExhaustedError):
        _ask(second, "something else")


@pytest.mark.parametrize("answer", ["", "  \n ", Cut("half a rep"), Pieces(["same line;\n"] * 600)])
def test_incomplete_replies_are_handed_back_and_logged_but_not_cached(desk: Desk, answer: Answer):
    cache = ExchangeStore(desk.tmp_path / "chat.sqlite")
    session = desk.open(answer, "good", cache=cache)
    bad = _ask(session)
    assert not bad.complete and cache.all() == []
    assert len(session.log.all()) == 1  # type: ignore[union-attr]
    assert _ask(session).text == "good" and len(cache.all()) == 1


@pytest.mark.parametrize(
    "answer", ["I'm sorry, but I cannot help with that.", "申し訳ありませんが、お手伝いできません。"]
)
def test_a_refusal_in_words_and_another_language_are_replies_as_they_came(desk: Desk, answer: str):
    session = desk.open(answer)
    assert _ask(session).text == answer
    assert session.log.all()[0].reply == answer  # type: ignore[union-attr]


def test_a_reply_that_the_provider_filters_is_marked(desk: Desk):
    body = {
        "id": "1", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": ""}}],
    }  # fmt: skip
    session = desk.open(Raw(json.dumps(body).encode()), stream=False)
    reply = _ask(session)
    assert reply.refused and not reply.complete
    assert "the model declined, empty" in str(desk.events[-1])
    assert session.spending.estimated  # the server gave no counts


def test_a_reply_that_loops_is_ended_early(desk: Desk):
    session = desk.open(Pieces(["assign y = a & b;\n"] * 5000, interval_s=0.0005))
    reply = _ask(session)
    assert reply.looped and not reply.complete and 1000 <= len(reply.text) < 5000
    assert desk.chat.pieces_sent < 5000
    assert "(repeats itself)" in str(desk.events[-1])


def test_progress_is_told_at_most_twice_a_second(desk: Desk):
    session = desk.open(Pieces([f"{number} " for number in range(30)], interval_s=0.06))
    _ask(session)
    progress = [event for event in desk.events if event.kind == "progress"]
    assert len(progress) >= 2
    assert all(later.seconds - earlier.seconds >= 0.49 for earlier, later in pairwise(progress))
    assert progress[0].tokens is not None and progress[-1].tokens is not None
    assert 0 < progress[0].tokens < progress[-1].tokens <= 30
    assert progress[-1].tokens_per_s == pytest.approx(progress[-1].tokens / progress[-1].seconds)
    assert str(progress[-1]).startswith(f"test: {progress[-1].tokens} tokens, ")


@pytest.mark.parametrize(
    "budget", [Budget(tokens=0), Budget(seconds=0), Budget(usd=0), Budget(tokens=20), Budget(usd=1e-6)]
)
def test_nothing_is_asked_beyond_the_budget(desk: Desk, budget: Budget):
    session = desk.open("never", budget=budget, prices=Prices(1, 1))
    with pytest.raises(BudgetExhaustedError) as caught:
        _ask(session)
    assert desk.chat.requests == [] and desk.events == []
    assert caught.value.message.startswith(f"the budget of {budget} for model 'm' at {desk.place} is used up: ")
    assert caught.value.exit_code == 4 and "--budget" in str(caught.value.hint)
    assert session.log.all() == []  # type: ignore[union-attr]


def test_a_budget_of_zero_needs_no_prices(desk: Desk):
    session = desk.open("never", budget=Budget.parse("0"))
    with pytest.raises(BudgetExhaustedError, match="0 of 0 tokens are used"):
        _ask(session)


def test_a_budget_of_tokens_limits_replies_and_then_ends(desk: Desk):
    session = desk.open("word " * 40, "word " * 40, "never", budget=Budget(tokens=300))
    question = "q" * 395  # 400 characters with the rules: 115 tokens by estimate, 100 as the model counts
    for _ in range(2):
        _ask(session, question)
    assert _bodies(desk, "max_tokens") == [(300 - 115,), (300 - 140 - 101,)]
    with pytest.raises(BudgetExhaustedError) as caught:
        _ask(session, question)
    assert caught.value.message.endswith(
        "20 of 300 tokens are left, the next prompt needs about 101 tokens and a reply"
    )
    assert session.spending.tokens == 280 and len(desk.chat.requests) == 2


def test_a_server_that_ignores_the_limit_is_cut_off(desk: Desk):
    session = desk.open(Pieces([f"w{number} " for number in range(500)]), settings=ChatSettings(max_reply_tokens=50))
    reply = _ask(session)
    assert reply.cut_off and reply.reply_tokens == 51 and len(reply.text.split()) == 51


def test_a_budget_of_money_limits_replies(desk: Desk):
    session = desk.open("word " * 10, "never", budget=Budget(usd=0.001), prices=Prices(1.0, 10.0))
    reply = _ask(session)
    assert reply.cost_usd == pytest.approx(0.0002) and session.spending.usd == pytest.approx(0.0002)
    assert 90 <= desk.chat.requests[0]["max_tokens"] <= 100
    session.budget = Budget(usd=0.0003)
    with pytest.raises(BudgetExhaustedError, match=r"0\.0001 of 0\.0003 usd are left, the next prompt needs about"):
        _ask(session)


def test_a_budget_of_money_needs_prices(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(RequestError) as caught:
        desk.open(budget=Budget(usd=1))
    assert caught.value.message == (
        f"the budget limits money (1 usd), but what model 'm' at {desk.place} costs is not known"
    )
    assert "set TPUGEN_PRICES to US dollars for a million tokens" in str(caught.value.hint)
    monkeypatch.setenv("TPUGEN_PRICES", "2,3")
    assert ChatSession("m", budget=Budget(usd=1)).prices == Prices(2, 3)
    assert ChatSession("gguf:/no/such/file.gguf", budget=Budget(usd=1)).prices == Prices(0, 0)


def test_a_budget_of_time_ends_a_running_reply(desk: Desk):
    session = desk.open(Pieces(["word "] * 400, interval_s=0.05), "never", budget=Budget(seconds=1.0))
    started = time.monotonic()
    reply = _ask(session)
    assert 0.9 < time.monotonic() - started < 8
    assert reply.cut_off and 1 <= len(reply.text.split()) < 25
    assert reply.reply_tokens == len(reply.text.split()) and session.spending.estimated
    with pytest.raises(BudgetExhaustedError, match=r"of 1 s are used"):
        _ask(session)


def test_a_budget_of_time_ends_the_wait_for_a_reply(desk: Desk):
    session = desk.open(Slow(30), Slow(30), budget=Budget(seconds=0.5))
    started = time.monotonic()
    with pytest.raises(BudgetExhaustedError, match=r"is used up: .* of 0\.5 s are used; last, model 'm' .* in time"):
        _ask(session)
    assert time.monotonic() - started < 5 and len(desk.chat.requests) == 1


def test_no_retry_waits_beyond_the_budget_of_time(desk: Desk):
    session = desk.open(Status(429, headers={"Retry-After": "50"}), "never", budget=Budget(seconds=20))
    with pytest.raises(ChatModelError, match=r"limits the rate \(HTTP 429\)\n"):
        _ask(session)
    assert desk.slept == [] and session.spending.seconds > 0


def test_the_time_limit_of_one_request_keeps_what_came(desk: Desk):
    session = desk.open(Pieces(["word "] * 400, interval_s=0.05), settings=ChatSettings(timeout_s=1))
    reply = _ask(session)
    assert reply.cut_off and reply.text.startswith("word word")


@pytest.mark.parametrize("fault", [Reset(), Status(500), Status(429), Pieces(["half "], breaks=True)])
def test_faults_are_retried_and_told(desk: Desk, fault: Answer):
    session = desk.open(fault, "fine")
    reply = _ask(session)
    assert reply.text == "fine" and reply.tries == 2
    assert desk.kinds() == ["asking", "retry", "reply"] and len(desk.slept) == 1
    assert "; try 2 of 3 in 0.0 s" in str(desk.events[1])


def test_a_reply_that_ends_without_its_end_is_cut_off(desk: Desk):
    body = {
        "id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
        "choices": [{"index": 0, "finish_reason": None, "delta": {"role": "assistant", "content": "half a"}}],
    }  # fmt: skip
    session = desk.open(Raw(f"data: {json.dumps(body)}\n\n".encode(), "text/event-stream"))
    reply = _ask(session)
    assert reply.text == "half a" and reply.cut_off


def test_an_error_within_a_streamed_reply_is_retried(desk: Desk):
    error = b'data: {"error": {"message": "out of memory", "type": "server_error"}}\n\n'
    session = desk.open(Raw(error, "text/event-stream"), "fine")
    assert _ask(session).text == "fine"
    assert f"model 'm' at {desk.place} failed while it answered: out of memory; try 2" in str(desk.events[1])


def test_a_server_that_does_not_stream_is_asked_for_the_whole_reply(desk: Desk):
    body = {
        "id": "1", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ignored"}}],
    }  # fmt: skip
    session = desk.open(Raw(json.dumps(body).encode()), "whole", "next")
    assert _ask(session).text == "whole" and _ask(session).text == "next"
    assert _bodies(desk, "stream") == [(True,), (None,), (None,)] or _bodies(desk, "stream")[1:] == [(False,), (False,)]


def test_options_that_a_model_refuses_are_left_out_from_then_on(desk: Desk):
    session = desk.open(
        Status(400, "Unsupported parameter: 'seed'"),
        Status(400, "Unsupported value: 'temperature'"),
        Status(400, "unknown field stream_options"),
        Status(422, "extra field max_tokens is not allowed"),
        "fine",
        "again",
    )
    assert _ask(session).tries == 1 and _ask(session).text == "again"
    names = ("seed", "temperature", "stream_options", "max_tokens", "max_completion_tokens")
    usage = {"include_usage": True}
    assert _bodies(desk, *names) == [
        (1, 0.2, usage, 4096, 4096),
        (None, 0.2, usage, 4096, 4096),
        (None, None, usage, 4096, 4096),
        (None, None, None, 4096, 4096),
        (None, None, None, None, 4096),
        (None, None, None, None, 4096),
    ]
    assert desk.kinds() == ["asking", "reply"] * 2


def test_a_refusal_for_another_reason_is_not_asked_again(desk: Desk):
    session = desk.open(Status(400, "the context is too long"))
    with pytest.raises(ChatModelError, match=r"refused the request \(HTTP 400\): the context is too long"):
        _ask(session)
    assert len(desk.chat.requests) == 1


def test_structured_output_by_schema(desk: Desk):
    session = desk.open('{"rows": 4}')
    assert json.loads(_ask(session, schema=SCHEMA).text) == {"rows": 4}
    expected = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}
    assert _bodies(desk, "response_format") == [(expected,)]
    (exchange,) = session.log.all()  # type: ignore[union-attr]
    assert exchange.schema_hash is not None


def test_structured_output_falls_back_and_remembers(desk: Desk):
    refused = Status(400, "response_format is not supported")
    session = desk.open(refused, refused, '{"rows": 4}', '{"rows": 5}', "no schema")
    assert _ask(session, schema=SCHEMA).tries == 1
    assert _ask(session, "another", schema=SCHEMA).text == '{"rows": 5}'
    _ask(session)
    kinds = [(request.get("response_format") or {}).get("type") for request in desk.chat.requests]
    assert kinds == ["json_schema", "json_object", None, None, None]


def test_no_advice_of_the_client_reaches_the_user(desk: Desk, recwarn: pytest.WarningsRecorder):
    words = "'response_format' of type 'json_schema' is not supported with this model"
    session = desk.open(Status(400, words), Status(400, "Invalid schema for response_format"), "{}")
    assert _ask(session, schema=SCHEMA).text == "{}"
    assert [str(warning.message) for warning in recwarn if issubclass(warning.category, UserWarning)] == []


def test_structured_output_falls_back_to_any_object(desk: Desk):
    session = desk.open(Status(500, "failed to parse grammar"), "{}", "{}")
    _ask(session, schema=SCHEMA)
    _ask(session, "another", schema=SCHEMA)
    kinds = [request["response_format"]["type"] for request in desk.chat.requests]
    assert kinds == ["json_schema", "json_object", "json_object"]


def test_a_prompt_that_is_too_long_is_no_reason_to_give_schemas_up(desk: Desk):
    session = desk.open(*[Status(400, "context length exceeded")] * 3, "{}")
    with pytest.raises(ChatModelError, match="context length exceeded"):
        _ask(session, schema=SCHEMA)
    _ask(session, "shorter", schema=SCHEMA)
    assert desk.chat.requests[-1]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Status(401, f"Incorrect API key provided: {KEY}"), "refused the key (HTTP 401)"),
        (Status(404, "The model `m` does not exist"), "is not known there (HTTP 404): The model `m` does not exist"),
    ],
)
def test_wrong_key_and_unknown_model(desk: Desk, fault: Answer, message: str):
    session = desk.open(fault, "never")
    with pytest.raises(ChatModelNameError) as caught:
        _ask(session)
    assert caught.value.message == f"model 'm' at {desk.place} {message}"
    assert len(desk.chat.requests) == 1 and session.log.all() == []  # type: ignore[union-attr]


def test_no_model_is_configured():
    with pytest.raises(ChatModelNameError, match="no chat model is named"):
        ChatSession("").ask([Message("human", "x")], purpose="p")


def test_the_key_is_written_nowhere(desk: Desk):
    cache = ExchangeStore(desk.tmp_path / "cache" / "chat.sqlite")
    session = desk.open(
        f"your key is {KEY}", Status(500, f"bad header Bearer {KEY}"), "fine", Status(400, f"{KEY} {'x' * 99}"),
        cache=cache,
    )  # fmt: skip
    _ask(session, f"my key is {KEY}")
    _ask(session, "again")
    with pytest.raises(ChatModelError) as caught:
        _ask(session, "and again")
    assert KEY not in str(caught.value) and "[redacted]" in str(caught.value)
    assert all(KEY not in str(event) for event in desk.events)
    files = [path for path in desk.tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(KEY.encode() not in path.read_bytes() for path in files)
    assert desk.chat.headers[0]["authorization"] == f"Bearer {KEY}"  # it goes to the server, and nowhere else


@pytest.fixture
def _read_only_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that may not be written to; root gives its rights up for the test."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if was_root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_a_read_only_home_folder_is_told_of_once(desk: Desk, _read_only_home: Path):
    session = desk.open("one", "two", log=None, cache=ExchangeStore(_read_only_home / "cache" / "chat.sqlite"))
    assert [_ask(session).text, _ask(session).text] == ["one", "two"]
    notes = [str(event) for event in desk.events if event.kind == "note"]
    assert len(notes) == 1 and "Permission denied" in notes[0] and "make its folder writable" in notes[0]


def test_a_damaged_cache_is_told_of_once(desk: Desk):
    (desk.tmp_path / "chat.sqlite").write_bytes(b"damaged" * 1000)
    session = desk.open("one", "two", cache=ExchangeStore(desk.tmp_path / "chat.sqlite"))
    assert [_ask(session).text, _ask(session).text] == ["one", "two"]
    assert desk.kinds() == ["asking", "reply", "note", "asking", "reply"]
    assert len(session.log.all()) == 2  # type: ignore[union-attr]


def test_ctrl_c_is_not_swallowed_and_keeps_what_is_done(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    session = desk.open("first", Pieces(["word "] * 100, interval_s=0.05))
    _ask(session)
    desk.events.clear()

    def interrupt(event: SessionEvent) -> None:
        if event.kind == "progress":
            raise KeyboardInterrupt

    session.on_event = interrupt
    with pytest.raises(KeyboardInterrupt):
        _ask(session, "another")
    assert [exchange.reply for exchange in session.log.all()] == ["first"]  # type: ignore[union-attr]
