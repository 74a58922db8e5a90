"""What a systolic array charges a workload: published throughput, what it adds up to, where it comes from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.cards import load_card
from tpugen.model.costs import Quantity
from tpugen.model.systolic import (
    BEST,
    CHOICES,
    EventEnergy,
    PowerEnergy,
    SystolicEngine,
    array_cycles,
    array_traffic,
    dataflow_code,
)
from tpugen.model.workloads.operators import MatrixKind, Operator, OperatorTable, Role
from tpugen.results import DesignMeasurement
from tpugen.spec import MacSpec, MultiplierSpec, SystolicArraySpec

CARD = load_card("tpu-45nm")
ROWS: list[tuple[str, Role, MatrixKind]] = [
    ("square", "projection", "weights"),
    ("up", "projection", "weights"),
    ("down", "projection", "weights"),
    ("scores", "attention", "kv_cache"),
    ("mix", "attention", "kv_cache"),
]


def decoder(layers: int, width: int, heads: int, inner: int, contexts: object) -> OperatorTable:
    """One token of the decoder of the facts: four square GEMVs, two of the FFN, two per head."""
    head = width // heads
    columns = {
        "m": [width, inner, width, contexts, head],
        "k": [width, width, inner, head, contexts],
        "n": [1] * 5,
        "count": [4 * layers, layers, layers, layers * heads, layers * heads],
        "layers": [layers] * 5,
        "matrix_bits": [1, 1, 1, 8, 8],
        "vector_bits": [8] * 5,
        "result_bits": [8] * 5,
        "matrix_copies": [1] * 5,
    }
    return OperatorTable.build(ROWS, columns, 1)


def one(m: int, k: int, n: int, **rest: int) -> OperatorTable:
    return OperatorTable.of([Operator("one", "projection", "weights", m, k, n, **rest)])


sizes = st.integers(1, 300)
sides = st.integers(1, 64)


@pytest.mark.parametrize("side", ["columns", "rows"])
@pytest.mark.parametrize(
    ("shape", "printed"),
    [
        ((24, 1024, 16, 1024), ["18.72", "13.54", "6.95"]),
        ((24, 2048, 32, 8192), ["2.55", "2.31", "1.74"]),
        ((32, 4096, 32, 16384), ["0.49", "0.47", "0.41"]),
    ],
)
def test_published_tokens_per_second_of_tpu_llm(shape: tuple[int, ...], printed: list[str], side: str) -> None:
    # arXiv 2504.01994: GPT2-350M, OPT-1.3B, OPT-6.7B at contexts of 128, 1024, 4096. Nothing is fitted.
    engine = SystolicEngine.from_card(CARD, cycle_model="scalesim-3.0.0", matrix_side=side)  # type: ignore[arg-type]
    costs = engine.costs(decoder(*shape, contexts=[128, 1024, 4096]))
    tokens_per_s = 1 / costs.latency_s["array"].sum(axis=0)
    assert [f"{value:.2f}" for value in tokens_per_s] == printed
    assert costs.origins["array"] == "published"


def test_by_hand() -> None:
    # One tile of 4x4: 64 + 4 + 4 + 1 cycles, three times, at 50 MHz.
    engine = SystolicEngine(4, 4, 50.0, energy=PowerEnergy(2e-3, 4, 4, 50.0, "measured"), clock_origin="measured")
    costs = engine.costs(one(4, 64, 4, count=3))
    assert engine.cycles(one(4, 64, 4, count=3)).tolist() == [[3 * 73]]
    assert costs.latency_s["array"][0, 0] == pytest.approx(3 * 73 / 50e6)
    assert costs.energy_j["power"][0, 0] == pytest.approx(2e-3 * 3 * 73 / 50e6)
    assert costs.origins == {"array": "measured", "power": "measured"}
    assert costs.area_um2 == {}


def test_weight_stationary_keeps_the_matrix_and_rows_turn_the_operands() -> None:
    table = one(300, 40, 7)
    for side, (m, n) in {"columns": (7, 300), "rows": (300, 7)}.items():
        for name in CHOICES:
            engine = SystolicEngine(8, 16, 100.0, name, matrix_side=side)  # type: ignore[arg-type]
            assert engine.cycles(table)[0, 0] == array_cycles("tpugen", name, m, 40, n, 8, 16)
    # 300 x 40 weights are read once where they stay.
    stays = array_traffic("ws", 7, 40, 300, 8, 16)
    assert stays.filter_reads == 300 * 40


@settings(max_examples=40)
@given(st.sampled_from([*CHOICES, BEST]), sizes, sizes, sizes, sides, sides, st.floats(1, 5000))
def test_doubling_the_clock_halves_the_time_and_keeps_the_energy(
    name: str, m: int, k: int, n: int, rows: int, cols: int, clock_mhz: float
) -> None:
    slow, fast = (
        SystolicEngine.from_card(CARD, rows=rows, cols=cols, dataflow=name, clock_mhz=clock).costs(one(m, k, n))
        for clock in (clock_mhz, 2 * clock_mhz)
    )
    assert slow.latency_s["array"] == 2 * fast.latency_s["array"]
    assert fast.energy_j["power"] == pytest.approx(slow.energy_j["power"], rel=1e-12)


@settings(max_examples=40)
@given(
    st.sampled_from([*CHOICES, BEST]),
    st.sampled_from(["power", "events"]),
    sizes, sizes, sizes, sides, sides, st.integers(1, 50),
    st.sampled_from(["m", "k", "n", "count"]), st.integers(1, 40),
)  # fmt: skip
def test_more_work_never_costs_less(
    name: str, energy: str, m: int, k: int, n: int, rows: int, cols: int, count: int, which: str, more: int
) -> None:
    engine = SystolicEngine.from_card(CARD, rows=rows, cols=cols, dataflow=name, energy=energy)  # type: ignore[arg-type]
    size = {"m": m, "k": k, "n": n, "count": count}
    grown = size | {which: size[which] + more}
    less, greater = (engine.costs(one(**values)) for values in (size, grown))
    assert greater.latency_s["array"] >= less.latency_s["array"]
    # The best dataflow is that of the fewest cycles: its traffic alone may grow either way.
    if name != BEST or energy == "power":
        assert sum(greater.energy_j.values()) >= sum(less.energy_j.values())


@pytest.mark.parametrize("energy", ["power", "events"])
@pytest.mark.parametrize("dataflow", [*CHOICES, BEST])
def test_zero_work_costs_zero(energy: str, dataflow: str) -> None:
    operators = [
        ("none", "projection", "weights"),
        ("look_up", "embedding", "none"),
        ("softmax", "nonlinear", "none"),
    ]
    # Sizes of operators that do not occur may be anything.
    columns = {"m": [0, 9, 9], "k": [0, 9, 9], "n": [0, 9, 9], "count": [0, 5, 5], "layers": [1] * 3}
    columns |= {name: [8, 8, 8] for name in ("matrix_bits", "vector_bits", "result_bits", "matrix_copies")}
    table = OperatorTable.build(operators, columns, 1)
    engine = SystolicEngine.from_card(CARD, dataflow=dataflow, energy=energy)  # type: ignore[arg-type]
    costs = engine.costs(table)
    assert not engine.cycles(table).any()
    for part in (*costs.latency_s.values(), *costs.energy_j.values()):
        assert part.shape == (3, 1)
        assert not part.any()


def test_one_evaluation_over_points_is_each_point_alone() -> None:
    contexts, rows, cols = np.array([7, 500, 4096]), np.array([16, 32, 200]), np.array([32, 8, 200])
    clocks, names = np.array([50.0, 100.0, 400.0]), ["os", "ws", BEST]
    codes = np.array([dataflow_code(name) for name in names])
    for energy in ("power", "events"):
        together = SystolicEngine.from_card(
            CARD, rows=rows, cols=cols, dataflow=codes, clock_mhz=clocks, energy=energy  # type: ignore[arg-type]
        ).costs(decoder(4, 512, 8, 2048, contexts))  # fmt: skip
        for index in range(3):
            alone = SystolicEngine.from_card(
                CARD,
                rows=int(rows[index]),
                cols=int(cols[index]),
                dataflow=names[index],
                clock_mhz=float(clocks[index]),
                energy=energy,  # type: ignore[arg-type]
            ).costs(decoder(4, 512, 8, 2048, int(contexts[index])))
            for name, values in together.latency_s.items():
                assert values[:, index] == pytest.approx(alone.latency_s[name][:, 0], rel=1e-12)
            for name, values in together.energy_j.items():
                assert values[:, index] == pytest.approx(alone.energy_j[name][:, 0], rel=1e-12)
            assert together.area_um2["array_area"][index] == alone.area_um2["array_area"][0]


def test_dataflows_by_operator_role_and_default() -> None:
    table = decoder(2, 256, 4, 1024, 100)
    chosen = {"up": "is", "projection": "ws", "default": BEST}
    mixed = SystolicEngine(8, 32, 100.0, chosen).cycles(table)
    for row, name in enumerate(["ws", "is", "ws", BEST, BEST]):
        assert mixed[row] == SystolicEngine(8, 32, 100.0, name).cycles(table)[row]


def test_energy_of_events_by_hand() -> None:
    # 8 bits by 1 bit, K of 6 in two row folds of a 3x5 array that keeps the 4x6 matrix: M=2, K=6, N=4 on the array.
    energy = EventEnergy(3.0, 0.5, 0.25, 32, "published", "assumed")
    engine = SystolicEngine(3, 5, 100.0, "ws", energy=energy)
    table = one(4, 6, 2, count=7, matrix_bits=1, vector_bits=8, result_bits=16)
    costs = engine.costs(table)
    assert costs.energy_j["mac"][0, 0] == 7 * 48 * 3.0
    read_bits = 2 * 6 * 8 + 6 * 4 * 1 + 8 * 32
    written_bits = 8 * 16 + 8 * 32
    assert costs.energy_j["sram"][0, 0] == 7 * (read_bits * 0.5 + written_bits * 0.25)
    assert (costs.origins["mac"], costs.origins["sram"]) == ("published", "assumed")


def test_power_of_another_array_is_in_proportion_and_assumed() -> None:
    table = one(64, 64, 1)
    engine = SystolicEngine.from_card(CARD.override({"array_power": Quantity(4.0, "mW", "published", "someone")}))
    same, double = engine.costs(table), SystolicEngine(64, 32, 100.0, energy=engine.energy).costs(table)
    assert same.origins["power"] == "published"
    assert double.origins["power"] == "assumed"
    watts = double.energy_j["power"][0, 0] / double.latency_s["array"][0, 0]
    assert watts == pytest.approx(2 * same.energy_j["power"][0, 0] / same.latency_s["array"][0, 0], rel=1e-12)


def test_a_measured_design_brings_shape_clock_power_and_area() -> None:
    spec = SystolicArraySpec.model_validate({"rows": 4, "cols": 8, "dataflow": "weight_stationary"})
    design = DesignMeasurement(design="a", technology="osu018", clock_mhz=80, area_um2=5e5, power_mw=12.0)
    engine = SystolicEngine.from_measurement(spec, design)
    table = one(100, 30, 3)
    costs = engine.costs(table)
    cycles = array_cycles("tpugen", "ws", 3, 30, 100, 4, 8)
    assert costs.latency_s["array"] == cycles / 80e6
    assert costs.energy_j["power"] == pytest.approx(12e-3 * cycles / 80e6)
    assert costs.area_um2["array_area"].tolist() == [5e5]
    assert set(costs.origins.values()) == {"measured"}
    # A MAC does one dot product after the other.
    mac = SystolicEngine.from_measurement(MacSpec(), design.model_copy(update={"power_mw": None, "area_um2": None}))
    assert mac.cycles(table)[0, 0] == 300 * 30 + 2
    # Power and area that are not known are left out, not zero.
    assert (mac.costs(table).energy_j, mac.costs(table).area_um2) == ({}, {})
    with pytest.raises(RequestError, match="a GEMM cannot run on kind 'multiplier'"):
        SystolicEngine.from_measurement(MultiplierSpec(), design)


def test_areas_of_the_card() -> None:
    costs = SystolicEngine.from_card(CARD, rows=16, cols=4).costs(one(1, 1, 1))
    assert costs.area_um2["array_area"][0] == pytest.approx(64 * CARD.value("element_area", "um2"))
    assert costs.area_um2["sram_area"][0] == pytest.approx(
        CARD.value("sram_capacity", "bit") * CARD.value("sram_area_per_bit", "um2/bit")
    )
    assert costs.origins["sram_area"] == "assumed"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dataflow": "fs"}, UnknownNameError, "no dataflow is called 'fs'"),
        ({"dataflow": {"up": "fs"}}, UnknownNameError, "no dataflow is called 'fs'"),
        ({"cycle_model": "fast"}, UnknownNameError, "no cycle model is called 'fast'"),
        ({"clock_mhz": 0.0}, RequestError, "clock_mhz: found 0; expected a number above 0"),
        ({"clock_mhz": np.array([1.0, np.nan])}, RequestError, "clock_mhz: found nan; expected a number above 0"),
        ({"matrix_side": "top"}, UnknownNameError, "no side of an array is called 'top'"),
        ({"energy": "free"}, UnknownNameError, "no kind of energy is called 'free'"),
    ],
)
def test_bad_engines(options: dict[str, object], error: type[RequestError], message: str) -> None:
    with pytest.raises(error) as caught:
        SystolicEngine.from_card(CARD, **options)  # type: ignore[arg-type]
    assert caught.value.message == message


def test_a_card_without_the_constants_is_refused_with_all_that_is_missing() -> None:
    with pytest.raises(RequestError) as caught:
        SystolicEngine.from_card(load_card("sram-45nm"), rows=4, cols=4, clock_mhz=100)
    for name in ("array_power", "clock", "array_rows", "array_columns"):
        assert f"{name}: missing" in caught.value.message
