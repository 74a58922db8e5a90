"""The published figures that the crossbars' constants were chosen on, and those that were left to check them."""

from __future__ import annotations

import pytest

from tpugen.model.cards import load_card
from tpugen.model.crossbars import CrossbarEngine
from tpugen.model.workloads.operators import Operator, OperatorTable

ENGINE = CrossbarEngine()
P0_W = load_card("tpu-45nm").value("array_power", "W")

# layers, d_model, d_ff of the paper's runs, heads
MODELS = {"gpt2-350m": (24, 1024, 1024, 16), "opt-1.3b": (24, 2048, 8192, 32), "opt-6.7b": (32, 4096, 16384, 32)}
LAYER_US = {"gpt2-350m": 49.918, "opt-1.3b": 129.02, "opt-6.7b": 322.78}


def projections(name: str) -> OperatorTable:
    layers, d, d_ff, _ = MODELS[name]
    shapes = {"query": (d, d), "key": (d, d), "value": (d, d), "output": (d, d), "up": (d_ff, d), "down": (d, d_ff)}
    return OperatorTable.of(
        [
            Operator(operator, "projection", "weights", m, k, 1, layers, layers, 1, 8, 8, layers)
            for operator, (m, k) in shapes.items()
        ]
    )


def array_s(m: int, k: int) -> float:
    """An output-stationary matrix-vector product on 32x32 PEs at 100 MHz, as SCALE-Sim 3.0.0 counts it."""
    return (-(-m // 32) * (k + 62) - 1) / 100e6


def attention_s(name: str, context: int) -> float:
    layers, d, _, heads = MODELS[name]
    return layers * heads * (array_s(context, d // heads) + array_s(d // heads, context))


def baseline_s(name: str, context: int) -> float:
    layers, d, d_ff, _ = MODELS[name]
    return layers * (4 * array_s(d, d) + array_s(d_ff, d) + array_s(d, d_ff)) + attention_s(name, context)


def totals(name: str) -> tuple[float, float]:
    costs = ENGINE.costs(projections(name))
    return (
        float(sum(value.sum() for value in costs.latency_s.values())),
        float(sum(value.sum() for value in costs.energy_j.values())),
    )


@pytest.mark.parametrize("name", LAYER_US)
def test_time_per_layer(name):
    assert totals(name)[0] / MODELS[name][0] * 1e6 == pytest.approx(LAYER_US[name], rel=0.004)


@pytest.mark.parametrize(
    ("name", "context", "printed"),
    [
        ("gpt2-350m", 128, 218.11), ("gpt2-350m", 1024, 39.98), ("gpt2-350m", 4096, 10.52), ("opt-1.3b", 128, 101.31),
        ("opt-1.3b", 1024, 19.71), ("opt-1.3b", 4096, 5.24), ("opt-6.7b", 128, 38.65), ("opt-6.7b", 1024, 8.54),
        ("opt-6.7b", 4096, 2.33),
    ],
)  # fmt: skip
def test_tokens_per_second(name, context, printed):
    assert 1 / (totals(name)[0] + attention_s(name, context)) == pytest.approx(printed, rel=0.002)


@pytest.mark.parametrize(("name", "share"), [("gpt2-350m", 0.739), ("opt-6.7b", 0.60)])
def test_share_of_the_systolic_array_in_the_latency(name, share):
    attention = attention_s(name, 128)
    assert attention / (attention + totals(name)[0]) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("name", LAYER_US)
def test_communication_and_buffers_dominate_and_conversion_is_below_one_percent(name):
    latency = {key: float(value.sum()) for key, value in ENGINE.costs(projections(name)).latency_s.items()}
    total = sum(latency.values())
    assert (latency["network"] + latency["join"] + latency["buffer"]) / total > 0.9
    assert (latency["dac"] + latency["crossbar"] + latency["adc"]) / total < 0.01


@pytest.mark.parametrize(
    ("name", "context", "gain"),
    [("opt-6.7b", 128, 0.1249), ("opt-6.7b", 4096, 0.337), ("gpt2-350m", 2048, 0.1795), ("gpt2-350m", 4096, 0.7058)],
)
def test_published_energy_gains_with_attention_charged_for_one_layer(name, context, gain):
    charged = totals(name)[1] + P0_W * attention_s(name, context) / MODELS[name][0]
    assert P0_W * baseline_s(name, context) / charged == pytest.approx(1 + gain, rel=0.003)


def test_published_operations_per_joule():
    # 1134 GOPS/W at 58.5 GOPS: OPT-6.7B with 1024 tokens; attention counted as three operations per l*d.
    layers, d, d_ff, _ = MODELS["opt-6.7b"]
    operations = layers * (4 * d * d + 2 * d * d_ff + 3 * 1024 * d)
    seconds, joules = totals("opt-6.7b")
    assert operations / (seconds + attention_s("opt-6.7b", 1024)) / 1e9 == pytest.approx(58.5, abs=0.05)
    charged = joules + P0_W * attention_s("opt-6.7b", 1024) / layers
    assert operations / charged / 1e9 == pytest.approx(1134, rel=0.002)
