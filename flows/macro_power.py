"""Power of the macros of a netlist: energy of an event from the card, times how often simulation saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from tpugen.flows.activity import Activity
from tpugen.flows.macros import Macro
from tpugen.flows.netlist import Netlist
from tpugen.results.macros import MacroPower

__all__ = ["EVENT_PORTS", "instance_scopes", "macro_powers"]

EVENT_PORTS: Mapping[str, Mapping[str, str]] = {
    "crossbar": {"sample": "sample_i", "conversion": "convert_i"},
    "sram": {"read": "read_i", "write": "write_i"},
}
"""By macro and event the input that is 1 in each cycle in which it happens; of several bits each is its part of it."""

DEFAULT_EVENTS_PER_CYCLE = 0.1
"""How often an event happens where no simulation told; the result then says `default`."""


def instance_scopes(design: Netlist, paths: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Every module instance: its module, the prefix of its pins in the netlist, that of its signals in the RTL."""
    stack = [(design.top, "", "")]
    while stack:
        module, place, path = stack.pop()
        yield module, place, path
        for name, instance in design.children(design.modules[module]):
            stack.append((instance.type, f"{place}{name}/", f"{path}{paths[module][name]}."))


def macro_powers(
    design: Netlist,
    paths: Mapping[str, Mapping[str, str]],
    macros: Sequence[Macro],
    activity: Activity | None,
    clock_mhz: float,
) -> list[MacroPower]:
    """Power by size of macro, in the order of `macros`.

    Args:
        design: The netlist, macros among the cells of its library.
        paths: Per module, the RTL path of each instance in it.
        macros: The sizes.
        activity: Of the simulation; None: events happen at a stated default rate.
        clock_mhz: The clock.
    """
    instances: dict[str, list[str]] = {}
    for module, _, path in instance_scopes(design, paths):
        for name, instance in design.modules[module].cells.items():
            if design.is_macro(instance):
                instances.setdefault(instance.type, []).append(f"{path}{paths[module][name]}.")
    return [
        _power(macro, instances[macro.cell_name], activity, clock_mhz)
        for macro in macros
        if macro.cell_name in instances
    ]


def _power(macro: Macro, scopes: list[str], activity: Activity | None, clock_mhz: float) -> MacroPower:
    figures = macro.figures
    events = dict.fromkeys(EVENT_PORTS[figures.name], 0.0)
    source: Literal["simulation", "default"] = "simulation"
    for event, port in EVENT_PORTS[figures.name].items():
        for scope in scopes:
            share = None if activity is None else _share(activity, f"{scope}{port}", macro.ports[port][1])
            if share is None:
                source, share = "default", DEFAULT_EVENTS_PER_CYCLE
            events[event] += share
    dynamic_pj_per_cycle = sum(count * figures.energy_pj[event] for event, count in events.items())
    return MacroPower(
        name=figures.name,
        parameters=figures.parameters,
        instances=len(scopes),
        events_per_cycle={event: round(count, 6) for event, count in events.items()},
        dynamic_mw=dynamic_pj_per_cycle * clock_mhz * 1e-3,
        leakage_mw=figures.leakage_mw * len(scopes),
        activity_source=source,
        origin=figures.origins["energy"],
        source=figures.source,
    )


def _share(activity: Activity, signal: str, width: int) -> float | None:
    """Time at one of a signal, mean over its bits; None where it was not observed."""
    bits: Iterable[tuple[float, float] | None] = [activity.bit(signal, index) for index in range(width)]
    found = [bit[1] for bit in bits if bit is not None]
    return sum(found) / width if len(found) == width else None
