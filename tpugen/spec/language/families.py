"""What statements say about families of units: their parameters, and words for a whole class of families."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS, Family
from tpugen.spec.language.chart import Statement
from tpugen.spec.language.lexer import Token

__all__ = ["family_of", "general_beside_special", "parameter_of"]

_CLASSES = frozenset(("log", "logarithmic"))
_LOG_FAMILIES = frozenset(("mitchell", "alm_loa", "alm_soa", "alm_maa3", "ilm", "dr_alm"))


def family_of(role: str, name: str) -> Family:
    """The family of a name."""
    return (ADDERS if role == "adder" else MULTIPLIERS)[name]


_APPROXIMATE_WORDS = frozenset(
    ("approximate", "inexact", "imprecise", "truncated", "or", "ored", "lower", "lsb", "lsbs")
)
_ACCURATE_WORDS = frozenset(("accurate", "exact", "precise", "most"))


def parameter_of(family: Statement, statement: Statement) -> tuple[str | None, Any]:
    """Name and value of the family's parameter that a statement sets, None where it has no such parameter."""
    parameters = family_of(family.field, family.value).parameters
    if statement.field == "parameter":
        name, value = statement.value
        return (name if any(parameter.name == name for parameter in parameters) else None), value
    value, words = statement.value
    if not parameters:
        return None, value
    keeps = any(word in parameters[0].meaning for word in ("accurate", "segment", "kept", "after the leading"))
    opposite = _APPROXIMATE_WORDS - {"lower"} if keeps else _ACCURATE_WORDS
    return (None if words & opposite else parameters[0].name), value


def general_beside_special(named: Sequence[Statement], tokens: Sequence[Token]) -> list[Statement]:
    """Statements that name a class ("approximate log multiplier") beside one that names a family of it ("ALM-SOA")."""
    general = [item for item in named if item.value == "mitchell" and _is_class(item, tokens)]
    special = [item for item in named if item not in general and item.value in _LOG_FAMILIES]
    return general if special else []


def _is_class(statement: Statement, tokens: Sequence[Token]) -> bool:
    words = {tokens[index].symbol for index in range(statement.first, statement.last + 1)}
    return bool(words & _CLASSES) and not words & {"mitchell", "mitchell's"}
