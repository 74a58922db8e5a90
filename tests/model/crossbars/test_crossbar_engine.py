from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError
from tpugen.model.cards import load_card
from tpugen.model.crossbars import CrossbarEngine
from tpugen.model.crossbars.constants import COMPONENTS, FIELDS
from tpugen.model.workloads.operators import Operator, OperatorTable

ENGINE = CrossbarEngine()


def one(m: int, k: int, matrix_bits: int = 1, count: int = 1, n: int = 1) -> OperatorTable:
    return OperatorTable.of([Operator("dense", "projection", "weights", m, k, n, count, count, matrix_bits)])


def layer(d: int, d_ff: int, layers: int = 1, weight_bits: int = 1) -> OperatorTable:
    shapes = {"query": (d, d), "key": (d, d), "value": (d, d), "output": (d, d), "up": (d_ff, d), "down": (d, d_ff)}
    return OperatorTable.of(
        [
            Operator(name, "projection", "weights", m, k, 1, layers, layers, weight_bits, 8, 8, layers)
            for name, (m, k) in shapes.items()
        ]
    )


def latency_s(table: OperatorTable, engine: CrossbarEngine = ENGINE) -> float:
    return float(sum(value.sum() for value in engine.costs(table).latency_s.values()))


def energy_j(table: OperatorTable, engine: CrossbarEngine = ENGINE) -> float:
    return float(sum(value.sum() for value in engine.costs(table).energy_j.values()))


def test_one_full_crossbar_by_hand():
    # 256 inputs of 8 bits: 32 words, written and read; 256 results of 8 bits: 32 words; 8 steps; 32 hops to the port.
    costs = ENGINE.costs(one(256, 256))
    latency_ns = {name: 1e9 * value.item() for name, value in costs.latency_s.items()}
    wire_ns = 0.38 * 2.82 * 1e-15 * (2 * 256**2) * 1e9
    assert latency_ns == pytest.approx(
        {
            "dac": 8 * 3.0,
            "crossbar": 8 * (3.16 + wire_ns),
            "adc": 8 * 10 / 1.28,
            "digital": (2 * 8 + 2) * 2.0,
            "buffer": (2 * 32 + 32) * 20.0,
            "join": 0.0,
            "network": 32 * 256 * 8 / 20,
        }
    )
    energy_pj = {name: 1e12 * value.item() for name, value in costs.energy_j.items()}
    assert energy_pj == pytest.approx(
        {
            "dac": 8 * 256 * 3.9e-6 * 3e-9 * 1e12,
            "crossbar": 8 * 256**2 * 0.5 * 0.15**2 * (1e-4 + 1e-6) * (3 + 3.16 + wire_ns + 7.8125) * 1e-9 * 1e12,
            "adc": 8 * 256 * 2e-3 * 7.8125e-9 * 1e12,
            "digital": 8 * 256 * 0.2,
            "buffer": 96 * 60.9,
            "join": 0.0,
            "network": 32 * 256 * 8 * 1.0,
            "results": 256 * 8 * 108.3,
        }
    )
    assert costs.area_um2["crossbar"].item() == pytest.approx(256 * 256 * 2 * 1.44)
    assert costs.area_um2["adc"].item() == pytest.approx(256 * 1200)


def test_four_groups_join_and_merge():
    costs = ENGINE.costs(one(1024, 1024))
    mapping = ENGINE.mapping(one(1024, 1024))
    assert (mapping.pes.item(), mapping.groups.item(), mapping.merge_hops.item()) == (16, 4, 2)
    assert costs.latency_s["join"].item() == pytest.approx(2 * 2e-9 + 256 * (9 + 10) / 1024e9)
    assert costs.latency_s["network"].item() == pytest.approx(
        2 * (2e-9 + 4 * 256 * 8 / 20e9) + mapping.send_hops.item() * 1024 * 8 / 20e9
    )


@pytest.mark.parametrize(("weight_bits", "pairs"), [(1, 1), (2, 1), (4, 3), (8, 7)])
def test_wider_weights_take_a_pair_for_each_magnitude_bit(weight_bits, pairs):
    assert ENGINE.mapping(one(256, 256, matrix_bits=weight_bits)).pes.item() == pairs


def test_fewer_converters_take_turns():
    shared = CrossbarEngine(load_card("rram-45nm").override({"dacs": 128, "adcs": 64}))
    table = one(256, 256)
    full, turns = ENGINE.costs(table), shared.costs(table)
    for name in ("dac", "crossbar", "adc"):
        assert turns.latency_s[name].item() == pytest.approx(2 * 4 * full.latency_s[name].item())
    assert turns.energy_j["adc"].item() == pytest.approx(2 * full.energy_j["adc"].item())
    assert turns.energy_j["dac"].item() == pytest.approx(full.energy_j["dac"].item())
    assert turns.area_um2["adc"].item() == pytest.approx(full.area_um2["adc"].item() / 4)


def test_query_key_and_value_work_at_the_same_time():
    costs = ENGINE.costs(layer(1024, 4096))
    total = sum(costs.latency_s.values())
    assert (total[:3, 0] > 0).sum() == 1
    assert (total[3:, 0] > 0).all()
    alone = [latency_s(layer(1024, 4096).select([row == index for row in range(6)])) for index in range(3)]
    assert total[:3].sum() >= max(alone) - 1e-12
    assert (sum(costs.energy_j.values())[:, 0] > 0).all()


