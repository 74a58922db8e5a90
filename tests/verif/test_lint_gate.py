"""The lint gate: three tools, one list of findings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from verif_designs import MAC_SPEC, MAC_TEXT

from tpugen.errors import ToolLimitError
from tpugen.findings import Finding, has_errors
from tpugen.spec import DesignSpec, contract_for, spec_from_dict
from tpugen.verif import lint as lint_gate
from tpugen.verif.lint import lint

TOOLS = all(shutil.which(name) for name in ("iverilog", "verilator", "yosys"))
needs_tools = pytest.mark.skipif(not TOOLS, reason="needs Icarus, Verilator and Yosys")
TOP = contract_for(MAC_SPEC).module


@needs_tools
@pytest.mark.parametrize(
    "data",
    [
        {"kind": "adder"},
        {"kind": "multiplier", "activation_width_bits": 3, "signed": False},
        {"kind": "mac"},
        {"kind": "systolic_array", "rows": 3, "cols": 2},
        {"kind": "systolic_array", "rows": 1, "cols": 1, "dataflow": "weight_stationary"},
    ],
)
def test_what_the_composer_writes_has_no_remark(
    data: dict[str, object], composed: Callable[[DesignSpec], list[Path]], tmp_path: Path
) -> None:
    spec = spec_from_dict(data)
    assert lint(composed(spec), contract_for(spec).module, tmp_path / "lint") == []


@needs_tools
def test_a_combinational_loop_and_a_latch_are_errors(written: Callable[..., list[Path]], tmp_path: Path) -> None:
    loop = MAC_TEXT.replace("endmodule", "  wire a, b;\n  assign a = ~b;\n  assign b = a & clk_i;\nendmodule")
    assert has_errors(lint(written(loop), TOP, tmp_path / "loop"))
    latch = MAC_TEXT.replace("endmodule", "  reg hold;\n  always @* if (rst_ni) hold = operand_last_i;\nendmodule")
    assert has_errors(lint(written(latch), TOP, tmp_path / "latch"))


@needs_tools
def test_a_syntax_error_is_an_error_with_a_place(written: Callable[..., list[Path]], tmp_path: Path) -> None:
    findings = lint(written(MAC_TEXT.replace("sum_q <= sum;", "sum_q <= sum")), TOP, tmp_path / "lint")
    assert findings[0].severity == "error"
    assert any(finding.file == "design.v" and finding.line for finding in findings)


def test_the_same_remark_comes_once_and_a_stopped_tool_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    remark = Finding(severity="warning", gate="lint", rule="x", message="odd", file="a.v", line=3)

    def stopped(*_: object) -> list[Finding]:
        raise ToolLimitError("yosys was stopped: it ran longer than 1 s")

    tools = (("a", lambda *_: [remark]), ("b", lambda *_: [remark]), ("yosys", stopped))
    monkeypatch.setattr(lint_gate, "_LINTERS", tools)
    findings = lint([], "top", tmp_path / "lint")
    assert [(finding.severity, finding.message) for finding in findings] == [
        ("error", "yosys did not get through: yosys was stopped: it ran longer than 1 s"),
        ("warning", "odd"),
    ]
