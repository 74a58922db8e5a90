"""Totals are sums of components; published figures come out; scaling laws hold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.costs import EngineCosts
from tpugen.model.systems import (
    ArrayOptions,
    PlacedEngine,
    PublishedAccounting,
    System,
    SystemCosts,
    break_down,
    evaluate_system,
    load_memory,
    load_system,
)
from tpugen.model.workloads import (
    Operator,
    OperatorTable,
    decoder_table,
    find_language_model,
    mesh,
    published_variant,
)

PRINTED = {
    # Tokens/s of TPU-LLM and PIM-LLM as printed in arXiv 2504.01994.
    ("gpt2-350m", 128): ("18.72", 218.11),
    ("gpt2-350m", 1024): ("13.54", 39.98),
    ("gpt2-350m", 4096): ("6.95", 10.52),
    ("opt-1.3b", 128): ("2.55", 101.31),
    ("opt-1.3b", 1024): ("2.31", 19.71),
    ("opt-1.3b", 4096): ("1.74", 5.24),
    ("opt-6.7b", 128): ("0.49", 38.65),
    ("opt-6.7b", 1024): ("0.47", 8.54),
    ("opt-6.7b", 4096): ("0.41", 2.33),
}
NAMES = ("opt-1.3b", "gpt2-350m", "llama-7b", "llama-2-70b", "bitnet-2b4t")
POINTS = st.tuples(st.sampled_from(NAMES), st.integers(1, 1024), st.integers(1, 4))
SYSTEMS = st.sampled_from(("tpu-llm", "pim-llm"))
SCORES = "'scores' (attention, a product with kv cache)"
OPTIONS = {"embedding": True, "lm_head": True, "nonlinear": True}


def evaluated(system: System, name: str, context: int, batch: int = 1, **options: bool) -> SystemCosts:
    return evaluate_system(system, decoder_table([find_language_model(name)], context, batch=batch, **options))


@pytest.mark.parametrize(("point", "printed"), PRINTED.items())
def test_printed_tokens_per_second(point: tuple[str, int], printed: tuple[str, float]) -> None:
    name, context = point
    table = decoder_table([published_variant(find_language_model(name))], context)
    array = ArrayOptions(cycle_model="scalesim-3.0.0")
    baseline = evaluate_system(load_system("tpu-llm", array), table)
    assert f"{baseline.tokens_per_s[0]:.2f}" == printed[0]
    hybrid = evaluate_system(load_system("pim-llm", array), table)
    # The crossbars' time per layer is a model; attention, the rest of the latency, is exact.
    assert hybrid.tokens_per_s[0] == pytest.approx(printed[1], rel=0.002, abs=0.005)
    assert hybrid.role_latency_s("attention")[0] == pytest.approx(baseline.role_latency_s("attention")[0])


@pytest.mark.parametrize(
    ("name", "context", "gain"),
    [("opt-6.7b", 128, 0.1249), ("opt-6.7b", 4096, 0.337), ("gpt2-350m", 2048, 0.1795), ("gpt2-350m", 4096, 0.7058)],
)
def test_printed_energy_gains(name: str, context: int, gain: float) -> None:
    table = decoder_table([published_variant(find_language_model(name))], context)
    array = ArrayOptions(cycle_model="scalesim-3.0.0")
    baseline, hybrid = (
        evaluate_system(load_system(system, array).with_options(accounting="as_published"), table)
        for system in ("tpu-llm", "pim-llm")
    )
    assert hybrid.tokens_per_j[0] / baseline.tokens_per_j[0] - 1 == pytest.approx(gain, rel=0.01)


def test_printed_operations_per_second() -> None:
    table = decoder_table([find_language_model("opt-6.7b")], 1024)
    hybrid = evaluate_system(load_system("pim-llm").with_options(accounting="as_published"), table)
    assert f"{hybrid.gops[0]:.1f}" == "58.5"
    assert hybrid.gops_per_w[0] == pytest.approx(1134, rel=0.005)
    # Whatever the rules, operations per joule are operations per second over watts.
    watts = hybrid.energy_j / hybrid.interval_s
    assert hybrid.gops_per_w == pytest.approx(hybrid.gops / watts)


@settings(max_examples=40, deadline=None)
@given(SYSTEMS, POINTS, st.sampled_from(("sequential", "overlapped")), st.sampled_from((None, "lpddr4", "hbm2")))
def test_totals_are_sums_of_components(
    name: str, point: tuple[str, int, int], schedule: str, memory: str | None
) -> None:  # fmt: skip
    model, context, batch = point
    system = load_system(name).with_options(schedule=schedule, memory=load_memory(memory) if memory else None)
    costs = evaluated(system, model, context, batch, **OPTIONS)
    parts = break_down(costs)
    assert parts["latency_ms"] == math.fsum(part.latency_ms for part in parts["components"])
    assert parts["energy_mj"] == math.fsum(part.energy_mj or 0.0 for part in parts["components"])
    assert parts["latency_ms"] == pytest.approx(costs.latency_s[0] * 1e3)
    assert parts["energy_mj"] == pytest.approx(costs.energy_j[0] * 1e3)
    for records in (parts["operators"], parts["engines"]):
        assert math.fsum(record.latency_ms for record in records) == pytest.approx(parts["latency_ms"])
        assert math.fsum(record.energy_mj or 0.0 for record in records) == pytest.approx(parts["energy_mj"])
        assert sum(record.macs for record in records) == parts["macs"]
    assert math.fsum(record.share_of_latency for record in parts["operators"]) == pytest.approx(1)
    assert parts["tokens_per_s"] == pytest.approx(batch * 1e3 / parts["interval_ms"])
    assert all(part.latency_ms >= 0 and (part.energy_mj or 0) >= 0 for part in parts["components"])
    assert sum(costs.engine_latency_s(engine)[0] for engine in system.engines) <= costs.latency_s[0] * (1 + 1e-9)
    by_component = sum(seconds[0] for seconds in costs.component_latency_s().values())
    assert by_component == pytest.approx(costs.latency_s[0])


@settings(max_examples=25, deadline=None)
@given(SYSTEMS, POINTS)
def test_a_point_alone_and_among_others_costs_the_same(name: str, point: tuple[str, int, int]) -> None:
    model, context, batch = point
    models = [find_language_model(other) for other in NAMES]
    which, contexts = mesh(models, np.array([context, 77]))
    system = load_system(name)
    many = evaluate_system(system, decoder_table(models, contexts, model_index=which, batch=batch))
    alone = evaluated(system, model, context, batch)
    position = 2 * NAMES.index(model)
    assert many.latency_s[position] == pytest.approx(alone.latency_s[0], rel=1e-12)
    assert many.energy_j[position] == pytest.approx(alone.energy_j[0], rel=1e-12)
    assert many.macs[position] == alone.macs[0]


@settings(max_examples=25, deadline=None)
@given(SYSTEMS, POINTS, st.sampled_from((None, "lpddr4")))
def test_costs_grow_with_the_context_and_the_batch(
    name: str, point: tuple[str, int, int], memory: str | None
) -> None:  # fmt: skip
    model, context, batch = point
    system = load_system(name).with_options(memory=load_memory(memory) if memory else None)
    small = evaluated(system, model, context, batch, **OPTIONS)
    for more in ((min(context + 200, 1024), batch), (context, batch + 3)):
        large = evaluated(system, model, *more, **OPTIONS)
        assert large.latency_s[0] >= small.latency_s[0]
        assert large.energy_j[0] >= small.energy_j[0]
        assert large.macs[0] >= small.macs[0]


@settings(max_examples=25, deadline=None)
@given(POINTS, st.floats(1.0, 2000.0), st.sampled_from(("os", "ws", "is", "best")))
def test_twice_the_clock_is_half_the_time(point: tuple[str, int, int], clock_mhz: float, dataflow: str) -> None:
    model, context, batch = point
    once, twice = (
        evaluated(
            load_system("tpu-llm", ArrayOptions(clock_mhz=clock, dataflow=dataflow)), model, context, batch
        )
        for clock in (clock_mhz, 2 * clock_mhz)
    )  # fmt: skip
    assert twice.latency_s[0] == pytest.approx(once.latency_s[0] / 2)
    # Power goes with the clock: the energy of the same work stays.
    assert twice.energy_j[0] == pytest.approx(once.energy_j[0])


@settings(max_examples=20, deadline=None)
@given(POINTS, st.integers(1, 128), st.integers(1, 128))
def test_best_dataflow_is_never_slower(point: tuple[str, int, int], rows: int, cols: int) -> None:
    model, context, batch = point
    seconds = {
        flow: evaluated(
            load_system("tpu-llm", ArrayOptions(rows=rows, cols=cols, dataflow=flow)), model, context, batch
        ).latency_s[0]
        for flow in ("os", "ws", "is", "best")
    }
    assert seconds["best"] <= min(seconds[flow] for flow in ("os", "ws", "is")) * (1 + 1e-12)


@pytest.mark.parametrize("name", ["tpu-llm", "pim-llm"])
@pytest.mark.parametrize("memory", [None, "lpddr4"])
def test_no_work_costs_nothing(name: str, memory: str | None) -> None:
    operators = [
        Operator("query", "projection", "weights", 64, 64, 1, count=0, matrix_copies=0, matrix_bits=1),
        Operator("scores", "attention", "kv_cache", 64, 64, 1, count=0, matrix_copies=0),
        Operator("softmax", "nonlinear", "none", 64, 64, 1, count=0, matrix_copies=0, matrix_bits=0),
    ]
    system = load_system(name).with_options(memory=load_memory(memory) if memory else None)
    costs = evaluate_system(system, OperatorTable.of(operators))
    assert costs.latency_s.tolist() == [0.0]
    assert costs.energy_j.tolist() == [0.0]
    assert costs.macs.tolist() == [0]
    assert break_down(costs)["components"] == []


def test_every_product_takes_time() -> None:
    # OPT-350M: its embedding is narrower than the model, so that it has products before and after the layers, too.
    table = decoder_table([find_language_model("opt-350m")], 64, **OPTIONS)
    assert {"project_in", "project_out", "lm_head"} <= set(table.names)
    for name in ("tpu-llm", "pim-llm"):
        costs = evaluate_system(load_system(name), table)
        # What crossbars do at the same time is charged to the operator that takes longest.
        hidden = [placed == "pim" for placed in costs.placement]
        assert (costs.operator_latency_s[(table.macs > 0) & ~np.array(hidden)[:, None]] > 0).all()
        assert (costs.operator_energy_j[table.macs > 0] > 0).all()


class Flat:
    """An engine that takes a second and two joules for each product."""

    def __init__(self, energy: bool = True) -> None:
        self.energy = energy

    def costs(self, table: OperatorTable) -> EngineCosts:
        seconds = table.count * 1.0
        energy = {"work": 2.0 * seconds} if self.energy else {}
        return EngineCosts({"work": seconds}, energy, {"work": np.full(table.points, 1e6)}, {"work": "measured"})


def two_engines(**changes: object) -> System:
    engines = {"one": PlacedEngine(Flat(), "flat"), "two": PlacedEngine(Flat(), "flat")}
    placement = {"projection": "one", "attention": "two"}
    return replace(System("mine", engines, placement), **changes)  # type: ignore[arg-type]


TABLE = OperatorTable.of(
    [
        Operator("query", "projection", "weights", 2, 2, 1, count=12, layers=4, matrix_copies=12),
        Operator("scores", "attention", "kv_cache", 2, 2, 1, count=8, layers=4, matrix_copies=8),
    ]
)


def test_schedules_by_hand() -> None:
    one_by_one = evaluate_system(two_engines(), TABLE)
    assert (one_by_one.latency_s[0], one_by_one.interval_s[0], one_by_one.tokens_per_s[0]) == (20, 20, 1 / 20)
    beside = evaluate_system(two_engines(schedule="overlapped"), TABLE)
    assert (beside.latency_s[0], beside.interval_s[0], beside.tokens_per_s[0]) == (20, 12, 1 / 12)
    assert beside.energy_j[0] == one_by_one.energy_j[0] == 40
    assert beside.area_um2[0] == 2e6


def test_an_operators_own_name_counts_before_its_role() -> None:
    system = two_engines(placement={"projection": "one", "attention": "two", "query": "two"})
    assert evaluate_system(system, TABLE).placement == ("two", "two")


def test_accountings_by_hand() -> None:
    rules = PublishedAccounting(("attention",), {"attention": 1.5}, "by hand")
    consistent = evaluate_system(two_engines(published=rules), TABLE)
    published = evaluate_system(two_engines(published=rules, accounting="as_published"), TABLE)
    assert consistent.energy_j[0] == 12 * 2 + 8 * 2
    assert published.energy_j[0] == 12 * 2 + 8 * 2 / 4  # attention of one of four layers
    assert consistent.operations[0] == (12 + 8) * 4
    assert published.operations[0] == (12 + 1.5 * 8) * 4
    assert published.latency_s[0] == consistent.latency_s[0]


def test_unknown_power_is_not_zero() -> None:
    system = two_engines(engines={"one": PlacedEngine(Flat(), "flat"), "two": PlacedEngine(Flat(energy=False), "flat")})
    costs = evaluate_system(system, TABLE)
    assert math.isnan(costs.energy_j[0])
    parts = break_down(costs)
    assert (parts["energy_mj"], parts["tokens_per_j"], parts["gops_per_w"]) == (None, None, None)
    assert parts["latency_ms"] == 20e3
    assert parts["engines"][0].energy_mj == 24e3


def test_the_memory_makes_engines_wait_and_costs_energy() -> None:
    table = decoder_table([find_language_model("opt-6.7b")], 1024)
    fast = ArrayOptions(rows=256, cols=256, clock_mhz=5000.0)
    free = evaluate_system(load_system("tpu-llm", fast), table)
    bound = evaluate_system(load_system("tpu-llm", fast).with_options(memory=load_memory("lpddr4")), table)
    stalls = bound.component_latency_s()["tpu", "stall"][0]
    assert stalls > 0
    assert bound.latency_s[0] == pytest.approx(free.latency_s[0] + stalls)
    assert bound.latency_s[0] >= bound.transfer_s[0]
    moved = break_down(bound)["engines"][-1]
    assert (moved.name, moved.kind, moved.latency_ms) == ("memory", "memory", 0)
    assert bound.energy_j[0] * 1e3 == pytest.approx(free.energy_j[0] * 1e3 + (moved.energy_mj or math.nan))
    # Crossbars hold their weights: what is left to move is the cache.
    hybrid = evaluate_system(load_system("pim-llm").with_options(memory=load_memory("lpddr4")), table)
    assert hybrid.transfer_s[0] < bound.transfer_s[0] / 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "nope"}, "system 'mine': schedule 'nope' is not known\n  known: sequential, overlapped"),
        ({"accounting": "nope"}, "system 'mine': accounting 'nope' is not known\n  known: as_published, consistent"),
        (
            {"placement": {"projection": "three"}},
            "system 'mine': projection is placed on 'three', which is no engine of the system\n"
            "  engines: one, two, memory",
        ),
    ],
)
def test_systems_that_cannot_be(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        two_engines(**changes)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("engine", "operator", "words"),
    [
        ("pim", "scores", f"{SCORES} on 'pim', which runs matrix products with weights"),
        ("vector", "scores", f"{SCORES} on 'vector', which runs non-linear functions"),
        ("tpu", "softmax", "'softmax' (nonlinear) on 'tpu', which runs matrix products"),
        ("memory", "query", "'query' (projection, a product with weights) on 'memory', which runs look-ups"),
        ("tpu", "embedding", "'embedding' (embedding) on 'tpu', which runs matrix products"),
    ],
)
def test_operators_on_engines_that_cannot_run_them(engine: str, operator: str, words: str) -> None:
    system = load_system("pim-llm")
    moved = replace(system, placement={**system.placement, operator: engine})
    with pytest.raises(RequestError) as caught:
        evaluated(moved, "opt-1.3b", 8, **OPTIONS)
    assert caught.value.message == f"system 'pim-llm' places operator {words} only"


def test_an_operator_without_a_place() -> None:
    with pytest.raises(RequestError) as caught:
        evaluate_system(two_engines(placement={"projection": "one"}), TABLE)
    assert caught.value.message == (
        "system 'mine' does not say where operator 'scores' (attention) runs; it places projection"
    )
