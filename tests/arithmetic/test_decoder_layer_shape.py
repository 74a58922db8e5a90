"""Dimensions of a decoder layer: what is legal, and what the message says of what is not."""

from __future__ import annotations

from typing import Any

import pytest

from tpugen.arithmetic.decoder_layer import LayerShape
from tpugen.errors import SpecError


def _shape(**changed: Any) -> LayerShape:
    return LayerShape(**{"d": 64, "heads": 4, "d_ff": 128, "context": 16, **changed})


def test_dimensions_that_follow() -> None:
    shape = _shape(kv_heads=2, gated=True)
    assert (shape.d_head, shape.key_heads, shape.group) == (16, 2, 2)
    assert dict(shape.matrices) == {
        "W_Q": (64, 64),
        "W_K": (64, 32),
        "W_V": (64, 32),
        "W_X": (64, 64),
        "W_G": (64, 128),
        "W_I": (64, 128),
        "W_O": (128, 64),
    }


def test_without_a_gate_and_without_shared_keys() -> None:
    shape = _shape()
    assert (shape.key_heads, shape.group) == (4, 1)
    assert "W_G" not in shape.matrices
    assert shape.matrices["W_K"] == (64, 64)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"d": 0}, "d: 0 is not legal; legal: 1..16384; 1 would work"),
        ({"d": 16385, "heads": 5}, "d: 16385 is not legal; legal: 1..16384; 16384 would work"),
        ({"d_ff": 65537}, "d_ff: 65537 is not legal; legal: 1..65536; 65536 would work"),
        ({"context": 0}, "context: 0 is not legal; legal: 1..65536; 1 would work"),
        ({"d": 66}, "d: 66 does not divide into 4 heads; legal: multiples of 4; 64 would work"),
        ({"heads": 65}, "heads: 65 is not legal; legal: 1..64; 64 would work"),
        ({"kv_heads": 3}, "kv_heads: 4 heads do not share 3 evenly; legal: divisors of 4; 2 would work"),
        ({"kv_heads": 8}, "kv_heads: 8 is not legal; legal: 1..4; 4 would work"),
        ({"kv_heads": 0}, "kv_heads: 0 is not legal; legal: 1..4; 1 would work"),
        ({"norm": "batch_norm"}, "norm: 'batch_norm' is not legal; legal: rms_norm, layer_norm"),
        ({"activation": "relu"}, "activation: 'relu' is not legal; legal: gelu, relu2"),
        ({"weights": "int4"}, "weights: 'int4' is not legal; legal: ternary, binary"),
    ],
)
def test_illegal_dimensions_name_what_would_work(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        _shape(**changed)
    assert f"  - {message}" in str(caught.value).split("\n")


@pytest.mark.parametrize("changed", [{"d": 16384}, {"d_ff": 65536}, {"kv_heads": 1}, {"context": 1}, {"d_ff": 1}])
def test_the_ends_of_the_ranges_are_legal(changed: dict[str, Any]) -> None:
    assert _shape(**changed)


def test_every_violation_is_listed() -> None:
    with pytest.raises(SpecError) as caught:
        LayerShape(d=10, heads=4, d_ff=0, context=16, kv_heads=3)
    assert str(caught.value).split("\n") == [
        "the decoder layer is not legal (3 violations):",
        "  - d_ff: 0 is not legal; legal: 1..65536; 1 would work",
        "  - d: 10 does not divide into 4 heads; legal: multiples of 4; 8 would work",
        "  - kv_heads: 4 heads do not share 3 evenly; legal: divisors of 4; 2 would work",
    ]
