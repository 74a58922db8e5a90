"""The simulation gate of whole accelerators: plan, simulator, and what the simulation says beyond its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, assert_never

from tpugen.arithmetic.crossbar import TileShape
from tpugen.arithmetic.decoder_layer import tile_shapes
from tpugen.findings import Finding
from tpugen.flows import process
from tpugen.results import AcceleratorSimulation, SimulationResult
from tpugen.spec import AcceleratorSpec, PimLlmSpec, PimTileSpec, TpuSpec, contract_for
from tpugen.verif.harness import CLOCK_PERIOD_NS
from tpugen.verif.pim_llm_plan import pim_llm_plan
from tpugen.verif.pim_llm_report import pim_llm_simulation
from tpugen.verif.pim_tile_plan import pim_tile_plan
from tpugen.verif.pim_tile_report import adc_notes, pim_tile_simulation
from tpugen.verif.simulation import Bench, bench_events, run_bench
from tpugen.verif.tpu_plan import tpu_plan
from tpugen.verif.tpu_report import tpu_simulation
from tpugen.verif.transaction_findings import transaction_finding
from tpugen.verif.transactions import TransactionPlan
from tpugen.verif.unit_simulators import SimulatorName

__all__ = ["accelerator_limits", "accelerator_plan", "crossbar_cells", "simulate_accelerator", "simulator_for"]

_ICARUS_ELEMENTS = 64
_ICARUS_CELLS = 4096
_MOST_CELLS = 1 << 24
"""Of the crossbars that are simulated: their model takes a few nanoseconds for each cell pair and bit plane."""


def simulator_for(spec: AcceleratorSpec) -> SimulatorName:
    """Which simulator a spec is simulated in.

    A `tpu` of up to 64 elements and a `pim_tile` of up to 4,096 cell pairs are done in Icarus before Verilator has
    built its program; everything larger, and every `pim_llm`, is not.
    """
    match spec:
        case TpuSpec():
            return "icarus" if spec.rows * spec.cols <= _ICARUS_ELEMENTS else "verilator"
        case PimTileSpec():
            return "icarus" if crossbar_cells(spec) <= _ICARUS_CELLS else "verilator"
        case PimLlmSpec():
            return "verilator"
        case _:
            assert_never(spec)


def crossbar_cells(spec: AcceleratorSpec) -> int:
    """Cell pairs of all crossbars of a spec."""
    match spec:
        case TpuSpec():
            tiles: Iterable[TileShape] = ()
        case PimTileSpec():
            tiles = (spec.shape,)
        case PimLlmSpec():
            tiles = tile_shapes(spec.shape, spec.crossbars).values()
        case _:
            assert_never(spec)
    return sum(t.block_rows * t.block_cols * t.crossbar_rows * t.crossbar_cols for t in tiles)


def accelerator_plan(spec: AcceleratorSpec, seed: int) -> TransactionPlan:
    """What is driven and expected: a pure function of its arguments."""
    match spec:
        case TpuSpec():
            return tpu_plan(spec, seed)
        case PimTileSpec():
            return pim_tile_plan(spec, seed)
        case PimLlmSpec():
            return pim_llm_plan(spec, seed)
        case _:
            assert_never(spec)


def accelerator_limits() -> process.Limits:
    """Generous bounds on each tool: an honest simulation stays far below."""
    return process.Limits(wall_s=1200.0, cpu_s=1200.0, memory_mb=12_000, file_mb=4_000)


def simulate_accelerator(
    spec: AcceleratorSpec,
    files: Sequence[Path],
    folder: Path,
    *,
    seed: int,
    waves: bool = True,
    limits: process.Limits | None = None,
    simulator: SimulatorName | None = None,
) -> SimulationResult:
    """Simulate an accelerator against its model.

    Args:
        spec: What the design must be.
        files: Its Verilog files, the top module's last.
        folder: Where plan, program, waves, results and logs go; created if missing.
        seed: Seed of operands and pauses; the same seed replays the same run.
        waves: Whether to dump the full-rate test and measure switching activity.
        limits: Bounds on each tool.
        simulator: By default what `simulator_for` says.

    Returns:
        Verdict, tests, findings, measured latency, operators; paths relative to `folder`.

    Raises:
        ToolMissingError: a tool is missing.
        ToolFailedError: the tools broke, as opposed to the design.
    """
    chosen = simulator or simulator_for(spec)
    if crossbar_cells(spec) > _MOST_CELLS:
        return SimulationResult(
            verdict="fail", simulator=chosen, seed=seed, tests=[], findings=[_too_large(crossbar_cells(spec))]
        )
    contract = contract_for(spec)
    plan = accelerator_plan(spec, seed)
    bench = Bench(contract, plan, lambda event: transaction_finding(contract, plan, event), chosen)
    result = run_bench(bench, files, folder, waves=waves, limits=limits or accelerator_limits())
    events = bench_events(folder.resolve())
    observed = [event for event in events if event["event"] == "observed"]
    window = next((event for event in events if event["event"] == "window" and result.activity is not None), None)
    cycles = 0 if window is None else round((window["end_ns"] - window["begin_ns"]) / CLOCK_PERIOD_NS)
    counted = _accelerator(spec, observed, cycles) if observed else None
    notes = _notes(spec, counted) if counted is not None and result.verdict == "pass" else []
    return result.model_copy(update={"accelerator": counted, "findings": [*result.findings, *notes]})


def _too_large(cells: int) -> Finding:
    return Finding(
        severity="error",
        gate="simulate",
        rule="too-large",
        message=f"the crossbars hold {cells:,} cell pairs; up to {_MOST_CELLS:,} are simulated, so nothing was checked",
        hint="Simulate the same design with smaller matrices; every parameter but their sizes can stay as it is.",
    )


def _accelerator(
    spec: AcceleratorSpec, observed: Sequence[Mapping[str, Any]], window_cycles: int
) -> AcceleratorSimulation:
    """What the simulation counted."""
    match spec:
        case TpuSpec():
            return tpu_simulation(spec, observed)
        case PimTileSpec():
            return pim_tile_simulation(spec, observed)
        case PimLlmSpec():
            return pim_llm_simulation(spec, observed, window_cycles)
        case _:
            assert_never(spec)


def _notes(spec: AcceleratorSpec, counted: AcceleratorSimulation) -> list[Finding]:
    """What a user should know of a design that passed."""
    if isinstance(spec, TpuSpec):
        return []
    lossless = spec.crossbar_rows.bit_length() + 1
    return adc_notes(spec.adc_bits, lossless, spec.crossbar_rows, spec.noise.sigma > 0, counted.clipping)
