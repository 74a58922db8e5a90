"""Refuses RTL that would do more than describe hardware, before any tool reads it.

What a chat model wrote is hostile until proved otherwise. Allow lists, not deny lists: of system functions only those
that synthesis evaluates, of compiler directives only those that read no file and define no text. Refused besides:
anything that could hang or flood a tool (zero-delay loops, giant vectors, memories, repetitions and sources), anything
that simulates but is not hardware (`initial`, delays, `force`, events), and references out of the design (`$root`,
`import`, hierarchical names into other instances). The composer's own RTL passes the same gate; the library's black
boxes, whose text is for simulation, are taken as they are while they are unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tpugen.findings import Finding
from tpugen.flows.sandbox_dialect import ALLOWED_DIRECTIVES, ALLOWED_SYSTEM_NAMES, VERILOG_2005, Dialect
from tpugen.flows.sandbox_elaboration import LARGEST_VECTOR_BITS, check_sizes
from tpugen.flows.sandbox_macros import is_library_macro
from tpugen.flows.sandbox_place import Place
from tpugen.flows.sandbox_structure import check_structure
from tpugen.flows.sandbox_text import check_text
from tpugen.flows.verilog_tokens import Token, tokenize

__all__ = ["ALLOWED_DIRECTIVES", "ALLOWED_SYSTEM_NAMES", "LARGEST_SOURCE_BYTES", "LARGEST_VECTOR_BITS", "check_sources"]

LARGEST_SOURCE_BYTES = 2 * 2**20
"""Bytes of all files of a design together."""

LARGEST_FINDINGS = 200
"""More than these are counted, not listed."""


def check_sources(files: Sequence[tuple[str, str]], dialect: Dialect = VERILOG_2005) -> list[Finding]:
    """Everything in the sources that is refused.

    Args:
        files: Name and text of each file.
        dialect: The language that they are in.

    Returns:
        One error per place, with rule, file, line and a hint; empty if the sources may be given to tools.
    """
    findings = []
    total = sum(len(text.encode("utf-8", errors="replace")) for _, text in files)
    if total > LARGEST_SOURCE_BYTES:
        findings.append(
            _finding(
                Place("size", f"the sources hold {total} bytes, more than {LARGEST_SOURCE_BYTES}", 1,
                       "use parameters and generate loops instead of written-out copies"),
                files[0][0],
            )
        )  # fmt: skip
        return findings
    read: list[tuple[str, list[Token]]] = []
    for name, text in files:
        if is_library_macro(name, text):
            continue
        tokens = list(tokenize(text))
        read.append((name, tokens))
        places = (*_check_name(name, dialect), *check_text(text), *_check(tokens, dialect))
        findings += [_finding(place, name) for place in _ordered(places)]
    if not any(finding.rule in ("nesting", "unterminated") for finding in findings):
        known = {(finding.rule, finding.file, finding.line) for finding in findings}
        for name, place in check_sizes(read):
            if (place.rule, name, place.line) not in known:
                findings.append(_finding(place, name))
    if len(findings) > LARGEST_FINDINGS:
        more = f"and {len(findings) - LARGEST_FINDINGS} more places are refused"
        findings = [
            *findings[:LARGEST_FINDINGS],
            _finding(Place("more", more, 1, "mend those above first"), files[0][0]),
        ]
    return findings


def _ordered(places: Iterable[Place]) -> list[Place]:
    """By line; the first of a rule and message on a line."""
    return sorted(dict.fromkeys(places), key=lambda place: place.line)


def _finding(place: Place, name: str) -> Finding:
    return Finding(
        severity="error", gate="sandbox", rule=place.rule, message=place.message, file=name, line=place.line,
        hint=place.hint,
    )  # fmt: skip


def _check_name(name: str, dialect: Dialect) -> Iterator[Place]:
    stem = re.match(r"[A-Za-z_][A-Za-z0-9_]*", name)
    if stem is None or name[stem.end() :] not in dialect.suffixes:
        yield Place(
            "file-name", f"the file name {name!r} is not a plain {dialect.name} file name", 1,
            f"use letters, digits and underscores, ending in {' or '.join(dialect.suffixes)}",
        )  # fmt: skip


def _check(tokens: Sequence[Token], dialect: Dialect) -> Iterator[Place]:
    yield from _check_tokens(tokens, dialect)
    yield from _check_always(tokens)
    yield from _check_numbers(tokens)
    yield from check_structure(tokens, one_clock=not dialect.structures)
    if not dialect.structures:
        yield from _check_references(tokens)


def _closing_parentheses(tokens: Sequence[Token]) -> dict[int, int]:
    """Index of the closing parenthesis of each opening one."""
    closing: dict[int, int] = {}
    open_ones: list[int] = []
    for index, token in enumerate(tokens):
        if token.text == "(":
            open_ones.append(index)
        elif token.text == ")" and open_ones:
            closing[open_ones.pop()] = index
    return closing


def _check_tokens(tokens: Sequence[Token], dialect: Dialect) -> Iterator[Place]:
    closing = _closing_parentheses(tokens)
    for index, token in enumerate(tokens):
        match token.kind:
            case "system" if token.text not in dialect.system_names:
                yield _system_place(token, dialect)
            case "directive" if token.text not in ALLOWED_DIRECTIVES:
                yield _directive_place(token)
            case "identifier" if token.text in dialect.refused_words:
                rule, message, hint = dialect.refused_words[token.text]
                yield Place(rule, message, token.line, hint)
            case "escaped":
                yield Place(
                    "escaped-identifier", f"the escaped identifier {token.text} is refused", token.line,
                    "use a plain name of letters, digits and underscores",
                )  # fmt: skip
            case "unterminated":
                what = "comment" if token.text == "/*" else "string"
                yield Place("unterminated", f"a {what} is opened here and never closed", token.line, "close it")
            case "number" if re.search(r"[.]|^[0-9_]+[eE]", token.text):
                yield Place("not-hardware", f"the real number {_short(token.text)} is no hardware", token.line,
                            "write a whole number")  # fmt: skip
            case "character" if not (dialect.structures and token.text == "'"):
                yield Place(
                    "character", f"the character {token.text!r} has no place in Verilog", token.line, "remove it"
                )
            case "operator" if token.text == "#" and not _is_parameter_list(tokens, index, closing):
                yield Place(
                    "delay", "a delay (#) is not synthesisable", token.line, "remove it: registers give the timing"
                )
            case "operator" if token.text == "->":
                yield Place("not-hardware", "an event trigger is not synthesisable", token.line, "remove it")


def _system_place(token: Token, dialect: Dialect) -> Place:
    allowed = ", ".join(sorted(dialect.system_names))
    if token.text in ("$root", "$unit"):
        return Place(
            "outside-module", f"{token.text} reaches out of the module", token.line, "connect the signal through ports"
        )
    return Place(
        "system-task", f"the system task or function {token.text} is refused; allowed: {allowed}", token.line,
        "remove it: synthesisable RTL needs no files, no printing and no simulation control",
    )  # fmt: skip


def _directive_place(token: Token) -> Place:
    if token.text == "`include":
        return Place("include", "`include is refused: a design consists of its own files", token.line,
                      "put the text into the file, or the module into a file of its own")  # fmt: skip
    allowed = ", ".join(sorted(ALLOWED_DIRECTIVES))
    return Place(
        "directive", f"the compiler directive or macro {token.text} is refused; allowed: {allowed}", token.line,
        "use parameters, localparams and generate blocks instead of macros",
    )  # fmt: skip


def _is_parameter_list(tokens: Sequence[Token], index: int, closing: Mapping[int, int]) -> bool:
    """Whether `#` opens a parameter list: `module name #(`, or `name #(...) instance (`."""
    if index == 0 or index + 1 not in closing:
        return False
    before = tokens[index - 1]
    if before.kind != "identifier" or before.text in ("assign", "wire", "begin", "else", "always"):
        return False
    if index >= 2 and tokens[index - 2].text in ("module", "macromodule"):
        return True
    after = tokens[closing[index + 1] + 1 : closing[index + 1] + 3]
    return len(after) == 2 and after[0].kind == "identifier" and after[1].text in ("(", "[")


def _check_always(tokens: Sequence[Token]) -> Iterator[Place]:
    """Every `always` waits for something, and only at its beginning."""
    for index, token in enumerate(tokens):
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.text == "always" and token.kind == "identifier" and following != "@":
            yield Place(
                "endless-loop", "an always block without @ runs for ever in zero time", token.line,
                "write always @(posedge clk_i) or always @*",
            )  # fmt: skip
        if token.text == "@" and (index == 0 or tokens[index - 1].text not in ("always", "always_ff")):
            yield Place(
                "not-hardware", "an event control inside a block is not synthesisable", token.line,
                "put it directly after always",
            )  # fmt: skip


_BIG_NUMBER = re.compile(r"^[0-9_]+$")


def _check_numbers(tokens: Sequence[Token]) -> Iterator[Place]:
    """Numbers that would make a tool build millions of things: ranges, repetitions, literals, loop bounds."""
    for index, token in enumerate(tokens):
        if token.kind != "number":
            continue
        value = _decimal(token.text)
        size = re.match(r"([0-9][0-9_]*)\s*'", token.text)
        if size is not None and int(size[1].replace("_", "")) > LARGEST_VECTOR_BITS:
            yield Place(
                "size", f"the literal {_short(token.text)} has more than {LARGEST_VECTOR_BITS} bits", token.line,
                "use a narrower vector",
            )  # fmt: skip
        if value is None or value <= LARGEST_VECTOR_BITS:
            continue
        if _counts_things(tokens, index):
            yield Place(
                "size", f"{_short(token.text)} is more than {LARGEST_VECTOR_BITS}: a vector, memory, loop or copy of "
                "that size is refused", token.line, "use a smaller size",
            )  # fmt: skip
    yield from _check_powers(tokens)


def _check_powers(tokens: Sequence[Token]) -> Iterator[Place]:
    for index, token in enumerate(tokens[:-1]):
        if token.text == "**" and (_decimal(tokens[index + 1].text) or 0) > 64:
            yield Place(
                "size", f"a power with exponent {_short(tokens[index + 1].text)} is refused", token.line,
                "write the constant",
            )  # fmt: skip
        if token.text in ("<<", "<<<") and (_decimal(tokens[index + 1].text) or 0) > 4096:
            yield Place(
                "size", f"a shift by {_short(tokens[index + 1].text)} is refused", token.line, "write the constant"
            )


def _counts_things(tokens: Sequence[Token], index: int) -> bool:
    """Whether a plain number stands where it sizes something: in brackets, before a brace, in a loop or a parameter."""
    if index + 1 < len(tokens) and tokens[index + 1].text == "{":
        return True
    depth = 0
    for position in range(index - 1, max(-1, index - 200), -1):
        text = tokens[position].text
        if text == "]":
            depth += 1
        elif text == "[":
            if depth == 0:
                return True
            depth -= 1
        elif text in (";", "begin", "end"):
            break
    before = [token.text for token in tokens[max(0, index - 40) : index]]
    # A sized literal in a parameter is a bit pattern; a bare number there is a count.
    words = ("for",) if "'" in tokens[index].text else ("for", "parameter", "localparam", "genvar")
    return any(word in before for word in words)


def _decimal(text: str) -> int | None:
    """Value of a number token, where it is a plain one."""
    plain = text.replace("_", "")
    if _BIG_NUMBER.match(plain):
        return int(plain) if len(plain) < 30 else 10**30
    match = re.match(r"^[0-9]*\s*'[sS]?([bBoOdDhH])\s*([0-9a-fA-F]+)$", plain)
    if match is None:
        return None
    base = {"b": 2, "o": 8, "d": 10, "h": 16}[match[1].lower()]
    try:
        return int(match[2][:4000], base)
    except ValueError:
        return None


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:21]}..."


def _check_references(tokens: Sequence[Token]) -> Iterator[Place]:
    """Hierarchical names: `u_other.signal` reads or writes inside another instance."""
    for index in range(1, len(tokens) - 1):
        if tokens[index].text != ".":
            continue
        before, after = tokens[index - 1], tokens[index + 1]
        joined = before.kind in ("identifier", "escaped") or before.text == "]"
        if joined and after.kind in ("identifier", "escaped"):
            yield Place(
                "hierarchical-name", f"the hierarchical name {before.text}.{after.text} reaches into another instance",
                before.line, "connect the signal through ports",
            )  # fmt: skip
