"""Time, throughput, energy: by hand on a small case, and adding up on random ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model import CYCLE_MODELS, Gemm, evaluate
from tpugen.results import DesignMeasurement, ModelResult
from tpugen.spec import DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec, spec_from_dict


def measured(clock_mhz: float = 100.0, power_mw: float | None = 8.0) -> DesignMeasurement:
    return DesignMeasurement(design="unit", technology="t", clock_mhz=clock_mhz, area_um2=1e4, power_mw=power_mw)


def array(dataflow: str, rows: int, cols: int) -> DesignSpec:
    return spec_from_dict({"kind": "systolic_array", "dataflow": dataflow, "rows": rows, "cols": cols})


dataflows = st.sampled_from(["output_stationary", "weight_stationary", "input_stationary"])
designs = st.one_of(st.just(MacSpec()), st.builds(array, dataflows, st.integers(1, 256), st.integers(1, 256)))
workloads = st.lists(
    st.builds(Gemm, st.integers(1, 500), st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=8
)
clocks = st.floats(0.001, 10_000)
powers = st.one_of(st.none(), st.floats(1e-6, 1e6))


def test_one_gemm_by_hand() -> None:
    spec = SystolicArraySpec(rows=4, cols=4)
    result = evaluate(spec, [Gemm(4, 91, 4)], measured(clock_mhz=100, power_mw=8))
    (one,) = result.gemms
    # One tile: 91 + 4 + 4 + 1 = 100 cycles, 1 us at 100 MHz; 1456 MACs on 16 PEs.
    assert (one.tiles, one.cycles, one.macs) == (1, 100, 1456)
    assert one.latency_us == 1.0
    assert one.utilization == 1456 / 1600
    assert one.mapping_efficiency == 1.0
    assert one.gops == pytest.approx(1.456)
    assert one.gops_per_w == pytest.approx(1.456 / 0.008)
    assert one.energy_uj == pytest.approx(0.008)
    assert result.total == one
    assert result.cycle_model == "tpugen"


def test_mapping_efficiency_by_hand() -> None:
    # 5 of 8 rows and 3 of 4 columns hold outputs, over 2 x 1 tiles.
    (one,) = evaluate(SystolicArraySpec(rows=4, cols=4), [Gemm(5, 2, 3)], measured()).gemms
    assert one.mapping_efficiency == 15 / 32


@given(designs, workloads, clocks, powers, st.sampled_from(sorted(CYCLE_MODELS)))
def test_results_add_up(
    spec: DesignSpec, gemms: list[Gemm], clock_mhz: float, power_mw: float | None, cycle_model: str
) -> None:
    result = evaluate(spec, gemms, measured(clock_mhz, power_mw), cycle_model=cycle_model)
    total, parts = result.total, result.gemms
    assert [(part.m, part.k, part.n) for part in parts] == [(gemm.m, gemm.k, gemm.n) for gemm in gemms]
    assert total.macs == sum(gemm.macs for gemm in gemms)
    assert total.cycles == sum(part.cycles for part in parts)
    assert total.tiles == sum(part.tiles for part in parts)
    assert total.latency_us == math.fsum(part.latency_us for part in parts)
    assert total.latency_us == pytest.approx(total.cycles / clock_mhz)
    assert total.gops * total.latency_us * 1e3 == pytest.approx(total.macs)
    # A 1x1 array in SCALE-Sim's count ends one cycle before its last operand is used.
    ceiling = 1 if cycle_model == "tpugen" else max(part.macs / part.cycles for part in parts)
    assert 0 < total.utilization <= ceiling
    assert min(p.mapping_efficiency for p in parts) * 0.999 <= total.mapping_efficiency <= 1.0001
    if power_mw is None:
        assert total.energy_uj is None
        assert total.gops_per_w is None
        assert all(part.energy_uj is None and part.gops_per_w is None for part in parts)
    else:
        assert total.energy_uj == math.fsum(part.energy_uj or math.nan for part in parts)
        assert total.energy_uj == pytest.approx(power_mw * total.latency_us / 1e3)
        # Operations per joule are operations per second per watt: energy and efficiency tell the same.
        assert total.gops_per_w == pytest.approx(total.macs / total.energy_uj / 1e3)


@given(designs, workloads)
def test_order_of_gemms_changes_nothing_in_the_total(spec: DesignSpec, gemms: list[Gemm]) -> None:
    forth = evaluate(spec, gemms, measured()).total
    back = evaluate(spec, gemms[::-1], measured()).total
    assert forth.model_dump() == pytest.approx(back.model_dump()) if len(gemms) > 1 else forth == back


def test_utilization_nears_one_on_long_products() -> None:
    (one,) = evaluate(SystolicArraySpec(rows=8, cols=8), [Gemm(8, 100_000, 8)], measured()).gemms
    assert 0.999 < one.utilization < 1


def test_result_goes_to_json_and_back() -> None:
    result = evaluate(MacSpec(), [Gemm(2, 3, 4), Gemm(1, 1, 1)], measured())
    assert ModelResult.model_validate_json(result.model_dump_json()) == result
    assert (result.total.m, result.total.k, result.total.n) == (0, 0, 0)


def test_an_empty_workload_is_refused() -> None:
    with pytest.raises(RequestError, match="the workload holds no GEMM"):
        evaluate(MacSpec(), [], measured())


def test_a_multiplier_is_refused() -> None:
    with pytest.raises(RequestError, match="a GEMM cannot run on kind 'multiplier'"):
        evaluate(MultiplierSpec(), [Gemm(1, 1, 1)], measured())


def test_an_unknown_cycle_model_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        evaluate(MacSpec(), [Gemm(1, 1, 1)], measured(), cycle_model="nope")


@pytest.mark.parametrize("clock_mhz", [0.0, -1.0, math.inf, math.nan])
def test_a_clock_must_be_a_number_above_zero(clock_mhz: float) -> None:
    with pytest.raises(RequestError) as caught:
        evaluate(MacSpec(), [Gemm(1, 1, 1)], measured(clock_mhz=clock_mhz))
    assert caught.value.message == f"design 'unit': clock is {clock_mhz} MHz; expected a number above 0"


@pytest.mark.parametrize("power_mw", [0.0, -2.0, math.nan])
def test_power_must_be_a_number_above_zero(power_mw: float) -> None:
    with pytest.raises(RequestError) as caught:
        evaluate(MacSpec(), [Gemm(1, 1, 1)], measured(power_mw=power_mw))
    assert str(caught.value) == (
        f"design 'unit': power is {power_mw} mW; expected a number above 0\n"
        "  leave power_mw out (None) where it was not measured"
    )
