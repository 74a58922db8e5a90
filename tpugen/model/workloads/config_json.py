"""A language model from the config.json that Hugging Face models ship with."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpugen.errors import RequestError
from tpugen.model.workloads.language_model import Activation, LanguageModel, size_violations
from tpugen.user_files import read_bytes

__all__ = ["CONFIG_FIELDS", "MODEL_TYPES", "language_model_from_config"]

CONFIG_FIELDS: Mapping[str, tuple[str, ...]] = {
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "d_model": ("hidden_size", "n_embd", "d_model"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv"),
    "head_dim": ("head_dim",),
    "d_ff": ("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size", "d_ff"),
    "vocabulary": ("vocab_size",),
    "context_max": ("max_position_embeddings", "n_positions", "n_ctx", "seq_length", "max_seq_len"),
    "embedding_dim": ("word_embed_proj_dim",),
    "attention_window": ("sliding_window",),
}
"""Fields of `LanguageModel` and the keys that a config.json may hold them under, the most usual first."""

_NEEDED = ("layers", "d_model", "heads")

_ACTIVATION_KEYS = ("hidden_act", "activation_function", "hidden_activation", "activation")
_ACTIVATIONS: Mapping[str, Activation] = {
    "relu": "relu", "relu2": "relu2", "silu": "silu", "swish": "silu", "gelu": "gelu", "gelu_new": "gelu",
    "gelu_fast": "gelu", "gelu_pytorch_tanh": "gelu", "quick_gelu": "gelu",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a model_type implies and its config.json need not say.

    Attributes:
        gated: Whether the feed-forward network has a gate.
        activation: Of the type's own code.
        ratio: d_ff / d_model where d_ff is not given; 0: d_ff is needed.
        tied: Whether the LM head is the embedding unless the file says otherwise.
        positions: Whether positions are learnt.
    """

    gated: bool
    activation: Activation
    ratio: int = 0
    tied: bool = False
    positions: bool = False


_LLAMA_LIKE = _Kind(gated=True, activation="silu")

MODEL_TYPES: Mapping[str, _Kind] = {
    "gpt2": _Kind(gated=False, activation="gelu", ratio=4, tied=True, positions=True),
    "opt": _Kind(gated=False, activation="relu", tied=True, positions=True),
    "llama": _LLAMA_LIKE,
    "mistral": _LLAMA_LIKE,
    "qwen2": _LLAMA_LIKE,
    "qwen3": _LLAMA_LIKE,
    "bitnet": _Kind(gated=True, activation="relu2"),
    "falcon": _Kind(gated=False, activation="gelu", ratio=4, tied=True),
    "gpt_neox": _Kind(gated=False, activation="gelu"),
    "gptj": _Kind(gated=False, activation="gelu", ratio=4),
    "bloom": _Kind(gated=False, activation="gelu", ratio=4, tied=True),
    "phi": _Kind(gated=False, activation="gelu"),
    "phi3": _LLAMA_LIKE,
    "stablelm": _LLAMA_LIKE,
    "olmo": _LLAMA_LIKE,
    "granite": _LLAMA_LIKE,
    "smollm3": _LLAMA_LIKE,
    "gemma": _Kind(gated=True, activation="gelu", tied=True),
    "starcoder2": _Kind(gated=False, activation="gelu", tied=True),
}
"""Values of `model_type` that are understood."""


