"""The attention engine's RTL against the models: every context element, every cycle of every operator."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.rtl_checks import assert_clean_under_three_tools, assert_refused_by_name, write_sources

from tpugen.arithmetic.decoder_layer import (
    LayerShape,
    quantise_layer,
    quantise_tokens,
    random_layer,
    random_tokens,
    run_tokens,
)
from tpugen.arithmetic.decoder_layer.cycles_attention import CONTEXT_LATENCY, attention_cycles
from tpugen.arithmetic.tpu import TpuShape, drain_cycles, job_cycles
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.verif.attention_bench import AttentionToken, engine_parameters, expected_contexts, run_attention
from tpugen.verif.attention_mutants import (
    ATTENTION_MUTANTS,
    ENGINES,
    attention_shape,
    attention_tokens,
    survives,
)
from tpugen.verif.attention_mutants import random_tokens as attention_random_tokens
from tpugen.verif.mutants import apply

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")

SOURCES = {name: load_library()[name].source for name in dependency_closure(["attention_engine"])}
PARTS = {
    "attention_array", "attention_context", "attention_engine", "attention_operands", "attention_sequencer",
    "attention_softmax", "lane_reader", "operand_feeder", "position_split", "row_collector",
}  # fmt: skip


def _array(rows: int, cols: int, depth: int) -> TpuShape:
    return TpuShape(rows, cols, depth, unsigned_activations=True)


# Heads, KV heads, elements of a head, context; rows, columns, depth.
SHAPES = {
    "least": (attention_shape(1, 1, 1, 1), _array(2, 1, 2)),
    "one position a word": (attention_shape(2, 1, 3, 5), _array(2, 1, 3)),
    "wide group": (attention_shape(7, 1, 2, 4), _array(3, 2, 2)),
    "wide heads": (attention_shape(2, 2, 11, 5), _array(2, 4, 3)),
    "long": (attention_shape(2, 1, 3, 13), _array(4, 3, 4)),
    "all of it": (attention_shape(10, 2, 7, 11), _array(2, 3, 5)),
    "few of many": (attention_shape(2, 1, 2, 3), _array(20, 9, 16)),
    "exact": (attention_shape(4, 2, 4, 8), _array(2, 4, 4)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_whole_sequences_bit_for_bit_and_cycle_for_cycle(name: str, tmp_path: Path) -> None:
    """A sequence from the first to the last position, then one that goes back to earlier positions."""
    shape, array = SHAPES[name]
    rng = np.random.default_rng(7)
    last = shape.context - 1
    positions = [*range(shape.context), last // 2, last, 0]
    tokens = attention_random_tokens(shape, rng, positions)
    tokens += attention_random_tokens(shape, rng, [last // 2, 0], great=True)
    assert run_attention(shape, array, tokens, SOURCES, tmp_path) == []


@pytest.mark.parametrize("seed", range(6))
def test_random_shapes_pauses_nuisance_and_resets(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    kv_heads, group, width, context = (int(rng.integers(1, high)) for high in (4, 6, 8, 8))
    shape = attention_shape(kv_heads * group, kv_heads, width, max(context, 2))
    array = _array(*(int(rng.integers(2 if index != 1 else 1, 7)) for index in range(3)))
    assert run_attention(shape, array, attention_tokens(shape, seed), SOURCES, tmp_path, seed=seed) == []


def test_the_integer_layers_attention(tmp_path: Path) -> None:
    """Queries, keys, values and contexts of a whole layer's trace, with grouped heads."""
    shape = LayerShape(d=48, heads=6, d_ff=16, context=9, kv_heads=2)
    real = random_layer(shape, seed=3)
    layer = quantise_layer(real, random_tokens(shape, 9, seed=4))
    traces, _ = run_tokens(layer, quantise_tokens(layer, random_tokens(shape, 9, seed=5)))
    tokens = [AttentionToken(t.q, t.k, t.v, t.position, layer.softmax.multiplier, layer.softmax.shift) for t in traces]
    contexts = [trace.context.reshape(-1) for trace in traces]
    assert all(np.array_equal(*pair) for pair in zip(contexts, expected_contexts(shape, tokens), strict=True))
    assert len({element for context in contexts for element in context.tolist()}) > 100
    assert run_attention(shape, _array(2, 4, 8), tokens, SOURCES, tmp_path, expected=contexts) == []


def test_memories_as_macros(tmp_path: Path) -> None:
    """Keys and values from `MacroBits` bits on: the library's `sram`."""
    shape, array = attention_shape(1, 1, 64, 8), _array(2, 4, 64)
    tokens = attention_random_tokens(shape, np.random.default_rng(2), range(8))
    problems = run_attention(shape, array, tokens, SOURCES, tmp_path / "macros")
    assert problems == []
    broken = {**SOURCES, "sram": SOURCES["sram"].replace("<= data_i[", "<= 1'b1 + data_i[")}
    assert run_attention(shape, array, tokens[:2], broken, tmp_path / "broken", stop=True) != []


