"""The module tree of elaborated RTL: which modules repeat, how big they are, and which to synthesise only once."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

__all__ = ["Hierarchy", "read_hierarchy"]

_SMALLEST_SAVING = 0.05
"""A repeated module that saves less than this part of the design is flattened: boundaries hinder sharing."""

_LARGEST_REST_GATES = 300_000.0
"""Where more than this is left beside repeated modules, the rest is taken apart too: mapping slows with size."""
_PIECE_GATES = (8_000.0, 120_000.0)
"""Least and greatest size of a module that is then synthesised by itself."""
_SMALLEST_REPEATED_GATES = 1_000.0
"""In parts, smaller modules are never kept, however often they repeat."""
_INDIVISIBLE_GATES = 40_000.0
"""Up to this size, modules that repeat inside such a module are dissolved."""

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
        """The outermost modules to synthesise once each: they hold registers, and occur more than once.

        Of what is left where that is much (`_LARGEST_REST_GATES`), also those that are neither small nor large.
        """
        return self._outermost(self.counts(), apart=self.taken_apart())

    def outermost_repeated(self) -> list[str]:
        """The outermost modules that hold registers and whose further instances are a good part of the design."""
        return self._outermost(self.counts(), apart=False)

    def taken_apart(self) -> bool:
        """Whether so much is left beside repeated modules that it is synthesised in parts."""
        counts = self.counts()
        kept = self._outermost(counts, apart=False)
        rest = self.gates(self.top) - sum(counts[name] * self.gates(name) for name in kept)
        return rest > _LARGEST_REST_GATES

    def _outermost(self, counts: Mapping[str, int], *, apart: bool) -> list[str]:
        least = _SMALLEST_SAVING * self.gates(self.top) if not apart else _PIECE_GATES[0]
        repeats = {
            name
            for name, count in counts.items()
            if count > 1
            and (count - 1) * self.gates(name) >= least
            and self._holds_registers(name)
            and not (apart and self.gates(name) < _SMALLEST_REPEATED_GATES)
        }
        kept: list[str] = []
        seen = {self.top}
        stack = [self.top]
        while stack:
            for _, child in self.children[stack.pop()]:
                if child in seen:
                    continue
                seen.add(child)
                size = self.gates(child)
                piece = apart and _PIECE_GATES[0] <= size <= _PIECE_GATES[1] and self._holds_registers(child)
                # In parts, what repeats inside is worth more than what is around it.
                divisible = apart and size > _INDIVISIBLE_GATES and self._any_below(child, repeats)
                if (child in repeats or piece) and not divisible:
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

    def _any_below(self, name: str, wanted: Set[str]) -> bool:
        return any(child in wanted or self._any_below(child, wanted) for _, child in self.children[name])

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
