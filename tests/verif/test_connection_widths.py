"""Connections of another width than the port's: the parameter to mend is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tpugen.findings import Finding
from tpugen.spec import DesignSpec, contract_for, spec_from_dict
from tpugen.verif.contract_gate import check_contract

pytestmark = [
    pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus"),
    pytest.mark.usefixtures("shared_parser_tables"),
]

SPEC = spec_from_dict(
    {"kind": "systolic_array", "rows": 2, "cols": 6, "dataflow": "weight_stationary", "weight_width_bits": 5,
     "activation_width_bits": 8, "accumulator_width_bits": 20}
)  # fmt: skip


@pytest.fixture
def check(composed: Callable[[DesignSpec], list[Path]], tmp_path: Path) -> Callable[..., list[Finding]]:
    def run(*changes: tuple[str, str]) -> list[Finding]:
        files = composed(SPEC)
        top = next(path for path in files if path.stem == contract_for(SPEC).module)
        text = top.read_text()
        for old, new in changes:
            assert old in text, (old, text)
            text = text.replace(old, new, 1)
        top.write_text(text)
        return check_contract(contract_for(SPEC), files, tmp_path / "gate")

    return run


def test_a_wrong_parameter_is_named_with_the_number_that_fits(check: Callable[..., list[Finding]]) -> None:
    (finding,) = check((".StationaryWidth  (5)", ".StationaryWidth  (8)"))
    assert finding.severity == "error"
    assert finding.rule == "connection-width"
    assert finding.message == (
        "port stationary_i of u_array (array_operand_stationary) is 48 bits wide (Cols*StationaryWidth with Cols = 6, "
        "StationaryWidth = 8); weight_i has 30 bits"
    )
    assert finding.hint == "Set parameter StationaryWidth to 5; keep the connection as it is."
    assert finding.file == f"{contract_for(SPEC).module}.v"


def test_a_parameter_that_several_ports_share_is_preferred_to_one_that_breaks_others(
    check: Callable[..., list[Finding]],
) -> None:
    findings = check((".Cols             (6)", ".Cols             (3)"))
    by_port = {finding.message.split()[1]: finding.hint for finding in findings}
    assert set(by_port) == {"stationary_i", "partial_i", "result_o"}
    assert set(by_port.values()) == {"Set parameter Cols to 6; keep the connection as it is."}


def test_where_two_parameters_would_do_both_are_named(check: Callable[..., list[Finding]]) -> None:
    (finding,) = check((".StreamWidth      (8)", ".StreamWidth      (4)"))
    assert finding.hint == (
        "Set parameter Rows to 4 or StreamWidth to 8, whichever is this design's number; keep the connection as it is."
    )


def test_a_slice_is_told_to_be_whole(check: Callable[..., list[Finding]]) -> None:
    (finding,) = check(("(weight_i)", "(weight_i[4:0])"))
    assert finding.message.endswith("; weight_i[4:0] has 5 bits")
    assert finding.hint == "Connect the whole of weight_i: it has 30 bits."


def test_no_parameter_can_help(check: Callable[..., list[Finding]]) -> None:
    (finding,) = check(("(rst_ni)", "(weight_i)"))
    assert finding.message.endswith("is 1 bit wide; weight_i has 30 bits")
    assert finding.hint == "Connect a signal of 1 bit."


def test_expressions_and_wires_that_fit_are_left_alone(check: Callable[..., list[Finding]]) -> None:
    assert check() == []
    assert check(("(weight_i)", "({weight_i[29:15], weight_i[14:0]})")) == []
