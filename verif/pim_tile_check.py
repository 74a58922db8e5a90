"""Judges a PIM tile's trace: every value, every count and every cycle against the model.

The reference replays what the tile took, in its own order: programming between vectors, each vector with the cells as
they were when its first plane was sampled, reads counted since reset. From the cycles in which beats went in and out it
derives the only cycle in which each result may appear, whatever the pauses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from tpugen.arithmetic.crossbar import MatrixVector, StoredMatrix, TileShape, matrix_vector, store
from tpugen.arithmetic.crossbar_cells import BoolArray, Faults
from tpugen.verif.pim_tile_bench import Command, Result, Stimulus, TileTrace

__all__ = ["judge", "written"]

_FIRST_OFFER = 4
"""Cycles from the last conversion's start to the first offer: ADC, sum of row blocks, accumulator, output register."""


def judge(stimulus: Stimulus, trace: TileTrace) -> list[str]:
    """What is wrong with a trace; empty: nothing.

    Args:
        stimulus: What the tile was driven with; its simulated cycles must have sufficed.
        trace: What it did.
    """
    judgement = _Judgement(stimulus, trace)
    return [*trace.violations, *judgement.problems()]


def written(stored: StoredMatrix, command: Command, program_weights: int) -> StoredMatrix:
    """The cells after a word was written; an address outside the tile and stuck cells change nothing."""
    tile = stored.tile
    if not _legal(tile, command, program_weights):
        return stored
    rows, cols = _place(tile, command, program_weights)
    cells = stored.cells.copy()
    index = command.crossbar
    off, on = _stuck(tile.faults, index, tile.crossbar_rows, tile.crossbar_cols)
    first_col = index % tile.block_cols * tile.crossbar_cols
    for weight, col in enumerate(cols):
        told = [bool(command.data >> (2 * weight + polarity) & 1) for polarity in range(2)]
        stuck = (command.row, col - first_col)
        cells[rows, col] = (np.array(told) | on[stuck]) & ~off[stuck]
    return replace(stored, cells=cells)


@lru_cache(maxsize=64)
def _stuck(faults: Faults, index: int, rows: int, cols: int) -> tuple[BoolArray, BoolArray]:
    return faults.masks(index, rows, cols)


