"""The example contracts: right RTL passes every gate, RTL that is wrong in one way is refused and told why."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.custom_designs import RTL, WRONG, Wrong, example

from tpugen.pipeline.checking import verify_files
from tpugen.verif.custom_bench import simulate_custom


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.v"
    path.write_text(text.lstrip(), encoding="utf-8")
    return path


def test_right_rtl_passes_every_gate(tmp_path: Path) -> None:
    name = "zero_skipping_pe"  # whole runs, with synthesis and timing, do the same with the other examples
    result = verify_files([written(tmp_path, name, RTL[name])], example(name), out=tmp_path / "out", use_cache=False)
    assert [finding.one_line() for finding in result.findings] == []
    assert result.verdict == "pass"
    assert [step.step for step in result.steps] == ["sandbox", "contract", "lint", "simulate"]
    assert (result.cycles, result.expected_cycles) == (1, None)
    assert (tmp_path / "out/simulate/activity.json").is_file()


@pytest.mark.parametrize(
    ("name", "wrong"), [pytest.param(name, wrong, id=f"{name}-{wrong.name}") for name in WRONG for wrong in WRONG[name]]
)
def test_wrong_rtl_is_refused_with_a_telling_finding(name: str, wrong: Wrong, tmp_path: Path) -> None:
    path = written(tmp_path, name, wrong.of(RTL[name]))
    result = simulate_custom(example(name), [path], tmp_path / "sim", seed=1, waves=False)
    assert result.verdict == "fail"
    told = [f for f in result.findings if f.rule == wrong.rule]
    assert told, [finding.one_line() for finding in result.findings]
    said = "\n".join(f"{finding.message} {finding.hint}" for finding in told)
    assert [words for words in wrong.says if words not in said] == []
    assert result.activity is None


def test_each_example_has_four_wrong_designs_or_more() -> None:
    assert {name: len(wrong) >= 4 for name, wrong in WRONG.items()} == dict.fromkeys(RTL, True)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another(tmp_path: Path) -> None:
    from dataclasses import asdict

    from tpugen.verif.custom_plan import make_custom_plan

    for name in RTL:
        plans = [asdict(make_custom_plan(example(name), seed).plan) for seed in (1, 1, 2)]
        assert plans[0] == plans[1]
        assert plans[0]["tests"] != plans[2]["tests"]
