"""The simulators that benches run in: Icarus, and Verilator for what is too large for it.

Commands are pure functions; tools run through `tpugen.flows.process`. What a design does to a simulator becomes a
finding, what a tool does by itself an exception.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import process, verilated_bench, verilator
from tpugen.flows.activity import Activity
from tpugen.flows.tools import ICARUS, VVP
from tpugen.results import ToolVersion
from tpugen.verif.activity import MACRO_EVENT_PORTS, activity_from_waveform, register_names
from tpugen.verif.harness import CLOCK_PERIOD_NS, DUT, HARNESS
from tpugen.verif.saif import activity_from_saif
from tpugen.verif.unit_simulators import SimulatorName

__all__ = [
    "HARNESS_FILE",
    "JUNIT",
    "REPORT",
    "BenchSimulator",
    "IcarusBench",
    "VerilatorBench",
    "bench_simulator",
    "cocotb_environment",
    "compile_command",
    "error",
    "run_command",
    "simulator_tools",
    "wire_lines",
]

HARNESS_FILE, REPORT, JUNIT = "harness.v", "report.jsonl", "junit.xml"
"""Files of a simulation's folder: the harness, the bench's events, cocotb's results."""

_PROGRAM = "sim.vvp"
_ICARUS_LINE = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<text>.+)$")


def compile_command(iverilog: str, sources: Sequence[Path]) -> list[str]:
    """`iverilog` for harness and design, in Verilog-2005 as the design must be."""
    return [iverilog, "-g2005", "-o", _PROGRAM, "-s", HARNESS, HARNESS_FILE, *(str(path) for path in sources)]


def run_command(vvp: str) -> list[str]:
    """`vvp` with cocotb; `-n` makes `$stop` end the run instead of asking the terminal."""
    from cocotb_tools import config

    return [vvp, "-n", "-m", str(config.lib_entry("vpi", "icarus")), _PROGRAM, "-fst"]


def cocotb_environment(module: str, top: str, folder: Path, seed: int) -> dict[str, str]:
    """What cocotb reads from the environment.

    Args:
        module: Python module of the tests.
        top: Top module of the simulation.
        folder: Where cocotb writes its results.
        seed: Seed of Python's random numbers.

    Raises:
        ToolFailedError: this Python has no shared library.
    """
    import find_libpython
    from cocotb_tools import config

    libpython = find_libpython.find_libpython()
    if libpython is None:
        raise ToolFailedError(
            f"no shared libpython was found for {sys.executable}; cocotb needs one inside the simulator",
            hint="use a Python built with --enable-shared (Debian: apt-get install libpython3-dev)",
        )
    return {
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": module,
        "COCOTB_RESULTS_FILE": str(folder / JUNIT),
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_LOG_LEVEL": "WARNING",
        "COCOTB_ANSI_OUTPUT": "0",
        "TOPLEVEL_LANG": "verilog",
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{libpython};{config.pygpi_entry_point()}",
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        # Compiled bytecode may be kept: without it each start costs two seconds more.
        "PYTHONDONTWRITEBYTECODE": "",
    }


class BenchSimulator(Protocol):
    """Compiles harness and design, and runs them under cocotb."""

    @property
    def name(self) -> str:
        """Tool and version."""
        ...

    @property
    def waveform(self) -> str | None:
        """The file that the harness writes waves to; None where there are none, but counts of switching activity."""
        ...

    def activity(self, sources: Sequence[Path], folder: Path, window_ns: tuple[float, float]) -> Activity:
        """Switching activity of the design in a stretch of time in which the bench held `dump` at 1."""
        ...

    def compile(
        self, sources: Sequence[Path], top: str, folder: Path, limits: process.Limits, *, waves: bool
    ) -> list[Finding]:
        """Compile the sources, whose top module is `top`, and the harness in `folder`; findings if that failed."""
        ...

    def run(self, folder: Path, limits: process.Limits, env: Mapping[str, str]) -> Finding | None:
        """Run the program; a finding if it did not end by itself."""
        ...


def bench_simulator(name: SimulatorName, seed: int) -> BenchSimulator:
    """The simulator of that name.

    Raises:
        ToolError: it, or what it needs, is missing.
    """
    return VerilatorBench(seed) if name == "verilator" else IcarusBench()


