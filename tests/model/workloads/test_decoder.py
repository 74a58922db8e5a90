"""Operators of decoder-only language models: shapes, sums, bytes, options, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError
from tpugen.model.workloads import (
    LanguageModel,
    OperatorWidths,
    Widths,
    decoder_table,
    find_language_model,
    language_model_names,
    mesh,
    published_variant,
)
from tpugen.model.workloads.operators import COLUMNS, OperatorTable

ALL = language_model_names()
contexts = st.integers(1, 1024)
batches = st.integers(1, 64)
models = st.sampled_from(ALL).map(find_language_model)


@st.composite
def small_models(draw: st.DrawFn) -> LanguageModel:
    """A model of any shape, grouped heads, gate and window included."""
    kv_heads, group, head_dim = (draw(st.integers(1, 5)) for _ in range(3))
    return LanguageModel(
        name="small",
        family="llama",
        layers=draw(st.integers(1, 4)),
        d_model=draw(st.integers(1, 40)),
        heads=kv_heads * group,
        kv_heads=kv_heads,
        head_dim=head_dim,
        d_ff=draw(st.integers(1, 60)),
        gated=draw(st.booleans()),
        vocabulary=100,
        context_max=0,
        tied_embeddings=draw(st.booleans()),
        source="drawn",
        attention_window=draw(st.integers(0, 12)),
    )


def row(table: OperatorTable, name: str) -> int:
    return table.names.index(name)


def column(table: OperatorTable, name: str, values: str, point: int = 0) -> int:
    return int(getattr(table, values)[row(table, name), point])


def of_role(table: OperatorTable, role: str, values: np.ndarray) -> np.ndarray:
    return values[[index for index, found in enumerate(table.roles) if found == role]].sum(axis=0)


def attention(table: OperatorTable) -> np.ndarray:
    return of_role(table, "attention", table.macs)


def test_one_layer_of_opt() -> None:
    """The paper's operators with their shapes (arXiv 2504.01994, section II)."""
    table = decoder_table([find_language_model("opt-6.7b")], 1024)
    shapes = {item.name: (item.m, item.k, item.n, item.count // item.layers) for item in table.operators()}
    d, d_ff, heads, head_dim = 4096, 16384, 32, 128
    assert shapes == {
        "query": (d, d, 1, 1),
        "key": (d, d, 1, 1),
        "value": (d, d, 1, 1),
        "output": (d, d, 1, 1),
        "up": (d_ff, d, 1, 1),
        "down": (d, d_ff, 1, 1),
        "scores": (1024, head_dim, 1, heads),
        "mix": (head_dim, 1024, 1, heads),
    }
    assert {item.layers for item in table.operators()} == {32}
    assert table.tokens.tolist() == [1]


def test_grouped_heads_share_a_matrix() -> None:
    table = decoder_table([find_language_model("llama3-8b")], 100, batch=3)
    items = {item.name: item for item in table.operators()}
    assert (items["key"].m, items["key"].k, items["key"].n) == (1024, 4096, 3)
    assert (items["query"].m, items["query"].n) == (4096, 3)
    assert (items["scores"].m, items["scores"].k, items["scores"].n) == (100, 128, 4)
    assert items["scores"].count == items["scores"].matrix_copies == 32 * 8 * 3
    assert (items["mix"].m, items["mix"].k, items["mix"].n) == (128, 100, 4)
    assert items["gate"].count == items["up"].count == items["up"].matrix_copies == 32
    assert table.tokens.tolist() == [3]


@given(models, contexts, batches)
def test_macs_follow_from_the_sizes(model: LanguageModel, context: int, batch: int) -> None:
    table = decoder_table([model], context, batch=batch)
    assert of_role(table, "projection", table.macs).tolist() == [model.projection_weights * batch]
    attended = model.heads * model.head_dim * context
    assert attention(table).tolist() == [2 * model.layers * attended * batch]


@given(models, contexts, batches, st.sampled_from([1, 2, 4, 8, 16]), st.sampled_from([4, 8, 16]))
def test_bytes_of_weights_and_cache(
    model: LanguageModel, context: int, batch: int, weight_bits: int, kv_bits: int
) -> None:
    """(4 d^2 + 2 d d_ff) * bits / 8 of weights and 2 d l of an 8-bit cache a layer (arXiv 2408.11939)."""
    table = decoder_table([model], context, batch=batch, widths=Widths(weight_bits=weight_bits, kv_bits=kv_bits))
    d, d_ff, kv = model.d_model, model.d_ff, model.kv_heads * model.head_dim
    weights = 2 * d * d + 2 * d * kv + (3 if model.gated else 2) * d * d_ff
    assert of_role(table, "projection", table.matrix_bytes) == model.layers * weights * weight_bits / 8
    assert of_role(table, "attention", table.matrix_bytes) == model.layers * 2 * kv * context * batch * kv_bits / 8
    if model.kv_heads == model.heads and not model.gated:
        assert weights == 4 * d * d + 2 * d * d_ff
    written = table.result_bytes[[row(table, "key"), row(table, "value")]].sum()
    assert written == model.layers * 2 * kv * batch * kv_bits / 8


@given(small_models(), st.integers(1, 40), st.integers(1, 3))
@settings(deadline=None)
def test_prefill_without_the_mask_is_the_sum_of_decodes(model: LanguageModel, length: int, batch: int) -> None:
    steps = decoder_table([model], np.arange(1, length + 1), batch=batch)
    prefill = decoder_table([model], length, batch=batch, phase="prefill", masked="skipped")
    assert prefill.macs.sum(axis=1).tolist() == steps.macs.sum(axis=1).tolist()
    assert prefill.tokens.sum() == steps.tokens.sum() == batch * length


@given(small_models(), st.integers(1, 40), st.integers(1, 3))
@settings(deadline=None)
def test_prefill_with_the_mask_is_the_whole_square(model: LanguageModel, length: int, batch: int) -> None:
    table = decoder_table([model], length, batch=batch, phase="prefill")
    queries = model.heads * batch * length
    assert attention(table).tolist() == [2 * model.layers * queries * model.head_dim * length]
    skipped = attention(decoder_table([model], length, batch=batch, phase="prefill", masked="skipped"))
    assert skipped <= attention(table)
    if not 0 < model.attention_window < length:
        # Exactly (l + 1) / (2 l) of the square lies on or below the diagonal.
        assert (skipped * 2 * length).tolist() == (attention(table) * (length + 1)).tolist()


def test_shapes_of_prefill() -> None:
    model = find_language_model("opt-1.3b")
    for length, folded in ((6, (7, 64, 3)), (7, (7, 64, 4))):
        square = decoder_table([model], length, phase="prefill").operators()
        half = decoder_table([model], length, phase="prefill", masked="skipped").operators()
        shapes = [{item.name: (item.m, item.k, item.n) for item in items} for items in (square, half)]
        assert shapes[0]["query"] == shapes[1]["query"] == (2048, 2048, length)
        assert (shapes[0]["scores"], shapes[0]["mix"]) == ((length, 64, length), (64, length, length))
        assert shapes[1]["scores"] == folded


def test_a_window_bounds_decode() -> None:
    model = find_language_model("mistral-7b")
    table = decoder_table([model], [100, 4096, 20000])
    assert table.m[row(table, "scores")].tolist() == [100, 4096, 4096]


@given(st.lists(st.tuples(st.integers(0, len(ALL) - 1), contexts, batches), min_size=1, max_size=20))
@settings(deadline=None)
def test_many_points_at_once_are_each_point_alone(points: list[tuple[int, int, int]]) -> None:
    all_models = [find_language_model(name) for name in ALL]
    which, lengths, batch = (list(values) for values in zip(*points, strict=True))
    options = {"embedding": True, "lm_head": True, "nonlinear": True}
    together = decoder_table(all_models, lengths, model_index=which, batch=batch, **options)
    named = decoder_table([all_models[number] for number in which], lengths, batch=batch, **options)
    for point, (number, length, sequences) in enumerate(points):
        alone = decoder_table([all_models[number]], length, batch=sequences, **options)
        assert together.operators(point) == alone.operators() == named.operators(point)
        assert together.tokens[point] == sequences


@given(models, st.integers(1, 500), batches)
def test_monotone_in_context_and_batch(model: LanguageModel, context: int, batch: int) -> None:
    table = decoder_table([model], [context, context + 1, context], batch=[batch, batch, batch + 1])
    macs = table.macs.sum(axis=0)
    assert macs[0] < macs[1]
    assert macs[0] < macs[2]


def test_published_tokens_per_second() -> None:
    """TPU-LLM of the paper: SCALE-Sim's output-stationary cycles, 32 x 32, 100 MHz, one operator after the other."""
    printed: Mapping[str, tuple[float, ...]] = {
        "gpt2-350m": (18.72, 13.54, 6.95),
        "opt-1.3b": (2.55, 2.31, 1.74),
        "opt-6.7b": (0.49, 0.47, 0.41),
    }
    chosen = [published_variant(find_language_model(name)) for name in printed]
    which, lengths = mesh(chosen, [128, 1024, 4096])
    table = decoder_table(chosen, lengths, model_index=which)
    folds = -(-table.m // 32) * -(-table.n // 32)
    cycles = (table.count * (folds * (table.k + 32 + 32 - 2) - 1)).sum(axis=0)
    assert np.round(1e8 / cycles, 2).tolist() == [value for values in printed.values() for value in values]


def test_mesh_is_every_pair() -> None:
    chosen = [find_language_model(name) for name in ("gpt2", "opt-125m", "llama-7b")]
    which, lengths = mesh(chosen, [1, 2])
    assert list(zip(which.tolist(), lengths.tolist(), strict=True)) == [(m, c) for m in range(3) for c in (1, 2)]


def test_widths_per_operator() -> None:
    widths = Widths(
        weight_bits=2, activation_bits=6, kv_bits=4, result_bits=16, operators={"down": OperatorWidths(matrix_bits=3)}
    )
    table = decoder_table([find_language_model("opt-125m")], 10, widths=widths)
    bits = {item.name: (item.matrix_bits, item.vector_bits, item.result_bits) for item in table.operators()}
    assert bits == {
        "query": (2, 6, 16), "key": (2, 6, 4), "value": (2, 6, 4), "output": (2, 6, 16), "up": (2, 6, 16),
        "down": (3, 6, 16), "scores": (4, 6, 16), "mix": (4, 6, 16),
    }  # fmt: skip


def test_default_widths_are_those_of_the_paper() -> None:
    bits = {item.role: (item.matrix_bits, item.vector_bits) for item in
            decoder_table([find_language_model("opt-125m")], 10).operators()}  # fmt: skip
    assert bits == {"projection": (1, 8), "attention": (8, 8)}


def test_options_add_operators_and_change_no_others() -> None:
    model = find_language_model("gpt2-small")
    plain = decoder_table([model], 10, batch=2)
    full = decoder_table([model], 10, batch=2, embedding=True, lm_head=True, nonlinear=True)
    assert full.operators()[: len(plain.names)] == plain.operators()
    assert full.names[len(plain.names) :] == (
        "softmax", "normalisation", "activation", "embedding", "position", "lm_head",
    )  # fmt: skip
    extra = {item.name: item for item in full.operators()}
    assert (extra["lm_head"].m, extra["lm_head"].k, extra["lm_head"].n) == (50257, 768, 2)
    assert extra["lm_head"].macs == 50257 * 768 * 2
    assert {extra[name].macs for name in ("softmax", "normalisation", "activation", "embedding", "position")} == {0}
    # One row of an 8-bit embedding and one of positions for each of two tokens.
    assert full.matrix_bytes[row(full, "embedding")] == full.matrix_bytes[row(full, "position")] == 2 * 768
    elements = full.result_bytes[[row(full, name) for name in ("softmax", "normalisation", "activation")], 0]
    assert elements.tolist() == [2 * 12 * 12 * 10, 2 * 2 * 12 * 768, 2 * 12 * 3072]
    assert full.matrix_bytes[row(full, "softmax")] == 0


def test_lm_head_of_a_prompt_sees_its_last_token() -> None:
    table = decoder_table(
        [find_language_model("gpt2-small")], 10, batch=2, phase="prefill", lm_head=True, embedding=True
    )
    assert column(table, "lm_head", "n") == 2
    assert column(table, "embedding", "count") == 20


def test_an_embedding_of_its_own_width_is_joined() -> None:
    chosen = [find_language_model("opt-350m"), find_language_model("opt-125m")]
    table = decoder_table(chosen, 10, embedding=True, lm_head=True)
    first, second = ({item.name: item for item in table.operators(point)} for point in (0, 1))
    assert (first["project_in"].m, first["project_in"].k) == (1024, 512)
    assert (first["project_out"].m, first["project_out"].k) == (512, 1024)
    assert (first["lm_head"].k, second["lm_head"].k) == (512, 768)
    assert "project_in" not in second


@pytest.mark.parametrize(
    ("name", "context", "message"),
    [
        ("opt-6.7b", 4097, "context 4097 of opt-6.7b: accepted: 1..4096 "
         "(its positions end at 2048; publications evaluate it to 4096)"),
        ("gpt2-350m", 10**6, "context 1000000 of gpt2-350m: accepted: 1..4096 "
         "(its positions end at 1024; publications evaluate it to 4096)"),
        ("opt-13b", 2049, "context 2049 of opt-13b: accepted: 1..2048"),
    ],
)  # fmt: skip
def test_context_beyond_the_model(name: str, context: int, message: str) -> None:
    model = find_language_model(name)
    with pytest.raises(RequestError) as caught:
        decoder_table([model], context)
    hint = "choose a shorter context or a model with more positions, or lift the limit with --beyond-context"
    assert str(caught.value) == f"{message}\n  {hint}"
    assert caught.value.exit_code == 2
    assert decoder_table([model], context, beyond_context=True).m.max() >= context
    assert decoder_table([model], model.context_accepted).points == 1


def test_contexts_beyond_are_listed_by_model() -> None:
    chosen = [find_language_model("opt-13b"), find_language_model("gpt2-small"), find_language_model("llama3-8b")]
    with pytest.raises(RequestError) as caught:
        decoder_table(chosen, [3000, 4000, 4000])
    assert caught.value.message == (
        "context 3000 of opt-13b: accepted: 1..2048\ncontext 4000 of gpt2-small: accepted: 1..1024"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"contexts": 0}, "contexts: 0; accepted: whole numbers in 1..2147483647"),
        ({"contexts": [5, -7]}, "contexts: -7; accepted: whole numbers in 1..2147483647"),
        ({"contexts": 1.5}, "contexts: 1.5; accepted: whole numbers in 1..2147483647"),
        ({"contexts": True}, "contexts: True; accepted: whole numbers in 1..2147483647"),
        ({"contexts": []}, "contexts: nothing; accepted: whole numbers in 1..2147483647"),
        ({"contexts": 10**30}, "contexts: 1000000000000000000000000000000; accepted: whole numbers in 1..2147483647"),
        ({"batch": 0}, "batch: 0; accepted: whole numbers in 1..1048576"),
        ({"batch": "2"}, "batch: 2; accepted: whole numbers in 1..1048576"),
        ({"phase": "train"}, "phase: 'train'; accepted: decode, prefill"),
        ({"masked": "half"}, "masked: 'half'; accepted: computed, skipped"),
        ({"contexts": [1, 2, 3], "batch": [1, 2]}, "1 models, 3 contexts, 2 batch; accepted: equal lengths, or 1"),
        ({"model_index": [1]}, "model_index: accepted: whole numbers in 0..0, one per point"),
        ({"models": []}, "models: none given"),
        (
            {"contexts": 2**31 - 1, "batch": 2**20, "phase": "prefill", "beyond_context": True},
            "an operator of 4.46e+28 multiply-accumulates or elements; accepted: up to 4.61e+18",
        ),
    ],
)
def test_arguments_that_are_none(arguments: dict[str, object], message: str) -> None:
    given_arguments = {"models": [find_language_model("opt-125m")], "contexts": 10} | arguments
    with pytest.raises(RequestError) as caught:
        decoder_table(**given_arguments)  # type: ignore[arg-type]
    assert caught.value.message == message


