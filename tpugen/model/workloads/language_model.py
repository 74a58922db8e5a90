"""The shape of a decoder-only language model: the sizes that its matrix products follow from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from tpugen.errors import RequestError

__all__ = [
    "ACTIVATIONS",
    "CONTEXT_LIMIT",
    "SIZE_LIMIT",
    "Activation",
    "LanguageModel",
    "published_variant",
    "size_violations",
]

Activation = Literal["relu", "relu2", "gelu", "silu"]
"""Activation function of the feed-forward network; tanh approximations of GELU count as `gelu`."""

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)

SIZE_LIMIT = 2**24
"""Largest layer count, width or vocabulary; beyond it a size is taken for a typing error."""

CONTEXT_LIMIT = 2**31 - 1
"""Largest context length."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Sizes of a decoder-only transformer.

    One layer holds the projections `query` (`heads * head_dim` x `d_model`), `key` and `value`
    (`kv_heads * head_dim` x `d_model`), `output` (`d_model` x `heads * head_dim`), `up` (`d_ff` x `d_model`), with a
    gated feed-forward network also `gate` (as `up`), and `down` (`d_model` x `d_ff`).

    Attributes:
        name: What users call it.
        family: `gpt2`, `opt`, `llama`, `bitnet`, ...; the `model_type` of a config.json.
        layers: Decoder layers.
        d_model: Width of the residual stream.
        heads: Query heads.
        kv_heads: Key and value heads; `heads` without grouped-query attention, 1 with multi-query attention.
        head_dim: Width of a head, `d_model / heads` in most models.
        d_ff: Width of the feed-forward network.
        gated: Whether the feed-forward network has a third matrix, `gate`.
        vocabulary: Rows of the embedding; 0 where unknown.
        context_max: Longest context that the model's positions allow; 0 where unknown.
        tied_embeddings: Whether the LM head is the embedding's matrix.
        source: Where the sizes come from.
        activation: Of the feed-forward network.
        learned_positions: Whether a token also looks up a learnt position.
        embedding_dim: Width of an embedding's row where it differs from `d_model` (OPT-350M), else 0.
        attention_window: Tokens that a sliding attention window spans; 0 where attention is full.
        context_published: Longest context that a publication evaluates the model at although its positions end
            before; 0 where none does.

    Raises:
        RequestError: lists every size that is not legal.
    """

    name: str
    family: str
    layers: int
    d_model: int
    heads: int
    kv_heads: int
    head_dim: int
    d_ff: int
    gated: bool
    vocabulary: int
    context_max: int
    tied_embeddings: bool
    source: str
    activation: Activation = "gelu"
    learned_positions: bool = False
    embedding_dim: int = 0
    attention_window: int = 0
    context_published: int = 0

    def __post_init__(self) -> None:
        found = size_violations({name: getattr(self, name) for name in _LEAST})
        if self.activation not in ACTIVATIONS:
            found.append(f"activation: {self.activation!r}; accepted: {', '.join(ACTIVATIONS)}")
        if found:
            raise RequestError(f"language model {self.name!r} is not legal:\n" + "\n".join(f"  - {x}" for x in found))

    @property
    def group(self) -> int:
        """Query heads that share a key and value head."""
        return self.heads // self.kv_heads

    @property
    def embedding_width(self) -> int:
        """Elements of an embedding's row."""
        return self.embedding_dim or self.d_model

    @property
    def projection_weights(self) -> int:
        """Weights of the projections of all layers."""
        attention = 2 * self.d_model * self.head_dim * (self.heads + self.kv_heads)
        return self.layers * (attention + (3 if self.gated else 2) * self.d_model * self.d_ff)

    @property
    def embedding_weights(self) -> int:
        """Weights of embedding, learnt positions, LM head and what joins them to `d_model`; 0 if unknown."""
        tables = self.vocabulary * self.embedding_width * (1 if self.tied_embeddings else 2)
        positions = self.context_max * self.d_model if self.learned_positions else 0
        return tables + positions + (2 * self.embedding_dim * self.d_model)

    @property
    def context_accepted(self) -> int:
        """Longest context taken without being told: the model's own, or a publication's; 0: any."""
        return max(self.context_max, self.context_published) if self.context_max else 0

    def context_remark(self, context: int) -> str:
        """What to tell a user who asks for a context at which the model was not trained; empty otherwise."""
        if not self.context_max or context <= self.context_max:
            return ""
        known = "; publications evaluate it all the same" if context <= self.context_published else ""
        return f"context {context} is beyond the {self.context_max} positions of {self.name}{known}"


_LEAST: Mapping[str, int] = {
    "layers": 1, "d_model": 1, "heads": 1, "kv_heads": 1, "head_dim": 1, "d_ff": 1,
    "vocabulary": 0, "context_max": 0, "embedding_dim": 0, "attention_window": 0, "context_published": 0,
}  # fmt: skip


def size_violations(values: Mapping[str, object], spelled: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with a model's sizes: one line per violation, naming the field and what is accepted.

    Args:
        values: Some of the fields of `LanguageModel`; absent ones are not looked at, `head_dim` absent means
            `d_model / heads`.
        spelled: How the user's file calls a field.
    """
    name_of = {name: (spelled or {}).get(name, name) for name in _LEAST}
    good: dict[str, int] = {}
    found = []
    for name, value in values.items():
        most = CONTEXT_LIMIT if name.startswith("context") or name == "attention_window" else SIZE_LIMIT
        if isinstance(value, bool) or not isinstance(value, int) or not _LEAST[name] <= value <= most:
            found.append(f"{name_of[name]}: {_short(value)}; accepted: a whole number in {_LEAST[name]}..{most}")
        else:
            good[name] = value
    heads, kv_heads, d_model = (good.get(name) for name in ("heads", "kv_heads", "d_model"))
    if heads and kv_heads and heads % kv_heads:
        found.append(
            f"{name_of['kv_heads']}: {kv_heads} does not divide {name_of['heads']}={heads}; "
            f"accepted: a divisor, such as {_near_divisor(heads, kv_heads)}"
        )
    if heads and d_model and "head_dim" not in values and d_model % heads:
        found.append(
            f"{name_of['heads']}: {heads} does not divide {name_of['d_model']}={d_model}; "
            f"accepted: a divisor, such as {_near_divisor(d_model, heads)}, or a head_dim of its own"
        )
    return found


def published_variant(model: LanguageModel) -> LanguageModel:
    """The model as the PIM-LLM paper ran it (arXiv 2504.01994; the quirks follow from its printed tokens/s).

    GPT-2 with a feed-forward network as wide as the model (`d_ff = d_model`, the real ratio is 4), LLaMA with two
    feed-forward matrices (`up` and `down`; the real one has `gate`, too). Other families ran as they are. Doing it
    twice changes nothing. The paper's contexts (to 4096) need no variant: see `LanguageModel.context_published`.
    """
    if model.family == "gpt2":
        return replace(model, d_ff=model.d_model, source=_as_run(model, "d_ff = d_model"))
    if model.family == "llama" and model.gated:
        return replace(model, gated=False, source=_as_run(model, "two feed-forward matrices"))
    return model


def _as_run(model: LanguageModel, quirk: str) -> str:
    note = f"as run in arXiv 2504.01994: {quirk}"
    return model.source if note in model.source else f"{model.source}; {note}"


def _near_divisor(number: int, wanted: int) -> int:
    small = [divisor for divisor in range(1, int(number**0.5) + 1) if number % divisor == 0]
    return min((*small, *(number // divisor for divisor in small)), key=lambda divisor: abs(divisor - wanted))


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."
