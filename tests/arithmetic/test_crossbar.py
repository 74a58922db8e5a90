"""The model of the PIM tile: against plain integers, against float64, and against what faults and noise must be."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.arithmetic.crossbar import MatrixVector, TileShape, matrix_vector, store
from tpugen.arithmetic.crossbar_cells import MAXIMUM_SIGMA, Faults, Noise, mix, programming_words
from tpugen.errors import RequestError


def _tile(rng: random.Random, **fixed: object) -> TileShape:
    shape: dict[str, object] = {
        "rows": rng.randint(1, 40),
        "cols": rng.randint(1, 12),
        "crossbar_rows": rng.randint(2, 16),
        "crossbar_cols": rng.randint(2, 8),
        "adc_bits": rng.randint(2, 7),
        "activation_width_bits": rng.randint(2, 9),
        "zero_skipping": rng.random() < 0.5,
    }
    return TileShape(**{**shape, **fixed})  # type: ignore[arg-type]


def _data(tile: TileShape, seed: int, vectors: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    half = 1 << (tile.activation_width_bits - 1)
    activations = rng.integers(-half, half, (vectors, tile.rows))
    activations[0] = -half
    activations[-1] = rng.integers(0, 2, tile.rows)
    return rng.integers(-1, 2, (tile.rows, tile.cols)), activations


def _in_plain_python(tile: TileShape, weights: np.ndarray, vector: list[int]) -> tuple[list[int], int, int]:
    """Results, planes and clips of one vector, one conversion at a time; no faults, no noise."""
    width = tile.activation_width_bits
    bits = [[value >> bit & 1 for value in vector] for bit in range(width)]
    wanted = [bit for bit in range(width) if any(bits[bit])] if tile.zero_skipping else list(range(width))
    wanted = wanted or [0]
    low, high = -(2 ** (tile.adc_bits - 1)), 2 ** (tile.adc_bits - 1) - 1
    results, clips = [], 0
    for col in range(tile.cols):
        total = 0
        for bit in wanted:
            for first in range(0, tile.rows, tile.crossbar_rows):
                rows = range(first, min(first + tile.crossbar_rows, tile.rows))
                column = sum(int(weights[row, col]) * bits[bit][row] for row in rows)
                code = max(low, min(high, column))
                clips += code != column
                total += code * (-(2**bit) if bit == width - 1 else 2**bit)
        results.append(total)
    return results, len(wanted), clips


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_every_conversion_is_that_of_plain_integers(seed: int) -> None:
    tile = _tile(random.Random(seed))
    weights, activations = _data(tile, seed)
    product = matrix_vector(store(tile, weights), activations)
    for index, vector in enumerate(activations.tolist()):
        sums, planes, clips = _in_plain_python(tile, weights, vector)
        assert product.sums[index].tolist() == sums
        assert (product.planes[index], product.clips[index]) == (planes, clips)
    assert product.reads == product.planes.sum()
    blocks = -(-tile.rows // tile.crossbar_rows)
    assert product.conversions == product.reads * blocks * tile.cols
    assert product.clip_rate == product.clips.sum() / product.conversions


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_a_lossless_adc_gives_the_exact_product(seed: int) -> None:
    tile = _tile(random.Random(seed))
    exact = TileShape(**{**tile.__dict__, "adc_bits": tile.lossless_adc_bits})
    weights, activations = _data(exact, seed)
    product = matrix_vector(store(exact, weights), activations)
    assert (product.sums == activations @ weights).all()
    assert product.clip_rate == 0.0


@pytest.mark.parametrize("rows", [2, 3, 4, 7, 8, 31, 32])
def test_the_lossless_resolution_is_the_least(rows: int) -> None:
    tile = TileShape(rows, 2, crossbar_rows=rows, crossbar_cols=2, adc_bits=6)
    weights = np.stack([np.ones(rows, dtype=int), -np.ones(rows, dtype=int)], axis=1)
    ones = np.full(rows, -1)
    lossless = TileShape(**{**tile.__dict__, "adc_bits": tile.lossless_adc_bits})
    assert matrix_vector(store(lossless, weights), ones).sums.tolist() == [-rows, rows]
    if tile.lossless_adc_bits > 2:
        narrow = TileShape(**{**tile.__dict__, "adc_bits": tile.lossless_adc_bits - 1})
        assert matrix_vector(store(narrow, weights), ones).clips > 0
    assert tile.lossless_adc_bits == int(np.ceil(np.log2(rows + 1))) + 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_the_error_of_a_narrow_adc_is_bounded_against_float64(seed: int) -> None:
    """A conversion is wrong by at most what the sum exceeds the ADC's range by, weighted with its bit.

    So a result differs from the float64 product by at most (2^width - 1) * row blocks * max(0, rows - top), where rows
    are those of a crossbar and top is 2^(adc_bits-1) - 1; and not at all where nothing clipped.
    """
    tile = _tile(random.Random(seed))
    weights, activations = _data(tile, seed)
    product = matrix_vector(store(tile, weights), activations)
    reference = activations.astype(np.float64) @ weights.astype(np.float64)
    error = np.abs(product.sums - reference)
    top = 2 ** (tile.adc_bits - 1) - 1
    excess = max(0, tile.crossbar_rows - top)
    assert error.max() <= (2**tile.activation_width_bits - 1) * tile.block_rows * excess
    assert (error[product.clips == 0] == 0).all()


def test_clipping_on_purpose() -> None:
    tile = TileShape(8, 2, crossbar_rows=8, crossbar_cols=2, adc_bits=3)
    weights = np.array([[1, -1]] * 8)
    product = matrix_vector(store(tile, weights), np.full((1, 8), -1))
    # Every plane: 8 clips to 3, -8 to -4; the planes' weights add up to -1.
    assert product.sums.tolist() == [[-3, 4]]
    assert product.clips.tolist() == [16]
    assert product.clip_rate == 1.0


def test_zero_skipping_reads_what_is_not_zero() -> None:
    tile = TileShape(3, 1, crossbar_rows=4, crossbar_cols=2, zero_skipping=True)
    stored = store(tile, [[1], [-1], [1]])
    product = matrix_vector(stored, np.array([[0, 0, 0], [4, 0, 4], [5, 2, 0], [-1, 0, 0], [-128, 0, 0]]))
    assert product.planes.tolist() == [1, 1, 3, 8, 1]
    assert product.sums[:, 0].tolist() == [0, 8, 3, -1, -128]


def test_missing_activations_count_as_zero() -> None:
    tile = TileShape(5, 3, crossbar_rows=2, crossbar_cols=2)
    weights, _ = _data(tile, 7)
    stored = store(tile, weights)
    short = matrix_vector(stored, np.array([9, -7]))
    full = matrix_vector(stored, np.array([9, -7, 0, 0, 0]))
    assert short.sums.tolist() == full.sums.tolist()
    assert short.sums.shape == (3,)
    assert short.sums.dtype == np.int32


# -- faults and noise -------------------------------------------------------------------------------------------------


def test_the_hash_is_that_of_murmurhash3() -> None:
    # MurmurHash3_x86_32 of nothing is the finaliser of its seed: published test vectors.
    assert mix([0, 1, 0xFFFFFFFF]).tolist() == [0, 0x514E28B7, 0x81F16F39]


def test_rates_of_stuck_cells_are_met() -> None:
    off, on = Faults(seed=5, stuck_off=655, stuck_on=6554).masks(0, 512, 256)
    cells = off.size
    for mask, rate in ((off, 655 / 65536), (on, 6554 / 65536)):
        sigma = np.sqrt(rate * (1 - rate) / cells)
        assert abs(mask.mean() - rate) < 4 * sigma
    assert not (off & on).any()


def test_stuck_cells_depend_on_seed_and_crossbar() -> None:
    faults = Faults(seed=1, stuck_on=6554)
    first = faults.masks(0, 64, 64)[1]
    assert (first == faults.masks(0, 64, 64)[1]).all()
    assert (first != faults.masks(1, 64, 64)[1]).any()
    assert (first != Faults(seed=2, stuck_on=6554).masks(0, 64, 64)[1]).any()
    assert (first[:32, :16] == faults.masks(0, 32, 16)[1]).all()  # whatever the size of the crossbar


@pytest.mark.parametrize(("faults", "weight"), [(Faults(3, 65536, 0), 0), (Faults(3, 0, 65536), 0)])
def test_a_crossbar_of_stuck_cells_holds_nothing(faults: Faults, weight: int) -> None:
    tile = TileShape(6, 4, crossbar_rows=4, crossbar_cols=3, faults=faults)
    stored = store(tile, np.ones((6, 4), dtype=int))
    assert (stored.weights == weight).all()
    assert stored.cells.all() == (faults.stuck_on > 0)
    assert not matrix_vector(stored, np.arange(6)).sums.any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_faults_act_as_other_weights(seed: int) -> None:
    tile = _tile(random.Random(seed), faults=Faults(seed % 2**32, 3000, 5000), adc_bits=8)
    weights, activations = _data(tile, seed)
    stored = store(tile, weights)
    held = stored.weights[: tile.rows, : tile.cols]
    sound = store(TileShape(**{**tile.__dict__, "faults": Faults()}), held)
    assert (matrix_vector(stored, activations).sums == matrix_vector(sound, activations).sums).all()
    for index in range(tile.block_rows * tile.block_cols):
        row = index // tile.block_cols * tile.crossbar_rows
        col = index % tile.block_cols * tile.crossbar_cols
        off, on = tile.faults.masks(index, tile.crossbar_rows, tile.crossbar_cols)
        part = stored.cells[row : row + tile.crossbar_rows, col : col + tile.crossbar_cols]
        assert not part[off].any()
        assert part[on].all()


@pytest.mark.parametrize("sigma", [64, 256, 1000, MAXIMUM_SIGMA])
def test_noise_has_the_stated_deviation_and_no_mean(sigma: int) -> None:
    noise = Noise(seed=9, sigma=sigma).draw(2, np.arange(4000), 16)
    wanted = sigma / 256
    rounding = 1 / 12 if sigma >= 256 else 0.1  # of the variance; narrow noise rounds to 0 more often
    assert abs(noise.mean()) < 5 * max(wanted, 0.3) / np.sqrt(noise.size)
    assert abs(noise.var() - wanted**2) < rounding + 0.03 * wanted**2
    assert abs(noise).max() <= 222


def test_noise_differs_between_reads_columns_and_crossbars() -> None:
    noise = Noise(seed=9, sigma=2560)
    drawn = noise.draw(0, np.arange(50), 50)
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(drawn.ravel(), noise.draw(1, np.arange(50), 50).ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("zero_skipping", [False, True])
def test_reads_continue_from_call_to_call(zero_skipping: bool) -> None:
    tile = TileShape(
        9, 5, crossbar_rows=4, crossbar_cols=4, adc_bits=5, zero_skipping=zero_skipping, noise=Noise(4, 700)
    )
    weights, activations = _data(tile, 11, vectors=6)
    stored = store(tile, weights)
    whole = matrix_vector(stored, activations, first_read=2**32 - 9)
    reads = 2**32 - 9
    parts: list[MatrixVector] = []
    for vector in activations:
        parts.append(matrix_vector(stored, vector, first_read=reads))
        reads += parts[-1].reads
    assert [part.sums.tolist() for part in parts] == whole.sums.tolist()
    assert [int(part.clips) for part in parts] == whole.clips.tolist()
    noiseless = matrix_vector(store(TileShape(**{**tile.__dict__, "noise": Noise()}), weights), activations)
    assert (whole.sums != noiseless.sums).any()


# -- programming words, refusals ----------------------------------------------------------------------------------


def test_programming_words() -> None:
    assert programming_words([[1, -1, 0, 1, -1]], 2) == [[0b1001, 0b0100, 0b10]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TileShape(0, 4), "no such PIM tile: rows = 0 (legal: 1 to 65536)"),
        (
            lambda: TileShape(4, 4, adc_bits=1, columns_per_adc=0),
            "no such PIM tile: adc_bits = 1 (legal: 2 to 16), columns_per_adc = 0 (legal: 1 to 1024)",
        ),
        (
            lambda: TileShape(4096, 4, adc_bits=16, activation_width_bits=12),
            "no such PIM tile: results of 33 bits (legal: up to 32)",
        ),
        (
            lambda: store(TileShape(3, 2), np.zeros((2, 3), dtype=int)),
            "a tile of 3 x 2 cannot hold a matrix of shape (2, 3)",
        ),
        (lambda: store(TileShape(1, 1), [[2]]), "weights other than -1, 0 and +1"),
        (lambda: matrix_vector(store(TileShape(1, 1), [[1]]), np.array([128])), "activations from 128 to 128"),
        (
            lambda: matrix_vector(store(TileShape(1, 1), [[1]]), np.array([1.0])),
            "activations of type float64 and shape (1,) for a tile of 1 rows",
        ),
        (
            lambda: matrix_vector(store(TileShape(1, 1), [[1]]), np.array([1, 2])),
            "activations of type int64 and shape (2,) for a tile of 1 rows",
        ),
        (lambda: Faults(2**32), "faults: seed = 4294967296 is no 32-bit number"),
        (
            lambda: Faults(0, 40000, 40000),
            "faults: stuck_off = 40000 and stuck_on = 40000 are no rates in 1/65536",
        ),
        (lambda: Noise(0, 16384), "noise: sigma = 16384 is out of range"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.message == message
    assert caught.value.hint
