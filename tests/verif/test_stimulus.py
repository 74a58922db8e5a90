"""The bench plan: reproducible, complete, affordable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tpugen.spec import SystolicArraySpec, contract_for, spec_from_dict
from tpugen.verif.harness import harness_text
from tpugen.verif.plan import CombinationalPlan, StreamPlan, write_plan
from tpugen.verif.stimulus import make_plan

ARRAY = {
    "kind": "systolic_array",
    "rows": 3,
    "cols": 2,
    "activation_width_bits": 4,
    "weight_width_bits": 5,
    "accumulator_width_bits": 11,
}
CLOCKED = [
    {"kind": "mac"},
    ARRAY,
    {**ARRAY, "dataflow": "weight_stationary"},
    {**ARRAY, "dataflow": "input_stationary"},
]


def _plan(data: dict[str, object], seed: int = 1) -> StreamPlan:
    plan = make_plan(spec_from_dict(data), seed)
    assert isinstance(plan, StreamPlan)
    return plan


@pytest.mark.parametrize("data", CLOCKED)
def test_the_seed_decides_everything(data: dict[str, object], tmp_path: Path) -> None:
    for number, seed in enumerate((7, 7, 8)):
        write_plan(_plan(data, seed), tmp_path / f"{number}.json")
    first, again, other = ((tmp_path / f"{number}.json").read_text() for number in range(3))
    assert first == again
    assert first != other


@pytest.mark.parametrize("data", CLOCKED)
def test_every_channel_pauses_and_every_kind_of_test_is_there(data: dict[str, object]) -> None:
    plan = _plan(data)
    names = {test.name for test in plan.tests}
    assert names >= {
        "full_rate",
        "lengths",
        "corners",
        "wrap",
        "mixture",
        "stall_sources",
        "stall_result",
        "stall_all",
        "long_wait",
        "resets",
    }
    channels = {channel.name for channel in contract_for(spec_from_dict(data)).channels}
    stall_all = next(test for test in plan.tests if test.name == "stall_all")
    assert set(stall_all.phases[0].stalls) == channels


@pytest.mark.parametrize("data", CLOCKED)
def test_lengths_run_from_one_to_beyond_the_array_and_follow_the_contract(data: dict[str, object]) -> None:
    spec = spec_from_dict(data)
    latency = contract_for(spec).latency
    lengths = next(test for test in _plan(data).tests if test.name == "lengths")
    alone = [phase.expected_cycles for phase in lengths.phases[::2]]
    beyond = latency.rows + latency.cols + 3
    assert {latency.tile_cycles(1), latency.tile_cycles(2), latency.tile_cycles(beyond)} <= set(alone)


def test_exactly_one_phase_is_the_latency_measurement() -> None:
    for data in CLOCKED:
        measured = [phase for test in _plan(data).tests for phase in test.phases if phase.measure]
        assert len(measured) == 1
        assert measured[0].expected_cycles


def test_sums_wrap_where_the_accumulator_has_few_guard_bits() -> None:
    plan = _plan(ARRAY)
    wrap = next(test for test in plan.tests if test.name == "wrap")
    tile = wrap.phases[0].labels[0][2]
    assert int((tile.activations[0] * tile.weights[:, 0]).sum()) >= 1 << 10


def test_folds_cover_k_beyond_the_rows_with_unused_rows_zero() -> None:
    plan = _plan({**ARRAY, "dataflow": "weight_stationary"})
    folds = next(test for test in plan.tests if test.name == "folds")
    beats = folds.phases[0].sinks["weight"]
    assert len(beats) == 9  # three folds of three rows, though K is 7
    assert beats[-2:] == [0, 0]
    assert sum(tile.activations.shape[1] for _, row, tile in folds.phases[0].labels if row == 0) == 7


def test_small_units_are_exhaustive_and_wide_ones_are_not() -> None:
    small = make_plan(spec_from_dict({"kind": "multiplier", "activation_width_bits": 5, "weight_width_bits": 4}), 1)
    wide = make_plan(spec_from_dict({"kind": "adder", "width_bits": 32}), 1)
    assert isinstance(small, CombinationalPlan)
    exhaustive = small.tests[-1]
    assert sorted(exhaustive.drive) == list(range(512))
    assert [test.name for test in wide.tests] == ["corners", "random"]


@pytest.mark.parametrize(("size", "limit"), [(16, 400_000), (32, 700_000), (64, 1_000_000), (256, 3_000_000)])
def test_large_arrays_stay_affordable(size: int, limit: int) -> None:
    """Operations, not cycles, are what a simulator pays for."""
    for dataflow in ("output_stationary", "weight_stationary"):
        plan = _plan({"kind": "systolic_array", "rows": size, "cols": size, "dataflow": dataflow})
        channel = "operand" if dataflow == "output_stationary" else "activation"
        beats = sum(len(phase.sinks[channel]) for test in plan.tests for phase in test.phases)
        assert beats * size * size < limit


def test_the_plan_on_disk_is_plain_json_without_labels(tmp_path: Path) -> None:
    write_plan(_plan(ARRAY), tmp_path / "plan.json")
    data = json.loads((tmp_path / "plan.json").read_text())
    phase = data["tests"][0]["phases"][0]
    assert "labels" not in phase
    assert all(int(beat, 16) >= 0 for beat in phase["expected"])


def test_the_harness_connects_every_port_once() -> None:
    spec = SystolicArraySpec(rows=2, cols=3, dataflow="weight_stationary")
    contract = contract_for(spec)
    text = harness_text(contract, make_plan(spec, 1), None)
    for port in contract.ports:
        assert text.count(f".{port.name}(") == 1
    assert "$dumpvars" not in text
    assert "$dumpvars" in harness_text(contract, make_plan(spec, 1), "waves.fst")
