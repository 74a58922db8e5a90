"""Stubs of modules: what the rest of a design can see of them, so that loops through them are found without them.

A stub drives each output with the inputs that it depends on within a cycle, and reads every input that is read inside.
Flattening a stub a thousand times takes little; a processing element has hundreds of cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["stub_text", "without_modules"]

_STATE = re.compile(
    r"\$_?(a|s|al)?(dff|dlatch|sr|ff)|\$mem|\$fsm|\$(assert|assume|cover|live|fair|print|check|initstate)"
)
"""Cells whose outputs do not follow their inputs within a cycle, or that have none."""


def stub_text(name: str, module: Mapping[str, Any]) -> str:
    """RTLIL of the stub.

    Args:
        name: Yosys name of the module.
        module: The module as Yosys's JSON has it, flattened, without combinational loops.
    """
    inputs = [bit for port in _ports(module, "input") for bit in module["ports"][port]["bits"]]
    places = {bit: place for place, bit in enumerate(inputs)}
    reached = _reached(module, places)
    lines = [f"module {_identifier(name)}"]
    for number, (port, item) in enumerate(module["ports"].items(), start=1):
        lines.append(f"  wire width {len(item['bits'])} {item['direction']} {number} \\{port}")
    signals = [f"\\{port} [{index}]" for port in _ports(module, "input") for index in range(_width(module, port))]
    used = _used(module)
    read = [signals[places[bit]] for bit in inputs if bit in used]
    lines += _cell("$read", read, None)
    for port in _ports(module, "output"):
        for index, bit in enumerate(module["ports"][port]["bits"]):
            mask = reached.get(bit, 0)
            sources = [signal for place, signal in enumerate(signals) if mask >> place & 1]
            target = f"\\{port} [{index}]"
            lines += _cell(f"$drive${port}${index}", sources, target) if sources else [f"  connect {target} 1'0"]
    return "\n".join([*lines, "end", ""])


def without_modules(text: str, names: Iterable[str]) -> str:
    """RTLIL without some of its modules."""
    heads = {f"module {_identifier(name)}" for name in names}
    kept: list[str] = []
    attributes: list[str] = []
    skipping = False
    for line in text.split("\n"):
        if skipping:
            skipping = line != "end"
        elif line in heads:
            skipping, attributes = True, []
        elif line.startswith("attribute "):
            attributes.append(line)
        else:
            kept += [*attributes, line]
            attributes = []
    return "\n".join([*kept, *attributes])


def _identifier(name: str) -> str:
    return name if name.startswith("$") else f"\\{name}"


def _ports(module: Mapping[str, Any], direction: str) -> list[str]:
    return [name for name, port in module["ports"].items() if port["direction"] == direction]


def _width(module: Mapping[str, Any], port: str) -> int:
    return len(module["ports"][port]["bits"])


def _cell(name: str, sources: list[str], target: str | None) -> list[str]:
    """A gate that reads all of the sources; without a target it is kept for its reading alone."""
    if not sources:
        return []
    output = f"{name}$y"
    return [
        *([] if target else [f"  wire {output}", "  attribute \\keep 1"]),
        f"  cell $reduce_xor {name}",
        "    parameter \\A_SIGNED 0",
        f"    parameter \\A_WIDTH {len(sources)}",
        "    parameter \\Y_WIDTH 1",
        f"    connect \\A {{ {' '.join(reversed(sources))} }}",
        f"    connect \\Y {target or output}",
        "  end",
    ]


def _used(module: Mapping[str, Any]) -> set[Any]:
    """Nets that some cell reads, or that an output port is."""
    used = {bit for port in _ports(module, "output") for bit in module["ports"][port]["bits"]}
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] != "output":
                used.update(bits)
    return used


def _reached(module: Mapping[str, Any], places: Mapping[Any, int]) -> dict[Any, int]:
    """By net the inputs that it follows within a cycle, as a mask of their places."""
    drivers: dict[Any, tuple[Any, ...]] = {}
    for cell in module["cells"].values():
        if _STATE.match(cell["type"]) or not cell["type"].startswith("$"):
            continue  # what is behind a black box is not known
        directions = cell["port_directions"]
        sources = tuple(
            {bit for pin, bits in cell["connections"].items() if directions[pin] != "output" for bit in bits}
        )
        for pin, bits in cell["connections"].items():
            if directions[pin] != "input":
                drivers.update((bit, sources) for bit in bits)
    reached: dict[Any, int] = {bit: 1 << place for bit, place in places.items()}
    for port in _ports(module, "output"):
        for bit in module["ports"][port]["bits"]:
            _follow(bit, drivers, reached)
    return reached


def _follow(bit: Any, drivers: Mapping[Any, tuple[Any, ...]], reached: dict[Any, int]) -> None:
    stack, begun = [bit], {bit}
    while stack:
        net = stack[-1]
        open_sources = [one for one in drivers.get(net, ()) if one not in reached and one not in begun]
        if open_sources and net not in reached:
            begun.update(open_sources)
            stack += open_sources
            continue
        mask = reached.get(net, 0)
        for source in drivers.get(net, ()):
            mask |= reached.get(source, 0)
        reached[net] = mask
        stack.pop()