def simulator_tools(name: SimulatorName) -> list[ToolVersion]:
    """What a simulation in it uses.

    Raises:
        ToolError: something is missing.
    """
    if name == "icarus":
        return [ICARUS.require(), VVP.require()]
    return list(verilated_bench.bench_tools()[:2])


class IcarusBench:
    """Icarus: starts at once, knows unknown bits, takes its time for every element and cycle."""

    waveform: str | None = "waves.fst"

    def __init__(self) -> None:
        self._icarus, self._vvp = ICARUS.require(), VVP.require()

    @property
    def name(self) -> str:
        """Tool and version."""
        return f"icarus {self._icarus.version}"

    def compile(
        self, sources: Sequence[Path], top: str, folder: Path, limits: process.Limits, *, waves: bool
    ) -> list[Finding]:
        """See `BenchSimulator.compile`."""
        program = folder / _PROGRAM
        program.unlink(missing_ok=True)
        try:
            done = process.run(compile_command(self._icarus.path, sources), cwd=folder, limits=limits, log=folder)
        except ToolLimitError as reached:
            return [_compile_limit("iverilog", reached)]
        except ToolFailedError as failed:
            return [error("crash", f"iverilog crashed on the design: {failed.message}", None)]
        # Icarus ends with its number of errors modulo 256: 0 may be 2,048 of them, and then there is no program.
        if done.returncode == 0 and program.is_file():
            return []
        findings = []
        for line in (done.stderr + done.stdout).splitlines():
            match = _ICARUS_LINE.match(line.strip())
            if match and "warning" not in match["text"]:
                text = match["text"].removeprefix("error: ").strip()
                findings.append(_compile_error(Path(match["file"]).name, int(match["line"]), text))
        if not findings:
            output = (done.stderr + done.stdout).strip()[:500]
            said = f"iverilog ended with code {done.returncode}: {output or 'no message'}"
            findings.append(error("compile", said, None))
        return findings

    def run(self, folder: Path, limits: process.Limits, env: Mapping[str, str]) -> Finding | None:
        """See `BenchSimulator.run`."""
        return _run(run_command(self._vvp.path), folder, limits, env)

    def activity(self, sources: Sequence[Path], folder: Path, window_ns: tuple[float, float]) -> Activity:
        """See `BenchSimulator.activity`."""
        return activity_from_waveform(
            folder / str(self.waveform),
            DUT,
            period_ns=CLOCK_PERIOD_NS,
            window_ns=window_ns,
            registers=register_names(path.read_text(encoding="utf-8", errors="replace") for path in sources),
        )


class VerilatorBench:
    """Verilator: builds for long, then runs large designs about a thousand times as fast; bits are 0 or 1.

    Args:
        seed: What registers and memories hold before they are written is drawn with it.
    """

    waveform: str | None = None

    def __init__(self, seed: int) -> None:
        self._chain = verilated_bench.bench_toolchain()
        self._seed = seed

    @property
    def name(self) -> str:
        """Tool and version."""
        return f"verilator {self._chain.verilator.version}"

    def compile(
        self, sources: Sequence[Path], top: str, folder: Path, limits: process.Limits, *, waves: bool
    ) -> list[Finding]:
        """See `BenchSimulator.compile`."""
        from cocotb_tools import config

        harness = folder / HARNESS_FILE
        files = [*sources, harness]
        untraced = wire_lines(sources, top) | harness_lines(harness) if waves else None
        try:
            done = verilated_bench.translate_bench(self._chain, files, HARNESS, folder, limits, untraced=untraced)
            found = [finding for finding in verilator.parse(done) if finding.severity == "error"]
            if done.returncode != 0 and not found:
                raise ToolFailedError(f"verilator ended with status {done.returncode} in {folder}\n{done.tail()}")
            if done.returncode != 0:
                return [_compile_error(item.file, item.line, item.message) for item in found]
            library = Path(str(config.libs_dir)) / "libcocotbvpi_verilator.so"
            verilated_bench.build_bench(self._chain, folder, library, limits, waves=waves)
        except ToolLimitError as reached:
            return [_compile_limit("verilator", reached)]
        return []

    def run(self, folder: Path, limits: process.Limits, env: Mapping[str, str]) -> Finding | None:
        """See `BenchSimulator.run`."""
        program = folder / verilated_bench.PROGRAM
        return _run(verilated_bench.run_arguments(program, self._seed), folder, limits, env)

    def activity(self, sources: Sequence[Path], folder: Path, window_ns: tuple[float, float]) -> Activity:
        """See `BenchSimulator.activity`."""
        registers = register_names(path.read_text(encoding="utf-8", errors="replace") for path in sources)
        path = folder / verilated_bench.ACTIVITY
        counted = activity_from_saif(path, DUT, period_ns=CLOCK_PERIOD_NS, window_ns=window_ns, registers=registers)
        path.unlink()  # tens of megabytes, all of whose worth is in what was just read
        return counted


