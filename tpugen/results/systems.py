"""Typed results of the performance model of whole systems: what the command line prints and the report draws.

Units are in the names. `None` means "not known" (a design without measured power has no energy), never zero. One
operation is one multiply-accumulate (MAC) everywhere; `gops` under the accounting `as_published` counts as the paper
does, and says so in `notes`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Accounting",
    "AreaPart",
    "ComponentCost",
    "EngineSummary",
    "LlmResult",
    "NumberOrigin",
    "OperatorCost",
    "ScalingRecord",
    "Schedule",
    "SweepPoint",
    "SweepResult",
    "WorkloadVariant",
]

Accounting = Literal["as_published", "consistent"]
"""Who pays for what: `consistent` charges every engine for all its work; `as_published` as a system's source did."""

Schedule = Literal["sequential", "overlapped"]
"""`sequential`: one operator after the other; `overlapped`: engines work on different sequences at the same time."""

WorkloadVariant = Literal["as_published", "real"]
"""Shapes of the real model, or of the runs of the paper (its quirks of the feed-forward network)."""

NumberOrigin = Literal["measured", "published", "assumed"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ComponentCost(_Record):
    """What one component of an engine takes for one operator; these add up to the totals.

    Attributes:
        name: Component, e.g. `array`, `adc`, `buffers`, `stall`.
        operator: Operator of the workload, over all layers and heads.
        engine: Engine of the system, or `memory`.
        latency_ms: Milliseconds per inference.
        energy_mj: Millijoules per inference, as the accounting charges them; None where power is not known.
        origin: The weakest origin of the constants that it was computed from.
    """

    name: str
    operator: str
    engine: str
    latency_ms: float
    energy_mj: float | None
    origin: NumberOrigin


class OperatorCost(_Record):
    """One operator of the workload: shape C[M,N] = A[M,K] x B[K,N], how often, where, and its sums."""

    name: str
    role: str
    engine: str
    m: int
    k: int
    n: int
    count: int
    macs: int
    latency_ms: float
    energy_mj: float | None
    share_of_latency: float


class AreaPart(_Record):
    """Area of one component of an engine; these add up to the total."""

    engine: str
    name: str
    area_mm2: float
    origin: NumberOrigin


class EngineSummary(_Record):
    """One engine of the system: what it is, and how much of the work it does.

    Attributes:
        kind: `systolic`, `crossbar`, `vector` or `memory`.
        settings: What it was built from, in words for people: size, dataflow, cycle model, clock, card, ...
    """

    name: str
    kind: str
    settings: dict[str, str]
    macs: int
    latency_ms: float
    energy_mj: float | None
    area_mm2: float | None


class ScalingRecord(_Record):
    """Factors that carried a measured design to another technology, and where they come from."""

    technology: str
    process_nm: float
    voltage_v: float
    target_process_nm: float
    target_voltage_v: float
    area_factor: float
    delay_factor: float
    energy_factor: float
    source: str


class LlmResult(_Record):
    """One workload on one system.

    Attributes:
        workload: `real` shapes, or those of the paper's runs.
        tokens: Tokens that one inference yields: the batch (decode), or the batch times the context (prefill).
        memory: Name of the memory that holds what does not fit, or `none`: operands are always there in time.
        latency_ms: From the first operand to the last result: the sum of the components.
        interval_ms: Between the results of two inferences: the latency (sequential), or the time of the busiest
            engine (overlapped).
        tokens_per_s: Tokens over the interval.
        tokens_per_j: Tokens over the energy; None where energy is not known.
        energy_mj: Per inference; the sum of the components.
        macs: Multiply-accumulates per inference.
        gops: 1e9 operations per second; an operation is a MAC, but see `notes`.
        origins: Of the totals: the weakest of their components.
        notes: What the numbers do not say by themselves.
    """

    model: str
    model_source: str
    workload: WorkloadVariant
    phase: Literal["decode", "prefill"]
    context: int
    batch: int
    system: str
    system_source: str
    accounting: Accounting
    schedule: Schedule
    memory: str
    tokens: int
    tokens_per_s: float
    tokens_per_j: float | None
    latency_ms: float
    interval_ms: float
    energy_mj: float | None
    area_mm2: float | None
    macs: int
    gops: float
    gops_per_w: float | None
    components: list[ComponentCost]
    operators: list[OperatorCost]
    areas: list[AreaPart]
    engines: list[EngineSummary]
    origins: dict[str, NumberOrigin]
    scaling: ScalingRecord | None = None
    notes: list[str] = Field(default_factory=list)


class SweepPoint(_Record):
    """One design point of a sweep; columns as in `LlmResult`.

    Attributes:
        rows: Of the system's (first) systolic array; None where it has none; likewise `cols`, `dataflow` (`os`, `ws`,
            `is`, `best` or `mixed`), `cycle_model` and `clock_mhz`.
        projection_share: Share of the latency in products with weights, 0 to 1.
    """

    model: str
    context: int
    batch: int
    system: str
    rows: int | None
    cols: int | None
    dataflow: str | None
    cycle_model: str | None
    clock_mhz: float | None
    accounting: Accounting
    schedule: Schedule
    memory: str
    latency_ms: float
    tokens_per_s: float
    energy_mj: float | None
    tokens_per_j: float | None
    gops: float
    gops_per_w: float | None
    area_mm2: float | None
    projection_share: float


class SweepResult(_Record):
    """All combinations of the swept axes, the last axis fastest."""

    phase: Literal["decode", "prefill"]
    workload: WorkloadVariant
    points: list[SweepPoint]
    notes: list[str] = Field(default_factory=list)
