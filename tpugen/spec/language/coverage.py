"""Accounts for every token: used, harmless, or reported as not understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tpugen.spec.language.chart import Chart, Node
from tpugen.spec.language.lexer import Token
from tpugen.spec.language.negation import scope_of
from tpugen.spec.language.vocabulary import DROPPED, HARMLESS, SATELLITES

__all__ = ["not_understood"]

_HARMLESS_SYMBOLS = frozenset(",.;:!?-/()[]{}'\"`@=+<>*&#~\\\u2022^|")


def not_understood(
    chart: Chart, used: Iterable[tuple[int, int]], unused: Iterable[tuple[int, int]], topics: frozenset[str]
) -> list[str]:
    """The parts of the request that nothing accounts for, as written; neighbours are joined.

    Args:
        chart: The request, read.
        used: Token ranges (both ends included) that statements used.
        unused: Token ranges of statements that came to nothing: reported whole.
        topics: What the request says something about: spec fields, `kind`, `kind:<kind>`.
    """
    tokens = chart.tokens
    spoken_for = {index for first, last in used for index in range(first, last + 1)}
    open_tokens = set(range(len(tokens))) - spoken_for
    for index, token in enumerate(tokens):
        if _harmless(token, chart.lemmas.get(index, token.symbol), topics):
            open_tokens.discard(index)
    for first, last in unused:
        open_tokens.update(index for index in range(first, last + 1) if index not in spoken_for)
    for node in chart.modifiers:
        _settle_modifier(node, tokens, open_tokens, spoken_for)
    return [" ".join(chart.written(first, last).split()) for first, last in _phrases(sorted(open_tokens), tokens)]


def _harmless(token: Token, lemma: str, topics: frozenset[str]) -> bool:
    if token.kind == "symbol":
        return token.symbol in _HARMLESS_SYMBOLS
    if token.kind == "number":
        return False
    if lemma in SATELLITES:
        return any(topic in topics for topic in SATELLITES[lemma]) or (lemma in HARMLESS and not SATELLITES[lemma])
    return lemma in HARMLESS or token.symbol in HARMLESS or token.symbol in DROPPED


def _settle_modifier(node: Node, tokens: Sequence[Token], open_tokens: set[int], spoken_for: set[int]) -> None:
    """A negation that no statement took up is reported with what it denies: "no ReLU", "not exact"."""
    own = range(node.first, node.last + 1)
    if node.symbol != "NEG":
        open_tokens.difference_update(own)
    elif not spoken_for.issuperset(own):
        scope = scope_of(node, tokens)
        open_tokens.update(own if scope is None else range(node.first, scope + 1))


def _phrases(indices: Sequence[int], tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Runs of tokens with nothing but hyphens and slashes between them."""
    phrases: list[tuple[int, int]] = []
    for index in indices:
        if phrases and all(tokens[between].symbol in "-/'" for between in range(phrases[-1][1] + 1, index)):
            phrases[-1] = (phrases[-1][0], index)
        else:
            phrases.append((index, index))
    return phrases
