"""Blocks of a whole accelerator after synthesis: which standard cells belong to which part of the design.

A block is an instance below the top module; a top that only wraps one instance is looked through, and what is worth a
figure of its own inside another block (`APART`) is a block too. Cells belong to blocks as to modules (see `area`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import StorageError
from tpugen.flows.hierarchy import Hierarchy
from tpugen.flows.netlist import Module, Netlist, base_module_name
from tpugen.results.accelerators import BlockMeasurement
from tpugen.storage import write_text_atomic

__all__ = ["APART", "Block", "blocks_path", "design_blocks", "load_blocks", "measure_areas", "write_blocks"]

APART = (
    "tpu_core", "array_output_stationary", "projection_tile", "projection_scale", "norm_stage", "hidden_stage",
    "residual_stream", "absmax_quantise",
)  # fmt: skip
"""Modules that are blocks wherever they are."""

_WRAPPING_LOGIC = 0.01
"""A module that wraps another has at most this part of the logic itself."""


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes:
        path: RTL path of the instance in the design, `.` between its parts.
        name: The same below the module that the blocks are parts of, `/` between its parts; empty: that module's own.
        module: What it is an instance of.
        cells: Cells and instances of the netlist's top module that belong to it.
    """

    path: str
    name: str
    module: str
    cells: tuple[str, ...]


def design_blocks(netlist: Netlist, hierarchy: Hierarchy, owners: Mapping[str, str]) -> list[Block]:
    """The blocks of a design, each with its cells; blocks without any are left out.

    Args:
        netlist: The mapped design.
        hierarchy: Its RTL.
        owners: RTL path of the instance that each cell of the top module belongs to; of an instance, its own path.
    """
    modules = hierarchy.instance_modules()
    root = ""
    while _wraps(hierarchy, modules[root]):
        below = hierarchy.children[modules[root]]
        root = f"{root}.{below[0][0]}" if root else below[0][0]
    prefix = f"{root}." if root else ""
    children = {f"{prefix}{name}" for name, _ in hierarchy.children[modules[root]]}
    paths = {root: ""}
    for path, module in modules.items():
        if path in children or (path != root and base_module_name(module) in APART):
            paths[path] = path.removeprefix(prefix).replace(".", "/")
    cells: dict[str, list[str]] = {path: [] for path in paths}
    memo: dict[str, str] = {}
    for name, instance in netlist.modules[netlist.top].cells.items():
        path = owners[name]
        if netlist.is_macro(instance):
            continue
        if path not in memo:
            memo[path] = max((one for one in paths if _holds(one, path)), key=len, default=root)
        cells[memo[path]].append(name)
    return [
        Block(path, paths[path], base_module_name(modules[path]), tuple(cells[path])) for path in paths if cells[path]
    ]


def _wraps(hierarchy: Hierarchy, module: str) -> bool:
    """Whether a module is hardly more than one instance of another that has parts of its own."""
    below = hierarchy.children[module]
    small = hierarchy.own_gates[module] <= _WRAPPING_LOGIC * hierarchy.gates(module)
    return len(below) == 1 and small and bool(hierarchy.children[below[0][1]])


def _holds(block: str, path: str) -> bool:
    return not block or path == block or path.startswith(f"{block}.")


def measure_areas(netlist: Netlist, blocks: list[Block]) -> list[BlockMeasurement]:
    """Area, cells and flip-flops of each block, without macros, in the same order."""
    totals: dict[str, tuple[float, int, int]] = {}
    for module in netlist.modules.values():  # children first
        totals[module.name] = _total(netlist, module, tuple(module.cells), totals)
    top = netlist.modules[netlist.top]
    measured = []
    for block in blocks:
        area, cells, flip_flops = _total(netlist, top, block.cells, totals)
        measured.append(
            BlockMeasurement(
                name=block.name, module=block.module, area_um2=round(area, 4), cells=cells, flip_flops=flip_flops
            )
        )
    return measured


def _total(
    netlist: Netlist, module: Module, names: tuple[str, ...], totals: Mapping[str, tuple[float, int, int]]
) -> tuple[float, int, int]:
    area, cells, flip_flops = 0.0, 0, 0
    for name in names:
        kind = module.cells[name].type
        if kind in totals:
            inner = totals[kind]
            area, cells, flip_flops = area + inner[0], cells + inner[1], flip_flops + inner[2]
            continue
        cell = netlist.library.cells[kind]
        if cell.kind != "macro":
            area, cells, flip_flops = area + cell.area_um2, cells + 1, flip_flops + (cell.kind == "flip_flop")
    return area, cells, flip_flops


def blocks_path(netlist: Path) -> Path:
    """Where the blocks of a netlist are: `netlist.v` has `netlist.blocks.json`."""
    return netlist.with_suffix(".blocks.json")


def write_blocks(blocks: list[Block], netlist: Path) -> None:
    """Write the blocks beside their netlist.

    Raises:
        StorageError: the file cannot be written.
    """
    data = [[block.path, block.name, block.module, list(block.cells)] for block in blocks]
    write_text_atomic(blocks_path(netlist), json.dumps(data, separators=(",", ":")))


def load_blocks(netlist: Path) -> list[Block]:
    """What `write_blocks` wrote beside a netlist; empty where it wrote nothing.

    Raises:
        StorageError: the file is damaged.
    """
    path = blocks_path(netlist)
    if not path.is_file():
        return []
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return [Block(place, name, module, tuple(cells)) for place, name, module, cells in data]
    except (OSError, ValueError, TypeError) as error:
        message = f"cannot read {path}, the blocks of {netlist.name}: {error}"
        raise StorageError(message, hint="synthesise again") from error