_WIRE = re.compile(r"\s*(?:wire|(?:input|output|inout)\b(?!\s+reg))\b")
_WORD = re.compile(r"\w+")
_PORT = re.compile(r"\s*(?:input|output|inout)\b")


def wire_lines(sources: Sequence[Path], top: str) -> dict[Path, list[int]]:
    """Lines of the sources of whose signals no switching is counted.

    These are wires and ports, but for the top module's ports, other names of registers, and inputs that macros work by:
    of nothing else is it wanted, and to count every wire of a large array would make the build twice as long.
    """
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in sources}
    counted = register_names(texts.values()) | MACRO_EVENT_PORTS
    lines: dict[Path, list[int]] = {}
    for path, text in texts.items():
        holds_top = re.search(rf"\bmodule\s+{re.escape(top)}\b", text) is not None
        lines[path] = [
            number
            for number, line in enumerate(text.splitlines(), 1)
            if _WIRE.match(line)
            and not (holds_top and _PORT.match(line))
            and counted.isdisjoint(_WORD.findall(line.partition("=")[0]))
        ]
    return lines


def harness_lines(harness: Path) -> dict[Path, list[int]]:
    """Lines of the harness that declare something."""
    text = harness.read_text(encoding="utf-8").splitlines()
    return {harness: [number for number, line in enumerate(text, 1) if re.match(r"\s*(reg|wire)\b", line)]}


def _compile_error(file: str | None, line: int | None, text: str) -> Finding:
    if file == HARNESS_FILE:
        hint = "Give the top module exactly the contract's name and ports."
        return error("compile", f"the design does not fit the bench: {text}", hint)
    return error("compile", text, None, file, line)


def _compile_limit(tool: str, reached: ToolLimitError) -> Finding:
    return error(
        "compile-limit",
        f"{tool} reached a limit while elaborating the design: {reached.message}",
        "Look for endless generate loops, recursion or huge arrays.",
    )


def error(rule: str, message: str, hint: str | None, file: str | None = None, line: int | None = None) -> Finding:
    """A finding of the simulation gate that refuses the design."""
    return Finding(severity="error", gate="simulate", rule=rule, message=message, hint=hint, file=file, line=line)


def _run(command: list[str], folder: Path, limits: process.Limits, env: Mapping[str, str]) -> Finding | None:
    """Run the simulation; a finding if it did not end by itself."""
    try:
        done = process.run(command, cwd=folder, limits=limits, log=folder, env=dict(env))
    except ToolLimitError as reached:
        return error(
            "endless",
            f"the simulation did not end: {reached.message}",
            "Look for combinational loops, loops without a delay, and zero-delay always blocks.",
        )
    except ToolFailedError as failed:
        return error(
            "crash", f"the simulator crashed: {failed.message}", "Look for unbounded recursion and huge vectors."
        )
    if not (folder / REPORT).exists():
        output = (done.stderr + done.stdout).strip()
        if "$finish" in output or (not (folder / JUNIT).exists() and "cocotb" not in output):
            return error(
                "ended-early",
                "the simulation ended before the first test began",
                "Remove $finish and $stop from the design.",
            )
        raise ToolFailedError(
            f"cocotb did not start in {Path(command[0]).name} (code {done.returncode}): {output[-800:]}",
            hint=f"see {folder / 'log.txt'}; `tpugen doctor` checks the tools",
        )
    return None