@pytest.mark.parametrize("name", ["uneven", "tall"])
def test_reset_at_any_moment(name: str, tmp_path: Path) -> None:
    """A token that a reset cuts leaves nothing behind: the next sequence is right from its first token on."""
    shape, array = ENGINES[name]
    rng = np.random.default_rng(5)
    whole = 3 * shape.d + sum(attention_cycles(shape, array, 1).values()) + CONTEXT_LATENCY + shape.d
    tokens = []
    for number, cut in enumerate(range(1, whole, max(1, whole // 24))):
        first, second = attention_random_tokens(shape, rng, [0, 1])
        lost = first if number % 2 else second
        tokens += [*([] if number % 2 else [first]), replace(lost, cut_after=cut)]
    tokens += attention_random_tokens(shape, rng, range(shape.context))
    assert run_attention(shape, array, tokens, SOURCES, tmp_path) == []


def test_a_judge_refuses_wrong_contexts_cycles_and_silence(tmp_path: Path) -> None:
    shape, array = ENGINES["kept"]
    tokens = attention_random_tokens(shape, np.random.default_rng(1), [0, 1])
    right = expected_contexts(shape, tokens)
    wrong = [right[0], right[1] + (np.arange(shape.d) == shape.d - 1)]
    found = run_attention(shape, array, tokens, SOURCES, tmp_path / "a", expected=wrong)
    assert len(found) == 1 and found[0].startswith("token 1 (position 1): contexts are [")
    slow = {**SOURCES, "tpu_core": SOURCES["tpu_core"].replace(".m_axis_tready_i      (m_axis_tready_i)",
                                                              ".m_axis_tready_i      (clk_i)")}  # fmt: skip
    assert run_attention(shape, array, tokens, slow, tmp_path / "b") != []
    other = replace(array, rows=3)
    found = run_attention(shape, other, tokens, _fixed(SOURCES, other, array), tmp_path / "c")
    assert any("SCORES took" in problem for problem in found)
    mute = SOURCES["attention_engine"].replace(".context_valid_o (context_valid_o)", ".context_valid_o ()")
    found = run_attention(shape, array, tokens, {**SOURCES, "attention_engine": mute}, tmp_path / "d")
    assert any("unknown handshake" in problem for problem in found)
    assert any("stuck" in problem for problem in found)
    broken = {**SOURCES, "attention_engine": "module attention_engine;"}
    assert run_attention(shape, array, tokens, broken, tmp_path / "e")[0].startswith("Icarus refused the engine")


def _fixed(sources: dict[str, str], told: TpuShape, used: TpuShape) -> dict[str, str]:
    """An engine with another number of rows than it is told."""
    text = sources["attention_engine"].replace(".Rows            (Rows)", f".Rows            ({used.rows})")
    assert told.rows != used.rows and text != sources["attention_engine"]
    return {**sources, "attention_engine": text}


# -- cycles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "position"), [(name, place) for name in SHAPES for place in (0, 1)])
def test_the_card_says_the_cycles(name: str, position: int) -> None:
    shape, array = SHAPES[name]
    position = min(position, shape.context - 1)
    card = load_library()["attention_engine"].card.latency
    match = re.match(r"(.+) cycles from start_i to done_o for L positions", card)
    assert match is not None
    rest = (shape.group - 1) % array.rows + 1
    values = {
        "KvHeads": shape.key_heads,
        "Group": shape.group,
        "HeadWidth": shape.d_head,
        "L": position + 1,
        "max": max,
    }
    values["C"] = lambda m, k, n: job_cycles(array, m, k, n)
    values["D"] = drain_cycles(array.rows) - drain_cycles(rest)
    assert eval(match[1], values) == sum(attention_cycles(shape, array, position).values())


# -- the text of the RTL --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["least", "wide group", "all of it"])
def test_odd_shapes_are_clean_under_three_tools(name: str, tmp_path: Path) -> None:
    files = write_sources(SOURCES, tmp_path)
    assert_clean_under_three_tools("attention_engine", engine_parameters(*SHAPES[name]), files, tmp_path)


ILLEGAL = [("Heads", 3), ("Heads", 0), ("KvHeads", 0), ("HeadWidth", 0), ("HeadWidth", 16385), ("Context", 0),
           ("Context", 16385), ("Rows", 1), ("Cols", 257), ("Depth", 1)]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), ILLEGAL)
def test_illegal_parameters_are_refused_by_name(name: str, value: int, tmp_path: Path) -> None:
    legal = {"Heads": 2, "KvHeads": 2, "HeadWidth": 2, "Context": 2, "Rows": 2, "Cols": 2, "Depth": 4}
    assert_refused_by_name("attention_engine", {**legal, name: value}, write_sources(SOURCES, tmp_path), tmp_path)


# -- mutants --------------------------------------------------------------------------------------------------------


def test_the_list_reaches_every_part_and_repeats_nothing() -> None:
    assert {mutant.module for mutant in ATTENTION_MUTANTS} == PARTS
    assert len({(m.module, m.found, m.replaced) for m in ATTENTION_MUTANTS}) == len(ATTENTION_MUTANTS) >= 50
    files = {f"{name}.v": text for name, text in SOURCES.items()}
    for mutant in ATTENTION_MUTANTS:
        assert apply(mutant, files) != files
        assert mutant.design in ENGINES


@pytest.mark.slow
def test_every_mutant_dies(tmp_path: Path) -> None:
    """A sound engine passes beside them."""
    assert survives(SOURCES, tmp_path / "sound")
    files = {f"{name}.v": text for name, text in SOURCES.items()}
    survived = []
    for number, mutant in enumerate(ATTENTION_MUTANTS):
        design = {name.removesuffix(".v"): text for name, text in apply(mutant, files).items()}
        if survives(design, tmp_path / str(number), [mutant.design]):
            survived.append(mutant.fault)
    assert survived == []
