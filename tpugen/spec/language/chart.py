"""The engine: rules are patterns over nodes; a rule's match becomes one node, or statements about the design.

A chart is the request as a row of nodes. Levels of rules run over it one after another: early levels join tokens to
larger nodes (`24 - bit` to a WIDTH), late levels turn nodes into statements (`WIDTH ACC` to an accumulator width).
Within a level the leftmost match wins, then the longest.

Patterns are regular expressions over node symbols. A space in a pattern stands for any gap between two nodes, with or
without a hyphen; `_` for two that are glued, as in `u8`; `{name}` for a macro. Repetitions must be bounded, so that
time grows with the text's length only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tpugen.spec.language.lexer import Token
from tpugen.spec.language.vocabulary import MACROS

__all__ = ["Action", "Chart", "Found", "Node", "Rule", "Statement", "rules"]


@dataclass(frozen=True, slots=True)
class Node:
    """One or more tokens under one symbol.

    Attributes:
        symbol: What patterns see: a lower-case word, a number, or an upper-case name of a larger unit.
        value: What it means, for numbers and larger units.
        first: Index of its first token.
        last: Index of its last token.
        glued: A letter-to-digit border without a space stands before it.
        new_line: It begins a line.
    """

    symbol: str
    value: Any
    first: int
    last: int
    glued: bool = False
    new_line: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that the request says about the design.

    Attributes:
        field: A field of a spec, or a topic that assembly resolves (`operand_width`, `size_pair`, ...).
        value: What is said.
        first: Index of the first token that says it.
        last: Index of the last one.
        note: Reason, where the reading is an assumption.
        negated: The request excludes it ("not signed").
    """

    field: str
    value: Any
    first: int
    last: int
    note: str | None = None
    negated: bool = False


class Found:
    """A match, as actions see it."""

    def __init__(self, chart: Chart, match: re.Match[str], first_node: int, last_node: int) -> None:
        self._chart = chart
        self._match = match
        self.nodes: Sequence[Node] = chart.nodes[first_node : last_node + 1]
        self.beside: list[Statement] = []
        self.first = self.nodes[0].first
        self.last = self.nodes[-1].last

    def text(self, group: str) -> str:
        """Canonical text of a named group, empty where it took no part."""
        return self._match.groupdict().get(group) or ""

    def value(self, group: str) -> Any:
        """Value of the node at which a named group begins, None where it took no part."""
        if not self.text(group):
            return None
        return self._chart.node_at(self._match.start(group)).value

    def word_before(self) -> str:
        """The word right before the match, lower case; empty at the start of the request."""
        return self._chart.tokens[self.first - 1].text.lower() if self.first else ""

    def ends(self) -> bool:
        """Whether the clause ends with the match: end of text, end of line, or punctuation."""
        following = self._chart.tokens[self.last + 1 : self.last + 2]
        return not following or following[0].new_line or following[0].symbol in ",;.)}"

    def denies(self) -> bool:
        """Whether a negation, taken out before, stands inside the match: `16 bits, not ripple-carry`."""
        return any(node.symbol == "NEG" and self.first < node.first < self.last for node in self._chart.modifiers)

    def written(self) -> str:
        """The matched part of the request as written."""
        return self._chart.written(self.first, self.last)

    def node(self, symbol: str, value: Any = None) -> Node:
        """A larger unit in the match's place."""
        start = self.nodes[0]
        return Node(symbol, value, self.first, self.last, start.glued, start.new_line)

    def also(self, statement: Statement) -> None:
        """A statement beside the larger node that the action returns."""
        self.beside.append(statement)

    def say(self, field_name: str, value: Any, note: str | None = None) -> Statement:
        """A statement by the whole match."""
        return Statement(field_name, value, self.first, self.last, note)


Action = Callable[[Found], Node | list[Statement] | None]
"""A larger node, statements, or None: the match is not meant."""


@dataclass(frozen=True)
class Rule:
    """A pattern and what follows from it."""

    pattern: str
    action: Action


def rules(*pairs: tuple[str, Action]) -> list[Rule]:
    """A level of rules from pairs of pattern and action."""
    return [Rule(pattern, action) for pattern, action in pairs]


