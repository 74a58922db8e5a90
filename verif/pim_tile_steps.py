"""Steps of a PIM tile's bench: commands, words read back, vectors and their results, as the model has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tpugen.arithmetic.crossbar import StoredMatrix, matrix_vector, store
from tpugen.arithmetic.integers import IntArray
from tpugen.spec import PimTileSpec, contract_for
from tpugen.spec.contract_accelerators import PROGRAM_WEIGHTS
from tpugen.verif.pim_tile_bench import Command
from tpugen.verif.transaction_ports import BeatPacker
from tpugen.verif.transactions import Expect, Send, Step, Wait

__all__ = ["VECTOR_RESULT", "PimTileEffort", "PimTileSteps", "pim_tile_effort"]

VECTOR_RESULT = "result"
"""Tag of a vector's last beat of results, which says its planes and clips."""

_RESULT_HINT = (
    "Codes clip plane by plane, are added over the row blocks and shift-added over the planes, the sign plane "
    "negative; planes and clips count what was read of this vector alone."
)
_WORDS = 20_000
_RANDOM_READS = 64
_SMALL_CELLS = 4096


@dataclass(frozen=True)
class PimTileEffort:
    """How much is tried, by size of the tile.

    Attributes:
        vectors: Back to back at full speed.
        stalled: With pauses, for each way of pausing.
        resets: Moments at which a reset comes.
    """

    vectors: int
    stalled: int
    resets: int


def pim_tile_effort(spec: PimTileSpec) -> PimTileEffort:
    """The effort for a tile."""
    shape = spec.shape
    cells = shape.block_rows * shape.block_cols * spec.crossbar_rows * spec.crossbar_cols
    if cells <= _SMALL_CELLS:
        return PimTileEffort(vectors=8, stalled=4, resets=5)
    return PimTileEffort(vectors=6, stalled=3, resets=3)


