"""Constants in a mapped netlist, spread through its modules: no gate is left whose output never changes.

Synthesis maps each module by itself, so that a constant on an instance's port meets gates that do not know it. Here
such an instance gets a module that does: the constant inside, gates with a constant output gone, and with them what
drove only these. Instances with equal constants share one. OpenSTA needs it too: its power analysis crashes where gates
with constant outputs drive each other (`docs/tools.md`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from functools import lru_cache

from tpugen.flows.liberty import Cell
from tpugen.flows.liberty_function import read_function
from tpugen.flows.netlist import Bit, Instance, Module, Netlist

__all__ = ["spread_constants"]

_Constants = tuple[tuple[str, int, str], ...]
"""Input pin, bit of it, value."""

_MOST_PINS = 12
"""Cells with more inputs are not evaluated; no library has such gates."""


def spread_constants(netlist: Netlist) -> None:
    """Spread constants until nothing changes, in place."""
    pending = set(netlist.modules)
    while pending:
        folded = {
            name
            for name in reversed(netlist.modules)  # parents first
            if name in pending and _Fold(netlist, netlist.modules[name]).run()
        }
        parents = {
            module.name
            for module in netlist.modules.values()
            if any(instance.type in folded for _, instance in netlist.children(module))
        }
        pending = parents | _specialise(netlist)


class _Fold:
    """Constants within one module."""

    def __init__(self, netlist: Netlist, module: Module) -> None:
        self.netlist = netlist
        self.module = module
        self.places: dict[int, list[tuple[list[Bit], int, str]]] = {}
        for reader, bits in netlist.read_bits(module):
            for index, bit in enumerate(bits):
                if isinstance(bit, int):
                    self.places.setdefault(bit, []).append((bits, index, reader))

    def run(self) -> bool:
        """Whether a constant went anywhere."""
        cells = self.module.cells
        queue = [name for name, cell in cells.items() if self._may_be_constant(cell)]
        changed = False
        while queue:
            cell = cells.get(queue.pop())
            if cell is None:
                continue
            for net, value in self._constant_nets(cell).items():
                changed = changed or net in self.places
                for bits, index, reader in self.places.pop(net, ()):
                    bits[index] = value
                    if reader:
                        queue.append(reader)
        self._remove_unread()
        return changed

    def _may_be_constant(self, cell: Instance) -> bool:
        child = self.netlist.modules.get(cell.type)
        if child is not None:
            return any(isinstance(bit, str) for port in child.ports.values() for bit in port.bits)
        return any(isinstance(bit, str) for bits in cell.pins.values() for bit in bits)

    def _constant_nets(self, cell: Instance) -> dict[int, str]:
        """Nets that the cell or instance drives with a constant."""
        child = self.netlist.modules.get(cell.type)
        if child is not None:
            return {
                net: value
                for pin, bits in cell.pins.items()
                if child.ports[pin].direction == "output"
                for net, value in zip(bits, child.ports[pin].bits, strict=True)
                if isinstance(net, int) and isinstance(value, str)
            }
        entry = self.netlist.library.cells[cell.type]
        if entry.kind != "combinational" or len(entry.inputs) > _MOST_PINS:
            return {}
        known = {pin: bits[0] for pin, bits in cell.pins.items() if pin in entry.inputs and isinstance(bits[0], str)}
        found = {}
        for pin in entry.outputs:
            value = _output_value(entry, pin, known)
            net = cell.pins.get(pin, [""])[0]
            if value is not None and isinstance(net, int):
                found[net] = value
        return found

    def _remove_unread(self) -> None:
        """Gates and flip-flops that nothing reads any more."""
        cells = self.module.cells
        drivers = {bit: name for name, cell in cells.items() for bit in self._driven(cell)}
        readers = {net: len(places) for net, places in self.places.items()}
        queue = list(cells)
        while queue:
            name = queue.pop()
            cell = cells.get(name)
            if cell is None or cell.type in self.netlist.modules or self.netlist.is_macro(cell):
                continue
            if any(readers.get(bit) for bit in self._driven(cell)):
                continue
            del cells[name]
            for pin, bits in cell.pins.items():
                for bit in bits:
                    if isinstance(bit, int) and not self.netlist.is_output(cell, pin):
                        readers[bit] -= 1
                        if not readers[bit] and bit in drivers:
                            queue.append(drivers[bit])

    def _driven(self, cell: Instance) -> list[int]:
        return [
            bit
            for pin, bits in cell.pins.items()
            if self.netlist.is_output(cell, pin)
            for bit in bits
            if isinstance(bit, int)
        ]


def _output_value(cell: Cell, pin: str, known: Mapping[str, Bit]) -> str | None:
    """The output's value whatever the other inputs are, if it is always the same."""
    function = cell.pins[pin].function
    if function is None or not known:
        return None
    return _value(function, tuple(cell.inputs), tuple(sorted((name, str(value)) for name, value in known.items())))


@lru_cache(maxsize=65_536)
def _value(function: str, inputs: tuple[str, ...], known: tuple[tuple[str, str], ...]) -> str | None:
    import numpy as np

    values = dict(known)
    free = [name for name in inputs if name not in values]
    cases = np.arange(1 << len(free))
    levels = {name: (cases >> index & 1).astype(bool) for index, name in enumerate(free)}
    levels |= {name: np.full(len(cases), value == "1") for name, value in values.items()}
    outcome = read_function(function)(levels)
    if outcome.all():
        return "1"
    return None if outcome.any() else "0"


def _specialise(netlist: Netlist) -> set[str]:
    """Put the constants on instances' inputs into their modules, or into copies of these; which these are."""
    instances: dict[str, dict[_Constants, list[Instance]]] = {}
    read = {
        name: {bit for _, bits in netlist.read_bits(module) for bit in bits} for name, module in netlist.modules.items()
    }
    for module in netlist.modules.values():
        for _, instance in netlist.children(module):
            found = _constants(netlist.modules[instance.type], instance, read[instance.type])
            instances.setdefault(instance.type, {}).setdefault(found, []).append(instance)
    changed: set[str] = set()
    modules: dict[str, Module] = {}
    for name, module in list(netlist.modules.items()):
        modules[name] = module
        groups = sorted(instances.get(name, {}).items(), key=lambda item: len(item[0]))
        original = deepcopy(module) if len(groups) > 1 else module
        for number, (constants, members) in enumerate(groups):
            target = module
            if number:
                target = deepcopy(original)
                target.name = _free_name(name, netlist.modules.keys())
                modules[target.name] = netlist.modules[target.name] = target
                for instance in members:
                    instance.type = target.name
            _put_inside(netlist, target, constants)
            if constants:
                changed.add(target.name)
    netlist.modules = modules  # children first again
    return changed


def _constants(child: Module, instance: Instance, read: set[Bit]) -> _Constants:
    """Constants on the instance's inputs that its module reads."""
    return tuple(
        (pin, index, value)
        for pin, bits in sorted(instance.pins.items())
        if child.ports[pin].direction == "input"
        for index, value in enumerate(bits)
        if isinstance(value, str) and child.ports[pin].bits[index] in read
    )


def _put_inside(netlist: Netlist, module: Module, constants: _Constants) -> None:
    values = {module.ports[pin].bits[index]: value for pin, index, value in constants}
    if not values:
        return
    for _, bits in netlist.read_bits(module):
        for index, bit in enumerate(bits):
            if bit in values:
                bits[index] = values[bit]


def _free_name(name: str, taken: Collection[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
