"""Reads one reply of a chat model, piece by piece where it comes so, and ends it when it has gone on long enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

__all__ = ["EmptyStreamError", "Received", "Watch", "loops", "receive", "stream_reply"]

Ended = Literal["itself", "tokens", "time", "loop", "lost"]

_PROGRESS_INTERVAL_S = 0.5
_LOOP_STEP_CHARACTERS = 256
_LOOP_WINDOW_CHARACTERS = 6000
_LOOP_LEAST_CHARACTERS = 1000
_LOOP_LEAST_TIMES = 4


class EmptyStreamError(Exception):
    """A reply that should have come piece by piece had no piece: the server does not stream, or sent garbage."""


@dataclass
class Received:
    """What came, so far.

    Attributes:
        pieces: Texts in order.
        metadata: Provider's words about the reply, merged.
        usage: Counts of tokens, where given.
        refusal: What the provider reports as a refusal to answer.
        ended: Who ended it: the model itself, which limit, or nobody: the connection was lost before the end.
    """

    pieces: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    refusal: str = ""
    ended: Ended = "itself"

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)

    def add(self, message: BaseMessage) -> None:
        """Take in a message or a piece of one."""
        text = str(message.text)
        if text:
            self.pieces.append(text)
        self.metadata |= {name: value for name, value in message.response_metadata.items() if value is not None}
        self.refusal += message.additional_kwargs.get("refusal") or ""
        usage: Mapping[str, Any] = getattr(message, "usage_metadata", None) or {}
        for name in ("input_tokens", "output_tokens"):
            if usage.get(name) is not None:
                self.usage[name] = self.usage.get(name, 0) + int(usage[name])


@dataclass(frozen=True)
class Watch:
    """When to end a reply, and whom to tell how it goes.

    Attributes:
        deadline: Of the monotonic clock, in seconds; None for no limit.
        max_tokens: Pieces of text, of which each is at least one token; None for no limit.
        on_progress: Told tokens and seconds so far, at most twice a second.
    """

    deadline: float | None = None
    max_tokens: int | None = None
    on_progress: Callable[[int, float], None] | None = None


def receive(model: BaseChatModel, messages: Sequence[tuple[str, str]], options: Mapping[str, Any]) -> Received:
    """A reply that comes at once."""
    received = Received()
    received.add(model.invoke(list(messages), **options))
    return received


def stream_reply(
    model: BaseChatModel, messages: Sequence[tuple[str, str]], options: Mapping[str, Any], watch: Watch
) -> Received:
    """A reply that comes piece by piece; what a limit cuts off is not read.

    Raises:
        EmptyStreamError: nothing came.
        TimeoutError: the deadline passed before any text.
    """
    received = Received()
    started = told = time.monotonic()
    unchecked = 0
    empty = True
    stream = model.stream(list(messages), **options)
    try:
        for piece in stream:
            empty = False
            before = len(received.pieces)
            received.add(piece)
            now = time.monotonic()
            if watch.on_progress is not None and received.pieces and now - told >= _PROGRESS_INTERVAL_S:
                told = now
                watch.on_progress(len(received.pieces), now - started)
            if watch.deadline is not None and now > watch.deadline:
                received.ended = "time"
                break
            if len(received.pieces) == before:
                continue
            if watch.max_tokens is not None and len(received.pieces) > watch.max_tokens:
                received.ended = "tokens"
                break
            unchecked += len(received.pieces[-1])
            if unchecked >= _LOOP_STEP_CHARACTERS:
                unchecked = 0
                if loops(received.text):
                    received.ended = "loop"
                    break
    except ValueError as error:  # LangChain's word for a stream without a piece
        if not empty:
            raise
        raise EmptyStreamError("a stream without any piece of a reply") from error
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()  # ends the request: the server need not write what nobody reads
    if empty:
        raise EmptyStreamError("a stream without any piece of a reply")
    if received.ended == "time" and not received.pieces:
        raise TimeoutError("no text before the deadline")
    return received


def loops(text: str) -> bool:
    """Whether a text ends in the same block over and over: at least 4 times, and 1000 characters of it.

    Every suffix of the text is looked at at once: the failure function of the reversed text gives the smallest period
    of each (Knuth, Morris and Pratt, "Fast pattern matching in strings", SIAM J. Comput. 6 (2), 1977).
    """
    tail = text[: -_LOOP_WINDOW_CHARACTERS - 1 : -1]
    if len(tail) < _LOOP_LEAST_CHARACTERS:
        return False
    borders = [0] * len(tail)
    border = 0
    for index in range(1, len(tail)):
        while border and tail[index] != tail[border]:
            border = borders[border - 1]
        if tail[index] == tail[border]:
            border += 1
        borders[index] = border
        length = index + 1
        if length >= _LOOP_LEAST_CHARACTERS and length >= _LOOP_LEAST_TIMES * (length - border):
            return True
    return False
