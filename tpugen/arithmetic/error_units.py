"""A unit whose error is measured: what it computes, what it should, on which operands, and whether it is legal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tpugen.arithmetic.integers import IntArray, as_integers
from tpugen.arithmetic.registry import Family, adder_family, multiplier_family
from tpugen.errors import SpecError

__all__ = [
    "EXHAUSTIVE_PAIRS_MAX",
    "PAIRS_AT_ONCE",
    "SAMPLES_DEFAULT",
    "SAMPLES_MAX",
    "WIDTH_MAX_BITS",
    "WIDTH_MIN_BITS",
    "ErrorUnit",
    "chosen_samples",
    "illegal",
    "legal_unit",
    "request_problems",
]

Role = Literal["adder", "multiplier"]

WIDTH_MIN_BITS = 2
WIDTH_MAX_BITS: Mapping[str, int] = {"adder": 128, "multiplier": 32}
"""Widest operands by role: accumulators are wider than operands of multipliers."""

PAIRS_AT_ONCE = 1 << 20
"""Up to so many operand pairs all of them are tried unasked."""

EXHAUSTIVE_PAIRS_MAX = 1 << 32
"""Up to so many operand pairs all of them are tried where that is asked for."""

SAMPLES_DEFAULT = 1 << 20
SAMPLES_MIN = 2
SAMPLES_MAX = 1 << 32

FLOAT_SAFE_BITS = 48
"""Widest results that are measured in int64 and float64; wider ones are Python integers."""

_LIMB_BITS = 32


@dataclass(frozen=True)
class ErrorUnit:
    """A legal unit with every parameter stated.

    Attributes:
        role: `adder` or `multiplier`.
        family: Canonical name.
        widths_bits: Operand widths: `(n,)` of an adder, `(a, b)` of a multiplier.
        signed: Whether operands are two's complement.
        parameters: Parameters as pairs, so that units can be dictionary keys.
    """

    role: Role
    family: str
    widths_bits: tuple[int, ...]
    signed: bool
    parameters: tuple[tuple[str, int], ...]

    @property
    def operand_widths_bits(self) -> tuple[int, int]:
        """Widths of both operands."""
        return self.widths_bits[0], self.widths_bits[-1]

    @property
    def result_width_bits(self) -> int:
        """Width of the result."""
        return self.widths_bits[0] + (self.widths_bits[1] if self.role == "multiplier" else 1)

    @property
    def pairs(self) -> int:
        """How many operand pairs there are."""
        first, second = self.operand_widths_bits
        return 1 << (first + second)

    @property
    def fits_float(self) -> bool:
        """Whether every result is exact in a float64, with room for sums."""
        return self.result_width_bits <= FLOAT_SAFE_BITS

    @property
    def largest_exact(self) -> int:
        """The largest absolute value of an exact result."""
        first, second = (
            1 << (width - 1) if self.signed else (1 << width) - 1 for width in self.operand_widths_bits
        )  # signed: the most negative operands
        return first * second if self.role == "multiplier" else first + second

    def lowest(self, operand: int) -> int:
        """Smallest value of operand 0 or 1."""
        return -(1 << (self.operand_widths_bits[operand] - 1)) if self.signed else 0

    def approximate(self, a: IntArray, b: IntArray) -> IntArray:
        """What the unit computes, on operands that broadcast."""
        model = _family(self.role, self.family).model
        return model(a, b, *self.widths_bits, self.signed, **dict(self.parameters))

    def exact(self, a: IntArray, b: IntArray) -> IntArray:
        """What it should compute: int64 where results have up to `FLOAT_SAFE_BITS`, else Python integers."""
        if not self.fits_float:
            a, b = as_integers(a, 128), as_integers(b, 128)
        result: IntArray = a * b if self.role == "multiplier" else a + b
        return result

    def sample(self, count: int, seed: int, chunk: int) -> Iterator[tuple[IntArray, IntArray]]:
        """Operand pairs drawn evenly and independently, in arrays of up to `chunk`; the same seed gives the same."""
        generator = np.random.default_rng(seed)
        for start in range(0, count, chunk):
            size = min(chunk, count - start)
            yield self._draw(generator, 0, size), self._draw(generator, 1, size)

    def _draw(self, generator: np.random.Generator, operand: int, size: int) -> IntArray:
        width, low = self.operand_widths_bits[operand], self.lowest(operand)
        if width <= 2 * _LIMB_BITS - 2:
            drawn: IntArray = generator.integers(low, low + (1 << width), size, dtype=np.int64)
            return drawn
        value = np.zeros(size, dtype=object)
        for start in range(0, width, _LIMB_BITS):
            limb = generator.integers(0, 1 << min(_LIMB_BITS, width - start), size, dtype=np.int64)
            value += as_integers(limb, 128) << start
        shifted: IntArray = value + low
        return shifted


def _family(role: Role, name: str) -> Family:
    return adder_family(name) if role == "adder" else multiplier_family(name)


def request_problems(
    role: Role,
    family: str,
    widths_bits: tuple[int, ...],
    parameters: Mapping[str, int],
    *,
    samples: int | None = None,
    seed: int = 1,
    exhaustive: bool | None = None,
) -> list[str]:
    """Everything that is illegal about measuring this unit: one line each, with the legal range and what would work.

    Raises:
        UnknownNameError: no such family.
    """
    unit = _family(role, family)
    low, high = WIDTH_MIN_BITS, WIDTH_MAX_BITS[role]
    names = ("width",) if role == "adder" else ("width", "weight width")
    found = [
        f"{name}: {width} is not legal; legal: {low}..{high}; 8 would work"
        for name, width in zip(names, widths_bits, strict=True)
        if not low <= width <= high
    ]
    widths_legal = not found
    if widths_legal:
        found += unit.problems(parameters, *widths_bits)
    else:  # ranges depend on the widths, so only names can be judged
        known = {parameter.name for parameter in unit.parameters}
        found += unit.problems({name: value for name, value in parameters.items() if name not in known}, high)
    if samples is not None and not SAMPLES_MIN <= samples <= SAMPLES_MAX:
        found.append(
            f"samples: {samples} is not legal; legal: {SAMPLES_MIN}..{SAMPLES_MAX}; {SAMPLES_DEFAULT} would work"
        )
    if seed < 0:
        found.append(f"seed: {seed} is not legal; legal: 0 or more; 1 would work")
    if exhaustive and samples is not None:
        found.append("samples: all pairs and a sample exclude each other; leave one of them out")
    bits = widths_bits[0] + widths_bits[-1]
    if exhaustive and widths_legal and 1 << bits > EXHAUSTIVE_PAIRS_MAX:
        found.append(
            f"exhaustive: all 2^{bits} pairs are too many; legal: up to 2^{EXHAUSTIVE_PAIRS_MAX.bit_length() - 1}; "
            f"samples {SAMPLES_DEFAULT} would work"
        )
    return found


def legal_unit(
    role: Role,
    family: str,
    widths_bits: tuple[int, ...],
    signed: bool,
    parameters: Mapping[str, int],
    *,
    samples: int | None = None,
    seed: int = 1,
    exhaustive: bool | None = None,
) -> ErrorUnit:
    """The unit, if everything about the request is legal.

    Raises:
        UnknownNameError: no such family.
        SpecError: what is illegal, all of it.
    """
    problems = request_problems(
        role, family, widths_bits, parameters, samples=samples, seed=seed, exhaustive=exhaustive
    )
    if problems:
        raise SpecError(illegal(problems))
    complete = _family(role, family).complete(parameters, *widths_bits)
    return ErrorUnit(role, family, widths_bits, signed, tuple(complete.items()))


def illegal(problems: list[str]) -> str:
    """Problems as one message, one a line, under a heading that counts them."""
    noun = "violation" if len(problems) == 1 else "violations"
    return f"the request is not legal ({len(problems)} {noun}):\n" + "\n".join(f"  - {line}" for line in problems)


def chosen_samples(unit: ErrorUnit, samples: int | None, exhaustive: bool | None) -> int | None:
    """How many pairs are sampled; None where all pairs are tried."""
    if samples is not None:
        return samples
    if exhaustive or (exhaustive is None and unit.pairs <= PAIRS_AT_ONCE):
        return None
    return SAMPLES_DEFAULT
