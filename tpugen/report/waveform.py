"""Reads an excerpt of a wave dump (FST or VCD): what a module's ports did, cycle by cycle, around the first result."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tpugen.spec import Contract
from tpugen.spec.contract import Channel

__all__ = ["Excerpt", "Trace", "Value", "read_excerpt"]

Value = int | None
"""A sampled value; `None` where any bit is unknown."""

_LEAD, _TAIL, _WINDOW_MAX = 2, 3, 24
_EARLY, _LATE = 11, 8
"""Columns of the two windows where one does not reach from the first operands to the first result."""
_FILE_LIMIT_BYTES = 400_000_000


@dataclass(frozen=True)
class Trace:
    """One port over the cycles of an excerpt.

    Attributes:
        name: Port name.
        width_bits: Width of the port.
        role: `clock`, `control` or `data`; `data` of one bit is drawn as a bus all the same.
        values: One per drawn cycle.
    """

    name: str
    width_bits: int
    role: str
    values: list[Value]


@dataclass(frozen=True)
class Excerpt:
    """Cycles of a simulation.

    Attributes:
        cycles: Cycle numbers drawn; 0 is the first operand beat. A jump is where cycles were left out.
        clocked: Whether columns are clock cycles; otherwise each column is one change of the inputs.
        first_result: Cycle number of the first result beat, if seen.
        period_ns: Clock period in the simulation.
        handshakes: Whether cycle 0 is that of the first operand beat; else it is the first one out of reset.
    """

    cycles: list[int]
    traces: list[Trace]
    clocked: bool
    first_result: int | None = None
    period_ns: float | None = None
    handshakes: bool = True


class _Variable(Protocol):
    """A variable of a dump, as pywellen gives it."""

    name: str
    full_name: str
    bitwidth: int | None
    tv: list[tuple[int, Any]]


class _Wave(Protocol):
    """A dump, as pywellen gives it."""

    timescale: object

    def all_vars(self) -> list[_Variable]:
        """All variables of all scopes."""


class _Signal:
    """Changes of one variable, for look-up by time."""

    def __init__(self, changes: list[tuple[int, Any]]) -> None:
        self._times = [time for time, _ in changes]
        self._values = [value for _, value in changes]

    @property
    def times(self) -> list[int]:
        return self._times

    def at(self, time: int) -> Value:
        """Value in force at `time`."""
        index = bisect_right(self._times, time) - 1
        return _value(self._values[index]) if index >= 0 else None

    def rising(self) -> list[int]:
        """Times at which the signal became 1."""
        pairs = zip(self._times, self._values, strict=True)
        return [time for time, value in pairs if _value(value) == 1]


def _value(raw: object) -> Value:
    if isinstance(raw, int):
        return raw
    if isinstance(raw, str) and raw and set(raw) <= {"0", "1"}:
        return int(raw, 2)
    return None


def read_excerpt(path: Path, contract: Contract) -> Excerpt | None:
    """The excerpt, or `None` when the dump does not hold the contract's ports or shows no transfer.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is not a wave dump, or is too large for a report.
    """
    if path.stat().st_size > _FILE_LIMIT_BYTES:
        raise ValueError(f"the wave dump is {path.stat().st_size / 1e6:.0f} MB; a report reads at most 400 MB")
    import pywellen  # compiled; only needed here

    try:
        wave = pywellen.Waveform(str(path))
    except BaseException as error:  # its panics do not derive from Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise ValueError(f"not a readable wave dump: {error}") from None
    signals = _top_signals(wave, contract)
    if signals is None:
        return None
    if not contract.clocked:
        return _combinational(signals, contract)
    return _clocked(signals, contract, _unit_ns(wave))


def _unit_ns(wave: _Wave) -> float | None:
    timescale = wave.timescale
    if timescale is None:
        return None
    units = {"fs": 1e-6, "ps": 1e-3, "ns": 1.0, "us": 1e3, "ms": 1e6}
    digits = "".join(char for char in str(timescale) if char.isdigit())
    factor = units.get("".join(char for char in str(timescale).lower() if char.isalpha()))
    return None if factor is None or not digits else int(digits) * factor


def _top_signals(wave: _Wave, contract: Contract) -> dict[str, _Signal] | None:
    """Signals of the outermost scope that has every port of the contract with its width."""
    wanted = {port.name: port.width_bits for port in contract.ports}
    scopes: dict[str, dict[str, _Variable]] = {}
    for variable in wave.all_vars():
        name = str(variable.name).split("[")[0].strip()
        if name in wanted:
            full = str(variable.full_name)
            scope = full[: full.rfind(".")] if "." in full else ""
            if int(variable.bitwidth or 1) == wanted[name]:
                scopes.setdefault(scope, {}).setdefault(name, variable)
    whole = [scope for scope, found in scopes.items() if len(found) == len(wanted)]
    if not whole:
        return None
    outermost = min(whole, key=lambda scope: (scope.count("."), scope))
    return {name: _Signal([*variable.tv]) for name, variable in scopes[outermost].items()}


def _clocked(signals: dict[str, _Signal], contract: Contract, unit_ns: float | None) -> Excerpt | None:
    clock, reset = contract.clock_name, contract.reset_port
    assert clock is not None  # noqa: S101 - the caller looked
    edges = signals[clock].rising()
    running = _running(signals, edges, contract)
    sources = [channel for channel in contract.channels if channel.role == "source"]
    sinks = [channel for channel in contract.channels if channel.role == "sink"]
    start = _first_transfer(signals, edges, sinks, 0, running) if sinks else next(iter(sorted(running)), None)
    if start is None:
        return None
    result = _first_transfer(signals, edges, sources, start, running)
    columns = _columns(start, result, len(edges), _result_rows(contract))
    names = [clock, *([reset.port] if reset else [])]
    for channel in contract.channels:
        names += [channel.valid, channel.ready, *([channel.last] if channel.last else []), *channel.payload]
    payload = {name for channel in contract.channels for name in channel.payload}
    others = [port for port in contract.ports if port.name not in names]
    names += [port.name for port in others]
    payload |= {port.name for port in others if port.width_bits > 1}
    traces = []
    for name in names:
        role = "clock" if name == clock else "data" if name in payload else "control"
        values = [signals[name].at(edges[column] - 1) for column in columns]
        traces.append(Trace(name, contract.port(name).width_bits, role, values))
    period = (edges[start + 1] - edges[start]) * unit_ns if unit_ns and start + 1 < len(edges) else None
    return Excerpt(
        cycles=[column - start for column in columns],
        traces=traces,
        clocked=True,
        first_result=None if result is None else result - start,
        period_ns=period,
        handshakes=bool(sinks),
    )


def _result_rows(contract: Contract) -> int:
    return max(1, min(contract.latency.rows, 4))


def _running(signals: dict[str, _Signal], edges: list[int], contract: Contract) -> set[int]:
    """Indexes of the edges that reset does not hold; without a reset, of those before which all inputs are known."""
    reset = contract.reset_port
    if reset is not None:
        level = int(reset.active_low)
        return {index for index, edge in enumerate(edges) if signals[reset.port].at(edge - 1) == level}
    inputs = [port.name for port in contract.ports if port.direction == "input"]
    return {index for index, edge in enumerate(edges) if all(signals[name].at(edge - 1) is not None for name in inputs)}


def _first_transfer(
    signals: dict[str, _Signal], edges: list[int], channels: list[Channel], begin: int, running: set[int]
) -> int | None:
    """Index of the first edge from `begin` at which any of the channels transfers, out of reset."""
    for index in range(begin, len(edges)):
        before = edges[index] - 1
        if index not in running:
            continue
        for channel in channels:
            if signals[channel.valid].at(before) == 1 and signals[channel.ready].at(before) == 1:
                return index
    return None


def _columns(start: int, result: int | None, total: int, rows: int) -> list[int]:
    """Edges to draw: all from before the first operand until after the first results, or two windows of them."""
    low = max(0, start - _LEAD)
    if result is None:
        return list(range(low, min(total, low + _WINDOW_MAX)))
    high = min(total, result + rows + _TAIL)
    if high - low <= _WINDOW_MAX:
        return list(range(low, high))
    late = max(low + _EARLY, result - 3)
    return [*range(low, low + _EARLY), *range(late, min(high, late + _LATE))]


def _combinational(signals: dict[str, _Signal], contract: Contract) -> Excerpt | None:
    """One column for each change of the inputs, once all are known."""
    inputs = [port.name for port in contract.ports if port.direction == "input"]
    times = sorted({time for name in inputs for time in signals[name].times})
    columns = []
    for index, time in enumerate(times):
        settled = times[index + 1] - 1 if index + 1 < len(times) else time + 1
        if all(signals[name].at(settled) is not None for name in inputs):
            columns.append(settled)
        if len(columns) == 12:
            break
    if not columns:
        return None
    traces = [
        Trace(port.name, port.width_bits, "data", [signals[port.name].at(time) for time in columns])
        for port in contract.ports
    ]
    return Excerpt(cycles=list(range(len(columns))), traces=traces, clocked=False)
