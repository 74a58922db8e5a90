"""What a chat session says while it asks: lines for the user, with numbers for whoever draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tpugen.writers.conversation import Reply

__all__ = ["SessionEvent", "reply_line"]


@dataclass(frozen=True)
class SessionEvent:
    """What happens while a chat model is asked. `str(event)` is a line for the user.

    Attributes:
        kind: `asking`, `progress` (at most twice a second), `retry`, `reply`, `cached` or `note`.
        purpose: What was asked for.
        message: The line, free of secrets.
        tokens: Of the reply so far; None where nothing is known.
        seconds: Since the request began.
    """

    kind: Literal["asking", "progress", "retry", "reply", "cached", "note"]
    purpose: str
    message: str
    tokens: int | None = None
    seconds: float = 0.0

    @property
    def tokens_per_s(self) -> float | None:
        """Speed of the reply so far, the wait for its beginning included."""
        return None if self.tokens is None or self.seconds <= 0 else self.tokens / self.seconds

    def __str__(self) -> str:
        return self.message


def reply_line(purpose: str, reply: Reply) -> str:
    """What came of a request, in a line: counts, time, and what is wrong with the reply."""
    count = "" if reply.reply_tokens is None else f"{reply.reply_tokens} tokens in "
    marks = [
        words
        for words, holds in (
            ("cut off", reply.cut_off),
            ("repeats itself", reply.looped),
            ("the model declined", reply.refused),
            ("empty", not reply.text.strip()),
        )
        if holds
    ]
    return f"{purpose}: {count}{reply.seconds:.1f} s" + (f" ({', '.join(marks)})" if marks else "")