def language_model_from_config(path: str | Path) -> LanguageModel:
    """The model that a Hugging Face config.json describes.

    Keys go by the spellings of `CONFIG_FIELDS`. Needed: layers, width, heads, and the feed-forward width where the
    model type does not fix it to four times the width (GPT-2, GPT-J, Falcon, BLOOM). Without a `model_type` it is read
    off the keys: `n_embd` means gpt2, `ffn_dim` opt, `intermediate_size` llama.

    Args:
        path: The file, or the folder that holds it.

    Raises:
        RequestError: if the file cannot be read, is not a JSON object, or describes no model: every violation is
            listed with the key and what is accepted.
    """
    # os.path.isdir, since Path.is_dir raises for names too long for a file.
    file = Path(path) / "config.json" if os.path.isdir(path) else Path(path)  # noqa: PTH112
    config = _read(file)
    name = str(config.get("_name_or_path") or "").strip("/").rsplit("/", 1)[-1] or file.resolve().parent.name
    found: list[str] = []
    family, kind = _kind(config, found)
    values, spelled = _sizes(config, family, kind, found)
    found += size_violations(values, spelled)
    activation = _activation(config, kind, found)
    tied = _tied(config, kind, found)
    if found:
        lines = "\n".join(f"  - {line}" for line in found)
        raise RequestError(f"{file} describes no model that can be evaluated:\n{lines}")
    sizes = {key: value for key, value in values.items() if isinstance(value, int)}
    d_model, heads = sizes["d_model"], sizes["heads"]
    embedding_dim = sizes.get("embedding_dim", 0)
    return LanguageModel(
        name=name,
        family=family,
        layers=sizes["layers"],
        d_model=d_model,
        heads=heads,
        kv_heads=sizes.get("kv_heads", heads),
        head_dim=sizes.get("head_dim", d_model // heads),
        d_ff=sizes["d_ff"],
        gated=kind.gated,
        vocabulary=sizes.get("vocabulary", 0),
        context_max=sizes.get("context_max", 0),
        tied_embeddings=tied,
        source=str(file),
        activation=activation,
        learned_positions=kind.positions,
        embedding_dim=0 if embedding_dim == d_model else embedding_dim,
        attention_window=sizes.get("attention_window", 0),
    )


def _read(file: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(read_bytes(file).decode("utf-8"))
    except OSError as error:
        raise RequestError(
            f"cannot read {file}: {error.strerror or error}",
            hint="give the config.json of a Hugging Face model, or its folder",
        ) from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RequestError(f"{file} is not JSON: {error}", hint="expected a Hugging Face config.json") from None
    if not isinstance(config, dict):
        raise RequestError(f"{file} holds {type(config).__name__}, not a JSON object of settings")
    # Models of text and images keep the language model's settings under a key of their own.
    inner = config.get("text_config")
    return inner if isinstance(inner, dict) and not _present(config, "d_model") else config


def _present(config: Mapping[str, Any], field: str) -> str | None:
    """The key that holds the field; null counts as absent."""
    return next((key for key in CONFIG_FIELDS[field] if config.get(key) is not None), None)


def _kind(config: Mapping[str, Any], found: list[str]) -> tuple[str, _Kind]:
    family = config.get("model_type")
    if family is None:
        by_key = {"n_embd": "gpt2", "ffn_dim": "opt", "intermediate_size": "llama"}
        family = next((kind for key, kind in by_key.items() if key in config), None)
        if family is None:
            found.append(f"model_type: missing; accepted: {', '.join(MODEL_TYPES)}")
    elif not isinstance(family, str) or family not in MODEL_TYPES:
        found.append(f"model_type: {family!r}; accepted: {', '.join(MODEL_TYPES)}")
        family = None
    return (family, MODEL_TYPES[family]) if family is not None else ("", _LLAMA_LIKE)


def _sizes(
    config: Mapping[str, Any], family: str, kind: _Kind, found: list[str]
) -> tuple[dict[str, object], dict[str, str]]:
    """The sizes as the file has them, and the keys they stand under."""
    spelled = {field: key for field in CONFIG_FIELDS if (key := _present(config, field))}
    values: dict[str, object] = {field: config[key] for field, key in spelled.items()}
    for field in (*_NEEDED, *(() if kind.ratio else ("d_ff",))):
        if field not in spelled:
            found.append(f"{CONFIG_FIELDS[field][0]}: missing; accepted: a positive whole number{_others(field)}")
    d_model = values.get("d_model")
    if kind.ratio and "d_ff" not in values and isinstance(d_model, int) and d_model > 0:
        values["d_ff"] = kind.ratio * d_model
    if family == "falcon" and not config.get("new_decoder_architecture", False):
        # Falcon's first design: one key and value head for all, unless multi_query is switched off.
        values.pop("kv_heads", None)
        if config.get("multi_query", True):
            values["kv_heads"] = 1
    if config.get("use_sliding_window") is False:
        values.pop("attention_window", None)
    return values, spelled


def _others(field: str) -> str:
    others = CONFIG_FIELDS[field][1:]
    return f" (also read: {', '.join(others)})" if others else ""


def _activation(config: Mapping[str, Any], kind: _Kind, found: list[str]) -> Activation:
    key = next((key for key in _ACTIVATION_KEYS if config.get(key) is not None), None)
    if key is None:
        return kind.activation
    value = config[key]
    if not isinstance(value, str) or value not in _ACTIVATIONS:
        found.append(f"{key}: {value!r}; accepted: {', '.join(_ACTIVATIONS)}")
        return kind.activation
    return _ACTIVATIONS[value]


def _tied(config: Mapping[str, Any], kind: _Kind, found: list[str]) -> bool:
    tied = config.get("tie_word_embeddings", kind.tied)
    if not isinstance(tied, bool):
        found.append(f"tie_word_embeddings: {tied!r}; accepted: true, false")
        return kind.tied
    return tied
