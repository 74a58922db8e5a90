"""What each design of the pass matrix is driven with: every trap of the full bench, sized for arrays of a few elements.

Operands depend on widths, signedness and seed alone, never on a family, and the shape of the tests not even on these:
designs which differ in arithmetic alone are driven alike, and all of a dataflow follow one timeline.
"""

from __future__ import annotations

from typing import TypeVar

from tpugen.arithmetic.integers import as_integers
from tpugen.spec import SystolicArraySpec, contract_for
from tpugen.verif.effort import Effort
from tpugen.verif.operands import Tile
from tpugen.verif.plan import Reset, Stall, StreamPlan, StreamTest
from tpugen.verif.stimulus import StreamTests, stream_plan

__all__ = ["matrix_plan"]

_Value = TypeVar("_Value")

_EFFORT = Effort(tiles=3, random_tiles=6, longest=7, corner_tiles=3, resets=2, stalls=("all",))
_LENGTHS = (3, 1, 1, 5, 2, 1)
"""Lengths of the tiles that are driven with pauses."""

_CORNERS = 9
"""Corner values of an operand: widths with fewer different ones see some twice."""


def matrix_plan(spec: SystolicArraySpec, seed: int) -> StreamPlan:
    """The plan of one cell of the matrix: a pure function of its arguments."""
    plan = stream_plan(_MatrixTests(spec, seed))
    plan.settle = 2 * spec.rows + spec.cols + 2  # longer than anything stays inside
    return plan


class _MatrixTests(StreamTests):
    """Fewer and shorter tests than the full bench, of every sort; corner operands meet each other, all with all."""

    def __init__(self, spec: SystolicArraySpec, seed: int) -> None:
        super().__init__(spec, contract_for(spec), seed)
        self.effort = _EFFORT

    def tests(self) -> list[StreamTest]:
        """All tests."""
        tests = [self.full_rate(), self.lengths(), self.corner_pairs(), self.wrap(), self.stalls("all")]
        if self.stationary:
            tests.append(self.unused_rows())
        return [*tests, self.shut(), self.resets()]

    def random_tiles(self, scale: float = 1.0) -> list[Tile]:
        """Tiles of set lengths, so that all designs see the same; every other one of corner operands."""
        lengths = _LENGTHS[: max(2, int(len(_LENGTHS) * scale))]
        return [self.tile(length, corners=number % 2 == 1) for number, length in enumerate(lengths)]

    def corner_values(self, width_bits: int) -> list[int]:
        """Corner operands, always as many."""
        values = self.operands.corners(width_bits)
        return [values[index % len(values)] for index in range(_CORNERS)]

    def lengths(self) -> StreamTest:
        """K of 1 alone and back to back; a K that no dimension divides."""
        phases = []
        for length, count in ((1, 1), (1, 4), (self.rows + self.cols + 1, 1)):
            tiles = [self.tile(length) for _ in range(count)]
            phases.append(self.phase(tiles, cycles=self.latency.total_cycles(length, count)))
        return StreamTest("lengths", "tiles of length 1 and of an odd length, alone and back to back", phases)

    def corner_pairs(self) -> StreamTest:
        """Each corner activation meets each corner weight: zeros, the most negative, leading ones at the top."""
        tiles = self.corner_streams() if self.stationary else self.corner_slices()
        meaning = "every pair of corner operands: zero, one, most negative, largest, alternating"
        return StreamTest("corner_pairs", meaning, [self.phase(tiles)])

    def corner_slices(self) -> list[Tile]:
        """Outputs stay: a slice pairs `rows` activations with `cols` weights."""
        activations, weights = (self.corner_values(width) for width in self.widths)
        a_groups, w_groups = _groups(activations, self.rows), _groups(weights, self.cols)
        slices = [(a, w) for a in a_groups for w in w_groups]
        return [
            Tile(
                as_integers([a for a, _ in part], self.widths[0]).T,
                as_integers([w for _, w in part], self.widths[1]),
            )
            for part in _groups(slices, 5)
        ]

    def corner_streams(self) -> list[Tile]:
        """One operand stays: every corner of the other streams past each of its corners, in every row."""
        stay, stream = (1, 0) if self.weights_stay else (0, 1)
        held_groups = _groups(self.corner_values(self.widths[stay]), self.rows * self.cols)
        corners = self.corner_values(self.widths[stream])
        tiles = []
        for held in held_groups:
            resting = as_integers(held, self.widths[stay]).reshape(self.rows, self.cols)
            # Vector t carries corner t in row 0, corner t + 1 in row 1, ...: all rows see all corners.
            vectors = [[corners[(t + r) % len(corners)] for r in range(self.rows)] for t in range(len(corners))]
            streaming = as_integers(vectors, self.widths[stream])
            if self.weights_stay:
                tiles.append(Tile(streaming, resting, self.operands.mixed(self.acc, len(corners), self.cols)))
            else:
                tiles.append(Tile(resting.T, streaming.T, self.operands.mixed(self.acc, self.cols, len(corners))))
        return tiles

    def unused_rows(self) -> StreamTest:
        """Folds that use one row only, the others hold zeros; partial sums of any size."""
        tiles = [self.tile(3, depth=1), self.tile(2, corners=True), self.tile(3, corners=True, depth=1)]
        return StreamTest("unused_rows", "folds that fill one row of the array; partial sums", [self.phase(tiles)])

    def shut(self) -> StreamTest:
        """The result channel, then partial sums, shut until the array is full."""
        wait = 2 * self.rows + self.cols + 6
        channels = ["result", "partial"] if self.stationary else ["result"]
        phases = [
            self.phase([self.tile(4), self.tile(1), self.tile(2)], stalls={name: Stall(first=wait)})
            for name in channels
        ]
        return StreamTest("shut", f"{' and '.join(channels)} shut for {wait} cycles", phases)

    def resets(self) -> StreamTest:
        """A reset while a result waits, and one in mid-tile; a clean tile after each."""
        moments = [Reset(2, waiting=True), Reset(self.rows + self.cols // 2 + 2)]
        phases = []
        for moment in moments:
            waiting = {"result": Stall(first=10_000_000)} if moment.waiting else {}
            phases.append(self.phase([self.tile(4), self.tile(3)], stalls=waiting, reset=moment))
            phases.append(self.phase([self.tile(1), self.tile(2)]))
        return StreamTest("resets", "reset while a result waits and in mid-tile, a clean tile after each", phases)


def _groups(values: list[_Value], size: int) -> list[list[_Value]]:
    """Consecutive groups of `size`; the last is filled up from the beginning."""
    count = -(-len(values) // size)
    return [
        [values[(start + offset) % len(values)] for offset in range(size)] for start in range(0, count * size, size)
    ]
