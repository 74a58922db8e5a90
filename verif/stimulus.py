"""What the benches drive: random and corner operands, lengths, pauses, resets, all from the spec and one seed."""

from __future__ import annotations

import numpy as np

from tpugen.arithmetic.integers import IntArray, as_integers
from tpugen.spec import AdderSpec, ArithmeticSpec, Contract, MacSpec, MultiplierSpec, SystolicArraySpec, contract_for
from tpugen.verif import golden
from tpugen.verif.effort import effort_for
from tpugen.verif.harness import combinational_layout, stream_layout
from tpugen.verif.operands import Operands, Tile
from tpugen.verif.plan import CombinationalPlan, CombinationalTest, Phase, Reset, Stall, StreamPlan, StreamTest

__all__ = ["StreamTests", "make_plan", "stream_plan"]

_EXHAUSTIVE_BITS = 16
_RANDOM_VECTORS = 2000
_ACTIVITY_VECTORS = 256

_BUBBLES = Stall(start=0.3, stop=0.5)
_LIGHT = Stall(start=0.2, stop=0.6)
_HEAVY = Stall(start=0.25, stop=0.15)


def make_plan(spec: ArithmeticSpec, seed: int) -> StreamPlan | CombinationalPlan:
    """The bench plan of a spec: a pure function of its arguments."""
    contract = contract_for(spec)
    if isinstance(spec, AdderSpec | MultiplierSpec):
        return _combinational_plan(spec, contract, seed)
    return stream_plan(StreamTests(spec, contract, seed))


def stream_plan(tests: StreamTests) -> StreamPlan:
    """The bench plan of a clocked spec with these tests."""
    contract = tests.contract
    plan = stream_layout(contract, tests.seed)
    size = contract.latency.rows * 2 + contract.latency.cols + contract.latency.drain_bubbles
    plan.idle_limit = 8 * size + 300
    plan.settle = size + 8
    plan.tests = tests.tests()
    return plan


# -- combinational ------------------------------------------------------------------------------------------------


def _combinational_plan(spec: AdderSpec | MultiplierSpec, contract: Contract, seed: int) -> CombinationalPlan:
    plan = combinational_layout(contract, seed)
    widths = [field.width_bits for field in plan.inputs]
    operands = Operands(spec.signed, seed)
    first, second = np.meshgrid(operands.corners(widths[0]), operands.corners(widths[1]))
    cases = [("corners", "corner operands, each with each", first.ravel(), second.ravel(), False)]
    count = _RANDOM_VECTORS if sum(widths) > _EXHAUSTIVE_BITS else _ACTIVITY_VECTORS
    cases.append(
        (
            "random",
            "seeded random operands",
            operands.random(widths[0], count),
            operands.random(widths[1], count),
            True,
        )
    )
    if sum(widths) <= _EXHAUSTIVE_BITS:
        bits = np.arange(1 << sum(widths), dtype=np.int64)
        cases.append(("exhaustive", "every pair of operands", bits & ((1 << widths[0]) - 1), bits >> widths[0], False))
    for name, meaning, a, b, waves in cases:
        result = golden.adder(spec, a, b) if isinstance(spec, AdderSpec) else golden.multiplier(spec, a, b)
        plan.tests.append(
            CombinationalTest(
                name,
                meaning,
                waves=waves,
                drive=[
                    _bits(x, widths[0]) | _bits(y, widths[1]) << widths[0]
                    for x, y in zip(a.tolist(), b.tolist(), strict=True)
                ],
                expected=[_bits(value, plan.sample_bits) for value in result.tolist()],
            )
        )
    return plan


def _bits(value: int, width_bits: int) -> int:
    return int(value) & ((1 << width_bits) - 1)


# -- clocked ------------------------------------------------------------------------------------------------------


