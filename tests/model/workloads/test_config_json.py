"""Hugging Face config.json: every family's spellings, and one error that lists all that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tpugen.errors import RequestError
from tpugen.model.workloads import find_language_model, language_model_from_config
from tpugen.model.workloads.config_json import MODEL_TYPES

# The settings that matter, as released with these models.
GPT2 = {
    "model_type": "gpt2", "activation_function": "gelu_new", "n_ctx": 1024, "n_embd": 1024, "n_head": 16,
    "n_layer": 24, "n_positions": 1024, "vocab_size": 50257,
}  # fmt: skip
OPT = {
    "model_type": "opt", "activation_function": "relu", "ffn_dim": 4096, "hidden_size": 1024,
    "max_position_embeddings": 2048, "num_attention_heads": 16, "num_hidden_layers": 24, "vocab_size": 50272,
    "word_embed_proj_dim": 512,
}  # fmt: skip
LLAMA = {
    "model_type": "llama", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336,
    "max_position_embeddings": 8192, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
    "tie_word_embeddings": False, "vocab_size": 128256,
}  # fmt: skip
MISTRAL = {
    "model_type": "mistral", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336,
    "max_position_embeddings": 32768, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
    "sliding_window": 4096, "vocab_size": 32000,
}  # fmt: skip
BITNET = {
    "model_type": "bitnet", "hidden_act": "relu2", "hidden_size": 2560, "intermediate_size": 6912,
    "max_position_embeddings": 4096, "num_attention_heads": 20, "num_hidden_layers": 30, "num_key_value_heads": 5,
    "tie_word_embeddings": True, "vocab_size": 128256,
}  # fmt: skip
QWEN2 = {
    "model_type": "qwen2", "hidden_act": "silu", "hidden_size": 896, "intermediate_size": 4864,
    "max_position_embeddings": 32768, "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2,
    "sliding_window": 32768, "use_sliding_window": False, "tie_word_embeddings": True, "vocab_size": 151936,
}  # fmt: skip
FALCON = {
    "model_type": "falcon", "hidden_size": 4544, "num_attention_heads": 71, "num_hidden_layers": 32,
    "num_kv_heads": 71, "multi_query": True, "new_decoder_architecture": False, "vocab_size": 65024,
}  # fmt: skip


def write(folder: Path, config: Any, name: str = "config.json") -> Path:
    file = folder / name
    file.write_text(config if isinstance(config, str) else json.dumps(config), encoding="utf-8")
    return file


def complaints(folder: Path, config: Any) -> list[str]:
    file = write(folder, config)
    with pytest.raises(RequestError) as caught:
        language_model_from_config(file)
    first, *lines = caught.value.message.split("\n")
    assert first == f"{file} describes no model that can be evaluated:"
    assert caught.value.exit_code == 2
    return [line.removeprefix("  - ") for line in lines]


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (GPT2, "gpt2-350m"),
        (OPT, "opt-350m"),
        (LLAMA, "llama3-8b"),
        (MISTRAL, "mistral-7b"),
        (BITNET, "bitnet-2b4t"),
    ],
)
def test_a_released_config_gives_the_built_in_model(tmp_path: Path, config: dict[str, Any], name: str) -> None:
    built_in, file = find_language_model(name), write(tmp_path, config)
    expected = replace(built_in, name=tmp_path.name, source=str(file), context_published=0)
    assert language_model_from_config(file) == expected
    assert language_model_from_config(tmp_path) == expected
    assert find_language_model(str(file)) == expected
    assert find_language_model(tmp_path) == expected


def test_qwen2_and_a_window_that_is_switched_off(tmp_path: Path) -> None:
    model = language_model_from_config(write(tmp_path, QWEN2))
    assert (model.heads, model.kv_heads, model.head_dim, model.group) == (14, 2, 64, 7)
    assert model.attention_window == 0
    # 494,032,768 parameters are released: these matrices, norms, and biases of query, key and value.
    small = 24 * (2 * 896 + 896 + 2 * 128) + 896
    assert model.projection_weights + model.embedding_weights + small == 494_032_768


def test_falcon_shares_one_key_and_value_head(tmp_path: Path) -> None:
    model = language_model_from_config(write(tmp_path, FALCON))
    assert (model.kv_heads, model.head_dim, model.d_ff, model.gated) == (1, 64, 4 * 4544, False)
    assert model.context_max == model.context_accepted == 0
    own = language_model_from_config(write(tmp_path, FALCON | {"multi_query": False}))
    assert own.kv_heads == 71
    new = FALCON | {"new_decoder_architecture": True, "num_attention_heads": 128, "hidden_size": 8192}
    assert language_model_from_config(write(tmp_path, new | {"num_kv_heads": 8})).kv_heads == 8


def test_a_head_of_its_own_width_need_not_divide(tmp_path: Path) -> None:
    config = LLAMA | {"head_dim": 128, "hidden_size": 5120, "num_attention_heads": 24}
    model = language_model_from_config(write(tmp_path, config))
    assert (model.head_dim, model.heads * model.head_dim, model.d_model) == (128, 3072, 5120)


@pytest.mark.parametrize(("config", "family"), [(GPT2, "gpt2"), (OPT, "opt"), (LLAMA, "llama")])
def test_the_type_can_be_read_off_the_keys(tmp_path: Path, config: dict[str, Any], family: str) -> None:
    bare = {key: value for key, value in config.items() if key != "model_type"}
    given, inferred = (language_model_from_config(write(tmp_path, item)) for item in (config, bare))
    assert inferred == given
    assert inferred.family == family


def test_language_model_inside_a_model_of_images_too(tmp_path: Path) -> None:
    wrapped = language_model_from_config(write(tmp_path, {"model_type": "llava", "text_config": LLAMA}))
    assert wrapped == language_model_from_config(write(tmp_path, LLAMA))


@pytest.mark.parametrize(
    ("config", "key", "others"),
    [
        (LLAMA, "hidden_size", "n_embd, d_model"),
        (LLAMA, "num_hidden_layers", "n_layer, n_layers, num_layers"),
        (LLAMA, "num_attention_heads", "n_head, n_heads, num_heads"),
        (LLAMA, "intermediate_size", "ffn_dim, n_inner, ffn_hidden_size, d_ff"),
        (MISTRAL, "intermediate_size", "ffn_dim, n_inner, ffn_hidden_size, d_ff"),
        (BITNET, "hidden_size", "n_embd, d_model"),
    ],
)
def test_a_needed_field_that_is_missing(tmp_path: Path, config: dict[str, Any], key: str, others: str) -> None:
    expected = [f"{key}: missing; accepted: a positive whole number (also read: {others})"]
    assert complaints(tmp_path, {name: value for name, value in config.items() if name != key}) == expected
    assert complaints(tmp_path, config | {key: None}) == expected


@pytest.mark.parametrize("value", [0, -1, 1.5, "12", True, [12], 2**40])
@pytest.mark.parametrize("key", ["hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"])
def test_sizes_that_are_none(tmp_path: Path, key: str, value: object) -> None:
    first, *rest = complaints(tmp_path, LLAMA | {key: value})
    assert first == f"{key}: {value!r}; accepted: a whole number in 1..16777216"
    assert rest == []


def test_heads_that_do_not_divide(tmp_path: Path) -> None:
    assert complaints(tmp_path, LLAMA | {"num_attention_heads": 30, "num_key_value_heads": 30}) == [
        "num_attention_heads: 30 does not divide hidden_size=4096; accepted: a divisor, such as 32, "
        "or a head_dim of its own"
    ]
    assert complaints(tmp_path, GPT2 | {"n_head": 48}) == [
        "n_head: 48 does not divide n_embd=1024; accepted: a divisor, such as 32, or a head_dim of its own"
    ]
    assert complaints(tmp_path, LLAMA | {"num_key_value_heads": 5}) == [
        "num_key_value_heads: 5 does not divide num_attention_heads=32; accepted: a divisor, such as 4"
    ]


def test_unknown_activation_and_type(tmp_path: Path) -> None:
    assert complaints(tmp_path, LLAMA | {"hidden_act": "tanhshrink"}) == [
        "hidden_act: 'tanhshrink'; accepted: relu, relu2, silu, swish, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, "
        "quick_gelu"
    ]
    (line,) = complaints(tmp_path, LLAMA | {"model_type": "bert"})
    assert line == f"model_type: 'bert'; accepted: {', '.join(MODEL_TYPES)}"
    lines = complaints(tmp_path, {})
    assert lines[0] == f"model_type: missing; accepted: {', '.join(MODEL_TYPES)}"
    assert [line.split(":")[0] for line in lines[1:]] == [
        "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size",
    ]  # fmt: skip


def test_all_violations_come_together(tmp_path: Path) -> None:
    config = {"model_type": "llama", "hidden_size": 0, "num_hidden_layers": -3, "hidden_act": 7, "vocab_size": "many"}
    lines = complaints(tmp_path, config | {"tie_word_embeddings": "yes"})
    assert [line.split(":")[0] for line in lines] == [
        "num_attention_heads", "intermediate_size", "num_hidden_layers", "hidden_size", "vocab_size", "hidden_act",
        "tie_word_embeddings",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "{file} is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[1]", "{file} holds list, not a JSON object of settings"),
        ("[" * 100_000, "{file} is not JSON: "),
    ],
)
def test_files_that_are_no_settings(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(RequestError) as caught:
        language_model_from_config(file)
    assert caught.value.message.startswith(message.format(file=file))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        find_language_model(str(tmp_path / "missing.json"))
    assert str(caught.value) == (
        f"cannot read {tmp_path / 'missing.json'}: No such file or directory\n"
        "  give the config.json of a Hugging Face model, or its folder"
    )
    with pytest.raises(RequestError, match="File name too long"):
        find_language_model("a" * 5000 + ".json")
    (tmp_path / "config.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match="is not JSON"):
        language_model_from_config(tmp_path)


def test_numbers_that_json_should_not_have(tmp_path: Path) -> None:
    text = json.dumps(LLAMA).replace('"num_hidden_layers": 32', '"num_hidden_layers": NaN')
    assert complaints(tmp_path, text) == ["num_hidden_layers: nan; accepted: a whole number in 1..16777216"]
