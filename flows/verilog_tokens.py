"""A tokenizer for Verilog that cannot be fooled by comments, strings or escaped identifiers: what the sandbox reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["Token", "TokenKind", "tokenize"]

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
