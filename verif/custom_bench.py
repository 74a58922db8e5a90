"""Simulates a design of the user's own: against a Python reference, or under the user's test bench."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tpugen.flows import process
from tpugen.results import SimulationResult
from tpugen.spec import CustomSpec, contract_of
from tpugen.verif.custom_diagnosis import explain
from tpugen.verif.custom_plan import CustomPlan, make_custom_plan
from tpugen.verif.plan import StreamPlan
from tpugen.verif.simulation import Bench, run_bench

__all__ = ["CUSTOM_LIMITS", "check_reference", "simulate_custom"]

CUSTOM_LIMITS = process.Limits(wall_s=180, cpu_s=180, memory_mb=4_000, file_mb=1_000)
"""Bounds on the simulation of a user's design."""


def check_reference(spec: CustomSpec, seed: int) -> str:
    """Try the reference before anything is written: ask it all that the bench will, or run the test bench on nothing.

    Returns:
        What will be driven, in words.

    Raises:
        RequestError: the reference is wrong, never ends, or checks nothing.
    """
    if spec.reference_kind != "python":
        from tpugen.verif.custom_testbench import check_testbench

        return check_testbench(spec)
    custom = make_custom_plan(spec, seed)
    return f"{len(custom.plan.tests)} tests, {_checks(custom):,} {_unit(custom)} to compare"


def simulate_custom(
    spec: CustomSpec,
    files: Sequence[Path],
    folder: Path,
    *,
    seed: int,
    waves: bool = True,
    limits: process.Limits = CUSTOM_LIMITS,
) -> SimulationResult:
    """Simulate a user's design.

    Args:
        spec: Contract and reference.
        files: The design's Verilog files, which passed sandbox, contract and lint.
        folder: Where plan, program, waves, results and logs go; created if missing.
        seed: Seed of the stimulus; a test bench of the user's own gets it as cocotb's, or has its own.
        waves: Whether to dump a wave form and measure switching activity.
        limits: Bounds on the simulator.

    Returns:
        Verdict, tests, findings; paths relative to `folder`. Measured cycles are rising edges from operands to their
        result: by simulation under valid/ready, else those of the reference, which the design followed in every cycle.

    Raises:
        RequestError: the reference failed.
        ToolError: a tool is missing or broke.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if spec.reference_kind != "python":
        from tpugen.verif.custom_testbench import run_testbench

        return run_testbench(spec, files, folder, seed=seed, waves=waves, limits=limits)
    custom = make_custom_plan(spec, seed, folder)
    contract = contract_of(spec)
    bench = Bench(contract, custom.plan, lambda event: explain(contract, custom, spec.reference_name, event))
    result = run_bench(bench, files, folder, waves=waves, limits=limits)
    return result.model_copy(update=_latency(spec, custom, result))


def _latency(spec: CustomSpec, custom: CustomPlan, result: SimulationResult) -> dict[str, int | None]:
    """Measured and stated cycles, counted as rising edges from operands to their result."""
    stated = contract_of(spec).latency.cycles
    if isinstance(custom.plan, StreamPlan):
        test = next(test for test in custom.plan.tests if test.phases[0].measure)
        beats = len(next(iter(test.phases[0].sinks.values())))
        measured = None if result.measured_cycles is None else result.measured_cycles - beats
        return {"measured_cycles": measured, "expected_cycles": stated}
    if result.verdict != "pass" or custom.mode == "combinational":
        return {"measured_cycles": None, "expected_cycles": None}
    measured = stated if custom.mode == "pipelined" else custom.answer_cycles
    return {"measured_cycles": measured, "expected_cycles": stated}


def _checks(custom: CustomPlan) -> int:
    if isinstance(custom.plan, StreamPlan):
        return sum(len(phase.expected) for test in custom.plan.tests for phase in test.phases)
    return sum(len(test.expected) for test in custom.plan.tests)


def _unit(custom: CustomPlan) -> str:
    return {"combinational": "vectors", "beats": "results"}.get(custom.mode, "cycles")
