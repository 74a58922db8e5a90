"""The bench plan: everything a bench drives and expects, as data that is stored with the run and can be replayed.

A plan is made outside the simulator (see `stimulus`) and executed inside it (see `benches`). Beats are packed into one
integer each: payload ports in the channel's order from bit 0 up, then the channel's last flag above them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "TRACE_FILE",
    "CombinationalPlan",
    "CombinationalTest",
    "CyclePlan",
    "CycleTest",
    "Field",
    "Phase",
    "Reset",
    "Sink",
    "Stall",
    "StreamPlan",
    "StreamTest",
    "write_plan",
]


TRACE_FILE = "trace.jsonl"
"""What a bench records of every cycle where its plan asks for a trace; see `timeline`."""


@dataclass(frozen=True)
class Field:
    """A port (or channel) as a slice of the harness's drive or sample vector."""

    name: str
    offset: int
    width_bits: int


@dataclass(frozen=True)
class Sink:
    """A channel into the design: where its valid and beat lie in the drive vector, its ready in the sample vector."""

    name: str
    valid: int
    beat: Field
    ready: int


@dataclass(frozen=True)
class Stall:
    """Bursty pauses of one channel.

    Attributes:
        first: Cycles to pause at the start of the phase.
        start: Probability that a pause begins after a cycle without one.
        stop: Probability that a pause ends after a cycle of it.
    """

    first: int = 0
    start: float = 0.0
    stop: float = 1.0


@dataclass(frozen=True)
class Reset:
    """How a phase is cut: after `cycles`, or once a result has waited for `cycles` when `waiting` is set."""

    cycles: int
    waiting: bool = False


@dataclass
class Phase:
    """One stretch of stimulus, from empty to empty (or to a reset).

    Attributes:
        sinks: Beats of each sink channel, in order.
        expected: Beats that the result channel must give, in order.
        labels: What each expected beat is, in words; for findings only, not seen by the bench.
        stalls: Pauses by channel name; channels that are not named never pause.
        expected_cycles: First operand beat to last result beat, both counted; None: not measured.
        measure: Whether this is the run's latency measurement.
        garbage: Whether payloads carry random bits while valid is low.
        reset: If set, the phase ends in a reset and results not yet given are lost.
        care: Bits of each expected beat that count; None: all of them.
    """

    sinks: dict[str, list[int]]
    expected: list[int]
    labels: list[Any] = field(default_factory=list)
    stalls: dict[str, Stall] = field(default_factory=dict)
    expected_cycles: int | None = None
    measure: bool = False
    garbage: bool = False
    reset: Reset | None = None
    care: list[int] | None = None


@dataclass
class StreamTest:
    """One test of a clocked design: begins with a reset, then its phases in order."""

    name: str
    meaning: str
    phases: list[Phase]
    waves: bool = False


@dataclass
class StreamPlan:
    """Plan of a design with valid/ready channels.

    Attributes:
        idle_limit: Cycles without any transfer after which the design counts as stuck.
        settle: Cycles to watch for results that should not come.
        out_valid: Bit of the result channel's valid in the sample vector.
        out_ready: Bit of the result channel's ready in the drive vector.
        trace: Whether the bench records every cycle (see `timeline`).
        reset_grace: Cycles of a reset before its effect must be seen: 1 of a synchronous reset.
    """

    seed: int
    drive_bits: int
    sample_bits: int
    sinks: list[Sink]
    out_valid: int
    out_beat: Field
    out_ready: int
    idle_limit: int
    settle: int
    tests: list[StreamTest] = field(default_factory=list)
    trace: bool = False
    reset_grace: int = 0


@dataclass
class CombinationalTest:
    """Vectors for a combinational design: packed operands, packed expected outputs, bits of them that count."""

    name: str
    meaning: str
    drive: list[int]
    expected: list[int]
    waves: bool = False
    care: list[int] | None = None


@dataclass
class CombinationalPlan:
    """Plan of a combinational design: `batch` vectors go through the harness at a time."""

    seed: int
    drive_bits: int
    sample_bits: int
    batch: int
    inputs: list[Field]
    outputs: list[Field]
    tests: list[CombinationalTest] = field(default_factory=list)


@dataclass
class CycleTest:
    """Inputs of every cycle, and what the outputs must be in the middle of it.

    Attributes:
        drive: Packed inputs; bit 0 is 1 while reset is not asserted.
        expected: Packed outputs.
        care: Bits of the outputs that count.
    """

    name: str
    meaning: str
    drive: list[int]
    expected: list[int]
    care: list[int]
    waves: bool = False


@dataclass
class CyclePlan:
    """Plan of a clocked design that is compared in every cycle."""

    seed: int
    drive_bits: int
    sample_bits: int
    inputs: list[Field]
    outputs: list[Field]
    tests: list[CycleTest] = field(default_factory=list)


def write_plan(plan: StreamPlan | CombinationalPlan | CyclePlan, path: Path) -> None:
    """Store a plan as JSON; beats as hexadecimal strings, labels left out."""
    data = asdict(plan)
    for test in data["tests"]:
        for phase in test.get("phases", ()):
            del phase["labels"]
            phase["sinks"] = {name: _hex(beats) for name, beats in phase["sinks"].items()}
            phase["expected"] = _hex(phase["expected"])
            phase["care"] = _hex(phase["care"]) if phase["care"] is not None else None
        for key in ("drive", "expected", "care"):
            if test.get(key) is not None:
                test[key] = _hex(test[key])
    path.write_text(json.dumps(data), encoding="utf-8")


def _hex(beats: list[int]) -> list[str]:
    return [format(beat, "x") for beat in beats]
