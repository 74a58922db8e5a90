"""ANSI function headers: legal Verilog-2005, so the reader takes them, and lines keep their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.rtl_templates import load_library
from tpugen.spec import contract_for, spec_from_dict
from tpugen.verif.contract_gate import check_contract
from tpugen.verif.function_headers import classic_function_headers
from tpugen.verif.syntax_tree import read_modules
from tpugen.writers.composer import compose
from tpugen.writers.files import write_files


@pytest.mark.parametrize(
    ("ansi", "classic"),
    [
        ("function integer f(input integer x);", "function integer f; input signed [31:0] x;"),
        ("function [W*(N+1)-1:0] f(input [3:0] a, b);", "function [W*(N+1)-1:0] f; input [3:0] a; input [3:0] b;"),
        (
            "function f(\n  input a,\n  input signed [g(2):0] b\n);",
            "function f; input  a; input signed [g(2):0] b;\n\n\n",
        ),
        ("function integer f; input x;", "function integer f; input x;"),
        ("function f(inout x);", "function f(inout x);"),
        ("assign y = f(a);", "assign y = f(a);"),
    ],
)
def test_headers_are_rewritten_and_lines_stay(ansi: str, classic: str):
    assert classic_function_headers(ansi) == classic
    assert classic_function_headers(ansi).count("\n") == ansi.count("\n")


def test_the_reader_reads_the_whole_library(tmp_path: Path):
    files = []
    for name, module in load_library().items():
        files.append(tmp_path / f"{name}.v")
        files[-1].write_text(module.source)
    work = tmp_path / "work"
    work.mkdir()
    modules, findings = read_modules(files, work)
    assert findings == []
    assert [module["name"] for module in modules] == list(load_library())


@pytest.mark.parametrize("structure", ["wallace", "dadda", "booth_radix4"])
def test_composed_designs_with_functions_pass_the_contract_gate(structure: str, tmp_path: Path):
    spec = spec_from_dict({"kind": "multiplier", "multiplier": {"family": "exact", "structure": structure}})
    work = tmp_path / "work"
    work.mkdir()
    assert check_contract(contract_for(spec), write_files(compose(spec), tmp_path / "rtl"), work) == []
