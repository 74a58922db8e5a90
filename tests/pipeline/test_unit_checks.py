"""Mass checks of units as a job: what is chosen, how it is divided, what is remembered."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tpugen.errors import RequestError, ToolFailedError, UnknownNameError
from tpugen.pipeline import unit_checks
from tpugen.pipeline.executor import WorkResult
from tpugen.pipeline.unit_checks import Selection, UnitProgress, batches, select, verify_units
from tpugen.verif.unit_configurations import full_corpus
from tpugen.verif.unit_vectors import VectorPlan

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")


class Here:
    """An executor in this process; each entry of `seen` is one batch."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def run(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[WorkResult[Any, Any]]:
        for index, item in enumerate(items):
            self.seen.append(item)
            try:
                yield WorkResult(index, item, value=function(item))
            except ToolFailedError as error:
                yield WorkResult(index, item, error=error)


def names(selection: Selection) -> list[str]:
    return [unit.name for unit in select(selection)]


# --- selection --------------------------------------------------------------------------------------------------------


def test_everything_is_the_full_corpus() -> None:
    assert names(Selection()) == [unit.name for unit in full_corpus()]


def test_filters_narrow_the_corpus() -> None:
    chosen = select(Selection(role="multiplier", families=("drum",), widths=("8",), signed=True))
    assert [unit.parameters for unit in chosen] == [{"k": k} for k in range(2, 9)]
    assert {(unit.role, unit.family, unit.widths_bits, unit.signed) for unit in chosen} == {
        ("multiplier", "drum", (8, 8), True)
    }
    assert {unit.role for unit in select(Selection(widths=("8",)))} == {"adder", "multiplier"}
    assert {unit.widths_bits for unit in select(Selection(widths=("9x6", "64")))} == {(9, 6), (64,)}


def test_any_widths_can_be_asked_for_with_every_parameter() -> None:
    some = names(Selection(families=("letam",), widths=("9x7",), signed=False))
    every = names(Selection(families=("letam",), widths=("9x7",), signed=False, all_parameters=True))
    assert set(some) < set(every)
    assert len(every) == 6


def test_exact_structures_come_with_the_exact_family() -> None:
    chosen = select(Selection(role="adder", families=("exact",), widths=("6",), signed=True))
    assert [unit.module for unit in chosen][:2] == ["adder_exact", "adder_ripple_carry"]
    assert len(chosen) == 6


@pytest.mark.parametrize(
    ("selection", "words", "hint"),
    [
        (Selection(widths=("8x",)), "'8x' is not a width", "write 8, or 8x5 for activation x weight"),
        (Selection(widths=("1",)), "no unit is 1 bits wide", "adders: 2 to 128; multipliers: 2 to 32 an operand"),
        (Selection(widths=("33x8",)), "no unit is 33x8 bits wide", None),
        (Selection(role="multiplier", widths=("64",)), "no unit is left by these filters", None),
        (Selection(families=("rad",), widths=("3x3",)), "no unit is left by these filters", None),
    ],
)
def test_what_cannot_be_is_refused(selection: Selection, words: str, hint: str | None) -> None:
    with pytest.raises(RequestError) as caught:
        select(selection)
    assert caught.value.message == words
    assert hint is None or caught.value.hint == hint


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="no family is called 'dram'"):
        select(Selection(families=("dram",)))
    with pytest.raises(UnknownNameError, match="no adder family is called 'drum'"):
        select(Selection(role="adder", families=("drum",)))


# --- batches ----------------------------------------------------------------------------------------------------------


def test_batches_hold_every_unit_once_and_mix_widths_only_where_pairs_are_few() -> None:
    corpus = full_corpus()
    divided = batches(corpus)
    assert sorted(unit.name for batch in divided for unit in batch) == sorted(unit.name for unit in corpus)
    for batch in divided:
        assert 0 < len(batch) <= 64
        if len({(unit.role, unit.widths_bits) for unit in batch}) > 1:
            assert all(sum(unit.operand_widths_bits) <= 13 for unit in batch)
        if batch[0].widths_bits == (32, 32):
            assert len(batch) <= 8


# --- memory -----------------------------------------------------------------------------------------------------------

FEW = Selection(role="adder", families=("loa",), widths=("3", "9"), signed=False)
PLAN = VectorPlan(random=200, seed=3)


