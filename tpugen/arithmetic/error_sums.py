"""Sums over operand pairs from which all error metrics follow; sums of disjoint sets of pairs add up.

Counts and the sums of error, |error| and error^2 are exact integers; the sum of |error| / |exact| is a float64 whose
relative error stays below 1e-12. Tiles are sized so that all intermediate arrays stay in a processor's cache.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.error_units import ErrorUnit
from tpugen.arithmetic.integers import IntArray, as_integers

__all__ = ["TILE_PAIRS", "Case", "ErrorSums", "Tally", "error_of_bin"]

_Floats = npt.NDArray[np.float64]

TILE_PAIRS = 1 << 14
_LIMB_BITS = 19
# A sum of TILE_PAIRS products of two limbs is below 2^53, so float64 holds it exactly whatever the order.

_FRACTION_BITS = 3
_EXPONENT_BIAS = 1023
_KEY_SHIFT = 52 - _FRACTION_BITS
_KEYS = 1 << (64 - _KEY_SHIFT)
_NEGATIVE = _KEYS >> 1


@dataclass(frozen=True)
class Case:
    """One operand pair with its results."""

    a: int
    b: int
    exact: int
    approximate: int

    @property
    def distance(self) -> int:
        """|approximate - exact|."""
        return abs(self.approximate - self.exact)


@dataclass
class ErrorSums:
    """Sums over a set of operand pairs.

    Attributes:
        pairs: How many pairs.
        wrong: How many have a wrong result.
        nonzero: How many have a nonzero exact result.
        error: Sum of approximate - exact.
        distance: Sum of |approximate - exact|.
        square: Sum of its square.
        relative: Sum of distance / |exact| over pairs with a nonzero exact result.
        relative_square: Sum of its square (samples only).
        cube: Sum of error^3 (samples only).
        fourth: Sum of error^4 (samples only).
        bins: Pairs by error, in bins of an eighth of an octave (see `error_of_bin`).
        worst: A pair with the largest distance; None where nothing is wrong.
        worst_relative: A pair with the largest distance / |exact|; None where that is zero.
    """

    pairs: int = 0
    wrong: int = 0
    nonzero: int = 0
    error: int = 0
    distance: int = 0
    square: int = 0
    relative: float = 0.0
    relative_square: float = 0.0
    cube: float = 0.0
    fourth: float = 0.0
    bins: dict[int, int] = field(default_factory=dict)
    worst: Case | None = None
    worst_relative: Case | None = None

    @classmethod
    def total(cls, parts: Iterable[ErrorSums]) -> ErrorSums:
        """The sums over several sets, in order: of equally bad pairs the first is kept."""
        several = list(parts)
        bins: Counter[int] = Counter()
        for part in several:
            bins.update(part.bins)
        worst = max((p.worst for p in several if p.worst), key=lambda case: case.distance, default=None)
        worst_relative = None
        for case in (p.worst_relative for p in several if p.worst_relative):
            if worst_relative is None or _is_relatively_worse(case, worst_relative):
                worst_relative = case
        return cls(
            pairs=sum(p.pairs for p in several),
            wrong=sum(p.wrong for p in several),
            nonzero=sum(p.nonzero for p in several),
            error=sum(p.error for p in several),
            distance=sum(p.distance for p in several),
            square=sum(p.square for p in several),
            relative=math.fsum(p.relative for p in several),
            relative_square=math.fsum(p.relative_square for p in several),
            cube=math.fsum(p.cube for p in several),
            fourth=math.fsum(p.fourth for p in several),
            bins=dict(bins),
            worst=worst,
            worst_relative=worst_relative,
        )

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON values; `from_json` gives the same back, bit for bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ErrorSums:
        """What `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: the data are something else.
        """
        bins = {int(key): int(count) for key, count in data["bins"].items()}
        cases = {name: Case(**data[name]) if data[name] else None for name in ("worst", "worst_relative")}
        return cls(**{**data, "bins": bins, **cases})


def _is_relatively_worse(case: Case, other: Case) -> bool:
    return case.distance * abs(other.exact) > other.distance * abs(case.exact)


def error_of_bin(key: int) -> int:
    """The error nearest to zero that a bin holds.

    Bins are the top bits of the error as a float64: sign, exponent and three bits of the fraction. Errors up to +-15
    have a bin each; above, an octave has eight bins.
    """
    if key == 0:
        return 0
    exponent = ((key & (_NEGATIVE - 1)) >> _FRACTION_BITS) - _EXPONENT_BIAS
    scaled = ((1 << _FRACTION_BITS) | (key & ((1 << _FRACTION_BITS) - 1))) << exponent
    size = -(-scaled >> _FRACTION_BITS)
    return -size if key & _NEGATIVE else size


def _bin_of_error(error: int) -> int:
    """The bin of an error of any size."""
    if error == 0:
        return 0
    size = abs(error)
    exponent = size.bit_length() - 1
    fraction = (size << _FRACTION_BITS >> exponent) & ((1 << _FRACTION_BITS) - 1)
    return (_NEGATIVE if error < 0 else 0) | (exponent + _EXPONENT_BIAS) << _FRACTION_BITS | fraction


class Tally:
    """Adds up the errors of a unit, tile by tile.

    Args:
        unit: What is measured.
        moments: Whether to add up what confidence intervals need, too.
    """

    def __init__(self, unit: ErrorUnit, *, moments: bool = False) -> None:
        self._unit = unit
        self._moments = moments
        self._sums = ErrorSums()
        self._counts = np.zeros(_KEYS, dtype=np.int64)
        self._bins: Counter[int] = Counter()
        self._worst = 0
        self._worst_relative = 0.0
        self._floats: dict[str, list[float]] = {"relative": [], "relative_square": [], "cube": [], "fourth": []}

    def add(self, a: IntArray, b: IntArray) -> None:
        """Add the pairs that `a` and `b` broadcast to, e.g. of shapes (r, 1) and (1, c): at most `TILE_PAIRS`."""
        unit, sums = self._unit, self._sums
        exact, approximate = unit.exact(a, b), unit.approximate(a, b)
        if not unit.fits_float:
            approximate = as_integers(approximate, 128)
        error = approximate - exact
        as_float = error.astype(np.float64)
        sums.pairs += error.size
        sums.error += int(error.sum())
        if unit.fits_float:
            keys = (as_float.view(np.uint64) >> np.uint64(_KEY_SHIFT)).view(np.int64)
            counts = np.bincount(keys.ravel())
            self._counts[: counts.size] += counts
            wrong = error.size - int(counts[0])
        else:
            self._bins.update(map(_bin_of_error, error.ravel().tolist()))
            wrong = int(np.count_nonzero(error))
        sums.wrong += wrong
        if self._moments:
            squares = as_float * as_float
            self._floats["cube"].append(_dot(squares, as_float))
            self._floats["fourth"].append(_dot(squares, squares))
        sizes = np.abs(as_float, out=as_float)

        def case(index: int) -> Case:
            place = np.unravel_index(index, error.shape)
            first, second = (int(np.broadcast_to(operand, error.shape)[place]) for operand in (a, b))
            right = int(exact[place])
            return Case(first, second, exact=right, approximate=right + int(error[place]))

        if wrong:
            distances = sizes if unit.fits_float else np.abs(error)
            self._add_distances(distances, case)
        self._add_ratios(sizes, exact, wrong, case)

    def _add_distances(self, distances: IntArray, case: Callable[[int], Case]) -> None:
        sums = self._sums
        index = int(distances.argmax())
        largest = int(distances.ravel()[index])
        if largest > self._worst:
            self._worst, sums.worst = largest, case(index)
        if distances.dtype == object:
            sums.distance += int(distances.sum())
            sums.square += int((distances * distances).sum())
            return
        limbs = _limbs(distances, largest)
        for i, low in enumerate(limbs):
            sums.distance += int(low.sum()) << _LIMB_BITS * i
            for j, high in enumerate(limbs[: i + 1]):
                sums.square += int(_dot(low, high)) << _LIMB_BITS * (i + j) + (i != j)

    def _add_ratios(self, sizes: _Floats, exact: IntArray, wrong: int, case: Callable[[int], Case]) -> None:
        sums = self._sums
        nonzero = int(np.count_nonzero(exact))
        sums.nonzero += nonzero
        if not wrong:
            return
        divisors = np.abs(exact).astype(np.float64)
        if nonzero < exact.size:
            divisors[divisors == 0] = np.inf  # pairs with a zero result have no relative error
        ratios = np.divide(sizes, divisors, out=divisors)
        self._floats["relative"].append(float(ratios.sum()))
        if self._moments:
            self._floats["relative_square"].append(_dot(ratios, ratios))
        index = int(ratios.argmax())
        largest = float(ratios.ravel()[index])
        if largest > self._worst_relative:
            self._worst_relative, sums.worst_relative = largest, case(index)

    def sums(self) -> ErrorSums:
        """What has been added."""
        used = np.flatnonzero(self._counts)
        bins = self._bins + Counter(dict(zip(used.tolist(), self._counts[used].tolist(), strict=True)))
        relative, relative_square, cube, fourth = map(math.fsum, self._floats.values())
        return replace(
            self._sums,
            bins=dict(bins),
            relative=relative,
            relative_square=relative_square,
            cube=cube,
            fourth=fourth,
        )


def _dot(first: _Floats, second: _Floats) -> float:
    """Sum of products; not by BLAS, whose threads would get in the way of other processes."""
    return float(np.einsum("i,i->", first.ravel(), second.ravel()))


def _limbs(values: _Floats, largest: int) -> list[_Floats]:
    """Nonnegative integers of up to 53 bits as limbs of `_LIMB_BITS`, the lowest first."""
    limbs = []
    while largest >> _LIMB_BITS:
        high = np.floor(values * 2.0**-_LIMB_BITS)
        limbs.append(values - high * 2.0**_LIMB_BITS)
        values, largest = high, largest >> _LIMB_BITS
    return [*limbs, values]
