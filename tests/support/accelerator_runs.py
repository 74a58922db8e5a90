"""Run folders of whole accelerators, built by code with the layout and types of real ones; powers are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from tpugen.arithmetic.decoder_layer import MatrixName, tile_shapes
from tpugen.arithmetic.decoder_layer.cycles import operator_cycles
from tpugen.arithmetic.tpu import job_cycles
from tpugen.results import (
    AreaShare,
    GateRecord,
    MacroPower,
    Manifest,
    PathStage,
    PowerResult,
    SimulationResult,
    SynthesisResult,
    TestRecord,
    TimingResult,
)
from tpugen.results.accelerators import (
    AcceleratorSimulation,
    BlockMeasurement,
    ClippingRecord,
    MacroUse,
    OperatorMeasurement,
)
from tpugen.spec import DesignSpec, PimLlmSpec, PimTileSpec, TpuSpec, contract_for, spec_from_dict

__all__ = ["HYBRID", "STEPS", "TILE", "UNIT", "blocks", "measured_run", "simulation"]

HYBRID: dict[str, Any] = {
    "kind": "pim_llm", "d": 64, "heads": 4, "d_ff": 128, "context": 16, "rows": 32, "cols": 32, "adc_bits": 6,
}  # fmt: skip
UNIT: dict[str, Any] = {"kind": "tpu", "rows": 32, "cols": 32}
TILE: dict[str, Any] = {"kind": "pim_tile", "rows": 200, "cols": 96, "adc_bits": 6}
STEPS = ("spec", "write", "sandbox", "contract", "lint", "simulate", "synth", "sta", "model")


def simulation(spec: DesignSpec) -> AcceleratorSimulation:
    """What the simulation of a run counted: the formulas' own cycles."""
    if isinstance(spec, PimLlmSpec):
        position = spec.context - 1
        found = operator_cycles(spec.shape, spec.array, spec.crossbars, position)
        cycles = {operator.name.lower(): count for operator, count in found.items()}
        clipping = [
            ClippingRecord(
                name=name, conversions=8 * tile.block_rows * tile.cols * spec.context, clipped=7 * number,
                planes_read=8 * spec.context, planes=8 * spec.context,
            )
            for number, (name, tile) in enumerate(tile_shapes(spec.shape, spec.crossbars).items())
        ]  # fmt: skip
        return AcceleratorSimulation(
            position=position, tokens=spec.context, operators=_same(cycles), clipping=clipping,
            activity_cycles=cycles, activity_window_cycles=sum(cycles.values()),
        )  # fmt: skip
    if isinstance(spec, TpuSpec):
        sizes = [(5, 7, 9), (64, 64, 64)]
        jobs = [(f"{m} x {k} x {n}", job_cycles(spec.shape, m, k, n)) for m, k, n in sizes]
        operators = [
            OperatorMeasurement(name="job", shape=shape, simulated_cycles=count, model_cycles=count)
            for shape, count in jobs
        ]
        return AcceleratorSimulation(tokens=len(jobs), operators=operators)
    assert isinstance(spec, PimTileSpec)
    count = spec.shape.vector_cycles(8)
    vector = OperatorMeasurement(name="vector", shape="8 planes", simulated_cycles=count, model_cycles=count)
    clipped = ClippingRecord(name="tile", conversions=12_000, clipped=40, planes_read=80, planes=80)
    return AcceleratorSimulation(tokens=10, operators=[vector], clipping=[clipped])


def _same(cycles: dict[str, int]) -> list[OperatorMeasurement]:
    return [
        OperatorMeasurement(name=name, simulated_cycles=count, model_cycles=count) for name, count in cycles.items()
    ]


def _block(name: str, module: str, area: float, powers: tuple[float, float, float] | None) -> BlockMeasurement:
    register, logic, leakage = powers or (None, None, None)
    return BlockMeasurement(
        name=name, module=module, area_um2=area, cells=int(area / 3), flip_flops=int(area / 20),
        register_mw=register, logic_mw=logic, leakage_mw=leakage,
    )  # fmt: skip


def blocks(spec: PimLlmSpec, *, power: bool = True) -> list[BlockMeasurement]:
    """Blocks of a hybrid: areas of about what such units take, powers in proportion."""
    names = get_args(MatrixName)
    sizes = {
        f"u_projections/gen_matrix[{names.index(name)}]/gen_tile/u_tile": (
            "projection_tile", 40_000.0 * tile.block_rows * tile.cols / 64,
        )
        for name, tile in tile_shapes(spec.shape, spec.crossbars).items()
    }  # fmt: skip
    sizes |= {
        "u_projections/u_scale": ("projection_scale", 12_700.0),
        "u_attention": ("attention_engine", 100_000.0),
        "u_attention/u_array/u_core": ("tpu_core", 1_200_000.0),
        "u_vectors": ("vector_path", 2_000.0),
        "u_vectors/u_norm": ("norm_stage", 23_500.0),
        "u_vectors/u_quantise": ("absmax_quantise", 11_800.0),
        "u_vectors/u_residual": ("residual_stream", 9_000.0),
        "u_vectors/u_hidden": ("hidden_stage", 1_240.0),
        "u_registers": ("pim_llm_registers", 21_000.0),
        "": ("pim_llm", 5_000.0),
    }
    return [
        _block(name, module, area, (area * 3e-5, area * 1e-5, area * 2e-5) if power else None)
        for name, (module, area) in sizes.items()
    ]


