"""Builds and runs the harness of a mass check: Verilator for the mass, Icarus where no C++ compiler is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from tpugen.arithmetic.integers import IntArray
from tpugen.errors import ToolFailedError
from tpugen.findings import Finding, has_errors
from tpugen.flows import icarus, process, verilated, verilator, yosys
from tpugen.flows.tools import ICARUS, VVP
from tpugen.verif.unit_configurations import UnitConfiguration
from tpugen.verif.unit_harness import (
    HARNESS,
    TESTBENCH,
    Column,
    harness_text,
    main_text,
    read_binary,
    read_text,
    testbench_text,
    write_binary,
    write_text,
)

__all__ = ["LINTERS", "IcarusUnits", "LinterName", "SimulatorName", "UnitSimulator", "VerilatedUnits", "lint_units",
           "simulator_called"]  # fmt: skip

SimulatorName = Literal["verilator", "icarus"]
LinterName = Literal["verilator", "icarus", "yosys"]

_LIMITS = process.Limits(wall_s=1200.0, cpu_s=1200.0, memory_mb=12_000, file_mb=2_000)
_HARNESS_FILE = f"{HARNESS}.v"

LINTERS: Mapping[LinterName, Callable[[Sequence[Path], str, Path, process.Limits], list[Finding]]] = {
    "icarus": icarus.lint,
    "verilator": verilator.lint,
    "yosys": yosys.lint,
}
"""What each tool says of a design, by the tool's name."""


def lint_units(
    names: Iterable[LinterName], units: Sequence[UnitConfiguration], files: Sequence[Path], folder: Path
) -> list[Finding]:
    """What tools say of units side by side.

    Args:
        names: Keys of `LINTERS`.
        units: The units.
        files: The library modules that they need.
        folder: Each tool has a folder of its own in it.
    """
    findings = []
    for name in names:
        place = folder / name
        place.mkdir(parents=True)
        findings += LINTERS[name]([*files, _write_harness(units, place)], HARNESS, place, _LIMITS)
    return findings


class UnitSimulator(Protocol):
    """A simulator of one batch at a time."""

    @property
    def name(self) -> str:
        """Tool and version."""
        ...

    def build(self, units: Sequence[UnitConfiguration], files: Sequence[Path], folder: Path) -> list[Finding]:
        """Build the harness of `units` in `folder`; whatever the tools noticed. With an error there is no program."""
        ...

    def run(self, a: IntArray, b: IntArray) -> list[Column]:
        """Results of every unit of the batch that was built last, for a block of operand pairs."""
        ...


def simulator_called(name: SimulatorName, seed: int = 1) -> UnitSimulator:
    """The simulator of that name.

    Raises:
        ToolError: it, or what it needs, is missing.
    """
    return VerilatedUnits(seed) if name == "verilator" else IcarusUnits()


class VerilatedUnits:
    """Verilator and a C++ compiler.

    Args:
        seed: What undriven bits hold is drawn with it.
    """

    def __init__(self, seed: int = 1) -> None:
        self._chain = verilated.toolchain()
        self._seed = seed

    @property
    def name(self) -> str:
        """Tool and version."""
        return f"verilator {self._chain.verilator.version}"

    def build(self, units: Sequence[UnitConfiguration], files: Sequence[Path], folder: Path) -> list[Finding]:
        """See `UnitSimulator.build`."""
        self._units, self._folder = units, folder
        harness = _write_harness(units, folder)
        done = verilated.verilate(self._chain, [*files, harness], HARNESS, folder, _LIMITS)
        findings = verilator.parse(done)
        if done.returncode == 0:
            self._program = verilated.build(self._chain, main_text(units), folder, _LIMITS)
        elif not has_errors(findings):
            raise ToolFailedError(f"verilator ended with status {done.returncode} in {folder}\n{done.tail()}")
        return findings

    def run(self, a: IntArray, b: IntArray) -> list[Column]:
        """See `UnitSimulator.run`."""
        operands, results = self._folder / "operands.bin", self._folder / "results.bin"
        write_binary(operands, a, b, self._units)
        command = [str(self._program), operands.name, results.name, str(a.size), str(self._seed)]
        _succeed(process.run(command, cwd=self._folder, limits=_LIMITS, log=self._folder))
        return read_binary(results, a.size, self._units)


class IcarusUnits:
    """Icarus: no compiler needed and four states, but a hundred times slower."""

    def __init__(self) -> None:
        self._iverilog, self._vvp = ICARUS.require(), VVP.require()

    @property
    def name(self) -> str:
        """Tool and version."""
        return f"icarus {self._iverilog.version}"

    def build(self, units: Sequence[UnitConfiguration], files: Sequence[Path], folder: Path) -> list[Finding]:
        """See `UnitSimulator.build`."""
        self._units, self._folder = units, folder
        bench = folder / f"{TESTBENCH}.v"
        bench.write_text(testbench_text(units, "operands.txt", "results.txt"), encoding="ascii")
        sources = [*files, _write_harness(units, folder), bench]
        command = [self._iverilog.path, "-g2005", "-Wall", "-o", "units.vvp", "-s", TESTBENCH, *map(str, sources)]
        return icarus.parse(process.run(command, cwd=folder, limits=_LIMITS, log=folder))

    def run(self, a: IntArray, b: IntArray) -> list[Column]:
        """See `UnitSimulator.run`."""
        write_text(self._folder / "operands.txt", a, b)
        _succeed(process.run([self._vvp.path, "-n", "units.vvp"], cwd=self._folder, limits=_LIMITS, log=self._folder))
        return read_text(self._folder / "results.txt", a.size, self._units)


def _write_harness(units: Sequence[UnitConfiguration], folder: Path) -> Path:
    path = folder / _HARNESS_FILE
    path.write_text(harness_text(units), encoding="ascii")
    return path


def _succeed(done: process.Completed) -> None:
    if done.returncode != 0:
        raise ToolFailedError(f"the simulation of arithmetic units ended with status {done.returncode}\n{done.tail()}")
