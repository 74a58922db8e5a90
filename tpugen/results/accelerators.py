"""Typed results of whole accelerators: operators in simulation, blocks after synthesis, and language models on them.

Units are in the names. `None` means "not known" or "not measured", never zero.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tpugen.results.systems import Accounting, ComponentCost, LlmResult, NumberOrigin

__all__ = [
    "AcceleratorReport",
    "AcceleratorSimulation",
    "BlockMeasurement",
    "ClippingRecord",
    "MacroUse",
    "OperatorMeasurement",
    "PublishedPoint",
    "WorkloadPoint",
]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OperatorMeasurement(_Record):
    """Cycles of one operator without stalls: what simulation counted, and what the model's formula says.

    Attributes:
        name: `load`, `norm1`, ... of a `pim_llm`; `job` of a `tpu`; `vector` of a `pim_tile`.
        shape: Sizes in words, e.g. `16 x 64 x 16`; empty where there are none.
    """

    name: str
    shape: str = ""
    simulated_cycles: int
    model_cycles: int


class ClippingRecord(_Record):
    """How often the converters of one matrix clipped in simulation, over all vectors that were checked.

    Attributes:
        name: `W_Q`, ...; `tile` of a `pim_tile`.
        conversions: Of all its ADCs.
        clipped: Those at the end of their range.
        planes_read: Bit planes that were read; fewer than `planes` where zeros are skipped.
        planes: Bit planes of the vectors.
    """

    name: str
    conversions: int
    clipped: int
    planes_read: int
    planes: int


class AcceleratorSimulation(_Record):
    """What the simulation of an accelerator counted.

    Attributes:
        position: Of the token whose operators are listed (`pim_llm`).
        tokens: Tokens, jobs or vectors that were simulated.
        operators: Of one token (or of each job) without stalls, in order.
        first: Of the first token, at position 0 (`pim_llm`).
        clipping: By matrix.
        activity_cycles: Cycles by operator, summed over the window in which the switching activity was recorded.
        activity_window_cycles: All cycles of that window; 0: not known.
    """

    position: int | None = None
    tokens: int
    operators: list[OperatorMeasurement]
    first: list[OperatorMeasurement] = Field(default_factory=list, exclude_if=lambda value: not value)
    clipping: list[ClippingRecord] = Field(default_factory=list)
    activity_cycles: dict[str, int] = Field(default_factory=dict)
    activity_window_cycles: int = 0


class BlockMeasurement(_Record):
    """A block of the design after synthesis: its standard cells, without those of blocks inside it.

    Attributes:
        name: Instance path below the top, `/` between its parts; empty: the rest.
        module: What it is an instance of.
        area_um2: Without macros.
        cells: Standard cells.
        flip_flops: Those that are flip-flops.
        register_mw: Dynamic power of flip-flops, at the clock of the timing.
        logic_mw: Dynamic power of all other cells.
        leakage_mw: Of all its cells.
    """

    name: str
    module: str
    area_um2: float
    cells: int
    flip_flops: int
    register_mw: float | None = None
    logic_mw: float | None = None
    leakage_mw: float | None = None


class MacroUse(_Record):
    """Black boxes of one kind and size, whose area comes from a card.

    Attributes:
        name: `crossbar` or `sram`.
        instances: Of these parameters.
        parameters: Of the module.
        area_um2: Of all of them together.
        origin: Of the area, never `measured`.
        source: Card and publication.
    """

    name: str
    instances: int
    parameters: dict[str, int]
    area_um2: float
    origin: NumberOrigin
    source: str


class PublishedPoint(_Record):
    """What publications say of the same model and context.

    Attributes:
        system: What was evaluated: `pim-llm`, `tpu-llm`, `gpu`.
        origin: `printed` in the paper, `derived` from printed figures, or `modelled`: our model of that system.
        accounting: Of a modelled one: who pays for what.
        tokens_per_s: None where the paper gives none.
        tokens_per_j: None where the paper gives none.
        source: Paper and place, and how it was derived.
    """

    system: str
    origin: Literal["printed", "derived", "modelled"]
    accounting: Accounting | None = None
    tokens_per_s: float | None = None
    tokens_per_j: float | None = None
    source: str


class WorkloadPoint(_Record):
    """A language model at a context on the design.

    Attributes:
        result: Components that add up; what stands idle takes no energy.
        standby: Energy of what stands idle, where nothing is ever switched off; empty: not modelled.
        always_on_tokens_per_j: Tokens per joule with it; None where it is not known.
        published: The same model and context in publications.
    """

    result: LlmResult
    standby: list[ComponentCost] = Field(default_factory=list)
    always_on_tokens_per_j: float | None = None
    published: list[PublishedPoint] = Field(default_factory=list)


class AcceleratorReport(_Record):
    """What an accelerator is worth: the simulated operators, and language models on it.

    Attributes:
        role: What the design is in the system: the whole of it (`hybrid`), or its array (`array`) or its crossbars'
            tile (`tile`).
        clock_mhz: That it is judged at.
        clock_origin: Of the clock.
        technology: Of the digital part.
        operators: Of the simulated layer, job or vector: simulation against model.
        points: Language models, in the order asked for, each at every context.
        notes: What is measured and what is extrapolated.
    """

    role: Literal["hybrid", "array", "tile"]
    design: str
    technology: str
    clock_mhz: float
    clock_origin: NumberOrigin
    operators: list[OperatorMeasurement]
    points: list[WorkloadPoint]
    notes: list[str] = Field(default_factory=list)