def test_lm_head_needs_a_vocabulary() -> None:
    from dataclasses import replace

    model = replace(find_language_model("opt-125m"), vocabulary=0)
    assert decoder_table([model], 10).points == 1
    with pytest.raises(RequestError, match="embedding and LM head need the vocabulary, which opt-125m does not say"):
        decoder_table([model], 10, lm_head=True)


@pytest.mark.parametrize("bits", [0, -1, 65, 1.5, True])
def test_widths_that_are_none(bits: object) -> None:
    with pytest.raises(RequestError) as caught:
        Widths(kv_bits=bits)  # type: ignore[arg-type]
    assert caught.value.message == f"widths: kv_bits={bits!r}; accepted: whole numbers in 1..64"
    with pytest.raises(RequestError) as caught:
        OperatorWidths(vector_bits=bits)  # type: ignore[arg-type]
    assert caught.value.message == f"operator widths: vector_bits={bits!r}; accepted: whole numbers in 1..64"


def test_widths_of_an_operator_that_does_not_exist() -> None:
    widths = Widths(operators={"downn": OperatorWidths(matrix_bits=3)})
    with pytest.raises(RequestError) as caught:
        decoder_table([find_language_model("opt-125m")], 10, widths=widths)
    assert caught.value.message == (
        "widths of 'downn': no such operator; accepted: query, key, value, output, up, gate, down, scores, mix, "
        "softmax, normalisation, activation, embedding, position, project_in, project_out, lm_head"
    )


def test_columns_are_whole_numbers_of_one_shape() -> None:
    table = decoder_table([find_language_model("opt-125m")], np.arange(1, 50), nonlinear=True)
    assert {getattr(table, name).dtype.name for name in COLUMNS} == {"int64"}
    assert {getattr(table, name).shape for name in COLUMNS} == {(len(table.names), 49)}