def test_a_gate_works_beside_the_up_projection():
    gated = OperatorTable.of(
        [Operator(name, "projection", "weights", 2048, 1024, 1) for name in ("up", "gate")]
        + [Operator("down", "projection", "weights", 1024, 2048, 1)]
    )
    total = sum(ENGINE.costs(gated).latency_s.values())
    assert (total[:2, 0] > 0).sum() == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 12), st.integers(1, 5), st.integers(1, 8))
def test_costs_scale_with_vectors_and_occurrences(m, k, count, n, bits):
    base = ENGINE.costs(one(m, k, matrix_bits=bits))
    more = ENGINE.costs(one(m, k, count=count, n=n, matrix_bits=bits))
    assert set(base.energy_j) == set(base.latency_s) | {"results"} == set(COMPONENTS)
    for name in base.latency_s:
        assert base.latency_s[name].item() >= 0
        assert more.latency_s[name].item() == pytest.approx(count * n * base.latency_s[name].item())
    for name in COMPONENTS:
        assert more.energy_j[name].item() == pytest.approx(count * n * base.energy_j[name].item())


@settings(max_examples=40, deadline=None)
@given(st.integers(64, 4096), st.integers(64, 4096), st.integers(1, 2000), st.integers(1, 2000))
def test_a_larger_matrix_never_takes_less(m, k, more_m, more_k):
    for name in ("dac", "crossbar", "adc", "digital", "buffer"):
        small, large = ENGINE.costs(one(m, k)), ENGINE.costs(one(m + more_m, k + more_k))
        assert large.latency_s[name].item() >= small.latency_s[name].item() * (1 - 1e-12)
        assert large.energy_j[name].item() >= small.energy_j[name].item() * (1 - 1e-12)
    pes = ENGINE.mapping(one(m, k)).pes.item()
    assert pes == math.ceil(m / 256) * math.ceil(k / 256)
    assert ENGINE.mapping(one(m + more_m, k + more_k)).pes.item() >= pes


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(1, 4))
def test_a_layer_of_twice_the_width_takes_more_time_and_more_energy(blocks, ratio):
    d = 128 * blocks
    assert latency_s(layer(2 * d, 2 * ratio * d)) > latency_s(layer(d, ratio * d))
    assert energy_j(layer(2 * d, 2 * ratio * d)) > energy_j(layer(d, ratio * d))


def test_doubling_every_rate_halves_the_time():
    card = load_card("rram-45nm")
    faster = card.override(
        {name: 2 * card[name].value for name in ("dac_rate", "adc_rate", "digital_clock", "group_link", "mesh_link")}
        | {name: card[name].value / 2 for name in ("read_latency", "buffer_access", "wire_capacitance")}
    )
    table = layer(2048, 8192)
    assert latency_s(table, CrossbarEngine(faster)) == pytest.approx(latency_s(table) / 2)


def test_no_work_costs_nothing():
    table = layer(1024, 4096)
    idle = replace(table, count=np.zeros_like(table.count), matrix_copies=np.zeros_like(table.matrix_copies))
    costs = ENGINE.costs(idle)
    for part in (costs.latency_s, costs.energy_j, costs.area_um2):
        assert all((value == 0).all() for value in part.values())


def test_many_points_cost_what_they_cost_alone():
    sizes = np.arange(1, 41) * 100
    rows = [("query", "projection", "weights"), ("up", "projection", "weights"), ("lm_head", "head", "weights")]
    columns = {
        "m": [sizes, 3 * sizes, 10 * sizes], "k": [sizes, sizes, sizes], "n": [1, 1, 1], "count": [2, 2, 1],
        "layers": [2, 2, 1], "matrix_bits": [1, 2, 4], "vector_bits": [8] * 3, "result_bits": [8] * 3,
        "matrix_copies": [2, 2, 1],
    }  # fmt: skip
    table = OperatorTable.build(rows, columns, 1)
    together = ENGINE.costs(table)
    for point in range(0, sizes.size, 13):
        alone = ENGINE.costs(OperatorTable.of(table.operators(point)))
        for name in together.latency_s:
            assert together.latency_s[name][:, point] == pytest.approx(alone.latency_s[name][:, 0])
        for name in COMPONENTS:
            assert together.energy_j[name][:, point] == pytest.approx(alone.energy_j[name][:, 0])
        for name in together.area_um2:
            assert together.area_um2[name][point] == pytest.approx(alone.area_um2[name][0])


def test_only_weights_fit_on_crossbars():
    table = OperatorTable.of([Operator("scores", "attention", "kv_cache", 128, 64, 1)])
    with pytest.raises(RequestError, match=r"operator 'scores' multiplies with kv_cache, not with weights") as caught:
        ENGINE.costs(table)
    assert "place it on a systolic array" in str(caught.value)


def test_a_card_without_a_value_is_refused_by_name():
    card = load_card("rram-45nm")
    broken = replace(card, quantities={name: card[name] for name in card.quantities if name != "adc_rate"})
    with pytest.raises(RequestError, match=r"adc_rate: missing; expected a value in S/s, kS/s, MS/s or GS/s"):
        CrossbarEngine(broken).costs(one(8, 8))


def test_every_constant_has_a_component_or_a_geometry():
    geometry = {
        "crossbar_rows", "crossbar_columns", "devices_per_weight", "bits_per_pair", "pes_per_group", "groups_per_tile",
        "tiles_per_bank", "wire_resistance", "wire_capacitance",
    }  # fmt: skip
    assert {name for names in COMPONENTS.values() for name in names} | geometry == set(FIELDS)
    assert set(ENGINE.costs(one(8, 8)).origins) == set(COMPONENTS)
    assert ENGINE.costs(one(8, 8)).origins["buffer"] == "assumed"
