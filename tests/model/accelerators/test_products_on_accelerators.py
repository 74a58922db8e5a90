"""Matrix products on a tensor unit and on a tile, and the tensor unit as an array of a system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.arithmetic.tpu import job_cycles
from tpugen.errors import RequestError
from tpugen.model import Gemm
from tpugen.model.accelerators import TensorUnitEngine, evaluate_products, published_points
from tpugen.model.workloads import Operator, OperatorTable, find_language_model
from tpugen.results import DesignMeasurement
from tpugen.spec import PimTileSpec, TpuSpec

DESIGN = DesignMeasurement(design="d", technology="osu018", clock_mhz=200.0, area_um2=1e6, power_mw=30.0)


@given(
    rows=st.integers(2, 40), cols=st.integers(1, 40), depth=st.integers(2, 300),
    sizes=st.lists(st.tuples(st.integers(1, 200), st.integers(1, 700), st.integers(1, 200)), min_size=1, max_size=4),
)  # fmt: skip
def test_jobs_take_the_cycles_of_the_rtl(
    rows: int, cols: int, depth: int, sizes: list[tuple[int, int, int]]
) -> None:  # fmt: skip
    spec = TpuSpec(rows=rows, cols=cols, operand_depth=depth)
    result = evaluate_products(spec, [Gemm(*size) for size in sizes], DESIGN)
    assert [part.cycles for part in result.gemms] == [job_cycles(spec.shape, *size) for size in sizes]
    assert result.total.cycles == sum(part.cycles for part in result.gemms)
    assert result.total.macs == sum(m * k * n for m, k, n in sizes)
    assert result.total.energy_uj == pytest.approx(result.total.latency_us * 0.03)
    engine = TensorUnitEngine.from_run(spec, DESIGN)
    operators = [
        Operator(f"p{i}", "attention", "kv_cache", m=n, k=k, n=m, count=3) for i, (m, k, n) in enumerate(sizes)
    ]
    cycles = engine.cycles(OperatorTable.of(operators)).ravel().tolist()
    assert cycles == [3 * part.cycles for part in result.gemms]


def test_a_job_beyond_the_registers() -> None:
    with pytest.raises(RequestError, match="a job has up to 65535 in each dimension"):
        evaluate_products(TpuSpec(), [Gemm(1, 70_000, 1)], DESIGN)


@given(vectors=st.integers(1, 50), rows=st.integers(1, 300), cols=st.integers(1, 300), share=st.integers(1, 16))
def test_vectors_through_a_tile(vectors: int, rows: int, cols: int, share: int) -> None:
    spec = PimTileSpec(rows=rows, cols=cols, columns_per_adc=share, crossbar_rows=64, crossbar_cols=64)
    total = evaluate_products(spec, [Gemm(vectors, rows, cols)], DESIGN).total
    assert total.cycles == spec.shape.vector_cycles(8) + (vectors - 1) * spec.shape.period_cycles(8)
    assert 0 < total.utilization <= 1
    assert 0 < total.mapping_efficiency <= 1


def test_a_tile_has_one_matrix() -> None:
    with pytest.raises(RequestError, match="the tile holds a matrix of 128x128"):
        evaluate_products(PimTileSpec(), [Gemm(1, 64, 128)], DESIGN)


def test_published_points_hold_what_is_printed() -> None:
    points = published_points(find_language_model("opt-6.7b"), 1024)
    printed = {point.system: point.tokens_per_s for point in points if point.origin == "printed"}
    assert printed == {"pim-llm": 8.54, "tpu-llm": 0.47}
    derived = next(point for point in points if point.origin == "derived")
    assert derived.tokens_per_j == pytest.approx(1134 / 58.5 * 8.54)
    modelled = {(p.system, p.accounting): p.tokens_per_s for p in points if p.origin == "modelled"}
    assert len(modelled) == 4
    assert modelled["pim-llm", "consistent"] == pytest.approx(8.54, rel=1e-3)
    gpu = next(p for p in published_points(find_language_model("bitnet-3b"), 128) if p.system == "gpu")
    assert gpu.tokens_per_s == pytest.approx(1e3 / 1.87)
