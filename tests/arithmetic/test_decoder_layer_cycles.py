"""Cycles of a token's operators: by hand, for large layers, and refusals; simulation meets them elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.arithmetic.decoder_layer import CrossbarOptions, LayerShape, MatrixName
from tpugen.arithmetic.decoder_layer.cycles import operator_cycles
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.tpu import TpuShape
from tpugen.errors import RequestError

ARRAY = TpuShape(32, 32, 256)
CROSSBARS = CrossbarOptions(adc_bits=6, columns_per_adc=8)
LAYER = LayerShape(d=64, heads=4, d_ff=128, context=16)


def test_an_operator_at_a_time_by_hand() -> None:
    cycles = operator_cycles(LAYER, ARRAY, CROSSBARS, 0)
    attention = (Operator.SCORES, Operator.SOFTMAX, Operator.CONTEXT)
    assert {operator: count for operator, count in cycles.items() if operator not in attention} == {
        Operator.LOAD: 64,
        Operator.NORM1: 2 * 64 + 41,
        Operator.QUANTISE1: 64 + 9,
        Operator.QUERY: 8 * 8 + 10 + 64,
        Operator.KEY: 64 + 6,
        Operator.VALUE: 64 + 6,
        Operator.QUANTISE2: 20 + 2 * 64 + 9,
        Operator.OUTPUT: 8 * 8 + 10 + 64,
        Operator.RESIDUAL1: 1,
        Operator.NORM2: 2 * 64 + 41,
        Operator.QUANTISE3: 64 + 9,
        Operator.UP: 8 * 8 + 10 + 128,
        Operator.ACTIVATION: 4,
        Operator.QUANTISE4: 128 + 9,
        Operator.DOWN: 8 * 8 + 10 + 64,
        Operator.RESIDUAL2: 1,
        Operator.UNLOAD: 64 + 1,
    }


def test_a_gate_takes_the_first_vector_and_up_finds_its_products_waiting() -> None:
    gated = operator_cycles(replace(LAYER, gated=True, activation="relu2"), ARRAY, CROSSBARS, 0)
    assert gated[Operator.GATE] == 8 * 8 + 10 + 128 + 5
    assert gated[Operator.UP] == 128 + 6
    assert gated[Operator.ACTIVATION] == 5
    assert list(gated) == sorted(gated)


def test_layer_norm_takes_a_little_longer() -> None:
    cycles = operator_cycles(replace(LAYER, norm="layer_norm"), ARRAY, CROSSBARS, 0)
    assert cycles[Operator.NORM1] == cycles[Operator.NORM2] == 1 + 2 * 64 + 58 + 2 * 6


def test_skipped_planes_shorten_the_first_product_of_a_vector() -> None:
    planes: dict[MatrixName, int] = dict.fromkeys(LAYER.matrices, 8)
    assert operator_cycles(LAYER, ARRAY, CROSSBARS, 5, planes) == operator_cycles(LAYER, ARRAY, CROSSBARS, 5)
    fewer = operator_cycles(LAYER, ARRAY, CROSSBARS, 5, {**planes, "W_Q": 3, "W_K": 3, "W_V": 3})
    assert fewer[Operator.QUERY] == 3 * 8 + 10 + 64
    assert sum(fewer.values()) == sum(operator_cycles(LAYER, ARRAY, CROSSBARS, 5).values()) - 5 * 8


def test_the_layer_of_a_network_of_billions() -> None:
    """OPT-6.7B: nothing but attention depends on the position."""
    shape = LayerShape(d=4096, heads=32, d_ff=16384, context=2048)
    cycles = [operator_cycles(shape, ARRAY, CROSSBARS, position) for position in (0, 1023, 2047)]
    changing = {op for op in cycles[0] if len({each[op] for each in cycles}) > 1}
    assert changing == {Operator.SCORES, Operator.SOFTMAX, Operator.CONTEXT}
    assert cycles[0][Operator.DOWN] == 8 * 8 + 10 + 4096
    assert sum(cycles[1].values()) < sum(cycles[2].values())


@given(position=st.integers(0, 14), rows=st.integers(2, 40), cols=st.integers(1, 40))
def test_later_positions_never_take_less(position: int, rows: int, cols: int) -> None:
    array = TpuShape(rows, cols, 16)
    now, then = (sum(operator_cycles(LAYER, array, CROSSBARS, at).values()) for at in (position, position + 1))
    assert now <= then


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(RequestError, match="position 16 is outside a context of 16"):
        operator_cycles(LAYER, ARRAY, CROSSBARS, 16)
    with pytest.raises(RequestError, match="absmax_quantise: a vector of 16385"):
        operator_cycles(replace(LAYER, d_ff=16385), ARRAY, CROSSBARS, 0)