def _legal(tile: TileShape, command: Command, program_weights: int) -> bool:
    words = -(-tile.crossbar_cols // program_weights)
    blocks = tile.block_rows * tile.block_cols
    return command.crossbar < blocks and command.row < tile.crossbar_rows and command.word < words


def _place(tile: TileShape, command: Command, program_weights: int) -> tuple[int, range]:
    """Row and columns of the tile's cells that a legal command addresses."""
    block_row, block_col = divmod(command.crossbar, tile.block_cols)
    first = command.word * program_weights
    last = min(first + program_weights, tile.crossbar_cols)
    offset = block_col * tile.crossbar_cols
    return block_row * tile.crossbar_rows + command.row, range(offset + first, offset + last)


@dataclass(frozen=True)
class _Vector:
    """A vector that the tile took whole: its activations, the cycle that completed it, its surplus beats."""

    activations: tuple[int, ...]
    complete: int
    surplus: bool
    first_beat: int | None
    """Cycle in which the beat after it was taken, if it belongs to the next vector."""


class _Judgement:
    """One trace under judgement."""

    def __init__(self, stimulus: Stimulus, trace: TileTrace) -> None:
        self.stimulus = stimulus
        self.tile = stimulus.tile
        self.trace = trace
        self.starts = (0, *stimulus.reset_cycles, stimulus.cycles)
        self.errors: list[tuple[int, int]] = []  # (first cycle in which it shows, bit)
        blank = store(self.tile, np.zeros((self.tile.rows, self.tile.cols), dtype=np.int64))
        self.stored = [(0, blank)]  # (first cycle in which they are so, cells), in order of the commands
        for number, cycle in sorted(trace.commands.items()):
            command = stimulus.commands[number]
            if command.write:
                after = written(self.stored[-1][1], command, stimulus.program_weights)
                self.stored.append((cycle + 1, after))

    def problems(self) -> Iterator[str]:
        """Everything that is wrong, in order of the epochs."""
        taken = 0
        for epoch in range(len(self.stimulus.epochs)):
            span = range(self.starts[epoch], self.starts[epoch + 1])
            cut = epoch + 1 < len(self.stimulus.epochs)
            yield from self._epoch(epoch, span, taken, cut)
            taken += sum(self._beats(vector) for vector in self.stimulus.epochs[epoch])
        yield from self._read_backs()
        yield from self._errors()

    def _beats(self, vector: tuple[int, ...]) -> int:
        return -(-len(vector) // self.tile.input_lanes)

    def _epoch(self, epoch: int, span: range, first_beat: int, cut: bool) -> Iterator[str]:
        """One time between resets."""
        offers = [cycle for cycle in self.trace.offers if cycle in span]
        results = [result for result in self.trace.results if result.cycle in span]
        vectors = self._taken(epoch, first_beat)
        if not cut and len(vectors) < len(self.stimulus.epochs[epoch]):
            yield f"epoch {epoch}: only {len(vectors)} of {len(self.stimulus.epochs[epoch])} vectors were taken"
        reads, free, beat = 0, 0, 0
        for number, vector in enumerate(vectors):
            name = f"epoch {epoch}, vector {number}"
            start = max(vector.complete + 1, free)
            product = matrix_vector(self._cells(start), vector.activations[: self.tile.rows], reads)
            reads += product.reads
            released = start + (product.reads - 1) * self.tile.columns_per_adc
            yield from self._input(name, vector, start, released, span)
            expected = [start + product.reads * self.tile.columns_per_adc + _FIRST_OFFER]
            if 0 < beat <= len(results):  # the vector before may still hold the output register
                expected = [max(expected[0], results[beat - 1].cycle + 1)]
            for part in range(self.tile.output_beats):
                if beat >= len(offers):
                    if not cut:
                        yield f"{name}: result beat {part} was never offered"
                    break
                if offers[beat] != expected[-1]:
                    yield f"{name}: result beat {part} was offered in cycle {offers[beat]}, expected {expected[-1]}"
                free = offers[beat]
                if beat < len(results):
                    yield from self._result(f"{name}, beat {part}", results[beat], product, part)
                    expected.append(results[beat].cycle + 1)
                elif not cut:
                    yield f"{name}: result beat {part} was never taken"
                beat += 1
            else:
                continue
            break
        if beat < len(offers):
            yield f"epoch {epoch}: {len(offers) - beat} result beats too many"

    def _taken(self, epoch: int, beat: int) -> list[_Vector]:
        """The vectors of an epoch that were taken whole; `beat` is the number of the epoch's first beat."""
        vectors = []
        cycles = self.trace.activations
        for vector in self.stimulus.epochs[epoch]:
            beats = self._beats(vector)
            complete = cycles.get(beat + min(beats, self.tile.input_beats) - 1)
            if complete is None:
                break
            surplus = beats > self.tile.input_beats
            vectors.append(_Vector(vector, complete, surplus, cycles.get(beat + beats)))
            beat += beats
        return vectors

    def _cells(self, start: int) -> StoredMatrix:
        """The cells as they are sampled from cycle `start` on."""
        return next(stored for first, stored in reversed(self.stored) if first <= start)

    def _input(self, name: str, vector: _Vector, start: int, released: int, span: range) -> Iterator[str]:
        """Whether the tile took what it should, and nothing while it should not."""
        if vector.surplus:
            self.errors.append((vector.complete + 1, 0))
        touched = [cycle for cycle in self.trace.commands.values() if start <= cycle <= released and cycle in span]
        if touched:
            yield f"{name}: commands were taken in cycles {touched} while its planes were sampled"
        following = vector.first_beat
        if following is not None and following in span:
            if following <= released:
                yield f"{name}: the next vector was let in in cycle {following}, before cycle {released + 1}"
            eager = self.stimulus.pace.activation == 1.0 and not vector.surplus
            if eager and following > released + 1:
                yield f"{name}: the next vector was let in in cycle {following}, after cycle {released + 1}"

    def _result(self, name: str, result: Result, product: MatrixVector, part: int) -> Iterator[str]:
        lanes, beats = self.tile.output_lanes, self.tile.output_beats
        padded = [*product.sums.tolist(), *[0] * (beats * lanes - self.tile.cols)]
        expected = Result(
            cycle=result.cycle,
            values=tuple(padded[part * lanes : (part + 1) * lanes]),
            last=part == beats - 1,
            planes=int(product.planes),
            clips=int(product.clips),
        )
        if result != expected:
            yield f"{name}: {result}, expected {expected}"

    def _read_backs(self) -> Iterator[str]:
        """Words read back, each against the cells as they were when its command was taken."""
        answers = iter(self.trace.read_backs)
        missing = [n for n in range(len(self.stimulus.commands)) if n not in self.trace.commands]
        if missing:
            yield f"{len(missing)} commands were never taken, the first is number {missing[0]}"
        for number, cycle in sorted(self.trace.commands.items()):
            command = self.stimulus.commands[number]
            legal = _legal(self.tile, command, self.stimulus.program_weights)
            if not legal:
                self.errors.append((cycle + 1, 1))
            if command.write:
                continue
            expected = self._word(command, cycle) if legal else 0
            answer = next(answers, None)
            if answer is None or answer[0] <= cycle or answer[1] != expected:
                yield f"command {number}, taken in cycle {cycle}, read {answer}, expected the word {expected}"
            if answer is not None and self.stimulus.pace.read_back == 1.0 and answer[0] != cycle + 1:
                yield f"command {number}, taken in cycle {cycle}, was answered in cycle {answer[0]}"
        yield from (f"a word too many was read back: {answer}" for answer in answers)

    def _word(self, command: Command, cycle: int) -> int:
        row, cols = _place(self.tile, command, self.stimulus.program_weights)
        pairs = self._cells(cycle).cells[row, cols.start : cols.stop]
        return sum(int(cell) << place for place, cell in enumerate(pairs.ravel().tolist()))

    def _errors(self) -> Iterator[str]:
        """The error register, change by change."""
        bits, changes = 0, []
        for cycle in range(self.stimulus.cycles):
            before = bits
            if cycle - 1 in self.stimulus.clear_cycles:
                bits = 0
            for first, bit in self.errors:
                bits |= int(first == cycle) << bit
            if cycle in self.stimulus.reset_cycles:
                bits = 0
            if bits != before:
                changes.append((cycle, f"{bits:02b}"))
        if changes != self.trace.errors:
            yield f"error_o changed as {self.trace.errors}, expected {changes}"
