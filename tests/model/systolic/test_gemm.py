"""Reading GEMMs from text, and refusing what is not one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.errors import RequestError
from tpugen.model import GEMM_SIZE_MAX, Gemm, parse_gemm, parse_gemms

sizes = st.integers(1, GEMM_SIZE_MAX)


@pytest.mark.parametrize(
    "text",
    ["64x128x256", "64X128X256", "64×128×256", " 64 x 128 x 256 ", "64,128,256", "64*128*256", "M=64, K=128, N=256",
     "m=64 x k=128 x n=256", "gemm: 64x128x256", "GEMM 64x128x256"],
)  # fmt: skip
def test_ways_to_write_one(text: str) -> None:
    assert parse_gemm(text) == Gemm(64, 128, 256)


@given(sizes, sizes, sizes)
def test_text_goes_there_and_back(m: int, k: int, n: int) -> None:
    gemm = Gemm(m, k, n)
    assert parse_gemm(str(gemm)) == gemm
    assert gemm.macs == m * k * n


@pytest.mark.parametrize(
    "text",
    [
        "",
        "64",
        "64x64",
        "64x64x64x64",
        "axbxc",
        "64.5x2x2",
        "64x64x",
        "x64x64x64",
        "1e3x2x2",
        "٣x٣x٣",
        "64x64x64 please",
    ],
)
def test_unreadable_text(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_gemm(text)
    assert str(caught.value) == (
        f"cannot read {text!r} as a GEMM\n"
        "  write a GEMM as MxKxN, three positive whole numbers, e.g. 64x128x256 (M=64, K=128, N=256)"
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("0x4x4", "M=0"),
        ("4x-1x4", "K=-1"),
        ("4x4x0", "N=0"),
        ("0x0x0", "M=0, K=0, N=0"),
        ("1x1x2147483648", "N=2147483648"),
    ],
)
def test_sizes_out_of_range(text: str, wrong: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_gemm(text)
    assert caught.value.message == f"GEMM {text}: {wrong} outside the whole numbers 1..{GEMM_SIZE_MAX}"


def test_a_number_of_thousands_of_digits_is_refused_not_computed() -> None:
    with pytest.raises(RequestError, match="outside the whole numbers"):
        parse_gemm("1x1x" + "9" * 10_000)


@pytest.mark.parametrize("value", [True, 2.0, "2", None])
def test_sizes_must_be_whole_numbers(value: object) -> None:
    with pytest.raises(RequestError, match="outside the whole numbers"):
        Gemm(value, 2, 2)  # type: ignore[arg-type]


def test_several_gemms_in_one_text() -> None:
    expected = [Gemm(1, 2, 3), Gemm(4, 5, 6)]
    assert parse_gemms(["1x2x3 4x5x6"]) == expected
    assert parse_gemms(["1x2x3", "4x5x6"]) == expected
    assert parse_gemms(["1x2x3; 4 x 5 x 6"]) == expected
    assert parse_gemms(["M=1, K=2, N=3\n4x5x6\n"]) == expected


@pytest.mark.parametrize("texts", [[], [""], [" ; \n"]])
def test_an_empty_workload_is_refused(texts: list[str]) -> None:
    with pytest.raises(RequestError, match="the workload holds no GEMM"):
        parse_gemms(texts)


def test_one_bad_gemm_among_good_ones_is_named() -> None:
    with pytest.raises(RequestError, match="cannot read '4x5' as a GEMM"):
        parse_gemms(["1x2x3", "4x5"])
