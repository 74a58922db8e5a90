"""Power of the blocks of a design: OpenSTA adds up the power of their cells, registers and other gates apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tpugen.flows.blocks import Block, measure_areas
from tpugen.flows.netlist import Module, Netlist
from tpugen.results.accelerators import BlockMeasurement

__all__ = ["block_script", "measure_blocks"]

_MARK = "tpugen_block"
_ROW = re.compile(rf"^{_MARK} (\d+) (\S+) (\S+) (\S+)$", re.MULTILINE)

# `registers`, `gates` and `instances` hold the contents of modules and, under numbers, of blocks.
_PROCEDURES = """
proc cell_power {names prefix place} {
  global sums corner
  foreach name $names {
    set power [sta::instance_power [sta::find_instance "$prefix$name"] $corner]
    set sums($place) [expr {$sums($place) + [lindex $power 0] + [lindex $power 1]}]
    set sums(leakage) [expr {$sums(leakage) + [lindex $power 2]}]
  }
}
proc contents_power {contents prefix} {
  global registers gates instances
  cell_power $registers($contents) $prefix registers
  cell_power $gates($contents) $prefix gates
  foreach {name module} $instances($contents) { contents_power $module "$prefix$name/" }
}
proc blocks_power {count} {
  global sums corner
  set corner [sta::cmd_corner]
  for {set block 0} {$block < $count} {incr block} {
    array set sums {registers 0.0 gates 0.0 leakage 0.0}
    contents_power $block {}
    puts "MARK $block $sums(registers) $sums(gates) $sums(leakage)"
  }
}
"""


def block_script(design: Netlist, blocks: Sequence[Block]) -> str:
    """Commands that report the power of each block; empty where there are no blocks. Pure.

    Where a version of OpenSTA does not tell the power of single cells, nothing is reported.
    """
    if not blocks:
        return ""
    lines = [_PROCEDURES.replace("MARK", _MARK)]
    for module in design.modules.values():
        lines += _contents(design, module, module.name, module.cells)
    top = design.modules[design.top]
    for number, block in enumerate(blocks):
        lines += _contents(design, top, str(number), block.cells)
    lines.append(f"catch {{ blocks_power {len(blocks)} }}")
    return "\n".join(lines) + "\n"


def _contents(design: Netlist, module: Module, key: str, names: Iterable[str]) -> Iterator[str]:
    registers, gates, instances = [], [], []
    for name in names:
        instance = module.cells[name]
        if instance.type in design.modules:
            instances += [name, instance.type]
        elif design.is_register(instance):
            registers.append(name)
        elif not design.is_macro(instance):
            gates.append(name)
    for what, found in (("registers", registers), ("gates", gates), ("instances", instances)):
        yield f"set {what}({key}) {{{' '.join(found)}}}"


def measure_blocks(design: Netlist, blocks: list[Block], text: str) -> list[BlockMeasurement]:
    """Area of each block, and its power where OpenSTA reported it.

    Args:
        design: The netlist.
        blocks: Those that `block_script` asked for.
        text: What OpenSTA said.
    """
    measured = measure_areas(design, blocks)
    for match in _ROW.finditer(text):
        block = measured[int(match[1])]
        block.register_mw, block.logic_mw, block.leakage_mw = (float(match[place]) * 1e3 for place in (2, 3, 4))
    return measured
