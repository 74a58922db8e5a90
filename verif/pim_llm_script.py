"""Scripts for the hybrid accelerator: what its host does, and what must come of it, by the integer layer's model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.crossbar import StoredMatrix
from tpugen.arithmetic.decoder_layer import (
    CrossbarOptions,
    IntegerLayer,
    LayerShape,
    LayerState,
    MatrixName,
    TokenTrace,
    program,
    run_token,
)
from tpugen.arithmetic.decoder_layer.cycles import operator_cycles
from tpugen.arithmetic.decoder_layer.host import (
    PROGRAM_WEIGHTS,
    Register,
    Status,
    Write,
    abort_writes,
    clips_register,
    counter_register,
    layer_writes,
    planes_register,
    token_writes,
)
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.tpu import TpuShape
from tpugen.verif.pim_llm_harness import CommandKind

__all__ = ["Design", "LlmScript"]

_SLAVE_ERROR = 2
_ALL_BYTES = 15
_PATIENCE = 8
_PATIENCE_CYCLES = 2000
_PACE_LEVELS = 256
_EVERYTHING = 0xFFFFFFFF


@dataclass(frozen=True)
class Design:
    """A design: its layer, its array, its tiles."""

    shape: LayerShape
    array: TpuShape
    crossbars: CrossbarOptions


@dataclass
class LlmScript:
    """What the host does and what must come of it; every method adds to it.

    Attributes:
        design: The unit.
        layer: What it is programmed with.
        seed: Of pauses.
        state: KV cache and reads of the tiles, as the model has them by now.
        commands: What the host does.
        answers: By number of a command: response, and for reads the word, where it is known what it must be.
        beats: Of x: number, `tlast`.
        results: Numbers that must leave: `tlast`, number.
        unsent: Beats of x that nobody takes up to each reset, and to the end.
    """

    design: Design
    layer: IntegerLayer
    seed: int = 1
    state: LayerState = field(init=False)
    commands: list[int] = field(default_factory=list)
    answers: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    beats: list[tuple[int, int]] = field(default_factory=list)
    results: list[tuple[int, int]] = field(default_factory=list)
    unsent: list[int] = field(default_factory=list)
    _paced: bool = False

    def __post_init__(self) -> None:
        self.state = LayerState.empty(self.design.shape)
        weights = {name: low.values for name, low in self.layer.matrices.items()}
        shape, array, crossbars = self.design.shape, self.design.array, self.design.crossbars
        cycles = operator_cycles(shape, array, crossbars, shape.context - 1)
        self._longest = _PATIENCE * sum(cycles.values()) + _PATIENCE_CYCLES
        self._tiles: Mapping[MatrixName, StoredMatrix] = program(self.design.shape, weights, self.design.crossbars)

    def _add(self, kind: CommandKind, data: int = 0, address: int = 0, strobes: int = _ALL_BYTES) -> None:
        self.commands.append((kind << 20 | strobes << 16 | address) << 32 | data)

    def write(self, address: int, value: int, *, refused: bool = False, strobes: int = _ALL_BYTES) -> None:
        """Write a word."""
        self.answers[len(self.commands)] = (_SLAVE_ERROR if refused else 0, None)
        self._add(CommandKind.WRITE, value, address, strobes)

    def writes(self, writes: Iterable[Write], *, refused: bool = False) -> None:
        """Write words."""
        for address, value in writes:
            self.write(address, value, refused=refused)

    def read(self, address: int, value: int, *, refused: bool = False) -> None:
        """Read a word that must be this one."""
        self.answers[len(self.commands)] = (_SLAVE_ERROR if refused else 0, value)
        self._add(CommandKind.READ, address=address)

    def wait(self, cycles: int | None = None) -> None:
        """Wait for the token's end; it must come within so many cycles, by default far more than a token takes."""
        self._add(CommandKind.WAIT, self._longest if cycles is None else cycles, Register.STATUS)

    def wait_result(self) -> None:
        """Wait until a result is on offer; one must come."""
        self._add(CommandKind.WAIT_RESULT, self._longest)

    def wait_taken(self, left: int = 0) -> None:
        """Wait until no more than `left` beats of x wait; they must be taken."""
        self._add(CommandKind.WAIT_TAKEN, left)

    def pause(self, cycles: int) -> None:
        """Let time pass."""
        self._add(CommandKind.PAUSE, cycles)

    def pace(self, x: float = 0.0, result: float = 0.0, host: float = 0.0) -> None:
        """From now on each side pauses with these chances."""
        levels = [min(_PACE_LEVELS - 1, round(chance * _PACE_LEVELS)) for chance in (x, result, host)]
        self._paced = any(levels)
        self._add(CommandKind.PACE, levels[2] << 16 | levels[1] << 8 | levels[0])

    def send(self, numbers: Sequence[int] | npt.NDArray[np.integer], *, last: bool = True) -> None:
        """Offer a frame of x, or the beginning of one."""
        words = [(int(number), 0) for number in numbers]
        if last and words:
            words[-1] = (words[-1][0], 1)
        self.beats += words
        self._add(CommandKind.SEND, len(words))

    def reset(self, unsent: int = 0) -> None:
        """Reset; settings, length and counters are gone, cells and gains stay."""
        self.unsent.append(unsent)
        self._add(CommandKind.RESET)
        self.state = LayerState.empty(self.design.shape)

    def program(self) -> None:
        """Everything that the layer needs."""
        self.writes(layer_writes(self.layer, self.design.crossbars))

    def fetch(self, name: MatrixName, crossbar: int, row: int, word: int, count: int) -> None:
        """Read words of a matrix back, one after the other from one that is addressed."""
        tile = self._tiles[name].tile
        for _ in range(count):
            self.write(Register.PROGRAM_READ, 0)
            self.read(Register.PROGRAM_DATA, self._word(name, crossbar, row, word))
            word = (word + 1) % -(-tile.crossbar_cols // PROGRAM_WEIGHTS)
            row = (row + (word == 0)) % tile.crossbar_rows
            crossbar += int(word == 0 and row == 0)

    def _word(self, name: MatrixName, crossbar: int, row: int, word: int) -> int:
        """What the cells of a word conduct."""
        tile = self._tiles[name].tile
        top, left = crossbar // tile.block_cols * tile.crossbar_rows, crossbar % tile.block_cols * tile.crossbar_cols
        first, end = word * PROGRAM_WEIGHTS, min((word + 1) * PROGRAM_WEIGHTS, tile.crossbar_cols)
        cells = self._tiles[name].cells[top + row, left + first : left + end]
        return sum(int(positive) << 2 * i | int(negative) << 2 * i + 1 for i, (positive, negative) in enumerate(cells))

    def expect(self, x: npt.NDArray[np.integer], position: int | None = None) -> TokenTrace:
        """One token of the model; its result must leave."""
        trace, self.state = run_token(self.layer, self.state, x, tiles=self._tiles, position=position)
        ends = np.arange(len(trace.x2)) == len(trace.x2) - 1
        self.results += list(zip(ends.astype(int).tolist(), trace.x2.tolist(), strict=True))
        return trace

    def finish(self, trace: TokenTrace, status: Status = Status.DONE, *, counted: bool | None = None) -> None:
        """Wait for a token's end, look at everything that the host can know of it, and clear the status.

        Args:
            trace: The token.
            status: What the status must say.
            counted: Whether cycles are compared: by default where nobody pauses.
        """
        self.wait()
        self._add(CommandKind.PAUSE, 2)
        self.read(Register.STATUS, status)
        self.read(Register.LENGTH, trace.position + 1)
        for name, product in trace.products.items():
            self.read(clips_register(name), int(product.clips))
            self.read(planes_register(name), int(product.planes))
        if counted if counted is not None else not self._paced:
            planes = {name: int(product.planes) for name, product in trace.products.items()}
            shape, array, crossbars = self.design.shape, self.design.array, self.design.crossbars
            cycles = operator_cycles(shape, array, crossbars, trace.position, planes)
            for operator in Operator:
                self.read(counter_register(operator), cycles.get(operator, 0))
            self.read(Register.CYCLES, sum(cycles.values()))
        self.write(Register.STATUS, _EVERYTHING)
        self.read(Register.STATUS, 0)

    def token(self, x: npt.NDArray[np.integer], position: int | None = None) -> None:
        """A whole token, at the next position or at an earlier one."""
        trace = self.expect(x, position)
        self.send(x)
        self.pause(8)
        self.writes(token_writes(trace.position))
        self.finish(trace)

    def abort(self, position: int, also: int = 0) -> None:
        """Abort the running token, which began at `position`: it is lost; the status also says something else."""
        self.writes(abort_writes())
        self._add(CommandKind.PAUSE, 2)
        self.read(Register.STATUS, Status.ABORTED | also)
        self.read(Register.LENGTH, position)
        self.write(Register.STATUS, _EVERYTHING)
        self.state = LayerState(self.state.keys, self.state.values, position)  # tiles count reads anew
