"""Constant expressions of pyverilog's syntax tree: parameters, widths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["NotConstantError", "declared_range", "evaluate", "width_of"]


class NotConstantError(Exception):
    """The expression has no value that is known before elaboration."""


_BINARY: dict[str, Callable[[int, int], int]] = {
    "Plus": lambda a, b: a + b,
    "Minus": lambda a, b: a - b,
    "Times": lambda a, b: a * b,
    "Divide": lambda a, b: int(a / b) if abs(a) < 2**50 else a // b,
    "Mod": lambda a, b: a - b * int(a / b),
    "Sll": lambda a, b: a << b,
    "Srl": lambda a, b: a >> b,
    "Sra": lambda a, b: a >> b,
    "Sla": lambda a, b: a << b,
    "LessThan": lambda a, b: int(a < b),
    "GreaterThan": lambda a, b: int(a > b),
    "LessEq": lambda a, b: int(a <= b),
    "GreaterEq": lambda a, b: int(a >= b),
    "Eq": lambda a, b: int(a == b),
    "NotEq": lambda a, b: int(a != b),
    "Eql": lambda a, b: int(a == b),
    "NotEql": lambda a, b: int(a != b),
    "And": lambda a, b: a & b,
    "Or": lambda a, b: a | b,
    "Xor": lambda a, b: a ^ b,
    "Land": lambda a, b: int(bool(a) and bool(b)),
    "Lor": lambda a, b: int(bool(a) or bool(b)),
}
_UNARY: dict[str, Callable[[int], int]] = {
    "Uminus": lambda a: -a,
    "Uplus": lambda a: a,
    "Ulnot": lambda a: int(not a),
    "Unot": lambda a: ~a,
}
_LARGEST = 2**64


def evaluate(node: Any, names: Mapping[str, int | None]) -> int:
    """Value of a constant expression over parameters and localparams."""
    from pyverilog.vparser import ast

    kind = type(node).__name__
    if isinstance(node, ast.IntConst):
        return _integer(node.value)
    if isinstance(node, ast.Identifier) and node.scope is None:
        value = names.get(node.name)
        if value is None:
            raise NotConstantError(f"{node.name} is not a constant that can be evaluated")
        return value
    if isinstance(node, ast.Rvalue):
        return evaluate(node.var, names)
    if isinstance(node, ast.Cond):
        return evaluate(node.true_value if evaluate(node.cond, names) else node.false_value, names)
    if isinstance(node, ast.SystemCall) and node.syscall == "clog2" and len(node.args) == 1:
        return max(0, (evaluate(node.args[0], names) - 1).bit_length())
    if isinstance(node, ast.Power):
        base, exponent = evaluate(node.left, names), evaluate(node.right, names)
        if 0 <= exponent <= 64 and abs(base) <= _LARGEST:
            return int(base**exponent)
        raise NotConstantError("a power too large")
    try:
        if kind in _BINARY:
            left, right = evaluate(node.left, names), evaluate(node.right, names)
            if kind in ("Sll", "Sla") and not 0 <= right <= 64:
                raise NotConstantError("a shift too large")
            value = int(_BINARY[kind](left, right))
            if abs(value) > _LARGEST:
                raise NotConstantError("a value too large")
            return value
        if kind in _UNARY:
            return int(_UNARY[kind](evaluate(node.right, names)))
    except (ZeroDivisionError, ValueError):
        raise NotConstantError("a division by zero or a negative shift") from None
    raise NotConstantError(f"{kind} is not a constant expression")


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    if "'" not in digits:
        return int(digits)
    size, _, rest = digits.partition("'")
    rest = rest.removeprefix("s")
    base = {"d": 10, "h": 16, "b": 2, "o": 8}.get(rest[:1])
    try:
        value = int(rest[1:], base or 10)
    except ValueError:
        raise NotConstantError(f"{text} is not a number") from None
    return value & ((1 << int(size)) - 1) if size.isdigit() and 0 < int(size) <= 64 else value


def width_of(width: Any, names: Mapping[str, int | None]) -> int:
    """Bits of a declared range; no range is one bit.

    Raises:
        NotConstantError: it cannot be evaluated.
    """
    if width is None:
        return 1
    return abs(evaluate(width.msb, names) - evaluate(width.lsb, names)) + 1


def declared_range(port: Any) -> Any:
    """Range of a port of an ANSI header; `output reg [7:0] q` keeps it on either half."""
    if port.first.width is None and port.second is not None:
        return port.second.width
    return port.first.width
