"""Verilog text as HTML: escaped, numbered, coloured; a finding's line with its neighbours."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from tpugen.text import clean

__all__ = ["excerpt", "listing"]

_KEYWORDS = (
    "always assign begin case casez default else end endcase endfunction endgenerate endmodule for function generate "
    "genvar if inout initial input integer localparam module negedge or output parameter posedge reg signed wire"
)
_TOKEN = re.compile(
    # Unclosed comments and strings match to their end, and numbers are bounded: hostile text costs no more than plain.
    r"(?P<c>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<s>\"(?:\\.|[^\"\\\n])*\"?)"
    r"|(?P<n>\b\d{1,9}(?:'s?[bodhBODH][0-9a-fA-FxzXZ_]{1,99})?\b)"
    rf"|(?P<k>\b(?:{'|'.join(_KEYWORDS.split())})\b)",
    re.DOTALL,
)
_CONTEXT_LINES = 3


def _coloured(text: str) -> str:
    """Escaped HTML; a token that spans lines is closed and opened again at each line feed."""
    parts, position = [], 0
    for match in _TOKEN.finditer(text):
        parts.append(str(escape(text[position : match.start()])))
        kind = str(match.lastgroup)
        parts.append("\n".join(f'<span class="{kind}">{escape(piece)}</span>' for piece in match.group().split("\n")))
        position = match.end()
    parts.append(str(escape(text[position:])))
    return "".join(parts)


def _numbered(lines: list[str], first: int, hit: int | None) -> Markup:
    out = []
    for number, content in enumerate(lines, start=first):
        shown = f'<span class="ln">{number}</span>{content}'
        out.append(f'<span class="hit">{shown}</span>' if number == hit else f"{shown}\n")
    return Markup("".join(out))  # noqa: S704 - the lines come escaped from `_coloured`


def _lines(text: str) -> str:
    return clean(text.replace("\r\n", "\n"))


def listing(text: str) -> Markup:
    """The whole text."""
    return _numbered(_coloured(_lines(text).rstrip("\n")).split("\n"), 1, None)


def excerpt(text: str, line: int) -> Markup | None:
    """The lines around `line` (1-based), that line marked; `None` when the text has no such line."""
    lines = _coloured(_lines(text)).split("\n")
    if not 1 <= line <= len(lines):
        return None
    first = max(1, line - _CONTEXT_LINES)
    return _numbered(lines[first - 1 : line + _CONTEXT_LINES], first, line)
