"""Exchanges with chat models in SQLite: the log of a run, and the cache of replies.

One row for one prompt and its reply; rows are only added. Every text is freed of secrets before it is stored. A file
that is damaged, locked for good, of a later version or in a folder that cannot be written is told of once, and work
goes on without it: no exchange is worth losing a run for.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tpugen.writers.exchange import Exchange, exchange_key, prompt_key

__all__ = ["SCHEMA_VERSION", "Exchange", "ExchangeStore", "exchange_key", "prompt_key"]

SCHEMA_VERSION = 1

_T = TypeVar("_T")

_APPLICATION_ID = 0x74707567  # "tpug"
_BUSY_S = 30.0
_BOOLEANS = ("cut_off", "looped", "refused", "cached")
_COLUMNS = {
    "key": "TEXT NOT NULL",
    "prompt_key": "TEXT NOT NULL",
    "model": "TEXT NOT NULL",
    "served_by": "TEXT NOT NULL",
    "endpoint": "TEXT NOT NULL",
    "purpose": "TEXT NOT NULL",
    "messages": "TEXT NOT NULL",
    "temperature": "REAL",
    "seed": "INTEGER",
    "max_reply_tokens": "INTEGER",
    "schema_hash": "TEXT",
    "reply": "TEXT NOT NULL",
    "prompt_tokens": "INTEGER",
    "reply_tokens": "INTEGER",
    "seconds": "REAL NOT NULL",
    "cost_usd": "REAL",
    "tries": "INTEGER NOT NULL",
    "cut_off": "INTEGER NOT NULL",
    "looped": "INTEGER NOT NULL",
    "refused": "INTEGER NOT NULL",
    "cached": "INTEGER NOT NULL",
    "utc": "TEXT NOT NULL",
}
_CREATE = (
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
    f"CREATE TABLE IF NOT EXISTS exchanges (id INTEGER PRIMARY KEY, "
    f"{', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())})",
    "CREATE INDEX IF NOT EXISTS exchanges_by_key ON exchanges (key)",
    "CREATE INDEX IF NOT EXISTS exchanges_by_prompt ON exchanges (prompt_key)",
)
_INSERT = f"INSERT INTO exchanges ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM exchanges"  # noqa: S608
_COMPLETE = "cut_off = 0 AND looped = 0 AND refused = 0 AND trim(reply, ' ' || char(9, 10, 13)) <> ''"


class ExchangeStore:
    """Exchanges in one SQLite file; safe under several threads and processes, each operation on its own connection.

    The file is created by the first `record`. The rollback journal is used and not a write-ahead log, which needs
    memory shared between processes and so fails on network file systems.

    Args:
        path: The file.
        on_note: Told once, in words, when the file cannot be used; afterwards nothing is stored and nothing found.
    """

    def __init__(self, path: Path, on_note: Callable[[str], None] = lambda _words: None) -> None:
        self.path = path
        self.on_note = on_note
        self.note: str | None = None

    @property
    def usable(self) -> bool:
        """Whether nothing went wrong so far."""
        return self.note is None

    def record(self, exchange: Exchange) -> bool:
        """Add an exchange; False (and a note, once) where that cannot be done."""

        def add() -> bool:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._connection("rwc") as connection:
                connection.execute("BEGIN IMMEDIATE")
                _check_version(connection, create=True)
                connection.execute(_INSERT, _row(exchange))
                connection.execute("COMMIT")
            return True

        return self._guarded(add, otherwise=False)

    def lookup(self, key: str) -> Exchange | None:
        """The last complete exchange of that key; cut off, looped, refused and empty replies are never served."""
        found = self._read(f"{_SELECT} WHERE key = ? AND {_COMPLETE} ORDER BY id DESC LIMIT 1", (key,))
        return found[0] if found else None

    def with_prompt(self, key: str) -> list[Exchange]:
        """Exchanges of the same messages, oldest first, whatever the model; `key` is `prompt_key`."""
        return self._read(f"{_SELECT} WHERE prompt_key = ? ORDER BY id", (key,))

    def all(self) -> list[Exchange]:
        """Every exchange, oldest first."""
        return self._read(f"{_SELECT} ORDER BY id", ())

    def _read(self, query: str, values: tuple[object, ...]) -> list[Exchange]:
        def rows() -> list[Exchange]:
            if not self.path.exists():
                return []
            # Not "ro": what a killed writer left half done is rolled back by the next reader that may write.
            with self._connection("rw") as connection:
                if not _check_version(connection, create=False):
                    return []
                return [_exchange(row) for row in connection.execute(query, values)]

        return self._guarded(rows, otherwise=[])

    @contextlib.contextmanager
    def _connection(self, mode: str) -> Iterator[sqlite3.Connection]:
        uri = f"file:{quote(str(self.path.absolute()))}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()  # rolls back what was not committed

    def _guarded(self, action: Callable[[], _T], *, otherwise: _T) -> _T:
        """What `action` gives; any failure of the file becomes one note, and the file is left alone from then on."""
        if not self.usable:
            return otherwise
        try:
            return action()
        except (sqlite3.Error, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
            self.note = (
                f"exchanges with the chat model are neither kept in {self.path} nor taken from it: {reason}"
                f" (remove the file if it is damaged, or make its folder writable)"
            )
            self.on_note(self.note)
            return otherwise


def _check_version(connection: sqlite3.Connection, *, create: bool) -> bool:
    """Whether there is a store; an empty file becomes one if `create`.

    Raises:
        sqlite3.DatabaseError: the file is something else, or of another version.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) == (_APPLICATION_ID, SCHEMA_VERSION):
        return True
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables or application:
        what = f"it is of version {version}" if application == _APPLICATION_ID else "it is no store of exchanges"
        raise sqlite3.DatabaseError(f"{what}, expected version {SCHEMA_VERSION}")
    if create:
        for statement in _CREATE:
            connection.execute(statement)
    return create


def _row(exchange: Exchange) -> list[object]:
    values: dict[str, object] = {name: getattr(exchange, name) for name in _COLUMNS}
    messages = [{"role": message.role, "text": message.text} for message in exchange.messages]
    values["messages"] = json.dumps(messages, ensure_ascii=False)
    return list(values.values())


def _exchange(row: Sequence[Any]) -> Exchange:
    value = dict(zip(_COLUMNS, row, strict=True))
    value["messages"] = json.loads(value["messages"])
    for name in _BOOLEANS:
        value[name] = bool(value[name])
    return Exchange.from_json(value)
