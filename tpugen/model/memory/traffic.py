"""What a workload moves between a memory and the chip, and what that costs.

The chip holds a buffer (SRAM) of some capacity. Weights that stay there are **resident**: they are loaded once for
good and cost an inference nothing. Others are **streamed**: each different matrix is read once per inference, however
many vectors of a batch or prompt meet it. The cache of keys and values is either, too. Vectors stay on the chip unless
those of one product and its results do not fit in the room that is left.

This is compulsory traffic, each operand once: a lower bound that a dataflow with too small a buffer exceeds.
Per layer of full attention it is (4 d^2 + 2 d d_ff) * bits / 8 bytes of weights and 2 d l bytes of an 8-bit cache at
context l (arXiv 2408.11939, section IV).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import TYPE_CHECKING, Literal, cast, get_args

from tpugen.errors import RequestError
from tpugen.model.costs import Origin
from tpugen.model.memory.memory import Memory
from tpugen.model.workloads.operators import OperatorTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    BoolArray = npt.NDArray[np.bool_]
    FloatArray = npt.NDArray[np.float64]

__all__ = ["HOLDINGS", "Holding", "MemoryCosts", "MemoryTraffic", "memory_costs", "memory_traffic"]

Holding = Literal["auto", "resident", "streamed"]
"""Where a matrix lives: on the chip, behind it, or wherever fewer bytes then move."""

HOLDINGS: tuple[Holding, ...] = get_args(Holding)

# Whether the matrices stay. The first of a pair of options always fits, since `_require_room` refuses the others.
_OPTIONS: dict[Holding, tuple[bool, ...]] = {"auto": (False, True), "resident": (True,), "streamed": (False,)}


@dataclass(frozen=True)
class MemoryTraffic:
    """Bytes that an inference moves between the memory and the chip.

    Attributes:
        weight_bytes: Weights read, shape `(operators, points)`; rows of an embedding, too.
        cache_bytes: Keys and values read.
        cache_written_bytes: Keys and values of the new tokens, written by `key` and `value`.
        vector_bytes: Vectors read because they did not fit on the chip.
        result_bytes: Results written for that reason.
        weights_resident: Which points keep their weights on the chip, shape `(points,)`.
        cache_resident: Which points keep their cache on the chip.
        footprint_bytes: Weights and cache that the memory must hold, shape `(points,)`.
    """

    weight_bytes: FloatArray
    cache_bytes: FloatArray
    cache_written_bytes: FloatArray
    vector_bytes: FloatArray
    result_bytes: FloatArray
    weights_resident: BoolArray
    cache_resident: BoolArray
    footprint_bytes: FloatArray

    @property
    def read_bytes(self) -> FloatArray:
        """All bytes read, shape `(operators, points)`."""
        return self.weight_bytes + self.cache_bytes + self.vector_bytes

    @property
    def written_bytes(self) -> FloatArray:
        """All bytes written."""
        return self.cache_written_bytes + self.result_bytes

    @property
    def moved_bytes(self) -> FloatArray:
        """Read and written."""
        return self.read_bytes + self.written_bytes


@dataclass(frozen=True)
class MemoryCosts:
    """What the traffic costs; energy is the sum of its three parts.

    Attributes:
        transfer_s: Seconds at full bandwidth, shape `(operators, points)`.
        stall_s: Seconds of them that compute waits.
        read_j: Joules of reads.
        write_j: Joules of writes.
        standby_j: Joules of standing by while operators compute and wait.
        origin: The memory's.
    """

    transfer_s: FloatArray
    stall_s: FloatArray
    read_j: FloatArray
    write_j: FloatArray
    standby_j: FloatArray
    origin: Origin

    @property
    def energy_j(self) -> FloatArray:
        """Joules, shape `(operators, points)`."""
        return self.read_j + self.write_j + self.standby_j


def memory_traffic(
    table: OperatorTable,
    *,
    buffer_bytes: npt.ArrayLike = 0.0,
    weights: Holding = "auto",
    cache: Holding = "auto",
    held: Sequence[bool] | None = None,
) -> MemoryTraffic:
    """Which bytes an inference moves, for all points of a table.

    Args:
        table: The workload.
        buffer_bytes: Capacity on the chip: a number, or one per point.
        weights: `resident`: all of them stay on the chip; `streamed`: none; `auto`: what moves fewer bytes, point by
            point, which is `resident` wherever they fit without pushing out more of something else.
        cache: The same for keys and values.
        held: Operators whose matrix the engine itself holds (crossbars), in the order of the table: nothing is moved
            for their weights, and they take no room in the buffer.

    Raises:
        RequestError: `resident` was asked for and does not fit, or a choice or the capacity is not legal.
    """
    import numpy as np

    for name, value in (("weights", weights), ("cache", cache)):
        if value not in HOLDINGS:
            raise RequestError(f"{name}: {value!r}; accepted: {', '.join(HOLDINGS)}")
    room = _room(buffer_bytes, table.points)
    moved = ~np.asarray(held if held is not None else [False] * len(table.names), dtype=bool)[:, None]
    learnt = np.array([kind == "weights" for kind in table.matrices])[:, None] & moved
    grown = np.array([kind == "kv_cache" for kind in table.matrices])[:, None]
    looked_up = np.array([role == "embedding" for role in table.roles])[:, None] & ~learnt & moved
    matrix_bytes = table.matrix_bytes

    weight_bytes, cache_bytes = matrix_bytes * learnt, matrix_bytes * grown
    _require_room(weights, cache, weight_bytes.sum(axis=0), cache_bytes.sum(axis=0), room)
    new = np.array([name in ("key", "value") for name in table.names])[:, None] & grown.any()
    chosen: MemoryTraffic | None = None
    for weights_stay, cache_stays in product(_OPTIONS[weights], _OPTIONS[cache]):
        left = room - weight_bytes.sum(axis=0) * weights_stay - cache_bytes.sum(axis=0) * cache_stays
        spilled = (_working_bytes(table) > left) & (table.count > 0)
        option = MemoryTraffic(
            weight_bytes=weight_bytes * (not weights_stay) + matrix_bytes * looked_up,
            cache_bytes=cache_bytes * (not cache_stays),
            cache_written_bytes=table.result_bytes * (new & (not cache_stays)),
            vector_bytes=table.vector_bytes * spilled,
            # New keys and values that go to the cache are written there once.
            result_bytes=table.result_bytes * (spilled & ~(new & (not cache_stays))),
            weights_resident=np.full(table.points, weights_stay),
            cache_resident=np.full(table.points, cache_stays),
            footprint_bytes=(weight_bytes * (not weights_stay) + cache_bytes * (not cache_stays)).sum(axis=0),
        )
        chosen = option if chosen is None else _better(chosen, option, left >= 0)
    return cast("MemoryTraffic", chosen)


def memory_costs(
    memory: Memory, traffic: MemoryTraffic, compute_s: npt.ArrayLike, *, overlapped: bool = True
) -> MemoryCosts:
    """Time and energy of the traffic.

    Args:
        memory: Where the bytes come from and go to.
        traffic: Which bytes.
        compute_s: Seconds that each operator computes, shape `(operators, points)`.
        overlapped: Whether operands arrive while their operator computes (double buffers); else it waits for all.
    """
    import numpy as np

    busy = np.broadcast_to(np.asarray(compute_s, dtype=np.float64), traffic.moved_bytes.shape)
    stall_s = memory.stall_s(busy if overlapped else 0.0, traffic.moved_bytes)
    return MemoryCosts(
        transfer_s=memory.transfer_s(traffic.moved_bytes),
        stall_s=stall_s,
        read_j=memory.energy_j(traffic.read_bytes),
        write_j=memory.energy_j(0.0, traffic.written_bytes),
        standby_j=memory.standby_w * (busy + stall_s),
        origin=memory.origin,
    )


def _room(buffer_bytes: npt.ArrayLike, points: int) -> FloatArray:
    import numpy as np

    room = np.asarray(buffer_bytes, dtype=np.float64)
    if not (np.isfinite(room).all() and (room >= 0).all()):
        raise RequestError(f"buffer_bytes: {room.tolist()}; accepted: 0 or more")
    return np.broadcast_to(room, (points,))


def _better(chosen: MemoryTraffic, option: MemoryTraffic, possible: BoolArray) -> MemoryTraffic:
    """Point by point the option where it is possible and moves no more, else what was chosen before."""
    import numpy as np

    take = possible & (option.moved_bytes.sum(axis=0) <= chosen.moved_bytes.sum(axis=0))
    return MemoryTraffic(
        **{item.name: np.where(take, getattr(option, item.name), getattr(chosen, item.name)) for item in fields(chosen)}
    )


def _require_room(
    weights: Holding, cache: Holding, weight_bytes: FloatArray, cache_bytes: FloatArray, room_bytes: FloatArray
) -> None:
    """Refuses what was asked to stay and does not fit."""
    import numpy as np

    for what, holding, needed in (("weights", weights, weight_bytes), ("cache", cache, cache_bytes)):
        if holding != "resident":
            continue
        if (needed > room_bytes).any():
            point = int(np.argmax(needed - room_bytes))
            raise RequestError(
                f"resident {what} take {needed[point]:,.0f} bytes; the buffer has room for {room_bytes[point]:,.0f}",
                hint="accepted: streamed, auto (what moves fewer bytes), or a larger buffer",
            )
        room_bytes = room_bytes - needed


def _working_bytes(table: OperatorTable) -> FloatArray:
    """Bytes of one product's vectors and results."""
    bits: FloatArray = (table.k * table.vector_bits + table.m * table.result_bits) * (table.n / 8)
    return bits
