"""The proof gate with the real solver."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tpugen.spec import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, spec_from_dict
from tpugen.verif.proof import proof_script, provable, prove, reference_text

pytestmark = pytest.mark.skipif(shutil.which("yosys") is None, reason="needs Yosys")
Composed = Callable[[DesignSpec], list[Path]]


@pytest.mark.parametrize(
    "spec",
    [
        AdderSpec(width_bits=32),
        AdderSpec(width_bits=7, signed=False),
        MultiplierSpec(activation_width_bits=4, weight_width_bits=5),
        MultiplierSpec(activation_width_bits=6, weight_width_bits=4, signed=False),
    ],
)
def test_the_library_is_proved(spec: AdderSpec | MultiplierSpec, composed: Composed, tmp_path: Path) -> None:
    assert prove(spec, composed(spec), tmp_path / "proof") == []


def test_a_fault_that_one_pair_of_operands_shows_is_found(composed: Composed, tmp_path: Path) -> None:
    spec = AdderSpec(width_bits=16, signed=False)
    files = composed(spec)
    files[0].write_text(
        files[0]
        .read_text()
        .replace("{b_extension, b_i};", "{b_extension, b_i} + ((a_i == 16'd31415) && (b_i == 16'd9265));")
    )
    findings = prove(spec, files, tmp_path / "proof")
    assert [(finding.rule, finding.message) for finding in findings] == [
        ("not-equivalent", "for a_i = 31415, b_i = 9265 (as unsigned bits), sum_o is 40681, expected 40680")
    ]


def test_a_unit_that_does_not_elaborate_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "broken.v").write_text("module adder_s4 (\n")
    findings = prove(AdderSpec(width_bits=4), [tmp_path / "broken.v"], tmp_path / "proof")
    assert [finding.rule for finding in findings] == ["not-proved"]


def test_what_can_be_proved() -> None:
    assert provable(AdderSpec(width_bits=32))
    assert provable(MultiplierSpec(activation_width_bits=6, weight_width_bits=6))
    assert not provable(MultiplierSpec(activation_width_bits=8, weight_width_bits=8))
    assert not provable(MacSpec())
    assert not provable(spec_from_dict({"kind": "adder", "adder": {"family": "loa"}}))
    with pytest.raises(ValueError, match="too wide, or not exact"):
        prove(MultiplierSpec(activation_width_bits=16, weight_width_bits=16), [], Path("unused"))


def test_script_and_reference_are_pure() -> None:
    assert 'read_verilog "/d/a.v"' in proof_script([Path("/d/a.v")], "adder_s4")
    assert "assign sum_o = a_i + b_i;" in reference_text(AdderSpec(width_bits=4))
    assert "wire signed [3:0] a_i" in reference_text(AdderSpec(width_bits=4))
