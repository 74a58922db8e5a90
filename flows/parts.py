"""Synthesis in parts: each module that is kept apart by itself, two at a time; then the top that holds them.

Yosys repeats its passes until nothing changes anywhere in what it works on, so that many small jobs are much quicker
than a large one. The top comes last: outputs of the parts that turned out constant are constants in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tpugen.flows.recipes import Recipe, map_script, part_script, split_script
from tpugen.flows.tool_json import read_tool_json
from tpugen.flows.variants import Variant
from tpugen.storage import make_folder, write_text_atomic

__all__ = ["Parts", "constant_outputs", "with_constant_outputs"]

_MOST_AT_ONCE = 2


class Parts:
    """The parts of one synthesis.

    Attributes:
        names: Yosys names of the modules, the top among them.
    """

    def __init__(self, top: str, liberty: Path, folder: Path, run: Callable[[str, str, str, Path], None]) -> None:
        """Nothing happens yet.

        Args:
            top: Name of the top module.
            liberty: The library.
            folder: Of the synthesis; parts have folders below it.
            run: Runs a Yosys script: text, file name, what for, folder.
        """
        self.top = top
        self.liberty = liberty
        self.folder = folder.absolute()
        self.run = run
        self.names: list[str] = []

    def premap(self, source: str, variants: Sequence[Variant]) -> None:
        """Everything up to the mapping of logic, of every part."""
        self.run(split_script(self.top, source, variants), "split.ys", "take the design apart", self.folder)
        modules = _json(self.folder / "parts.json")
        self.names = [name for name, module in modules.items() if "blackbox" not in module["attributes"]]
        inner = [name for name in self.names if name != self.top]
        self._each(inner, "premap.ys", "synthesise the RTL", lambda part: self._premap_script(part, "parts.il"))
        constants = {
            part: found
            for part in inner
            if (found := constant_outputs(_json(self._place(part) / "premap.json")[part]["ports"]))
        }
        text = (self.folder / "parts.il").read_text(encoding="utf-8")
        write_text_atomic(self.folder / "top.il", with_constant_outputs(text, self.top, constants))
        self._each([self.top], "premap.ys", "synthesise the RTL", lambda part: self._premap_script(part, "top.il"))

    def map(self, recipe: Recipe, period_ns: float) -> dict[str, Any]:
        """Map the logic of every part with a recipe: modules as Yosys's JSON has them."""
        script = map_script(recipe, self.liberty, period_ns, self.folder)
        self._each(self.names, f"map_{recipe.name}.ys", "map the logic", lambda _: script)
        places = {part: self._place(part) / f"mapped_{recipe.name}.json" for part in self.names}
        return {"modules": {part: _json(path)[part] for part, path in places.items()}}

    def _premap_script(self, part: str, source: str) -> str:
        others = [name for name in self.names if name != part]
        return part_script(part, others, self.liberty, self.folder / source)

    def _place(self, part: str) -> Path:
        return self.folder / "parts" / str(self.names.index(part))

    def _each(self, parts: Sequence[str], name: str, purpose: str, script: Callable[[str], str]) -> None:
        places = {part: make_folder(self._place(part)) for part in parts}
        with ThreadPoolExecutor(min(_MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
            jobs = [pool.submit(self.run, script(part), name, purpose, place) for part, place in places.items()]
            try:
                for job in jobs:
                    job.result()
            finally:
                for job in jobs:
                    job.cancel()


def _json(path: Path) -> dict[str, Any]:
    modules: dict[str, Any] = read_tool_json(path, "Yosys")["modules"]
    return modules


def constant_outputs(ports: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str | None]]:
    """Outputs with constant bits: of each bit, least significant first, `0`, `1` or None where it is none.

    Args:
        ports: Of a module, as Yosys's JSON has them.
    """
    found = {}
    for name, port in ports.items():
        bits = [bit if bit in ("0", "1") else None for bit in port["bits"]] if port["direction"] == "output" else []
        if any(bits):
            found[name] = bits
    return found


def with_constant_outputs(text: str, top: str, constants: Mapping[str, Mapping[str, Sequence[str | None]]]) -> str:
    """RTLIL in which what the instances in the top module drive with constants is these constants.

    Args:
        text: The design.
        top: Name of the top module.
        constants: By Yosys name of a module and port, its bits (see `constant_outputs`).
    """
    lines: list[str] = []
    wires: list[str] = []
    start: int | None = None
    ports: Mapping[str, Sequence[str | None]] = {}
    after: list[str] = []
    for line in text.split("\n"):
        if line.startswith("module "):
            start = len(lines) + 1 if line == f"module \\{top}" else None
        elif start is not None and line == "end":
            lines[start:start] = wires
            start = None
        elif start is not None and line.startswith("  cell "):
            ports = constants.get(line.split()[1].removeprefix("\\"), {})
        elif ports and line == "  end":
            lines += [line, *after]
            ports, after = {}, []
            continue
        elif ports and (match := re.match(r"    connect \\(\S+) (.+)$", line)) and match[1] in ports:
            bits = ports[match[1]]
            wire = f"$constant_output${len(wires)}"
            wires.append(f"  wire width {len(bits)} {wire}")
            driven = [f"1'{bit}" if bit else f"{wire} [{index}]" for index, bit in enumerate(bits)]
            after.append(f"  connect {match[2]} {{ {' '.join(reversed(driven))} }}")
            lines.append(f"    connect \\{match[1]} {wire}")
            continue
        lines.append(line)
    return "\n".join(lines)
