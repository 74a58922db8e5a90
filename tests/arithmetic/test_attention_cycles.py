"""The closed form of attention's cycles: shapes of published models, limits, and what it is made of."""

from __future__ import annotations

import time

import pytest

from tpugen.arithmetic.decoder_layer import LayerShape
from tpugen.arithmetic.decoder_layer.cycles_attention import attention_cycles
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.tpu import TpuShape, drain_cycles, job_cycles
from tpugen.errors import RequestError

OPT_6_7B = LayerShape(d=4096, heads=32, d_ff=16384, context=2048)
ARRAY = TpuShape(32, 32, 256, unsigned_activations=True)


def test_one_head_by_hand() -> None:
    """A head of 2 elements, 3 positions, an array of 2 x 2: scores 2 tiles of 2 slices, sums a tile of 3 slices."""
    shape, array = LayerShape(d=2, heads=1, d_ff=1, context=4), TpuShape(2, 2, 4)
    cycles = attention_cycles(shape, array, 2)
    # Set-up 2; fill 2; a tile 2; the last tile's slices 2, rows 2, columns 2, pipeline 9; less a row below the matrix.
    assert cycles[Operator.SCORES] == 2 + 2 + 2 + 2 + 2 + 2 + 9 - 1
    assert cycles[Operator.SOFTMAX] == 2 * 3 + 13
    assert cycles[Operator.CONTEXT] == 2 + 3 + 3 + 2 + 2 + 9 - 1


def test_every_kv_head_costs_the_same_but_for_the_drain_between() -> None:
    one = LayerShape(d=24, heads=3, d_ff=1, context=9, kv_heads=1)
    four = LayerShape(d=96, heads=12, d_ff=1, context=9, kv_heads=4)
    array = TpuShape(20, 3, 4)
    drain = drain_cycles(20) - drain_cycles(3)
    assert drain == 18
    for position in range(9):
        alone, together = attention_cycles(one, array, position), attention_cycles(four, array, position)
        assert together[Operator.SCORES] == 4 * alone[Operator.SCORES] + 3 * drain
        assert together[Operator.SOFTMAX] == 4 * alone[Operator.SOFTMAX]
        assert together[Operator.CONTEXT] == 4 * alone[Operator.CONTEXT]


def test_sums_wait_for_a_drain_longer_than_softmax() -> None:
    shape, array = LayerShape(d=1, heads=1, d_ff=1, context=4), TpuShape(64, 1, 4)
    softmax = 2 * 1 + 13
    drain = drain_cycles(64) - drain_cycles(1)
    expected = (drain - softmax) + 2 + job_cycles(array, 1, 1, 1) - drain
    assert attention_cycles(shape, array, 0)[Operator.CONTEXT] == expected


def test_a_published_model_takes_no_time_to_work_out() -> None:
    begun = time.process_time()
    cycles = [attention_cycles(OPT_6_7B, ARRAY, position) for position in range(0, 2048, 16)]
    assert time.process_time() - begun < 1
    totals = [sum(counts.values()) for counts in cycles]
    assert totals == sorted(totals)
    assert set(cycles[0]) == {Operator.SCORES, Operator.SOFTMAX, Operator.CONTEXT}
    # At 2033 positions: 64 tiles of 128 slices, two passes over the scores, four tiles of eight chunks.
    assert cycles[-1][Operator.SOFTMAX] == 32 * (2 * 2033 + 13)
    assert cycles[-1][Operator.CONTEXT] > 32 * 4 * 2033


@pytest.mark.parametrize("position", [-1, 2048])
def test_positions_outside_the_context_are_refused(position: int) -> None:
    with pytest.raises(RequestError) as caught:
        attention_cycles(OPT_6_7B, ARRAY, position)
    assert caught.value.message == f"position {position} is outside a context of 2048"
    assert caught.value.hint == "The KV cache holds positions 0 to 2047."
