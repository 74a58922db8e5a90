"""Reading Verilog text without a parser: modules, headers and instances, also in text that no parser would take.

A chat model's reply is prose around code that may be wrong or cut off, so these helpers only need lexical order:
comments and strings are blanked first (positions stay), then keywords are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ModuleSpan", "blank_comments", "instantiated_modules", "module_header_of", "module_spans"]

_COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_MODULE = re.compile(r"(?<![\w$`\\])(?:macro)?module\s+(\\\S+|[A-Za-z_][\w$]*)\s*(?=[#(;])")
_ENDMODULE = re.compile(r"(?<![\w$`\\])endmodule(?![\w$])")


@dataclass(frozen=True)
class ModuleSpan:
    """One module in a text: `text[start:end]`.

    Attributes:
        name: Its name (an escaped identifier keeps its backslash).
        complete: Whether `endmodule` was found.
    """

    name: str
    start: int
    end: int
    complete: bool


def blank_comments(text: str) -> str:
    """`text` with comments and strings replaced by spaces; every position and line stays where it was."""
    return _COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def module_spans(text: str) -> list[ModuleSpan]:
    """The modules in `text`, in order; one that another `module` or the end of the text cuts off is not complete."""
    code = blank_comments(text)
    starts = list(_MODULE.finditer(code))
    spans = []
    for number, match in enumerate(starts):
        limit = starts[number + 1].start() if number + 1 < len(starts) else len(code)
        end = _ENDMODULE.search(code, match.end(), limit)
        spans.append(ModuleSpan(match.group(1), match.start(), end.end() if end else limit, end is not None))
    return spans


def module_header_of(source: str, name: str) -> str:
    """The header of module `name` in `source`, from `module` to the semicolon, verbatim.

    Raises:
        ValueError: no such module, or its header never ends.
    """
    code = blank_comments(source)
    for span in module_spans(source):
        if span.name == name:
            end = code.find(";", span.start, span.end)
            if end >= 0:
                return source[span.start : end + 1]
    raise ValueError(f"no complete header of module {name!r} in {len(source)} characters of source")


def instantiated_modules(source: str, names: Iterable[str]) -> list[str]:
    """Which of `names` the source instantiates: `NAME #(...)` or `NAME u_x (`. In the order of `names`."""
    code = blank_comments(source)
    return [
        name
        for name in names
        if re.search(rf"(?<![\w$.`\\]){re.escape(name)}\s*(?:#\s*\(|\s[A-Za-z_\\][\w$]*\s*(?:\[[^\]]*\]\s*)?\()", code)
        and not re.search(rf"(?<![\w$])module\s+{re.escape(name)}(?![\w$])", code)
    ]
