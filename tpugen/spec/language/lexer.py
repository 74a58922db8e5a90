"""Text to tokens that keep their place in the text.

Letters and digits are always apart: `INT8` is `int` and `8`, `8x8` is `8`, `x`, `8`; each token knows whether it was
glued to the one before, so that `a8` (activations of 8 bits) and `a 8` stay different.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from tpugen.errors import LanguageError

__all__ = ["TEXT_MAX_CHARACTERS", "Token", "quote", "tokenize"]

TEXT_MAX_CHARACTERS = 20_000
"""Longest request that is read."""

_NUMBER_MAX_DIGITS = 30

_REPLACEMENTS = {
    "×": "x", "✕": "x", "✖": "x", "⨯": "x", "·": "*", "∗": "*",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "−": "-", "—": ",", "―": ",",
    "‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "«": '"', "»": '"',
    "→": ">", "⇒": ">", "•": "\u2022", "≈": "~", "∼": "~", "＝": "=", "…": ".",
}  # fmt: skip

_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?![\d,])|\d+(?:\^|\*\*)\d{1,2}(?!\d)|\d+(?:\.\d+)?(?:e[+-]?\d{1,2}(?![a-z\d]))?|\.\d+)"
    r"|(?P<word>(?<=\d)x(?=(?:u?int|[sui])\d)|(?<=\d)b(?=x\d)|[^\W\d_]+(?:'[^\W\d_]+)?)"
    r"|(?P<symbol>[^\s])"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or symbol.

    Attributes:
        text: As written.
        symbol: Lower case, normalised: what rules see.
        kind: `word`, `number` or `symbol`.
        value: The number's value.
        start: First character in the text, counted from 0.
        end: One past the last character.
        glued: No space stands before it.
        new_line: It is the first on its line.
    """

    text: str
    symbol: str
    kind: Literal["word", "number", "symbol"]
    value: int | float | None
    start: int
    end: int
    glued: bool
    new_line: bool


def tokenize(text: str) -> list[Token]:
    """The tokens of a text, in order.

    Raises:
        LanguageError: the text is longer than `TEXT_MAX_CHARACTERS`.
    """
    if len(text) > TEXT_MAX_CHARACTERS:
        raise LanguageError(
            f"the request has {len(text)} characters; at most {TEXT_MAX_CHARACTERS} are read",
            hint="say in one or a few sentences what to build",
        )
    plain, places = _normalise(text)
    tokens: list[Token] = []
    previous_end = 0
    for match in _TOKEN.finditer(plain):
        before = plain[previous_end : match.start()]
        new_line = not tokens or "\n" in before
        tokens.append(_token(text, match, places, new_line=new_line, glued=bool(tokens) and not before))
        previous_end = match.end()
    return _with_negative_numbers(_with_bullets(tokens))


def quote(text: str, start: int, end: int) -> str:
    """A place in the text for messages: `"8x8" (characters 3-5)`, counted from 1."""
    part = " ".join(text[start:end].split())
    if len(part) > 80:
        part = part[:77] + "..."
    place = f"character {start + 1}" if end - start == 1 else f"characters {start + 1}-{end}"
    return f'"{part}" ({place})'


def _normalise(text: str) -> tuple[str, list[int]]:
    """The text in plain characters, and for each of them its place in the original (one more for the end)."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for plain in _plain(character):
            characters.append(plain)
            places.append(place)
    places.append(len(text))
    return "".join(characters), places


def _plain(character: str) -> str:
    if character in "\n\r\v\f\x85\u2028\u2029":
        return "\n"
    if character in _REPLACEMENTS:
        return _REPLACEMENTS[character]
    if character.isascii():
        return " " if ord(character) < 32 or ord(character) == 127 else character.lower()
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in ("Cf", "Mn"):  # zero-width marks: part of nothing
        return ""
    if category.startswith(("Z", "C")):
        return " "
    if category == "No":  # a superscript two must not become a digit of the number before it
        return character
    folded = unicodedata.normalize("NFKC", character).lower()
    return folded if folded.isprintable() and not any(map(str.isspace, folded)) else " "


def _token(text: str, match: re.Match[str], places: list[int], *, new_line: bool, glued: bool) -> Token:
    start, end = places[match.start()], places[match.end() - 1] + 1
    symbol = match.group()
    kind: Literal["word", "number", "symbol"] = "symbol"
    value: int | float | None = None
    if match["number"] is not None and len(symbol) <= _NUMBER_MAX_DIGITS:
        kind = "number"
        value = _number(symbol)
        symbol = str(value) if isinstance(value, int) else format(value, "f")
    elif match["number"] is not None:
        symbol, kind = "toolong", "word"
    elif match["word"] is not None:
        kind = "word"
    elif symbol in "_|":  # both have a meaning in patterns
        symbol = "-" if symbol == "_" else ":"
    return Token(text[start:end], symbol, kind, value, start, end, glued, new_line)


def _number(symbol: str) -> int | float:
    plain = symbol.replace(",", "")
    if plain.isdecimal():
        return int(plain)
    base, power, exponent = plain.replace("**", "^").partition("^")
    if power:
        return int(base) ** int(exponent) if len(base) <= 3 else float("1e300")
    value = float(plain)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _with_bullets(tokens: list[Token]) -> list[Token]:
    """The numbers of a numbered list are bullets."""
    if sum(token.new_line for token in tokens) < 2:
        return tokens
    result = list(tokens)
    for index, (token, after) in enumerate(pairwise(tokens)):
        if token.new_line and token.kind == "number" and after.glued and after.text in (".", ")"):
            result[index] = replace(token, symbol="\u2022", kind="symbol", value=None)
    return result


def _with_negative_numbers(tokens: list[Token]) -> list[Token]:
    """`rows = -4` holds a negative number; the dash of `8-bit`, `DRUM-6` or a bullet is none."""
    result: list[Token] = []
    for token in tokens:
        dash = result[-1] if result else None
        if (
            token.kind == "number" and token.glued and token.value is not None
            and dash is not None and dash.symbol == "-" and not dash.new_line
            and (not dash.glued or (len(result) > 1 and result[-2].symbol in ("=", ":", "(")))
        ):  # fmt: skip
            result[-1] = Token(
                dash.text + token.text, f"-{token.symbol}", "number", -token.value, dash.start, token.end, False, False
            )
        else:
            result.append(token)
    return result
