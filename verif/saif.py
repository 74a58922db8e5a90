"""Switching activity as Verilator counts it: SAIF, of which toggles and time at one of each bit are read.

A bit that is not 0 when counting begins counts as a toggle then, and so does its first change from what an unwritten
register held by chance: up to two toggles more than a count that knows of unknown bits.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from tpugen.errors import StorageError
from tpugen.flows.activity import Activity, SignalActivity
from tpugen.verif.activity import is_counted

__all__ = ["activity_from_saif"]

_INSTANCE = re.compile(r"\s*\(INSTANCE (.+)$")
_BIT = re.compile(r"\s*\((\S+?)(?:\\\[(\d+)\\\])? \(T0 \d+\) \(T1 (\d+)\).*\(TC (\d+)\)\)")
_END = re.compile(r"\s*\)\s*$")
_WORD = re.compile(r"\[\d+\]$")
_PICOSECONDS_PER_NS = 1000


def activity_from_saif(
    path: Path, top: str, *, period_ns: float, window_ns: tuple[float, float], registers: Collection[str]
) -> Activity:
    """Toggles and time at one of each bit of registers below the top, and of everything in the top's own scope.

    Args:
        path: The file; its times are picoseconds.
        top: Hierarchical name of the design in the file, e.g. `tpugen_harness.u_dut`.
        period_ns: Duration of one clock cycle.
        window_ns: Begin and end of the time that was counted.
        registers: Names of registers to keep below the top.

    Raises:
        StorageError: the file cannot be read, or holds no such scope.
    """
    bits: dict[str, dict[int, tuple[int, int]]] = {}
    prefix = f"{top}."
    scopes: list[str] = []
    kinds: list[bool] = []  # of every open parenthesis that spans lines: whether it is an instance
    try:
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                if match := _BIT.match(line):
                    name = ".".join([*scopes, _plain(match[1])])
                    if name.startswith(prefix) and is_counted(_WORD.sub("", name.removeprefix(prefix)), registers):
                        place = int(match[2] or 0)
                        bits.setdefault(name.removeprefix(prefix), {})[place] = (int(match[3]), int(match[4]))
                elif match := _INSTANCE.match(line):
                    scopes.append(_plain(match[1]))
                    kinds.append(True)
                elif line.strip() == "(NET":
                    kinds.append(False)
                elif _END.match(line) and kinds and kinds.pop():
                    scopes.pop()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}", hint="simulate again") from error
    if not bits:
        raise StorageError(f"{path} holds no signal below {top}", hint="simulate again")
    period = period_ns * _PICOSECONDS_PER_NS
    cycles = max(1, round((window_ns[1] - window_ns[0]) / period_ns))
    return Activity(cycles=cycles, signals={name: _signal(places, period) for name, places in bits.items()})


def _signal(places: dict[int, tuple[int, int]], period: float) -> SignalActivity:
    order = [places.get(place, (0, 0)) for place in range(max(places) + 1)]
    return SignalActivity(len(order), [toggles for _, toggles in order], [round(ones / period) for ones, _ in order])


def _plain(name: str) -> str:
    return name.replace("\\", "")
