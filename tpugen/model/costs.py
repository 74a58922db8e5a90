"""What an engine charges: named components, each with its origin, that add up to the total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

__all__ = ["EngineCosts", "Origin", "Quantity"]

Origin = Literal["measured", "published", "assumed"]
"""Where a number comes from: a run of tpugen, a publication (named), or an assumption (said)."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A constant of a technology card, with its unit and where it comes from."""

    value: float
    unit: str
    origin: Origin
    source: str


@dataclass(frozen=True)
class EngineCosts:
    """What running operators on an engine takes, per inference.

    Attributes:
        latency_s: Seconds by component (`array`, `dac`, `adc`, `buffer`, `network`, ...), each of shape
            `(operators, points)`; the operator's latency is the sum over components.
        energy_j: Joules by component, the same shape.
        area_um2: Square micrometres by component, shape `(points,)`.
        origins: Origin by component name: the weakest of what it was computed from
            (assumed < published < measured).
    """

    latency_s: Mapping[str, FloatArray]
    energy_j: Mapping[str, FloatArray]
    area_um2: Mapping[str, FloatArray] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
