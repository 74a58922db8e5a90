"""What the sandbox sees in the order of tokens: nesting, attributes, clocks, names that belong to others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tpugen.flows.sandbox_place import Place
from tpugen.flows.verilog_tokens import Token

__all__ = ["ALLOWED_ATTRIBUTES", "DEEPEST_NESTING", "LARGEST_STATEMENT", "check_structure", "nesting"]

ALLOWED_ATTRIBUTES = frozenset({"keep", "keep_hierarchy", "dont_touch", "ram_style", "use_dsp", "fsm_encoding"})
"""Attributes that say how to build the hardware, and nothing about what it is or where it came from."""

DEEPEST_NESTING = 100
"""Levels of brackets, blocks and conditions."""

LARGEST_STATEMENT = 50_000
"""Tokens in one statement; operators in one expression are a tenth of it."""

LONGEST_NAME = 256
LONGEST_NUMBER = 20_000

_TIME_UNITS = frozenset({"ns", "ps"})
_RESERVED_MODULE = re.compile(r"tpugen_|cocotb|unit_harness$", re.IGNORECASE)
_OPENS = frozenset({"(", "[", "{", "(*", "begin", "case", "casex", "casez", "generate"})
_CLOSES = frozenset({")", "]", "}", "*)", "end", "endcase", "endgenerate"})
_ENDS = frozenset({";", "begin", "end", "endmodule", "endcase"})


def nesting(tokens: Sequence[Token]) -> tuple[int, int]:
    """Deepest nesting of brackets and blocks, and the line where it is reached."""
    depth = deepest = line = 0
    for token in tokens:
        if token.text in _OPENS:
            depth += 1
            if depth > deepest:
                deepest, line = depth, token.line
        elif token.text in _CLOSES:
            depth -= 1
    return deepest, line


def check_structure(tokens: Sequence[Token], *, one_clock: bool) -> Iterator[Place]:
    """Refusals of structure.

    Args:
        tokens: Of one file.
        one_clock: Whether clocks and resets must be input ports.
    """
    deepest, line = nesting(tokens)
    if deepest > DEEPEST_NESTING:
        yield Place(
            "nesting", f"brackets and blocks are nested {deepest} deep, more than {DEEPEST_NESTING}", line,
            "use case, loops, or modules of their own",
        )  # fmt: skip
    yield from _check_lengths(tokens)
    yield from _check_attributes(tokens)
    yield from _check_timescales(tokens)
    yield from _check_names(tokens)
    yield from _check_recursion(tokens)
    if one_clock:
        yield from _check_clocks(tokens)


def _check_lengths(tokens: Sequence[Token]) -> Iterator[Place]:
    start = chain = operators = 0
    for index, token in enumerate(tokens):
        if len(token.text) > LONGEST_NAME and token.kind not in ("number", "string"):
            yield Place(
                "size", f"the name {token.text[:20]}... has {len(token.text)} characters, more than {LONGEST_NAME}",
                token.line, "use a shorter name",
            )  # fmt: skip
        elif len(token.text) > LONGEST_NUMBER:
            yield Place(
                "size", f"a literal has {len(token.text)} characters, more than {LONGEST_NUMBER}", token.line,
                "use a shorter one",
            )  # fmt: skip
        if token.kind == "string" and "\n" in token.text:
            yield Place("unterminated", "a string goes over the end of its line", token.line, "close it")
        if token.text == "else" and index + 1 < len(tokens) and tokens[index + 1].text == "if":
            chain += 1
            if chain == 1000:
                yield Place("nesting", "a chain of 1000 `else if`", token.line, "use case")
        elif token.text in ("always", "endmodule", "endfunction"):
            chain = 0
        if token.text in _ENDS:
            start, operators = index, 0
            continue
        operators += token.kind == "operator" and token.text not in (",", ".", "(", ")")
        if index - start == LARGEST_STATEMENT or operators == LARGEST_STATEMENT // 10:
            yield Place(
                "size", "this statement is too long: tools may run out of stack", token.line, "split it, or use a loop"
            )
            operators += 1


def _check_attributes(tokens: Sequence[Token]) -> Iterator[Place]:
    """Names in `(* ... *)`; `@(*)` is none."""
    inside = False
    for index, token in enumerate(tokens):
        if token.text == "(*":
            inside = index + 1 < len(tokens) and tokens[index + 1].text != ")"
        elif token.text in ("*)", ";"):
            inside = False
        elif inside and tokens[index - 1].text in ("(*", ",") and token.text not in ALLOWED_ATTRIBUTES:
            allowed = ", ".join(sorted(ALLOWED_ATTRIBUTES))
            yield Place(
                "attribute", f"the attribute {token.text[:60]} is refused; allowed: {allowed}", token.line, "remove it"
            )


def _check_timescales(tokens: Sequence[Token]) -> Iterator[Place]:
    for index, token in enumerate(tokens):
        if token.text != "`timescale":
            continue
        units = [other.text for other in tokens[index + 1 : index + 6] if other.kind == "identifier"]
        if len(units) < 2 or not _TIME_UNITS.issuperset(units[:2]):
            yield Place(
                "timescale", "a time unit or precision other than ns and ps is refused", token.line,
                "write `timescale 1ns / 1ps, or nothing",
            )  # fmt: skip


def _check_names(tokens: Sequence[Token]) -> Iterator[Place]:
    """Modules may not take the names of benches and checks."""
    for before, token in pairwise(tokens):
        if before.text == "module" and before.kind == "identifier" and _RESERVED_MODULE.match(token.text):
            yield Place(
                "reserved-name", f"the module name {token.text} belongs to the test bench", token.line, "rename it"
            )


def _check_recursion(tokens: Sequence[Token]) -> Iterator[Place]:
    """Functions and tasks that call themselves, also through others."""
    calls: dict[str, set[str]] = {}
    lines: dict[str, int] = {}
    bodies: list[tuple[str, int, int]] = []
    start = -1
    for index, token in enumerate(tokens):
        if token.text in ("function", "task"):
            start = index
        elif token.text in ("endfunction", "endtask") and start >= 0:
            head = next((i for i in range(start, index) if tokens[i].text in ("(", ";")), index)
            bodies.append((tokens[head - 1].text, head, index))
            lines[tokens[head - 1].text] = token.line
            start = -1
    for name, head, end in bodies:
        called = {
            token.text
            for token, after in pairwise(tokens[head:end])
            if token.text in lines and (token.text != name or after.text == "(")
        }
        calls.setdefault(name, set()).update(called)
    for name in sorted(lines):
        reached, waiting = set[str](), list(calls[name])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += calls[other]
        if name in reached:
            yield Place(
                "recursion", f"the function {name} calls itself", lines[name], "use a for loop with constant bounds"
            )


def _check_clocks(tokens: Sequence[Token]) -> Iterator[Place]:
    """Every `posedge X` and `negedge X` names an input port of its module."""
    inputs: set[str] = set()
    direction = ""
    for index, token in enumerate(tokens):
        text = token.text
        if text == "module" and token.kind == "identifier":
            inputs, direction = set(), ""
        elif text in ("input", "output"):
            direction = text
        elif text in (";", ")"):
            direction = ""
        elif direction == "input" and token.kind == "identifier":
            inputs.add(text)
        if text not in ("posedge", "negedge") or index + 2 >= len(tokens):
            continue
        name, after = tokens[index + 1], tokens[index + 2].text
        if name.text not in inputs or after not in (")", ",", "or"):
            yield Place(
                "derived-clock", f"{text} {name.text[:60]}: only an input port may be a clock or an asynchronous reset",
                token.line, "use the clock port, and an enable inside the block",
            )  # fmt: skip