_MEMORIES = MacroPower(
    name="sram", parameters={"Depth": 256, "Width": 256}, instances=4, events_per_cycle={"read": 1.5, "write": 1.0},
    dynamic_mw=6.0, leakage_mw=2.0, activity_source="simulation", origin="assumed", source="card sram-45nm",
)  # fmt: skip


def _macros(spec: DesignSpec) -> list[MacroUse]:
    if isinstance(spec, PimLlmSpec):
        count = sum(tile.block_rows * tile.block_cols for tile in tile_shapes(spec.shape, spec.crossbars).values())
    elif isinstance(spec, PimTileSpec):
        count = spec.shape.block_rows * spec.shape.block_cols
    else:
        count = 0
    crossbar = MacroUse(
        name="crossbar", instances=count, parameters={"Rows": 128, "Cols": 128, "AdcBits": 6, "ColumnsPerAdc": 8},
        area_um2=62_000.0 * count, origin="assumed", source="card rram-45nm",
    )  # fmt: skip
    sram = MacroUse(
        name="sram", instances=4, parameters={"Depth": 256, "Width": 256}, area_um2=4 * 49_152.0, origin="assumed",
        source="card sram-45nm",
    )  # fmt: skip
    return [*([crossbar] if count else []), *([] if isinstance(spec, PimTileSpec) else [sram])]


def measured_run(
    folder: Path, spec: dict[str, Any], *, technology: str = "osu018", power: bool = True, clock_path_ns: float = 8.0
) -> Path:
    """A run that is simulated, synthesised and timed, and whose model step is still to come.

    Args:
        folder: Is made.
        spec: Plain data.
        technology: Name of a registered one.
        power: Whether the power of the blocks is known.
        clock_path_ns: Slowest path; a spec's clock that is faster is missed.
    """
    design = spec_from_dict(spec)
    contract = contract_for(design)
    steps = [GateRecord(step=step, verdict="pass", summary=f"{step} done", seconds=1.0) for step in STEPS]
    manifest = Manifest(
        run_id=folder.name, created_utc="2026-11-22T10:00:00+00:00", tpugen_version="0.1.0",
        command=["tpugen", "generate", "an accelerator"], request=f"{design.kind} accelerator",
        spec=design.model_dump(mode="json"), module=contract.module, contract_sha256=contract.content_hash(),
        writer="composer", seed=1, technology=technology, steps=steps, verdict="pass", seconds=60.0,
    )  # fmt: skip
    counted = simulation(design)
    total = sum(item.simulated_cycles for item in counted.operators)
    path = [
        PathStage(pin="u_attention/u_array/u_core/_1_/Y", cell="FAX1", delay_ns=clock_path_ns, arrival_ns=clock_path_ns)
    ]
    found = blocks(design, power=power) if isinstance(design, PimLlmSpec) else []
    leakage = sum(block.leakage_mw or 0.0 for block in found) or 1.0
    dynamic = sum((block.register_mw or 0.0) + (block.logic_mw or 0.0) for block in found) or 20.0
    timing = TimingResult(
        clock_mhz=design.clock_mhz, worst_slack_ns=1000 / design.clock_mhz - clock_path_ns,
        fmax_mhz=1000 / clock_path_ns, critical_path_ns=clock_path_ns, critical_path=path, blocks=found,
        power=PowerResult(
            total_mw=leakage + dynamic, internal_mw=dynamic * 0.6, switching_mw=dynamic * 0.4, leakage_mw=leakage,
            activity_source="simulation", annotated_pins=1000, clock_mhz=design.clock_mhz,
        ) if power else None,
        macro_power=[_MEMORIES] if isinstance(design, TpuSpec) else [],
    )  # fmt: skip
    area = sum(block.area_um2 for block in found) or 250_000.0
    synthesis = SynthesisResult(
        technology=technology, mode="hierarchical", area_um2=area, cells=int(area / 3), flip_flops=int(area / 20),
        areas=[AreaShare(module=contract.module, instances=1, area_um2=area, cells=int(area / 3))],
        netlist="synth/netlist.v", seconds=9.0, macros=_macros(design),
    )  # fmt: skip
    simulated = SimulationResult(
        verdict="pass", simulator="Verilator 5.048", seed=1,
        tests=[TestRecord(name="tokens", passed=True, seconds=9.0)], measured_cycles=total, expected_cycles=total,
        results_checked=1024, accelerator=counted,
    )  # fmt: skip
    document = {"spec": manifest.spec, "assumptions": [], "not_understood": [], "request": manifest.request}
    parts = {"simulate/simulation": simulated, "synth/synthesis": synthesis, "sta/timing": timing, "manifest": manifest}
    for name, part in parts.items():
        _store(folder / f"{name}.json", part.model_dump(mode="json"))
    for step in steps:
        _store(folder / step.step / "result.json", step.model_dump(mode="json"))
    _store(folder / "spec.json", document)
    _store(folder / "request.json", {"identity": {"spec": manifest.spec, "request": manifest.request}})
    _store(folder / "contract.json", contract.model_dump(mode="json"))
    return folder


def _store(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")
