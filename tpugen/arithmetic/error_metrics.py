"""Error metrics of approximate adders and multipliers: over all operand pairs, or over a seeded sample.

Definitions, with ED = |approximate - exact| (Liang, Han and Lombardi, New Metrics for the Reliability of Approximate
and Probabilistic Adders, IEEE TC 2013): ER is the share of pairs with a wrong result; MED the mean of ED; NMED = MED /
the largest |exact|; MRED the mean of ED / |exact| over pairs with a nonzero exact result, max RED the largest of these;
WCE the largest ED; bias the mean of approximate - exact; RMSE the root of the mean of ED^2; variance that of
approximate - exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from tpugen.arithmetic.error_records import ErrorMetrics, Histogram, WorstCase
from tpugen.arithmetic.error_sums import TILE_PAIRS, Case, ErrorSums, Tally, error_of_bin
from tpugen.arithmetic.error_sweep import Progress, sweep
from tpugen.arithmetic.error_units import ErrorUnit, chosen_samples, legal_unit

__all__ = ["CONFIDENCE_METHOD", "ErrorMetrics", "Histogram", "WorstCase", "adder_error", "multiplier_error"]

CONFIDENCE_METHOD = (
    "half-widths of 95 % intervals from independent, evenly drawn pairs: Wilson's interval for er, 1.96 standard "
    "errors for means, the delta method for rmse and variance; wce and max_red of a sample are lower bounds"
)
_Z95 = 1.959963984540054

_UNIT_BINS_MAX = 15
"""Up to this error each value has a bin; beyond, bins are octaves."""


def multiplier_error(
    family: str,
    a_width_bits: int,
    b_width_bits: int,
    *,
    signed: bool = False,
    parameters: Mapping[str, int] | None = None,
    samples: int | None = None,
    seed: int = 1,
    exhaustive: bool | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
    keep: bool = True,
) -> ErrorMetrics:
    """Error metrics of a multiplier.

    Args:
        family: Canonical name, e.g. `drum`.
        a_width_bits: Width of the first operand (the activation), 2..32.
        b_width_bits: Width of the second operand (the weight), 2..32.
        signed: Whether operands are two's complement.
        parameters: The family's; those left out take their defaults.
        samples: How many pairs to draw instead of trying all.
        seed: Seed of that sample.
        exhaustive: True tries all pairs, up to 2^32; None does so up to 2^20 and else draws 2^20; False always draws.
        processes: How many work on more than 2^20 pairs; default: usable processors.
        progress: Called with pairs done and pairs in all, from time to time.
        keep: Whether parts of long sweeps are kept in the cache folder, and taken from there.

    Raises:
        UnknownNameError: no such family.
        SpecError: illegal widths, parameters or numbers of pairs, all of them listed.
        StorageError: parts of a long sweep cannot be kept.
    """
    unit = legal_unit("multiplier", family, (a_width_bits, b_width_bits), signed, parameters or {}, samples=samples,
                      seed=seed, exhaustive=exhaustive)  # fmt: skip
    return _measure(unit, chosen_samples(unit, samples, exhaustive), seed, processes, progress, keep)


def adder_error(
    family: str,
    width_bits: int,
    *,
    signed: bool = False,
    parameters: Mapping[str, int] | None = None,
    samples: int | None = None,
    seed: int = 1,
    exhaustive: bool | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
    keep: bool = True,
) -> ErrorMetrics:
    """Error metrics of an adder of operands of 2..128 bits; for the rest see `multiplier_error`."""
    unit = legal_unit("adder", family, (width_bits,), signed, parameters or {}, samples=samples, seed=seed,
                      exhaustive=exhaustive)  # fmt: skip
    return _measure(unit, chosen_samples(unit, samples, exhaustive), seed, processes, progress, keep)


def _measure(
    unit: ErrorUnit, samples: int | None, seed: int, processes: int | None, progress: Progress | None, keep: bool
) -> ErrorMetrics:
    if samples is None:
        return _metrics(unit, sweep(unit, processes=processes, progress=progress, keep=keep), None)
    tally = Tally(unit, moments=True)
    done = 0
    for a, b in unit.sample(samples, seed, TILE_PAIRS):
        tally.add(a, b)
        done += a.size
        if progress is not None:
            progress(done, samples)
    return _metrics(unit, tally.sums(), seed)


def _metrics(unit: ErrorUnit, sums: ErrorSums, seed: int | None) -> ErrorMetrics:
    n = sums.pairs
    mean_square = Fraction(sums.square, n)
    bias = Fraction(sums.error, n)
    red = sums.worst_relative
    metrics: dict[str, float] = {
        "er": sums.wrong / n,
        "med": sums.distance / n,
        "nmed": float(Fraction(sums.distance, n * unit.largest_exact)),
        "mred": sums.relative / sums.nonzero if sums.nonzero else 0.0,
        "bias": float(bias),
        "rmse": _root(mean_square),
        "variance": float(mean_square - bias * bias),
    }
    return ErrorMetrics(
        role=unit.role,
        family=unit.family,
        width=unit.widths_bits[0],
        weight_width=unit.widths_bits[1] if unit.role == "multiplier" else None,
        signed=unit.signed,
        parameters=dict(unit.parameters),
        **metrics,
        max_red=float(Fraction(red.distance, abs(red.exact))) if red else 0.0,
        wce=sums.worst.distance if sums.worst else 0,
        pairs=n,
        exhaustive=seed is None,
        seed=seed,
        confidence=_confidence(sums, metrics, unit.largest_exact) if seed is not None else {},
        confidence_method=CONFIDENCE_METHOD if seed is not None else None,
        worst_case=_worst(sums.worst),
        worst_relative_case=_worst(red),
        histogram=_histogram(sums.bins),
    )


def _worst(case: Case | None) -> WorstCase | None:
    return WorstCase(**vars(case)) if case else None


def _root(value: Fraction) -> float:
    """Square root of a nonnegative ratio that may be too large or too fine for a float64 to hold exactly."""
    shift = max(0, 128 - value.numerator.bit_length() + value.denominator.bit_length())
    shift += shift % 2
    return math.ldexp(float(math.isqrt((value.numerator << shift) // value.denominator)), -shift // 2)


def _confidence(sums: ErrorSums, metrics: Mapping[str, float], largest_exact: int) -> dict[str, float]:
    """Half-widths of 95 % intervals (see `CONFIDENCE_METHOD`)."""
    n = sums.pairs

    def of_mean(mean: float, mean_square: float, count: int) -> float:
        return _Z95 * math.sqrt(max(0.0, mean_square - mean * mean) / count) if count else 0.0

    mean_square = float(Fraction(sums.square, n))
    fourth, cube = sums.fourth / n, sums.cube / n
    bias, rmse, variance = metrics["bias"], metrics["rmse"], metrics["variance"]
    fourth_central = fourth - 4 * bias * cube + 6 * bias**2 * mean_square - 3 * bias**4
    med = of_mean(metrics["med"], mean_square, n)
    return {
        "er": _wilson(metrics["er"], n),
        "med": med,
        "nmed": med / largest_exact,
        "mred": of_mean(metrics["mred"], sums.relative_square / sums.nonzero, sums.nonzero) if sums.nonzero else 0.0,
        "bias": _Z95 * math.sqrt(variance / n),
        "rmse": of_mean(mean_square, fourth, n) / (2 * rmse) if rmse else 0.0,
        "variance": of_mean(variance, fourth_central, n),
    }


def _wilson(share: float, n: int) -> float:
    """Half-width about the observed share that covers Wilson's interval; above zero even where nothing was wrong."""
    z2 = _Z95 * _Z95 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = _Z95 / (1 + z2) * math.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return half + abs(centre - share)


def _histogram(bins: Mapping[int, int]) -> Histogram:
    """Bins of `ErrorSums` as values, if no error exceeds 15, else as octaves."""
    counts = {error_of_bin(key): count for key, count in bins.items()}
    octaves = max(map(abs, counts)) > _UNIT_BINS_MAX
    merged: dict[int, int] = {}
    for error, count in counts.items():
        low = _octave(error) if octaves else error
        merged[low] = merged.get(low, 0) + count
    starts = [min(merged)]
    while starts[-1] < max(merged):
        starts.append(_end_of_bin(starts[-1], octaves))
    edges = (*starts, _end_of_bin(starts[-1], octaves))
    return Histogram(edges=edges, counts=tuple(merged.get(start, 0) for start in starts))


def _octave(error: int) -> int:
    """Lowest error of the octave that holds one."""
    if error >= 0:
        return 1 << (error.bit_length() - 1) if error else 0
    return 1 - (1 << (-error).bit_length())


def _end_of_bin(start: int, octaves: bool) -> int:
    """The error after a bin's last."""
    if not octaves or start in {-1, 0}:
        return start + 1
    if start > 0:
        return 2 * start
    return 1 - ((1 - start) >> 1)
