"""Writes a netlist as plain structural Verilog, and beside it the map from its cells back to the RTL's signals.

The Verilog uses only what every reader takes: scalar wires, plain identifiers, named connections, no `assign` but of
constants. Registers are named after the signal they hold, so that a timing report reads like the RTL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tpugen.errors import StorageError
from tpugen.flows.liberty import LibertySummary
from tpugen.flows.netlist import Bit, Instance, Module, Netlist, Port
from tpugen.storage import write_text_atomic

__all__ = ["load_map", "map_path", "rename_plainly", "to_verilog", "write_netlist"]


def write_netlist(netlist: Netlist, path: Path) -> Path:
    """Write `path` and its map (`map_path`); cells are renamed plainly first.

    Raises:
        StorageError: a file cannot be written.
    """
    rtl_names = rename_plainly(netlist)
    write_text_atomic(path, to_verilog(netlist))
    write_text_atomic(map_path(path), json.dumps(_to_data(netlist, rtl_names), separators=(",", ":")))
    return path


def map_path(netlist: Path) -> Path:
    """Where the map of a netlist is: `netlist.v` has `netlist.map.json`."""
    return netlist.with_suffix(".map.json")


def rename_plainly(netlist: Netlist) -> dict[str, dict[str, str]]:
    """Give every cell a plain name: registers after their signal, instances after their path, gates numbered.

    Returns:
        Per module, the RTL path of each instance of a module or macro.
    """
    rtl_names: dict[str, dict[str, str]] = {}
    for module in netlist.modules.values():
        taken: set[str] = set(module.ports)
        cells: dict[str, Instance] = {}
        paths: dict[str, str] = {}
        gates = 0
        for name, instance in module.cells.items():
            if instance.type in netlist.modules or netlist.is_macro(instance):
                plain = _unique(_plain(name), taken)
                paths[plain] = name
            elif netlist.is_register(instance):
                plain = _unique(_register_name(netlist, module, instance), taken)
            elif re.fullmatch(r"(fanout|output_buffer|tie)_\d+", name):
                plain = _unique(name, taken)
            else:
                plain = _unique(f"g{gates}", taken)
                gates += 1
            cells[plain] = instance
        module.cells = cells
        module.paths = paths
        rtl_names[module.name] = paths
    return rtl_names


def _register_name(netlist: Netlist, module: Module, instance: Instance) -> str:
    for pin, bits in instance.pins.items():
        if netlist.is_output(instance, pin):
            for bit in bits:
                if isinstance(bit, int) and bit in module.names:
                    return f"{_net_name(module.names[bit])}_reg"
    return "register"


def _net_name(names: list[tuple[str, int]]) -> str:
    """A plain name: the deepest in the hierarchy, because it is the one nearest to the driver."""
    signal, index = max(names, key=lambda item: (item[0].count("."), -len(item[0])))
    return f"{_plain(signal)}_{index}"


def _plain(name: str) -> str:
    plain = re.sub(r"_*\W+", "_", name).strip("_")
    return plain if re.match(r"[A-Za-z_]", plain) else f"n_{plain}"


def _unique(name: str, taken: set[str]) -> str:
    plain, count = name, 1
    while plain in taken:
        count += 1
        plain = f"{name}_{count}"
    taken.add(plain)
    return plain


def to_verilog(netlist: Netlist) -> str:
    """The whole netlist as Verilog, children first."""
    return "\n".join(_module_text(netlist, module) for module in netlist.modules.values())


def _module_text(netlist: Netlist, module: Module) -> str:
    nets = _net_names(module)
    lines = [f"module {module.name} ({', '.join(module.ports)});"]
    for name, port in module.ports.items():
        vector = "" if len(port.bits) == 1 else f"[{len(port.bits) - 1}:0] "
        lines.append(f"  {port.direction} {vector}{name};")
    ports = {bit for port in module.ports.values() for bit in port.bits}
    lines += [f"  wire {name};" for bit, name in nets.items() if bit not in ports]
    for name, port in module.ports.items():
        if port.direction == "output":
            lines += [
                f"  assign {name if len(port.bits) == 1 else f'{name}[{index}]'} = 1'b{bit};"
                for index, bit in enumerate(port.bits)
                if isinstance(bit, str)
            ]
    for name, instance in module.cells.items():
        pins = ", ".join(
            f".{pin}({_expression(bits, nets)})" for pin, bits in instance.pins.items() if _used(bits, nets)
        )
        lines.append(f"  {instance.type} {name} ({pins});")
    lines.append("endmodule\n")
    return "\n".join(lines)


def _net_names(module: Module) -> dict[Bit, str]:
    """The name of every net with at least two ends."""
    ends: dict[Bit, int] = {}
    for instance in module.cells.values():
        for bits in instance.pins.values():
            for bit in bits:
                ends[bit] = ends.get(bit, 0) + 1
    nets: dict[Bit, str] = {}
    for name, port in module.ports.items():
        for index, bit in enumerate(port.bits):
            if isinstance(bit, int):
                nets[bit] = name if len(port.bits) == 1 else f"{name}[{index}]"
    taken = set(module.ports) | set(module.cells)
    wide = {
        bit for instance in module.cells.values() for bits in instance.pins.values() if len(bits) > 1 for bit in bits
    }
    for bit, count in ends.items():
        if isinstance(bit, int) and bit not in nets and (count > 1 or bit in wide):
            name = _net_name(module.names[bit]) if bit in module.names else f"n{bit}"
            nets[bit] = _unique(name, taken)
    return nets


def _used(bits: Iterable[Bit], nets: dict[Bit, str]) -> bool:
    return any(isinstance(bit, str) or bit in nets for bit in bits)


def _expression(bits: list[Bit], nets: dict[Bit, str]) -> str:
    parts = [f"1'b{bit}" if isinstance(bit, str) else nets[bit] for bit in reversed(bits)]
    return parts[0] if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def _to_data(netlist: Netlist, rtl_names: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "top": netlist.top,
        "modules": [
            {
                "name": module.name,
                "source": module.source,
                "ports": {name: [port.direction, port.bits] for name, port in module.ports.items()},
                "cells": {name: [instance.type, instance.pins] for name, instance in module.cells.items()},
                "paths": rtl_names[module.name],
                "names": [[bit, names] for bit, names in module.names.items()],
            }
            for module in netlist.modules.values()
        ],
    }


def load_map(path: Path, library: LibertySummary) -> tuple[Netlist, dict[str, dict[str, str]]]:
    """Read back what `write_netlist` wrote: the netlist, and per module the RTL path of each instance.

    Raises:
        StorageError: the map is not there or damaged.
    """
    try:
        data = json.loads(map_path(path).read_text(encoding="utf-8"))
        modules = {}
        for item in data["modules"]:
            modules[item["name"]] = Module(
                name=item["name"],
                source=item["source"],
                ports={name: Port(*port) for name, port in item["ports"].items()},
                cells={name: Instance(*cell) for name, cell in item["cells"].items()},
                names={bit: [(name, index) for name, index in names] for bit, names in item["names"]},
            )
        paths = {item["name"]: dict(item["paths"]) for item in data["modules"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"cannot read {map_path(path)}, the map of {path.name} back to the RTL: {error}", hint="synthesise again"
        ) from error
    return Netlist(data["top"], modules, library), paths
