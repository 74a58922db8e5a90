"""Verifying records: real gates on real designs, what fails is said, what was finished is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tpugen.dataset.evidence import Verified, read_verified_sample
from tpugen.errors import DesignFailedError, RequestError
from tpugen.pipeline import dataset_verify
from tpugen.pipeline.dataset_rtl import render, rtl_digest
from tpugen.pipeline.dataset_verify import VerifyProgress, verify_dataset, verify_design, verify_more
from tpugen.pipeline.executor import WorkResult
from tpugen.spec import AdderSpec, DesignSpec, MacSpec
from tpugen.writers.files import RtlFile, write_files

ADDER = AdderSpec(width_bits=3, adder={"family": "exact", "structure": "brent_kung"})
OTHER = AdderSpec(width_bits=4, adder={"family": "loa", "k": 2})


class HereExecutor:
    """Runs items in this process; after `limit` of them comes Ctrl-C."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit

    def run(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[WorkResult[Any, Any]]:
        for index, item in enumerate(items):
            if index == self.limit:
                raise KeyboardInterrupt
            yield WorkResult(index, item, value=function(item))


def verify(out: Path, specs: list[DesignSpec], limit: int | None = None) -> tuple[Any, list[VerifyProgress]]:
    heard: list[VerifyProgress] = []
    summary = verify_dataset(2, out, specs=specs, executor=HereExecutor(limit), observer=heard.append)
    return summary, heard


def test_designs_pass_and_an_interrupted_verification_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "sample.json"
    with pytest.raises(KeyboardInterrupt):
        verify(out, [ADDER, OTHER], limit=1)
    assert len(read_verified_sample(out).designs) == 1
    summary, heard = verify(out, [ADDER, OTHER])
    assert (summary.designs, summary.verified, summary.kept, summary.failed, summary.uncovered) == (2, 1, 1, [], [])
    assert [progress.kept for progress in heard] == [True, False]
    rows = {row.classes[0]: row for row in read_verified_sample(out).designs}
    exact, loa = rows["adder/signed/adder_brent_kung"], rows["adder/signed/adder_loa"]
    assert exact.gates == ("sandbox", "contract", "lint", "simulate", "prove")
    assert loa.gates == ("sandbox", "contract", "lint", "simulate")
    assert exact.exhaustive
    assert exact.results > 64
    assert (exact.rtl, loa.rtl) == (rtl_digest(ADDER), rtl_digest(OTHER))
    # Evidence of other RTL is not kept.
    out.write_text(out.read_text().replace(loa.rtl, "0" * 64))
    summary, _ = verify(out, [ADDER, OTHER])
    assert (summary.verified, summary.kept) == (1, 1)
    assert {row.id: row for row in read_verified_sample(out).designs}[loa.id] == loa


def test_a_wrong_design_fails_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(spec: DesignSpec, folder: Path) -> list[Path]:
        *support, top = render(spec)
        wrong = RtlFile(top.name, top.text.replace("(b_i)", "(~b_i)"), "composer")
        assert wrong.text != top.text
        return write_files([*support, wrong], folder)

    monkeypatch.setattr(dataset_verify, "render_into", broken)
    summary, _ = verify(tmp_path / "sample.json", [OTHER])
    assert summary.uncovered == ["adder/signed/adder_loa"]
    assert len(summary.failed) == 1
    assert summary.failed[0].startswith("adder_s4_loa_k2-")
    assert "simulate/" in summary.failed[0]
    (row,) = read_verified_sample(tmp_path / "sample.json").designs
    assert row.gates == ("sandbox", "contract", "lint")
    with pytest.raises(DesignFailedError, match="adder_s4_loa_k2"):
        verify_more([OTHER], 1, [], executor=HereExecutor())


def test_parameters_beyond_the_library_s_default_widths_are_legal() -> None:
    """An accumulator of 40 bits with 39 inexact ones: no tool may look at the adder at its default width."""
    spec = MacSpec(accumulator_width_bits=40, adder={"family": "loa", "k": 39})
    row = verify_design(spec.model_dump(mode="json"))
    assert row.failure is None
    assert row.gates == ("sandbox", "contract", "lint", "simulate")
    assert row.cycles is not None


def test_more_designs_are_those_not_known() -> None:
    known = [Verified(id="adder_s4_loa_k2-x", rtl="", classes=(), gates=())]
    rows = verify_more([ADDER], 1, known, executor=HereExecutor())
    assert [row.failure for row in rows] == [None]
    assert verify_more([ADDER], 1, rows, executor=HereExecutor()) == []


def test_a_sample_of_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="--sample 0: at least 1 design"):
        verify_dataset(0, tmp_path / "s.json")
