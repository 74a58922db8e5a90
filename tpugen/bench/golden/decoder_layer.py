"""A pre-norm decoder layer once more, in plain integers: one token after another, with a KV cache.

n1 = norm(x); q, k, v = int8(W n1); context = attention over the cache; x1 = x + W_X context; n2 = norm(x1);
h = activation(W_I n2), or activation(W_G n2) * (W_I n2); x2 = x1 + W_O h. Every W takes 127ths of its vector's greatest
magnitude (BitNet, arXiv 2310.11453), sits on crossbars, and its sums are scaled by vector and matrix. Sums of the
residual stream saturate at 16 bits. Split between crossbars and array: PIM-LLM (arXiv 2504.01994).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tpugen.bench.golden.crossbars import Crossbars, Reading
from tpugen.bench.golden.layer_settings import LayerSettings
from tpugen.bench.golden.layer_units import (
    absmax,
    attention_weights,
    gelu,
    layer_norm,
    limited,
    mean_of_values,
    rescaled,
    rms_norm,
    squared_relu,
)
from tpugen.spec import PimLlmSpec

__all__ = ["DecoderLayer", "Token"]


@dataclass
class Token:
    """What becomes of one token.

    Attributes:
        position: In the KV cache.
        numbers: Every operator's result by name, in order; `x` and `x2` are what goes in and what comes out.
        readings: What each matrix's tile gave.
    """

    position: int
    numbers: dict[str, list[int]] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)


class DecoderLayer:
    """A layer and its KV cache.

    Args:
        spec: The design.
        settings: Constants; what it has not settled yet is settled by the first token.
        tiles: Programmed crossbars by matrix.
    """

    def __init__(self, spec: PimLlmSpec, settings: LayerSettings, tiles: Mapping[str, Crossbars]) -> None:
        self._spec = spec
        self._settings = settings
        self._tiles = tiles
        self._keys: list[list[int]] = []
        self._values: list[list[int]] = []

    def run(self, x: Sequence[int], position: int) -> Token:
        """One token; a position before the last one forgets what came after it.

        Args:
            x: int16, d numbers.
            position: Not beyond the number of positions kept.
        """
        token = Token(position)
        seen = token.numbers
        seen["x"] = list(x)
        seen["n1"] = self._norm(0, x)
        q, k, v = (self._project(token, name, seen["n1"], 8) for name in ("W_Q", "W_K", "W_V"))
        self._keys[position:], self._values[position:] = [k], [v]
        seen["context"] = self._attend(token, q)
        o = self._project(token, "W_X", seen["context"], 16)
        seen["x1"] = [limited(a + b, 16) for a, b in zip(x, o, strict=True)]
        seen["n2"] = self._norm(1, seen["x1"])
        seen["h"] = self._hidden(token, seen["n2"])
        y = self._project(token, "W_O", seen["h"], 16)
        seen["x2"] = [limited(a + b, 16) for a, b in zip(seen["x1"], y, strict=True)]
        return token

    def _norm(self, which: int, x: Sequence[int]) -> list[int]:
        norm = self._settings.norms[which]
        if self._spec.norm == "layer_norm":
            return layer_norm(x, norm.gains, norm.biases, norm.fraction_bits)
        return rms_norm(x, norm.gains, norm.fraction_bits)

    def _project(self, token: Token, name: str, vector: Sequence[int], bits: int) -> list[int]:
        inputs, scale = absmax(vector)
        reading = self._tiles[name].read(inputs)
        factor = self._settings.factor(name, scale * max(abs(total) for total in reading.sums))
        results = [rescaled(total * scale, factor.multiplier, factor.shift, bits) for total in reading.sums]
        token.readings[name] = reading
        token.numbers |= {f"{name} in": inputs, f"{name} scale": [scale], f"{name} out": results}
        return results

    def _attend(self, token: Token, q: Sequence[int]) -> list[int]:
        """Contexts of all heads; heads of a group share a key head."""
        width = self._spec.d // self._spec.heads
        group = self._spec.heads // self._spec.kv_heads
        contexts: list[int] = []
        for head in range(self._spec.heads):
            query = q[head * width : (head + 1) * width]
            first = head // group * width
            scores = [sum(a * b for a, b in zip(query, key[first:], strict=False)) for key in self._keys]
            factor = self._settings.factor("softmax", max(abs(score) for score in scores))
            weights = attention_weights(scores, factor.multiplier, factor.shift)
            token.numbers |= {f"scores {head}": scores, f"weights {head}": weights}
            for place in range(first, first + width):
                contexts.append(mean_of_values(weights, [value[place] for value in self._values]))
        return contexts

    def _hidden(self, token: Token, vector: Sequence[int]) -> list[int]:
        if not self._spec.gated:
            return self._activated(self._project(token, "W_I", vector, 16))
        gate = self._activated(self._project(token, "W_G", vector, 16))
        values = self._project(token, "W_I", vector, 16)
        products = [a * b for a, b in zip(gate, values, strict=True)]
        shift = self._settings.shift("gate", max(abs(product) for product in products))
        return [rescaled(product, 1, shift, 16) for product in products]

    def _activated(self, values: Sequence[int]) -> list[int]:
        if self._spec.activation == "gelu":
            return [gelu(value) for value in values]
        shift = self._settings.shift("activation", max(0, *values) ** 2)
        return [squared_relu(value, shift) for value in values]
