"""What a card says of a macro: a black box that synthesis keeps, such as a crossbar or an SRAM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MacroFigures", "MacroPower", "MacroSource"]

_Origin = Literal["measured", "published", "assumed"]


class MacroFigures(BaseModel):
    """Area, timing and energy of a macro of one size.

    Attributes:
        name: Module of the library: `crossbar` or `sram`.
        parameters: Those that the figures depend on.
        area_um2: Of one instance.
        area_parts_um2: What the area is made of.
        setup_ns: Time before the clock edge by which an input must be there, by port; others: `interface_setup_ns`.
        interface_setup_ns: Of inputs that are not in `setup_ns`.
        hold_ns: Time after the clock edge for which inputs must stay.
        clock_to_output_ns: Time from the clock edge to the outputs.
        input_capacitance_ff: Load of one bit of an input.
        energy_pj: Energy of an event. A crossbar: `sample` of a bit plane, `conversion` by all of its ADCs, `program`
            and `read` of a word; an SRAM: `read` and `write` of a word.
        leakage_mw: Power while nothing happens.
        origins: Of `area`, `timing`, `energy` and `leakage`: the weakest of the constants they are computed from.
        source: Cards and publications.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    parameters: dict[str, int]
    area_um2: float
    area_parts_um2: dict[str, float] = Field(default_factory=dict)
    setup_ns: dict[str, float] = Field(default_factory=dict)
    interface_setup_ns: float
    hold_ns: float
    clock_to_output_ns: float
    input_capacitance_ff: float
    energy_pj: dict[str, float]
    leakage_mw: float
    origins: dict[str, _Origin]
    source: str

    @property
    def cell(self) -> str:
        """A name for the macro of this size, as Liberty and netlists take it."""
        return "_".join([self.name, *(str(value) for value in self.parameters.values())])


MacroSource = Callable[[str, Mapping[str, int]], MacroFigures | None]
"""The figures of a module with these parameters; None where no card knows it."""


class MacroPower(BaseModel):
    """Power of the macros of one size: energy of an event from the card, times how often it happens.

    Programming is no part of it: cells are written once.

    Attributes:
        name: Module of the library: `crossbar` or `sram`.
        parameters: Those that the figures depend on.
        instances: Of this size.
        events_per_cycle: Of all instances together, by event.
        dynamic_mw: Of all instances together, at the clock of the timing.
        leakage_mw: Of all instances together.
        activity_source: Whether events were counted in simulation, or are an assumption.
        origin: Of the energy: the weakest of the card's constants, never `measured`.
        source: Cards and publications.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    parameters: dict[str, int]
    instances: int
    events_per_cycle: dict[str, float]
    dynamic_mw: float
    leakage_mw: float
    activity_source: Literal["simulation", "default"]
    origin: _Origin
    source: str
