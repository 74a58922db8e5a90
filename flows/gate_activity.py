"""Switching activity of every gate of a combinational netlist, by evaluating its gates on the simulation's operands.

Power analysis that only knows the inputs' activity propagates it as if the inputs of every gate were independent. Where
they are not, as behind a leading-one detector whose outputs are one-hot, that is far off: here each net has the value
that it really takes. Gates have no delay, so there are no glitches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tpugen.errors import ToolFailedError
from tpugen.flows.liberty_function import read_function
from tpugen.flows.netlist import Bit, Instance, Netlist

if TYPE_CHECKING:
    from tpugen.flows.liberty_function import LibertyFunction, Values

__all__ = ["gate_toggles"]


def gate_toggles(design: Netlist, operands: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Toggles per vector of every gate's output, by instance; of several outputs their mean.

    Args:
        design: A netlist without registers and without hierarchy.
        operands: Value of each input port, vector by vector; at least two vectors.

    Returns:
        0 for a net that never changes, 1 for one that changes with every vector.

    Raises:
        ToolFailedError: the netlist is clocked, hierarchical or cyclic, or a cell has no function in its library.
    """
    nets = _input_nets(design, operands)
    _evaluate(design, nets)
    found = {}
    for name, cell in design.modules[design.top].cells.items():
        driven = [nets[bits[0]] for pin, bits in cell.pins.items() if bits and design.is_output(cell, pin)]
        changes = [float((values[1:] != values[:-1]).mean()) if values.size > 1 else 0.0 for values in driven]
        found[name] = sum(changes) / len(changes) if changes else 0.0
    return found


def _input_nets(design: Netlist, operands: Mapping[str, Sequence[int]]) -> dict[Bit, Values]:
    import numpy as np

    count = len(next(iter(operands.values())))
    nets: dict[Bit, Values] = {"0": np.zeros(count, dtype=bool), "1": np.ones(count, dtype=bool)}
    for name, port in design.modules[design.top].ports.items():
        if port.direction == "input":
            words = np.array([int(value) for value in operands[name]], dtype=np.uint64)
            for index, bit in enumerate(port.bits):
                nets[bit] = (words >> np.uint64(index) & np.uint64(1)).astype(bool)
    return nets


def _evaluate(design: Netlist, nets: dict[Bit, Values]) -> None:
    """Give every net its values: a gate is ready when all of its inputs are known."""
    functions: dict[str, list[tuple[str, LibertyFunction]]] = {}
    waiting: dict[Bit, list[str]] = {}
    missing: dict[str, int] = {}
    cells = design.modules[design.top].cells
    ready = []
    for name, cell in cells.items():
        if cell.type not in functions:
            functions[cell.type] = _functions(design, cell)
        unknown = {bits[0] for pin, bits in cell.pins.items() if not design.is_output(cell, pin)} - nets.keys()
        missing[name] = len(unknown)
        for bit in unknown:
            waiting.setdefault(bit, []).append(name)
        if not unknown:
            ready.append(name)
    done = 0
    while ready:
        cell = cells[ready.pop()]
        done += 1
        inputs = {pin: nets[bits[0]] for pin, bits in cell.pins.items() if bits and bits[0] in nets}
        for pin, function in functions[cell.type]:
            if cell.pins.get(pin):
                bit = cell.pins[pin][0]
                nets[bit] = function(inputs)
                for user in waiting.pop(bit, ()):
                    missing[user] -= 1
                    if not missing[user]:
                        ready.append(user)
    if done < len(cells):
        raise ToolFailedError("the netlist has a combinational loop", hint="the lint gate names it")


def _functions(design: Netlist, cell: Instance) -> list[tuple[str, LibertyFunction]]:
    entry = design.library.cells.get(cell.type)
    if entry is None or design.is_register(cell):
        raise ToolFailedError(f"{cell.type} is not a combinational cell of the library")
    found = []
    for pin in entry.outputs:
        text = entry.pins[pin].function
        if text is None:
            raise ToolFailedError(f"the library gives no function for pin {pin} of cell {cell.type}")
        found.append((pin, read_function(text)))
    return found
