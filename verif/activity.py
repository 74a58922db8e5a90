"""Switching activity of registers and top-level ports, counted from the waveform of the full-rate test.

pywellen reads FST and VCD. Only what power analysis annotates is counted: signals that are assigned in clocked blocks,
and everything in the top module's own scope; what lies between them is left to the power tool's propagation. Of macros
their outputs count, and the inputs that tell how often they work.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tpugen.errors import StorageError
from tpugen.flows.activity import Activity, SignalActivity
from tpugen.flows.macro_power import EVENT_PORTS

__all__ = ["MACRO_EVENT_PORTS", "PICOSECONDS", "activity_from_waveform", "is_counted", "register_names"]

PICOSECONDS = {"fs": 1e-3, "ps": 1.0, "ns": 1e3, "us": 1e6, "ms": 1e9, "s": 1e12}
"""Length of the units in which wave dumps count time."""

_ALIAS = re.compile(r"\bassign\s+(\w+)\s*=\s*(\w+|\{[\w\s,]+\})\s*;")
_CONCATENATED = re.compile(r"\{([\w\s,]+)\}\s*<=")
_EVENTS = "|".join(rf"u_{macro}\.(?:{'|'.join(ports.values())})" for macro, ports in EVENT_PORTS.items())
_MACRO_EVENT = re.compile(rf"(?:^|\.)(?:{_EVENTS})$")
MACRO_EVENT_PORTS = frozenset(port for ports in EVENT_PORTS.values() for port in ports.values())
"""Inputs of macros that tell how often they work."""

_NONBLOCKING = re.compile(r"\b([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*<=")


def register_names(sources: Iterable[str]) -> set[str]:
    """Names of registers, and of nets that are registers under another name.

    Synthesis may keep either name. Registers are the targets of non-blocking assignments (or what is compared with
    `<=`: a superset does no harm); the others are assigned a register, or a concatenation of registers, alone.
    """
    registers: set[str] = set()
    for text in sources:
        own = {match[1] for match in _NONBLOCKING.finditer(text)}
        for match in _CONCATENATED.finditer(text):
            own.update(name.strip() for name in match[1].split(","))
        registers |= own
        for name, value in _ALIAS.findall(text):
            if {part.strip() for part in value.strip("{} ").split(",")} <= own:
                registers.add(name)
    return registers


def activity_from_waveform(
    path: Path,
    top: str,
    *,
    period_ns: float,
    window_ns: tuple[float, float] | None = None,
    registers: Collection[str] | None = None,
) -> Activity:
    """Count toggles and time at one of each bit.

    Args:
        path: FST or VCD file.
        top: Hierarchical name of the design in the file, e.g. `tpugen_harness.u_dut`.
        period_ns: Duration of one clock cycle (of one vector, for combinational designs).
        window_ns: Begin and end of the time to count; by default from the first to the last change in the file.
        registers: Names of registers to count below the top; None: every `reg`.

    Returns:
        Activity by hierarchical path below `top`. Unknown bits count as zero and their changes are not toggles.

    Raises:
        StorageError: the file cannot be read, or holds no such scope.
    """
    import pywellen

    try:
        wave = pywellen.Waveform(str(path), stream_only=True)
    except Exception as error:  # pywellen raises plain RuntimeError or its own panics
        raise StorageError(f"cannot read the waveform {path}: {error}", hint="simulate again") from error
    prefix = f"{top}."
    chosen = [
        (var.full_name.removeprefix(prefix), var)
        for var in wave.all_vars()
        if var.full_name.startswith(prefix) and _is_counted(var, prefix, registers)
    ]
    if not chosen:
        raise StorageError(f"the waveform {path} holds no signal below {top}", hint="simulate again")
    # One pass over the file for all signals: asking for them one by one reads it as many times.
    changes: dict[str, list[tuple[int, Any]]] = {}

    def keep(time: int, signal_id: Any, value: Any) -> None:
        changes.setdefault(str(signal_id), []).append((time, value))

    wave.stream_changes(keep, [var for _, var in chosen])
    scale = wave.timescale.factor * PICOSECONDS[str(wave.timescale.unit).lower()]
    begin, end = _window(changes, scale, window_ns)
    cycles = max(1, round((end - begin) * scale / (period_ns * 1e3)))
    period = period_ns * 1e3 / scale
    signals = {
        _plain(name): _count(changes.get(str(var.signal_id), []), int(var.bitwidth or 1), begin, end, period)
        for name, var in chosen
    }
    return Activity(cycles=cycles, signals=signals)


def is_counted(name: str, registers: Collection[str]) -> bool:
    """Whether a signal is, by its path below the top: the top's own, a register, or an input that macros work by."""
    scope, _, last = name.rpartition(".")
    return not scope or last in registers or _MACRO_EVENT.search(name) is not None


def _is_counted(var: Any, prefix: str, registers: Collection[str] | None) -> bool:
    if "." not in var.full_name.removeprefix(prefix):
        return str(var.var_type) in ("Wire", "Reg", "Logic")
    if registers is not None:
        return is_counted(_plain(var.full_name.removeprefix(prefix)), registers)
    return str(var.var_type) in ("Reg", "Logic")


def _plain(name: str) -> str:
    """Without the range that VCD writers append: `acc_q [31:0]` or `acc_q[31:0]`."""
    return re.sub(r"\s*\[\d+:\d+\]$", "", name)


def _window(
    changes: Mapping[str, Sequence[tuple[int, Any]]], scale: float, window_ns: tuple[float, float] | None
) -> tuple[int, int]:
    if window_ns is not None:
        return round(window_ns[0] * 1e3 / scale), round(window_ns[1] * 1e3 / scale)
    times = [change[0] for history in changes.values() for change in (history[0], history[-1])]
    return (min(times), max(times)) if times else (0, 0)


def _count(changes: list[tuple[int, Any]], width: int, begin: int, end: int, period: float) -> SignalActivity:
    """Toggles and time at one of each bit of one signal within [begin, end]."""
    times = np.array([time for time, _ in changes], dtype=np.int64)
    keep = times <= end
    changes = [change for change, kept in zip(changes, keep.tolist(), strict=True) if kept]
    times = times[keep]
    if not changes:
        return SignalActivity(width, [0] * width, [0] * width)
    size = -(-width // 8)
    values, unknown = bytearray(), bytearray()
    for _, value in changes:
        bits, masked = _bits(value)
        values += bits.to_bytes(size, "little")
        unknown += masked.to_bytes(size, "little")
    ones = _matrix(values, size, width)
    known = ~_matrix(unknown, size, width).astype(bool)
    toggled = (ones[1:] != ones[:-1]) & known[1:] & known[:-1] & (times[1:] > begin)[:, None]
    edges = np.append(np.maximum(times, begin), end)
    spent = np.rint((np.diff(edges)[:, None] * ones).sum(axis=0) / period).astype(int)
    return SignalActivity(width, toggled.sum(axis=0).astype(int).tolist(), spent.tolist())


def _bits(value: Any) -> tuple[int, int]:
    """Ones and unknown bits of a value; pywellen gives integers, or strings where a bit is x or z."""
    if isinstance(value, int):
        return value, 0
    text = str(value).lower()
    return (
        int("".join("1" if bit == "1" else "0" for bit in text) or "0", 2),
        int("".join("0" if bit in "01" else "1" for bit in text) or "0", 2),
    )


def _matrix(data: bytearray, size: int, width: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    array = np.frombuffer(bytes(data), dtype=np.uint8).reshape(-1, size)
    return np.unpackbits(array, axis=1, bitorder="little")[:, :width]
