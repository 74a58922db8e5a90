"""Cycle models: against the contract, against a count of beats, against SCALE-Sim, and scalar against array."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model import CYCLE_MODELS, GEMM_SIZE_MAX, Gemm, find_cycle_model, map_gemm
from tpugen.spec import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, contract_for, spec_from_dict

DATAFLOWS = {"os": "output_stationary", "ws": "weight_stationary", "is": "input_stationary"}
OURS = CYCLE_MODELS["tpugen"]


def array(dataflow: str, rows: int, cols: int) -> DesignSpec:
    return spec_from_dict({"kind": "systolic_array", "dataflow": dataflow, "rows": rows, "cols": cols})


arrays = st.builds(array, st.sampled_from(list(DATAFLOWS.values())), st.integers(1, 256), st.integers(1, 256))
designs = st.one_of(arrays, st.just(MacSpec()))
gemms = st.builds(Gemm, st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 2000))


@given(designs, gemms)
def test_ours_is_the_contract_formula_over_tiles(spec: DesignSpec, gemm: Gemm) -> None:
    mapping = map_gemm(spec, gemm)
    assert OURS.cycles(spec, gemm) == contract_for(spec).latency.total_cycles(mapping.length, mapping.tiles)


@pytest.mark.parametrize(
    ("dataflow", "tiles", "length"),
    # A is 10x7, B is 7x9, the array 4x3: OS covers MxN, WS KxN, IS KxM.
    [("output_stationary", 3 * 3, 7), ("weight_stationary", 2 * 3, 10), ("input_stationary", 2 * 4, 9)],
)
def test_tiles_by_hand(dataflow: str, tiles: int, length: int) -> None:
    mapping = map_gemm(array(dataflow, 4, 3), Gemm(10, 7, 9))
    assert (mapping.tiles, mapping.length) == (tiles, length)


def test_a_mac_does_one_dot_product_per_output() -> None:
    mapping = map_gemm(MacSpec(), Gemm(3, 5, 2))
    assert (mapping.tiles, mapping.length, mapping.efficiency) == (6, 5, 1.0)
    # Six dot products of five beats without a gap, and two cycles of pipeline after the last.
    assert OURS.cycles(MacSpec(), Gemm(3, 5, 2)) == 6 * 5 + 2


def test_output_stationary_by_hand() -> None:
    # One tile on 4x4: 64 slices, 4 + 4 + 1 cycles until the last row has left.
    assert OURS.cycles(array("output_stationary", 4, 4), Gemm(4, 64, 4)) == 73
    # K = 1: the drain of 4 rows, not K, spaces the tiles.
    assert OURS.cycles(array("output_stationary", 4, 4), Gemm(8, 1, 4)) == 4 + 10


@given(designs, gemms)
def test_no_design_is_faster_than_all_its_elements_busy(spec: DesignSpec, gemm: Gemm) -> None:
    mapping = map_gemm(spec, gemm)
    for model in CYCLE_MODELS.values():
        if mapping.rows * mapping.cols > 1:
            assert model.cycles(spec, gemm) * mapping.rows * mapping.cols >= gemm.macs
    assert OURS.cycles(spec, gemm) * mapping.rows * mapping.cols > gemm.macs
    assert 0 < mapping.efficiency <= 1


@given(designs, gemms, st.sampled_from("mkn"), st.integers(1, 300))
def test_more_work_never_takes_fewer_cycles(spec: DesignSpec, gemm: Gemm, which: str, more: int) -> None:
    sizes = {"m": gemm.m, "k": gemm.k, "n": gemm.n}
    sizes[which] += more
    for model in CYCLE_MODELS.values():
        assert model.cycles(spec, Gemm(**sizes)) >= model.cycles(spec, gemm)


@settings(max_examples=50)
@given(designs, st.lists(gemms, min_size=1, max_size=20))
def test_arrays_and_scalars_agree(spec: DesignSpec, many: list[Gemm]) -> None:
    for model in CYCLE_MODELS.values():
        counted = model.cycles_array(spec, [g.m for g in many], [g.k for g in many], [g.n for g in many])
        assert counted.tolist() == [model.cycles(spec, gemm) for gemm in many]


def test_arrays_broadcast() -> None:
    spec = array("weight_stationary", 8, 8)
    counted = OURS.cycles_array(spec, np.arange(1, 5)[:, None], 8, np.arange(1, 4))
    assert counted.shape == (4, 3)
    assert counted[2, 1] == OURS.cycles(spec, Gemm(3, 8, 2))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (([0, 1], 1, 1), "M: found 0..1; expected 1..2147483647"),
        ((1, 1, [2**31]), "N: found 2147483648..2147483648; expected 1..2147483647"),
        ((1, [1.5], 1), "K: found values of type float64; expected whole numbers"),
        (([1, 2], [1, 2, 3], 1), "M, K and N have shapes (2,), (3,), (), which do not broadcast together"),
        ((GEMM_SIZE_MAX, GEMM_SIZE_MAX, GEMM_SIZE_MAX), "the workload takes more cycles than 63 bits can count"),
    ],
)
def test_bad_arrays(sizes: tuple[object, object, object], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        OURS.cycles_array(MacSpec(), *sizes)  # type: ignore[arg-type]
    assert caught.value.message == message


def test_scalars_count_beyond_63_bits() -> None:
    huge = Gemm(GEMM_SIZE_MAX, GEMM_SIZE_MAX, GEMM_SIZE_MAX)
    assert OURS.cycles(MacSpec(), huge) == GEMM_SIZE_MAX**3 + 2


@pytest.mark.parametrize("spec", [AdderSpec(), MultiplierSpec()])
def test_combinational_designs_run_no_gemm(spec: DesignSpec) -> None:
    with pytest.raises(RequestError) as caught:
        OURS.cycles(spec, Gemm(1, 1, 1))
    assert str(caught.value) == (
        f"a GEMM cannot run on kind '{spec.kind}': it has no accumulator and no clock\n"
        "  the performance model takes kinds mac and systolic_array"
    )


def test_an_unknown_cycle_model_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_cycle_model("scalesim")
    assert str(caught.value) == (
        "no cycle model is called 'scalesim'\n  known cycle models: tpugen, scalesim-3.0.0, scalesim-paper"
    )


def test_the_paper_formula_by_hand() -> None:
    # arXiv 1811.02883: (2R + C + T - 2) per fold; 2 x 2 folds of a 4x4 array, T = K = 10.
    assert CYCLE_MODELS["scalesim-paper"].cycles(array("output_stationary", 4, 4), Gemm(8, 10, 8)) == 4 * (
        8 + 4 + 10 - 2
    )


def test_one_mac_on_one_element_takes_a_cycle_in_every_model() -> None:
    # SCALE-Sim 3.0.0 counts 0 here and fails with a division by zero.
    for model in CYCLE_MODELS.values():
        assert model.cycles(array("output_stationary", 1, 1), Gemm(1, 1, 1)) >= 1
        assert model.cycles_array(array("output_stationary", 1, 1), 1, 1, 1) >= 1


def test_counting_one_gemm_needs_no_numpy() -> None:
    code = (
        "import sys; from tpugen.model import CYCLE_MODELS, parse_gemm; from tpugen.spec import MacSpec\n"
        "CYCLE_MODELS['tpugen'].cycles(MacSpec(), parse_gemm('4x4x4')); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
