"""The module tree of elaborated RTL: which modules repeat, how big they are, and which to synthesise only once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Hierarchy", "read_hierarchy"]

_SMALLEST_SAVING = 0.05
"""A repeated module that saves less than this part of the design is flattened: boundaries hinder sharing."""

_REGISTER_GATES = 6.0
_MULTIPLIER_GATES_PER_BIT2 = 7.0
_ADDER_GATES_PER_BIT = 6.0
_OTHER_GATES_PER_BIT = 1.5


@dataclass(frozen=True)
class Hierarchy:
    """The elaborated module tree.

    Attributes:
        top: Yosys name of the top module.
        children: Per module, its instances: instance name and module name.
        own_gates: Per module, a rough estimate in NAND2 equivalents of its own logic, children not included.
        registers: Per module, the signals that are registers of its own.
    """

    top: str
    children: Mapping[str, list[tuple[str, str]]]
    own_gates: Mapping[str, float]
    registers: Mapping[str, frozenset[str]]

    def counts(self) -> dict[str, int]:
        """How often each module occurs below the top (the top itself once)."""
        counts = dict.fromkeys(self.children, 0)
        stack = [(self.top, 1)]
        while stack:
            name, times = stack.pop()
            counts[name] += times
            below: dict[str, int] = {}
            for _, child in self.children[name]:
                below[child] = below.get(child, 0) + 1
            stack.extend((child, times * count) for child, count in below.items())
        return counts

    def gates(self, name: str) -> float:
        """Rough size of one instance of a module with everything below it, in NAND2 equivalents."""
        memo: dict[str, float] = {}

        def size(module: str) -> float:
            if module not in memo:
                memo[module] = self.own_gates[module] + sum(size(child) for _, child in self.children[module])
            return memo[module]

        return size(name)

    def repeated(self) -> list[str]:
        """The outermost modules that occur more than once, hold registers, and are worth synthesising once."""
        counts = self.counts()
        least = _SMALLEST_SAVING * self.gates(self.top)
        kept: list[str] = []
        seen = {self.top}
        stack = [self.top]
        while stack:
            for _, child in self.children[stack.pop()]:
                if child in seen:
                    continue
                seen.add(child)
                worth = self._holds_registers(child) and (counts[child] - 1) * self.gates(child) >= least
                if counts[child] > 1 and worth:
                    kept.append(child)
                else:
                    stack.append(child)
        return kept

    def instance_modules(self) -> dict[str, str]:
        """Module of every instance path below the top (Yosys name); the top has the empty path."""
        found = {"": self.top}
        stack = [("", self.top)]
        while stack:
            path, module = stack.pop()
            for name, child in self.children[module]:
                below = f"{path}.{name}" if path else name
                found[below] = child
                stack.append((below, child))
        return found

    def _holds_registers(self, name: str) -> bool:
        return bool(self.registers[name]) or any(self._holds_registers(child) for _, child in self.children[name])


def read_hierarchy(data: Mapping[str, Any], top: str) -> Hierarchy:
    """Read the tree from the JSON of an elaborated design (`hierarchy; proc; write_json`)."""
    modules = data["modules"]
    children: dict[str, list[tuple[str, str]]] = {}
    own_gates: dict[str, float] = {}
    registers: dict[str, frozenset[str]] = {}
    for name, module in modules.items():
        children[name] = []
        own_gates[name] = 0.0
        registers[name] = _register_signals(module)
        for cell_name, cell in module["cells"].items():
            if cell["type"] in modules:
                children[name].append((cell_name, cell["type"]))
                continue
            own_gates[name] += _gates(cell["type"], cell.get("parameters", {}))
    return Hierarchy(top, children, own_gates, registers)


def _register_signals(module: Mapping[str, Any]) -> frozenset[str]:
    outputs = {
        bit for cell in module["cells"].values() if "dff" in cell["type"] for bit in cell["connections"].get("Q", ())
    }
    return frozenset(
        signal for signal, item in module["netnames"].items() if any(bit in outputs for bit in item["bits"])
    )


def _gates(kind: str, parameters: Mapping[str, str]) -> float:
    def width(name: str) -> int:
        text = parameters.get(name, "")
        return int(text, 2) if text and set(text) <= {"0", "1"} else 1

    if "dff" in kind:
        return _REGISTER_GATES * width("WIDTH")
    if kind in ("$mul", "$macc", "$div", "$mod"):
        return _MULTIPLIER_GATES_PER_BIT2 * width("A_WIDTH") * width("B_WIDTH")
    if kind in ("$add", "$sub", "$alu", "$neg", "$lt", "$le", "$gt", "$ge"):
        return _ADDER_GATES_PER_BIT * max(width("A_WIDTH"), width("B_WIDTH"))
    if kind in ("$shl", "$shr", "$sshl", "$sshr", "$shift", "$shiftx"):
        return _OTHER_GATES_PER_BIT * width("A_WIDTH") * width("B_WIDTH")
    if kind == "$pmux":
        return _OTHER_GATES_PER_BIT * width("WIDTH") * width("S_WIDTH")
    return _OTHER_GATES_PER_BIT * max(width("A_WIDTH"), width("Y_WIDTH"), width("WIDTH"))
