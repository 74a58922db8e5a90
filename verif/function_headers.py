"""ANSI function headers in the older form that pyverilog reads.

`function integer f(input integer x);` is Verilog-2005 (IEEE 1364-2005, 10.4.1), but pyverilog knows only
`function integer f; input signed [31:0] x;`. The text is rewritten for the reader; what the tools get stays as it was.
"""

from __future__ import annotations

import re

__all__ = ["classic_function_headers"]

_HEADER = re.compile(r"\bfunction\b(?P<head>(?:[^;()\[\]]|\[[^;\[\]]*\])*)\((?P<arguments>[^;]*)\)\s*;")
_ARGUMENT = re.compile(r"\s*input\b(?P<type>\s*(?:reg\b|integer\b|signed\b|\s|\[[^\]]*\])*)(?P<name>[A-Za-z_]\w*)\s*")


def classic_function_headers(code: str) -> str:
    """`code`, free of comments, with ANSI function headers rewritten; every line keeps its number.

    A header that is not understood stays as it is, for the parser to refuse.
    """
    return _HEADER.sub(_classic, code)


def _classic(match: re.Match[str]) -> str:
    declarations: list[str] = []
    kind = ""
    for text in _split(match["arguments"]):
        argument = _ARGUMENT.fullmatch(text)
        if argument is not None:
            kind, name = argument["type"].replace("integer", "signed [31:0]"), argument["name"]
        elif declarations and re.fullmatch(r"\s*[A-Za-z_]\w*\s*", text):
            name = text.strip()  # `input integer a, b`: the type goes on
        else:
            return match[0]
        declarations.append(f" input {' '.join(kind.split())} {name};")
    lost = match[0].count("\n") - match["head"].count("\n")
    return f"function{match['head'].rstrip(' ')};{''.join(declarations)}" + "\n" * lost


def _split(arguments: str) -> list[str]:
    """At commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(arguments):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append(arguments[start:position])
            start = position + 1
    return [*parts, arguments[start:]]
