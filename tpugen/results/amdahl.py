"""Typed results of Amdahl's law and of the comparison with published figures: what is printed and drawn.

`None` means "there is none": a model whose attention never outweighs its projections has no crossover context, a
figure that the model does not compute has no value.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AmdahlPoint",
    "AmdahlSpeedup",
    "Breakdown",
    "BreakdownPart",
    "Crossover",
    "EnergyPoint",
    "FigureCheck",
    "FractionRow",
    "GridPoint",
    "MemoryPoint",
    "MemoryRow",
    "ModelComparison",
    "PaperReference",
    "SolvedEnergy",
    "SpeedupCurve",
]

FigureKind = Literal["exact", "about", "at_least", "below", "derived"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AmdahlSpeedup(_Record):
    """Amdahl's law at one gain.

    Attributes:
        gain: S_p, how much faster the projections become.
        speedup: S, of the whole.
        share_of_ceiling: S over its ceiling, 0 to 1.
    """

    gain: float
    speedup: float
    share_of_ceiling: float


class MemoryPoint(_Record):
    """Amdahl's law over the bytes of weights and cache that an inference touches.

    Attributes:
        baseline_weight_bits: Width of the weights before.
        weight_bits: Width of the weights after.
        kv_bits: Width of the cache, before and after.
        baseline_mb: Megabytes (1e6 bytes) touched before.
        mb: Megabytes touched after.
        fraction: Share of the weights before.
        speedup: How much less is touched in all.
        ceiling: How much less would be touched if the weights took nothing.
    """

    baseline_weight_bits: int
    weight_bits: int
    kv_bits: int
    baseline_mb: float
    mb: float
    fraction: float
    speedup: float
    ceiling: float


class AmdahlPoint(_Record):
    """Amdahl's law for one model, context and array.

    Attributes:
        by: What `fraction` is a share of.
        fraction: F: the projections' share of the baseline, 0 to 1.
        ceiling: 1 / (1 - F), which no gain of the projections passes.
        fractions: F by cycles, MACs and bytes (at the baseline's width of weights).
        speedups: S at the gains that were asked for.
        crossover_context: Shortest context at which `fraction` is below a half; None where there is none.
        crossovers: The same for cycles, MACs and bytes.
        memory: The law over bytes.
        notes: What the numbers do not say by themselves.
    """

    model: str
    workload: Literal["as_published", "real"]
    phase: Literal["decode", "prefill"]
    context: int
    batch: int
    rows: int
    cols: int
    dataflow: str
    cycle_model: str
    by: Literal["cycles", "macs", "bytes"]
    fraction: float
    ceiling: float
    fractions: dict[str, float]
    speedups: list[AmdahlSpeedup]
    crossover_context: int | None
    crossovers: dict[str, int | None]
    memory: MemoryPoint
    notes: list[str] = Field(default_factory=list)


class PaperReference(_Record):
    """A paper whose figures are compared with."""

    key: str
    title: str
    authors: str
    year: int
    reference: str


class FigureCheck(_Record):
    """A published figure and what the model gives in its place.

    Attributes:
        quantity: What it is.
        label: The same for people.
        kind: `exact`, in round words (`about`), a bound, or `derived` from printed numbers.
        printed: The digits as printed.
        value: What the model gives; None where it computes no such thing.
        agrees: Whether the value rounds to what is printed, or keeps the bound; None without a value.
        error_percent: The value over the figure, less one, in percent; None for bounds and without a value.
        accounting: What the value was computed with.
        calibration: Whether a constant or the structure of the model was chosen by looking at the figure.
    """

    quantity: str
    label: str
    system: str
    model: str
    context: int | None
    kind: FigureKind
    printed: str
    unit: str
    value: float | None
    agrees: bool | None
    error_percent: float | None
    accounting: Literal["as_published", "consistent"]
    paper: str
    place: str
    note: str
    calibration: bool


class GridPoint(_Record):
    """One point of the published grid.

    Attributes:
        speedup: Tokens/s over those of the baseline at the same model and context; 1 for the baseline.
        energy_mj: As published.
        energy_consistent_mj: With every engine charged for all its work.
    """

    system: str
    model: str
    context: int
    tokens_per_s: float
    speedup: float
    latency_ms: float
    gops: float
    energy_mj: float | None
    energy_consistent_mj: float | None


class BreakdownPart(_Record):
    """A component's part of a latency."""

    engine: str
    name: str
    latency_ms: float
    share: float


class Breakdown(_Record):
    """Where the time of one point goes; the parts add up."""

    system: str
    model: str
    context: int
    latency_ms: float
    parts: list[BreakdownPart]


class EnergyPoint(_Record):
    """What the energy of one token is made of, in both accountings.

    Attributes:
        baseline_mj: The baseline: the array does everything.
        crossbar_mj: Projections on the crossbars.
        attention_mj: Attention on the array, all layers.
        attention_charged_mj: What of it the published accounting charges.
        gain_published_percent: Tokens/J over the baseline's, less one, as published.
        gain_consistent_percent: The same with all of attention charged.
    """

    model: str
    context: int
    layers: int
    baseline_mj: float
    crossbar_mj: float
    attention_mj: float
    attention_charged_mj: float
    gain_published_percent: float
    gain_consistent_percent: float


class SolvedEnergy(_Record):
    """What two printed gains of one model say about the published accounting.

    Attributes:
        contexts: Of the two gains.
        share: k, the part of the attention's energy that the hybrid is charged.
        share_low: The least k that the rounding of the printed gains allows.
        share_high: The most.
        crossbar_s: E_xbar / P0 from each gain if k is one over the layers: seconds of the array's power.
    """

    model: str
    layers: int
    contexts: list[int]
    share: float
    share_low: float
    share_high: float
    crossbar_s: list[float]


class FractionRow(_Record):
    """F of one model over the contexts of a comparison, on one array."""

    array: str
    rows: int
    cols: int
    dataflow: str
    model: str
    fractions: list[float]


class Crossover(_Record):
    """From which context on attention outweighs projections."""

    model: str
    cycles: dict[str, int | None]
    macs: int | None
    bytes: int | None


class MemoryRow(_Record):
    """The law over bytes for one model and context: 8-bit weights become 1-bit weights, the cache keeps 8."""

    model: str
    context: int
    baseline_mb: float
    mb: float
    fraction: float
    speedup: float
    ceiling: float


class SpeedupCurve(_Record):
    """Amdahl's law over S_p at one context, and where a system stands on it.

    Attributes:
        system_gain: S_p of the system: the baseline's time of the projections over its own.
        system_speedup: Its measured ratio of tokens/s, which the law must give.
    """

    model: str
    context: int
    fraction: float
    ceiling: float
    gains: list[float]
    speedups: list[float]
    system_gain: float
    system_speedup: float


class ModelComparison(_Record):
    """Everything that the comparison with the papers shows."""

    tpugen_version: str
    baseline: str
    system: str
    models: list[str]
    contexts: list[int]
    papers: list[PaperReference]
    checks: list[FigureCheck]
    grid: list[GridPoint]
    breakdowns: list[Breakdown]
    energy: list[EnergyPoint]
    solved: list[SolvedEnergy]
    fraction_contexts: list[int]
    fractions: list[FractionRow]
    crossovers: list[Crossover]
    memory: list[MemoryRow]
    curves: list[SpeedupCurve]
    notes: list[str]
