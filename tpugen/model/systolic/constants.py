"""What the work of a systolic array costs: power times busy time, or energy per MAC and per access; its area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from tpugen.errors import UnknownNameError
from tpugen.model.cards import Card, CardField
from tpugen.model.costs import Origin

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tpugen.model.systolic.traffic import ArrayTraffic
    from tpugen.model.workloads.operators import OperatorTable

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

__all__ = ["EnergyKind", "EventEnergy", "PowerEnergy", "area_from_card", "energy_from_card"]

EnergyKind = Literal["power", "events", "none"]

_SHAPE = {"array_rows": CardField("1", whole=True), "array_columns": CardField("1", whole=True)}
_POWER = {"array_power": CardField("W", zero=True), "clock": CardField("MHz"), **_SHAPE}
_EVENTS = {
    "mac_energy": CardField("J", zero=True),
    "sram_read_energy": CardField("J/bit", zero=True),
    "sram_write_energy": CardField("J/bit", zero=True),
    "partial_sum_width": CardField("bit", whole=True),
}


@dataclass(frozen=True, slots=True)
class PowerEnergy:
    """Energy is power times the time that the array is busy.

    An array of another size or clock takes power in proportion to its elements and to its clock; that is assumed.

    Attributes:
        power_w: Power of the array, in watts.
        rows: Of the array that takes it.
        cols: Of the array that takes it.
        clock_mhz: At which it takes it.
        origin: Where the power comes from.
    """

    power_w: float
    rows: int
    cols: int
    clock_mhz: float
    origin: Origin

    def power_at(self, rows: int | IntArray, cols: int | IntArray, clock_mhz: float | FloatArray) -> float | FloatArray:
        """Watts of an array of that size at that clock."""
        return self.power_w * ((rows * cols) / (self.rows * self.cols)) * (clock_mhz / self.clock_mhz)

    def origin_at(self, rows: int | IntArray, cols: int | IntArray, clock_mhz: float | FloatArray) -> Origin:
        """Origin of `power_at`: assumed where anything was scaled."""
        import numpy as np

        same = np.all(np.equal(rows, self.rows)) and np.all(np.equal(cols, self.cols))
        return self.origin if same and np.all(np.equal(clock_mhz, self.clock_mhz)) else "assumed"


@dataclass(frozen=True, slots=True)
class EventEnergy:
    """Energy is a sum over events: MACs, and bits read from and written to the array's SRAM.

    Elements without work take nothing; partial sums that go out and come back are counted, at their own width.

    Attributes:
        mac_j: Joules per MAC.
        sram_read_j_per_bit: Joules per bit read.
        sram_write_j_per_bit: Joules per bit written.
        partial_sum_bits: Width of a partial sum outside the array.
        mac_origin: Where the energy per MAC comes from.
        sram_origin: Where the energies per access come from: the weaker one.
    """

    mac_j: float
    sram_read_j_per_bit: float
    sram_write_j_per_bit: float
    partial_sum_bits: int
    mac_origin: Origin
    sram_origin: Origin

    @property
    def origins(self) -> dict[str, Origin]:
        """Origin by component."""
        return {"mac": self.mac_origin, "sram": self.sram_origin}

    def of(
        self, table: OperatorTable, traffic: ArrayTraffic, products: IntArray, vectors_by_rows: bool
    ) -> dict[str, FloatArray]:
        """Joules by component, `(operators, points)`.

        Args:
            table: The operators.
            traffic: Of one product of each.
            products: How many products each operator is.
            vectors_by_rows: Whether the array's A are the operators' vectors, or else their matrices.
        """
        import numpy as np

        a_bits, b_bits = table.matrix_bits, table.vector_bits
        if vectors_by_rows:
            a_bits, b_bits = b_bits, a_bits
        read_bits = traffic.ifmap_reads * a_bits + traffic.filter_reads * b_bits
        read_bits = read_bits + traffic.partial_reads * self.partial_sum_bits
        # As many partial sums are read back as were written without being a result.
        results = traffic.ofmap_writes - traffic.partial_reads
        written_bits = results * table.result_bits + traffic.partial_reads * self.partial_sum_bits
        sram_j = read_bits * self.sram_read_j_per_bit + written_bits * self.sram_write_j_per_bit
        macs = np.where(products > 0, table.macs, 0)
        return {"mac": macs * self.mac_j, "sram": sram_j * products}


def energy_from_card(card: Card, kind: EnergyKind) -> PowerEnergy | EventEnergy | None:
    """The energy constants of a card.

    Args:
        card: For `power`: `array_power` of an array of `array_rows` x `array_columns` at `clock`; for `events`:
            `mac_energy`, `sram_read_energy`, `sram_write_energy`, `partial_sum_width`.
        kind: Which; `none` gives None.

    Raises:
        RequestError: the card lacks a constant or has it in a wrong unit.
        UnknownNameError: no such kind.
    """
    match kind:
        case "power":
            values = card.require(_POWER)
            return PowerEnergy(
                power_w=values["array_power"],
                rows=int(values["array_rows"]),
                cols=int(values["array_columns"]),
                clock_mhz=values["clock"],
                origin=card.origin("array_power"),
            )
        case "events":
            values = card.require(_EVENTS)
            return EventEnergy(
                mac_j=values["mac_energy"],
                sram_read_j_per_bit=values["sram_read_energy"],
                sram_write_j_per_bit=values["sram_write_energy"],
                partial_sum_bits=int(values["partial_sum_width"]),
                mac_origin=card.origin("mac_energy"),
                sram_origin=card.origin("sram_read_energy", "sram_write_energy"),
            )
        case "none":
            return None
        case _:
            raise UnknownNameError(
                f"no kind of energy is called {kind!r}", hint=f"known: {', '.join(get_args(EnergyKind))}"
            )


def area_from_card(
    card: Card, rows: int | IntArray, cols: int | IntArray
) -> dict[str, tuple[float | FloatArray, Origin]]:
    """Areas in um2 with their origins, by component; a part whose constants the card does not have is left out.

    `array_area` is the card's `element_area` times the elements, `sram_area` its `sram_capacity` times its
    `sram_area_per_bit`.

    Raises:
        RequestError: a constant has a wrong unit.
    """
    areas: dict[str, tuple[float | FloatArray, Origin]] = {}
    if "element_area" in card.quantities:
        elements: Any = rows * cols
        areas["array_area"] = (card.value("element_area", "um2") * elements, card.origin("element_area"))
    if "sram_capacity" in card.quantities and "sram_area_per_bit" in card.quantities:
        bits, per_bit = card.value("sram_capacity", "bit"), card.value("sram_area_per_bit", "um2/bit")
        areas["sram_area"] = (bits * per_bit, card.origin("sram_capacity", "sram_area_per_bit"))
    return areas
