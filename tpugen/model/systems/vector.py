"""Lanes for what is no matrix product: softmax, normalisation, activation functions.

Each lane takes an element every few cycles: latency = ceil(elements / lanes) * cycles per element / clock; energy per
element. All constants are the card's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tpugen.model.cards import Card, CardField, load_card
from tpugen.model.costs import EngineCosts
from tpugen.model.workloads.operators import OperatorTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

__all__ = ["VECTOR_FIELDS", "VectorEngine"]

VECTOR_FIELDS: Mapping[str, CardField] = {
    "clock": CardField("Hz"),
    "lanes": CardField("1", whole=True),
    "cycles_per_element": CardField("1"),
    "element_energy": CardField("J", zero=True),
    "area_per_lane": CardField("um2", zero=True),
}
"""What the card must hold."""


@dataclass(frozen=True)
class VectorEngine:
    """Non-linear units.

    Attributes:
        card: Their constants.
    """

    card: Card = field(default_factory=lambda: load_card("vector-45nm"))

    def costs(self, table: OperatorTable) -> EngineCosts:
        """One component, `lanes`.

        Raises:
            RequestError: the card lacks a constant.
        """
        import numpy as np

        value = self.card.require(VECTOR_FIELDS)
        rounds = -(-(table.m * table.n) // int(value["lanes"])) * table.count
        elements = table.m * table.n * table.count
        latency: FloatArray = rounds.astype(np.float64) * (value["cycles_per_element"] / value["clock"])
        energy: FloatArray = elements.astype(np.float64) * value["element_energy"]
        area = np.full(table.points, value["lanes"] * value["area_per_lane"])
        return EngineCosts({"lanes": latency}, {"lanes": energy}, {"lanes": area}, {"lanes": self.card.origin(*value)})
