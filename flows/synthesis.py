"""Synthesis to a technology library with Yosys: area, cells, a netlist that timing can read.

Two modes. `hierarchical` maps each distinct repeated module once (a processing element of an array, found as the
outermost module that occurs more than once and holds registers), dissolves the rest around them, and multiplies; the
time hardly depends on the array's size. Where that leaves much, the rest is synthesised module by module. `flat`
dissolves all of them before logic is mapped, so that gates are shared and sized across their boundaries. Both tell
apart the instances at the edges of an array (`variants`) and agree to within 3 % in area.
Either way high fan-out nets are buffered afterwards (`netlist_passes`), so that area, timing and power include them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tpugen.errors import DesignFailedError, ToolFailedError, ToolLimitError
from tpugen.flows import yosys
from tpugen.flows.area import area_shares, cell_owners, totals
from tpugen.flows.blocks import design_blocks, write_blocks
from tpugen.flows.hierarchy import Hierarchy, read_hierarchy
from tpugen.flows.liberty import LibertySummary
from tpugen.flows.macros import Macro, macro_uses, read_macros, with_macros, write_macros
from tpugen.flows.netlist import Netlist, netlist_from_yosys
from tpugen.flows.netlist_passes import finish
from tpugen.flows.netlist_verilog import write_netlist
from tpugen.flows.parts import Parts
from tpugen.flows.process import DEFAULT_LIMITS, Limits
from tpugen.flows.recipes import (
    RECIPES,
    Recipe,
    abc_script,
    dissolve_script,
    elaborate_script,
    map_script,
    premap_script,
)
from tpugen.flows.technology import Technology
from tpugen.flows.timing import library_files, worst_path
from tpugen.flows.tool_json import read_tool_json
from tpugen.flows.variants import Variant, find_variants, specialise_rtlil
from tpugen.results import SynthesisResult
from tpugen.results.macros import MacroSource
from tpugen.storage import make_folder, write_json_atomic, write_text_atomic

__all__ = ["FLAT_LIMIT_GATES", "synthesise"]

FLAT_LIMIT_GATES = 25_000.0
"""Mode `auto` is flat up to this rough estimate in NAND2 equivalents: about half a minute of mapping."""


def synthesise(
    files: Sequence[Path],
    top: str,
    technology: Technology,
    *,
    clock_mhz: float,
    folder: Path,
    mode: Literal["auto", "flat", "hierarchical"] = "auto",
    limits: Limits = DEFAULT_LIMITS,
    macros: MacroSource | None = None,
    blocks: bool = False,
) -> SynthesisResult:
    """Map RTL to a library.

    Args:
        files: Verilog files.
        top: Name of the top module.
        technology: The library.
        clock_mhz: The clock to meet.
        folder: Folder of the step; `netlist.v`, `netlist.map.json`, scripts and logs go there.
        mode: `flat`, `hierarchical`, or `auto`: flat while that is quick. A design in which nothing repeats is flat.
        limits: What each tool may use.
        macros: The cards of black boxes, which then stay in the netlist; `netlist.macros.lib` times them.
        blocks: Whether to tell the blocks of the design apart (`netlist.blocks.json`), for their power; with macros
            always.

    Raises:
        DesignFailedError: a module has the name of a cell of the library.
        ToolFailedError: Yosys refused the RTL, or the library lacks a cell; ToolLimitError: a limit was reached.
        ToolError: a tool is missing or too old.
        StorageError: a file cannot be written.
    """
    start = time.monotonic()
    make_folder(folder)
    job = _Job(top, technology, 1000.0 / clock_mhz, folder, limits)
    hierarchy = job.elaborate([path.absolute() for path in files], macros)
    _refuse_cell_names(hierarchy, technology)
    repeated = hierarchy.repeated()
    flat = not repeated or mode == "flat" or (mode == "auto" and hierarchy.gates(top) <= FLAT_LIMIT_GATES)
    job.premap(repeated, flat, apart=not flat and hierarchy.taken_apart())
    best = job.best_of_recipes()
    for name in ("netlist.v", "netlist.map.json"):
        (folder / best.recipe.name / name).replace(folder / name)
    owners = cell_owners(best.netlist, hierarchy)
    if blocks or job.macros:
        found = design_blocks(best.netlist, hierarchy, _own_paths(best.netlist, owners))
        write_blocks(found, folder / "netlist.v")
    result = _result(best.netlist, job, hierarchy, owners, "flat" if flat else "hierarchical", start)
    write_json_atomic(folder / "synthesis.json", json.loads(result.model_dump_json()))
    write_json_atomic(folder / "recipes.json", job.record)
    job.tidy()
    return result


def _refuse_cell_names(hierarchy: Hierarchy, technology: Technology) -> None:
    """A module named like a cell would stand for that cell, or the cell for it: what is measured would not be built."""
    taken = sorted({name.removeprefix("\\") for name in hierarchy.children} & technology.cells().cells.keys())
    if taken:
        raise DesignFailedError(
            f"the design has a module {taken[0]}; {technology.name} has a cell of that name", hint="rename the module"
        )


def _own_paths(netlist: Netlist, owners: Mapping[str, str]) -> dict[str, str]:
    """The same, but an instance belongs to itself."""
    return {**owners, **netlist.modules[netlist.top].paths}


def _result(
    netlist: Netlist,
    job: _Job,
    hierarchy: Hierarchy,
    owners: Mapping[str, str],
    mode: Literal["flat", "hierarchical"],
    start: float,
) -> SynthesisResult:
    area, sequential, cells, flip_flops = totals(netlist)
    return SynthesisResult(
        technology=job.technology.name,
        mode=mode,
        area_um2=round(area, 4),
        sequential_area_um2=round(sequential, 4),
        cells=cells,
        flip_flops=flip_flops,
        areas=area_shares(netlist, hierarchy, owners),
        netlist=f"{job.folder.name}/netlist.v",
        seconds=round(time.monotonic() - start, 3),
        macros=macro_uses(netlist, list(job.macros.values())),
    )


@dataclass(frozen=True)
class _Candidate:
    """What one recipe gave."""

    recipe: Recipe
    netlist: Netlist
    area_um2: float
    slack_ns: float

    @property
    def rank(self) -> tuple[bool, float]:
        """Smallest first among those that meet the clock, then fastest first among the others."""
        return (False, self.area_um2) if self.slack_ns >= 0 else (True, -self.slack_ns)


class _Job:
    """One synthesis: its inputs, and the steps that share its folder."""

    def __init__(self, top: str, technology: Technology, period_ns: float, folder: Path, limits: Limits) -> None:
        self.top = top
        self.technology = technology
        self.period_ns = period_ns
        self.folder = folder
        self.limits = limits
        self.record: list[dict[str, Any]] = []
        self.macros: dict[str, Macro] = {}
        self.parts: Parts | None = None

    def elaborate(self, files: Sequence[Path], source: MacroSource | None) -> Hierarchy:
        self._yosys(elaborate_script(files, self.top), "elaborate.ys", "elaborate the RTL")
        data = self._json("elaborated.json")
        self.macros = read_macros(data, source)
        write_macros(list(self.macros.values()), self.folder / "netlist.v")
        return read_hierarchy(data, self.top)

    def library(self) -> LibertySummary:
        """Cells of the technology, and the macros."""
        return with_macros(self.technology.cells(), list(self.macros.values()))

    def premap(self, keep: Sequence[str], flat: bool, *, apart: bool) -> None:
        source, variants = "elaborated.il", list[Variant]()
        if keep:
            self._yosys(dissolve_script(self.top, keep), "dissolve.ys", "flatten the RTL")
            variants = find_variants(self._json("dissolved.json"), self.top, keep)
            source = "specialised.il"
            text = (self.folder / "dissolved.il").read_text(encoding="utf-8")
            write_text_atomic(self.folder / source, specialise_rtlil(text, self.top, variants))
        if apart:
            self.parts = Parts(self.top, self.technology.liberty, self.folder, self._yosys)
            self.parts.premap(source, variants)
            return
        script = premap_script(self.top, self.technology.liberty, source, variants, dissolve=flat)
        self._yosys(script, "premap.ys", "synthesise the RTL")

    def _map(self, recipe: Recipe) -> dict[str, Any]:
        """Map logic with a recipe: modules as Yosys's JSON has them."""
        if self.parts is not None:
            return self.parts.map(recipe, self.period_ns)
        script = map_script(recipe, self.technology.liberty, self.period_ns)
        self._yosys(script, f"map_{recipe.name}.ys", "map the logic")
        return self._json(f"mapped_{recipe.name}.json")

    def best_of_recipes(self) -> _Candidate:
        """Try recipes, smallest first, until one meets the clock; else keep the fastest."""
        found: list[_Candidate] = []
        failures: list[ToolFailedError] = []
        for recipe in RECIPES:
            if any(candidate.slack_ns >= 0 for candidate in found):
                self.record.append({"recipe": recipe.name, "outcome": "not tried"})
                continue
            try:
                found.append(self._try(recipe))
            except ToolLimitError:
                raise
            except ToolFailedError as error:
                # Some ABC commands give up on some libraries; the next recipe may not.
                failures.append(error)
                self.record.append({"recipe": recipe.name, "outcome": "failed", "message": error.message})
        if not found:
            raise failures[0]
        best = min(found, key=lambda candidate: candidate.rank)
        for entry in self.record:
            entry["kept"] = entry["recipe"] == best.recipe.name
        return best

    def _try(self, recipe: Recipe) -> _Candidate:
        script = abc_script(recipe, self.period_ns)
        if script is not None:
            write_text_atomic(self.folder / f"{recipe.name}.abc", script)
        names = {name: macro.cell_name for name, macro in self.macros.items()}
        netlist = netlist_from_yosys(self._map(recipe), self.top, self.library(), names)
        finish(netlist)
        place = make_folder(self.folder / recipe.name)
        path = write_netlist(netlist, place / "netlist.v")
        area, _, _, flip_flops = totals(netlist)
        clock_mhz = 1000.0 / self.period_ns
        clocked = flip_flops > 0
        clocked = clocked or any(cell.kind == "macro" for cell in netlist.library.cells.values())
        libraries = library_files(self.technology, self.folder / "netlist.v")
        slack_ns = worst_path(
            netlist, path, libraries, clock_mhz, clocked, self.folder, f"slack_{recipe.name}.tcl"
        ).slack_ns
        self.record.append(
            {"recipe": recipe.name, "outcome": "mapped", "area_um2": round(area, 4), "slack_ns": slack_ns}
        )
        return _Candidate(recipe, netlist, area, slack_ns)

    def _yosys(self, script: str, name: str, purpose: str, folder: Path | None = None) -> None:
        place = folder or self.folder
        done = yosys.run_script(script, place, name, limits=self.limits)
        if done.returncode != 0:
            raise ToolFailedError(
                f"Yosys could not {purpose}: {yosys.error_line(done)}",
                hint=f"{name}.log in {place} has all of it",
            )

    def _json(self, name: str) -> dict[str, Any]:
        return read_tool_json(self.folder / name, "Yosys")

    def tidy(self) -> None:
        """Remove what only the steps between themselves needed; scripts, logs and the netlist stay."""
        for pattern in (
            "*.il",
            "elaborated.json",
            "dissolved.json",
            "parts.json",
            "parts/*/*.il",
            "parts/*/*.json",
            "mapped_*.json",
            "*/netlist.v",
            "*/netlist.map.json",
        ):
            for path in self.folder.glob(pattern):
                path.unlink()
        for recipe in RECIPES:
            place = self.folder / recipe.name
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
