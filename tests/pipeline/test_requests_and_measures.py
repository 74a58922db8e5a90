"""What is understood of a request, and how measurements are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.errors import RequestError, SpecError
from tpugen.pipeline.measure_steps import StaStep, _timing_findings, measurement
from tpugen.pipeline.model_step import default_gemm
from tpugen.pipeline.options import GenerateOptions
from tpugen.pipeline.request import understand
from tpugen.results import PowerResult, SynthesisResult, TimingResult
from tpugen.spec import MacSpec, SystolicArraySpec
from tpugen.storage import write_json_atomic


def test_a_spec_is_taken_as_it_is() -> None:
    spec = MacSpec(clock_mhz=50)
    asked = understand(spec)
    assert (asked.spec, asked.text, asked.assumptions, asked.not_understood) == (spec, None, [], [])


@pytest.mark.parametrize(
    ("request_", "clock_mhz", "asked"),
    [
        (MacSpec(), None, False),
        (MacSpec(clock_mhz=100), None, True),
        ({"kind": "mac"}, None, False),
        ({"kind": "mac", "clock_mhz": 100}, None, True),
        ("8-bit MAC", None, False),
        ("8-bit MAC at 100 MHz", None, True),
        ("8-bit MAC", 250.0, True),
    ],
)
def test_whether_the_clock_was_asked_for(request_: object, clock_mhz: float | None, asked: bool) -> None:
    found = understand(request_, clock_mhz=clock_mhz)  # type: ignore[arg-type]
    assert found.clock_asked is asked
    assert found.spec.clock_mhz == (clock_mhz or 100)
    assumed = [a for a in found.assumptions if a["field"] == "clock_mhz"]
    assert bool(assumed) == (isinstance(request_, str) and not asked)
    assert all(set(assumption) == {"field", "value", "reason"} for assumption in found.assumptions)


def test_a_workload_in_the_sentence_is_used() -> None:
    asked = understand("8x8 int8 systolic array for a 64x32x16 GEMM")
    assert (asked.gemms, asked.not_understood) == (("64x32x16",), [])


def test_a_workload_that_the_design_cannot_run_is_not_dropped() -> None:
    asked = understand("8x8-bit multiplier for a 64x32x16 GEMM")
    assert asked.spec.kind == "multiplier"
    assert (asked.gemms, asked.not_understood) == ((), ["GEMM 64x32x16"])


def test_an_illegal_clock_is_refused() -> None:
    with pytest.raises(
        SpecError, match=r"clock_mhz: -5(\.0)? is not legal; legal: above 0, up to 10000; 100 would work"
    ):
        understand(MacSpec(), clock_mhz=-5)


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(RequestError, match="the llm writer needs a chat model"):
        GenerateOptions(writer="llm")
    assert GenerateOptions(chat_model="m").chosen_writer == "llm"
    assert GenerateOptions().chosen_writer == "composer"
    assert "out" not in GenerateOptions(out=Path("x")).identity()


def test_the_default_workload_is_as_large_as_the_array() -> None:
    assert default_gemm(MacSpec()) == "64x64x64"
    assert default_gemm(SystolicArraySpec(rows=5, cols=3)) == "64x64x64"
    assert default_gemm(SystolicArraySpec(rows=16, cols=128)) == "128x128x128"


def timing(slack_ns: float) -> TimingResult:
    power = PowerResult(
        total_mw=11, internal_mw=6, switching_mw=4, leakage_mw=1, activity_source="simulation", clock_mhz=100
    )
    return TimingResult(
        clock_mhz=100, worst_slack_ns=slack_ns, fmax_mhz=1000 / (10 - slack_ns), critical_path_ns=10 - slack_ns,
        critical_path=[], power=power,
    )  # fmt: skip


def test_a_met_clock_is_no_finding() -> None:
    assert _timing_findings(timing(0.0), clock_asked=True) == []


@pytest.mark.parametrize(("asked", "severity"), [(True, "error"), (False, "warning")])
def test_a_missed_clock(asked: bool, severity: str) -> None:
    (finding,) = _timing_findings(timing(-2.5), clock_asked=asked)
    which = "the clock that was asked for" if asked else "the assumed clock"
    assert finding.severity == severity
    assert finding.message == f"{which}, 100 MHz, is missed by 2.50 ns: the critical path takes 12.50 ns"
    assert finding.hint == "ask for at most 80 MHz, a faster technology, or narrower operands"
    assert StaStep.id == finding.gate


@pytest.mark.parametrize(("slack_ns", "clock_mhz", "power_mw"), [(3.0, 100.0, 11.0), (-2.5, 80.0, 9.0)])
def test_a_design_is_judged_at_a_clock_that_it_reaches(
    tmp_path: Path, slack_ns: float, clock_mhz: float, power_mw: float
) -> None:
    synthesis = SynthesisResult(
        technology="t", mode="flat", area_um2=5, cells=1, flip_flops=1, areas=[], netlist="n.v", seconds=1
    )
    write_json_atomic(tmp_path / "synth/synthesis.json", synthesis.model_dump(mode="json"))
    write_json_atomic(tmp_path / "sta/timing.json", timing(slack_ns).model_dump(mode="json"))
    design, note = measurement(tmp_path, "m", MacSpec())
    assert (design.clock_mhz, design.power_mw, design.area_um2) == (
        pytest.approx(clock_mhz), pytest.approx(power_mw), 5
    )  # fmt: skip
    assert (note is None) == (slack_ns >= 0)
