"""pass@k against its definition, intervals and tests against published values."""

from __future__ import annotations

from itertools import combinations
from math import comb

import pytest

from tpugen.bench.statistics import mcnemar_exact, mean_pass_at_k, paired_difference, pass_at_k, wilson


@pytest.mark.parametrize("samples", range(1, 8))
def test_pass_at_k_is_the_share_of_draws_that_hold_a_pass(samples: int) -> None:
    for passed in range(samples + 1):
        marks = [True] * passed + [False] * (samples - passed)
        for k in range(1, samples + 1):
            draws = list(combinations(marks, k))
            assert pass_at_k(samples, passed, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_pass_at_k_equals_the_published_formula_for_large_counts() -> None:
    assert pass_at_k(200, 17, 10) == pytest.approx(1 - comb(183, 10) / comb(200, 10))
    assert pass_at_k(100_000, 1, 1) == pytest.approx(1e-5)


def test_pass_at_k_is_not_known_from_fewer_samples() -> None:
    assert pass_at_k(2, 2, 3) is None
    assert mean_pass_at_k([(5, 5), (2, 2)], 3) is None
    assert mean_pass_at_k([], 1) is None


@pytest.mark.parametrize("counts", [(3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="is expected"):
        pass_at_k(*counts)


def test_wilson_interval() -> None:
    # 9 of 10 and 0 of 20: textbook values of Wilson's score interval.
    nine = wilson(9, 10)
    assert nine is not None
    assert (nine.low, nine.high) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))
    none, every = wilson(0, 20), wilson(20, 20)
    assert none is not None and every is not None
    assert none.low == 0 and none.high == pytest.approx(0.1611, abs=1e-4)
    assert every.high == 1 and every.low == pytest.approx(1 - 0.1611, abs=1e-4)
    assert wilson(0, 0) is None


def test_mean_over_problems_and_its_interval() -> None:
    single = mean_pass_at_k([(1, 1)] * 9 + [(1, 0)], 1)
    assert single == wilson(9, 10)
    several = mean_pass_at_k([(4, 0), (4, 1), (4, 2), (4, 4)] * 10, 1)
    assert several is not None
    assert several.value == pytest.approx(7 / 16)
    assert 0.3 < several.low < several.value < several.high < 0.6
    assert several == mean_pass_at_k([(4, 0), (4, 1), (4, 2), (4, 4)] * 10, 1), "the same counts, the same bounds"


def test_mcnemar_exact() -> None:
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(5, 5) == 1.0
    assert mcnemar_exact(0, 6) == pytest.approx(2 / 64)
    assert mcnemar_exact(1, 9) == mcnemar_exact(9, 1) == pytest.approx(2 * 11 / 1024)


def test_paired_difference() -> None:
    gain = paired_difference([(0.0, 1.0)] * 8 + [(1.0, 1.0)] * 8)
    assert gain is not None
    assert gain.value == 0.5 and 0.2 < gain.low < 0.5 < gain.high < 0.8
    assert paired_difference([]) is None