class StreamTests:
    """Builds the tests of one clocked spec.

    Args:
        spec: What is to be tested.
        contract: Its contract.
        seed: Seed of operands.
    """

    def __init__(self, spec: MacSpec | SystolicArraySpec, contract: Contract, seed: int) -> None:
        self.spec = spec
        self.contract = contract
        self.seed = seed
        self.latency = contract.latency
        self.operands = Operands(spec.signed, seed)
        self.rows, self.cols = self.latency.rows, self.latency.cols
        self.widths = (spec.activation_width_bits, spec.weight_width_bits)
        self.acc = spec.accumulator_width_bits
        self.stationary = self.latency.form == "operand_stationary"
        self.effort = effort_for(self.rows * self.cols)

    # tiles

    def tile(self, length: int, *, corners: bool = False, depth: int | None = None) -> Tile:
        """A tile of `length` (K, or streaming vectors); `depth`: K actually used by an operand-stationary tile."""
        draw = self.operands.mixed if corners else self.operands.random
        if not self.stationary:
            return Tile(draw(self.widths[0], self.rows, length), draw(self.widths[1], length, self.cols))
        outputs = self.rows if depth is None else depth
        m, n = (length, self.cols) if self.weights_stay else (self.cols, length)
        a, b = draw(self.widths[0], m, outputs), draw(self.widths[1], outputs, n)
        return Tile(a, b, draw(self.acc, m, n))

    def constant_tile(self, a: int, b: int, length: int, partial: int) -> Tile:
        """A tile of equal operands: what makes accumulators wrap soonest."""
        k = self.rows if self.stationary else length
        m, n = (
            (self.rows, self.cols)
            if not self.stationary
            else ((length, self.cols) if self.weights_stay else (self.cols, length))
        )
        constant = self.operands.constant
        return Tile(
            constant(a, self.widths[0], m, k),
            constant(b, self.widths[1], k, n),
            constant(partial, self.acc, m, n) if self.stationary else None,
        )

    @property
    def weights_stay(self) -> bool:
        """Whether weights rest in the elements."""
        return isinstance(self.spec, SystolicArraySpec) and self.spec.dataflow == "weight_stationary"

    def phase(
        self,
        tiles: list[Tile],
        *,
        stalls: dict[str, Stall] | None = None,
        cycles: int | None = None,
        measure: bool = False,
        reset: Reset | None = None,
    ) -> Phase:
        """A phase of tiles back to back."""
        sinks: dict[str, list[int]] = {channel.name: [] for channel in self.contract.channels if channel.role == "sink"}
        phase = Phase(
            sinks=sinks,
            expected=[],
            stalls=stalls or {},
            expected_cycles=cycles,
            measure=measure,
            garbage=bool(stalls) or reset is not None,
            reset=reset,
        )
        for number, tile in enumerate(tiles):
            result = self.result(tile)
            if self.stationary:
                self.add_stationary(sinks, tile)
            else:
                self.add_slices(sinks["operand"], tile)
            for row, values in enumerate(result):
                last = isinstance(self.spec, SystolicArraySpec) and row == len(result) - 1
                phase.expected.append(golden.pack(values, self.acc) | int(last) << (self.cols * self.acc))
                phase.labels.append((number, row, tile))
        return phase

    def result(self, tile: Tile) -> IntArray:
        """Result vectors in the order in which they leave, shape (beats, cols)."""
        if isinstance(self.spec, MacSpec):
            value = golden.mac(self.spec, tile.activations[0], tile.weights[:, 0])
            return as_integers([[value]], self.acc)
        product = golden.matmul(self.spec, tile.activations, tile.weights, tile.partial)
        return product.T if self.stationary and not self.weights_stay else product

    def add_slices(self, beats: list[int], tile: Tile) -> None:
        """Append the K-slices of a tile whose outputs stay."""
        a_bits, w_bits = self.rows * self.widths[0], self.cols * self.widths[1]
        length = tile.activations.shape[1]
        for k in range(length):
            beat = golden.pack(tile.activations[:, k], self.widths[0])
            beat |= golden.pack(tile.weights[k, :], self.widths[1]) << a_bits
            beats.append(beat | int(k == length - 1) << (a_bits + w_bits))

    def add_stationary(self, sinks: dict[str, list[int]], tile: Tile) -> None:
        """Append resting operands, streaming vectors and partial sums of a tile."""
        if self.weights_stay:
            (stay, stay_width, held), (stream, stream_width, vectors) = (
                ("weight", self.widths[1], tile.weights),
                ("activation", self.widths[0], tile.activations),
            )
        else:
            (stay, stay_width, held), (stream, stream_width, vectors) = (
                ("activation", self.widths[0], tile.activations.T),
                ("weight", self.widths[1], tile.weights.T),
            )
        for row in range(self.rows):
            sinks[stay].append(golden.pack(held[row], stay_width) if row < len(held) else 0)
        partial = tile.partial
        if partial is None:
            partial = self.operands.constant(0, self.acc, len(tile.activations), tile.weights.shape[1])
        if not self.weights_stay:
            partial = partial.T
        for index, vector in enumerate(vectors):
            last = int(index == len(vectors) - 1) << (self.rows * stream_width)
            sinks[stream].append(golden.pack(vector, stream_width) | last)
            sinks["partial"].append(golden.pack(partial[index], self.acc))

    # tests

    def tests(self) -> list[StreamTest]:
        """All tests, the cheapest and most telling first."""
        if self.effort.essentials:
            return [self.full_rate(), self.corners(), self.stalls("all"), self.resets()]
        tests = [self.full_rate(), self.lengths(), self.corners(), self.wrap(), self.mixture()]
        if self.stationary:
            tests.append(self.folds())
        tests += [self.stalls(who) for who in self.effort.stalls]
        if self.effort.single_channels and len(self.contract.channels) > 2:
            tests += [self.one_channel(channel.name) for channel in self.contract.channels]
        return [*tests, self.long_wait(), self.resets()]

    def span(self) -> int:
        """A length beyond the array in every direction."""
        return self.rows + self.cols + 3

    def full_rate(self) -> StreamTest:
        """Tiles back to back, nobody pauses: the cycles of the contract."""
        interval = 2 * self.rows + self.cols - 1 if self.stationary else self.rows
        length = min(max(interval, 16), 2 * self.effort.longest)
        count = self.effort.tiles
        tiles = [self.tile(length) for _ in range(count)]
        cycles = self.latency.total_cycles(length, count)
        meaning = f"{count} tiles of length {length} back to back, nobody pauses: cycles as the contract says"
        return StreamTest("full_rate", meaning, [self.phase(tiles, cycles=cycles, measure=True)], waves=True)

    def lengths(self) -> StreamTest:
        """Tiles of many lengths: the latency formula."""
        phases = []
        for length in self.effort.lengths(self.rows, self.cols):
            phases.append(self.phase([self.tile(length)], cycles=self.latency.tile_cycles(length)))
            if self.effort.threes:
                tiles = [self.tile(length) for _ in range(3)]
                phases.append(self.phase(tiles, cycles=self.latency.total_cycles(length, 3)))
        return StreamTest("lengths", "tiles of length 1 to beyond the array, alone and in threes: latency", phases)

    def corners(self) -> StreamTest:
        """Tiles of corner operands."""
        lengths = [min(length, self.effort.longest) for length in (self.span(), 1, 2, max(2, self.rows))]
        tiles = [self.tile(length, corners=True) for length in lengths[: self.effort.corner_tiles]]
        meaning = "most negative, largest, zero, all ones, alternating operands"
        return StreamTest("corners", meaning, [self.phase(tiles)])

    def wrap(self) -> StreamTest:
        """Equal extreme operands: what makes accumulators wrap soonest."""
        low, high = self.operands.limits(self.widths[0])
        w_low, w_high = self.operands.limits(self.widths[1])
        p_low, p_high = self.operands.limits(self.acc)
        guard = self.acc - sum(self.widths)
        steps = max(2, min(self.span(), self.effort.longest // 4))
        if guard <= 5 and not self.stationary and self.effort.threes:
            steps = max(steps, (4 << guard) + 3)  # the accumulator wraps, more than once
        tiles = [
            self.constant_tile(low, w_low, steps, p_high),
            self.constant_tile(high, w_high, steps, p_high),
            self.constant_tile(low, w_high, steps, p_low),
            self.constant_tile(high, w_low, steps, p_low),
        ]
        return StreamTest("wrap", "equal extreme operands until sums wrap", [self.phase(tiles)])

    def mixture(self) -> StreamTest:
        """Tiles of random length back to back."""
        return StreamTest("mixture", "tiles of random length back to back", [self.phase(self.random_tiles())])

    def random_tiles(self, scale: float = 1.0) -> list[Tile]:
        """Tiles of random length, some of corner operands."""
        rng = self.operands.rng
        count = max(2, int(self.effort.random_tiles * scale))
        tiles = []
        for _ in range(count):
            longest = 3 if rng.random() < 0.5 else min(self.span(), self.effort.longest)
            tiles.append(self.tile(int(rng.integers(1, longest + 1)), corners=bool(rng.random() < 0.4)))
        return tiles

    def folds(self) -> StreamTest:
        """K beyond the array: each fold's results are the next fold's partial sums; the last fold has unused rows."""
        spec = self.spec
        assert isinstance(spec, SystolicArraySpec)  # noqa: S101 - narrows the type
        length = max(2, min(self.cols, 6))
        depth = 2 * self.rows + max(1, self.rows // 2)
        m, n = (length, self.cols) if self.weights_stay else (self.cols, length)
        a, b = self.operands.random(self.widths[0], m, depth), self.operands.random(self.widths[1], depth, n)
        partial = self.operands.constant(0, self.acc, m, n)
        tiles = []
        for start in range(0, depth, self.rows):
            part = Tile(a[:, start : start + self.rows], b[start : start + self.rows], partial)
            partial = golden.matmul(spec, part.activations, part.weights, partial)
            tiles.append(part)
        return StreamTest("folds", "K beyond the array in folds, partial sums fed back", [self.phase(tiles)])

    def stalls(self, who: str) -> StreamTest:
        """Channels pause at random: those of `who`."""
        sources = [channel.name for channel in self.contract.channels if channel.role == "sink"]
        stalls: dict[str, Stall] = {}
        if who in ("sources", "all"):
            stalls |= dict.fromkeys(sources, _BUBBLES if who == "sources" else _LIGHT)
        if who in ("result", "all"):
            stalls["result"] = _HEAVY if who == "result" else _BUBBLES
        meaning = {
            "sources": "every source pauses at random",
            "result": "the result channel is held back at random",
            "all": "every channel pauses at random",
        }
        return StreamTest(f"stall_{who}", meaning[who], [self.phase(self.random_tiles(), stalls=stalls)])

    def one_channel(self, name: str) -> StreamTest:
        """One channel alone pauses."""
        stalls = {name: _HEAVY}
        return StreamTest(
            f"stall_only_{name}",
            f"only channel {name} pauses, in bursts",
            [self.phase(self.random_tiles(0.5), stalls=stalls)],
        )

    def long_wait(self) -> StreamTest:
        """The result channel is shut for longer than the array is deep while operands keep coming."""
        wait = 3 * (self.rows + self.cols) + 24
        length = min(self.span(), self.effort.longest)
        tiles = [self.tile(length), self.tile(1), self.tile(min(self.rows, length))]
        phases = [self.phase(tiles, stalls={"result": Stall(first=wait)})]
        if self.stationary:
            phases.append(self.phase([self.tile(2), self.tile(3)], stalls={"partial": Stall(first=wait)}))
        return StreamTest("long_wait", f"the result channel (and partial sums) shut for {wait} cycles", phases)

    def resets(self) -> StreamTest:
        """A reset at several moments of a tile; a clean tile after each."""
        length = min(self.span(), self.effort.longest)
        moments = [
            Reset(2, waiting=True),
            Reset(self.latency.tile_cycles(length) - 1),
            Reset(self.rows + self.cols // 2 + 2),
            Reset(max(2, self.rows // 2)),
        ]
        phases = []
        for moment in moments[: self.effort.resets]:
            waiting = {"result": Stall(first=10_000_000)} if moment.waiting else {}
            phases.append(self.phase([self.tile(length), self.tile(length)], stalls=waiting, reset=moment))
            phases.append(self.phase([self.tile(min(length, max(1, self.rows // 2))), self.tile(2)]))
        return StreamTest("resets", "reset in mid-tile at several moments, a clean tile after each", phases)