def check(here: Here, plan: VectorPlan = PLAN, **options: Any) -> unit_checks.UnitsReport:
    chosen = options.pop("chosen", None) or select(FEW)
    return verify_units(chosen, plan=plan, simulator="icarus", linters=("icarus",), executor=here, **options)


@needs_icarus
def test_what_passed_is_remembered_by_its_content() -> None:
    here = Here()
    first = check(here)
    assert (first.verdict, first.cached, first.failed, first.seed) == ("pass", 0, 0, 3)
    assert first.simulator.startswith("icarus ")
    assert first.units == len(select(FEW))
    assert sum(line.vectors for line in first.families) == first.vectors
    done = len(here.seen)
    again = check(here)
    assert again.cached == again.units
    assert len(here.seen) == done  # nothing was run
    assert again.checks == first.checks
    other_seed = check(here, VectorPlan(random=200, seed=4))
    # All pairs of 3 bits are the same whatever the seed; random ones of 9 bits are not.
    assert other_seed.cached == other_seed.exhaustive == sum(unit.widths_bits == (3,) for unit in select(FEW))
    assert check(here, use_cache=False).cached == 0


@needs_icarus
def test_other_rtl_or_another_model_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here()
    check(here)
    rtl_of = unit_checks.rtl_of
    with monkeypatch.context() as patch:
        patch.setattr(unit_checks, "rtl_of", lambda unit: {**rtl_of(unit), "adder_loa": "// other\n"})
        assert check(here).cached == 0
    sources = unit_checks._model_sources
    with monkeypatch.context() as patch:
        patch.setattr(unit_checks, "_model_sources", lambda module: {**sources(module), module: "other"})
        assert check(here).cached == 0
    assert check(here).cached == len(select(FEW))


def test_a_model_is_known_by_its_module_and_what_that_imports() -> None:
    known = unit_checks._model_sources("tpugen.arithmetic.adders")
    assert {"tpugen.arithmetic.adders", "tpugen.arithmetic.integers", "tpugen.arithmetic.signature"} <= set(known)
    assert not any("multipliers" in name for name in known)


@needs_icarus
def test_an_interrupted_check_goes_on_where_it_was() -> None:
    chosen = select(Selection(role="adder", families=("loa", "heaa"), widths=("9", "10"), signed=False))
    told: list[UnitProgress] = []

    def stop_after_the_first(progress: UnitProgress) -> None:
        told.append(progress)
        if progress.checks:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(Here(), chosen=chosen, observer=stop_after_the_first)
    finished = told[-1].done
    assert 0 < finished < len(chosen)
    report = check(Here(), chosen=chosen)
    assert (report.verdict, report.units, report.cached) == ("pass", len(chosen), finished)


@needs_icarus
def test_failures_are_told_and_never_remembered() -> None:
    missing = [unit.model_copy(update={"structure": "abacus"}) for unit in select(FEW)[:1]]
    chosen = [*missing, *select(FEW)[:1]]
    for cached in (0, 1):
        report = check(Here(), chosen=chosen)
        assert (report.verdict, report.failed, report.cached) == ("fail", 1, cached)
        assert [failure.unit for failure in report.failures] == missing
        assert report.families[0].failed == 1


@needs_icarus
def test_a_broken_tool_is_an_error_and_what_finished_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = select(Selection(role="adder", families=("loa",), widths=("9", "10"), signed=False))
    inner = unit_checks.check_units

    def break_at_10_bits(units: Any, folder: Path, **options: Any) -> Any:
        if units[0].widths_bits == (10,):
            raise ToolFailedError("the simulator broke")
        return inner(units, folder, **options)

    with monkeypatch.context() as patch:
        patch.setattr(unit_checks, "check_units", break_at_10_bits)
        with pytest.raises(ToolFailedError, match="the simulator broke"):
            check(Here(), chosen=chosen)
    assert check(Here(), chosen=chosen).cached == sum(unit.widths_bits == (9,) for unit in chosen)


@needs_icarus
def test_worker_processes_give_the_same() -> None:
    chosen = select(FEW)
    told: list[UnitProgress] = []
    report = verify_units(
        chosen, plan=PLAN, simulator="icarus", linters=(), jobs=2, use_cache=False, observer=told.append
    )
    assert report.verdict == "pass"
    assert [found.unit for found in report.checks] == chosen
    assert told[0] == UnitProgress(0, len(chosen))
    assert told[-1].done == len(chosen)
