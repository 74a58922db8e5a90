"""Which designs the dataset holds: a small grid by which retrieval works at once, and the whole of some 34,000.

Everything here is a fixed rotation: no random draw, so that the same tpugen gives the same designs in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import TypeVar, get_args

from tpugen.arithmetic import MULTIPLIERS
from tpugen.dataset.accelerator_grid import accelerator_specs, core_accelerators
from tpugen.dataset.unit_choices import adder_forms, multiplier_forms, unit_at, unit_settings
from tpugen.spec import (
    AdderSpec,
    AdderUnit,
    Dataflow,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    SystolicArraySpec,
)
from tpugen.spec.design import OPERAND_WIDTH_MAX_BITS, OPERAND_WIDTH_MIN_BITS, default_accumulator_width_bits

_Unit = TypeVar("_Unit", AdderUnit, MultiplierUnit)

__all__ = [
    "ARRAY_SHAPES",
    "ARRAY_SIZES",
    "MULTIPLIER_WIDTHS_BITS",
    "OPERAND_WIDTHS_BITS",
    "WIDTH_PAIRS_BITS",
    "core_specs",
    "dataset_specs",
]

ARRAY_SIZES: tuple[tuple[int, int], ...] = (
    (1, 1), (2, 2), (4, 4), (8, 8), (16, 16), (32, 32), (64, 64), (128, 128), (5, 3), (16, 8), (4, 16), (1, 8),
)  # fmt: skip
"""(rows, cols) of the small grid: the powers of two that people ask for, and shapes that are not square."""

OPERAND_WIDTHS_BITS: tuple[tuple[int, int], ...] = ((8, 8), (4, 4), (16, 16), (8, 4), (16, 8), (7, 7))
"""(activation, weight) widths in bits of the small grid."""

ARRAY_SHAPES: tuple[tuple[int, int], ...] = (
    (2, 2), (4, 4), (8, 8), (3, 3), (16, 16), (2, 3), (6, 6), (4, 2), (32, 32), (1, 4), (5, 3), (12, 12), (2, 8),
    (24, 24), (4, 3), (8, 16), (64, 64), (3, 5), (16, 4), (10, 10), (1, 8), (7, 7), (20, 2), (8, 4), (128, 128),
    (2, 6), (12, 14), (32, 8), (3, 4), (28, 28), (5, 5), (48, 48), (4, 1), (16, 32), (256, 256), (2, 5), (9, 9),
)  # fmt: skip
"""(rows, cols) of the whole dataset; their number is prime to those of widths and accumulators."""

WIDTH_PAIRS_BITS: tuple[tuple[int, int], ...] = (
    (8, 8), (4, 4), (16, 16), (8, 4), (6, 6), (4, 8), (12, 12), (16, 8), (7, 7), (5, 5), (10, 8), (8, 6), (9, 9),
    (8, 16), (24, 24), (12, 8), (14, 14), (6, 4), (32, 32),
)  # fmt: skip
"""(activation, weight) widths in bits of MACs and arrays of the whole dataset."""

MULTIPLIER_WIDTHS_BITS: tuple[tuple[int, int], ...] = (
    *((width, width) for width in (*range(2, 17), 18, 20, 24, 28, 32)),
    (8, 4), (4, 8), (16, 8), (8, 16), (6, 8), (8, 6), (12, 8), (16, 4), (5, 7), (8, 2), (10, 6), (24, 8), (32, 16),
    (12, 16),
)  # fmt: skip
"""(activation, weight) widths in bits of multipliers of the whole dataset."""

_UNIT_WIDTHS_BITS = (2, 4, 7, 8, 12, 16, 24, 32)
_DATAFLOWS: tuple[Dataflow, ...] = get_args(Dataflow)
_MAC_VARIANTS = 16
_ARRAY_VARIANTS = 9
_PLAIN_WIDTHS = 9


def core_specs() -> Iterator[DesignSpec]:
    """Every spec of the small grid, all legal, each once, in a fixed order: what retrieval indexes by default."""
    for signed in (True, False):
        for width in _UNIT_WIDTHS_BITS:
            yield AdderSpec(width_bits=width, signed=signed)
        for activation, weight in OPERAND_WIDTHS_BITS:
            yield MultiplierSpec(activation_width_bits=activation, weight_width_bits=weight, signed=signed)
            for accumulator in _accumulator_widths(activation, weight):
                yield MacSpec(
                    activation_width_bits=activation,
                    weight_width_bits=weight,
                    accumulator_width_bits=accumulator,
                    signed=signed,
                )
    yield from _arrays()
    yield from _other_units()
    yield from core_accelerators()


def dataset_specs() -> Iterator[DesignSpec]:
    """Every spec of the dataset, the small grid among them: all legal, no two alike, in a fixed order, at 100 MHz."""
    yield from _whole()


@cache
def _whole() -> tuple[DesignSpec, ...]:
    """The whole, made once: some seconds."""
    return tuple(dict.fromkeys(_parts()))


def _parts() -> Iterator[DesignSpec]:
    yield from core_specs()
    yield from _all_adders()
    yield from _all_multipliers()
    yield from _plain_macs()
    yield from _all_macs()
    yield from _plain_arrays()
    yield from _all_arrays()
    yield from accelerator_specs()


# -- the small grid -----------------------------------------------------------------------------------------------


def _accumulator_widths(activation_width_bits: int, weight_width_bits: int) -> tuple[int, int]:
    product = activation_width_bits + weight_width_bits
    return product + 4, default_accumulator_width_bits(activation_width_bits, weight_width_bits)


def _arrays() -> Iterator[DesignSpec]:
    for dataflow in _DATAFLOWS:
        for rows, cols in ARRAY_SIZES:
            for number, (activation, weight) in enumerate(OPERAND_WIDTHS_BITS):
                yield SystolicArraySpec(
                    rows=rows,
                    cols=cols,
                    dataflow=dataflow,
                    activation_width_bits=activation,
                    weight_width_bits=weight,
                    accumulator_width_bits=default_accumulator_width_bits(activation, weight),
                    # Unsigned designs are asked for less: one array in six is enough to retrieve by.
                    signed=number != 5,
                )


def _other_units() -> Iterator[DesignSpec]:
    """Every family and structure but the plain exact one: alone, in a MAC, and in arrays, dataflows by turns."""
    for number, adder in enumerate(_units_of(AdderUnit)):
        yield AdderSpec(width_bits=16, adder=adder)
        yield MacSpec(adder=adder)
        yield SystolicArraySpec(dataflow=_DATAFLOWS[number % 3], adder=adder)
    for number, multiplier in enumerate(_units_of(MultiplierUnit)):
        yield MultiplierSpec(multiplier=multiplier)
        yield MacSpec(multiplier=multiplier)
        yield SystolicArraySpec(dataflow=_DATAFLOWS[number % 3], multiplier=multiplier)
        if MULTIPLIERS[multiplier.family].shares_operand_codes:
            yield SystolicArraySpec(
                dataflow=_DATAFLOWS[number % 3], multiplier=multiplier, shared_pre_approximation=True
            )


def _units_of(kind: type[_Unit]) -> Iterator[_Unit]:
    for name, family in kind.families.items():
        if name == "exact":
            yield from (kind(family=name, structure=structure) for structure in family.structures)
        else:
            yield kind(family=name)


# -- the whole ----------------------------------------------------------------------------------------------------


def _all_adders() -> Iterator[DesignSpec]:
    """Every width, signed and not, every family at several parameters."""
    for width in range(OPERAND_WIDTH_MIN_BITS, OPERAND_WIDTH_MAX_BITS + 1):
        for signed in (True, False):
            for form in adder_forms():
                for unit in unit_settings(form, width):
                    yield AdderSpec(width_bits=width, signed=signed, adder=unit)


def _all_multipliers() -> Iterator[DesignSpec]:
    """Square and unequal operands, signed and not, every family at several parameters."""
    for activation, weight in MULTIPLIER_WIDTHS_BITS:
        for signed in (True, False):
            for form in multiplier_forms():
                for unit in unit_settings(form, activation, weight):
                    yield MultiplierSpec(
                        activation_width_bits=activation, weight_width_bits=weight, signed=signed, multiplier=unit
                    )


def _plain_macs() -> Iterator[DesignSpec]:
    """Exact MACs: all widths, signed and not, accumulators with no, few, many guard bits."""
    for activation, weight in WIDTH_PAIRS_BITS:
        for signed in (True, False):
            for number in range(3):
                yield MacSpec(
                    activation_width_bits=activation,
                    weight_width_bits=weight,
                    accumulator_width_bits=_accumulator(number, activation, weight),
                    signed=signed,
                )


def _all_macs() -> Iterator[DesignSpec]:
    """Every multiplier with every adder; widths, accumulators, parameters and signedness by turns."""
    numbers = count()
    for multiplier in multiplier_forms():
        for adder in adder_forms():
            for variant in range(_MAC_VARIANTS):
                number = next(numbers)
                activation, weight = _legal_widths(multiplier, number)
                accumulator = _accumulator(number, activation, weight)
                yield MacSpec(
                    activation_width_bits=activation,
                    weight_width_bits=weight,
                    accumulator_width_bits=accumulator,
                    signed=variant % 2 == 0,
                    multiplier=unit_at(multiplier, number, activation, weight),
                    adder=unit_at(adder, number, accumulator),
                )


def _plain_arrays() -> Iterator[DesignSpec]:
    """Exact arrays of every shape and dataflow: what people ask for most; one in four unsigned."""
    numbers = count()
    for dataflow in _DATAFLOWS:
        for rows, cols in ARRAY_SHAPES:
            for activation, weight in WIDTH_PAIRS_BITS[:_PLAIN_WIDTHS]:
                number = next(numbers)
                yield SystolicArraySpec(
                    rows=rows,
                    cols=cols,
                    dataflow=dataflow,
                    activation_width_bits=activation,
                    weight_width_bits=weight,
                    accumulator_width_bits=_accumulator(number // 2, activation, weight),
                    signed=number % 4 != 3,
                )


def _all_arrays() -> Iterator[DesignSpec]:
    """Every multiplier, in every element and recoded at the edge, with every adder, in every dataflow."""
    numbers = count()
    forms = [
        (form, shared)
        for form in multiplier_forms()
        for shared in (False, True)
        if not shared or MULTIPLIERS[form.family].shares_operand_codes
    ]
    for multiplier, shared in forms:
        for adder in adder_forms():
            for dataflow in _DATAFLOWS:
                for variant in range(_ARRAY_VARIANTS):
                    number = next(numbers)
                    rows, cols = ARRAY_SHAPES[number % len(ARRAY_SHAPES)]
                    activation, weight = _legal_widths(multiplier, number)
                    accumulator = _accumulator(number, activation, weight)
                    yield SystolicArraySpec(
                        rows=rows,
                        cols=cols,
                        dataflow=dataflow,
                        activation_width_bits=activation,
                        weight_width_bits=weight,
                        accumulator_width_bits=accumulator,
                        signed=variant % 3 != 2,
                        multiplier=unit_at(multiplier, number, activation, weight),
                        adder=unit_at(adder, number, accumulator),
                        shared_pre_approximation=shared,
                    )


def _accumulator(number: int, activation_width_bits: int, weight_width_bits: int) -> int:
    """An accumulator's width: the default, with few guard bits, with some, with none; by turns."""
    product = activation_width_bits + weight_width_bits
    default = default_accumulator_width_bits(activation_width_bits, weight_width_bits)
    return (default, product + 4, default, product + 8, product)[number % 5]


def _legal_widths(multiplier: MultiplierUnit, number: int) -> tuple[int, int]:
    """The widths of this turn, or the next ones at which the family is legal."""
    for offset in range(len(WIDTH_PAIRS_BITS)):
        widths = WIDTH_PAIRS_BITS[(number + offset) % len(WIDTH_PAIRS_BITS)]
        if not multiplier.problems(*widths):
            return widths
    raise ValueError(f"{multiplier.family} is legal at none of the widths")
