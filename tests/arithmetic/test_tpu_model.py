"""The tensor unit's model: post-processing against exact fractions, streams against the product they stand for."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.arithmetic.tpu import (
    Activation,
    PostProcessing,
    Register,
    TpuShape,
    job_beats,
    job_cycles,
    job_registers,
    job_result,
    pack_results,
    post_process,
    shape_word,
)
from tpugen.errors import RequestError

POSTS = st.builds(
    PostProcessing,
    multiplier=st.integers(0, 2**32 - 1) | st.integers(0, 300),
    shift=st.integers(0, 63),
    zero_point=st.integers(-128, 127),
    activation=st.sampled_from(Activation),
    square_shift=st.integers(0, 31),
    wide=st.booleans(),
)
WORDS = st.integers(-(2**31), 2**31 - 1) | st.integers(-3000, 3000)


def _round(value: Fraction) -> int:
    """Nearest integer, halves away from zero."""
    return floor(value + Fraction(1, 2)) if value >= 0 else -floor(-value + Fraction(1, 2))


def _clip(value: int, bits: int) -> int:
    return max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, value))


@given(WORDS, WORDS, POSTS)
def test_post_processing_in_exact_fractions(total: int, bias: int, post: PostProcessing) -> None:
    value = _clip(_round(Fraction(_clip(total + bias, 32) * post.multiplier, 2**post.shift)), 32)
    if post.activation is not Activation.NONE:
        value = max(value, 0)
    if post.activation is Activation.RELU2:
        value = _round(Fraction(min(value, 32767) ** 2, 2**post.square_shift))
    expected = _clip(value + post.zero_point, 32 if post.wide else 8)
    assert post_process([[total]], post, [bias]).tolist() == [[expected]]


@given(st.data())
def test_the_streams_hold_the_product(data: st.DataObject) -> None:
    """A unit that knows the order alone, and reads beats one after the other, gets C."""
    shape = TpuShape(data.draw(st.integers(2, 5)), data.draw(st.integers(1, 5)), data.draw(st.integers(2, 6)))
    m, k, n = (data.draw(st.integers(1, 12)) for _ in range(3))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    a, b, bias = rng.integers(-128, 128, (m, k)), rng.integers(-128, 128, (k, n)), rng.integers(-99, 99, n)
    post = PostProcessing(3, 9, 2)
    beats = job_beats(shape, a, b, bias)
    streams = {name: iter(rows) for name, rows in beats._asdict().items()}
    kept: dict[str, np.ndarray] = {}
    out = []
    for top in range(0, m, shape.rows):
        for left in range(0, n, shape.cols):
            if left == 0 or k > shape.depth:
                kept["a"] = np.array([next(streams["a"]) for _ in range(k)])
            if "b" not in kept or k > shape.depth or n > shape.cols:
                kept["b"] = np.array([next(streams["b"]) for _ in range(k)])
            tile = post_process(kept["a"].T @ kept["b"], post, next(streams["bias"]))
            for row in tile[: m - top]:
                out.append(row[: n - left].astype("i1").tobytes())
    assert [next(rows, None) is None for rows in streams.values()] == [True] * 3
    packed = pack_results(shape, job_result(a, b, post, bias), wide=False)
    assert [payload[: sum(keep)] for payload, keep in packed] == out
    assert all(keep == tuple(sorted(keep, reverse=True)) for _, keep in packed)


def test_wide_results_are_little_endian_words() -> None:
    ((payload, keep),) = pack_results(TpuShape(2, 2, 2), [[-2]], wide=True)
    assert payload == b"\xfe\xff\xff\xff\0\0\0\0"
    assert keep == (1, 1, 1, 1, 0, 0, 0, 0)


def test_registers_of_a_job() -> None:
    post = PostProcessing(0xFFFF_FFFF, 63, -1, Activation.RELU2, 31, wide=True)
    assert job_registers(1, 2, 3, post, bias=True, unsigned=True) == {
        Register.SIZE_M: 1,
        Register.SIZE_K: 2,
        Register.SIZE_N: 3,
        Register.CONFIG: 0x1F1D,
        Register.MULTIPLIER: 0xFFFF_FFFF,
        Register.RESCALE: 0xFF3F,
    }
    assert shape_word(TpuShape(256, 3, 8192)) == 0x200002FF


@given(st.integers(2, 20), st.integers(1, 20), st.integers(2, 40), *[st.integers(1, 60)] * 3)
def test_cycles_are_bounded_by_beats_and_drains(rows: int, cols: int, depth: int, m: int, k: int, n: int) -> None:
    shape = TpuShape(rows, cols, depth)
    beats = job_beats(shape, np.zeros((m, k), dtype=int), np.zeros((k, n), dtype=int))
    tiles = -(-m // rows) * -(-n // cols)
    cycles = job_cycles(shape, m, k, n)
    assert cycles >= max(len(beats.a), len(beats.b), tiles * rows, tiles * k)
    assert cycles <= job_cycles(shape, m, k + 1, n) <= job_cycles(shape, m, k + 1, n + cols)


@pytest.mark.parametrize(
    ("a", "b", "bias", "words"),
    [
        ([[1, 2]], [[1]], None, r"A of \(1, 2\) times B of \(1, 1\)"),
        ([[200]], [[1]], None, "A: 200..200 is outside"),
        ([[1]], [[1.5]], None, "B: integers are expected"),
        ([[1]], [[1]], [1, 2], r"bias of \(2,\)"),
        (np.zeros((1, 0), dtype=int), np.zeros((0, 1), dtype=int), None, r"A of \(1, 0\)"),
    ],
)
def test_bad_jobs_are_refused(a: object, b: object, bias: object, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        job_beats(TpuShape(), a, b, bias)  # type: ignore[arg-type]


def test_bad_shapes_and_settings_are_refused() -> None:
    with pytest.raises(RequestError, match="rows = 1 of a tpu"):
        TpuShape(1)
    with pytest.raises(RequestError, match="zero_point = 128 of a tpu's post-processing"):
        PostProcessing(zero_point=128)
