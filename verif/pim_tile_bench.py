"""Runs the library's PIM tile in Icarus or Verilator on a stimulus and says, cycle by cycle, what it transferred.

The bench is plain Verilog: it drives inputs just after the rising edge, looks at the outputs in the middle of the
cycle, and prints every transfer that the next rising edge will make. What is right is judged in Python, against
`tpugen.arithmetic.crossbar`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tpugen.arithmetic.crossbar import TileShape
from tpugen.arithmetic.crossbar_cells import programming_words
from tpugen.errors import DesignFailedError
from tpugen.flows import process
from tpugen.flows.verilog_bench import bench_commands
from tpugen.verif.golden import pack, unpack
from tpugen.verif.pim_tile_harness import BENCH, bench_text, tile_parameters
from tpugen.verif.unit_simulators import SimulatorName

__all__ = [
    "Command",
    "Pace",
    "Result",
    "Stimulus",
    "TileTrace",
    "programming",
    "read_back",
    "run_tile",
]

BENCH_LIMITS = process.Limits(wall_s=120.0, cpu_s=120.0, memory_mb=4096, file_mb=256)
"""Generous for tiles of some hundred cells."""

_RESET_CYCLES = 3


@dataclass(frozen=True)
class Command:
    """One command of the programming port.

    Attributes:
        write: Whether the word is written; else it is read back.
        crossbar: Which crossbar.
        row: Which word line.
        word: Which word of it.
        data: What is written.
        after: Beats of activations, counted over all epochs, that must have been taken before it is offered.
    """

    write: bool
    crossbar: int
    row: int
    word: int
    data: int = 0
    after: int = 0


@dataclass(frozen=True)
class Pace:
    """How eager each side of the tile is: the chance, in a cycle, to offer or to take."""

    activation: float = 1.0
    result: float = 1.0
    command: float = 1.0
    read_back: float = 1.0


@dataclass(frozen=True)
class Stimulus:
    """What a tile is driven with.

    Attributes:
        tile: The tile.
        epochs: For each time between resets, vectors of activations of any length above 0, each sent with `last` on
            its last beat. Activations of the first epoch wait for the commands without `after`.
        commands: Commands, in order.
        reset_cycles: When reset is asserted anew: one cycle number for each epoch after the first.
        clear_cycles: In which error_clear_i is high.
        pace: How eager the surroundings are.
        seed: Of the pauses.
        program_weights: Weights of a programming word.
        cycles: Cycles simulated.
    """

    tile: TileShape
    epochs: tuple[tuple[tuple[int, ...], ...], ...]
    commands: tuple[Command, ...] = ()
    reset_cycles: tuple[int, ...] = ()
    clear_cycles: tuple[int, ...] = ()
    pace: Pace = field(default_factory=Pace)
    seed: int = 1
    program_weights: int = 4
    cycles: int = 2000


@dataclass(frozen=True)
class Result:
    """One beat of results: cycle, values of the lanes (None: unknown bits), `last`, planes and clips of its vector."""

    cycle: int
    values: tuple[int, ...] | None
    last: bool
    planes: int
    clips: int


@dataclass
class TileTrace:
    """What a tile transferred.

    Attributes:
        activations: Cycle of each beat taken, by its number over all epochs.
        commands: Cycle of each command taken, by its number.
        results: Beats of results, in order.
        offers: Cycle in which each of them was first on offer.
        read_backs: (cycle, word; None: unknown bits) of each word read back.
        errors: (cycle, error_o) whenever that changed.
        violations: What the handshake rules forbid.
    """

    activations: dict[int, int] = field(default_factory=dict)
    commands: dict[int, int] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    offers: list[int] = field(default_factory=list)
    read_backs: list[tuple[int, int | None]] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def programming(tile: TileShape, weights: Sequence[Sequence[int]], program_weights: int) -> tuple[Command, ...]:
    """Commands that store a matrix: every row and column of it, nothing beyond."""
    commands = []
    for index in range(tile.block_rows * tile.block_cols):
        first_row = index // tile.block_cols * tile.crossbar_rows
        first_col = index % tile.block_cols * tile.crossbar_cols
        rows = weights[first_row : first_row + tile.crossbar_rows]
        part = [list(row[first_col : first_col + tile.crossbar_cols]) for row in rows]
        for row, words in enumerate(programming_words(part, program_weights)):
            commands += [Command(True, index, row, word, data) for word, data in enumerate(words)]
    return tuple(commands)


def read_back(tile: TileShape, program_weights: int, after: int = 0) -> tuple[Command, ...]:
    """Commands that read every word of every crossbar."""
    words = -(-tile.crossbar_cols // program_weights)
    return tuple(
        Command(False, index, row, word, after=after)
        for index in range(tile.block_rows * tile.block_cols)
        for row in range(tile.crossbar_rows)
        for word in range(words)
    )


def run_tile(
    stimulus: Stimulus, sources: Mapping[str, str], folder: Path, simulator: SimulatorName = "icarus"
) -> TileTrace:
    """Simulate the tile.

    Args:
        stimulus: What it is driven with.
        sources: Verilog text of `pim_tile` and all that it instantiates, by module name.
        folder: Where bench, memories and logs go; created if missing.
        simulator: Icarus starts at once; Verilator builds for seconds and then runs about a thousand times as fast.

    Raises:
        DesignFailedError: the design does not compile or the simulation did not end by itself.
        ToolMissingError: no such simulator.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {"designs.v": "\n".join(sources.values()), "bench.v": _bench(stimulus), **_memories(stimulus)}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    said = ""
    for command in bench_commands(simulator, BENCH, ["bench.v", "designs.v"]):
        done = process.run(command, cwd=folder, limits=BENCH_LIMITS, log=folder)
        said = done.stdout
        if done.returncode != 0:
            raise DesignFailedError(f"{Path(command[0]).name} refused the tile: {(done.stderr or said)[:400]}")
    return _parsed(stimulus, said)


