"""Actions that several modules of rules share: numbers of a match become statements."""

from __future__ import annotations

from tpugen.spec.language.chart import Action

__all__ = ["say", "say_both", "say_pair"]


def say(field: str, group: str = "n") -> Action:
    """The number of a group is the field's value."""
    return lambda found: [found.say(field, found.value(group))]


def say_pair(first: str, second: str) -> Action:
    """The groups `r` and `c` are the values of two fields."""
    return lambda found: [found.say(first, found.value("r")), found.say(second, found.value("c"))]


def say_both(first: str, second: str) -> Action:
    """The group `n` is the value of two fields."""
    return lambda found: [found.say(first, found.value("n")), found.say(second, found.value("n"))]
