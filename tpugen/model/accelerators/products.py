"""Matrix products on a measured tensor unit, vectors through a measured PIM tile: cycles as their RTL takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tpugen.arithmetic.tpu import MAX_SIZE, job_cycles
from tpugen.errors import RequestError
from tpugen.model.systolic.gemm import Gemm
from tpugen.model.totals import known_sum
from tpugen.results import DesignMeasurement, GemmResult, ModelResult
from tpugen.spec import PimTileSpec, TpuSpec

__all__ = ["evaluate_products"]


def evaluate_products(
    spec: TpuSpec | PimTileSpec, products: Sequence[Gemm], design: DesignMeasurement
) -> ModelResult:  # fmt: skip
    """What the design takes for products C[M,N] = A[M,K] x B[K,N], one after the other, on streams that never wait.

    A tensor unit runs each as one job; utilisation is MACs over cycles times elements. A tile multiplies M vectors by
    its own matrix, back to back, every bit plane read; utilisation is the share of cycles in which ADCs convert.

    Args:
        spec: The design.
        products: At least one.
        design: Clock in MHz and, where measured, power in mW.

    Raises:
        RequestError: a product that the design cannot run.
    """
    if not products:
        raise RequestError("the workload holds no product", hint="give at least one, e.g. 64x64x64")
    found = [
        _of_tile(spec, p, design) if isinstance(spec, PimTileSpec) else _of_unit(spec, p, design) for p in products
    ]
    formula = "tpugen: job_cycles" if isinstance(spec, TpuSpec) else "tpugen: vector_cycles, period_cycles"
    return ModelResult(cycle_model=formula, design=design, gemms=found, total=_total(found))


def _of_unit(spec: TpuSpec, product: Gemm, design: DesignMeasurement) -> GemmResult:
    if max(product.m, product.k, product.n) > MAX_SIZE:
        raise RequestError(
            f"product {product.m}x{product.k}x{product.n}: a job has up to {MAX_SIZE} in each dimension",
            hint="cut it into jobs",
        )
    cycles = job_cycles(spec.shape, product.m, product.k, product.n)
    tiles = -(-product.m // spec.rows) * -(-product.n // spec.cols)
    elements = spec.rows * spec.cols
    used = product.m * product.n / (tiles * elements)
    return _result(product, design, cycles, tiles, product.macs / (cycles * elements), used)


def _of_tile(spec: PimTileSpec, product: Gemm, design: DesignMeasurement) -> GemmResult:
    if (product.k, product.n) != (spec.rows, spec.cols):
        raise RequestError(
            f"product {product.m}x{product.k}x{product.n}: the tile holds a matrix of {spec.rows}x{spec.cols}",
            hint=f"name vectors through that matrix: {product.m}x{spec.rows}x{spec.cols}",
        )
    shape, planes = spec.shape, spec.activation_width_bits
    cycles = shape.vector_cycles(planes) + (product.m - 1) * shape.period_cycles(planes)
    crossbars = shape.block_rows * shape.block_cols
    used = spec.rows * spec.cols / (crossbars * spec.crossbar_rows * spec.crossbar_cols)
    reading = product.m * planes * spec.columns_per_adc
    return _result(product, design, cycles, crossbars, reading / cycles, used)


def _result(
    product: Gemm, design: DesignMeasurement, cycles: int, tiles: int, utilization: float, used: float
) -> GemmResult:
    latency_us = cycles / design.clock_mhz
    energy_uj = None if design.power_mw is None else design.power_mw * 1e-3 * latency_us
    return GemmResult(
        m=product.m,
        k=product.k,
        n=product.n,
        macs=product.macs,
        tiles=tiles,
        cycles=cycles,
        utilization=utilization,
        mapping_efficiency=used,
        latency_us=latency_us,
        gops=product.macs * 1e-3 / latency_us,
        gops_per_w=product.macs * 1e-3 / energy_uj if energy_uj else None,
        energy_uj=energy_uj,
        dataflow=None,
    )


def _total(parts: Sequence[GemmResult]) -> GemmResult:
    if len(parts) == 1:
        return parts[0]
    macs, cycles = sum(part.macs for part in parts), sum(part.cycles for part in parts)
    latency_us = math.fsum(part.latency_us for part in parts)
    energy_uj = known_sum(part.energy_uj for part in parts)
    tiles = sum(part.tiles for part in parts)
    return GemmResult(
        m=0,
        k=0,
        n=0,
        macs=macs,
        tiles=tiles,
        cycles=cycles,
        utilization=math.fsum(part.utilization * part.cycles for part in parts) / cycles,
        mapping_efficiency=math.fsum(part.mapping_efficiency * part.tiles for part in parts) / tiles,
        latency_us=latency_us,
        gops=macs * 1e-3 / latency_us,
        gops_per_w=macs * 1e-3 / energy_uj if energy_uj else None,
        energy_uj=energy_uj,
    )