# -- inputs -------------------------------------------------------------------------------------------------------


def _beats(stimulus: Stimulus) -> list[tuple[int, bool, int]]:
    """(epoch, last, payload) of every beat of activations."""
    tile = stimulus.tile
    rng = random.Random(stimulus.seed)  # noqa: S311 - stimulus, not secrets
    beats = []
    for epoch, vectors in enumerate(stimulus.epochs):
        for vector in vectors:
            starts = range(0, len(vector), tile.input_lanes)
            for start in starts:
                lanes = list(vector[start : start + tile.input_lanes])
                # Lanes beyond the matrix's last row carry what they like, lanes of rows that the vector leaves out 0.
                for lane in range(len(lanes), tile.input_lanes):
                    beyond = start + lane >= tile.rows
                    lanes.append(rng.getrandbits(tile.activation_width_bits) if beyond else 0)
                beats.append((epoch, start == starts[-1], pack(lanes, tile.activation_width_bits)))
    return beats


def _memories(stimulus: Stimulus) -> dict[str, str]:
    """The files that the bench reads: beats, commands, and what the surroundings do in each cycle."""
    beats = _beats(stimulus)
    width = stimulus.tile.input_lanes * stimulus.tile.activation_width_bits
    beat_words = [(epoch << 1 | int(last)) << width | payload for epoch, last, payload in beats]
    data_width = 2 * stimulus.program_weights
    command_words = [
        ((((c.after << 1 | int(c.write)) << 16 | c.crossbar) << 16 | c.row) << 16 | c.word) << data_width | c.data
        for c in stimulus.commands
    ]
    rng = random.Random(f"pace {stimulus.seed}")  # noqa: S311 - stimulus, not secrets
    pace = stimulus.pace
    chances = (pace.activation, pace.command, pace.result, pace.read_back)
    resets = {start + cycle for start in (0, *stimulus.reset_cycles) for cycle in range(_RESET_CYCLES)}
    cycle_words: list[int] = []
    for cycle in range(stimulus.cycles):
        eager = sum(int(rng.random() < chance) << bit for bit, chance in enumerate(chances))
        clears = int(cycle in stimulus.clear_cycles)
        cycle_words.append((clears << 4 | eager) << 1 | int(cycle not in resets))
    texts = {"beats.hex": beat_words, "commands.hex": command_words, "cycles.hex": cycle_words}
    return {name: "\n".join(f"{word:x}" for word in [*words, 0]) + "\n" for name, words in texts.items()}


def _bench(stimulus: Stimulus) -> str:
    """The bench's Verilog text."""
    first = sum(1 for command in stimulus.commands if command.after == 0)
    parameters = tile_parameters(stimulus.tile, stimulus.program_weights)
    return bench_text(parameters, len(_beats(stimulus)), len(stimulus.commands), first, stimulus.cycles)


# -- what was said ------------------------------------------------------------------------------------------------


def _parsed(stimulus: Stimulus, said: str) -> TileTrace:
    trace = TileTrace()
    lanes = stimulus.tile.output_lanes
    for line in said.splitlines():
        kind, _, rest = line.partition(" ")
        words = rest.split()
        if kind == "a":
            trace.activations[int(words[1])] = int(words[0])
        elif kind == "c":
            trace.commands[int(words[1])] = int(words[0])
        elif kind == "o":
            trace.offers.append(int(words[0]))
        elif kind == "e":
            trace.errors.append((int(words[0]), words[1]))
        elif kind == "x":
            trace.violations.append(f"cycle {rest}")
        elif kind == "b":
            trace.read_backs.append((int(words[0]), int(words[1], 2) if words[1].isdigit() else None))
        elif kind == "r":
            known = "".join(words[1:]).isdigit()
            values = tuple(unpack(int(words[4], 2), 32, lanes, True)) if known else None
            counts = (int(words[2]), int(words[3])) if known else (-1, -1)
            trace.results.append(Result(int(words[0]), values, words[1] == "1", *counts))
    return trace
