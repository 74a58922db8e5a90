"""From cycles to what they are worth: time, throughput, energy, traffic; totals that add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tpugen.errors import RequestError
from tpugen.model.systolic.cycles import DEFAULT_CYCLE_MODEL, CycleModel, find_cycle_model
from tpugen.model.systolic.dataflows import BEST, CHOICES
from tpugen.model.systolic.dram import SramSizes, dram_traffic
from tpugen.model.systolic.gemm import Gemm, GemmRuns
from tpugen.model.systolic.mapping import ArrayShape, Design, shape_of
from tpugen.model.systolic.traffic import gemm_traffic
from tpugen.results import DesignMeasurement, GemmReport, GemmResult, ModelResult

__all__ = ["evaluate", "report_gemms"]


def evaluate(
    spec: Design,
    gemms: Sequence[Gemm | GemmRuns],
    design: DesignMeasurement,
    *,
    cycle_model: str = DEFAULT_CYCLE_MODEL,
    sram: SramSizes | None = None,
) -> ModelResult:
    """What a measured design gives on a list of GEMMs, run one after the other without overlap.

    Every operand is offered as soon as the array takes it and every result is taken at once: memory never stalls.

    Args:
        spec: The design, or the shape of an array that was not built.
        gemms: The workload, at least one.
        design: Clock in MHz and, where measured, power in mW.
        cycle_model: `tpugen` (the contract's formula) or one of `CYCLE_MODELS` for comparison.
        sram: SRAM beside the array; with it DRAM traffic is counted.

    Returns:
        One `GemmResult` per GEMM, in order, and their total: MACs, tiles, cycles, latency, energy and traffic of the
        total are the sums of the parts; utilisation and mapping efficiency are averages weighted by cycles and by
        tiles. The total's `m`, `k`, `n` are those of the GEMM where there is one, else 0: shapes do not add up.

    Raises:
        RequestError: if the list is empty, the design cannot run a GEMM, or its clock or power is not a number above 0.
        UnknownNameError: if there is no such cycle model.
    """
    if not gemms:
        raise RequestError("the workload holds no GEMM", hint="give at least one, e.g. 64x64x64")
    _check(design)
    model = find_cycle_model(cycle_model)
    shape = shape_of(spec)
    items = [item if isinstance(item, GemmRuns) else GemmRuns(item) for item in gemms]
    results = [_one(_chosen(shape, item.gemm, model), item, design, model, sram) for item in items]
    return ModelResult(cycle_model=model.name, design=design, gemms=results, total=_total(shape, results, design))


def report_gemms(result: ModelResult, rows: int, cols: int, dataflow: str | None) -> GemmReport:
    """The result with its total's figures at the top, and the array it is about.

    Args:
        result: What `evaluate` gave, or `evaluate_products` of an accelerator.
        rows: Of the array, or of a tile's matrix.
        cols: Likewise.
        dataflow: Of the array.
    """
    total = result.total
    return GemmReport(
        **{name: getattr(result, name) for name in ModelResult.model_fields},
        rows=rows,
        cols=cols,
        dataflow=dataflow,
        macs=total.macs,
        cycles=total.cycles,
        utilization=total.utilization,
        mapping_efficiency=total.mapping_efficiency,
        latency_us=total.latency_us,
        gops=total.gops,
        gops_per_w=total.gops_per_w,
        energy_uj=total.energy_uj,
        sram_reads=total.sram_reads,
        sram_writes=total.sram_writes,
        sram_writes_counted=total.sram_writes_counted,
        dram_reads=total.dram_reads,
        dram_writes=total.dram_writes,
    )


def _check(design: DesignMeasurement) -> None:
    for name, value, unit in (("clock", design.clock_mhz, "MHz"), ("power", design.power_mw, "mW")):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise RequestError(
                f"design {design.design!r}: {name} is {value} {unit}; expected a number above 0",
                hint="leave power_mw out (None) where it was not measured" if name == "power" else None,
            )


def _chosen(shape: ArrayShape, gemm: Gemm, model: CycleModel) -> ArrayShape:
    """The array with its dataflow, the one with the fewest cycles where that is left open."""
    if shape.dataflow != BEST:
        return shape
    return min((replace(shape, dataflow=choice) for choice in CHOICES), key=lambda one: model.cycles(one, gemm))


def _one(
    shape: ArrayShape,
    item: GemmRuns,
    design: DesignMeasurement,
    model: CycleModel,
    sram: SramSizes | None,
) -> GemmResult:
    gemm, count = item.gemm, item.count
    traffic = gemm_traffic(shape, gemm)
    cycles = model.cycles(shape, gemm) * count
    latency_us = cycles / design.clock_mhz
    macs = gemm.macs * count
    dram = None
    if sram is not None:
        dram = dram_traffic(shape.dataflow, gemm.m, gemm.k, gemm.n, shape.rows, shape.cols, sram=sram)
    writes = traffic.ofmap_writes_reported if model.writes_as_reported else traffic.ofmap_writes
    return GemmResult(
        m=gemm.m,
        k=gemm.k,
        n=gemm.n,
        macs=macs,
        tiles=traffic.tiles * count,
        cycles=cycles,
        utilization=macs / (cycles * shape.rows * shape.cols),
        mapping_efficiency=traffic.mapping_efficiency,
        latency_us=latency_us,
        # Power in mW times time in us is nJ; MAC per us is a million MAC per second.
        energy_uj=None if design.power_mw is None else design.power_mw * latency_us / 1e3,
        gops=macs / latency_us / 1e3,
        gops_per_w=_gops_per_w(macs / latency_us / 1e3, design),
        name=item.name,
        count=count,
        dataflow=shape.dataflow,
        sram_reads=traffic.sram_reads * count,
        sram_writes=writes * count,
        sram_writes_counted=traffic.ofmap_writes * count,
        dram_reads=None if dram is None else int(dram.reads) * count,
        dram_writes=None if dram is None else int(dram.writes) * count,
    )


def _total(shape: ArrayShape, results: Sequence[GemmResult], design: DesignMeasurement) -> GemmResult:
    if len(results) == 1:
        return results[0]
    macs = sum(result.macs for result in results)
    tiles = sum(result.tiles for result in results)
    cycles = sum(result.cycles for result in results)
    latency_us = math.fsum(result.latency_us for result in results)
    gops = macs / latency_us / 1e3
    dataflows = {result.dataflow for result in results}
    return GemmResult(
        m=0,
        k=0,
        n=0,
        macs=macs,
        tiles=tiles,
        cycles=cycles,
        utilization=macs / (cycles * shape.rows * shape.cols),
        mapping_efficiency=math.fsum(result.mapping_efficiency * result.tiles for result in results) / tiles,
        latency_us=latency_us,
        energy_uj=None
        if design.power_mw is None
        else math.fsum(result.energy_uj for result in results if result.energy_uj is not None),
        gops=gops,
        gops_per_w=_gops_per_w(gops, design),
        dataflow=dataflows.pop() if len(dataflows) == 1 else None,
        sram_reads=_sum([result.sram_reads for result in results]),
        sram_writes=_sum([result.sram_writes for result in results]),
        sram_writes_counted=_sum([result.sram_writes_counted for result in results]),
        dram_reads=_sum([result.dram_reads for result in results]),
        dram_writes=_sum([result.dram_writes for result in results]),
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    """The sum; None where any count is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _gops_per_w(gops: float, design: DesignMeasurement) -> float | None:
    return None if design.power_mw is None else gops / (design.power_mw / 1e3)
