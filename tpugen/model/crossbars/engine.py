"""Analog crossbars as an engine: what operators with resident weights cost on them.

The structure follows MNSIM 2.0 (Zhu et al., IEEE TCAD 2023), with the sizes of PIM-LLM (arXiv 2504.01994). A vector
goes through these steps, one after the other (b: input bits, `steps` = ceil(b/DAC bits) * ceil(rows/DACs) *
ceil(columns/ADCs)):

- buffer: the inputs of a PE are written and read once, the results of a group written once, in words of 64 bits;
- dac, crossbar, adc: `steps` times a conversion, a read and a conversion;
- digital: shift-and-add and registers, two cycles a step and one more for each selection of rows and columns;
- join: an adder tree over the PEs of a group;
- network: partial results of all groups meet at one of them; from there the result is sent to whoever takes it;
- results: energy alone: what leaves a matrix is written to the memory of activations and read by the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tpugen.model.cards import Card, load_card
from tpugen.model.costs import EngineCosts
from tpugen.model.crossbars.constants import CrossbarConstants
from tpugen.model.crossbars.mapping import STAGES, CrossbarMapping, map_operators
from tpugen.model.workloads.operators import OperatorTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

__all__ = ["CrossbarEngine"]


@dataclass(frozen=True)
class CrossbarEngine:
    """Crossbars in PEs, four PEs in a group round a router, four groups in a tile, twelve tiles in a bank.

    Attributes:
        card: Constants of devices, converters, buffers, digital periphery and network (`constants.FIELDS`).
    """

    card: Card = field(default_factory=lambda: load_card("rram-45nm"))

    @cached_property
    def constants(self) -> CrossbarConstants:
        """The card's constants, checked.

        Raises:
            RequestError: Constants are missing, have a wrong unit or a value out of range.
        """
        return CrossbarConstants.of(self.card)

    def mapping(self, table: OperatorTable) -> CrossbarMapping:
        """How many crossbars the operators take, and where they lie."""
        return map_operators(table, self.constants)

    def costs(self, table: OperatorTable) -> EngineCosts:
        """Latency and energy by component and operator, area by component (see `EngineCosts`).

        Operators that share their input work at the same time (`mapping.STAGES`): the slowest of them carries the
        latency, the others are hidden behind it and have none. Components: `dac`, `crossbar`, `adc`, `digital`,
        `buffer`, `join`, `network`, `results` (energy alone).

        Raises:
            RequestError: An operator's matrix is not weights, or the card is wrong.
        """
        mapping = self.mapping(table)
        vectors = table.n * table.count
        latency = {name: vectors * value for name, value in _latency_s(table, mapping, self.constants).items()}
        critical = _critical(table, sum(latency.values()))  # type: ignore[arg-type]
        return EngineCosts(
            {name: value * critical for name, value in latency.items()},
            {name: vectors * value for name, value in _energy_j(table, mapping, self.constants).items()},
            _area_um2(table, mapping, self.constants),
            self.constants.origins(self.card),
        )


def _latency_s(table: OperatorTable, mapping: CrossbarMapping, constants: CrossbarConstants) -> dict[str, FloatArray]:
    """Seconds by component for one vector, shape `(operators, points)`."""
    row_turns = -(-mapping.used_rows // constants.dacs)
    column_turns = -(-mapping.used_columns // constants.adcs)
    steps = -(-table.vector_bits // constants.dac_precision) * row_turns * column_turns
    cycles = 2 * steps + row_turns * column_turns + column_turns
    words_in = -(-mapping.used_rows * table.vector_bits // constants.buffer_word)
    words_out = -(-mapping.used_columns * mapping.used_pes * table.result_bits // constants.buffer_word)
    period_s = 1 / constants.digital_clock
    levels = _tree_levels(mapping.used_pes)
    # A sum over 2^j PEs is j bits wider than a converted sample.
    joined_bits = mapping.used_columns * (levels * constants.adc_precision + levels * (levels + 1) / 2)
    merge_s = period_s + mapping.used_columns * mapping.used_pes * table.result_bits / constants.mesh_link
    send_s = table.m * table.result_bits / constants.mesh_link
    return _floats(
        {
            "dac": steps * constants.dac_latency_s,
            "crossbar": steps * constants.crossbar_latency_s,
            "adc": steps * constants.adc_latency_s,
            "digital": cycles * period_s,
            "buffer": (2 * words_in + words_out) * constants.buffer_access,
            "join": levels * period_s + joined_bits / constants.group_link,
            "network": mapping.merge_hops * merge_s + mapping.send_hops * send_s,
        }
    )


def _energy_j(table: OperatorTable, mapping: CrossbarMapping, constants: CrossbarConstants) -> dict[str, FloatArray]:
    """Joules by component for one vector, shape `(operators, points)`."""
    input_steps = -(-table.vector_bits // constants.dac_precision)
    row_turns = -(-mapping.used_rows // constants.dacs)
    driven = input_steps * table.k * mapping.column_blocks * mapping.slices
    converted = input_steps * row_turns * table.m * mapping.row_blocks * mapping.slices
    cells_read = input_steps * table.m * table.k * mapping.slices
    words_in = -(-mapping.used_rows * table.vector_bits // constants.buffer_word)
    words_out = -(-mapping.used_columns * mapping.used_pes * table.result_bits // constants.buffer_word)
    # Partial results are added on their way: every group but the meeting one sends its own over one hop.
    merged_bits = (mapping.groups - 1) * mapping.used_columns * mapping.used_pes * table.result_bits
    sent_bits = mapping.send_hops * table.m * table.result_bits
    return _floats(
        {
            "dac": driven * (constants.dac_power * constants.dac_latency_s),
            "crossbar": cells_read * (constants.input_activity * constants.pair_power_w * constants.step_latency_s),
            "adc": converted * (constants.adc_power * constants.adc_latency_s),
            "digital": converted * constants.shift_add_energy,
            "buffer": (2 * words_in * mapping.pes + words_out * mapping.groups) * constants.buffer_energy,
            "join": (mapping.pes - mapping.groups) * mapping.used_columns * constants.adder_energy,
            "network": (merged_bits + sent_bits) * constants.hop_energy,
            "results": table.m * table.result_bits * constants.result_energy,
        }
    )


def _area_um2(table: OperatorTable, mapping: CrossbarMapping, constants: CrossbarConstants) -> dict[str, FloatArray]:
    """Square micrometres by component, shape `(points,)`: all crossbars that the weights take, none shared."""
    pes = (mapping.pes * mapping.copies).sum(axis=0)
    groups = (mapping.groups * mapping.copies).sum(axis=0)
    cells = constants.crossbar_rows * constants.crossbar_columns * constants.devices_per_weight
    input_bits = constants.crossbar_rows * table.vector_bits.max(axis=0)
    output_bits = constants.crossbar_columns * constants.pes_per_group * table.result_bits.max(axis=0)
    adders = (constants.pes_per_group - 1) * constants.crossbar_columns
    return {
        "dac": pes * (constants.dacs * constants.dac_area),
        "crossbar": pes * (cells * constants.device_area),
        "adc": pes * (constants.adcs * constants.adc_area),
        "digital": pes * (constants.adcs * constants.shift_add_area),
        "buffer": (pes * input_bits + groups * output_bits) * constants.buffer_cell_area,
        "join": groups * (adders * constants.adder_area),
        "network": groups * constants.router_area,
    }


def _floats(parts: Mapping[str, npt.NDArray[Any]]) -> dict[str, FloatArray]:
    """The parts as 64-bit floats."""
    import numpy as np

    return {name: np.asarray(value, dtype=np.float64) for name, value in parts.items()}


def _tree_levels(leaves: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Levels of a binary tree over so many leaves: ceil(log2(leaves))."""
    import numpy as np

    levels: npt.NDArray[np.int64] = np.ceil(np.log2(leaves)).astype(np.int64)
    return levels


def _critical(table: OperatorTable, latency_s: FloatArray) -> npt.NDArray[np.float64]:
    """1 for operators whose latency counts, 0 for those that are hidden behind a slower one of their stage."""
    import numpy as np

    critical = np.ones(latency_s.shape)
    for stage in STAGES:
        rows = [
            row
            for row, (name, role) in enumerate(zip(table.names, table.roles, strict=True))
            if name in stage and role == "projection"
        ]
        if len(rows) > 1:
            slowest = np.argmax(latency_s[rows], axis=0)
            critical[rows] = slowest == np.arange(len(rows))[:, None]
    return critical
