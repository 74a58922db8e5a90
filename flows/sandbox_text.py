"""What the sandbox sees in plain text: characters that hide, comments that give orders to tools, lines without end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from tpugen.flows.sandbox_place import Place
from tpugen.flows.verilog_tokens import comments

__all__ = ["LARGEST_LINES", "LONGEST_LINE", "check_text"]

LONGEST_LINE = 20_000
"""Characters in one line."""

LARGEST_LINES = 200_000
"""Lines in one file."""

_HIDDEN_CATEGORIES = frozenset({"Cf", "Zl", "Zp", "Co", "Cs", "Cn"})
_TRANSLATE = r"(?:translate|synthesis|script|coverage|lint)_(?:off|on|begin|end)"
_ORDERS = re.compile(
    rf"""^\W*(?:
        (?:verilator|synopsys|yosys|ambit|exemplar|cadence|altera|xilinx|spyglass)\s+\w
      | (?:synthesis|pragma|icarus|vcs)\s+(?:{_TRANSLATE}|\w+_(?:off|on|case)|attribute|protect\w*|black_?box|keep)\b
      | {_TRANSLATE}\b)""",
    re.VERBOSE,
)


def check_text(text: str) -> Iterator[Place]:
    """Refusals of characters, lines and comments."""
    yield from _check_lines(text)
    for comment, line in comments(text):
        # The beginning is what tools look at; more of it would only cost time.
        match = _ORDERS.match(comment[:200])
        if match is not None or "translate_o" in comment:
            words = " ".join(comment.strip("/* \t\r\n").split()[:2])[:60]
            yield Place(
                "pragma", f"the comment {words!r} is an order to a tool", line,
                "what is simulated must be what is linted and synthesised: remove it",
            )  # fmt: skip


def _check_lines(text: str) -> Iterator[Place]:
    lines = text.split("\n")
    if len(lines) > LARGEST_LINES:
        yield Place("size", f"the file has {len(lines)} lines, more than {LARGEST_LINES}", 1, "write less")
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            yield Place(
                "size", f"this line has {len(line)} characters, more than {LONGEST_LINE}", number, "break the line"
            )
        plain = line.removesuffix("\r")
        if plain.isascii() and plain.isprintable():
            continue
        odd = next((char for char in plain if unicodedata.category(char) == "Cc" and char not in "\t\f"), None)
        if odd is not None:
            # A carriage return inside a line ends a comment for some tools and not for others.
            yield Place(
                "control-character", f"the control character U+{ord(odd):04X} is in the source", number,
                "write plain text",
            )  # fmt: skip
        # Right-to-left marks and their kin make a reader see other code than the tools do, in comments too.
        hidden = next((char for char in plain if unicodedata.category(char) in _HIDDEN_CATEGORIES), None)
        if hidden is not None:
            yield Place(
                "hidden-character", f"the invisible character U+{ord(hidden):04X} is in the source", number,
                "write plain text",
            )  # fmt: skip
