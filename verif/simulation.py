"""The simulation gate: a design under Icarus and cocotb against the golden model, with limits on everything.

Commands are pure functions; the tools run through `tpugen.flows.process`, so a design that never settles, ends the
simulation itself or fills the disk becomes a finding, never a hang.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpugen.findings import Finding
from tpugen.flows import process
from tpugen.results import SimulationResult, TestRecord
from tpugen.spec import AnySpec, Contract, DesignSpec, PimLlmSpec, PimTileSpec, SystolicArraySpec, TpuSpec, contract_for
from tpugen.verif.bench_simulators import (
    HARNESS_FILE,
    JUNIT,
    REPORT,
    BenchSimulator,
    bench_simulator,
    cocotb_environment,
    compile_command,
    error,
    run_command,
)
from tpugen.verif.harness import HARNESS, harness_text
from tpugen.verif.plan import TRACE_FILE, CombinationalPlan, CyclePlan, StreamPlan, write_plan
from tpugen.verif.transaction_harness import transaction_harness_text
from tpugen.verif.transactions import TransactionPlan, write_transactions
from tpugen.verif.unit_simulators import SimulatorName

__all__ = [
    "Bench",
    "bench_environment",
    "bench_events",
    "cocotb_environment",
    "compile_command",
    "default_limits",
    "junit_records",
    "run_bench",
    "run_command",
    "simulate",
    "simulator_of",
]

_PLAN, _ACTIVITY = "plan.json", "activity.json"
_WAVES = "waves.fst"

Plan = StreamPlan | CombinationalPlan | CyclePlan | TransactionPlan
_BENCHES: dict[type[Plan], str] = {
    StreamPlan: "stream",
    CombinationalPlan: "combinational",
    CyclePlan: "cycles",
    TransactionPlan: "transactions",
}


@dataclass(frozen=True)
class Bench:
    """What one simulation is made of.

    Attributes:
        contract: Names the design and its ports.
        plan: What is driven and expected.
        explain: Turns a `fail` event of the bench into a finding.
        simulator: What it runs in.
    """

    contract: Contract
    plan: Plan
    explain: Callable[[Mapping[str, Any]], Finding]
    simulator: SimulatorName = "icarus"


def default_limits(spec: DesignSpec) -> process.Limits:
    """Generous bounds by size of the design: an honest simulation stays far below."""
    elements = spec.rows * spec.cols if isinstance(spec, SystolicArraySpec) else 1
    seconds = min(3600, 120 + elements // 2)
    return process.Limits(wall_s=seconds, cpu_s=seconds, memory_mb=min(16_000, 2_000 + elements), file_mb=2_000)


def simulator_of(spec: AnySpec) -> SimulatorName:
    """The simulator that a spec is simulated in."""
    if isinstance(spec, TpuSpec | PimTileSpec | PimLlmSpec):
        from tpugen.verif.accelerator_bench import simulator_for

        return simulator_for(spec)
    return "icarus"


def bench_environment(plan: Plan, folder: Path) -> dict[str, str]:
    """What cocotb and the bench read from the environment."""
    return {
        **cocotb_environment(f"tpugen.verif.benches.{_BENCHES[type(plan)]}", HARNESS, folder, plan.seed),
        "TPUGEN_BENCH_PLAN": str(folder / _PLAN),
        "TPUGEN_BENCH_REPORT": str(folder / REPORT),
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
        plan: What to drive and expect; by default everything that the spec's size affords. Not for accelerators.

    Returns:
        Verdict, tests, findings, measured latency; paths relative to `folder`.

    Raises:
        ToolMissingError: no Icarus.
        ToolFailedError: the tools broke, as opposed to the design.
    """
    if isinstance(spec, TpuSpec | PimTileSpec | PimLlmSpec):
        from tpugen.verif.accelerator_bench import simulate_accelerator

        return simulate_accelerator(spec, files, folder, seed=seed, waves=waves, limits=limits)
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
    for name in (REPORT, TRACE_FILE, JUNIT, _WAVES, _ACTIVITY, "command.txt", "log.txt"):
        (folder / name).unlink(missing_ok=True)
    plan, seed = bench.plan, bench.plan.seed
    simulator = bench_simulator(bench.simulator, seed)
    dumped = simulator.waveform if waves else None
    if isinstance(plan, TransactionPlan):
        write_transactions(plan, folder / _PLAN)
        harness = transaction_harness_text(bench.contract, plan, dumped)
    else:
        write_plan(plan, folder / _PLAN)
        harness = harness_text(bench.contract, plan, dumped)
    (folder / HARNESS_FILE).write_text(harness, encoding="utf-8")
    sources = [path.resolve() for path in files]
    findings = _tampering(sources) or simulator.compile(sources, bench.contract.module, folder, limits, waves=waves)
    if findings:
        return SimulationResult(verdict="fail", simulator=simulator.name, seed=seed, tests=[], findings=findings)
    ending = simulator.run(folder, limits, bench_environment(plan, folder))
    result = _collect(bench, folder, ending, simulator.name)
    if waves and result.verdict == "pass":
        _measure_activity(simulator, sources, folder, result)
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


def bench_events(folder: Path) -> list[dict[str, Any]]:
    """What the bench reported, in order."""
    events = []
    path = folder / REPORT
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                events.append(json.loads(line))
            except json.JSONDecodeError:  # cut off in mid-line when the simulator was ended
                continue
    return events


def junit_records(folder: Path) -> dict[str, str | None]:
    """Failure message (None: passed) of each test that cocotb recorded."""
    path = folder / JUNIT
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
    events, junit = bench_events(folder), junit_records(folder)
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
                    or error(
                        "ended-early",
                        f"test {test.name}: the simulation ended in the middle of the test",
                        "Remove $finish and $stop from the design.",
                    )
                )
            cut_short = True
        elif test.name not in junit or message is not None:
            message = message or "cocotb recorded no result"
            findings.append(error("bench", f"test {test.name}: {message}", None))
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
            error(
                "ended-early",
                "the simulation ended before all tests had run",
                "Remove $finish and $stop from the design.",
            )
        )
    if not any(record.passed for record in records) and not findings:
        findings.append(error("no-tests", "no test ran", None))
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


def _measure_activity(
    simulator: BenchSimulator, sources: Sequence[Path], folder: Path, result: SimulationResult
) -> None:
    window = next((event for event in bench_events(folder) if event["event"] == "window"), None)
    if window is None:
        return
    activity = simulator.activity(sources, folder, (float(window["begin_ns"]), float(window["end_ns"])))
    activity.save(folder / _ACTIVITY)
    result.activity = _ACTIVITY
