"""pass@k and its uncertainty, and whether two runs differ: pure functions of counts.

pass@k is the unbiased estimator of Chen et al., "Evaluating Large Language Models Trained on Code" (arXiv 2107.03374,
2021): of n samples of a problem c passed; the chance that k drawn without replacement hold at least one that passed is
1 - C(n - c, k) / C(n, k).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["PASS_AT", "Estimate", "mcnemar_exact", "mean_pass_at_k", "paired_difference", "pass_at_k", "wilson"]

PASS_AT = (1, 3, 5, 10)
"""The k that are reported."""

_Z_95 = 1.959963984540054
_RESAMPLES = 2000
_SEED = 20210707


@dataclass(frozen=True)
class Estimate:
    """A value and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def pass_at_k(samples: int, passed: int, k: int) -> float | None:
    """Unbiased pass@k of one problem; None where there are fewer than k samples, as nothing is known then.

    Args:
        samples: n, how many samples there are.
        passed: c, how many of them passed.
        k: How many are drawn.

    Raises:
        ValueError: counts that cannot be.
    """
    if not 0 <= passed <= samples or k < 1:
        raise ValueError(f"{passed} of {samples} samples, k = {k}: 0 <= passed <= samples and k >= 1 is expected")
    if samples < k:
        return None
    # As a product, so that large counts do not make large binomials: C(n-c, k) / C(n, k).
    return 1.0 - math.prod(1.0 - k / i for i in range(samples - passed + 1, samples + 1))


def mean_pass_at_k(counts: Sequence[tuple[int, int]], k: int) -> Estimate | None:
    """pass@k over problems, with a 95 % interval; None where any problem has fewer than k samples, or there is none.

    With one sample a problem the interval is Wilson's of a proportion; else it is a bootstrap over problems.

    Args:
        counts: `(samples, passed)` of each problem.
        k: How many samples are drawn.
    """
    values = [pass_at_k(samples, passed, k) for samples, passed in counts]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    if all(value in (0.0, 1.0) for value in known):
        return wilson(round(sum(known)), len(known))
    low, high = _bootstrap(known)
    return Estimate(_mean(known), low, high)


def wilson(successes: int, total: int) -> Estimate | None:
    """A proportion with Wilson's 95 % interval; None of nothing."""
    if total == 0:
        return None
    share = successes / total
    square = _Z_95**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = _Z_95 / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    # At the ends the interval touches the bound; rounding must not carry it past.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == total else min(1.0, middle + half)
    return Estimate(share, low, high)


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p-value of McNemar's exact test: whether two runs differ on the problems that only one of them passed.

    Args:
        only_first: Problems that only the first run passed.
        only_second: Problems that only the second run passed.
    """
    discordant = only_first + only_second
    if discordant == 0:
        return 1.0
    tail = sum(math.comb(discordant, i) for i in range(min(only_first, only_second) + 1))
    return min(1.0, 2.0 * tail / (1 << discordant))


def paired_difference(pairs: Sequence[tuple[float, float]]) -> Estimate | None:
    """Mean of second minus first over problems, with a bootstrap interval; None of nothing."""
    if not pairs:
        return None
    gains = [second - first for first, second in pairs]
    low, high = _bootstrap(gains)
    return Estimate(_mean(gains), low, high)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _bootstrap(values: Sequence[float]) -> tuple[float, float]:
    """2.5 % and 97.5 % quantiles of the mean of resampled values; the same values give the same bounds."""
    source = random.Random(_SEED)  # noqa: S311 - repeatable, not secret
    means = sorted(_mean(source.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return means[round(0.025 * (_RESAMPLES - 1))], means[round(0.975 * (_RESAMPLES - 1))]
