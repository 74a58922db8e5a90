"""What the crossbar engine expects of a technology card, in the units it computes with."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tpugen.model.cards import Card, CardField
from tpugen.model.costs import Origin

__all__ = ["COMPONENTS", "FIELDS", "CrossbarConstants"]

_COUNT = CardField("1", whole=True)

FIELDS: dict[str, CardField] = {
    "crossbar_rows": _COUNT,
    "crossbar_columns": _COUNT,
    "devices_per_weight": _COUNT,
    "bits_per_pair": _COUNT,
    "pes_per_group": _COUNT,
    "groups_per_tile": _COUNT,
    "tiles_per_bank": _COUNT,
    "mesh_side": _COUNT,
    "dac_precision": CardField("bit", whole=True),
    "dac_rate": CardField("S/s"),
    "dac_power": CardField("W", zero=True),
    "dac_area": CardField("um2", zero=True),
    "dacs": _COUNT,
    "adc_precision": CardField("bit", whole=True),
    "adc_rate": CardField("S/s"),
    "adc_power": CardField("W", zero=True),
    "adc_area": CardField("um2", zero=True),
    "adcs": _COUNT,
    "conversion_overhead": CardField("1", zero=True),
    "read_latency": CardField("s", zero=True),
    "read_voltage": CardField("V", zero=True),
    "resistance_low": CardField("ohm"),
    "resistance_high": CardField("ohm"),
    "wire_resistance": CardField("ohm", zero=True),
    "wire_capacitance": CardField("F", zero=True),
    "input_activity": CardField("1", zero=True),
    "device_area": CardField("um2", zero=True),
    "digital_clock": CardField("Hz"),
    "shift_add_energy": CardField("J", zero=True),
    "adder_energy": CardField("J", zero=True),
    "shift_add_area": CardField("um2", zero=True),
    "adder_area": CardField("um2", zero=True),
    "buffer_word": CardField("bit", whole=True),
    "buffer_access": CardField("s", zero=True),
    "buffer_energy": CardField("J", zero=True),
    "buffer_cell_area": CardField("um2/bit", zero=True),
    "group_link": CardField("bit/s"),
    "mesh_link": CardField("bit/s"),
    "hop_energy": CardField("J/bit", zero=True),
    "result_energy": CardField("J/bit", zero=True),
    "router_area": CardField("um2", zero=True),
}
"""Constants of a crossbar card, with the units in which they are read."""

COMPONENTS: dict[str, tuple[str, ...]] = {
    "dac": ("dac_precision", "dac_rate", "dac_power", "dac_area", "dacs", "conversion_overhead"),
    "crossbar": ("read_latency", "read_voltage", "resistance_low", "resistance_high", "input_activity", "device_area"),
    "adc": ("adc_precision", "adc_rate", "adc_power", "adc_area", "adcs", "conversion_overhead"),
    "digital": ("digital_clock", "shift_add_energy", "shift_add_area"),
    "buffer": ("buffer_word", "buffer_access", "buffer_energy", "buffer_cell_area"),
    "join": ("digital_clock", "group_link", "adder_energy", "adder_area"),
    "network": ("mesh_side", "mesh_link", "hop_energy", "router_area"),
    "results": ("result_energy",),
}
"""Components of the costs, and the constants that each is computed from."""

_WHOLE = {name for name, wanted in FIELDS.items() if wanted.whole}


@dataclass(frozen=True)
class CrossbarConstants:
    """The constants of a card as plain numbers: seconds, joules, watts, hertz, bits, ohms, volts; areas in um2."""

    crossbar_rows: int
    crossbar_columns: int
    devices_per_weight: int
    bits_per_pair: int
    pes_per_group: int
    groups_per_tile: int
    tiles_per_bank: int
    mesh_side: int
    dac_precision: int
    dac_rate: float
    dac_power: float
    dac_area: float
    dacs: int
    adc_precision: int
    adc_rate: float
    adc_power: float
    adc_area: float
    adcs: int
    conversion_overhead: float
    read_latency: float
    read_voltage: float
    resistance_low: float
    resistance_high: float
    wire_resistance: float
    wire_capacitance: float
    input_activity: float
    device_area: float
    digital_clock: float
    shift_add_energy: float
    adder_energy: float
    shift_add_area: float
    adder_area: float
    buffer_word: int
    buffer_access: float
    buffer_energy: float
    buffer_cell_area: float
    group_link: float
    mesh_link: float
    hop_energy: float
    result_energy: float
    router_area: float

    @classmethod
    def of(cls, card: Card) -> CrossbarConstants:
        """The constants of a card.

        Raises:
            RequestError: Constants are missing, have a wrong unit or a value out of range; the message lists all.
        """
        values = card.require(FIELDS)
        numbers = {item.name: values[item.name] for item in fields(cls)}
        return cls(**{name: int(value) if name in _WHOLE else value for name, value in numbers.items()})  # type: ignore[arg-type]

    @property
    def dac_latency_s(self) -> float:
        """Seconds of one digital-to-analog conversion (MNSIM 2.0: precision plus two sample periods)."""
        return (self.dac_precision + self.conversion_overhead) / self.dac_rate

    @property
    def adc_latency_s(self) -> float:
        """Seconds of one analog-to-digital conversion (MNSIM 2.0: precision plus two sample periods)."""
        return (self.adc_precision + self.conversion_overhead) / self.adc_rate

    @property
    def crossbar_latency_s(self) -> float:
        """Seconds from driven rows to settled columns.

        The read of a device, and the 50 % delay of a distributed RC line, 0.38 r c n^2 (W. C. Elmore, 1948; Bakoglu,
        Circuits, Interconnections and Packaging for VLSI, 1990), along one row and one column.
        """
        cells_squared = self.crossbar_rows**2 + self.crossbar_columns**2
        return self.read_latency + 0.38 * self.wire_resistance * self.wire_capacitance * cells_squared

    @property
    def step_latency_s(self) -> float:
        """Seconds that a pair conducts for one input bit: without a sample-and-hold, until its conversion has ended."""
        return self.dac_latency_s + self.crossbar_latency_s + self.adc_latency_s

    @property
    def pair_power_w(self) -> float:
        """Watts that a differential pair draws while its input bit is 1: one device is low, the other high."""
        return self.read_voltage**2 * (1 / self.resistance_low + 1 / self.resistance_high)

    def origins(self, card: Card) -> dict[str, Origin]:
        """The origin of each component: the weakest of the constants that it is computed from."""
        return {component: card.origin(*names) for component, names in COMPONENTS.items()}
