"""Refuses RTL that would do more than describe hardware, before any tool reads it.

What a chat model wrote is hostile until proved otherwise. Allow lists, not deny lists: of system functions only those
that synthesis evaluates, of compiler directives only those that read no file and define no text. Refused besides:
anything that could hang or flood a tool (zero-delay loops, giant vectors, memories, repetitions and sources), anything
that simulates but is not hardware (`initial`, delays, `force`, events), and references out of the design (`$root`,
`import`, hierarchical names into other instances). The composer's own RTL passes the same gate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tpugen.findings import Finding
from tpugen.flows.verilog_tokens import Token, tokenize

__all__ = ["ALLOWED_DIRECTIVES", "ALLOWED_SYSTEM_NAMES", "LARGEST_SOURCE_BYTES", "LARGEST_VECTOR_BITS", "check_sources"]

ALLOWED_SYSTEM_NAMES = frozenset({"$signed", "$unsigned", "$clog2"})
"""System functions that synthesis evaluates; no system task is hardware."""

ALLOWED_DIRECTIVES = frozenset({"`default_nettype", "`timescale", "`resetall", "`celldefine", "`endcelldefine"})
"""Compiler directives that read no file and define no text. Macros are refused: they hide what is written."""

LARGEST_SOURCE_BYTES = 2 * 2**20
"""Bytes of all files of a design together."""

LARGEST_VECTOR_BITS = 1_000_000
"""Bits of one vector, elements of one memory, copies of one repetition."""

_FORBIDDEN_WORDS = {
    "initial": ("not-hardware", "initial blocks are no hardware here", "initialise registers in the reset branch"),
    "force": ("not-hardware", "force is for test benches", "assign the signal"),
    "release": ("not-hardware", "release is for test benches", "assign the signal"),
    "deassign": ("not-hardware", "procedural deassign is not synthesisable", "use a clocked always block"),
    "wait": ("not-hardware", "wait is not synthesisable and may hang a simulation", "use a clocked always block"),
    "forever": ("endless-loop", "forever never ends", "use a clocked always block"),
    "while": ("endless-loop", "a while loop may never end", "use a for loop with constant bounds"),
    "repeat": ("endless-loop", "repeat loops are refused", "use a for loop with constant bounds"),
    "fork": ("not-hardware", "fork is not synthesisable", "use begin ... end"),
    "event": ("not-hardware", "named events are not synthesisable", "use a clocked always block"),
    "defparam": ("defparam", "defparam changes other modules from afar", "set parameters at the instantiation"),
    "primitive": ("not-hardware", "user-defined primitives are refused", "describe the function with assign"),
    "specify": ("not-hardware", "specify blocks give delays, not hardware", "remove the block"),
    "config": ("outside-design", "a config block picks modules from outside the design", "remove the block"),
    "library": ("outside-design", "a library statement reads files outside the design", "remove it"),
    "include": ("outside-design", "an include statement reads other files", "put the modules into the files"),
    "import": ("outside-design", "import reaches out of the design", "use Verilog-2005 only"),
    "export": ("outside-design", "export reaches out of the design", "use Verilog-2005 only"),
    "bind": ("outside-design", "bind changes other modules", "instantiate the module where it is needed"),
    "program": ("not-hardware", "program blocks are for test benches", "use a module"),
    "final": ("not-hardware", "final blocks are for test benches", "remove the block"),
    "real": ("not-hardware", "real numbers are no hardware", "use a fixed-point vector"),
    "realtime": ("not-hardware", "real numbers are no hardware", "use a fixed-point vector"),
    "time": ("not-hardware", "time variables are no hardware", "use a counter"),
}  # fmt: skip

_CONTROL = {chr(code) for code in range(32)} - set("\t\n\r\f")


def check_sources(files: Sequence[tuple[str, str]]) -> list[Finding]:
    """Everything in the sources that is refused.

    Args:
        files: Name and text of each file.

    Returns:
        One error per place, with rule, file, line and a hint; empty if the sources may be given to tools.
    """
    findings = []
    total = sum(len(text.encode("utf-8", errors="replace")) for _, text in files)
    if total > LARGEST_SOURCE_BYTES:
        findings.append(
            _finding(
                _Place("size", f"the sources hold {total} bytes, more than {LARGEST_SOURCE_BYTES}", 1,
                       "use parameters and generate loops instead of written-out copies"),
                files[0][0],
            )
        )  # fmt: skip
        return findings
    for name, text in files:
        findings += [_finding(place, name) for place in _check_name(name)]
        findings += [_finding(place, name) for place in _check(text)]
    return findings


@dataclass(frozen=True)
class _Place:
    rule: str
    message: str
    line: int
    hint: str


def _finding(place: _Place, name: str) -> Finding:
    return Finding(
        severity="error", gate="sandbox", rule=place.rule, message=place.message, file=name, line=place.line,
        hint=place.hint,
    )  # fmt: skip


def _check_name(name: str) -> Iterator[_Place]:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*\.vh?", name):
        yield _Place(
            "file-name", f"the file name {name!r} is not a plain Verilog file name", 1,
            "use letters, digits and underscores, ending in .v",
        )  # fmt: skip


def _check(text: str) -> Iterator[_Place]:
    yield from _check_characters(text)
    yield from _check_pragmas(text)
    tokens = list(tokenize(text))
    yield from _check_tokens(tokens)
    yield from _check_always(tokens)
    yield from _check_sizes(tokens)
    yield from _check_references(tokens)


_PRAGMA = re.compile(r"(?:/\*|//)[^\n]*?\b(translate_(?:off|on)|(?:synopsys|synthesis|pragma)\s+\w+_off)\b")


def _check_pragmas(text: str) -> Iterator[_Place]:
    """Comments that make synthesis see other code than simulation does."""
    for number, line in enumerate(text.split("\n"), start=1):
        # The plain search first: the pattern alone would take quadratic time on a hostile line.
        match = _PRAGMA.search(line[:2000]) if "_off" in line or "translate_on" in line else None
        if match is not None:
            yield _Place(
                "pragma", f"the pragma {match[1]} hides code from synthesis", number,
                "what is simulated must be what is synthesised: remove it",
            )  # fmt: skip


def _check_characters(text: str) -> Iterator[_Place]:
    for number, line in enumerate(text.split("\n"), start=1):
        odd = next((char for char in line if char in _CONTROL or ord(char) == 0x7F), None)
        if odd is not None:
            yield _Place(
                "control-character", f"the control character U+{ord(odd):04X} is in the source", number,
                "write plain text",
            )  # fmt: skip
        # Right-to-left marks and their kin make a reader see other code than the tools do, in comments too.
        hidden = next((char for char in line if _is_hidden(char)), None)
        if hidden is not None:
            yield _Place(
                "hidden-character", f"the invisible character U+{ord(hidden):04X} is in the source", number,
                "write plain text",
            )  # fmt: skip


def _is_hidden(char: str) -> bool:
    code = ord(char)
    return 0x200B <= code <= 0x200F or 0x202A <= code <= 0x202E or 0x2060 <= code <= 0x2069 or code == 0xFEFF


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


def _check_tokens(tokens: Sequence[Token]) -> Iterator[_Place]:
    closing = _closing_parentheses(tokens)
    for index, token in enumerate(tokens):
        match token.kind:
            case "system" if token.text not in ALLOWED_SYSTEM_NAMES:
                yield _system_place(token)
            case "directive" if token.text not in ALLOWED_DIRECTIVES:
                yield _directive_place(token)
            case "identifier" if token.text in _FORBIDDEN_WORDS:
                rule, message, hint = _FORBIDDEN_WORDS[token.text]
                yield _Place(rule, message, token.line, hint)
            case "escaped":
                yield _Place(
                    "escaped-identifier", f"the escaped identifier {token.text} is refused", token.line,
                    "use a plain name of letters, digits and underscores",
                )  # fmt: skip
            case "unterminated":
                what = "comment" if token.text == "/*" else "string"
                yield _Place("unterminated", f"a {what} is opened here and never closed", token.line, "close it")
            case "character":
                yield _Place(
                    "character", f"the character {token.text!r} has no place in Verilog", token.line, "remove it"
                )
            case "operator" if token.text == "#" and not _is_parameter_list(tokens, index, closing):
                yield _Place(
                    "delay", "a delay (#) is not synthesisable", token.line, "remove it: registers give the timing"
                )
            case "operator" if token.text == "->":
                yield _Place("not-hardware", "an event trigger is not synthesisable", token.line, "remove it")


def _system_place(token: Token) -> _Place:
    allowed = ", ".join(sorted(ALLOWED_SYSTEM_NAMES))
    if token.text in ("$root", "$unit"):
        return _Place(
            "outside-module", f"{token.text} reaches out of the module", token.line, "connect the signal through ports"
        )
    return _Place(
        "system-task", f"the system task or function {token.text} is refused; allowed: {allowed}", token.line,
        "remove it: synthesisable RTL needs no files, no printing and no simulation control",
    )  # fmt: skip


def _directive_place(token: Token) -> _Place:
    if token.text == "`include":
        return _Place("include", "`include is refused: a design consists of its own files", token.line,
                      "put the text into the file, or the module into a file of its own")  # fmt: skip
    allowed = ", ".join(sorted(ALLOWED_DIRECTIVES))
    return _Place(
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


def _check_always(tokens: Sequence[Token]) -> Iterator[_Place]:
    """Every `always` waits for something, and only at its beginning."""
    for index, token in enumerate(tokens):
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.text == "always" and token.kind == "identifier" and following != "@":
            yield _Place(
                "endless-loop", "an always block without @ runs for ever in zero time", token.line,
                "write always @(posedge clk_i) or always @*",
            )  # fmt: skip
        if token.text == "@" and (index == 0 or tokens[index - 1].text != "always"):
            yield _Place(
                "not-hardware", "an event control inside a block is not synthesisable", token.line,
                "put it directly after always",
            )  # fmt: skip


_BIG_NUMBER = re.compile(r"^[0-9_]+$")


def _check_sizes(tokens: Sequence[Token]) -> Iterator[_Place]:
    """Numbers that would make a tool build millions of things: ranges, repetitions, literals, loop bounds."""
    for index, token in enumerate(tokens):
        if token.kind != "number":
            continue
        value = _decimal(token.text)
        size = re.match(r"([0-9][0-9_]*)\s*'", token.text)
        if size is not None and int(size[1].replace("_", "")) > LARGEST_VECTOR_BITS:
            yield _Place(
                "size", f"the literal {_short(token.text)} has more than {LARGEST_VECTOR_BITS} bits", token.line,
                "use a narrower vector",
            )  # fmt: skip
        if value is None or value <= LARGEST_VECTOR_BITS:
            continue
        if _counts_things(tokens, index):
            yield _Place(
                "size", f"{_short(token.text)} is more than {LARGEST_VECTOR_BITS}: a vector, memory, loop or copy of "
                "that size is refused", token.line, "use a smaller size",
            )  # fmt: skip
    yield from _check_powers(tokens)


def _check_powers(tokens: Sequence[Token]) -> Iterator[_Place]:
    for index, token in enumerate(tokens[:-1]):
        if token.text == "**" and (_decimal(tokens[index + 1].text) or 0) > 64:
            yield _Place(
                "size", f"a power with exponent {_short(tokens[index + 1].text)} is refused", token.line,
                "write the constant",
            )  # fmt: skip
        if token.text in ("<<", "<<<") and (_decimal(tokens[index + 1].text) or 0) > 4096:
            yield _Place(
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


def _check_references(tokens: Sequence[Token]) -> Iterator[_Place]:
    """Hierarchical names: `u_other.signal` reads or writes inside another instance."""
    for index in range(1, len(tokens) - 1):
        if tokens[index].text != ".":
            continue
        before, after = tokens[index - 1], tokens[index + 1]
        joined = before.kind in ("identifier", "escaped") or before.text == "]"
        if joined and after.kind in ("identifier", "escaped"):
            yield _Place(
                "hierarchical-name", f"the hierarchical name {before.text}.{after.text} reaches into another instance",
                before.line, "connect the signal through ports",
            )  # fmt: skip
