"""What happens in every cycle of a bench run, apart from the numbers: who offers which beat, who is ready, what leaves.

In these arrays control does not depend on data: designs of one dataflow and shape that differ in arithmetic, widths and
parameters alone behave alike, cycle for cycle. So the stream bench, with all its protocol checks, runs once on the
exact design and records what happens; every other design is then driven the same way and must follow (see `lockstep`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tpugen.verif.plan import StreamPlan

__all__ = ["Cycle", "Timeline", "read_trace"]


@dataclass(frozen=True)
class Cycle:
    """One clock cycle.

    Attributes:
        test: Number of the test in the plan.
        phase: Number of its phase; None while reset is asserted.
        offered: Beat of the phase that each sink channel offers, None where its valid is low; in the plan's order.
        idle_flags: Top bit (the last flag, where there is one) of what each sink channel carries while its valid is
            low: a ready may look at it.
        ready: Whether the design takes beats of each sink channel.
        result_ready: Whether the result channel is ready.
        result: Beat of the phase that the design offers, None where its valid is low.
    """

    test: int
    phase: int | None
    offered: tuple[int | None, ...]
    idle_flags: tuple[bool, ...]
    ready: tuple[bool, ...]
    result_ready: bool
    result: int | None


@dataclass(frozen=True)
class Timeline:
    """Every cycle of a run, in order.

    Attributes:
        cycles: The cycles.
        counts: Result beats expected of each phase of each test: designs that follow must have the same plan.
    """

    cycles: tuple[Cycle, ...]
    counts: tuple[tuple[int, ...], ...]

    def fits(self, plan: StreamPlan) -> bool:
        """Whether a plan has the same tests, phases and number of beats."""
        return self.counts == beat_counts(plan)

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Timeline:
        """The inverse of `to_data`."""
        cycles = tuple(
            Cycle(
                test=cycle["test"],
                phase=cycle["phase"],
                offered=tuple(cycle["offered"]),
                idle_flags=tuple(cycle["idle_flags"]),
                ready=tuple(cycle["ready"]),
                result_ready=cycle["result_ready"],
                result=cycle["result"],
            )
            for cycle in data["cycles"]
        )
        return cls(cycles, tuple(tuple(phases) for phases in data["counts"]))


def beat_counts(plan: StreamPlan) -> tuple[tuple[int, ...], ...]:
    """Result beats of each phase of each test."""
    return tuple(tuple(len(phase.expected) for phase in test.phases) for test in plan.tests)


def read_trace(path: Path, plan: StreamPlan) -> Timeline:
    """The timeline of a run that passed, from the trace that its bench wrote.

    Args:
        path: The trace.
        plan: The plan that was executed.
    """
    return Timeline(tuple(_cycles(path, plan)), beat_counts(plan))


def _cycles(path: Path, plan: StreamPlan) -> Iterator[Cycle]:
    numbers = {test.name: number for number, test in enumerate(plan.tests)}
    place: tuple[str, int | None] | None = None
    sent, received = [0] * len(plan.sinks), 0
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if place != (record["test"], record["phase"]):
            place = (record["test"], record["phase"])
            sent, received = [0] * len(plan.sinks), 0
        drive, sample = int(record["drive"], 16), record["sample"][::-1]  # now bit 0 comes first
        offered = tuple(n if drive >> sink.valid & 1 else None for sink, n in zip(plan.sinks, sent, strict=True))
        tops = tuple(sink.beat.offset + sink.beat.width_bits - 1 for sink in plan.sinks)
        ready = tuple(sample[sink.ready] == "1" for sink in plan.sinks)
        leaves = sample[plan.out_valid] == "1"
        taken = bool(drive >> plan.out_ready & 1)
        yield Cycle(
            test=numbers[record["test"]],
            phase=record["phase"],
            offered=offered,
            idle_flags=tuple(n is None and bool(drive >> top & 1) for n, top in zip(offered, tops, strict=True)),
            ready=ready,
            result_ready=taken,
            result=received if leaves else None,
        )
        sent = [n + (beat is not None and moves) for n, beat, moves in zip(sent, offered, ready, strict=True)]
        received += leaves and taken
