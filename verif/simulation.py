"""The simulation gate: a design under Icarus and cocotb against the golden model, with limits on everything.

Commands are pure functions; the tools run through `tpugen.flows.process`, so a design that never settles, ends the
simulation itself or fills the disk becomes a finding, never a hang.
"""

from __future__ import annotations

import json
import os
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import process
from tpugen.flows.tools import ICARUS, VVP
from tpugen.results import SimulationResult, TestRecord
from tpugen.spec import Contract, DesignSpec, SystolicArraySpec, contract_for
from tpugen.verif.harness import CLOCK_PERIOD_NS, DUT, HARNESS, harness_text
from tpugen.verif.plan import TRACE_FILE, CombinationalPlan, CyclePlan, StreamPlan, write_plan

__all__ = [
    "Bench",
    "bench_environment",
    "cocotb_environment",
    "compile_command",
    "default_limits",
    "junit_records",
    "run_bench",
    "run_command",
    "simulate",
]

_PLAN, _REPORT, _JUNIT = "plan.json", "report.jsonl", "junit.xml"
_HARNESS_FILE, _PROGRAM, _WAVES, _ACTIVITY = "harness.v", "sim.vvp", "waves.fst", "activity.json"
_ICARUS_LINE = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<text>.+)$")


Plan = StreamPlan | CombinationalPlan | CyclePlan
_BENCHES: dict[type[Plan], str] = {StreamPlan: "stream", CombinationalPlan: "combinational", CyclePlan: "cycles"}


@dataclass(frozen=True)
class Bench:
    """What one simulation is made of.

    Attributes:
        contract: Names the design and its ports.
        plan: What is driven and expected.
        explain: Turns a `fail` event of the bench into a finding.
    """

    contract: Contract
    plan: Plan
    explain: Callable[[Mapping[str, Any]], Finding]


