"""Area by module of the RTL, also where synthesis dissolved the modules.

Registers keep their RTL names through flattening, so each belongs to the module instance that declares it. A gate
belongs to the instance whose registers it feeds; a gate that feeds several belongs to the deepest instance that
contains them all, and one that feeds an output of the top to the top.
"""

from __future__ import annotations

from collections.abc import Mapping

from tpugen.flows.hierarchy import Hierarchy
from tpugen.flows.netlist import Bit, Instance, Module, Netlist, base_module_name
from tpugen.results import AreaShare

__all__ = ["area_shares", "cell_owners", "totals"]


def totals(netlist: Netlist) -> tuple[float, float, int, int]:
    """Area in um2, area of the registers in um2, cells, flip-flops: of the whole design, every instance counted.

    Macros are not counted: their area comes from cards.
    """
    area = sequential = 0.0
    cells = flip_flops = 0
    counts = netlist.instance_counts()
    for module in netlist.modules.values():
        times = counts[module.name]
        for instance in module.cells.values():
            cell = netlist.library.cells.get(instance.type)
            if cell is None or cell.kind == "macro":
                continue
            area += times * cell.area_um2
            cells += times
            if cell.kind == "flip_flop":
                sequential += times * cell.area_um2
                flip_flops += times
    return area, sequential, cells, flip_flops


def cell_owners(netlist: Netlist, hierarchy: Hierarchy) -> dict[str, str]:
    """RTL path of the instance that each cell of the top module belongs to; of an instance in it, the one around it."""
    return _owners(netlist, netlist.modules[netlist.top], hierarchy, hierarchy.instance_modules())


def area_shares(netlist: Netlist, hierarchy: Hierarchy, owners: Mapping[str, str] | None = None) -> list[AreaShare]:
    """Area of each RTL module over all its instances, children not included, largest first.

    Args:
        netlist: The mapped design.
        hierarchy: Its RTL.
        owners: What `cell_owners` found, where it is known already.
    """
    modules = hierarchy.instance_modules()
    owners = cell_owners(netlist, hierarchy) if owners is None else owners
    instances: dict[str, int] = {}
    for yosys_name in modules.values():
        source = base_module_name(yosys_name)
        instances[source] = instances.get(source, 0) + 1
    counts = netlist.instance_counts()
    area: dict[str, float] = {}
    cells: dict[str, int] = {}
    for module in netlist.modules.values():
        is_top = module.name == netlist.top
        for name, instance in module.cells.items():
            cell = netlist.library.cells.get(instance.type)
            if cell is None or cell.kind == "macro":
                continue
            source = base_module_name(modules[owners[name]]) if is_top else module.source
            area[source] = area.get(source, 0.0) + counts[module.name] * cell.area_um2
            cells[source] = cells.get(source, 0) + counts[module.name]
    shares = [
        AreaShare(
            module=source, instances=instances.get(source, 1), area_um2=round(area[source], 4), cells=cells[source]
        )
        for source in area
    ]
    return sorted(shares, key=lambda share: -share.area_um2)


def _owners(netlist: Netlist, module: Module, hierarchy: Hierarchy, modules: Mapping[str, str]) -> dict[str, str]:
    """The instance path that owns each cell of the flattened top."""
    owners: dict[str, str] = {}
    sinks: dict[Bit, list[str]] = {}
    outputs: dict[str, list[Bit]] = {}
    for name, instance in module.cells.items():
        outputs[name] = []
        for pin, bits in instance.pins.items():
            if netlist.is_output(instance, pin):
                outputs[name].extend(bits)
            else:
                for bit in bits:
                    sinks.setdefault(bit, []).append(name)
        if instance.type in netlist.modules or netlist.is_macro(instance):
            owners[name] = _parent(module.paths.get(name, name), modules)
        elif netlist.is_register(instance):
            owners[name] = _register_owner(netlist, module, instance, hierarchy, modules)
    at_output = {bit for port in module.ports.values() if port.direction == "output" for bit in port.bits}
    drivers: dict[str, list[str]] = {}
    waiting: dict[str, int] = {}
    below: dict[str, list[str]] = {}
    for name, bits in outputs.items():
        if name not in owners:
            below[name] = list(dict.fromkeys(sink for bit in bits for sink in sinks.get(bit, ())))
            unknown = [sink for sink in below[name] if sink not in owners]
            waiting[name] = len(unknown)
            for sink in unknown:
                drivers.setdefault(sink, []).append(name)
    common = _CommonPath(modules)
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        paths = {owners[sink] for sink in below[name]}
        if any(bit in at_output for bit in outputs[name]):
            paths.add("")
        owners[name] = common(paths)
        for driver in drivers.get(name, ()):
            waiting[driver] -= 1
            if waiting[driver] == 0:
                ready.append(driver)
    # Only gates of a combinational loop are left.
    return {name: owners.get(name, "") for name in module.cells}


def _parent(path: str, modules: Mapping[str, str]) -> str:
    """The deepest instance path that properly contains this one."""
    while "." in path:
        path = path.rpartition(".")[0]
        if path in modules:
            return path
    return ""


def _register_owner(
    netlist: Netlist, module: Module, instance: Instance, hierarchy: Hierarchy, modules: Mapping[str, str]
) -> str:
    paths = set()
    declaring = set()
    for pin, bits in instance.pins.items():
        if not netlist.is_output(instance, pin):
            continue
        for bit in bits:
            for signal, _ in module.names.get(bit, ()) if isinstance(bit, int) else ():
                path = _parent(signal, modules)
                paths.add(path)
                local = signal[len(path) + 1 :] if path else signal
                if local in hierarchy.registers[modules[path]]:
                    declaring.add(path)
    # Of all names of the net, one is the register's own; the others are wires and ports that it drives. Where that one
    # was optimised away, an instance that has registers at all is the best guess.
    if not declaring:
        declaring = {_with_registers(path, hierarchy, modules) for path in paths}
    return max(declaring, key=lambda path: path.count("."), default="")


def _with_registers(path: str, hierarchy: Hierarchy, modules: Mapping[str, str]) -> str:
    while path and not hierarchy.registers[modules[path]]:
        path = _parent(path, modules)
    return path


class _CommonPath:
    """The deepest instance that contains all of some instances; remembers pairs, because they repeat."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self.modules = modules
        self.pairs: dict[tuple[str, str], str] = {}

    def __call__(self, paths: set[str]) -> str:
        if not paths:
            return ""
        result, *rest = paths
        for path in rest:
            result = self._pair(result, path)
        return result

    def _pair(self, one: str, other: str) -> str:
        key = (one, other)
        if key not in self.pairs:
            path = one
            while path and not (other == path or other.startswith(f"{path}.")):
                path = _parent(path, self.modules)
            self.pairs[key] = path
        return self.pairs[key]
