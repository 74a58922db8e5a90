"""A system: engines by name, which operator runs where, in what order, and who is charged for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, get_args

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.costs import EngineCosts
from tpugen.model.workloads.operators import ROLES, OperatorTable, Role
from tpugen.results.systems import Accounting, Schedule

if TYPE_CHECKING:
    from tpugen.model.memory import Holding, Memory

__all__ = [
    "ACCOUNTINGS",
    "MEMORY",
    "SCHEDULES",
    "STALL",
    "Engine",
    "PlacedEngine",
    "PublishedAccounting",
    "System",
    "SystemMemory",
]

ACCOUNTINGS: tuple[Accounting, ...] = get_args(Accounting)
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)

MEMORY = "memory"
"""Reserved engine name: operators placed here only move bytes (an embedding's look-up)."""

STALL = "stall"
"""Component of an engine's time: waiting for operands."""


class Engine(Protocol):
    """Anything that can say what running operators takes."""

    def costs(self, table: OperatorTable) -> EngineCosts:
        """Latency and energy by component, `(operators, points)`; area by component, `(points,)`."""
        ...


@dataclass(frozen=True)
class PlacedEngine:
    """An engine of a system, with what it was built from.

    Attributes:
        engine: Charges for operators.
        kind: `systolic`, `crossbar` or `vector`.
        settings: What it was built from, in words.
    """

    engine: Engine
    kind: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PublishedAccounting:
    """Where the publication of a system counts in its own way.

    Attributes:
        one_layer_energy_roles: Roles whose energy is charged for one decoder layer instead of all of them.
        operations_per_mac: Operations that the publication counts for one MAC of a role, where it is not 1.
        source: Which figures this was found from.
    """

    one_layer_energy_roles: tuple[Role, ...] = ()
    operations_per_mac: Mapping[Role, float] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class SystemMemory:
    """Where operands live that the engines do not hold, and what of them stays on the chip.

    Attributes:
        memory: Behind the chip.
        buffer_bytes: On the chip.
        weights: `auto` (resident in the buffer where all fit), `resident` or `streamed`.
        cache: The same for keys and values.
    """

    memory: Memory
    buffer_bytes: float
    weights: Holding = "auto"
    cache: Holding = "auto"


@dataclass(frozen=True)
class System:
    """Engines and how they work together.

    Attributes:
        name: As the user writes it.
        engines: By name.
        placement: Engine by operator name or by role; an operator's own name counts before its role.
        schedule: `sequential`, or `overlapped`: engines work on different sequences at the same time.
        accounting: `consistent`, or `as_published`: as `published` says.
        published: How the publication counts.
        memory: Holds what the engines do not hold; None: every operand is there in time, and moving it is free.
        source: Publication or file.
        summary: One line.
    """

    name: str
    engines: Mapping[str, PlacedEngine]
    placement: Mapping[str, str]
    schedule: Schedule = "sequential"
    accounting: Accounting = "consistent"
    published: PublishedAccounting = field(default_factory=PublishedAccounting)
    memory: SystemMemory | None = None
    source: str = ""
    summary: str = ""

    def __post_init__(self) -> None:
        for what, found, known in (
            ("schedule", self.schedule, SCHEDULES),
            ("accounting", self.accounting, ACCOUNTINGS),
        ):
            if found not in known:
                raise UnknownNameError(
                    f"system {self.name!r}: {what} {found!r} is not known", hint=f"known: {', '.join(known)}"
                )
        for key, engine in self.placement.items():
            if engine not in self.engines and engine != MEMORY:
                raise UnknownNameError(
                    f"system {self.name!r}: {key} is placed on {engine!r}, which is no engine of the system",
                    hint=f"engines: {', '.join([*self.engines, MEMORY])}",
                )

    def engine_of(self, operator: str, role: Role) -> str:
        """Name of the engine that runs an operator.

        Raises:
            RequestError: the system places neither the operator nor its role.
        """
        engine = self.placement.get(operator, self.placement.get(role))
        if engine is None:
            raise RequestError(
                f"system {self.name!r} does not say where operator {operator!r} ({role}) runs; it places "
                f"{', '.join(self.placement) or 'nothing'}",
                hint=f'add a line `{role} = "ENGINE"` to [placement]; roles: {", ".join(ROLES)}',
            )
        return engine

    def with_options(
        self, *, schedule: str | None = None, accounting: str | None = None, memory: SystemMemory | None = None
    ) -> System:
        """The system with another schedule, accounting or memory; None leaves each as it is.

        Raises:
            UnknownNameError: no such schedule or accounting.
        """
        changes: dict[str, object] = {"schedule": schedule, "accounting": accounting, "memory": memory}
        return replace(self, **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]
