"""Switching activity of every gate of a combinational netlist, by evaluating its gates on the simulation's operands.

Power analysis that only knows the inputs' activity propagates it as if the inputs of every gate were independent. Where
they are not, as behind a leading-one detector whose outputs are one-hot, that is far off: here each net has the value
that it really takes. Gates have no delay, so there are no glitches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from tpugen.errors import ToolFailedError
from tpugen.flows.netlist import Bit, Instance, Netlist

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Values = npt.NDArray[np.bool_]

__all__ = ["gate_toggles"]

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*(?:\[\d+\])?|[01()!~'^&*|+])")


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
    functions: dict[str, list[tuple[str, Callable[[Mapping[str, Values]], Values]]]] = {}
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


def _functions(design: Netlist, cell: Instance) -> list[tuple[str, Callable[[Mapping[str, Values]], Values]]]:
    entry = design.library.cells.get(cell.type)
    if entry is None or design.is_register(cell):
        raise ToolFailedError(f"{cell.type} is not a combinational cell of the library")
    found = []
    for pin in entry.outputs:
        text = entry.pins[pin].function
        if text is None:
            raise ToolFailedError(f"the library gives no function for pin {pin} of cell {cell.type}")
        found.append((pin, _Expression(text).function()))
    return found


class _Expression:
    """A Liberty function: `!` or `'` negate, then bind `^`, then and (`&`, `*` or nothing), then or (`|`, `+`)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        self.position = 0

    def function(self) -> Callable[[Mapping[str, Values]], Values]:
        result = self._either()
        if self.position < len(self.tokens):
            raise ToolFailedError(f"cannot read the Liberty function {self.text!r}")
        return result

    def _next(self, *wanted: str) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position] in wanted:
            self.position += 1
            return True
        return False

    def _either(self) -> Callable[[Mapping[str, Values]], Values]:
        left = self._both()
        while self._next("|", "+"):
            left = _combined(left, self._both(), "__or__")
        return left

    def _both(self) -> Callable[[Mapping[str, Values]], Values]:
        left = self._exclusive()
        while self.position < len(self.tokens) and self.tokens[self.position] not in (")", "|", "+"):
            self._next("&", "*")
            left = _combined(left, self._exclusive(), "__and__")
        return left

    def _exclusive(self) -> Callable[[Mapping[str, Values]], Values]:
        left = self._atom()
        while self._next("^"):
            left = _combined(left, self._atom(), "__xor__")
        return left

    def _atom(self) -> Callable[[Mapping[str, Values]], Values]:
        if self._next("!", "~"):
            return _negated(self._atom())
        if self._next("("):
            inner = self._either()
            if not self._next(")"):
                raise ToolFailedError(f"cannot read the Liberty function {self.text!r}")
        else:
            if self.position >= len(self.tokens) or not re.match(r"[A-Za-z_01]", self.tokens[self.position]):
                raise ToolFailedError(f"cannot read the Liberty function {self.text!r}")
            inner = _pin(self.tokens[self.position])
            self.position += 1
        while self._next("'"):
            inner = _negated(inner)
        return inner


def _pin(name: str) -> Callable[[Mapping[str, Values]], Values]:
    if name in "01":
        value = name == "1"
        return lambda inputs: _constant(inputs, value)
    return lambda inputs: inputs[name]


def _constant(inputs: Mapping[str, Values], value: bool) -> Values:
    import numpy as np

    # A tie cell has no input; one value stands for all vectors.
    return np.full(len(next(iter(inputs.values()))) if inputs else 1, value)


def _combined(
    left: Callable[[Mapping[str, Values]], Values], right: Callable[[Mapping[str, Values]], Values], operator: str
) -> Callable[[Mapping[str, Values]], Values]:
    return lambda inputs: getattr(left(inputs), operator)(right(inputs))


def _negated(inner: Callable[[Mapping[str, Values]], Values]) -> Callable[[Mapping[str, Values]], Values]:
    return lambda inputs: ~inner(inputs)
