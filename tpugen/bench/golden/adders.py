"""Approximate adders bit by bit, from their published definitions.

`sum = ((a >> k) + (b >> k) + cin) << k | low`; A1, O1, X1 are AND, OR, XOR of the operands' bits k - 1, A2 and O2 of
their bits k - 2. Definitions: the papers as TPU-Gen (arXiv 2503.05951) and APTPU (Elbtity et al., 2022) list them.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["ADDERS", "add"]


class _Low:
    """The low k bits of both operands, and the bits that the definitions name."""

    def __init__(self, a: int, b: int, k: int) -> None:
        self.k = k
        self.a = [a >> i & 1 for i in range(k)]
        self.b = [b >> i & 1 for i in range(k)]
        self.ors = [x | y for x, y in zip(self.a, self.b, strict=True)]
        self.a1 = self.a[k - 1] & self.b[k - 1]
        self.o1 = self.ors[k - 1]
        self.x1 = self.a[k - 1] ^ self.b[k - 1]
        self.a2 = self.a[k - 2] & self.b[k - 2] if k > 1 else 0
        self.o2 = self.ors[k - 2] if k > 1 else 0

    def ones_below(self, *top: int) -> list[int]:
        """Bits whose first are `top`, with ones below; lowest bit first."""
        return [1] * (self.k - len(top)) + list(reversed(top))

    def herloa(self) -> list[int]:
        """HERLOA's low bits."""
        fill = self.x1 & self.a2
        bits = [bit | fill for bit in self.ors]
        bits[self.k - 1] = self.x1 | self.a2
        bits[self.k - 2] = self.o2 & (1 - (self.a2 & (1 - self.x1)))
        return bits

    def m_herloa(self) -> list[int]:
        """HERLOA's, the lowest k - 4 of them ones."""
        return [1] * (self.k - 4) + self.herloa()[self.k - 4 :]

    def seta(self) -> list[int]:
        """First two bits ORed, below them ORed with A2."""
        return [bit | self.a2 for bit in self.ors[: self.k - 2]] + self.ors[self.k - 2 :]


Rule = Callable[[_Low], tuple[int, list[int]]]
"""Carry into the exact part, and the low bits, lowest first."""

ADDERS: dict[str, Rule] = {
    "loa": lambda x: (x.a1, x.ors),
    "loawa": lambda x: (0, x.ors),
    "approx5": lambda x: (x.a[-1], x.b),
    "heaa": lambda x: (x.a1, [*x.ors[:-1], x.x1]),
    "oloca": lambda x: (x.a1, x.ones_below(x.o1, x.o2)),
    "m_heaa": lambda x: (x.a1, x.ones_below(0 if x.a1 else x.o1, x.o2)),
    "hoeraa": lambda x: (x.a1, x.ones_below(x.a2 if x.a1 else x.o1, x.o2)),
    "hoaaned": lambda x: (x.a1, x.ones_below((0 if x.a1 else x.o1) | x.a2, x.o2)),
    "herloa": lambda x: (x.a1, x.herloa()),
    "m_herloa": lambda x: (x.a1, x.m_herloa()),
    "seta": lambda x: (x.a1, x.seta()),
    "lzta": lambda x: (x.o1, [0] * x.k),
    "ldca": lambda x: (x.a[-1], [1] * (x.k // 2) + x.b[x.k // 2 :]),
}
"""Every approximate family by canonical name."""


def add(family: str, a: int, b: int, k: int | None = None) -> int:
    """`a + b` as an adder of `family` gives it, before any wrapping.

    Args:
        family: Canonical name.
        a: First operand, a number (negative ones stand for two's complement).
        b: Second operand, likewise.
        k: Inexact low bits; not for the exact adder.
    """
    if family == "exact":
        return a + b
    assert k is not None  # noqa: S101 - every approximate family has it
    carry, low = ADDERS[family](_Low(a, b, k))
    return (((a >> k) + (b >> k) + carry) << k) + sum(bit << i for i, bit in enumerate(low))
