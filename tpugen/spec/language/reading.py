"""Tokens to the first row of nodes: number words, lemmas, misspelt words, dropped words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tpugen.spec.language.chart import Node
from tpugen.spec.language.lexer import Token
from tpugen.spec.language.vocabulary import DROPPED, LEMMAS, NUMBER_WORDS, protected_words, technical_words

__all__ = ["Reading", "read_nodes"]

_DOZEN = 12
_SILENT_SYMBOLS = frozenset("\"'`()[]{}\u2022#!?")


@dataclass(frozen=True)
class Reading:
    """The first row of nodes.

    Attributes:
        nodes: In order, without quotes, brackets and articles.
        corrections: For tokens that were misspelt, the word they were read as.
        lemmas: The lemma of every word, by token index.
    """

    nodes: list[Node]
    corrections: Mapping[int, str]
    lemmas: Mapping[int, str]


def read_nodes(tokens: Sequence[Token], known_words: frozenset[str]) -> Reading:
    """The nodes of a tokenized request; `known_words` are right as they are."""
    nodes: list[Node] = []
    corrections: dict[int, str] = {}
    lemmas: dict[int, str] = {}
    index = 0
    pending_line = False
    while index < len(tokens):
        token = tokens[index]
        pending_line |= token.new_line
        symbol, value, last = token.symbol, token.value, index
        if token.kind == "word":
            correction = _correction(token, known_words)
            if correction is not None:
                corrections[index] = correction
                symbol = correction
            counted = _number_words(tokens, index, symbol)
            if counted is not None:
                value, last = counted
                symbol = str(value)
            else:
                symbol = _lemma(tokens, index, symbol)
                lemmas[index] = symbol
        elif _silent(tokens, index):
            index += 1
            continue
        if token.symbol in DROPPED and not _glued(tokens, index + 1) and not _operand_name(tokens, index):
            index += 1
            continue
        nodes.append(Node(symbol, value, index, last, _glued(tokens, index), pending_line))
        pending_line = False
        index = last + 1
    return Reading(nodes, corrections, lemmas)


def _glued(tokens: Sequence[Token], index: int) -> bool:
    """Whether a letter-to-digit border without a space stands before a token."""
    if not 0 < index < len(tokens) or not tokens[index].glued:
        return False
    return {tokens[index - 1].kind, tokens[index].kind} == {"word", "number"}


def _operand_name(tokens: Sequence[Token], index: int) -> bool:
    """The `a` of `operand a` or `a = 8` is a name, not an article."""
    before = tokens[index - 1].symbol if index else ""
    after = tokens[index + 1].symbol if index + 1 < len(tokens) else ""
    return tokens[index].symbol == "a" and (before in ("operand", "input", "port") or after in ("=", ":"))


def _silent(tokens: Sequence[Token], index: int) -> bool:
    """Quotes, brackets, bullets, and dashes that begin a line."""
    token = tokens[index]
    if token.symbol == "*":
        between_glued = token.glued and index + 1 < len(tokens) and tokens[index + 1].glued
        between_numbers = 0 < index < len(tokens) - 1 and tokens[index - 1].kind == "number" == tokens[index + 1].kind
        return not (between_glued or between_numbers)
    if token.symbol == "-":
        return token.new_line or index == len(tokens) - 1 or (index > 0 and tokens[index - 1].symbol == "-")
    return token.symbol in _SILENT_SYMBOLS


def _lemma(tokens: Sequence[Token], index: int, symbol: str) -> str:
    if symbol == "b" and _glued(tokens, index):
        return "bit"
    possessive = symbol.removesuffix("'s")
    if possessive != symbol and possessive in LEMMAS:
        symbol = possessive
    if symbol == "is" and _dataflow_is(tokens, index):
        return "IS"
    return LEMMAS.get(symbol, symbol)


def _dataflow_is(tokens: Sequence[Token], index: int) -> bool:
    """`IS` among small letters is the abbreviation, and where most words are in capitals the verb.

    But not right before what has a dataflow (`NEED IS ARRAY`): after the verb, an article would stand there.
    """
    if tokens[index].text != "IS":
        return False
    if index + 1 < len(tokens) and tokens[index + 1].symbol in ("systolic", "array", "dataflow"):
        return True
    others = [token.text for place, token in enumerate(tokens) if len(token.text) > 2 and place != index]
    words = [text for text in others if text.isalpha()]
    return sum(not text.isupper() for text in words) * 2 > len(words)


def _correction(token: Token, known_words: frozenset[str]) -> str | None:
    """The technical word that a misspelt one means: one slip in up to 7 letters, two in longer words."""
    word = token.symbol
    if len(word) < 4 or not word.isascii() or not word.isalpha() or word in protected_words() or word in known_words:
        return None
    if token.text.isupper() and len(word) < 8:  # an acronym
        return None
    from rapidfuzz.distance import OSA

    slips = 1 if len(word) < 8 else 2
    best: tuple[int, str] | None = None
    for candidate in technical_words():
        if candidate[0] != word[0] or abs(len(candidate) - len(word)) > slips:
            continue
        if len(word) == 4 and (len(candidate) != 5 or candidate[-1] != word[-1]):
            continue
        distance = OSA.distance(word, candidate, score_cutoff=slips)
        if distance <= slips and (best is None or (distance, candidate) < best):
            best = (distance, candidate)
    return None if best is None else best[1]


def _number_words(tokens: Sequence[Token], index: int, symbol: str) -> tuple[int, int] | None:
    """Value and last token of a number in words: `sixteen`, `sixty-four`, `two hundred and fifty six`."""
    if symbol == "one" and _pronoun(tokens, index):
        return None
    words: list[int] = []
    last = index
    place = index
    while place < len(tokens):
        word = symbol if place == index else tokens[place].symbol
        if word in NUMBER_WORDS and _may_follow(words, NUMBER_WORDS[word]):
            words.append(NUMBER_WORDS[word])
            last = place
        elif not (words and word in ("-", "and") and _continues(tokens, place, words)):
            break
        place += 1
    if place < len(tokens) and tokens[place].symbol == "dozen":  # "two dozen", "a dozen"
        return (_total(words) if words else 1) * _DOZEN, place
    return (_total(words), last) if words else None


def _pronoun(tokens: Sequence[Token], index: int) -> bool:
    """Whether the "one" of "the SETA one", "not a ripple-carry one" stands for a noun."""
    before = [token.symbol for token in tokens[max(0, index - 4) : index]]
    named = index > 0 and tokens[index - 1].kind == "word" and tokens[index - 1].symbol not in NUMBER_WORDS
    following = tokens[index + 1].symbol if index + 1 < len(tokens) else ""
    counts = following in LEMMAS or following in NUMBER_WORDS or following == "-"
    return named and not counts and bool({"the", "a", "an", "that"} & {*before[:-1]})


def _continues(tokens: Sequence[Token], place: int, words: Sequence[int]) -> bool:
    following = tokens[place + 1].symbol if place + 1 < len(tokens) else ""
    if tokens[place].symbol == "and" and words[-1] < 100:
        return False
    return following in NUMBER_WORDS and _may_follow(words, NUMBER_WORDS[following])


def _may_follow(words: Sequence[int], value: int) -> bool:
    if not words:
        return True
    before = words[-1]
    if value >= 100:
        return 0 < before < value
    if before >= 100:
        return value > 0
    return 20 <= before < 100 and 0 < value < 10


def _total(words: Sequence[int]) -> int:
    total = current = 0
    for word in words:
        if word == 100:
            current = max(1, current) * 100
        elif word == 1000:
            total, current = total + max(1, current) * 1000, 0
        else:
            current += word
    return total + current
