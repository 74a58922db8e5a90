"""A mapped netlist in memory: read from Yosys's JSON, changed by `netlist_passes`, written by `netlist_verilog`.

Nets are numbers, constants are the strings `"0"` and `"1"`. Every module is mapped to cells of one Liberty library and
to instances of other modules; the module order is children first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tpugen.errors import ToolFailedError
from tpugen.flows.liberty import LibertySummary

__all__ = ["Bit", "Instance", "Module", "Netlist", "Port", "base_module_name", "netlist_from_yosys"]

Bit = int | str


@dataclass
class Port:
    """A port of a module: direction and nets, least significant first."""

    direction: str
    bits: list[Bit]


@dataclass
class Instance:
    """A library cell or an instance of a module; `type` names it, `pins` lists the nets of each pin."""

    type: str
    pins: dict[str, list[Bit]]


@dataclass
class Module:
    """One module.

    Attributes:
        name: Name in the written netlist.
        source: Name in the RTL, without parameters.
        cells: Cells and instances by name; instances of modules keep their RTL name.
        names: RTL names of each net: signal and bit index.
        paths: RTL path of each instance of a module or macro that was renamed.
    """

    name: str
    source: str
    ports: dict[str, Port]
    cells: dict[str, Instance]
    names: dict[int, list[tuple[str, int]]]
    next_net: int = field(default=0)
    paths: dict[str, str] = field(default_factory=dict)

    def new_net(self) -> int:
        """A net that nothing uses yet."""
        self.next_net += 1
        return self.next_net


@dataclass
class Netlist:
    """All modules, children first, and the library they are mapped to."""

    top: str
    modules: dict[str, Module]
    library: LibertySummary

    def is_output(self, instance: Instance, pin: str) -> bool:
        """Whether a pin of a cell or instance drives its net."""
        child = self.modules.get(instance.type)
        if child is not None:
            return child.ports[pin].direction == "output"
        return self.library.cells[instance.type].pins[pin].direction == "output"

    def read_bits(self, module: Module) -> Iterator[tuple[str, list[Bit]]]:
        """Every list of nets that a module reads: of input pins with their cell's name, of output ports without one."""
        for name, instance in module.cells.items():
            for pin, bits in instance.pins.items():
                if not self.is_output(instance, pin):
                    yield name, bits
        for port in module.ports.values():
            if port.direction == "output":
                yield "", port.bits

    def is_macro(self, instance: Instance) -> bool:
        """Whether the cell is a macro: a black box with a card."""
        cell = self.library.cells.get(instance.type)
        return cell is not None and cell.kind == "macro"

    def is_register(self, instance: Instance) -> bool:
        """Whether the cell is a flip-flop."""
        cell = self.library.cells.get(instance.type)
        return cell is not None and cell.kind == "flip_flop"

    def instance_counts(self) -> dict[str, int]:
        """How often each module occurs in the whole design."""
        counts = dict.fromkeys(self.modules, 0)
        counts[self.top] = 1
        for name in reversed(self.modules):
            for instance in self.modules[name].cells.values():
                if instance.type in counts:
                    counts[instance.type] += counts[name]
        return counts

    def children(self, module: Module) -> Iterator[tuple[str, Instance]]:
        """Instances of modules within a module."""
        for name, instance in module.cells.items():
            if instance.type in self.modules:
                yield name, instance


def base_module_name(name: str) -> str:
    """The RTL name of a module: without what Yosys adds for parameters and `variants` for copies."""
    plain = name.split("\\")[1] if name.startswith("$paramod") and "\\" in name else name.lstrip("\\")
    return re.sub(r"__variant\d+$", "", plain)


def netlist_from_yosys(
    data: Mapping[str, Any], top: str, library: LibertySummary, macros: Mapping[str, str] | None = None
) -> Netlist:
    """Build a netlist from what Yosys's `write_json` wrote after mapping.

    Args:
        data: The parsed JSON.
        top: Name of the top module.
        library: The library that it was mapped to, macros among its cells.
        macros: Cells of the library that stand for macros, by their Yosys name.

    Raises:
        ToolFailedError: cells are left that the library does not have.
    """
    raw = {
        name: module for name, module in data["modules"].items()
        if "blackbox" not in module.get("attributes", {}) and (module["cells"] or module["ports"])
    }  # fmt: skip
    order = _children_first(raw, top)
    new_names = _plain_module_names(order, top, macros or {})
    _refuse_unmapped(raw, order, library, new_names)
    modules = {}
    for name in order:
        module = _module(raw[name], new_names[name], base_module_name(name), new_names)
        modules[module.name] = module
    return Netlist(top=top, modules=modules, library=library)


def _children_first(raw: Mapping[str, Any], top: str) -> list[str]:
    order: list[str] = []
    open_modules: list[tuple[str, Iterator[str]]] = []

    def children(name: str) -> Iterator[str]:
        return iter(dict.fromkeys(cell["type"] for cell in raw[name]["cells"].values() if cell["type"] in raw))

    seen = {top}
    open_modules.append((top, children(top)))
    while open_modules:
        name, rest = open_modules[-1]
        following = next((child for child in rest if child not in seen), None)
        if following is None:
            order.append(name)
            open_modules.pop()
        else:
            seen.add(following)
            open_modules.append((following, children(following)))
    return order


def _plain_module_names(order: list[str], top: str, macros: Mapping[str, str]) -> dict[str, str]:
    names: dict[str, str] = dict(macros)
    taken = {top, *macros.values()}
    for name in order:
        if name == top:
            names[name] = top
            continue
        plain = base = re.sub(r"\W", "_", base_module_name(name))
        count = 1
        while plain in taken:
            count += 1
            plain = f"{base}_{count}"
        taken.add(plain)
        names[name] = plain
    return names


def _refuse_unmapped(
    raw: Mapping[str, Any], order: list[str], library: LibertySummary, names: Mapping[str, str]
) -> None:
    unmapped = sorted(
        {
            cell["type"] for name in order for cell in raw[name]["cells"].values()
            if names.get(cell["type"], cell["type"]) not in library.cells and cell["type"] not in raw
        }
    )  # fmt: skip
    if unmapped:
        raise ToolFailedError(
            f"the library {library.name} has no cell for {', '.join(unmapped)}",
            hint="the design has a latch or a flip-flop with an unusual set or reset, or the library is small",
        )


def _module(raw: Mapping[str, Any], name: str, source: str, new_names: Mapping[str, str]) -> Module:
    ports = {port: Port(item["direction"], _bits(item["bits"])) for port, item in raw["ports"].items()}
    cells = {
        cell: Instance(
            new_names.get(item["type"], item["type"]),
            {pin: _bits(bits) for pin, bits in item["connections"].items() if bits},
        )
        for cell, item in raw["cells"].items()
    }
    names: dict[int, list[tuple[str, int]]] = {}
    for signal, item in raw["netnames"].items():
        if item.get("hide_name") or "$" in signal:
            continue
        for index, bit in enumerate(item["bits"]):
            if isinstance(bit, int):
                names.setdefault(bit, []).append((signal, index))
    used = [bit for port in ports.values() for bit in port.bits] + [
        bit for cell in cells.values() for bits in cell.pins.values() for bit in bits
    ]
    highest = max((bit for bit in used if isinstance(bit, int)), default=0)
    return Module(name, source, ports, cells, names, highest)


def _bits(bits: list[Bit]) -> list[Bit]:
    """Undefined bits become zero: some value they must have, and `0` costs nothing."""
    return [bit if isinstance(bit, int) or bit in ("0", "1") else "0" for bit in bits]