def default_limits(spec: DesignSpec) -> process.Limits:
    """Generous bounds by size of the design: an honest simulation stays far below."""
    elements = spec.rows * spec.cols if isinstance(spec, SystolicArraySpec) else 1
    seconds = min(3600, 120 + elements // 2)
    return process.Limits(wall_s=seconds, cpu_s=seconds, memory_mb=min(16_000, 2_000 + elements), file_mb=2_000)


def compile_command(iverilog: str, sources: Sequence[Path]) -> list[str]:
    """`iverilog` for harness and design, in Verilog-2005 as the design must be."""
    return [iverilog, "-g2005", "-o", _PROGRAM, "-s", HARNESS, _HARNESS_FILE, *(str(path) for path in sources)]


def run_command(vvp: str) -> list[str]:
    """`vvp` with cocotb; `-n` makes `$stop` end the run instead of asking the terminal."""
    from cocotb_tools import config

    return [vvp, "-n", "-m", str(config.lib_entry("vpi", "icarus")), _PROGRAM, "-fst"]


def bench_environment(plan: Plan, folder: Path) -> dict[str, str]:
    """What cocotb and the bench read from the environment."""
    return {
        **cocotb_environment(f"tpugen.verif.benches.{_BENCHES[type(plan)]}", HARNESS, folder, plan.seed),
        "TPUGEN_BENCH_PLAN": str(folder / _PLAN),
        "TPUGEN_BENCH_REPORT": str(folder / _REPORT),
    }


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
        "COCOTB_RESULTS_FILE": str(folder / _JUNIT),
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


def simulate(
    spec: DesignSpec,
    files: Sequence[Path],
    folder: Path,
    *,
    seed: int,
    waves: bool = True,
    limits: process.Limits | None = None,
    plan: StreamPlan | CombinationalPlan | None = None,
) -> SimulationResult:
    """Simulate a design against the golden model.

    Args:
        spec: What the design must be.
        files: Its Verilog files.
        folder: Where plan, program, waves, results and logs go; created if missing.
        seed: Seed of operands and pauses; the same seed replays the same run.
        waves: Whether to dump the full-rate test and measure switching activity.
        limits: Bounds on the simulator; by default by the size of the design.
        plan: What to drive and expect; by default everything that the spec's size affords.

    Returns:
        Verdict, tests, findings, measured latency; paths relative to `folder`.

    Raises:
        ToolMissingError: no Icarus.
        ToolFailedError: the tools broke, as opposed to the design.
    """
    from tpugen.verif.diagnosis import finding_for
    from tpugen.verif.stimulus import make_plan

    chosen = plan or make_plan(spec, seed)
    bench = Bench(contract_for(spec), chosen, lambda event: finding_for(spec, chosen, event))
    return run_bench(bench, files, folder, waves=waves, limits=limits or default_limits(spec))


def run_bench(
    bench: Bench, files: Sequence[Path], folder: Path, *, waves: bool, limits: process.Limits
) -> SimulationResult:
    """Execute a bench on a design.

    Args:
        bench: Contract, plan, and how failures are put into words.
        files: The design's Verilog files.
        folder: Where plan, program, waves, results and logs go; created if missing.
        waves: Whether to dump the test that the plan marks and measure switching activity.
        limits: Bounds on the simulator.

    Raises:
        ToolMissingError: no Icarus.
        ToolFailedError: the tools broke, as opposed to the design.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in (_REPORT, TRACE_FILE, _JUNIT, _PROGRAM, _WAVES, _ACTIVITY, "command.txt", "log.txt"):
        (folder / name).unlink(missing_ok=True)
    plan, seed = bench.plan, bench.plan.seed
    write_plan(plan, folder / _PLAN)
    harness = harness_text(bench.contract, plan, _WAVES if waves else None)
    (folder / _HARNESS_FILE).write_text(harness, encoding="utf-8")
    icarus, vvp = ICARUS.require(), VVP.require()
    simulator = f"icarus {icarus.version}"
    sources = [path.resolve() for path in files]
    findings = _tampering(sources) or _compile(compile_command(icarus.path, sources), folder, limits)
    if findings:
        return SimulationResult(verdict="fail", simulator=simulator, seed=seed, tests=[], findings=findings)
    ending = _run(run_command(vvp.path), folder, limits, bench_environment(plan, folder))
    result = _collect(bench, folder, ending, simulator)
    if waves and result.verdict == "pass" and (folder / _WAVES).exists():
        _measure_activity(sources, folder, result)
    return result


def _tampering(sources: Sequence[Path]) -> list[Finding]:
    findings = []
    for path in sources:
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if HARNESS in line:
                findings.append(
                    Finding(
                        severity="error",
                        gate="simulate",
                        rule="reserved-name",
                        file=path.name,
                        line=number,
                        message=f"the name {HARNESS} belongs to the test bench; a design must not refer to it",
                        hint="Remove the reference.",
                    )
                )
    return findings


def _compile(command: list[str], folder: Path, limits: process.Limits) -> list[Finding]:
    program = folder / _PROGRAM
    program.unlink(missing_ok=True)
    try:
        done = process.run(command, cwd=folder, limits=limits, log=folder)
    except ToolLimitError as error:
        return [
            _error(
                "compile-limit",
                f"iverilog reached a limit while elaborating the design: {error.message}",
                "Look for endless generate loops, recursion or huge arrays.",
            )
        ]
    except ToolFailedError as error:
        return [_error("crash", f"iverilog crashed on the design: {error.message}", None)]
    # Icarus ends with its number of errors modulo 256: 0 may be 2,048 of them, and then there is no program.
    if done.returncode == 0 and program.is_file():
        return []
    findings = []
    for line in (done.stderr + done.stdout).splitlines():
        match = _ICARUS_LINE.match(line.strip())
        if match and "warning" not in match["text"]:
            name = Path(match["file"]).name
            text = match["text"].removeprefix("error: ").strip()
            if name == _HARNESS_FILE:
                findings.append(
                    _error(
                        "compile",
                        f"the design does not fit the bench: {text}",
                        "Give the top module exactly the contract's name and ports.",
                    )
                )
            else:
                findings.append(_error("compile", text, None, name, int(match["line"])))
    if not findings:
        output = (done.stderr + done.stdout).strip()[:500]
        said = f"iverilog ended with code {done.returncode}: {output or 'no message'}"
        findings.append(_error("compile", said, None))
    return findings


def _error(rule: str, message: str, hint: str | None, file: str | None = None, line: int | None = None) -> Finding:
    return Finding(severity="error", gate="simulate", rule=rule, message=message, hint=hint, file=file, line=line)


def _run(command: list[str], folder: Path, limits: process.Limits, env: Mapping[str, str]) -> Finding | None:
    """Run the simulation; a finding if it did not end by itself."""
    try:
        done = process.run(command, cwd=folder, limits=limits, log=folder, env=dict(env))
    except ToolLimitError as error:
        return _error(
            "endless",
            f"the simulation did not end: {error.message}",
            "Look for combinational loops, loops without a delay, and zero-delay always blocks.",
        )
    except ToolFailedError as error:
        return _error(
            "crash", f"the simulator crashed: {error.message}", "Look for unbounded recursion and huge vectors."
        )
    if not (folder / _REPORT).exists():
        output = (done.stderr + done.stdout).strip()
        if "$finish" in output or (not (folder / _JUNIT).exists() and "cocotb" not in output):
            return _error(
                "ended-early",
                "the simulation ended before the first test began",
                "Remove $finish and $stop from the design.",
            )
        raise ToolFailedError(
            f"cocotb did not start in vvp (code {done.returncode}): {output[-800:]}",
            hint=f"see {folder / 'log.txt'}; `tpugen doctor` checks the tools",
        )
    return None


def _events(folder: Path) -> list[dict[str, Any]]:
    events = []
    path = folder / _REPORT
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                events.append(json.loads(line))
            except json.JSONDecodeError:  # cut off in mid-line when the simulator was ended
                continue
    return events


def junit_records(folder: Path) -> dict[str, str | None]:
    """Failure message (None: passed) of each test that cocotb recorded."""
    path = folder / _JUNIT
    if not path.exists():
        return {}
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - written by cocotb in our own folder
    except ET.ParseError:
        return {}
    records: dict[str, str | None] = {}
    for case in root.iter("testcase"):
        problem = next((child for child in case if child.tag in ("failure", "error")), None)
        message = None if problem is None else (problem.get("message") or (problem.text or "").strip() or "failed")
        records[str(case.get("name"))] = message
    return records


def _collect(bench: Bench, folder: Path, ending: Finding | None, simulator: str) -> SimulationResult:
    """Join what the bench reported with what cocotb recorded; a test counts as passed only if both say so."""
    plan = bench.plan
    events, junit = _events(folder), junit_records(folder)
    started = {event["test"] for event in events if event["event"] == "start"}
    ended = {event["test"]: event for event in events if event["event"] in ("pass", "fail")}
    findings: list[Finding] = []
    records = []
    cut_short = False
    for test in plan.tests:
        event, message = ended.get(test.name), junit.get(test.name)
        if event is not None and event["event"] == "fail":
            findings.append(bench.explain(event))
            message = findings[-1].message
        elif event is None:
            message = "did not end" if test.name in started else "did not start"
            if test.name in started and message:
                findings.append(
                    ending
                    or _error(
                        "ended-early",
                        f"test {test.name}: the simulation ended in the middle of the test",
                        "Remove $finish and $stop from the design.",
                    )
                )
            cut_short = True
        elif test.name not in junit or message is not None:
            message = message or "cocotb recorded no result"
            findings.append(_error("bench", f"test {test.name}: {message}", None))
        records.append(
            TestRecord(
                name=test.name,
                passed=message is None,
                message=message,
                seconds=0.0 if event is None else float(event["seconds"]),
            )
        )
    if ending is not None and ending not in findings:
        findings.append(ending)
    if cut_short and not findings:
        findings.append(
            _error(
                "ended-early",
                "the simulation ended before all tests had run",
                "Remove $finish and $stop from the design.",
            )
        )
    if not any(record.passed for record in records) and not findings:
        findings.append(_error("no-tests", "no test ran", None))
    latency = next((event for event in events if event["event"] == "latency"), None)
    return SimulationResult(
        verdict="pass" if not findings and records else "fail",
        simulator=simulator,
        seed=plan.seed,
        tests=records,
        findings=findings,
        measured_cycles=None if latency is None else int(latency["measured"]),
        expected_cycles=None if latency is None or latency["expected"] is None else int(latency["expected"]),
        results_checked=sum(int(event.get("checked", 0)) for event in ended.values()),
        waveform=_WAVES if (folder / _WAVES).exists() else None,
    )


def _measure_activity(sources: Sequence[Path], folder: Path, result: SimulationResult) -> None:
    from tpugen.verif.activity import activity_from_waveform, register_names

    window = next((event for event in _events(folder) if event["event"] == "window"), None)
    if window is None:
        return
    activity = activity_from_waveform(
        folder / _WAVES,
        DUT,
        period_ns=CLOCK_PERIOD_NS,
        window_ns=(float(window["begin_ns"]), float(window["end_ns"])),
        registers=register_names(path.read_text(encoding="utf-8", errors="replace") for path in sources),
    )
    activity.save(folder / _ACTIVITY)
    result.activity = _ACTIVITY
