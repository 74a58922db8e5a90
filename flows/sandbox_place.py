"""Where and why a source is refused, before it becomes a finding."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Place"]


@dataclass(frozen=True)
class Place:
    """One refusal.

    Attributes:
        rule: Short stable identifier.
        message: What was found.
        line: 1-based line.
        hint: What would mend it.
    """

    rule: str
    message: str
    line: int
    hint: str
