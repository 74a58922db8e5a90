"""Values of constant Verilog expressions, as far as a size needs them: whole numbers, clamped.

What is beyond it (functions, strings, concatenations, values that are not constant) has no value here; the tools that
read the source afterwards run under limits. Widths are not modelled: a number is what its digits say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from tpugen.flows.verilog_tokens import Token

__all__ = ["HUGE", "evaluate", "number_value", "passes"]

HUGE = 1 << 200
"""Values are clamped to plus or minus this: enough to tell that a size is absurd, small enough to compute with."""

_DEEPEST = 200
_BASES = {"b": 2, "o": 8, "d": 10, "h": 16}
_SIZED = re.compile(r"^[0-9]*\s*'[sS]?([bBoOdDhH])\s*([0-9a-fA-F]+)$")
_LEVELS: Sequence[tuple[str, ...]] = (
    ("||",), ("&&",), ("|",), ("^", "~^", "^~"), ("&",), ("==", "!=", "===", "!=="), ("<", "<=", ">", ">="),
    ("<<", ">>", "<<<", ">>>"), ("+", "-"), ("*", "/", "%"), ("**",),
)  # fmt: skip
_LEVEL_OF = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}


class _UnknownError(Exception):
    """The expression has no value here."""


def number_value(text: str) -> int | None:
    """Value of a number token; None for real numbers and for unknown bits."""
    plain = text.replace("_", "")
    if plain.isascii() and plain.isdigit():
        return int(plain) if len(plain) < 60 else HUGE
    match = _SIZED.match(plain)
    if match is None:
        return None
    digits = match[2].lstrip("0") or "0"
    if len(digits) > 200:
        return HUGE
    try:
        return _clamp(int(digits, _BASES[match[1].lower()]))
    except ValueError:
        return None


def evaluate(tokens: Sequence[Token], names: Mapping[str, int]) -> int | None:
    """Value of the expression that the tokens make up.

    Args:
        tokens: The whole expression.
        names: Values of parameters.

    Returns:
        The value, clamped to `HUGE`; None where it has none here.

    Raises:
        ZeroDivisionError: it divides by a constant zero.
    """
    if len(tokens) > 2000:
        return None
    parser = _Parser(tokens, names)
    try:
        value = parser.ternary(0)
    except (_UnknownError, IndexError):
        return None
    return value if parser.index == len(tokens) else None


def passes(begin: int, operator: str, bound: int, increment: int) -> int | None:
    """Passes of `for (i = begin; i OP bound; i = i + increment)`; `HUGE` where it counts away from the bound."""
    if operator in (">", ">="):
        begin, bound, increment = -begin, -bound, -increment
        operator = {">": "<", ">=": "<="}[operator]
    if operator == "!=":
        distance = bound - begin
        return distance // increment if distance % increment == 0 and distance // increment >= 0 else HUGE
    if operator not in ("<", "<="):
        return None
    distance = bound - begin + (operator == "<=")
    if distance <= 0:
        return 0
    return HUGE if increment < 0 else -(-distance // increment)


class _Parser:
    def __init__(self, tokens: Sequence[Token], names: Mapping[str, int]) -> None:
        self.tokens = tokens
        self.names = names
        self.index = 0

    def _take(self) -> Token:
        token = self.tokens[self.index]
        self.index += 1
        return token

    def _expect(self, text: str) -> None:
        if self._take().text != text:
            raise _UnknownError

    def _at(self, text: str) -> bool:
        return self.index < len(self.tokens) and self.tokens[self.index].text == text

    def ternary(self, depth: int) -> int:
        if depth > _DEEPEST:
            raise _UnknownError
        condition = self._binary(0, depth)
        if not self._at("?"):
            return condition
        self.index += 1
        yes = self._optional(depth)
        self._expect(":")
        no = self._optional(depth)
        chosen = yes if condition else no
        if chosen is None:
            raise _UnknownError
        return chosen

    def _optional(self, depth: int) -> int | None:
        """A branch; the one not taken may divide by zero."""
        try:
            return self.ternary(depth + 1)
        except ZeroDivisionError:
            raise _UnknownError from None

    def _binary(self, level: int, depth: int) -> int:
        left = self._unary(depth)
        while self.index < len(self.tokens):
            operator = self.tokens[self.index].text
            at = _LEVEL_OF.get(operator, -1)
            if at < level:
                return left
            self.index += 1
            if depth > _DEEPEST:
                raise _UnknownError
            left = _clamp(_OPERATIONS[operator](left, self._binary(at + 1, depth + 1)))
        return left

    def _unary(self, depth: int) -> int:
        if depth > _DEEPEST:
            raise _UnknownError
        token = self._take()
        if token.text == "(":
            value = self.ternary(depth + 1)
            self._expect(")")
            return value
        if token.text in ("-", "+", "!"):
            value = self._unary(depth + 1)
            return {"-": -value, "+": value, "!": int(value == 0)}[token.text]
        if token.kind == "number":
            found = number_value(token.text)
        elif token.kind == "identifier":
            found = self.names.get(token.text)
        elif token.text in ("$clog2", "$signed", "$unsigned"):
            self._expect("(")
            value = self.ternary(depth + 1)
            self._expect(")")
            found = max(0, value - 1).bit_length() if token.text == "$clog2" else value
        else:
            found = None
        if found is None or self._at("(") or self._at("[") or self._at("'"):
            raise _UnknownError
        return found


def _clamp(value: int) -> int:
    return max(-HUGE, min(HUGE, value))


def _power(base: int, exponent: int) -> int:
    if exponent < 0:
        return base if abs(base) == 1 else 0
    if exponent == 0:
        return 1
    if abs(base) <= 1:
        return abs(base) if exponent % 2 == 0 else base
    return base**exponent if exponent <= 200 and abs(base) < 2**64 else HUGE


def _shift_left(value: int, places: int) -> int:
    return 0 if value == 0 else value << places if 0 <= places <= 200 else HUGE


def _divide(left: int, right: int) -> int:
    """Towards zero, as Verilog divides."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _shift_right(value: int, places: int) -> int:
    return value >> min(max(places, 0), 300)


_OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "||": lambda a, b: int(bool(a) or bool(b)),
    "&&": lambda a, b: int(bool(a) and bool(b)),
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "~^": lambda a, b: ~(a ^ b),
    "^~": lambda a, b: ~(a ^ b),
    "&": lambda a, b: a & b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "===": lambda a, b: int(a == b),
    "!==": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
    "<<": _shift_left,
    "<<<": _shift_left,
    ">>": _shift_right,
    ">>>": _shift_right,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": lambda a, b: a - b * _divide(a, b),
    "**": _power,
}
