"""Designs with handshakes: the beats that go in and the beats that must come out, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tpugen.bench.golden.designs import resident_row, tile
from tpugen.bench.golden.stimulus import Operands, tile_lengths
from tpugen.spec import MacSpec, SystolicArraySpec

__all__ = ["Beats", "packed", "streams"]

_DOT_PRODUCTS = 40
_LONGEST_DOT = 24
_TILES = 6
_LARGE = 24
_TILES_LARGE = 4


@dataclass
class Beats:
    """What one channel carries, beat by beat.

    Attributes:
        payloads: One tuple of port values a beat.
        lasts: Whether the beat ends a dot product or a tile.
        cares: Of results, the bits of each payload value that count; every bit where there are none.
    """

    payloads: list[tuple[int, ...]] = field(default_factory=list)
    lasts: list[bool] = field(default_factory=list)
    cares: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, payload: tuple[int, ...], last: bool = False) -> None:
        """One more beat."""
        self.payloads.append(payload)
        self.lasts.append(last)


def packed(values: Iterable[int], bits: int) -> int:
    """Element i at [i*bits +: bits]."""
    return sum((value % (1 << bits)) << (index * bits) for index, value in enumerate(values))


def streams(spec: MacSpec | SystolicArraySpec, seed: int) -> dict[str, Beats]:
    """Beats by channel of the contract, `result` among them."""
    operands = Operands(seed, spec.signed)
    if isinstance(spec, MacSpec):
        return _mac(spec, operands)
    return _outputs_stay(spec, operands) if spec.dataflow == "output_stationary" else _operands_stay(spec, operands)


def _mac(spec: MacSpec, operands: Operands) -> dict[str, Beats]:
    a_bits, w_bits, acc = spec.activation_width_bits, spec.weight_width_bits, spec.accumulator_width_bits
    into, out = Beats(), Beats()
    for length in (1, 1, 2, 3, *(operands.length(_LONGEST_DOT) for _ in range(_DOT_PRODUCTS))):
        row, column = operands.vector(a_bits, length), operands.vector(w_bits, length)
        for index, (activation, weight) in enumerate(zip(row, column, strict=True)):
            into.add((packed([activation], a_bits), packed([weight], w_bits)), index == length - 1)
        out.add((packed(tile(spec, [row], [[weight] for weight in column])[0], acc),))
    return {"operand": into, "result": out}


def _tiles(spec: SystolicArraySpec) -> int:
    return _TILES if max(spec.rows, spec.cols) < _LARGE else _TILES_LARGE


def _outputs_stay(spec: SystolicArraySpec, operands: Operands) -> dict[str, Beats]:
    a_bits, w_bits, acc = spec.activation_width_bits, spec.weight_width_bits, spec.accumulator_width_bits
    into, out = Beats(), Beats()
    for length in tile_lengths(operands, min(spec.rows, 12), _tiles(spec)):
        a = operands.matrix(a_bits, spec.rows, length)
        b = operands.matrix(w_bits, length, spec.cols)
        for k in range(length):
            into.add((packed((row[k] for row in a), a_bits), packed(b[k], w_bits)), k == length - 1)
        for index, row in enumerate(tile(spec, a, b)):
            out.add((packed(row, acc),), index == spec.rows - 1)
    return {"operand": into, "result": out}


def _operands_stay(spec: SystolicArraySpec, operands: Operands) -> dict[str, Beats]:
    acc = spec.accumulator_width_bits
    widths = {"weight": spec.weight_width_bits, "activation": spec.activation_width_bits}
    weights_stay = spec.dataflow == "weight_stationary"
    stay, move = ("weight", "activation") if weights_stay else ("activation", "weight")
    beats = {stay: Beats(), move: Beats(), "partial": Beats(), "result": Beats()}
    for length in tile_lengths(operands, min(spec.rows, 12), _tiles(spec)):
        resident = operands.matrix(widths[stay], spec.rows, spec.cols)
        for row in resident:
            beats[stay].add((packed(row, widths[stay]),))
        for index in range(length):
            moving = operands.vector(widths[move], spec.rows)
            partial = operands.vector(acc, spec.cols)
            last = index == length - 1
            beats[move].add((packed(moving, widths[move]),), last)
            beats["partial"].add((packed(partial, acc),))
            beats["result"].add((packed(resident_row(spec, resident, moving, partial), acc),), last)
    return beats
