"""The golden models against plain Python integers, and against each other."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.arithmetic.integers import wrap
from tpugen.arithmetic.units import add, multiply
from tpugen.spec import AdderSpec, MacSpec, MultiplierSpec, SystolicArraySpec
from tpugen.verif import golden

WIDTHS = st.integers(2, 32)


def _read(value: int, width: int, signed: bool) -> int:
    value &= (1 << width) - 1
    return value - (1 << width) if signed and value >> (width - 1) else value


@given(st.integers(-(2**140), 2**140), st.integers(1, 128), st.booleans())
def test_wrap_is_arithmetic_modulo_a_power_of_two(value: int, width: int, signed: bool) -> None:
    assert int(wrap([value], width, signed)[0]) == _read(value, width, signed)


def test_wrap_takes_unsigned_64_bit_arrays() -> None:
    top = np.array([2**63, 2**64 - 1], dtype=np.uint64)
    assert wrap(top, 62, True).tolist() == [0, -1]


@given(WIDTHS, WIDTHS, st.booleans(), st.integers(0, 2**32))
def test_exact_units_are_exact(a_width: int, b_width: int, signed: bool, seed: int) -> None:
    rng = random.Random(seed)
    a = [_read(rng.getrandbits(a_width), a_width, signed) for _ in range(6)]
    b = [_read(rng.getrandbits(b_width), b_width, signed) for _ in range(6)]
    products = [x * y for x, y in zip(a, b, strict=True)]
    assert multiply("exact", a, b, a_width, b_width, signed=signed).tolist() == products
    c = [_read(rng.getrandbits(a_width), a_width, signed) for _ in range(6)]
    assert add("exact", a, c, a_width, signed=signed).tolist() == [x + y for x, y in zip(a, c, strict=True)]


def test_operands_are_the_bits_of_a_port() -> None:
    assert add("exact", 255, 1, 8, signed=True).tolist() == 0
    assert multiply("exact", [0xFF], [0xFF], 8, 8, signed=True).tolist() == [1]
    assert multiply("exact", [0xFF], [0xFF], 8, 8).tolist() == [255 * 255]


@pytest.mark.parametrize("signed", [True, False])
def test_the_widest_array_is_exact_beyond_64_bits(signed: bool) -> None:
    spec = SystolicArraySpec(activation_width_bits=32, weight_width_bits=32, accumulator_width_bits=70, signed=signed)
    extreme = -(2**31) if signed else 2**32 - 1
    assert golden.matmul(spec, [[extreme] * 300], [[extreme]] * 300).tolist() == [
        [_read(extreme * extreme * 300, 70, signed)]
    ]


@given(st.booleans(), WIDTHS, WIDTHS, st.integers(0, 12), st.integers(1, 9), st.integers(0, 2**32))
def test_matmul_equals_dot_products(signed: bool, a_width: int, w_width: int, guard: int, k: int, seed: int) -> None:
    acc = a_width + w_width + guard
    spec = SystolicArraySpec(
        activation_width_bits=a_width,
        weight_width_bits=w_width,
        accumulator_width_bits=acc,
        signed=signed,
        dataflow="weight_stationary",
        rows=4,
    )
    rng = random.Random(seed)
    a = [[_read(rng.getrandbits(a_width), a_width, signed) for _ in range(k)] for _ in range(2)]
    b = [[_read(rng.getrandbits(w_width), w_width, signed) for _ in range(3)] for _ in range(k)]
    partial = [[_read(rng.getrandbits(acc), acc, signed) for _ in range(3)] for _ in range(2)]
    product = golden.matmul(spec, a, b).tolist()
    summed = golden.matmul(spec, a, b, partial).tolist()
    for m in range(2):
        for n in range(3):
            column = [row[n] for row in b]
            assert product[m][n] == golden.dot_product(spec, a[m], column)
            assert summed[m][n] == _read(
                sum(x * y for x, y in zip(a[m], column, strict=True)) + partial[m][n], acc, signed
            )


def test_folding_k_through_partial_sums_changes_nothing() -> None:
    spec = SystolicArraySpec(accumulator_width_bits=16, dataflow="input_stationary")
    rng = np.random.default_rng(3)
    a, b = rng.integers(-128, 128, (4, 30)), rng.integers(-128, 128, (30, 5))
    whole = golden.matmul(spec, a, b)
    partial = None
    for start in range(0, 30, 8):
        partial = golden.matmul(spec, a[:, start : start + 8], b[start : start + 8], partial)
    assert partial is not None
    assert (whole == partial).all()


def test_units_and_mac_by_spec() -> None:
    assert golden.adder(AdderSpec(width_bits=4), [-8], [-8]).tolist() == [-16]
    spec = MultiplierSpec(activation_width_bits=4, weight_width_bits=3)
    assert golden.multiplier(spec, [-8], [-4]).tolist() == [32]
    mac = MacSpec(activation_width_bits=4, weight_width_bits=4, accumulator_width_bits=8)
    assert golden.mac(mac, [-8, -8], [-8, -8]) == -128


@given(st.integers(1, 40), st.lists(st.integers(-(2**39), 2**39 - 1), max_size=9))
def test_pack_and_unpack(width: int, values: list[int]) -> None:
    values = [_read(value, width, True) for value in values]
    packed = golden.pack(values, width)
    assert golden.unpack(packed, width, len(values), True) == values
    assert packed < 1 << (width * max(1, len(values)))


def _lower_or(a: int, b: int, k: int, width: int) -> int:
    """LOA on signed numbers, modulo 2^width, bit by bit."""
    carry = a >> (k - 1) & b >> (k - 1) & 1
    return _read((((a >> k) + (b >> k) + carry) << k) | ((a | b) & ((1 << k) - 1)), width, True)


def _segmented(a: int, b: int, k: int) -> int:
    """DRUM on signed numbers."""

    def cut(x: int) -> int:
        shift = max(x.bit_length() - k, 0)
        return ((x >> shift) | 1) << shift if shift else x

    return (-1 if (a < 0) != (b < 0) else 1) * cut(abs(a)) * cut(abs(b))


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**32))
def test_approximate_sums_are_formed_in_the_order_of_the_design(k: int, rows: int, seed: int) -> None:
    units = {"multiplier": {"family": "drum", "k": 3}, "adder": {"family": "loa", "k": 5}}
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-128, 128, (1, k)), rng.integers(-128, 128, (k, 1))
    products = [_segmented(int(x), int(y), 3) for x, y in zip(a[0], b[:, 0], strict=True)]
    stays = SystolicArraySpec.model_validate({"accumulator_width_bits": 18, **units})
    total = 0
    for product in products:
        total = _lower_or(total, product, 5, 18)
    assert golden.matmul(stays, a, b).tolist() == [[total]]
    mac = MacSpec.model_validate({"accumulator_width_bits": 18, **units})
    assert golden.mac(mac, a[0], b[:, 0]) == total

    partial = int(rng.integers(-(2**17), 2**17))
    moves = stays.model_copy(update={"dataflow": "weight_stationary", "rows": rows})
    result = partial
    for start in range(0, k, rows):
        column = 0
        for product in (products[start : start + rows] + [0] * rows)[:rows]:  # unused rows add their zeros too
            column = _lower_or(column, product, 5, 18)
        result = _lower_or(column, result, 5, 18)
    assert golden.matmul(moves, a, b, [[partial]]).tolist() == [[result]]


def test_an_output_stationary_array_takes_no_partial_sums() -> None:
    with pytest.raises(ValueError, match="takes no partial sums"):
        golden.matmul(SystolicArraySpec(), [[1]], [[1]], [[1]])
