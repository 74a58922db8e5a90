"""Tells apart the instances of a repeated module whose surroundings differ: the edges of an array.

The last column of an array passes its activations on to nobody, and the first row may add to a constant zero. Flat
synthesis removes that logic. Hierarchical synthesis does the same when each such kind of instance is a module of its
own: a copy without the ports that nothing uses and with the constants inside. All of it happens on RTLIL text, before
mapping, after everything else was dissolved.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tpugen.flows.netlist import base_module_name

__all__ = ["Variant", "find_variants", "specialise_rtlil", "variant_commands"]

_MOST_VARIANTS = 24
"""Beyond this many kinds of modules that occur more than once, rare ones stay as they are: each is mapped by itself."""


@dataclass(frozen=True)
class Variant:
    """One kind of instance that differs from the module as written.

    Attributes:
        module: Yosys name of the module.
        name: Yosys name of the copy: plain, so that selections take it literally.
        unused: Output ports that nothing reads.
        constants: Input ports with the constant that drives them, as a Yosys constant.
        instances: Instance names in the dissolved top.
    """

    module: str
    name: str
    unused: tuple[str, ...]
    constants: tuple[tuple[str, str], ...]
    instances: tuple[str, ...]


def find_variants(data: Mapping[str, Any], top: str, keep: Sequence[str]) -> list[Variant]:
    """Read the kinds from the JSON of the design in which all but `keep` is dissolved."""
    module = data["modules"][top]
    readers: dict[int, int] = {}
    for port in module["ports"].values():
        if port["direction"] == "output":
            for bit in port["bits"]:
                readers[bit] = readers.get(bit, 0) + 1
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"].get(pin) != "output":
                for bit in bits:
                    readers[bit] = readers.get(bit, 0) + 1
    kinds: dict[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
    for name, cell in module["cells"].items():
        if cell["type"] not in keep:
            continue
        unused = []
        constants = []
        for pin, bits in sorted(cell["connections"].items()):
            if cell["port_directions"][pin] == "output":
                if not any(bit in readers for bit in bits):
                    unused.append(pin)
            elif bits and all(isinstance(bit, str) for bit in bits):
                value = "".join("1" if bit == "1" else "0" for bit in reversed(bits))
                constants.append((pin, f"{len(bits)}'b{value}"))
        if unused or constants:
            kinds.setdefault((cell["type"], tuple(unused), tuple(constants)), []).append(name)
    occurrences = Counter(cell["type"] for cell in module["cells"].values())
    most_common = sorted(kinds.items(), key=lambda item: -len(item[1]))
    several = [item for item in most_common if occurrences[item[0][0]] > 1]
    most_common = several[:_MOST_VARIANTS] + [item for item in most_common if occurrences[item[0][0]] == 1]
    return [
        Variant(kind[0], f"{base_module_name(kind[0])}__variant{number}", kind[1], kind[2], tuple(instances))
        for number, (kind, instances) in enumerate(most_common)
    ]


def specialise_rtlil(text: str, top: str, variants: Sequence[Variant]) -> str:
    """Point the instances in the top module to their variants, without the connections that these do not have."""
    of_instance = {instance: variant for variant in variants for instance in variant.instances}
    lines = []
    in_top = False
    current: Variant | None = None
    for line in text.split("\n"):
        if line.startswith("module "):
            in_top = line == f"module \\{top}"
        elif in_top and line.startswith("  cell "):
            kind, _, name = line[len("  cell ") :].partition(" ")
            current = of_instance.get(name.removeprefix("\\"))
            if current is not None and _plain(kind) == current.module:
                lines.append(f"  cell \\{current.name} {name}")
                continue
            current = None
        elif current is not None and line == "  end":
            current = None
        elif current is not None:
            match = re.match(r"    connect \\(\S+) ", line)
            if match and match[1] in {*current.unused, *(port for port, _ in current.constants)}:
                continue
        lines.append(line)
    return "\n".join(lines)


def variant_commands(variants: Sequence[Variant]) -> list[str]:
    """Yosys commands that make the copies."""
    commands = []
    for variant in variants:
        commands.append(f"copy {variant.module} {variant.name}")
        commands += [f"delete -output {variant.name}/w:{port}" for port in variant.unused]
        for port, value in variant.constants:
            commands.append(f"delete -input {variant.name}/w:{port}")
            commands += [f"cd {variant.name}", f"connect -set {port} {value}", "cd .."]
    return commands


def _plain(identifier: str) -> str:
    return identifier.removeprefix("\\")
