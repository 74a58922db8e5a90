"""Steps of the hybrid accelerator's bench: a layer programmed into it, tokens, and what its counters must say.

The layer is a random one of fixed seed; what must come is the integer layer's, bit for bit, the state of the sequence
kept along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from tpugen.arithmetic.crossbar import StoredMatrix
from tpugen.arithmetic.decoder_layer import (
    IntegerLayer,
    LayerState,
    MatrixName,
    TokenTrace,
    program,
    quantise_layer,
    quantise_tokens,
    random_layer,
    random_tokens,
    run_token,
)
from tpugen.arithmetic.decoder_layer.cycles import operator_cycles
from tpugen.arithmetic.decoder_layer.host import (
    PROGRAM_WEIGHTS,
    Register,
    Status,
    abort_writes,
    clips_register,
    counter_register,
    planes_register,
    program_address,
    setting_writes,
    token_writes,
)
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear import Factor
from tpugen.spec import PimLlmSpec, contract_for
from tpugen.verif.transaction_ports import BeatPacker, LiteHost
from tpugen.verif.transactions import Expect, Idle, Look, Mark, Measure, Send, Step, Until, Wait

__all__ = ["CLIPS_TAG", "COUNTER_TAG", "PLANES_TAG", "PimLlmSteps"]

COUNTER_TAG, CLIPS_TAG, PLANES_TAG = "counter", "clips", "planes"
"""What the tags of counters begin with; position, and operator or matrix follow."""

_RESULT_HINT = (
    "x2 = saturate(x1 + W_O quantise(activation)), x1 = saturate(x + W_X quantise(attention)): the first operator "
    "whose cycles, bit planes or clips differ as well, if any, is the one to look at."
)
_ALL = 0xFFFFFFFF
_CALIBRATION_TOKENS = 16
_AROUND = 2
"""The write that starts a token is taken a cycle before its first, and the interrupt rises a cycle after its last."""


class PimLlmSteps:
    """Writes steps for one spec, and keeps the state of the sequence at that point of the plan.

    Args:
        spec: The accelerator.
        seed: Seed of the layer and of tokens.
    """

    def __init__(self, spec: PimLlmSpec, seed: int) -> None:
        self.spec = spec
        self.shape, self.array, self.crossbars = spec.shape, spec.array, spec.crossbars
        self.contract = contract_for(spec)
        self.rng = np.random.default_rng(seed)
        self.packer = BeatPacker(self.contract)
        self.host = LiteHost(self.contract, Register.STATUS, Status)
        known = random_tokens(self.shape, min(self.shape.context, _CALIBRATION_TOKENS), seed=seed + 1)
        self.layer: IntegerLayer = quantise_layer(random_layer(self.shape, seed=seed), known)
        self.state = LayerState.empty(self.shape)

    @cached_property
    def tiles(self) -> Mapping[MatrixName, StoredMatrix]:
        """The cells after programming."""
        weights = {name: low.values for name, low in self.layer.matrices.items()}
        return program(self.shape, weights, self.crossbars)

    @cached_property
    def longest(self) -> int:
        """Cycles of the last position's token."""
        return sum(operator_cycles(self.shape, self.array, self.crossbars, self.shape.context - 1).values())

    @property
    def limit(self) -> int:
        """Cycles without a transfer that no honest accelerator needs."""
        return 4 * self.longest + 1000

    @property
    def louder(self) -> IntegerLayer:
        """The same layer with constants four times as great, so that numbers saturate."""
        constants = {name: Factor(c.multiplier, max(0, c.shift - 2)) for name, c in self.layer.constants.items()}
        return replace(self.layer, constants=constants)

    # tokens

    def tokens(self, count: int) -> IntArray:
        """Tokens as the layer knows them, int16, shape (count, d)."""
        real = self.rng.normal(0, 1, (count, self.shape.d))
        return np.asarray(quantise_tokens(self.layer, real), dtype=np.int64)

    def settings(self, layer: IntegerLayer | None = None) -> list[Step]:
        """Write constants, shifts and formats, which reset clears."""
        return self.host.writes(setting_writes(layer or self.layer), words="settings of the layer")

    def expect(
        self, x: IntArray, position: int | None = None, *, layer: IntegerLayer | None = None
    ) -> tuple[TokenTrace, Expect]:
        """One token of the model, and its result."""
        trace, self.state = run_token(layer or self.layer, self.state, x, tiles=self.tiles, position=position)
        values = trace.x2.tolist()
        beats = [self._beat("m_axis_x", "o", value, place == len(values) - 1) for place, value in enumerate(values)]
        labels = [f"element {place} of x2" for place in range(len(values))]
        words = f"the layer's result for the token at position {trace.position}"
        lanes = ("m_axis_x_tdata_o", 16, True)
        return trace, Expect("m_axis_x", beats, words=words, labels=labels, lanes=lanes, hint=_RESULT_HINT)

    def _beat(self, channel: str, side: str, value: int, last: bool) -> int:
        return self.packer.beat(channel, {f"{channel}_tdata_{side}": value, f"{channel}_tlast_{side}": int(last)})

    def send(self, numbers: Sequence[int] | IntArray, *, last: bool = True) -> Step:
        """Queue a frame of x, or the beginning of one."""
        end = len(numbers) - 1
        beats = [self._beat("s_axis_x", "i", int(n), last and place == end) for place, n in enumerate(numbers)]
        return Send("s_axis_x", beats, "numbers of a token")

    def start(self, position: int) -> list[Step]:
        """Start the token of a position."""
        return self.host.writes(token_writes(position), words=f"start of the token at position {position}")

    def token(
        self,
        x: IntArray,
        position: int | None = None,
        *,
        timed: bool = False,
        latency: bool = False,
        layer: IntegerLayer | None = None,
    ) -> list[Step]:
        """A whole token; `timed`: nobody pauses, so cycles are known."""
        trace, expected = self.expect(x, position, layer=layer)
        steps: list[Step] = [self.send(x), expected]
        if timed:
            steps += [Idle(4), Mark()]  # the first number is on offer
        return [*steps, *self.start(trace.position), *self.finish(trace, timed=timed, latency=latency)]

    def finish(
        self, trace: TokenTrace, status: Status = Status.DONE, *, timed: bool = False, latency: bool = False
    ) -> list[Step]:
        """Wait for a token's end; everything that the host can know of it must be right; clear the status."""
        early = [] if status == Status.DONE else [Idle(16)]
        steps: list[Step] = [Wait(self.limit), *early, Until("interrupt_o", 1, self.limit)]
        if timed:
            cycles = sum(self.cycles(trace).values())
            name = f"the token at position {trace.position}, from its start to its interrupt,"
            begin, end = ("s_axil_w", 1), ("interrupt_o", 0)
            steps.append(Measure(name, begin, end, cycles, latency=latency, offset=-_AROUND))
        steps += self.host.read(Register.STATUS, status, words=f"STATUS after the token at position {trace.position}")
        steps += self.host.read(Register.LENGTH, trace.position + 1, words="LENGTH after the token")
        steps += self.conversions(trace)
        if timed:
            steps += self.counters(trace)
        return [*steps, *self.clear()]

    def clear(self) -> list[Step]:
        """Clear the status; the interrupt falls."""
        return [
            *self.host.write(Register.STATUS, _ALL, words="write that clears STATUS"),
            *self.host.read(Register.STATUS, 0, words="STATUS after it was cleared"),
            Look("interrupt_o", 0, words="the interrupt after STATUS was cleared"),
        ]

    def cycles(self, trace: TokenTrace) -> dict[Operator, int]:
        """The model's cycles of each operator of a token."""
        planes = {name: int(product.planes) for name, product in trace.products.items()}
        return operator_cycles(self.shape, self.array, self.crossbars, trace.position, planes)

    def longest_of(self, position: int) -> int:
        """Cycles of a token at a position, all bit planes read."""
        return sum(operator_cycles(self.shape, self.array, self.crossbars, position).values())

    def conversions(self, trace: TokenTrace) -> list[Step]:
        """Conversions that clipped and bit planes read, of every matrix."""
        steps: list[Step] = []
        for tag, register, field in ((CLIPS_TAG, clips_register, "clips"), (PLANES_TAG, planes_register, "planes")):
            pairs = [(register(name), int(getattr(product, field))) for name, product in trace.products.items()]
            labels = [f"{field} of {name}" for name in trace.products]
            tags = [f"{tag} {trace.position} {name}" for name in trace.products]
            steps += self.host.reads(pairs, words=f"{field} counted by matrix", labels=labels, tags=tags)
        return steps

    def counters(self, trace: TokenTrace) -> list[Step]:
        """Cycles of every operator, and of the token."""
        cycles = self.cycles(trace)
        pairs = [(counter_register(operator), cycles.get(operator, 0)) for operator in Operator]
        labels = [f"cycles of {operator.name}" for operator in Operator]
        tags = [f"{COUNTER_TAG} {trace.position} {operator.name}" for operator in Operator]
        words = f"operator counters of the token at position {trace.position}"
        return [
            *self.host.reads(pairs, words=words, labels=labels, tags=tags),
            *self.host.read(Register.CYCLES, sum(cycles.values()), words="CYCLES of the token"),
        ]

    def lost(self, x: IntArray, position: int) -> list[Step]:
        """Begin a token that will not end: nothing of it is expected."""
        return [self.send(x), *self.start(position)]

    def abort(self, position: int) -> list[Step]:
        """Abort the running token, which began at `position`: it is lost, and what came after it."""
        self.state = LayerState(self.state.keys, self.state.values, position)  # tiles count their reads anew
        return [
            *self.host.writes(abort_writes(), words="abort"),
            Idle(16),
            *self.host.read(Register.STATUS, Status.ABORTED, words="STATUS after an abort"),
            *self.host.read(Register.LENGTH, position, words="LENGTH after an abort"),
            *self.clear(),
        ]

    def forget(self) -> None:
        """The state after reset."""
        self.state = LayerState.empty(self.shape)

    # cells

    def read_back(self, name: MatrixName, crossbar: int, row: int, word: int, count: int) -> list[Step]:
        """Words of a matrix's cells, one after the other from one that is addressed."""
        tile = self.tiles[name].tile
        words = -(-tile.crossbar_cols // PROGRAM_WEIGHTS)
        steps = self.host.writes(program_address(name, crossbar, row, word), words=f"address of a word of {name}")
        for _ in range(count):
            what = f"word {word} of row {row} of crossbar {crossbar} of {name}"
            steps += self.host.write(Register.PROGRAM_READ, 0, words=f"fetch of {what}")
            steps += self.host.read(Register.PROGRAM_DATA, self._word(name, crossbar, row, word), words=what)
            word = (word + 1) % words
            row = (row + (word == 0)) % tile.crossbar_rows
            crossbar += int(word == 0 and row == 0)
            if crossbar == tile.block_rows * tile.block_cols:
                break
        return steps

    def _word(self, name: MatrixName, crossbar: int, row: int, word: int) -> int:
        """What the cells of a word conduct."""
        tile = self.tiles[name].tile
        top, left = crossbar // tile.block_cols * tile.crossbar_rows, crossbar % tile.block_cols * tile.crossbar_cols
        first, end = word * PROGRAM_WEIGHTS, min((word + 1) * PROGRAM_WEIGHTS, tile.crossbar_cols)
        cells = self.tiles[name].cells[top + row, left + first : left + end].ravel().tolist()
        return sum(int(cell) << place for place, cell in enumerate(cells))
