"""From cycles to what they are worth: time, throughput, energy; totals that add up."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tpugen.errors import RequestError
from tpugen.model.cycles import DEFAULT_CYCLE_MODEL, CycleModel, find_cycle_model
from tpugen.model.gemm import Gemm
from tpugen.model.mapping import array_shape, map_gemm
from tpugen.results import DesignMeasurement, GemmResult, ModelResult
from tpugen.spec import DesignSpec

__all__ = ["evaluate"]


def evaluate(
    spec: DesignSpec,
    gemms: Sequence[Gemm],
    design: DesignMeasurement,
    *,
    cycle_model: str = DEFAULT_CYCLE_MODEL,
) -> ModelResult:
    """What a measured design gives on a list of GEMMs, run one after the other without overlap.

    Every operand is offered as soon as the array takes it and every result is taken at once: memory never stalls.

    Args:
        spec: The design.
        gemms: The workload, at least one.
        design: Clock in MHz and, where measured, power in mW.
        cycle_model: `tpugen` (the contract's formula) or one of `CYCLE_MODELS` for comparison.

    Returns:
        One `GemmResult` per GEMM, in order, and their total: MACs, tiles, cycles, latency and energy of the total are
        the sums of the parts; utilisation and mapping efficiency are averages weighted by cycles and by tiles. The
        total's `m`, `k`, `n` are those of the GEMM where there is one, else 0: shapes do not add up.

    Raises:
        RequestError: if the list is empty, the design cannot run a GEMM, or its clock or power is not a number above 0.
        UnknownNameError: if there is no such cycle model.
    """
    if not gemms:
        raise RequestError("the workload holds no GEMM", hint="give at least one, e.g. 64x64x64")
    _check(design)
    model = find_cycle_model(cycle_model)
    results = [_one(spec, gemm, design, model) for gemm in gemms]
    return ModelResult(cycle_model=model.name, design=design, gemms=results, total=_total(spec, results, design))


def _check(design: DesignMeasurement) -> None:
    for name, value, unit in (("clock", design.clock_mhz, "MHz"), ("power", design.power_mw, "mW")):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise RequestError(
                f"design {design.design!r}: {name} is {value} {unit}; expected a number above 0",
                hint="leave power_mw out (None) where it was not measured" if name == "power" else None,
            )


def _one(spec: DesignSpec, gemm: Gemm, design: DesignMeasurement, model: CycleModel) -> GemmResult:
    mapping = map_gemm(spec, gemm)
    cycles = model.cycles(spec, gemm)
    latency_us = cycles / design.clock_mhz
    return GemmResult(
        m=gemm.m,
        k=gemm.k,
        n=gemm.n,
        macs=gemm.macs,
        tiles=mapping.tiles,
        cycles=cycles,
        utilization=gemm.macs / (cycles * mapping.rows * mapping.cols),
        mapping_efficiency=mapping.efficiency,
        latency_us=latency_us,
        # Power in mW times time in us is nJ; MAC per us is a million MAC per second.
        energy_uj=None if design.power_mw is None else design.power_mw * latency_us / 1e3,
        gops=gemm.macs / latency_us / 1e3,
        gops_per_w=_gops_per_w(gemm.macs / latency_us / 1e3, design),
    )


def _total(spec: DesignSpec, results: Sequence[GemmResult], design: DesignMeasurement) -> GemmResult:
    if len(results) == 1:
        return results[0]
    rows, cols = array_shape(spec)
    macs = sum(result.macs for result in results)
    tiles = sum(result.tiles for result in results)
    cycles = sum(result.cycles for result in results)
    latency_us = math.fsum(result.latency_us for result in results)
    gops = macs / latency_us / 1e3
    return GemmResult(
        m=0,
        k=0,
        n=0,
        macs=macs,
        tiles=tiles,
        cycles=cycles,
        utilization=macs / (cycles * rows * cols),
        mapping_efficiency=math.fsum(result.mapping_efficiency * result.tiles for result in results) / tiles,
        latency_us=latency_us,
        energy_uj=None
        if design.power_mw is None
        else math.fsum(result.energy_uj for result in results if result.energy_uj is not None),
        gops=gops,
        gops_per_w=_gops_per_w(gops, design),
    )


def _gops_per_w(gops: float, design: DesignMeasurement) -> float | None:
    return None if design.power_mw is None else gops / (design.power_mw / 1e3)
