"""The suites themselves: size, legality, variety, and that prompts hold what the expected spec says."""

from __future__ import annotations

import re

import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.bench.problems import SUITES, Problem, differences, load_suite, parse_suite
from tpugen.errors import RequestError, UnknownNameError
from tpugen.spec import PimLlmSpec, PimTileSpec, spec_from_dict
from tpugen.spec.language import parse_request

PROBLEMS = {name: load_suite(name) for name in SUITES}
ALL = [problem for suite in PROBLEMS.values() for problem in suite]


def test_size_and_ids() -> None:
    assert len(ALL) >= 160
    assert len({problem.id for problem in ALL}) == len(ALL)
    assert len({" ".join(problem.prompt.lower().split()) for problem in ALL}) == len(ALL)
    assert len(PROBLEMS["free-text"]) >= 45
    assert all(re.fullmatch(r"[a-z0-9-]+", problem.id) for problem in ALL), "ids are folder names"


def test_modules_cover_every_family_and_structure() -> None:
    for role, families in (("adder", ADDERS), ("multiplier", MULTIPLIERS)):
        units = [p.expect[role] for p in PROBLEMS["modules"] if p.kind == role]
        assert {unit["family"] for unit in units} == set(families)
        assert {unit.get("structure") for unit in units} - {None} == set(families["exact"].structures)


def test_integration_covers_dataflows_and_sharing() -> None:
    specs = [problem.expect for problem in PROBLEMS["integration"]]
    for dataflow in ("output_stationary", "weight_stationary", "input_stationary"):
        mine = [spec for spec in specs if spec["dataflow"] == dataflow]
        assert len({(spec["rows"], spec["cols"]) for spec in mine}) >= 6
        assert any(spec["shared_pre_approximation"] for spec in mine)
        assert {spec["signed"] for spec in mine} == {True, False}


def test_accelerators_cover_every_kind_and_choice() -> None:
    specs = [problem.spec for problem in PROBLEMS["accelerators"]]
    assert {spec.kind for spec in specs} == {"tpu", "pim_tile", "pim_llm"}
    for name in ("unsigned_activations", "weights", "zero_skipping", "gated", "norm", "activation"):
        assert len({getattr(spec, name) for spec in specs if hasattr(spec, name)}) == 2, name
    layers = [spec for spec in specs if isinstance(spec, PimLlmSpec)]
    assert any(spec.kv_heads < spec.heads for spec in layers)
    tiles = [spec for spec in specs if isinstance(spec, PimTileSpec)]
    assert any(spec.rows % spec.crossbar_rows and spec.cols % spec.crossbar_cols for spec in tiles)
    assert any("can clip" in remark for spec in tiles for remark in spec.remarks)


@pytest.mark.parametrize("suite", ["modules", "integration", "template", "accelerators"])
def test_every_number_of_the_spec_stands_in_the_prompt(suite: str) -> None:
    for problem in PROBLEMS[suite]:
        numbers = set(re.findall(r"\d+", problem.prompt))
        for name, value in _numbers(problem):
            assert str(value) in numbers, f"{problem.id}: {name} = {value} is not in {problem.prompt!r}"


def _numbers(problem: Problem) -> list[tuple[str, int]]:
    found = []
    for name, value in problem.expect.items():
        inner = value.items() if isinstance(value, dict) else [(name, value)]
        found += [(f"{name}.{key}", number) for key, number in inner if type(number) is int]
    return found


@pytest.mark.parametrize("suite", list(SUITES))
def test_rules_read_nearly_every_prompt(suite: str) -> None:
    """At least 95 % of people's own words, and everything that is said in the library's."""
    wrong = []
    for problem in PROBLEMS[suite]:
        try:
            read = parse_request(problem.prompt).spec
        except RequestError as error:
            wrong.append(f"{problem.id}: {error}")
            continue
        found = differences(problem.spec, read, clock="clock_mhz" in problem.expect)
        wrong += [f"{problem.id}: {'; '.join(found)}"] if found else []
    assert len(wrong) <= (0.05 * len(PROBLEMS[suite]) if suite == "free-text" else 0), "\n".join(wrong)


def test_differences_name_field_and_values() -> None:
    wanted = spec_from_dict({"kind": "systolic_array", "rows": 8, "clock_mhz": 200})
    found = spec_from_dict({"kind": "systolic_array", "rows": 4})
    assert differences(wanted, found, clock=False) == ["rows: 4, expected 8"]
    assert differences(wanted, found, clock=True) == ["clock_mhz: 100.0, expected 200.0", "rows: 4, expected 8"]
    assert differences(wanted, spec_from_dict({"kind": "mac"}), clock=True) == ["kind: mac, expected systolic_array"]


def test_bad_suites_are_refused_with_their_line() -> None:
    good = '{"id": "a", "prompt": "p", "expect": {"kind": "mac"}}'
    assert [problem.id for problem in parse_suite(good + "\n\n", "mine")] == ["a"]
    with pytest.raises(RequestError, match=r"suite mine, line 2: the id 'a' occurs twice"):
        parse_suite(f"{good}\n{good}", "mine")
    with pytest.raises(RequestError, match=r"suite mine, line 1 is no problem"):
        parse_suite('{"id": "a"}', "mine")
    with pytest.raises(RequestError, match=r"(?s)suite mine, line 1 is no problem: .*rows: 0 is not legal"):
        parse_suite('{"id": "a", "prompt": "p", "expect": {"kind": "systolic_array", "rows": 0}}', "mine")
    with pytest.raises(UnknownNameError, match="no suite is called 'moduls'"):
        load_suite("moduls")
