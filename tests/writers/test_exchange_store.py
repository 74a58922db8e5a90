"""The store of exchanges: round trip, what the cache may serve, secrets, damage, several writers at once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tpugen.writers.conversation import Message, Reply
from tpugen.writers.exchange_store import SCHEMA_VERSION, Exchange, ExchangeStore, exchange_key, prompt_key

MESSAGES = [Message("system", "rules"), Message("human", "question")]
REPLY = Reply("an answer\n", "served", 10, 3, 1.25, tries=2, cost_usd=0.01)


def _exchange(reply: Reply = REPLY, messages: list[Message] = MESSAGES, seed: int | None = 1) -> Exchange:
    return Exchange.of(
        reply, messages, model="m at host", endpoint="model 'm' at host", purpose="write", temperature=0.2, seed=seed,
        max_reply_tokens=100, schema={"type": "object"},
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ExchangeStore:
    return ExchangeStore(tmp_path / "new folder" / "what? 100%.sqlite")


def test_nothing_is_created_by_looking(store: ExchangeStore):
    assert store.lookup("k") is None and store.all() == []
    assert not store.path.parent.exists() and store.usable


def test_what_is_recorded_is_found_again(store: ExchangeStore):
    first, second = _exchange(), _exchange(replace(REPLY, text="later"))
    assert store.record(first) and store.record(second)
    assert store.all() == [first, second] == store.with_prompt(prompt_key(MESSAGES))
    assert store.lookup(first.key) == second  # the last one
    assert ExchangeStore(store.path).all() == [first, second]
    assert Exchange.from_json(first.to_json()) == first


def test_a_stored_reply_costs_nothing():
    reply = _exchange().to_reply()
    assert (reply.text, reply.model, reply.prompt_tokens, reply.tries) == ("an answer\n", "served", 10, 2)
    assert reply.cached and reply.seconds == 0 and reply.cost_usd == 0
    assert _exchange().to_reply(cached=False) == REPLY


@pytest.mark.parametrize(
    "fault", [{"cut_off": True}, {"looped": True}, {"refused": True}, {"text": ""}, {"text": " \t\r\n"}]
)
def test_only_complete_replies_are_served(store: ExchangeStore, fault: dict[str, object]):
    bad = _exchange(replace(REPLY, **fault))  # type: ignore[arg-type]
    assert not bad.complete
    assert store.record(bad) and store.all() == [bad]
    assert store.lookup(bad.key) is None
    good = _exchange()
    store.record(good)
    store.record(bad)
    assert store.lookup(bad.key) == good


def test_every_part_of_a_request_makes_another_key():
    keys = {
        exchange_key("m", MESSAGES, 0.2, 1, 100, None),
        exchange_key("n", MESSAGES, 0.2, 1, 100, None),
        exchange_key("m", MESSAGES[:1], 0.2, 1, 100, None),
        exchange_key("m", [Message("ai", "rules"), MESSAGES[1]], 0.2, 1, 100, None),
        exchange_key("m", MESSAGES, 0.3, 1, 100, None),
        exchange_key("m", MESSAGES, None, 1, 100, None),
        exchange_key("m", MESSAGES, 0.2, 2, 100, None),
        exchange_key("m", MESSAGES, 0.2, None, 100, None),
        exchange_key("m", MESSAGES, 0.2, 1, 200, None),
        exchange_key("m", MESSAGES, 0.2, 1, 100, {}),
        exchange_key("m", MESSAGES, 0.2, 1, 100, {"type": "object"}),
    }
    assert len(keys) == 11
    assert exchange_key("m", MESSAGES, 0, 1, 100, None) == exchange_key("m", list(MESSAGES), 0.0, 1, 100, None)


def test_secrets_and_odd_characters_do_not_reach_the_file(store: ExchangeStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOME_API_KEY", "hunter2hunter2")
    secret = [Message("human", "the key is hunter2hunter2 \ud800")]
    exchange = Exchange.of(
        replace(REPLY, text="you said hunter2hunter2 \udfff ünï"), secret, model="m?key=hunter2hunter2",
        endpoint="at http://me:hunter2hunter2@host", purpose="for hunter2hunter2",
    )  # fmt: skip
    assert store.record(exchange)
    assert store.all() == [exchange]
    assert exchange.reply == "you said [redacted] \\udfff ünï"
    for path in store.path.parent.iterdir():
        assert b"hunter2" not in path.read_bytes()


@pytest.mark.parametrize("content", [b"no database " * 200, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_told_of_once_and_left_alone(tmp_path: Path, content: bytes):
    path = tmp_path / "exchanges.sqlite"
    path.write_bytes(content)
    notes: list[str] = []
    store = ExchangeStore(path, notes.append)
    assert store.record(_exchange()) is False
    assert store.lookup("k") is None and store.all() == [] and store.record(_exchange()) is False
    assert notes == [store.note] and not store.usable
    assert notes[0].startswith(f"exchanges with the chat model are neither kept in {path} nor taken from it: ")
    assert "remove the file if it is damaged" in notes[0]
    assert path.read_bytes() == content


def test_a_table_damaged_in_the_middle_is_told_of(store: ExchangeStore):
    for number in range(50):
        store.record(_exchange(messages=[Message("human", f"{number} " * 500)]))
    data = bytearray(store.path.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    store.path.write_bytes(data)
    assert store.all() == [] and store.note is not None and "malformed" in store.note


def test_a_foreign_database_is_left_alone(tmp_path: Path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    store = ExchangeStore(path)
    assert store.record(_exchange()) is False
    assert "it is no store of exchanges" in str(store.note)


def test_a_later_version_is_left_alone(store: ExchangeStore):
    store.record(_exchange())
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    later = ExchangeStore(store.path)
    assert later.all() == [] and f"it is of version {SCHEMA_VERSION + 1}, expected version" in str(later.note)


def test_a_row_of_nonsense_is_told_of(store: ExchangeStore):
    store.record(_exchange())
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE exchanges SET messages = '[{]'")
    assert store.all() == [] and not store.usable


def test_an_empty_file_becomes_a_store(tmp_path: Path):
    path = tmp_path / "empty.sqlite"
    path.touch()
    store = ExchangeStore(path)
    assert store.all() == [] and store.record(_exchange()) and len(store.all()) == 1


@pytest.fixture
def _read_only_folder() -> Iterator[Path]:
    """A folder with a store that this user may read but not write; root gives its rights up for the test."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ExchangeStore(folder / "old.sqlite").record(_exchange())
        (folder / "old.sqlite").chmod(0o444)
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


