"""Replies recorded earlier as a chat model: `recorded:PATH`, for tests, demos and replays of a run.

PATH is a store of exchanges (`llm/exchanges.sqlite` of a run) or its export as JSON lines. A reply is found by its
prompt, not by its place: the same messages get the reply that was recorded for them; where there are several, the one
of the same seed and temperature, and of equals one after the other.
"""

from __future__ import annotations

import difflib
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from tpugen.errors import ChatModelError, ChatModelNameError, StorageError
from tpugen.storage import write_text_atomic
from tpugen.writers.conversation import Message
from tpugen.writers.exchange import Exchange, prompt_key
from tpugen.writers.exchange_store import ExchangeStore

__all__ = ["RecordedChatModel", "export_jsonl", "read_exchanges"]

_SQLITE_MAGIC = b"SQLite format 3\x00"
_COMPARED_CHARACTERS = 4000
_ROLES = {"system": "system", "human": "human", "ai": "ai"}


class RecordedChatModel(BaseChatModel):
    """Replays recorded replies.

    Attributes:
        path: The file.
        exchanges: What it holds, by key of the prompt, oldest first.
    """

    takes_wishes: ClassVar[bool] = True

    path: Path
    exchanges: Mapping[str, list[Exchange]]
    _served: dict[tuple[object, ...], int] = PrivateAttr(default_factory=lambda: defaultdict(int))
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def load(cls, path_text: str) -> RecordedChatModel:
        """The replies of a file.

        Raises:
            ChatModelNameError: no such file, or none that holds recorded replies.
        """
        path = Path(path_text).expanduser()
        if not path_text.strip() or not path.is_file():
            raise ChatModelNameError(
                f"no file of recorded replies {path_text!r}" if path_text.strip() else "'recorded:' lacks a path",
                hint="give the exchanges.sqlite of a run, or its export as JSON lines: --model recorded:PATH",
            )
        by_prompt: dict[str, list[Exchange]] = defaultdict(list)
        try:
            for exchange in read_exchanges(path):
                by_prompt[exchange.prompt_key].append(exchange)
        except StorageError as error:
            raise ChatModelNameError(error.message, hint=error.hint) from error
        return cls(path=path, exchanges=dict(by_prompt))

    @property
    def _llm_type(self) -> str:
        return "recorded"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        exchange = self._find(messages, kwargs.get("temperature"), kwargs.get("seed"))
        message = AIMessage(
            content=exchange.reply, usage_metadata=_usage(exchange), response_metadata=_metadata(exchange)
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        exchange = self._find(messages, kwargs.get("temperature"), kwargs.get("seed"))
        for line in exchange.reply.splitlines(keepends=True):
            yield ChatGenerationChunk(message=AIMessageChunk(content=line))
        last = AIMessageChunk(content="", usage_metadata=_usage(exchange))
        yield ChatGenerationChunk(message=last, generation_info=_metadata(exchange))

    def _find(self, messages: list[BaseMessage], temperature: float | None, seed: int | None) -> Exchange:
        asked = [Message(_ROLES.get(item.type, "human"), str(item.text)) for item in messages]  # type: ignore[arg-type]
        key = prompt_key(asked)
        candidates = self.exchanges.get(key)
        if not candidates:
            raise ChatModelError(f"{self.path} holds no reply to this prompt", hint=self._nearest(asked))
        same = [exchange for exchange in candidates if exchange.seed == seed and exchange.temperature == temperature]
        chosen = same or candidates
        with self._lock:
            index = self._served[key, temperature, seed]
            self._served[key, temperature, seed] += 1
        return chosen[min(index, len(chosen) - 1)]

    def _nearest(self, asked: list[Message]) -> str:
        """Which recorded prompt comes nearest, and where it differs."""
        recorded = [group[0] for group in self.exchanges.values()]
        if not recorded:
            return "it holds no exchange at all"
        text = _joined(asked)
        matcher = difflib.SequenceMatcher(b=text[:_COMPARED_CHARACTERS], autojunk=False)

        def likeness(exchange: Exchange) -> float:
            matcher.set_seq1(_joined(exchange.messages)[:_COMPARED_CHARACTERS])
            return matcher.quick_ratio()

        best = max(recorded, key=likeness)
        return (
            f"the nearest of {len(recorded)} recorded prompts was {best.purpose!r}; it {_difference(best, asked)} "
            "(record the run again, or ask what was asked then)"
        )


def read_exchanges(path: Path) -> list[Exchange]:
    """Exchanges of a store or of its export, oldest first.

    Raises:
        StorageError: not readable, or neither.
    """
    try:
        with path.open("rb") as file:
            is_store = file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
        if is_store:
            store = ExchangeStore(path)
            exchanges = store.all()
            if store.note is not None:
                raise StorageError(f"recorded replies cannot be read: {store.note}")
            return exchanges
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise StorageError(f"recorded replies {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise StorageError(f"{path} holds no recorded replies: neither SQLite nor JSON lines") from None
    exchanges = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                exchanges.append(Exchange.from_json(json.loads(line)))
            except ValueError as error:
                raise StorageError(f"{path}:{number} holds no recorded reply: {error}") from error
    return exchanges


def export_jsonl(store: ExchangeStore, path: Path) -> int:
    """Write the exchanges of a store as JSON lines, oldest first; gives their number.

    Raises:
        StorageError: the store cannot be read, or the file not be written.
    """
    exchanges = store.all()
    if store.note is not None:
        raise StorageError(store.note)
    lines = (json.dumps(exchange.to_json(), ensure_ascii=False) + "\n" for exchange in exchanges)
    write_text_atomic(path, "".join(lines))
    return len(exchanges)


def _usage(exchange: Exchange) -> Any:
    if exchange.prompt_tokens is None or exchange.reply_tokens is None:
        return None
    return {
        "input_tokens": exchange.prompt_tokens,
        "output_tokens": exchange.reply_tokens,
        "total_tokens": exchange.prompt_tokens + exchange.reply_tokens,
    }


def _metadata(exchange: Exchange) -> dict[str, Any]:
    reason = "length" if exchange.cut_off else "content_filter" if exchange.refused else "stop"
    return {"finish_reason": reason, "model_name": exchange.served_by}


def _joined(messages: list[Message] | tuple[Message, ...]) -> str:
    """The last message first: it is the one that differs."""
    return "\n".join(message.text for message in reversed(messages))


def _difference(recorded: Exchange, asked: list[Message]) -> str:
    if len(recorded.messages) != len(asked):
        return f"had {len(recorded.messages)} messages, not {len(asked)}"
    for number, (then, now) in enumerate(zip(recorded.messages, asked, strict=True), start=1):
        place = next((i for i, (a, b) in enumerate(zip(then.text, now.text, strict=False)) if a != b), None)
        if place is None and len(then.text) != len(now.text):
            place = min(len(then.text), len(now.text))
        if place is not None or then.role != now.role:
            at = place or 0
            before = then.text[max(0, at - 20) : at + 20]
            return f"differs from character {at} of message {number}: {before!r} was recorded"
    return "differs in its secrets alone"
