"""A memory: how much it holds, how fast it moves bytes, what a bit costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.cards import Card, CardField, load_card, weakest_origin
from tpugen.model.costs import Origin

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

__all__ = ["MEMORY_FIELDS", "Memory", "load_memory_card"]

MEMORY_FIELDS = {
    "capacity": CardField("byte"),
    "bandwidth": CardField("byte/s"),
    "read_energy": CardField("J/bit", zero=True),
    "write_energy": CardField("J/bit", zero=True),
    "standby_power": CardField("W", zero=True),
    "area_per_bit": CardField("um2/bit", zero=True),
}
"""What a technology card must hold to be a memory, with the units in which it is read."""


@dataclass(frozen=True, slots=True)
class Memory:
    """An SRAM, LPDDR or HBM.

    Attributes:
        name: Of its technology card.
        capacity_bytes: What it holds.
        bandwidth_bytes_s: Bytes per second, reads and writes together.
        read_j_per_bit: Joules per bit read, interface included.
        write_j_per_bit: Joules per bit written.
        standby_w: Power whether used or not.
        area_um2: On the die; 0 for a die of its own.
        origin: The weakest of its constants' origins.
    """

    name: str
    capacity_bytes: float
    bandwidth_bytes_s: float
    read_j_per_bit: float
    write_j_per_bit: float
    standby_w: float = 0.0
    area_um2: float = 0.0
    origin: Origin = "assumed"

    @classmethod
    def from_card(cls, card: Card) -> Memory:
        """The memory of a technology card.

        Raises:
            RequestError: the card lacks one of `MEMORY_FIELDS`, or a value is out of range or in a wrong unit.
        """
        values = card.require(MEMORY_FIELDS)
        # A constant that is assumed to be nothing (standby power, area) does not make the others weaker.
        told = [name for name in MEMORY_FIELDS if values[name] > 0]
        return cls(
            name=card.name,
            capacity_bytes=values["capacity"],
            bandwidth_bytes_s=values["bandwidth"],
            read_j_per_bit=values["read_energy"],
            write_j_per_bit=values["write_energy"],
            standby_w=values["standby_power"],
            area_um2=values["area_per_bit"] * values["capacity"] * 8,
            origin=weakest_origin(card[name].origin for name in told),
        )

    def transfer_s(self, moved_bytes: npt.ArrayLike) -> FloatArray:
        """Seconds that it takes to move bytes at full bandwidth."""
        import numpy as np

        return np.asarray(moved_bytes, dtype=np.float64) / self.bandwidth_bytes_s

    def stall_s(self, compute_s: npt.ArrayLike, moved_bytes: npt.ArrayLike) -> FloatArray:
        """Seconds that compute waits: operands arrive while it works (double buffers), and it waits for the rest.

        max(0, bytes / bandwidth - compute): the roofline (Williams et al., CACM 2009) as time.
        """
        import numpy as np

        return np.maximum(self.transfer_s(moved_bytes) - np.asarray(compute_s, dtype=np.float64), 0.0)

    def energy_j(self, read_bytes: npt.ArrayLike, written_bytes: npt.ArrayLike = 0.0) -> FloatArray:
        """Joules of moving bytes; standby is apart."""
        import numpy as np

        reads, writes = np.asarray(read_bytes, dtype=np.float64), np.asarray(written_bytes, dtype=np.float64)
        return 8.0 * (reads * self.read_j_per_bit + writes * self.write_j_per_bit)

    def require_capacity(self, needed_bytes: npt.ArrayLike, what: str = "weights and cache") -> None:
        """Makes sure that the largest of these amounts fits.

        Raises:
            RequestError: it does not.
        """
        import numpy as np

        most = float(np.max(needed_bytes, initial=0.0))
        if most > self.capacity_bytes:
            raise RequestError(
                f"{what} take {most:,.0f} bytes; memory {self.name!r} holds {self.capacity_bytes:,.0f}",
                hint="choose a smaller model, context or batch, narrower widths, or a memory of more capacity",
            )


def load_memory_card(name_or_path: str) -> Memory:
    """A memory by its card: `sram-45nm`, `lpddr4`, `hbm2`, or the path of a card of one's own.

    Raises:
        UnknownNameError: no such card.
        RequestError: the card lacks a constant, or one is out of range or in a wrong unit.
    """
    return Memory.from_card(load_card(name_or_path))
