"""Which statements the request denies, and what follows: never the opposite of what was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tpugen.spec.language.chart import Node, Statement
from tpugen.spec.language.lexer import Token
from tpugen.spec.language.vocabulary import DROPPED, HARMLESS

__all__ = ["mark_negated", "scope_of"]

_PUNCTUATION = frozenset(",;.:!?")


def scope_of(negation: Node, tokens: Sequence[Token]) -> int | None:
    """The first token that a negation denies: the next one that is more than a filler, within the clause."""
    for index in range(negation.last + 1, min(len(tokens), negation.last + 6)):
        symbol = tokens[index].symbol
        if symbol in _PUNCTUATION:
            return None
        if tokens[index].kind == "symbol" or symbol in DROPPED:
            continue
        if symbol in HARMLESS and symbol not in ("array", "is"):
            continue
        return index
    return None


def mark_negated(
    statements: Sequence[Statement], modifiers: Sequence[Node], tokens: Sequence[Token]
) -> list[Statement]:
    """The statements, those that a negation denies marked so; "not signed" becomes "unsigned"."""
    scopes = {scope_of(node, tokens): node for node in modifiers if node.symbol == "NEG"}
    scopes.pop(None, None)
    marked = [_marked(statement, scopes) for statement in statements]
    # "not Booth" excludes a structure, and leaves the exact family that has it.
    structures = {(item.field, item.first, item.last) for item in marked if item.negated}
    families = [(f"{item.field}.structure", item.first, item.last) for item in marked]
    return [item for item, place in zip(marked, families, strict=True) if not item.negated or place not in structures]


def _marked(statement: Statement, scopes: dict[int | None, Node]) -> Statement:
    for scope, negation in scopes.items():
        if scope is None or not statement.first <= scope <= statement.last:
            continue
        first = min(statement.first, negation.first)
        if statement.field == "signed":
            return replace(statement, first=first, value=not statement.value)
        if statement.field == "signed_by_type":
            return statement
        return replace(statement, first=first, negated=True)
    return statement