class PimTileSteps:
    """Writes steps for one spec, and knows what the cells hold at that point of the plan.

    Args:
        spec: The tile.
        seed: Seed of matrices and vectors.
    """

    def __init__(self, spec: PimTileSpec, seed: int) -> None:
        self.spec = spec
        self.shape = spec.shape
        self.contract = contract_for(spec)
        self.effort = pim_tile_effort(spec)
        self.rng = np.random.default_rng(seed)
        self._packer = BeatPacker(self.contract)
        self.all_words = sum(rows * words for rows, words in self._block_words())
        self._chosen = self._choose()
        self.matrix = self.random_matrix()
        self.other_matrix = self.random_matrix()
        self.stored = store(self.shape, self.matrix)

    @property
    def limit(self) -> int:
        """Cycles without a transfer that no honest tile needs."""
        return 4 * self.shape.first_result_cycles(self.spec.activation_width_bits) + 300

    @property
    def whole(self) -> bool:
        """Whether every word of the matrix is programmed."""
        return self.programmed_words == self.all_words

    @property
    def programmed_words(self) -> int:
        """Words that are programmed."""
        return len(self._chosen)

    def _block_words(self) -> list[tuple[int, int]]:
        """Rows and words of a row of every crossbar that hold something of the matrix."""
        shape = self.shape
        return [
            (
                min(shape.crossbar_rows, shape.rows - row * shape.crossbar_rows),
                -(-min(shape.crossbar_cols, shape.cols - col * shape.crossbar_cols) // PROGRAM_WEIGHTS),
            )
            for row in range(shape.block_rows)
            for col in range(shape.block_cols)
        ]

    def _choose(self) -> list[Command]:
        """The words that are programmed: all, or of a large tile as many as there is time for."""
        places = np.arange(self.all_words)
        if self.all_words > _WORDS:
            places = np.sort(self.rng.choice(self.all_words, _WORDS, replace=False))
        commands, base = [], 0
        for crossbar, (rows, words) in enumerate(self._block_words()):
            inside = places[(places >= base) & (places < base + rows * words)] - base
            commands += [Command(False, crossbar, int(p) // words, int(p) % words) for p in inside]
            base += rows * words
        return commands

    def random_matrix(self) -> IntArray:
        """Weights; those in words that are never programmed are 0."""
        values = np.array((-1, 0, 1) if self.spec.weights == "ternary" else (-1, 1))
        matrix = self.rng.choice(values, (self.spec.rows, self.spec.cols))
        return matrix * self._mask()

    def _mask(self) -> IntArray:
        mask = np.zeros((self.spec.rows, self.spec.cols), dtype=np.int64)
        for command in self._chosen:
            row, first, last = self._place(command)
            if row < self.spec.rows:
                mask[row, first : min(last, self.spec.cols)] = 1
        return mask

    def _place(self, command: Command) -> tuple[int, int, int]:
        """Row, and columns from and to, of the tile's cells that a command addresses."""
        block_row, block_col = divmod(command.crossbar, self.shape.block_cols)
        first = command.word * PROGRAM_WEIGHTS
        last = min(first + PROGRAM_WEIGHTS, self.shape.crossbar_cols)
        offset = block_col * self.shape.crossbar_cols
        return block_row * self.shape.crossbar_rows + command.row, offset + first, offset + last

    def random(self, count: int) -> IntArray:
        """Vectors over the activations' whole range, shape (count, rows)."""
        half = 1 << (self.spec.activation_width_bits - 1)
        return self.rng.integers(-half, half, (count, self.spec.rows))

    # commands

    def commands(self, commands: Sequence[Command], answers: Sequence[int | None], words: str) -> list[Step]:
        """Queue commands and the words that those that read must give."""
        beats = [
            self._packer.beat(
                "program",
                {
                    "program_write_i": int(command.write),
                    "program_crossbar_i": command.crossbar,
                    "program_row_i": command.row,
                    "program_word_i": command.word,
                    "program_data_i": command.data,
                },
            )
            for command in commands
        ]
        read = [(c, word) for c, word in zip(commands, answers, strict=True) if word is not None]
        steps: list[Step] = [Send("program", beats, words)]
        if read:
            labels = [f"crossbar {c.crossbar}, row {c.row}, word {c.word}" for c, _ in read]
            hint = "Weight i of a word is at bits [2i +: 2], positive cell first; stuck cells and columns beyond count."
            steps.append(Expect("readback", [word for _, word in read], words=words, labels=labels, hint=hint))
        return steps

    def program(self, matrix: IntArray) -> list[Step]:
        """Write a matrix, and wait until it is written."""
        part = matrix * self._mask()
        self.stored = store(self.shape, part)
        commands = []
        for command in self._chosen:
            row, first, last = self._place(command)
            weights = part[row, first : min(last, self.spec.cols)].tolist()
            codes = [2 if weight < 0 else weight for weight in weights]
            data = sum(code << 2 * place for place, code in enumerate(codes))
            commands.append(Command(True, command.crossbar, command.row, command.word, data))
        return [*self.commands(commands, [None] * len(commands), "programming"), Wait(self.limit)]

    def erased(self) -> StoredMatrix:
        """The cells before anything was programmed."""
        return store(self.shape, np.zeros_like(self.matrix))

    def word(self, stored: StoredMatrix, command: Command) -> int:
        """What a command reads."""
        row, first, last = self._place(command)
        cells = stored.cells[row, first:last].ravel().tolist()
        return sum(int(cell) << place for place, cell in enumerate(cells))

    def read_back(self, words: str, stored: StoredMatrix) -> list[Step]:
        """Read every programmed word and some beside them, all in one go."""
        commands = [Command(False, c.crossbar, c.row, c.word) for c in self._chosen] + self._random_reads()
        return [*self.commands(commands, [self.word(stored, c) for c in commands], words), Wait(self.limit)]

    def some_read_back(self) -> list[Step]:
        """Read some words, without waiting for them."""
        commands = self._random_reads()
        return self.commands(commands, [self.word(self.stored, command) for command in commands], "cells read back")

    def _random_reads(self) -> list[Command]:
        shape = self.shape
        words = -(-shape.crossbar_cols // PROGRAM_WEIGHTS)
        limits = (shape.block_rows * shape.block_cols, shape.crossbar_rows, words)
        places = np.stack([self.rng.integers(0, limit, _RANDOM_READS) for limit in limits], axis=1)
        return [Command(False, *place) for place in places.tolist()]

    def outside(self) -> list[tuple[Command, str]]:
        """Commands whose address lies outside, each just beyond an edge, and what they are."""
        shape = self.shape
        blocks, words = shape.block_rows * shape.block_cols, -(-shape.crossbar_cols // PROGRAM_WEIGHTS)
        edges = {"crossbar": (blocks, 0, 0), "row": (0, shape.crossbar_rows, 0), "word": (0, 0, words)}
        edges["crossbar beyond all"] = (0xFFFF, 0, 0)
        return [
            (Command(write, *place, (1 << 2 * PROGRAM_WEIGHTS) - 1 if write else 0), f"{verb} of a {what} outside")
            for what, place in edges.items()
            for write, verb in ((True, "write"), (False, "read"))
        ]

    # vectors

    def vectors(self, vectors: IntArray, first_read: int, words: str = "", sent: IntArray | None = None) -> list[Step]:
        """Queue vectors (count, length) and their results.

        Args:
            vectors: What is multiplied.
            first_read: Reads of the crossbars since reset.
            words: What they are.
            sent: Activations that are sent instead of the first vector's.
        """
        product = matrix_vector(self.stored, vectors, first_read)
        beats = [beat for vector in vectors for beat in self._activations(vector if sent is None else sent)]
        results: list[int] = []
        labels: list[str] = []
        tags: list[str | None] = []
        for number in range(len(vectors)):
            results += self._results(product.sums[number], int(product.planes[number]), int(product.clips[number]))
            for part in range(self.shape.output_beats):
                labels.append(f"vector {number + 1} of {len(vectors)}, beat {part + 1} of {self.shape.output_beats}")
                tags.append(VECTOR_RESULT if part + 1 == self.shape.output_beats else None)
        width = self.spec.result_width_bits
        said = words or f"{len(vectors)} random vectors"
        return [
            Send("activation", beats, said),
            Expect(
                "result",
                results,
                tags=tags,
                words=f"results of {said}",
                labels=labels,
                lanes=("result_o", width, True),
                hint=_RESULT_HINT,
            ),
        ]

    def _activations(self, vector: IntArray) -> list[int]:
        """Beats of one vector; lanes of rows beyond the matrix carry what they like, of rows left out 0."""
        lanes, width = self.shape.input_lanes, self.spec.activation_width_bits
        mask = (1 << width) - 1
        beats = []
        for start in range(0, len(vector), lanes):
            values = vector[start : start + lanes].tolist()
            for row in range(start + len(values), start + lanes):
                values.append(int(self.rng.integers(0, mask + 1)) if row >= self.spec.rows else 0)
            bits = sum((value & mask) << place * width for place, value in enumerate(values))
            last = int(start + lanes >= len(vector))
            beats.append(self._packer.beat("activation", {"activation_i": bits, "activation_last_i": last}))
        return beats

    def _results(self, sums: IntArray, planes: int, clips: int) -> list[int]:
        lanes, width = self.shape.output_lanes, self.spec.result_width_bits
        mask = (1 << width) - 1
        beats = []
        for start in range(0, len(sums), lanes):
            values = sums[start : start + lanes].tolist()
            bits = sum((value & mask) << place * width for place, value in enumerate(values))
            beats.append(
                self._packer.beat(
                    "result",
                    {
                        "result_o": bits,
                        "result_planes_o": planes,
                        "result_clips_o": clips,
                        "result_last_o": int(start + lanes >= len(sums)),
                    },
                )
            )
        return beats
