"""The integer layer on tiles of crossbars: clipping, faults, noise, skipping."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.arithmetic.crossbar import StoredMatrix, matrix_vector
from tpugen.arithmetic.crossbar_cells import Faults, Noise
from tpugen.arithmetic.decoder_layer import (
    CrossbarOptions,
    IntegerLayer,
    LayerShape,
    adc_remarks,
    program,
    quantise_layer,
    quantise_tokens,
    random_layer,
    random_tokens,
    run_tokens,
    tile_shapes,
)
from tpugen.errors import RequestError

SHAPE = LayerShape(d=24, heads=4, d_ff=40, context=5)
REAL = random_layer(SHAPE, 1)
LAYER = quantise_layer(REAL, random_tokens(SHAPE, 5, 2))
TOKENS = quantise_tokens(LAYER, random_tokens(SHAPE, 5, 3))


def _tiles(layer: IntegerLayer = LAYER, **options: Any) -> dict[Any, StoredMatrix]:
    weights = {name: low.values for name, low in layer.matrices.items()}
    return program(layer.shape, weights, CrossbarOptions(**options))


def _results(tiles: dict[Any, StoredMatrix] | None) -> list[list[int]]:
    return [trace.x2.tolist() for trace in run_tokens(LAYER, TOKENS, tiles=tiles)[0]]


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 50), st.integers(2, 50), st.integers(1, 2), st.booleans())
def test_wide_adcs_give_exact_products(rows: int, cols: int, shared: int, skipping: bool) -> None:
    tiles = _tiles(crossbar_rows=rows, crossbar_cols=cols, columns_per_adc=shared, adc_bits=7, zero_skipping=skipping)
    assert _results(tiles) == _results(None)


def test_narrow_adcs_clip_and_change_results() -> None:
    tiles = _tiles(adc_bits=3)
    traces, _ = run_tokens(LAYER, TOKENS, tiles=tiles)
    assert sum(int(trace.products["W_O"].clips) for trace in traces) > 0
    assert _results(tiles) != _results(None)


def test_every_product_is_the_tile_s_on_the_quantised_vector() -> None:
    tiles = _tiles(adc_bits=4, crossbar_rows=16)
    inputs = {"W_Q": "a1", "W_K": "a1", "W_V": "a1", "W_X": "a2", "W_I": "a3", "W_O": "a4"}
    for trace in run_tokens(LAYER, TOKENS, tiles=tiles)[0]:
        for name, product in trace.products.items():
            expected = matrix_vector(tiles[name], getattr(trace, inputs[name]).values)
            assert (product.sums == expected.sums).all()
            assert product.clips == expected.clips


def test_stuck_cells_are_those_of_the_seed_and_the_matrix() -> None:
    faulty = {"faults": Faults(seed=5, stuck_off=3000, stuck_on=3000)}
    assert _results(_tiles(**faulty)) == _results(_tiles(**faulty)) != _results(None)
    assert _results(_tiles(faults=Faults(seed=6, stuck_off=3000, stuck_on=3000))) != _results(_tiles(**faulty))
    tiles = _tiles(**faulty)
    on = [tiles[name].cells[SHAPE.d :, :, 0] for name in ("W_Q", "W_K")]  # rows beyond the matrix: stuck on only
    assert on[0].any()
    assert (on[0] != on[1]).any()


def test_noise_goes_on_from_token_to_token() -> None:
    tiles = _tiles(noise=Noise(seed=3, sigma=400), zero_skipping=True)
    traces, state = run_tokens(LAYER, TOKENS, tiles=tiles)
    vectors = np.stack([trace.a1.values for trace in traces])
    batch = matrix_vector(tiles["W_Q"], vectors)
    assert [trace.products["W_Q"].sums.tolist() for trace in traces] == batch.sums.tolist()
    assert state.reads["W_Q"] == batch.reads
    again = matrix_vector(tiles["W_Q"], vectors[1])  # the reads before it forgotten
    assert again.sums.tolist() != batch.sums[1].tolist()


def test_reads_survive_in_the_state() -> None:
    tiles = _tiles(noise=Noise(seed=3, sigma=400))
    whole, _ = run_tokens(LAYER, TOKENS, tiles=tiles)
    _, state = run_tokens(LAYER, TOKENS[:2], tiles=tiles)
    assert set(state.reads.values()) == {16}
    rest, _ = run_tokens(LAYER, TOKENS[2:], tiles=tiles, state=state)
    assert [t.x2.tolist() for t in rest] == [t.x2.tolist() for t in whole[2:]]


def test_options_reach_the_tiles() -> None:
    options = CrossbarOptions(
        crossbar_rows=10,
        crossbar_cols=11,
        adc_bits=5,
        columns_per_adc=3,
        zero_skipping=True,
        input_lanes=2,
        output_lanes=4,
        faults=Faults(seed=(1 << 32) - 1, stuck_on=1),
        noise=Noise(seed=7, sigma=9),
    )
    tiles = tile_shapes(SHAPE, options)
    assert set(tiles) == set(SHAPE.matrices)
    tile = tiles["W_O"]
    assert (tile.rows, tile.cols, tile.crossbar_rows, tile.crossbar_cols) == (40, 24, 10, 11)
    assert (tile.adc_bits, tile.columns_per_adc, tile.zero_skipping) == (5, 3, True)
    assert (tile.input_lanes, tile.output_lanes, tile.activation_width_bits) == (2, 4, 8)
    assert (tile.faults, tile.noise) == (Faults(seed=5, stuck_on=1), Noise(seed=13, sigma=9))
    assert tiles["W_Q"].faults.seed == (1 << 32) - 1
    # A gate does not shift the seeds of what comes after it.
    gated = tile_shapes(LayerShape(d=24, heads=4, d_ff=40, context=5, gated=True), options)
    assert gated["W_O"].faults == tile.faults


@pytest.mark.parametrize("options", [{"adc_bits": 17}, {"crossbar_rows": 0}])
def test_options_of_no_tile_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="no such PIM tile"):
        tile_shapes(SHAPE, CrossbarOptions(**options))


def test_remarks_name_adcs_too_wide_and_too_narrow() -> None:
    remarks = adc_remarks(SHAPE, CrossbarOptions(adc_bits=6, crossbar_rows=32))
    assert remarks == ["W_O: 6-bit ADCs can clip sums of 32 rows; 7 bits never do"]
    remarks = adc_remarks(SHAPE, CrossbarOptions(adc_bits=7, crossbar_rows=40))
    assert remarks == [
        f"{name}: 7-bit ADCs are wider than sums of 24 rows need; 6 would do"
        for name in SHAPE.matrices
        if name != "W_O"
    ]


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7, 8, 31, 32])
def test_what_remarks_call_enough_is_enough_and_no_more(rows: int) -> None:
    shape = LayerShape(d=rows, heads=1, d_ff=rows, context=1)
    enough = next(b for b in range(2, 9) if not adc_remarks(shape, CrossbarOptions(adc_bits=b)))
    column = {name: np.ones(size, dtype=np.int8) for name, size in shape.matrices.items()}
    for bits in range(2, 9):
        tile = program(shape, column, CrossbarOptions(adc_bits=bits))["W_Q"]
        clips = int(matrix_vector(tile, np.full(rows, -1)).clips)
        assert (clips > 0) == (bits < enough)
