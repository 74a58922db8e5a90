"""Error metrics against a plain computation with fractions, and their relations, samples, sweeps and errors."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.arithmetic import error_sweep as sweeping
from tpugen.arithmetic.catalogue import legal_settings
from tpugen.arithmetic.error_metrics import CONFIDENCE_METHOD, ErrorMetrics, adder_error, multiplier_error
from tpugen.arithmetic.error_sums import TILE_PAIRS, ErrorSums, Tally, error_of_bin
from tpugen.arithmetic.error_units import ErrorUnit, legal_unit
from tpugen.arithmetic.units import add, multiply
from tpugen.errors import SpecError, StorageError, TpugenError, UnknownNameError
from tpugen.paths import cache_dir

Pair = tuple[int, int, int, int]
"""a, b, exact, approximate."""

MEANS = ("er", "med", "nmed", "mred", "bias", "rmse", "variance")


def error_of(family: Family, *widths: int, **options: Any) -> ErrorMetrics:
    run: Callable[..., ErrorMetrics] = adder_error if family.role == "adder" else multiplier_error
    return run(family.name, *widths, **options)


def all_pairs(family: Family, widths: tuple[int, ...], signed: bool, parameters: dict[str, int]) -> list[Pair]:
    """Every operand pair, by plain integers."""
    ranges = [range(-(1 << n >> 1), 1 << n >> 1) if signed else range(1 << n) for n in (widths[0], widths[-1])]
    operands = [(a, b) for a in ranges[0] for b in ranges[1]]
    first, second = zip(*operands, strict=True)
    compute: Callable[..., Any] = add if family.role == "adder" else multiply
    results = compute(family.name, first, second, *widths, signed=signed, **parameters).tolist()
    exact = [a + b if family.role == "adder" else a * b for a, b in operands]
    return [(a, b, e, r) for (a, b), e, r in zip(operands, exact, results, strict=True)]


def by_definition(pairs: list[Pair]) -> dict[str, Fraction | int | float]:
    """The metrics, word for word."""
    n = len(pairs)
    errors = [approximate - exact for _, _, exact, approximate in pairs]
    relative = [Fraction(abs(r - e), abs(e)) for _, _, e, r in pairs if e != 0]
    mean = Fraction(sum(errors), n)
    square = Fraction(sum(error * error for error in errors), n)
    med = Fraction(sum(map(abs, errors)), n)
    return {
        "er": Fraction(sum(error != 0 for error in errors), n),
        "med": med,
        "nmed": med / max(abs(exact) for _, _, exact, _ in pairs),
        "mred": math.fsum(map(float, relative)) / len(relative),
        "max_red": max(relative),
        "wce": max(map(abs, errors)),
        "bias": mean,
        "rmse": math.sqrt(square),
        "variance": Fraction(sum((error - mean) ** 2 for error in errors), n),
    }


def agrees(metrics: ErrorMetrics, pairs: list[Pair], rel: float = 1e-13) -> None:
    expected = by_definition(pairs)
    found = {name: getattr(metrics, name) for name in expected}
    assert found == pytest.approx({name: float(value) for name, value in expected.items()}, rel=rel, abs=0)
    assert metrics.pairs == len(pairs)
    assert distribution(metrics) == in_bins(metrics.histogram.edges, [r - e for _, _, e, r in pairs])


def distribution(metrics: ErrorMetrics) -> dict[int, int]:
    edges, counts = metrics.histogram.edges, metrics.histogram.counts
    assert len(edges) == len(counts) + 1
    assert all(low < high for low, high in pairwise(edges))
    assert counts[0]
    assert counts[-1]
    return {edge: count for edge, count in zip(edges[:-1], counts, strict=True) if count}


def in_bins(edges: tuple[int, ...], errors: list[int]) -> dict[int, int]:
    return dict(Counter(max(edge for edge in edges if edge <= error) for error in errors))


CASES = [
    (family, widths, signed)
    for family in (*ADDERS.values(), *MULTIPLIERS.values())
    for widths in ([(5,)] if family.role == "adder" else [(5, 5), (6, 4), (4, 6)])
    for signed in (False, True)
]


@pytest.mark.parametrize(("family", "widths", "signed"), CASES, ids=[f"{f.role}-{f.name}-{w}-{s}" for f, w, s in CASES])
def test_metrics_are_their_definitions(family: Family, widths: tuple[int, ...], signed: bool) -> None:
    for parameters in legal_settings(family, widths)[:: 7 if family.name in {"bam", "tosam"} else 1]:
        metrics = error_of(family, *widths, signed=signed, parameters=parameters)
        pairs = all_pairs(family, widths, signed, parameters)
        agrees(metrics, pairs)
        assert (metrics.exhaustive, metrics.seed, metrics.confidence, metrics.confidence_method) == (
            True,
            None,
            {},
            None,
        )
        assert metrics.parameters == parameters
        worst = next((p for p in pairs if abs(p[3] - p[2]) == metrics.wce and metrics.wce), None)
        found = metrics.worst_case
        assert (found and (found.a, found.b, found.exact, found.approximate)) == worst
        relative = metrics.worst_relative_case
        assert (relative is None) == (metrics.max_red == 0)
        if relative is not None:
            assert (relative.a, relative.b, relative.exact, relative.approximate) in pairs
            assert abs(relative.approximate - relative.exact) / abs(relative.exact) == metrics.max_red


@given(widths=st.tuples(st.integers(2, 32), st.integers(2, 32)), signed=st.booleans(), seed=st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_exact_units_have_no_error(widths: tuple[int, int], signed: bool, seed: int) -> None:
    for metrics in (
        multiplier_error("exact", *widths, signed=signed, samples=200, seed=seed),
        adder_error("exact", 4 * widths[0], signed=signed, samples=200, seed=seed),
    ):
        assert {metrics.er, metrics.med, metrics.mred, metrics.max_red, metrics.wce, metrics.rmse} == {0}
        assert metrics.worst_case is None
        assert metrics.worst_relative_case is None
        assert (metrics.histogram.edges, metrics.histogram.counts) == ((0, 1), (200,))
        assert metrics.confidence["er"] > 0.009  # 200 right results do not prove that there are no wrong ones


@st.composite
def units(draw: st.DrawFn) -> tuple[Family, tuple[int, ...], bool, dict[str, int]]:
    role = draw(st.sampled_from([ADDERS, MULTIPLIERS]))
    family = role[draw(st.sampled_from(sorted(role)))]
    widths = tuple(draw(st.integers(5, 32)) for _ in range(1 if family.role == "adder" else 2))
    parameters = {p.name: draw(st.integers(*p.bounds(*widths))) for p in family.parameters}
    return family, widths, draw(st.booleans()), parameters


@given(unit=units(), seed=st.integers(0, 1000))
@settings(max_examples=120, deadline=None)
def test_metrics_fit_each_other_at_any_width(
    unit: tuple[Family, tuple[int, ...], bool, dict[str, int]], seed: int
) -> None:
    family, widths, signed, parameters = unit
    if family.problems(parameters, *widths):
        return
    m = error_of(family, *widths, signed=signed, parameters=parameters, samples=300, seed=seed, exhaustive=False)
    assert m.rmse**2 == pytest.approx(m.variance + m.bias**2, rel=1e-12)
    assert abs(m.bias) <= m.med * (1 + 1e-12)
    assert m.med <= m.rmse * (1 + 1e-12)
    assert m.rmse <= m.wce * (1 + 1e-12)
    assert m.mred <= m.max_red * (1 + 1e-12)
    assert 0 <= m.er <= 1
    assert m.med <= m.er * m.wce * (1 + 1e-12)
    assert (m.er == 0) == (m.wce == 0) == (m.worst_case is None)
    assert sum(m.histogram.counts) == m.pairs == 300
    distribution(m)


WIDE = [
    (MULTIPLIERS["drum"], (24, 24), True, {"k": 3}),
    (MULTIPLIERS["bam"], (24, 24), False, {"vbl": 40, "hbl": 0}),
    (MULTIPLIERS["drum"], (32, 32), False, {"k": 2}),
    (MULTIPLIERS["mitchell"], (32, 32), True, {}),
    (MULTIPLIERS["rad"], (31, 19), True, {"k": 9}),
    (ADDERS["loa"], (48,), False, {"k": 30}),
    (ADDERS["loa"], (63,), True, {"k": 20}),
    (ADDERS["loa"], (128,), True, {"k": 100}),
    (ADDERS["lzta"], (127,), False, {"k": 1}),
]


@pytest.mark.parametrize(("family", "widths", "signed", "parameters"), WIDE)
def test_wide_units_are_measured_to_the_last_bit(
    family: Family, widths: tuple[int, ...], signed: bool, parameters: dict[str, int]
) -> None:
    count = 3000
    metrics = error_of(family, *widths, signed=signed, parameters=parameters, samples=count, seed=7)
    unit = legal_unit(family.role, family.name, widths, signed, parameters)
    (a, b), *others = unit.sample(count, 7, TILE_PAIRS)
    assert not others
    compute: Callable[..., Any] = add if family.role == "adder" else multiply
    results = compute(family.name, a, b, *widths, signed=signed, **parameters).tolist()
    pairs = [
        (int(x), int(y), int(x) + int(y) if family.role == "adder" else int(x) * int(y), int(r))
        for x, y, r in zip(a.tolist(), b.tolist(), results, strict=True)
    ]
    low = -(1 << widths[0] >> 1) if signed else 0
    assert all(low <= x < low + (1 << widths[0]) for x, *_ in pairs)
    expected = by_definition(pairs)
    expected["nmed"] = expected["med"] / unit.largest_exact
    found = {name: getattr(metrics, name) for name in expected}
    assert found == pytest.approx({name: float(value) for name, value in expected.items()}, rel=1e-13, abs=0)
    assert metrics.wce == expected["wce"]
    assert distribution(metrics) == in_bins(metrics.histogram.edges, [r - e for _, _, e, r in pairs])


def test_large_errors_add_up_exactly() -> None:
    unit = legal_unit("multiplier", "drum", (16, 16), False, {"k": 2})
    sums = sweeping.measure_band(unit, 65533, 3)
    operands = [(a, b) for a in range(65533, 65536) for b in range(65536)]
    first, second = zip(*operands, strict=True)
    results = multiply("drum", first, second, 16, 16, k=2).tolist()
    errors = [r - a * b for r, (a, b) in zip(results, operands, strict=True)]
    assert (sums.error, sums.distance) == (sum(errors), sum(map(abs, errors)))
    assert sums.square == sum(error * error for error in errors)
    assert sums.wrong == sum(map(bool, errors))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("role", ["adder", "multiplier"])
def test_the_largest_exact_result_is_what_nmed_divides_by(role: str, signed: bool) -> None:
    family = (ADDERS if role == "adder" else MULTIPLIERS)["exact"]
    widths = (4,) if role == "adder" else (4, 3)
    unit = legal_unit(family.role, "exact", widths, signed, {})
    assert unit.largest_exact == max(abs(exact) for _, _, exact, _ in all_pairs(family, widths, signed, {}))


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    truth = multiplier_error("drum", 8, 8, parameters={"k": 5}, signed=True)
    seeds = 300
    covered: Counter[str] = Counter()
    for seed in range(seeds):
        sample = multiplier_error("drum", 8, 8, parameters={"k": 5}, signed=True, samples=4000, seed=seed)
        assert sample.confidence.keys() == set(MEANS)
        assert (sample.exhaustive, sample.seed, sample.pairs) == (False, seed, 4000)
        assert sample.wce <= truth.wce
        assert sample.max_red <= truth.max_red
        for name in MEANS:
            covered[name] += abs(getattr(sample, name) - getattr(truth, name)) <= sample.confidence[name]
    # 95 % of 300 with a standard deviation of 1.3 %: three of these, and one-sided room for Wilson's wider interval.
    assert {name: 0.91 <= count / seeds <= 1 for name, count in covered.items()} == dict.fromkeys(MEANS, True)
    assert covered["med"] / seeds < 0.99  # an interval that always covers says nothing


def test_a_sample_narrows_with_its_size() -> None:
    small, large = (multiplier_error("udm", 8, 8, samples=n) for n in (4096, 65536))
    for name in MEANS:
        assert small.confidence[name] / large.confidence[name] == pytest.approx(4, rel=0.1)
    assert large.confidence_method == CONFIDENCE_METHOD


def test_the_same_seed_gives_the_same_sample() -> None:
    first, again, other = (multiplier_error("drum", 16, 16, samples=50_000, seed=seed) for seed in (5, 5, 6))
    assert first == again
    assert first.med != other.med
    assert multiplier_error("drum", 16, 16).pairs == 1 << 20


def test_all_pairs_are_tried_unasked_up_to_2_to_the_20() -> None:
    assert adder_error("loa", 10).exhaustive
    assert not adder_error("loa", 11, samples=100).exhaustive
    assert multiplier_error("drum", 10, 10).pairs == 1 << 20
    assert not multiplier_error("drum", 4, 4, exhaustive=False).exhaustive
    assert not adder_error("loa", 11).exhaustive


def test_metrics_are_frozen_and_survive_json() -> None:
    metrics = multiplier_error("drum", 8, 8, samples=1000)
    with pytest.raises(ValidationError):
        metrics.er = 0.5  # type: ignore[misc]
    assert ErrorMetrics.model_validate_json(metrics.model_dump_json()) == metrics


def test_bins_are_values_to_15_and_eighths_of_octaves_beyond() -> None:
    unit = legal_unit("adder", "loa", (8,), False, {"k": 4})
    tally = Tally(unit)
    tally.add(*(unit.sample(TILE_PAIRS, 1, TILE_PAIRS).__next__()))
    assert {error_of_bin(key) for key in tally.sums().bins} == set(range(-7, 9))
    assert adder_error("loa", 8, parameters={"k": 4}).histogram.edges == tuple(range(-7, 10))
    wide = adder_error("loa", 8, parameters={"k": 6}).histogram
    assert wide.edges == (-31, -15, -7, -3, -1, 0, 1, 2, 4, 8, 16, 32, 64)


# Sweeps in bands ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_bands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """8-bit sweeps take 16 bands of 16 rows; the list tells which were measured."""
    measured: list[tuple[int, int]] = []
    real = sweeping.measure_band

    def noted(unit: ErrorUnit, first: int, rows: int) -> ErrorSums:
        measured.append((first, rows))
        return real(unit, first, rows)

    monkeypatch.setattr(sweeping, "PAIRS_AT_ONCE", 0)
    monkeypatch.setattr(sweeping, "BAND_PAIRS", 1 << 12)
    monkeypatch.setattr(sweeping, "measure_band", noted)
    return measured


def sweep_8_bits(**options: Any) -> ErrorMetrics:
    return multiplier_error(
        "mitchell", 8, 8, signed=True, exhaustive=True, **{"processes": 1, **options}
    )  # in this process, so that patches hold


def kept() -> list[str]:
    return sorted(path.name for path in (cache_dir() / "arithmetic").rglob("*") if path.is_file())


def test_bands_and_tiles_make_no_difference(
    small_bands: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "TILE_PAIRS", 1 << 6)
    monkeypatch.setattr(sweeping, "_TILE_COLUMNS", 1 << 3)
    parts = sweep_8_bits(keep=False)
    assert len(small_bands) == 16
    monkeypatch.undo()
    whole = multiplier_error("mitchell", 8, 8, signed=True)
    assert parts.mred == pytest.approx(whole.mred, rel=1e-14)
    same = {"mred", "worst_relative_case", "worst_case"}  # of equally bad pairs, tiles meet another one first
    assert parts.model_dump(exclude=same) == whole.model_dump(exclude=same)


def test_an_interrupted_sweep_goes_on_where_it_stopped(small_bands: list[tuple[int, int]]) -> None:
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done == 5 << 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep_8_bits(progress=stop)
    assert told == [(n << 12, 1 << 16) for n in range(6)]
    assert kept() == sorted(f"band-{16 * n}.json" for n in range(5))
    small_bands.clear()
    told.clear()
    resumed = sweep_8_bits(progress=lambda done, total: told.append((done, total)))
    assert small_bands == [(16 * n, 16) for n in range(5, 16)]
    assert told[0] == (5 << 12, 1 << 16)
    assert resumed == sweep_8_bits(keep=False)
    assert kept() == ["whole.json"]
    small_bands.clear()
    assert sweep_8_bits() == resumed
    assert small_bands == []


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"pairs": 3}', "\x00", '{"bins": {"a": 1}}'])
def test_a_damaged_band_is_measured_again(small_bands: list[tuple[int, int]], damage: str) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 3 << 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep_8_bits(progress=stop)
    next((cache_dir() / "arithmetic").rglob("band-16.json")).write_text(damage)
    small_bands.clear()
    assert sweep_8_bits() == sweep_8_bits(keep=False)
    assert small_bands[:2] == [(16, 16), (48, 16)]


def test_other_models_start_afresh(small_bands: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_8_bits()
    multiplier_error("mitchell", 8, 8, signed=False, exhaustive=True, processes=1)
    assert len(small_bands) == 32
    monkeypatch.setattr(sweeping, "_code_hash", lambda: "of an edited model")
    sweep_8_bits()
    assert len(small_bands) == 48
    assert len(kept()) == 3


def test_kept_sums_are_the_same_to_the_last_bit() -> None:
    unit = legal_unit("multiplier", "mitchell", (8, 8), True, {})
    sums = sweeping.measure_band(unit, 0, 256)
    assert ErrorSums.from_json(json.loads(json.dumps(sums.to_json()))) == sums


def test_several_processes_give_what_one_gives() -> None:
    told: list[int] = []
    options: dict[str, Any] = {"parameters": {"k": 5}, "exhaustive": True, "keep": False}
    one = multiplier_error("drum", 13, 12, **options, processes=1)
    two = multiplier_error("drum", 13, 12, **options, processes=2, progress=lambda done, _total: told.append(done))
    assert one == two
    assert one.pairs == 1 << 25
    assert told == [0, 1 << 24, 1 << 25]


def test_a_lost_worker_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, *_arguments: object, **_options: object) -> None:
            self._processes: dict[int, Any] = {}

        def submit(self, *_arguments: object) -> Future[ErrorSums]:
            future: Future[ErrorSums] = Future()
            future.set_exception(BrokenProcessPool("killed"))
            return future

        def shutdown(self, **_options: bool) -> None:
            pass

    monkeypatch.setattr(sweeping, "ProcessPoolExecutor", Broken)
    with pytest.raises(TpugenError) as caught:
        multiplier_error("drum", 13, 12, exhaustive=True, processes=2)
    assert str(caught.value) == (
        "a worker process of the sweep died\n"
        "  it may be out of memory; what was finished is kept, and a sweep with fewer processes goes on with it"
    )


def test_a_full_disk_is_said_so(
    small_bands: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TPUGEN_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="a part of the path is a file, not a folder"):
        sweep_8_bits()


# Wrong requests -------------------------------------------------------------------------------------------------------


def test_everything_wrong_is_listed_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        multiplier_error("drum", 33, 1, parameters={"k": 99, "z": 1}, samples=1, exhaustive=True)
    assert caught.value.message == (
        "the request is not legal (5 violations):\n"
        "  - width: 33 is not legal; legal: 2..32; 8 would work\n"
        "  - weight width: 1 is not legal; legal: 2..32; 8 would work\n"
        "  - multiplier.z: multiplier family 'drum' has no parameter z; it has k\n"
        "  - samples: 1 is not legal; legal: 2..4294967296; 1048576 would work\n"
        "  - samples: all pairs and a sample exclude each other; leave one of them out"
    )
    with pytest.raises(SpecError) as caught:
        adder_error("loa", 129, parameters={"m": 1}, seed=-1)
    assert caught.value.message == (
        "the request is not legal (3 violations):\n"
        "  - width: 129 is not legal; legal: 2..128; 8 would work\n"
        "  - adder.m: adder family 'loa' has no parameter m; it has k\n"
        "  - seed: -1 is not legal; legal: 0 or more; 1 would work"
    )
    with pytest.raises(SpecError) as caught:
        multiplier_error("drum", 32, 16, parameters={"k": 17}, exhaustive=True)
    assert caught.value.message == (
        "the request is not legal (2 violations):\n"
        "  - multiplier.k: 17 is outside 2..16 for drum at 32x16 bits; 8 would work\n"
        "  - exhaustive: all 2^48 pairs are too many; legal: up to 2^32; samples 1048576 would work"
    )


def test_an_unknown_family_is_said_so() -> None:
    with pytest.raises(UnknownNameError, match="no multiplier family is called 'loa'"):
        multiplier_error("loa", 8, 8)
