"""Amdahl's law: its algebra, shares against sums done by hand, crossovers against their closed form."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.amdahl import (
    MEASURES,
    ArraySetting,
    Measure,
    ceiling,
    crossover_context,
    fraction,
    gain_for,
    memory_law,
    operator_weight,
    speedup,
)
from tpugen.model.systolic import dataflow_code
from tpugen.model.workloads import LanguageModel, Operator, OperatorTable, Widths, decoder_table, find_language_model

SHARES = st.floats(0, 0.999)
GAINS = st.floats(0.01, 1e6)
MODELS = ("gpt2-350m", "gpt2-1.5b", "opt-1.3b", "opt-6.7b", "opt-66b")


def small_model(layers: int, heads: int, kv_heads: int, head_dim: int, d_ff: int, gated: bool) -> LanguageModel:
    return replace(
        find_language_model("opt-1.3b"), name="small", layers=layers, heads=heads, kv_heads=kv_heads, head_dim=head_dim,
        d_model=heads * head_dim, d_ff=d_ff, gated=gated,
    )  # fmt: skip


small_models = st.tuples(
    st.integers(1, 4), st.sampled_from([(1, 1), (4, 1), (4, 2), (4, 4), (6, 3)]), st.sampled_from([8, 33, 64]),
    st.integers(1, 300), st.booleans(),
).map(lambda sizes: small_model(sizes[0], *sizes[1], *sizes[2:]))  # fmt: skip


# ---- the law ---------------------------------------------------------------------------------------------------------


@given(share=SHARES, gain=GAINS)
def test_the_law_is_the_time_that_is_left(share: float, gain: float) -> None:
    """A run of 1 s of which `share` becomes `gain` times faster."""
    assert speedup(share, gain) == pytest.approx(1 / (1 - share + share / gain))
    assert speedup(share, gain) <= ceiling(share) * (1 + 1e-12)
    assert speedup(share, 1.0) == pytest.approx(1.0)


@given(share=SHARES, gain=GAINS, more=st.floats(1.01, 10))
def test_more_gain_and_more_share_give_more(share: float, gain: float, more: float) -> None:
    assert speedup(share, gain * more) >= speedup(share, gain)
    if gain > 1:
        assert speedup(min(share * more, 1.0), gain) >= speedup(share, gain) * (1 - 1e-12)


@given(share=st.floats(0.001, 0.999), gain=st.floats(0.01, 1000))
def test_the_gain_for_a_speedup_gives_it(share: float, gain: float) -> None:
    assert gain_for(share, speedup(share, gain)) == pytest.approx(gain, rel=1e-6)


def test_no_gain_reaches_the_ceiling() -> None:
    assert gain_for(0.75, [3.999, 4.0, 5.0]).tolist() == [pytest.approx(11997), math.inf, math.inf]
    assert ceiling([0.0, 0.5, 0.75, 1.0]).tolist() == [1.0, 2.0, 4.0, math.inf]


def test_the_law_broadcasts() -> None:
    assert speedup(np.array([[0.5], [0.9]]), np.array([2.0, 4.0, 8.0])).shape == (2, 3)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(RequestError, match=r"fraction: found .*; expected numbers from 0 to 1"):
        ceiling(share)


@pytest.mark.parametrize("gain", [0.0, -1.0, math.nan])
def test_a_gain_is_above_0(gain: float) -> None:
    with pytest.raises(RequestError, match=r"gain: found .*; expected numbers above 0"):
        speedup(0.5, gain)
    with pytest.raises(RequestError, match="target: found"):
        gain_for(0.5, gain)


# ---- shares ----------------------------------------------------------------------------------------------------------


def witness_cycles(m: int, k: int, size: int) -> int:
    """SCALE-Sim 3.0.0, output stationary, one vector: folds of K + R + C - 2 cycles, less one."""
    return -(-m // size) * (k + 2 * size - 2) - 1


@pytest.mark.parametrize("size", [32, 256])
@pytest.mark.parametrize("name", MODELS)
def test_f_in_cycles_is_the_sum_by_hand(name: str, size: int) -> None:
    model, context = find_language_model(name), 777
    d, ff, heads, wide = model.d_model, model.d_ff, model.heads, model.head_dim
    projections = 4 * witness_cycles(d, d, size) + witness_cycles(ff, d, size) + witness_cycles(d, ff, size)
    attention = heads * (witness_cycles(context, wide, size) + witness_cycles(wide, context, size))
    share = fraction(decoder_table([model], context), "cycles", ArraySetting(size, size))
    assert share == pytest.approx([projections / (projections + attention)], rel=1e-12)


def test_opt_6_7b_at_4096_as_the_papers_speedup_says() -> None:
    """F = 0.829 and S_p = 197 give the 5.71x that the printed tokens/s give."""
    share = fraction(decoder_table([find_language_model("opt-6.7b")], 4096))
    assert share == pytest.approx([0.829], abs=5e-4)
    assert speedup(share, 197) == pytest.approx([5.71], abs=5e-3)


@given(model=small_models, context=st.integers(1, 5000), by=st.sampled_from(MEASURES))
@settings(max_examples=60)
def test_shares_add_up_and_fall_with_the_context(model: LanguageModel, context: int, by: Measure) -> None:
    table = decoder_table([model], [context, 2 * context], beyond_context=True)
    share = fraction(table, by)
    rest = fraction(table, by, accelerated=["attention"])
    assert share + rest == pytest.approx([1.0, 1.0])
    assert share[1] <= share[0]


def test_what_has_no_matrix_takes_nothing() -> None:
    table = decoder_table([find_language_model("opt-1.3b")], 64, embedding=True, nonlinear=True)
    without = [name in ("softmax", "normalisation", "activation", "embedding", "position") for name in table.names]
    assert any(without)
    for by in ("cycles", "macs"):
        assert operator_weight(table, by)[without].sum() == 0


def test_the_lm_head_is_not_accelerated() -> None:
    model = find_language_model("gpt2-350m")
    bare, full = (fraction(decoder_table([model], 128, lm_head=head), "macs") for head in (False, True))
    assert full < bare
    both = decoder_table([model], 128, lm_head=True)
    assert fraction(both, "macs", accelerated=["projection", "head"]) > bare


def test_dataflows_and_sizes_may_differ_by_point() -> None:
    models = [find_language_model("opt-1.3b")] * 4
    table = decoder_table(models, 512)
    sizes, codes = np.array([16, 16, 64, 64]), np.array([dataflow_code(name) for name in ("os", "ws", "os", "best")])
    together = fraction(table, "cycles", ArraySetting(sizes, sizes, codes))
    alone = [
        fraction(decoder_table(models[:1], 512), "cycles", ArraySetting(size, size, name))[0]
        for size, name in ((16, "os"), (16, "ws"), (64, "os"), (64, "best"))
    ]
    assert together.tolist() == alone


def test_unknown_names_and_empty_workloads_are_refused() -> None:
    table = decoder_table([find_language_model("opt-1.3b")], 64)
    with pytest.raises(UnknownNameError, match="no measure is called 'joules'"):
        fraction(table, "joules")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError):
        fraction(table, "cycles", ArraySetting(cycle_model="nothing"))
    empty = OperatorTable.of([Operator("query", "projection", "weights", 8, 8, 1, count=0, matrix_copies=0)])
    with pytest.raises(RequestError, match="a workload without macs has no share of them"):
        fraction(empty, "macs")


# ---- crossover -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_crossover_in_macs_has_a_closed_form(name: str) -> None:
    """(4 d^2 + 2 d d_ff) < 2 d l from l = 2 d + d_ff + 1 on."""
    model = find_language_model(name)
    assert crossover_context([model], by="macs").tolist() == [2 * model.d_model + model.d_ff + 1]


@given(model=small_models, by=st.sampled_from(MEASURES), threshold=st.sampled_from([0.1, 0.5, 0.9]))
@settings(max_examples=40, deadline=None)
def test_crossover_is_the_first_context_below(model: LanguageModel, by: Measure, threshold: float) -> None:
    context = int(crossover_context([model], by=by, threshold=threshold)[0])
    assert context >= 1
    around = [context] if context == 1 else [context - 1, context]
    shares = fraction(decoder_table([model], around, beyond_context=True), by)
    assert shares[-1] < threshold
    assert len(around) == 1 or shares[0] >= threshold


def test_crossovers_of_many_points_are_those_of_each() -> None:
    models = [find_language_model(name) for name in MODELS]
    sizes = np.array([32, 64, 128, 256, 32])
    together = crossover_context(models, array=ArraySetting(sizes, sizes))
    alone = [
        int(crossover_context([model], array=ArraySetting(int(size), int(size)))[0])
        for model, size in zip(models, sizes, strict=True)
    ]
    assert together.tolist() == alone


def test_a_sliding_window_never_crosses() -> None:
    model = find_language_model("mistral-7b")
    assert model.attention_window > 0
    assert crossover_context([model]).tolist() == [0]


def test_wider_weights_cross_later_in_bytes() -> None:
    model = find_language_model("opt-6.7b")
    found = [crossover_context([model], by="bytes", widths=Widths(weight_bits=bits))[0] for bits in (1, 2, 8, 16)]
    assert found == sorted(set(found))


def test_prefill_crosses_too() -> None:
    model = find_language_model("gpt2-350m")
    assert 0 < crossover_context([model], phase="prefill")[0] < 2**24


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5])
def test_a_threshold_is_a_share(threshold: float) -> None:
    message = f"threshold: found {threshold}; expected a number above 0 and up to 1"
    with pytest.raises(RequestError, match=re.escape(message)):
        crossover_context([find_language_model("opt-1.3b")], threshold=threshold)


# ---- memory ----------------------------------------------------------------------------------------------------------


@given(model=small_models, context=st.integers(1, 4000), bits=st.sampled_from([4, 8, 16]), kv=st.sampled_from([4, 8]))
@settings(max_examples=40)
def test_the_law_over_bytes_is_the_ratio_of_bytes(model: LanguageModel, context: int, bits: int, kv: int) -> None:
    found = memory_law(
        [model], context, baseline_weight_bits=bits, widths=Widths(weight_bits=1, kv_bits=kv), beyond_context=True
    )
    assert found.gain == pytest.approx([bits])
    assert found.speedup == pytest.approx(found.baseline_bytes / found.bytes)
    assert np.all(found.speedup <= found.ceiling)


def test_bytes_of_full_attention_as_the_paper_counts_them() -> None:
    """(4 d^2 + 2 d d_ff) bits / 8 of weights and 2 d l of an 8-bit cache, a layer."""
    model, context = find_language_model("opt-6.7b"), 2048
    d, ff, layers = model.d_model, model.d_ff, model.layers
    weights, cache = layers * (4 * d * d + 2 * d * ff), layers * 2 * d * context
    found = memory_law([model], context)
    assert found.baseline_bytes.tolist() == [weights + cache]
    assert found.bytes.tolist() == [weights / 8 + cache]
    assert found.fraction == pytest.approx([weights / (weights + cache)])
