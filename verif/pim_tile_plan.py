"""The bench plan of a PIM tile: programming, read-back and vectors of every kind, from the spec and a seed.

What must come is `tpugen.arithmetic.crossbar`'s, faults and noise included; cycles without stalls are the card's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tpugen.arithmetic.crossbar import matrix_vector
from tpugen.arithmetic.integers import IntArray
from tpugen.spec import PimTileSpec
from tpugen.verif.pim_tile_steps import PimTileSteps
from tpugen.verif.plan import Stall
from tpugen.verif.transactions import (
    Drive,
    Idle,
    Look,
    Mark,
    Measure,
    Pace,
    Record,
    Reset,
    Step,
    TransactionPlan,
    TransactionTest,
    Wait,
    transaction_layout,
)

__all__ = ["RANDOM_TESTS", "VECTOR_TAG", "pim_tile_plan"]

RANDOM_TESTS = ("full_rate", "stalls")
"""Tests whose vectors are random: how often they clip says something about the design."""

VECTOR_TAG = "vectors "
"""What the tags of measured cycles begin with; the number of vectors follows."""

_LIGHT, _HEAVY = Stall(start=0.2, stop=0.6), Stall(start=0.25, stop=0.15)
_OVERLONG, _OUTSIDE = 1, 2


def pim_tile_plan(spec: PimTileSpec, seed: int) -> TransactionPlan:
    """The plan: a pure function of its arguments."""
    tile = PimTileSteps(spec, seed)
    tests: list[Callable[[], TransactionTest]] = [
        lambda: _programming(tile),
        lambda: _full_rate(tile),
        lambda: _corners(tile),
        lambda: _partial(tile),
        lambda: _stalls(tile),
        lambda: _resets(tile),
        lambda: _violations(tile),
        lambda: _clipping(tile),
    ]
    plan = transaction_layout(tile.contract, seed)
    plan.tests = [make() for make in tests]
    plan.idle_limit = tile.limit
    plan.settle = tile.spec.columns_per_adc + 2 * tile.spec.activation_width_bits + 16
    return plan


def _programming(tile: PimTileSteps) -> TransactionTest:
    """Cells after power-up, the matrix, the matrix read back."""
    steps = [
        *tile.read_back("cells after power-up", tile.erased()),
        *tile.program(tile.matrix),
        *tile.read_back("cells after programming", tile.stored),
    ]
    left = "" if tile.whole else f"; {tile.programmed_words:,} of {tile.all_words:,} words, the others stay 0"
    return TransactionTest("programming", f"the matrix is programmed and read back{left}", steps)


def _full_rate(tile: PimTileSteps) -> TransactionTest:
    """Random vectors back to back, nobody pauses."""
    vectors = tile.random(tile.effort.vectors)
    vectors[:, 0] = -1  # every bit plane holds a one, so none is skipped
    shape, count = tile.shape, len(vectors)
    planes = shape.activation_width_bits
    cycles = (count - 1) * shape.period_cycles(planes) + shape.vector_cycles(planes)
    name = f"{count} vectors back to back, from the first activations to the last results,"
    steps = [Record(True), Mark(), *tile.vectors(vectors, 0), Wait(tile.limit), Record(False)]
    steps.append(Measure(name, ("activation", 0), ("result", -1), cycles, latency=True, tag=f"{VECTOR_TAG}{count}"))
    meaning = f"{count} random vectors back to back, nobody pauses: cycles as the contract says"
    return TransactionTest("full_rate", meaning, steps)


def _corner_vectors(tile: PimTileSteps) -> list[tuple[str, IntArray]]:
    rows, top = tile.spec.rows, 1 << (tile.spec.activation_width_bits - 1)
    ramp = np.arange(rows, dtype=np.int64)
    single = np.zeros(rows, dtype=np.int64)
    single[rows - 1] = -top
    return [
        ("zeros", np.zeros(rows, dtype=np.int64)),
        ("ones in every bit", np.full(rows, -1)),
        ("the most negative", np.full(rows, -top)),
        ("the largest", np.full(rows, top - 1)),
        ("alternating extremes", np.where(ramp % 2 == 0, -top, top - 1)),
        ("a ramp", (ramp + top) % (2 * top) - top),
        ("one row alone", single),
        ("one bit plane alone", np.where(ramp % 3 == 0, top >> 1, 0)),
        *((f"row {row} alone", np.where(ramp == row, top - 1, 0)) for row in {0, rows // 2, rows - 1}),
    ]


def _corners(tile: PimTileSteps) -> TransactionTest:
    """Corner vectors, each alone, cycle for cycle."""
    steps: list[Step] = []
    reads = 0
    for name, vector in _corner_vectors(tile):
        product = matrix_vector(tile.stored, vector, reads)
        steps += [Mark(), *tile.vectors(vector[None], reads, f"vector of {name}"), Wait(tile.limit)]
        steps += _timing(tile, f"a vector of {name}", int(product.planes), tile.spec.rows)
        reads += product.reads
    return TransactionTest("corners", "zeros, extremes, single rows and planes, each vector alone: cycles", steps)


def _timing(tile: PimTileSteps, name: str, planes: int, rows: int) -> list[Step]:
    """Cycles of a vector that came alone."""
    shape = tile.shape
    beats = -(-rows // shape.input_lanes)
    whole = shape.vector_cycles(planes) - shape.input_beats + beats
    first = shape.first_result_cycles(planes)
    return [
        Measure(f"{name}, from its first activations to its last results,", ("activation", 0), ("result", -1), whole),
        Measure(
            f"{name}, from its last activations to its first results,", ("activation", -1), ("result", 0), first + 1
        ),
    ]


def _partial(tile: PimTileSteps) -> TransactionTest:
    """Vectors that end before the matrix's last row; whole ones between them."""
    rows = tile.spec.rows
    lengths = sorted({1, min(rows, tile.shape.input_lanes + 1), max(1, rows // 2), max(1, rows - 1), rows})
    steps: list[Step] = []
    reads = 0
    for length in lengths:
        for count in (length, rows):
            vector = tile.random(1)[0, :count]
            product = matrix_vector(tile.stored, vector, reads)
            steps += [Mark(), *tile.vectors(vector[None], reads, f"vector of {count} rows"), Wait(tile.limit)]
            steps += _timing(tile, f"a vector of {count} rows", int(product.planes), count)
            reads += product.reads
    return TransactionTest("partial", "vectors that leave out the last rows, which count as zero", steps, garbage=True)


def _stalls(tile: PimTileSteps) -> TransactionTest:
    """Every channel pauses at random, vectors flow while words are read back."""
    steps: list[Step] = []
    reads = 0
    paces = (_LIGHT, _LIGHT), (_HEAVY, Stall()), (Stall(), _HEAVY)
    for sources, results in paces:
        steps.append(Pace({"activation": sources, "program": _LIGHT, "result": results, "readback": results}))
        vectors = tile.random(tile.effort.stalled)
        steps += [*tile.vectors(vectors, reads), *tile.some_read_back(), Wait(tile.limit)]
        reads += matrix_vector(tile.stored, vectors, reads).reads
    meaning = "every channel pauses at random; words are read back while vectors flow"
    return TransactionTest("stalls", meaning, steps, garbage=True)


def _resets(tile: PimTileSteps) -> TransactionTest:
    """Reset in the middle of vectors: they are lost, cells stay, reads count from 0 again."""
    steps: list[Step] = []
    cycles = tile.shape.vector_cycles(tile.spec.activation_width_bits)
    for number in range(tile.effort.resets):
        lost = tile.random(2)
        steps += [*tile.vectors(lost, 0), Idle(1 + 2 * cycles * number // tile.effort.resets), Reset()]
        steps += [Look("error_o", 0, words="errors after reset")]
        vectors = tile.random(2)
        steps += [*tile.vectors(vectors, 0), Wait(tile.limit)]
        if number + 1 < tile.effort.resets:
            steps.append(Reset())
    steps += tile.some_read_back()
    return TransactionTest("resets", "reset in the middle of vectors; cells keep what they hold", steps)


def _violations(tile: PimTileSteps) -> TransactionTest:
    """Vectors longer than the matrix and addresses outside: reported in error_o, nothing else."""
    rows, lanes = tile.spec.rows, tile.shape.input_lanes
    steps: list[Step] = [Look("error_o", 0, words="errors after reset")]
    reads = 0
    for surplus in (1, lanes + 2, 3 * lanes):
        vector = tile.random(1)[0]
        longer = np.concatenate([vector, np.ones(tile.shape.input_beats * lanes - rows + surplus, dtype=np.int64)])
        steps += [*tile.vectors(vector[None], reads, "vector that is too long", sent=longer), Wait(tile.limit)]
        reads += matrix_vector(tile.stored, vector, reads).reads
        steps += [Look("error_o", _OVERLONG, words="errors after a vector that is too long"), *_clear()]
    for command, what in tile.outside():
        steps += tile.commands([command], [None if command.write else 0], what)
        steps += [Wait(tile.limit), Look("error_o", _OUTSIDE, words=f"errors after a {what}"), *_clear()]
    steps += [*tile.some_read_back(), *tile.vectors(tile.random(1), reads), Wait(tile.limit)]
    steps.append(Look("error_o", 0, words="errors after legal commands and vectors"))
    return TransactionTest("violations", "vectors that are too long, addresses outside the tile", steps)


def _clear() -> Sequence[Step]:
    return [
        Drive("error_clear_i", 1), Idle(1), Drive("error_clear_i", 0), Idle(1),
        Look("error_o", 0, words="errors after they were cleared"),
    ]  # fmt: skip


def _clipping(tile: PimTileSteps) -> TransactionTest:
    """Matrices of equal weights: column sums as great as they can be; then the matrix of before."""
    steps: list[Step] = []
    reads = 0
    top = 1 << (tile.spec.activation_width_bits - 1)
    for weight in (1, -1):
        matrix = np.full_like(tile.matrix, weight)
        steps += tile.program(matrix)
        for value in (-1, -top, top - 1, 1):
            vector = np.full((1, tile.spec.rows), value)
            what = f"vector of {value} times a matrix of {weight:+d}"
            steps += [*tile.vectors(vector, reads, what), Wait(tile.limit)]
            reads += matrix_vector(tile.stored, vector, reads).reads
    steps += tile.program(tile.other_matrix)
    steps += [*tile.vectors(tile.random(2), reads, "vector times another matrix"), Wait(tile.limit)]
    widest = f"an ADC of {tile.spec.adc_bits} bits; {tile.shape.lossless_adc_bits} never clip"
    return TransactionTest("clipping", f"greatest column sums of either sign ({widest}), then another matrix", steps)
