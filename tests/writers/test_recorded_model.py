"""Replies recorded earlier as a chat model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tpugen.errors import ChatModelError, ChatModelNameError, StorageError
from tpugen.writers.conversation import Message, Reply
from tpugen.writers.exchange_store import Exchange, ExchangeStore
from tpugen.writers.providers import chat_model, endpoint_in_words
from tpugen.writers.recorded_model import export_jsonl, read_exchanges
from tpugen.writers.session import ChatSession

RULES = Message("system", "You write Verilog.")


def _record(
    store: ExchangeStore, question: str, answer: str, *, seed: int = 1, temperature: float = 0.2, **more: bool
) -> None:
    reply = Reply(answer, "real-model", 50, 9, 2.5, **more)  # type: ignore[arg-type]
    store.record(
        Exchange.of(
            reply, [RULES, Message("human", question)], model="real-model at host", endpoint="model 'real-model'",
            purpose=f"ask {question}", temperature=temperature, seed=seed,
        )
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ExchangeStore:
    store = ExchangeStore(tmp_path / "exchanges.sqlite")
    _record(store, "an adder", "module adder;\nendmodule\n")
    _record(store, "a multiplier", "module multiplier;\nendmodule\n")
    return store


def _session(path: Path) -> ChatSession:
    return ChatSession(f"recorded:{path}")


def _ask(session: ChatSession, question: str, seed: int = 1, temperature: float = 0.2) -> Reply:
    messages = [RULES, Message("human", question)]
    return session.ask(messages, purpose="p", seed=seed, temperature=temperature)


def test_replies_are_found_by_prompt_and_not_by_order(store: ExchangeStore):
    session = _session(store.path)
    assert session.where == f"recorded replies of {store.path}"
    second, first = _ask(session, "a multiplier"), _ask(session, "an adder")
    assert (first.text, second.text) == ("module adder;\nendmodule\n", "module multiplier;\nendmodule\n")
    assert (first.model, first.prompt_tokens, first.reply_tokens, first.cost_usd) == ("real-model", 50, 9, 0.0)
    assert _ask(session, "an adder").text == first.text


def test_the_same_comes_at_once_and_piece_by_piece(store: ExchangeStore):
    whole = ChatSession(f"recorded:{store.path}", stream=False)
    assert _ask(whole, "an adder").text == _ask(_session(store.path), "an adder").text


def test_seed_and_temperature_tell_samples_apart(store: ExchangeStore):
    _record(store, "an adder", "hot", temperature=0.9)
    _record(store, "an adder", "seed 2", seed=2)
    session = _session(store.path)
    assert _ask(session, "an adder", temperature=0.9).text == "hot"
    assert _ask(session, "an adder", seed=2).text == "seed 2"
    assert _ask(session, "an adder").text == "module adder;\nendmodule\n"
    assert _ask(session, "a multiplier", seed=77).text == "module multiplier;\nendmodule\n"  # the only one there is


def test_equal_requests_get_their_replies_one_after_the_other(store: ExchangeStore):
    _record(store, "an adder", "second")
    session = _session(store.path)
    assert [_ask(session, "an adder").text[:6] for _ in range(4)] == ["module", "second", "second", "second"]


def test_cut_off_and_refused_replies_stay_what_they_were(store: ExchangeStore):
    _record(store, "too much", "module half", cut_off=True)
    _record(store, "something bad", "", refused=True)
    session = _session(store.path)
    assert _ask(session, "too much").cut_off and _ask(session, "something bad").refused


def test_a_prompt_that_was_not_recorded(store: ExchangeStore):
    with pytest.raises(ChatModelError) as caught:
        _ask(_session(store.path), "a multiplexer")
    assert caught.value.message == f"{store.path} holds no reply to this prompt"
    assert caught.value.hint == (
        "the nearest of 2 recorded prompts was 'ask a multiplier'; it differs from character 9 of message 2: "
        "'a multiplier' was recorded (record the run again, or ask what was asked then)"
    )


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([RULES], "it had 2 messages, not 1"),
        ([Message("system", "Be kind."), Message("human", "an adder")], "it differs from character 0 of message 1: "),
        ([RULES, Message("ai", "an adder")], "it differs from character 0 of message 2: "),
        ([RULES, Message("human", "an adder, please")], "it differs from character 8 of message 2: "),
    ],
)
def test_how_a_prompt_differs_is_told(store: ExchangeStore, messages: list[Message], words: str):
    with pytest.raises(ChatModelError) as caught:
        _session(store.path).ask(messages, purpose="p")
    assert words in str(caught.value.hint)


def test_a_recording_is_not_cached(store: ExchangeStore, tmp_path: Path):
    cache = ExchangeStore(tmp_path / "chat.sqlite")
    session = ChatSession(f"recorded:{store.path}", cache=cache)
    assert not _ask(session, "an adder").cached and not _ask(session, "an adder").cached
    assert cache.all() == []


def test_an_empty_recording(tmp_path: Path):
    (tmp_path / "none.jsonl").write_text("\n")
    with pytest.raises(ChatModelError) as caught:
        _ask(_session(tmp_path / "none.jsonl"), "an adder")
    assert caught.value.hint == "it holds no exchange at all"


def test_an_export_replays_like_its_store(store: ExchangeStore, tmp_path: Path):
    _record(store, "ünïcode", "größe \ud800")
    path = tmp_path / "out" / "replies.jsonl"
    assert export_jsonl(store, path) == 3
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["purpose"] for line in lines] == ["ask an adder", "ask a multiplier", "ask ünïcode"]
    assert read_exchanges(path) == read_exchanges(store.path) == store.all()
    assert _ask(_session(path), "ünïcode").text == "größe \\ud800"


def test_a_run_can_be_recorded_from_a_recording(store: ExchangeStore, tmp_path: Path):
    copy = ExchangeStore(tmp_path / "copy.sqlite")
    session = ChatSession(f"recorded:{store.path}", log=copy)
    first = _ask(session, "an adder")
    assert _ask(_session(copy.path), "an adder") == Reply(
        first.text, first.model, 50, 9, pytest.approx(0, abs=5), cost_usd=0.0
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.jsonl", b"hello\n", "{path}:1 holds no recorded reply: "),
        ("list.jsonl", b'\n[1, 2]\n', "{path}:2 holds no recorded reply: no exchange with a chat model: "),
        ("part.jsonl", b'{"reply": "x"}\n', "{path}:1 holds no recorded reply: no exchange with a chat model: "),
        ("binary", b"\xff\xfe\x00", "{path} holds no recorded replies: neither SQLite nor JSON lines"),
        ("db.sqlite", b"SQLite format 3\x00" + b"\xff" * 999, "recorded replies cannot be read: "),
    ],
)  # fmt: skip
def test_files_that_hold_no_replies(tmp_path: Path, name: str, content: bytes, message: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ChatModelNameError) as caught:
        chat_model(f"recorded:{path}")
    assert caught.value.message.startswith(message.format(path=path))


def test_no_file():
    with pytest.raises(ChatModelNameError, match="no file of recorded replies '/no/such/file'"):
        chat_model("recorded:/no/such/file")
    with pytest.raises(ChatModelNameError, match="'recorded:' lacks a path"):
        chat_model("recorded: ")
    assert endpoint_in_words("recorded:x.jsonl") == "recorded replies of x.jsonl"


def test_a_store_that_cannot_be_read_is_not_exported(tmp_path: Path):
    (tmp_path / "bad.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(StorageError, match="neither kept in"):
        export_jsonl(ExchangeStore(tmp_path / "bad.sqlite"), tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
