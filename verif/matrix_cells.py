"""The cells of the pass matrix: which designs it holds, with which parameters, and how a share of it is drawn.

One cell is one design: a multiplier family (in every element, or with operands recoded at the array's edge), an adder
family, widths, signedness and a dataflow. Its parameters follow from these by a fixed rotation, so that every family
meets its defaults and both ends of its legal ranges, and accumulators with many, few and no guard bits.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import Any, get_args

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.errors import RequestError, SpecError
from tpugen.spec import SystolicArraySpec, spec_from_dict
from tpugen.spec.design import Dataflow, default_accumulator_width_bits

__all__ = ["COLS", "DATAFLOWS", "ROWS", "WIDTHS", "Cell", "Selection", "all_cells", "draw_share", "parse_width"]

ROWS, COLS = 2, 3
"""Shape of every array of the matrix: small, and not square."""

WIDTHS = ((4, 4), (8, 8), (16, 16), (8, 4), (4, 8), (16, 8))
"""Widths of activation and weight, in bits."""

DATAFLOWS: tuple[Dataflow, ...] = get_args(Dataflow)
"""The dataflows."""

_FEW_GUARD_BITS = 3


@dataclass(frozen=True)
class Cell:
    """One design of the matrix.

    Attributes:
        multiplier: Family.
        shared: Whether operands are recoded once, at the array's edge.
        adder: Family of the accumulation adder.
        signed: Whether numbers are two's complement.
        activation_width_bits: Width of activations.
        weight_width_bits: Width of weights.
        dataflow: Which operand rests.
    """

    multiplier: str
    shared: bool
    adder: str
    signed: bool
    activation_width_bits: int
    weight_width_bits: int
    dataflow: Dataflow

    @property
    def row(self) -> str:
        """Its row in the table: the multiplier, and whether operands are recoded at the edge."""
        return f"{self.multiplier} shared" if self.shared else self.multiplier

    @property
    def layout(self) -> tuple[Dataflow, int, int, bool]:
        """What cells that are driven alike have in common."""
        return self.dataflow, self.activation_width_bits, self.weight_width_bits, self.signed

    @property
    def name(self) -> str:
        """A short name that is also a file name, e.g. `drum-shared_loa_s8x4_output-stationary`."""
        letter = "s" if self.signed else "u"
        widths = f"{letter}{self.activation_width_bits}x{self.weight_width_bits}"
        return "_".join([self.row.replace(" ", "-"), self.adder, widths]) + "_" + self.dataflow.replace("_", "-")

    def data(self) -> dict[str, Any]:
        """The spec as plain data; it may be illegal."""
        widths = (self.activation_width_bits, self.weight_width_bits)
        accumulator = self._accumulator_width_bits()
        number = self._numbers()
        multiplier = _variant(MULTIPLIERS[self.multiplier], number["adder"] + number["layout"], widths)
        adder = _variant(ADDERS[self.adder], number["multiplier"] + number["layout"], (accumulator,))
        return {
            "kind": "systolic_array",
            "rows": ROWS,
            "cols": COLS,
            "dataflow": self.dataflow,
            "signed": self.signed,
            "activation_width_bits": widths[0],
            "weight_width_bits": widths[1],
            "accumulator_width_bits": accumulator,
            "multiplier": {"family": self.multiplier, **multiplier},
            "adder": {"family": self.adder, **adder},
            "shared_pre_approximation": self.shared,
        }

    def spec(self) -> SystolicArraySpec | str:
        """The spec; where a family is not legal at these widths, the reason instead."""
        try:
            spec = spec_from_dict(self.data())
        except SpecError as error:
            return error.message
        assert isinstance(spec, SystolicArraySpec)  # noqa: S101 - narrows the type
        return spec

    def _numbers(self) -> dict[str, int]:
        """Places in the registry and the matrix, from which variants rotate: the same whatever is selected."""
        layout = self.activation_width_bits + 3 * self.weight_width_bits + int(self.signed)
        return {
            "multiplier": list(MULTIPLIERS).index(self.multiplier),
            "adder": list(ADDERS).index(self.adder),
            "layout": layout // 4 + DATAFLOWS.index(self.dataflow) + int(self.signed),
        }

    def _accumulator_width_bits(self) -> int:
        """Default, without guard bits, with few: by layout alone, so that all cells of one are driven alike."""
        exact = self.activation_width_bits + self.weight_width_bits
        widths = (default_accumulator_width_bits(exact, 0), exact, exact + _FEW_GUARD_BITS)
        return widths[self._numbers()["layout"] % len(widths)]


def _variant(family: Family, number: int, widths: tuple[int, ...]) -> dict[str, Any]:
    """One of a family's parameter sets, or of an exact unit's structures: default, then the ends of every range."""
    variants: list[dict[str, Any]] = [{}]
    variants += [{"structure": structure} for structure in family.structures]
    if family.parameters:
        bounds = [parameter.bounds(*widths) for parameter in family.parameters]
        if all(low <= high for low, high in bounds):
            names = [parameter.name for parameter in family.parameters]
            ends = [dict(zip(names, values, strict=True)) for values in product(*bounds)]
            variants += [end for index, end in enumerate(ends) if end not in ends[:index]]
    return variants[number % len(variants)]


@dataclass(frozen=True)
class Selection:
    """Which part of the matrix is asked for; empty: all of that dimension.

    Attributes:
        multipliers: Families.
        adders: Families.
        widths: Pairs of activation and weight width.
        dataflows: Dataflows.
        shared: Whether designs with shared pre-approximation are in it, beside those without.
    """

    multipliers: tuple[str, ...] = ()
    adders: tuple[str, ...] = ()
    widths: tuple[tuple[int, int], ...] = ()
    dataflows: tuple[str, ...] = ()
    shared: bool = True

    def __post_init__(self) -> None:
        problems = [
            f"no {what} is called {name!r}; known: {', '.join(known)}"
            for what, names, known in (
                ("multiplier family", self.multipliers, tuple(MULTIPLIERS)),
                ("adder family", self.adders, tuple(ADDERS)),
                ("dataflow", self.dataflows, DATAFLOWS),
            )
            for name in names
            if name not in known
        ]
        if problems:
            raise RequestError("\n".join(problems))


def parse_width(text: str) -> tuple[int, int]:
    """`8x4` as activation and weight width.

    Raises:
        RequestError: not a pair of widths from 2 to 32.
    """
    parts = text.lower().split("x")
    if len(parts) == 2 and all(part.isdecimal() and 2 <= int(part) <= 32 for part in parts):
        return int(parts[0]), int(parts[1])
    raise RequestError(
        f"{text!r} is not a pair of widths",
        hint="write activation x weight in bits, each from 2 to 32, e.g. 8x4",
    )


def all_cells(selection: Selection = Selection()) -> list[Cell]:
    """Every cell of a selection, in the order of the registry."""
    multipliers = [name for name in MULTIPLIERS if not selection.multipliers or name in selection.multipliers]
    adders = [name for name in ADDERS if not selection.adders or name in selection.adders]
    dataflows = [name for name in DATAFLOWS if not selection.dataflows or name in selection.dataflows]
    widths = list(dict.fromkeys(selection.widths)) or list(WIDTHS)
    forms = [
        (name, shared)
        for name in multipliers
        for shared in (False, True)
        if not shared or (selection.shared and MULTIPLIERS[name].shares_operand_codes)
    ]
    return [
        Cell(multiplier, shared, adder, signed, width[0], width[1], dataflow)
        for dataflow in dataflows
        for width in widths
        for signed in (True, False)
        for multiplier, shared in forms
        for adder in adders
    ]


def draw_share(cells: Sequence[Cell], share: float, seed: int) -> list[Cell]:
    """A stratified share: every multiplier, adder, width, dataflow and signedness appears, all about as often.

    Args:
        cells: What to draw from.
        share: From 0 (as few as show every value once) to 1 (all).
        seed: The same seed draws the same cells.

    Returns:
        The drawn cells in the order of `cells`.

    Raises:
        RequestError: a share outside 0..1.
    """
    if not 0 <= share <= 1:
        raise RequestError(f"share: {share} is outside 0..1; 0.01 would work")
    if share == 1 or not cells:
        return list(cells)
    rng = random.Random(seed)  # noqa: S311 - a draw, not a secret
    rows = _shuffled({cell.row for cell in cells}, rng)
    adders = _shuffled({cell.adder for cell in cells}, rng)
    layouts = _shuffled({cell.layout for cell in cells}, rng)
    by_place = {(cell.row, cell.adder, cell.layout): cell for cell in cells}
    wanted = max(ceil(share * len(cells)), len(rows), len(adders), len(layouts))
    used: Counter[Any] = Counter()
    drawn: dict[Any, Cell] = {}
    while len(drawn) < min(wanted, len(cells)):
        rng.shuffle(rows)
        for row in rows[: wanted - len(drawn)]:
            free = ((row, a, g) for a in _rarest(adders, used) for g in _rarest(layouts, used))
            place = next((place for place in free if place in by_place and place not in drawn), None)
            if place is not None:
                drawn[place] = by_place[place]
                used.update(place[1:])
    return [cell for cell in cells if (cell.row, cell.adder, cell.layout) in drawn]


def _shuffled(values: Iterable[Any], rng: random.Random) -> list[Any]:
    ordered = sorted(values)
    rng.shuffle(ordered)
    return ordered


def _rarest(values: Sequence[Any], used: Counter[Any]) -> list[Any]:
    return sorted(values, key=lambda value: used[value])
