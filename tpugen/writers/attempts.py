"""What the chat-model writer says while it works and what it comes back with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tpugen.findings import Finding, has_errors
from tpugen.retrieval import Hit
from tpugen.writers.budget import Spending
from tpugen.writers.conversation import Reply
from tpugen.writers.files import RtlFile

__all__ = ["Attempt", "EventKind", "Gate", "LlmOutcome", "WriterEvent"]

Gate = Callable[[list[RtlFile]], list[Finding]]
"""Judges a candidate: findings, of which an error refuses it."""

EventKind = Literal["note", "retrieved", "asking", "reply", "refused", "passed"]


@dataclass(frozen=True)
class WriterEvent:
    """What the writer is doing. `str(event)` is a line for the user.

    Attributes:
        kind: What happens; retries and the growth of a reply are the session's to tell.
        attempt: The attempt (from 1), 0 before the first.
    """

    kind: EventKind
    attempt: int
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Attempt:
    """One exchange with the model and what came of it.

    Attributes:
        number: From 1, over all candidates.
        candidate: From 1.
        repair: 0 for a candidate's first try, then 1, 2, ...
        modules: Names of the modules that the model wrote.
        findings: What the extraction and the gates said.
        gated: Whether there was code for the gates to judge.
        reply: Text, counts and time.
    """

    number: int
    candidate: int
    repair: int
    modules: tuple[str, ...]
    findings: tuple[Finding, ...]
    gated: bool
    reply: Reply

    @property
    def passed(self) -> bool:
        """Whether it was judged and no finding refuses it."""
        return self.gated and not has_errors(list(self.findings))


@dataclass(frozen=True)
class LlmOutcome:
    """What the writer comes back with.

    Attributes:
        files: The last attempt that was judged: passed, or the one that came last.
        retrieved: Names of what was retrieved, best first.
        examples: Names of the similar designs that were shown.
        findings: Findings of the last attempt; where a budget ended the search, an error that says so.
        passed: Whether the gates passed it.
        history: Every attempt, in order.
        hits: What was retrieved, with reasons.
        spending: What the attempts cost.
        stopped: Which limit of the budget ended the search, in words.
    """

    files: tuple[RtlFile, ...]
    retrieved: tuple[str, ...]
    examples: tuple[str, ...]
    findings: tuple[Finding, ...]
    passed: bool
    history: tuple[Attempt, ...]
    hits: tuple[Hit, ...]
    spending: Spending
    stopped: str | None = None

    @property
    def attempts(self) -> int:
        """How many times the model was asked."""
        return len(self.history)
