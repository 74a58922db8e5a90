"""The comparison with the papers: figures to the digit, parts that add up, and the law that systems obey."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.published import published_figures
from tpugen.pipeline.amdahl import model_amdahl
from tpugen.pipeline.comparing import model_compare
from tpugen.results.amdahl import ModelComparison


@pytest.fixture(scope="module")
def comparison() -> ModelComparison:
    return model_compare()


def test_every_printed_figure_is_checked(comparison: ModelComparison) -> None:
    assert [check.printed for check in comparison.checks] == [figure.printed for figure in published_figures()]


def test_the_baselines_tokens_per_second_to_the_printed_digit(comparison: ModelComparison) -> None:
    checks = [c for c in comparison.checks if (c.quantity, c.system) == ("tokens_per_s", "tpu-llm")]
    assert len(checks) == 9
    for check in checks:
        decimals = len(check.printed.partition(".")[2])
        assert f"{check.value:.{decimals}f}" == check.printed


@pytest.mark.parametrize(
    ("quantity", "percent"),
    [("tokens_per_s", 5.0), ("crossbar_layer_us", 5.0), ("systolic_share_percent", 2.0), ("gops", 2.0)],
)
def test_what_the_components_give_is_near_what_is_printed(
    comparison: ModelComparison, quantity: str, percent: float
) -> None:
    checks = [check for check in comparison.checks if check.quantity == quantity]
    assert checks
    for check in checks:
        assert check.error_percent == pytest.approx(0, abs=percent), check


def test_tokens_per_joule_over_the_baseline_within_one_percent(comparison: ModelComparison) -> None:
    gains = [check for check in comparison.checks if check.quantity == "energy_gain_percent"]
    assert len(gains) == 4
    for check in gains:
        assert check.value is not None
        assert (100 + check.value) / (100 + float(check.printed)) == pytest.approx(1, abs=0.01)


def test_the_published_accounting_charges_one_layer(comparison: ModelComparison) -> None:
    """k from the printed gains is one over the layers within their rounding, and E_xbar agrees at both contexts."""
    assert [item.model for item in comparison.solved] == ["opt-6.7b", "gpt2-350m"]
    for item in comparison.solved:
        assert item.share_low <= 1 / item.layers <= item.share_high
        assert item.crossbar_s[0] == pytest.approx(item.crossbar_s[1], rel=1e-4)
    for point in comparison.energy:
        assert point.attention_charged_mj * point.layers == pytest.approx(point.attention_mj)
        assert point.gain_consistent_percent < point.gain_published_percent


def test_energies_of_a_token_add_up(comparison: ModelComparison) -> None:
    for point in comparison.energy:
        for attention, gain in (
            (point.attention_charged_mj, point.gain_published_percent),
            (point.attention_mj, point.gain_consistent_percent),
        ):
            assert point.baseline_mj / (point.crossbar_mj + attention) - 1 == pytest.approx(gain / 100)


def test_parts_of_a_latency_add_up(comparison: ModelComparison) -> None:
    grid = {(point.system, point.model, point.context): point for point in comparison.grid}
    for item in comparison.breakdowns:
        assert sum(part.latency_ms for part in item.parts) == pytest.approx(item.latency_ms)
        assert sum(part.share for part in item.parts) == pytest.approx(1)
        assert grid[item.system, item.model, item.context].latency_ms == pytest.approx(item.latency_ms)


def test_systems_obey_amdahls_law(comparison: ModelComparison) -> None:
    """The ratio of tokens/s of two evaluated systems is what the law gives for F and S_p."""
    assert [curve.context for curve in comparison.curves] == comparison.contexts
    for curve in comparison.curves:
        law = 1 / (1 - curve.fraction + curve.fraction / curve.system_gain)
        assert curve.system_speedup == pytest.approx(law, rel=1e-9)
        assert curve.system_speedup < curve.ceiling
        assert curve.speedups == sorted(curve.speedups)


def test_speedups_are_ratios_and_shrink_with_the_context(comparison: ModelComparison) -> None:
    for model in comparison.models:
        slow, fast = (
            [point for point in comparison.grid if (point.system, point.model) == (system, model)]
            for system in (comparison.baseline, comparison.system)
        )
        assert [point.context for point in fast] == comparison.contexts
        ratios = [quick.tokens_per_s / other.tokens_per_s for quick, other in zip(fast, slow, strict=True)]
        assert [point.speedup for point in fast] == pytest.approx(ratios)
        assert ratios == sorted(ratios, reverse=True)
        assert {point.speedup for point in slow} == {1.0}


def test_fractions_and_crossovers_say_the_same(comparison: ModelComparison) -> None:
    crossovers = {row.model: row for row in comparison.crossovers}
    for row in comparison.fractions:
        first = crossovers[row.model].cycles[row.array]
        assert first is not None
        for context, share in zip(comparison.fraction_contexts, row.fractions, strict=True):
            assert (share < 0.5) == (context >= first)


def test_the_published_grid_is_fast() -> None:
    model_compare()
    start = time.perf_counter()
    model_compare()
    assert time.perf_counter() - start < 2.0  # a machine under load; the benchmark measures it


def test_a_system_of_ones_own_is_compared(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'name = "mine"\n[engines.big]\nkind = "systolic"\nrows = 64\ncols = 64\ncard = "tpu-45nm"\n'
        '[placement]\nprojection = "big"\nattention = "big"\n'
    )
    found = model_compare(str(file))
    assert found.system == "mine"
    assert all(point.speedup > 1 for point in found.grid if point.system == "mine")


def test_unknown_systems_are_refused() -> None:
    with pytest.raises(UnknownNameError):
        model_compare("no-such-system")


def test_systems_without_energy_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'name = "mine"\n[engines.big]\nkind = "systolic"\nenergy = "none"\n'
        '[placement]\nprojection = "big"\nattention = "big"\n'
    )
    with pytest.raises(RequestError, match="has engines of unknown energy"):
        model_compare(str(file))


# ---- Amdahl's law over all combinations ------------------------------------------------------------------------------


def test_points_are_all_combinations_in_order() -> None:
    found = model_amdahl(
        ["opt-1.3b", "gpt2-350m"], [128, 512], rows=[16, 32], cols=[32], dataflows=["os", "best"], gains=[4.0]
    )
    keys = [(p.model, p.context, p.rows, p.cols, p.dataflow) for p in found]
    assert keys == [
        (model, context, rows, 32, dataflow)
        for model in ("opt-1.3b", "gpt2-350m")
        for context in (128, 512)
        for rows in (16, 32)
        for dataflow in ("os", "best")
    ]
    for point in found:
        (alone,) = model_amdahl(
            [point.model], [point.context], rows=[point.rows], cols=[32], dataflows=[point.dataflow], gains=[4.0]
        )
        assert alone == point


def test_a_point_is_about_what_was_asked() -> None:
    for by in ("cycles", "macs", "bytes"):
        (point,) = model_amdahl(["opt-6.7b"], [4096], by=by)  # type: ignore[arg-type]
        assert point.fraction == point.fractions[by]
        assert point.ceiling == pytest.approx(1 / (1 - point.fraction))
        assert point.crossover_context == point.crossovers[by]
        assert [at.share_of_ceiling for at in point.speedups] == pytest.approx(
            [at.speedup / point.ceiling for at in point.speedups]
        )


def test_the_papers_shapes_are_a_switch() -> None:
    (real,), (published,) = (model_amdahl(["gpt2-350m"], [1024], as_published=flag) for flag in (False, True))
    assert (real.workload, published.workload) == ("real", "as_published")
    assert published.fraction < real.fraction  # d_ff = d: fewer weights


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": [16, 32], "cols": [16, 32, 64]}, "2 rows and 3 columns do not pair"),
        ({"contexts": []}, "models, contexts and dataflows: each needs at least one entry"),
        ({"gains": [0.0]}, "gain: found 0 to 0; expected numbers above 0"),
        ({"gains": [float("inf")]}, "gain: found inf to inf; expected numbers above 0"),
        ({"contexts": [2**30]}, "context 1073741824 of opt-6.7b"),
        ({"contexts": [0]}, "contexts: 0; accepted: whole numbers in 1"),
        ({"rows": [0]}, "rows"),
        ({"batch": 0}, "batch"),
    ],
)
def test_wrong_requests_say_what_is_accepted(change: dict[str, list[int]], message: str) -> None:
    request = {"models": ["opt-6.7b"], "contexts": [128]} | change
    with pytest.raises(RequestError, match=message):
        model_amdahl(**request)  # type: ignore[arg-type]


def test_unknown_names_are_refused() -> None:
    for change in ({"models": ["opt-6.8b"]}, {"dataflows": ["xs"]}, {"by": "joules"}, {"cycle_model": "mine"}):
        with pytest.raises(UnknownNameError):
            model_amdahl(**({"models": ["opt-6.7b"], "contexts": [128]} | change))  # type: ignore[arg-type]