def test_a_read_only_folder(_read_only_folder: Path):
    old = ExchangeStore(_read_only_folder / "old.sqlite")
    assert old.all() != [] and old.usable  # what is there may be used
    assert old.record(_exchange()) is False and "readonly" in str(old.note)
    new = ExchangeStore(_read_only_folder / "new.sqlite")
    assert new.lookup("k") is None and new.usable
    assert new.record(_exchange()) is False and "unable to open" in str(new.note)
    deep = ExchangeStore(_read_only_folder / "a" / "new.sqlite")
    assert deep.record(_exchange()) is False and "Permission denied" in str(deep.note)


_WRITER = """
import sys
from pathlib import Path
from tpugen.writers.conversation import Message, Reply
from tpugen.writers.exchange_store import Exchange, ExchangeStore
store = ExchangeStore(Path(sys.argv[1]), lambda words: sys.exit(words))
for number in range(40):
    text = f"{sys.argv[2]} {number} " * 100
    assert store.record(Exchange.of(Reply(text, "m", 1, 1, 0.0), [Message("human", text)],
                                    model="m", endpoint="e", purpose="p"))
"""


def test_processes_that_write_at_once_lose_nothing(store: ExchangeStore):
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(store.path), str(n)]) for n in range(3)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    found = store.all()
    assert len(found) == 120 and len({exchange.reply for exchange in found}) == 120


def test_threads_that_write_at_once_lose_nothing(store: ExchangeStore):
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda number: store.record(_exchange(seed=number)), range(40)))
    assert sorted(exchange.seed or 0 for exchange in store.all()) == list(range(40))


_KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # pages reach the file before the end of the transaction
connection.execute("BEGIN IMMEDIATE")
for number in range(50):
    connection.execute("UPDATE exchanges SET reply = reply || hex(randomblob(2000))")
os._exit(9)
"""


def test_what_a_killed_writer_left_half_done_is_undone(store: ExchangeStore):
    exchanges = [_exchange(messages=[Message("human", f"{number} " * 3000)]) for number in range(5)]
    for exchange in exchanges:
        store.record(exchange)
    assert subprocess.run([sys.executable, "-c", _KILLED, str(store.path)], check=False).returncode == 9
    assert store.path.with_name(f"{store.path.name}-journal").stat().st_size > 0
    assert store.all() == exchanges
    assert store.record(_exchange()) and len(store.all()) == 6
