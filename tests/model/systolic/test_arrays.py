"""Cycles and traffic over arrays of shapes: against one design at a time, against first principles, and refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model import CYCLE_MODELS, GEMM_SIZE_MAX, Gemm, evaluate, find_cycle_model
from tpugen.model.systolic import (
    BEST,
    CHOICES,
    CODES,
    ArrayShape,
    SramSizes,
    array_cycles,
    array_traffic,
    array_utilization,
    best_dataflow,
    dataflow_code,
    dataflow_name,
    dataflow_of,
    dram_traffic,
    gemm_traffic,
)
from tpugen.model.systolic.evaluation import report_gemms
from tpugen.results import DesignMeasurement
from tpugen.spec import contract_for, spec_from_dict
from tpugen.spec.latency import drain_bubbles, latency_for, tile_terms

LONG = {"os": "output_stationary", "ws": "weight_stationary", "is": "input_stationary"}

sizes = st.integers(1, 1500)
sides = st.integers(1, 256)
names = st.sampled_from(CHOICES)
models = st.sampled_from(sorted(CYCLE_MODELS))
points = st.lists(st.tuples(names, sizes, sizes, sizes, sides, sides), min_size=1, max_size=12)


@settings(max_examples=40)
@given(models, points)
def test_many_arrays_at_once_are_each_of_them_alone(
    cycle_model: str, many: list[tuple[str, int, int, int, int, int]]
) -> None:
    codes = np.array([dataflow_code(point[0]) for point in many])
    columns = [np.array([point[index] for point in many]) for index in range(1, 6)]
    model = find_cycle_model(cycle_model)
    shapes = [(ArrayShape(rows, cols, name), Gemm(m, k, n)) for name, m, k, n, rows, cols in many]
    assert array_cycles(cycle_model, codes, *columns).tolist() == [model.cycles(*pair) for pair in shapes]
    assert array_cycles(cycle_model, BEST, *columns).tolist() == [
        model.cycles(ArrayShape(shape.rows, shape.cols, BEST), gemm) for shape, gemm in shapes
    ]
    together = array_traffic(codes, *columns)
    for index, pair in enumerate(shapes):
        alone = gemm_traffic(*pair)
        for name in alone.__dataclass_fields__:
            assert getattr(together, name)[index] == getattr(alone, name)


@settings(max_examples=60)
@given(names, sizes, sizes, sizes, sides, sides)
def test_our_cycles_are_the_contract_of_the_design_that_would_be_built(
    name: str, m: int, k: int, n: int, rows: int, cols: int
) -> None:
    spec = spec_from_dict({"kind": "systolic_array", "dataflow": LONG[name], "rows": rows, "cols": cols})
    latency = contract_for(spec).latency
    folds = {"m": -(-m // rows), "k": -(-k // rows), "n": -(-n // cols)}
    tiles, length = {
        "os": (folds["m"] * folds["n"], k),
        "ws": (folds["k"] * folds["n"], m),
        "is": (folds["k"] * -(-m // cols), n),
    }[name]
    assert array_cycles("tpugen", name, m, k, n, rows, cols) == latency.total_cycles(length, tiles)


@pytest.mark.parametrize("dataflow", LONG.values())
def test_terms_of_tiles_over_arrays_are_those_of_each_contract(dataflow: str) -> None:
    pairs = list(itertools.product((1, 15, 16, 17, 32, 33, 256), (1, 8, 255)))
    rows, cols = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    form = "output_stationary" if dataflow == "output_stationary" else "operand_stationary"
    bubbles = drain_bubbles(rows) if form == "output_stationary" else 0 * rows
    floor, tail = tile_terms(form, rows, cols, bubbles)
    for index, (one_rows, one_cols) in enumerate(pairs):
        latency = latency_for(
            spec_from_dict({"kind": "systolic_array", "dataflow": dataflow, "rows": one_rows, "cols": one_cols})
        )
        assert (floor[index], tail[index]) == (latency.tile_interval(0), latency.tile_cycles(0))


@settings(max_examples=60)
@given(models, sizes, sizes, sizes, sides, sides)
def test_the_best_dataflow_is_the_first_of_the_fastest(
    cycle_model: str, m: int, k: int, n: int, rows: int, cols: int
) -> None:
    each = {name: int(array_cycles(cycle_model, name, m, k, n, rows, cols)) for name in CHOICES}
    code = int(best_dataflow(cycle_model, m, k, n, rows, cols))
    assert each[dataflow_name(code)] == min(each.values())
    assert dataflow_name(code) == min(CHOICES, key=lambda name: each[name])
    assert array_cycles(cycle_model, np.array([dataflow_code(BEST)]), m, k, n, rows, cols)[0] == min(each.values())


@given(sizes, sizes, sizes, sides, sides)
def test_weight_and_input_stationary_mirror_each_other(m: int, k: int, n: int, rows: int, cols: int) -> None:
    # C^T = B^T A^T: what stayed as B stays as A.
    for model in CYCLE_MODELS:
        assert array_cycles(model, "ws", m, k, n, rows, cols) == array_cycles(model, "is", n, k, m, rows, cols)
    forth, back = array_traffic("ws", m, k, n, rows, cols), array_traffic("is", n, k, m, rows, cols)
    assert (forth.ifmap_reads, forth.filter_reads) == (back.filter_reads, back.ifmap_reads)
    assert forth.ofmap_writes == back.ofmap_writes


@settings(max_examples=25)
@given(st.sampled_from(CHOICES), *[st.integers(1, 9)] * 3, *[st.integers(1, 4)] * 2)
def test_traffic_is_what_a_loop_over_tiles_counts(name: str, m: int, k: int, n: int, rows: int, cols: int) -> None:
    over = {"os": ("m", "n"), "ws": ("k", "n"), "is": ("k", "m")}[name]
    size = {"m": m, "k": k, "n": n}
    read_a = read_b = written = busy = tiles = 0
    for row in range(0, size[over[0]], rows):
        for col in range(0, size[over[1]], cols):
            held = dict(size)
            held[over[0]] = min(rows, size[over[0]] - row)
            held[over[1]] = min(cols, size[over[1]] - col)
            read_a += held["m"] * held["k"]
            read_b += held["k"] * held["n"]
            written += held["m"] * held["n"]
            busy += held[over[0]] * held[over[1]]
            tiles += 1
    traffic = array_traffic(name, m, k, n, rows, cols)
    assert (traffic.ifmap_reads, traffic.filter_reads, traffic.ofmap_writes) == (read_a, read_b, written)
    assert traffic.tiles == tiles
    assert traffic.partial_reads == written - m * n
    assert traffic.mapping_efficiency == pytest.approx(busy / (tiles * rows * cols), rel=1e-12)
    assert traffic.sram_reads == read_a + read_b


def test_facts_of_a_layer_by_hand() -> None:
    # 128 folds of 4096 + 32 + 32 - 2 cycles, less one; 4096 x 4096 weights once, the vector for every row fold.
    assert array_cycles("scalesim-3.0.0", "os", 4096, 4096, 1, 32, 32) == 128 * 4158 - 1
    traffic = array_traffic("os", 4096, 4096, 1, 32, 32)
    assert (traffic.ifmap_reads, traffic.filter_reads, traffic.ofmap_writes) == (4096**2, 4096 * 128, 4096)
    assert traffic.ofmap_writes_reported == 4096 + 128 * 64
    assert traffic.mapping_efficiency == 1 / 32
    assert array_utilization(128 * 4158 - 1, 4096, 4096, 1, 32, 32) == 4096**2 / (128 * 4158 - 1) / 1024


@settings(max_examples=60)
@given(names, sizes, sizes, sizes, sides, sides, st.integers(6, 22), st.integers(6, 22))
def test_dram_traffic_stands_between_once_and_every_use(
    name: str, m: int, k: int, n: int, rows: int, cols: int, one: int, other: int
) -> None:
    small, large = 3 * 2 ** min(one, other), 3 * 2 ** max(one, other)
    less = dram_traffic(name, m, k, n, rows, cols, sram=SramSizes.shared(small))
    more = dram_traffic(name, m, k, n, rows, cols, sram=SramSizes.shared(large))
    used = array_traffic(name, m, k, n, rows, cols)
    assert m * k <= more.ifmap_reads <= less.ifmap_reads <= used.ifmap_reads
    assert k * n <= more.filter_reads <= less.filter_reads <= used.filter_reads
    assert m * n <= more.writes <= less.writes <= used.ofmap_writes
    assert more.read_bytes <= less.read_bytes
    assert less.written_bytes == m * n + 4 * less.partial_writes
    everything = dram_traffic(name, m, k, n, rows, cols, sram=SramSizes.shared(1e9))
    assert (everything.reads, everything.writes) == (m * k + k * n, m * n)


def test_results_of_arrays_add_up_and_name_what_was_chosen() -> None:
    shape = ArrayShape(8, 8, BEST)
    gemms = [Gemm(1000, 8, 8), Gemm(8, 1000, 8), Gemm(8, 8, 1000)]
    design = DesignMeasurement(design="array", technology="t", clock_mhz=100, area_um2=None, power_mw=None)
    result = evaluate(shape, gemms, design, cycle_model="scalesim-3.0.0", sram=SramSizes.shared(3000))
    assert [part.dataflow for part in result.gemms] == ["ws", "os", "is"]
    report = report_gemms(result, shape.rows, shape.cols, shape.dataflow)
    for name in ("macs", "cycles", "sram_reads", "sram_writes", "dram_reads", "dram_writes"):
        assert getattr(report, name) == getattr(report.total, name) == sum(getattr(g, name) for g in report.gemms)
    assert (report.dataflow, report.total.dataflow) == (BEST, None)
    assert report.utilization == sum(gemm.macs for gemm in gemms) / (64 * report.cycles)


def test_reported_writes_go_with_the_package_named_model_only() -> None:
    design = DesignMeasurement(design="array", technology="t", clock_mhz=100, area_um2=None, power_mw=None)
    written = {
        name: evaluate(ArrayShape(4, 4), [Gemm(8, 5, 8)], design, cycle_model=name).total.sram_writes
        for name in CYCLE_MODELS
    }
    assert written == {"tpugen": 64, "scalesim-3.0.0": 64 + 4 * 8, "scalesim-paper": 64}


def test_names_and_codes() -> None:
    assert [dataflow_name(dataflow_code(name)) for name in CODES] == list(CODES)
    assert [dataflow_of(name) for name in LONG.values()] == list(LONG)
    with pytest.raises(UnknownNameError) as caught:
        array_cycles("tpugen", "weight-stationery", 1, 1, 1, 1, 1)
    assert str(caught.value) == (
        "no dataflow is called 'weight-stationery'\n  did you mean weight_stationary? known dataflows: os, ws, is, best"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("os", 1, 1, 1, 0, 1), "rows: found 0..0; expected 1..65536"),
        (("os", 1, 1, 1, 1, [4, 65537]), "cols: found 4..65537; expected 1..65536"),
        (("os", 1, 1, 1, 1.5, 1), "rows: found values of type float64; expected whole numbers"),
        (([9], 1, 1, 1, 1, 1), "dataflow code 9 stands for nothing; expected 0..4"),
        (([0.5], 1, 1, 1, 1, 1), "dataflow: found an array of float64; expected a name or whole numbers"),
        (("os", [1, 2], 1, 1, [1, 2, 3], 1),
         "M, K, N and rows have shapes (2,), (), (), (3,), which do not broadcast together"),
    ],
)  # fmt: skip
def test_bad_arrays_of_arrays(arguments: tuple[object, ...], message: str) -> None:
    for call in (lambda: array_cycles("tpugen", *arguments), lambda: array_traffic(*arguments)):
        with pytest.raises(RequestError) as caught:
            call()  # type: ignore[no-untyped-call]
        assert caught.value.message == message


def test_counts_beyond_63_bits_are_refused_not_wrapped() -> None:
    huge = [GEMM_SIZE_MAX] * 3
    with pytest.raises(RequestError, match="more cycles than 63 bits"):
        array_cycles("tpugen", "os", *huge, 1, 1)
    with pytest.raises(RequestError, match="more elements than 63 bits"):
        array_traffic("os", *huge, 1, 1)
    # One GEMM alone counts without bounds.
    assert gemm_traffic(ArrayShape(1, 1), Gemm(*huge)).ifmap_reads == GEMM_SIZE_MAX**3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ArrayShape(0, 4), "array: rows=0; expected a whole number in 1..65536"),
        (lambda: ArrayShape(4, 2**16 + 1), "array: cols=65537; expected a whole number in 1..65536"),
        (lambda: ArrayShape(4, 4, "mac"), "dataflow mac is that of one element; found an array of 4x4"),
        (lambda: array_traffic(BEST, 1, 1, 1, 1, 1), "the best dataflow depends on the cycle model"),
        (lambda: SramSizes(0, 1, 1), "SRAM: ifmap_bytes is 0; expected more than 0"),
        (lambda: SramSizes(1, 1, 1, 0), "SRAM: active_share is 0; expected more than 0, at most 1"),
    ],
)
def test_bad_shapes(make: object, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.message == message
