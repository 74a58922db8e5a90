"""The dimensions of a decoder layer, and the names and shapes of its weight matrices.

Names follow PIM-LLM (arXiv 2504.01994, section III): `W_Q`, `W_K`, `W_V` and `W_X` (output) of the attention, `W_I` and
`W_O` of the feed-forward network; a gated network (LLaMA, BitNet b1.58) has `W_G` beside `W_I`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tpugen.errors import SpecError

__all__ = ["Activation", "LayerShape", "MatrixName", "Norm", "WeightKind"]

Norm = Literal["rms_norm", "layer_norm"]
Activation = Literal["gelu", "relu2"]
WeightKind = Literal["ternary", "binary"]
"""`ternary`: -1, 0, +1 (W1.58A8, BitNet b1.58); `binary`: -1, +1 (W1A8, BitNet)."""
MatrixName = Literal["W_Q", "W_K", "W_V", "W_X", "W_G", "W_I", "W_O"]

_CONTEXT_MAX = 1 << 16
"""Longest row of weights: its sum stays within 24 bits, and its products with values within an int32 accumulator."""
_D_MAX = 1 << 14
"""Longest vector that the norms take."""
_D_FF_MAX = 1 << 16
"""Longest row of a matrix: 2^16 products of 8 bits and a sign stay far inside an int32 accumulator."""


@dataclass(frozen=True)
class LayerShape:
    """A pre-norm decoder layer.

    Attributes:
        d: Width of the residual stream.
        heads: Query heads; each is `d / heads` wide.
        d_ff: Width of the feed-forward network.
        context: Positions that the KV cache holds.
        kv_heads: Key and value heads, shared by groups of query heads (GQA); None is as many as `heads`.
        gated: Whether the feed-forward network is gated: h = activation(g) * u, else h = activation(u).
        norm: `rms_norm` or `layer_norm` (the latter with biases).
        activation: Of the feed-forward network.
        weights: `ternary` or `binary`.

    Raises:
        SpecError: dimensions that do not go together, all of them listed.
    """

    d: int
    heads: int
    d_ff: int
    context: int
    kv_heads: int | None = None
    gated: bool = False
    norm: Norm = "rms_norm"
    activation: Activation = "gelu"
    weights: WeightKind = "ternary"

    def __post_init__(self) -> None:
        if violations := [*self._ranges(), *self._divisions(), *self._choices()]:
            noun = "violation" if len(violations) == 1 else "violations"
            listed = "\n".join(f"  - {violation}" for violation in violations)
            raise SpecError(f"the decoder layer is not legal ({len(violations)} {noun}):\n{listed}")

    @property
    def key_heads(self) -> int:
        """Key and value heads."""
        return self.heads if self.kv_heads is None else self.kv_heads

    @property
    def d_head(self) -> int:
        """Width of a head."""
        return self.d // self.heads

    @property
    def group(self) -> int:
        """Query heads that share one key head."""
        return self.heads // self.key_heads

    @property
    def matrices(self) -> Mapping[MatrixName, tuple[int, int]]:
        """Shape (inputs, outputs) of each weight matrix, in the order in which a token meets them."""
        d_kv = self.key_heads * self.d_head
        gate: dict[MatrixName, tuple[int, int]] = {"W_G": (self.d, self.d_ff)} if self.gated else {}
        return {
            "W_Q": (self.d, self.d),
            "W_K": (self.d, d_kv),
            "W_V": (self.d, d_kv),
            "W_X": (self.d, self.d),
            **gate,
            "W_I": (self.d, self.d_ff),
            "W_O": (self.d_ff, self.d),
        }

    def _ranges(self) -> list[str]:
        ranges = {"d": _D_MAX, "heads": self.d, "d_ff": _D_FF_MAX, "context": _CONTEXT_MAX}
        if self.kv_heads is not None:
            ranges["kv_heads"] = self.heads
        return [
            f"{name}: {value} is not legal; legal: 1..{high}; {max(1, min(value, high))} would work"
            for name, high in ranges.items()
            if not 1 <= (value := getattr(self, name)) <= high
        ]

    def _divisions(self) -> list[str]:
        found = []
        if self.heads > 0 and self.d > 0 and self.d % self.heads:
            works = self.d - self.d % self.heads or self.heads
            legal = f"legal: multiples of {self.heads}"
            found.append(f"d: {self.d} does not divide into {self.heads} heads; {legal}; {works} would work")
        if self.heads > 0 and 0 < self.key_heads <= self.heads and self.heads % self.key_heads:
            works = max(n for n in range(1, self.key_heads) if self.heads % n == 0)
            legal = f"legal: divisors of {self.heads}"
            found.append(
                f"kv_heads: {self.heads} heads do not share {self.key_heads} evenly; {legal}; {works} would work"
            )
        return found

    def _choices(self) -> list[str]:
        choices = {"norm": Norm, "activation": Activation, "weights": WeightKind}
        return [
            f"{name}: {getattr(self, name)!r} is not legal; legal: {', '.join(get_args(legal))}"
            for name, legal in choices.items()
            if getattr(self, name) not in get_args(legal)
        ]
