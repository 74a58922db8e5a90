"""Plans of designs with many channels: what is sent and expected, step by step, as data stored with the run.

A test is a list of steps. `Send` and `Expect` queue beats and return at once; `Wait` ends when every queue is empty. So
beats of one channel have an order, beats of different channels have none until the next `Wait`. What comes without
being expected is a fault at any time. AXI4-Lite and AXI4-Stream ports are channels like any other.

Beats are one integer each: payload ports in the channel's order from bit 0 up, then the channel's last flag.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import IntFlag
from pathlib import Path
from typing import Any, ClassVar

from tpugen.spec import Contract
from tpugen.verif.plan import Field, Stall

__all__ = [
    "ChannelWires",
    "Drive",
    "Expect",
    "Idle",
    "Look",
    "Mark",
    "Measure",
    "Pace",
    "Record",
    "Reset",
    "Send",
    "Step",
    "TransactionPlan",
    "TransactionTest",
    "Until",
    "Wait",
    "transaction_layout",
    "write_transactions",
]


@dataclass(frozen=True)
class ChannelWires:
    """Where a channel lies.

    Of a sink, valid and beat are in the drive vector and ready in the sample vector; of a source the other way round.
    """

    name: str
    role: str
    valid: int
    ready: int
    beat: Field


class Step:
    """A step of a test; `do` names it for the bench."""

    do: ClassVar[str]

    def data(self) -> dict[str, Any]:
        """As JSON; what only findings need is left out."""
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.metadata.get("stored", True)}  # type: ignore[arg-type]
        return {"do": self.do, **values}


@dataclass(frozen=True)
class Send(Step):
    """Queue beats of a sink channel."""

    do: ClassVar[str] = "send"
    channel: str
    beats: Sequence[int]
    words: str = field(default="", metadata={"stored": False})

    def data(self) -> dict[str, Any]:
        """See `Step.data`."""
        return {"do": self.do, "channel": self.channel, "beats": _hex(self.beats)}


@dataclass(frozen=True)
class Expect(Step):
    """Queue beats that a source channel must give.

    Attributes:
        channel: Its name.
        beats: In order.
        care: Bits of each beat that count; None: all.
        tags: A name under which the bench reports what came, for each beat; None: nothing is reported.
        words: What these beats are, for findings.
        labels: What each beat is, for findings; may be empty.
        lanes: Port whose elements findings compare one by one, their width in bits, whether they are signed.
        flags: Names of the bits of the first port, where it is a status.
        hint: What to look at where these beats are wrong.
    """

    do: ClassVar[str] = "expect"
    channel: str
    beats: Sequence[int]
    care: Sequence[int] | None = None
    tags: Sequence[str | None] | None = None
    words: str = field(default="", metadata={"stored": False})
    labels: Sequence[str] = field(default=(), metadata={"stored": False})
    lanes: tuple[str, int, bool] | None = field(default=None, metadata={"stored": False})
    flags: type[IntFlag] | None = field(default=None, metadata={"stored": False})
    hint: str = field(default="", metadata={"stored": False})

    def data(self) -> dict[str, Any]:
        """See `Step.data`."""
        care = None if self.care is None else _hex(self.care)
        tags = None if self.tags is None else list(self.tags)
        return {"do": self.do, "channel": self.channel, "beats": _hex(self.beats), "care": care, "tags": tags}


@dataclass(frozen=True)
class Wait(Step):
    """Until every queued beat was sent and every expected one came.

    Attributes:
        limit: Cycles without any transfer after which the design counts as stuck.
        channels: Those whose queues are meant; none: all.
    """

    do: ClassVar[str] = "wait"
    limit: int
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Until(Step):
    """Until a status output has a value; it may already have it."""

    do: ClassVar[str] = "until"
    level: str
    value: int
    limit: int


@dataclass(frozen=True)
class Idle(Step):
    """Let cycles pass; beats may move in them."""

    do: ClassVar[str] = "idle"
    cycles: int


@dataclass(frozen=True)
class Reset(Step):
    """Assert reset for three cycles; beats that were still to be sent or expected are forgotten."""

    do: ClassVar[str] = "reset"


@dataclass(frozen=True)
class Pace(Step):
    """From now on channels pause like this; those that are not named never do."""

    do: ClassVar[str] = "pace"
    stalls: dict[str, Stall] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """See `Step.data`."""
        return {"do": self.do, "stalls": {name: asdict(stall) for name, stall in self.stalls.items()}}


@dataclass(frozen=True)
class Drive(Step):
    """Set an input that belongs to no channel."""

    do: ClassVar[str] = "drive"
    level: str
    value: int


@dataclass(frozen=True)
class Look(Step):
    """An output that belongs to no channel must have a value now.

    Attributes:
        level: Its name.
        value: What it must be.
        care: Bits that count; None: all.
        words: What it says, for findings.
    """

    do: ClassVar[str] = "look"
    level: str
    value: int
    care: int | None = None
    words: str = field(default="", metadata={"stored": False})
    hint: str = field(default="", metadata={"stored": False})


@dataclass(frozen=True)
class Record(Step):
    """From here on, or until here, waves are kept and switching activity is measured; once in a plan."""

    do: ClassVar[str] = "record"
    on: bool


@dataclass(frozen=True)
class Mark(Step):
    """Transfers count from here on: what `Measure` looks at."""

    do: ClassVar[str] = "mark"


@dataclass(frozen=True)
class Measure(Step):
    """Cycles between two moments since the last `Mark`, both counted.

    Attributes:
        name: What they are, in words.
        begin: Channel, and number of its transfer since the mark, or output that belongs to no channel, and number of
            its change; negative: from the last one.
        end: Likewise.
        expected: The only right number; None: any.
        latency: Whether this is the run's latency measurement.
        offset: Added to what was measured, so that it is what the contract speaks of.
        tag: A name under which the bench reports it; None: it does not.
    """

    do: ClassVar[str] = "measure"
    name: str
    begin: tuple[str, int]
    end: tuple[str, int]
    expected: int | None
    latency: bool = False
    offset: int = 0
    tag: str | None = None


@dataclass
class TransactionTest:
    """One test: begins with a reset, ends when every queue is empty and nothing came for a while.

    Attributes:
        name: Identifier.
        meaning: What it is about, in words.
        steps: In order.
        garbage: Whether payloads carry random bits while valid is low.
    """

    name: str
    meaning: str
    steps: list[Step]
    garbage: bool = False


@dataclass
class TransactionPlan:
    """Plan of a design with any number of channels.

    Attributes:
        channels: Where they lie.
        inputs: Inputs that belong to no channel, in the drive vector.
        outputs: Outputs that belong to no channel, in the sample vector.
        idle_limit: Cycles without any transfer after which the design counts as stuck at a test's end.
        settle: Cycles to watch for beats that should not come.
    """

    seed: int
    drive_bits: int
    sample_bits: int
    channels: list[ChannelWires]
    inputs: list[Field]
    outputs: list[Field]
    idle_limit: int = 0
    settle: int = 0
    tests: list[TransactionTest] = field(default_factory=list)

    def channel(self, name: str) -> ChannelWires:
        """The channel of that name (KeyError if there is none)."""
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise KeyError(name)


def transaction_layout(contract: Contract, seed: int) -> TransactionPlan:
    """Where each port lies in the drive and sample vectors; tests and limits not yet filled in.

    Bit 0 of the drive vector is 1 while reset is not asserted.
    """
    drive, sample = 1, 0
    channels: list[ChannelWires] = []
    control = {contract.clock_name, contract.reset_port.port if contract.reset_port else None}
    taken: set[str | None] = set(control)
    for channel in contract.channels:
        names = (*channel.payload, *((channel.last,) if channel.last else ()))
        taken |= {channel.valid, channel.ready, *names}
        width = sum(contract.port(name).width_bits for name in names)
        if channel.role == "sink":
            channels.append(ChannelWires(channel.name, "sink", drive, sample, Field(channel.name, drive + 1, width)))
            drive, sample = drive + 1 + width, sample + 1
        else:
            channels.append(ChannelWires(channel.name, "source", sample, drive, Field(channel.name, sample + 1, width)))
            drive, sample = drive + 1, sample + 1 + width
    inputs, outputs = [], []
    for port in contract.ports:
        if port.name in taken:
            continue
        if port.direction == "input":
            inputs.append(Field(port.name, drive, port.width_bits))
            drive += port.width_bits
        else:
            outputs.append(Field(port.name, sample, port.width_bits))
            sample += port.width_bits
    return TransactionPlan(seed, drive, sample, channels, inputs, outputs)


def write_transactions(plan: TransactionPlan, path: Path) -> None:
    """Store a plan as JSON; beats as hexadecimal strings, words for findings left out."""
    data: dict[str, Any] = {
        "seed": plan.seed,
        "drive_bits": plan.drive_bits,
        "sample_bits": plan.sample_bits,
        "channels": [asdict(channel) for channel in plan.channels],
        "inputs": [asdict(item) for item in plan.inputs],
        "outputs": [asdict(item) for item in plan.outputs],
        "idle_limit": plan.idle_limit,
        "settle": plan.settle,
        "tests": [
            {
                "name": test.name,
                "meaning": test.meaning,
                "garbage": test.garbage,
                "steps": [step.data() for step in test.steps],
            }
            for test in plan.tests
        ],
    }
    path.write_text(json.dumps(data), encoding="utf-8")


def _hex(beats: Sequence[int]) -> list[str]:
    return [format(beat, "x") for beat in beats]
