"""A tokenizer for Verilog that cannot be fooled by comments, strings or escaped identifiers: what the sandbox reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["CLOSING", "OPENING", "Token", "TokenKind", "closing", "comments", "split", "tokenize"]

OPENING, CLOSING = ("(", "[", "{", "(*"), (")", "]", "}", "*)")
"""Brackets, of attributes too."""

TokenKind = Literal[
    "identifier", "escaped", "system", "directive", "number", "string", "operator", "unterminated", "character"
]


@dataclass(frozen=True)
class Token:
    """One token: its kind, its text, and its 1-based line."""

    kind: TokenKind
    text: str
    line: int


_PATTERN = re.compile(
    r"""(?P<space>[ \t\r\n\f]+)
      | (?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<open_comment>/\*)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<open_string>")
      | (?P<escaped>\\[!-~]+)
      | (?P<system>\$[A-Za-z0-9_$]+)
      | (?P<directive>`[A-Za-z_][A-Za-z0-9_$]*|`)
      | (?P<number>(?:[0-9][0-9_]*[ \t\n]*)?'[sS]?[bBoOdDhH][ \t\n]*[0-9a-fA-FxXzZ?_]+
                  |[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?)
      | (?P<identifier>[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<operator><<<|>>>|===|!==|&&|\|\||\*\*|[=!<>]=|<<|>>|\+:|-:|->|~&|~\||~\^|\^~|\(\*|\*\)
                  |[-+*/%<>=!&|^~?:;,.#@(){}\[\]])
      | (?P<character>.)""",
    re.VERBOSE | re.DOTALL,
)  # fmt: skip


def tokenize(text: str) -> Iterator[Token]:
    """Tokens of Verilog text, without space and comments.

    An unclosed comment or string is a token of kind `unterminated`, and a character that Verilog has no use for one of
    kind `character`: the caller decides.
    """
    line = 1
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup
        piece = match[0]
        if kind in ("open_comment", "open_string"):
            yield Token("unterminated", piece, line)
        elif kind not in ("space", "comment"):
            yield Token(kind, piece, line)  # type: ignore[arg-type]
        line += piece.count("\n")


def comments(text: str) -> Iterator[tuple[str, int]]:
    """Comments of Verilog text with their first lines; what looks like one in a string is none."""
    line = 1
    for match in _PATTERN.finditer(text):
        if match.lastgroup == "comment":
            yield match[0], line
        line += match[0].count("\n")


def closing(tokens: Sequence[Token], index: int) -> int:
    """Index of what closes the bracket at `index`; the end where nothing does."""
    depth = 0
    for position in range(index, len(tokens)):
        text = tokens[position].text
        if text in OPENING:
            depth += 1
        elif text in CLOSING:
            depth -= 1
            if depth <= 0:
                return position
    return len(tokens)


def split(tokens: Sequence[Token], separator: str) -> list[Sequence[Token]]:
    """Pieces between separators outside of brackets; of no token, none."""
    pieces: list[Sequence[Token]] = []
    depth = start = 0
    for index, token in enumerate(tokens):
        depth += (token.text in OPENING) - (token.text in CLOSING)
        if depth == 0 and token.text == separator:
            pieces.append(tokens[start:index])
            start = index + 1
    return [*pieces, tokens[start:]] if tokens else []
