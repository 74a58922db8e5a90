"""`tpugen verify units` on the command line."""

from __future__ import annotations

import json
import shutil

import pytest

from tpugen.cli.main import run
from tpugen.pipeline import unit_checks
from tpugen.verif.unit_configurations import UnitConfiguration

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")

LOA = ["verify", "units", "--family", "loa", "--width", "4", "--unsigned", "--simulator", "icarus", "--no-lint"]


def test_it_prints_a_line_per_family_and_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LOA, "--jobs", "1"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["role", "family", "units", "vectors", "failed"]
    assert lines[1].split() == ["adder", "loa", "3", "768", "-"]
    assert lines[2] == "verdict  pass"
    assert lines[3] == "units    3, 3 of them on all operand pairs"
    assert lines[4].startswith("vectors  768 compared, seed 1, icarus ")
    assert "units      3 of 3  pass" in err
    assert run([*LOA, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "units    3, 3 of them on all operand pairs, 3 from the cache" in out
    assert err == ""


def test_json_holds_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LOA, "--quiet", "--json", "--jobs", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["verdict"], report["units"], report["exhaustive"]) == ("pass", 3, 3)
    assert [check["unit"]["parameters"] for check in report["checks"]] == [{"k": 1}, {"k": 2}, {"k": 3}]


def test_a_failure_exits_1_and_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    units = [
        UnitConfiguration(role="adder", family="exact", structure="abacus", widths_bits=(width,), signed=True)
        for width in range(2, 9)
    ]
    monkeypatch.setattr(unit_checks, "select", lambda _selection: units)
    assert run([*LOA, "--quiet", "--jobs", "1"]) == 1
    out = capsys.readouterr().out
    assert "adder exact/abacus 2 signed: the library holds no module 'adder_abacus'" in out
    assert "... and 4 more of adder exact; --json has all" in out
    assert "verdict  fail" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--role", "divider"], "'divider' is not a role\n  roles: adder, multiplier"),
        (["--simulator", "spice"], "'spice' does not simulate units\n  simulators: verilator, icarus"),
        (["--width", "wide"], "'wide' is not a width\n  write 8, or 8x5 for activation x weight"),
    ],
)
def test_wrong_use_exits_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "units", *arguments]) == 2
    assert capsys.readouterr().err == f"tpugen: {words}\n"