@dataclass
class Chart:
    """The request as nodes; grows statements as levels of rules run.

    Attributes:
        text: The request.
        tokens: Its tokens.
        nodes: The row of nodes as it is now.
        lemmas: The lemma of every word, by token index.
        corrections: For misspelt words, by token index, what they were read as.
        modifiers: Negations and bounds, taken out of `nodes`.
        statements: What was understood so far.
    """

    text: str
    tokens: Sequence[Token]
    nodes: list[Node]
    lemmas: Mapping[int, str] = field(default_factory=dict)
    corrections: Mapping[int, str] = field(default_factory=dict)
    modifiers: list[Node] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    _places: dict[int, int] = field(default_factory=dict)

    def written(self, first: int, last: int) -> str:
        """The request from one token to another, as written."""
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def node_at(self, place: int) -> Node:
        """The node whose symbol begins at a place of the canonical text."""
        return self.nodes[self._places[place]]

    def run(self, rules: Sequence[Rule]) -> None:
        """Apply one level of rules, first within lines, then across line ends."""
        lines = any(node.new_line for node in self.nodes[1:])
        for across_lines in (False, True) if lines else (False,):
            while self._pass(rules, across_lines):
                pass

    def _pass(self, rules: Sequence[Rule], across_lines: bool) -> bool:
        canonical, ends = self._canonical()
        matches: list[tuple[int, int, int, re.Match[str]]] = []
        for order, rule in enumerate(rules):
            if not all(word in canonical for word in _required(rule.pattern)):
                continue  # saves compiling most patterns, and with it most of the time of a short request
            for match in _compiled(rule.pattern, across_lines).finditer(canonical):
                first, last = self._places[match.start()], ends[match.end()]
                matches.append((first, -last, order, match))
        matches.sort(key=lambda item: item[:3])
        replaced: list[tuple[int, int, Node]] = []
        free_from = 0
        for first, negative_last, order, match in matches:
            if first < free_from:
                continue
            found = Found(self, match, first, -negative_last)
            result = rules[order].action(found)
            if result is None:
                continue
            if isinstance(result, list):
                self.statements.extend(result)
                result = found.node("USED")
            self.statements.extend(found.beside)
            replaced.append((first, -negative_last, result))
            free_from = -negative_last + 1
        for first, last, node in reversed(replaced):
            self.nodes[first : last + 1] = [node]
        return bool(replaced)

    def _canonical(self) -> tuple[str, dict[int, int]]:
        parts: list[str] = []
        self._places = {}
        ends: dict[int, int] = {}
        place = 0
        for index, node in enumerate(self.nodes):
            if index:
                gap = "|" if node.new_line else "_" if node.glued else " "
                parts.append(gap)
                place += 1
            self._places[place] = index
            parts.append(node.symbol)
            place += len(node.symbol)
            ends[place] = index
        return "".join(parts), ends


@cache
def _required(pattern: str) -> tuple[str, ...]:
    """Words without which a pattern cannot match: those outside of every group and alternative."""
    top: list[str] = []
    depth = 0
    for character in pattern:
        if character in "({":
            depth += 1
            top.append(" ")
        elif character in ")}":
            depth -= 1
        elif depth == 0:
            top.append(character)
    flat = "".join(top)
    if "|" in flat or "\\" in flat or "[" in flat:
        return ()
    return tuple(re.findall(r"[A-Za-z]{2,}(?![A-Za-z?*+])", flat))


@cache
def _compiled(pattern: str, across_lines: bool) -> re.Pattern[str]:
    for name, expansion in MACROS.items():
        pattern = pattern.replace("{" + name + "}", f"(?:{expansion})")
    border = "[ _|]" if across_lines else "[ _]"
    gap = f"(?:{border}-)?{border}"
    # The 50 of "resnet50" is no number of its own, but that of "acc32" is, once "acc" was understood.
    left = "(?:^|(?<=[ |])|(?<=_)(?=[A-Za-z])|(?<=[A-Z]_))"
    right = "(?=[ |]|$|_[A-Za-z]|(?<=[A-Za-z])_)"
    return re.compile(f"{left}(?:{pattern.replace(' ', gap)}){right}")
