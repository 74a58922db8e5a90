"""Verilator as a simulator: commands, and programs built with the real tools."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tpugen.errors import ToolFailedError, ToolMissingError
from tpugen.flows.process import DEFAULT_LIMITS, run
from tpugen.flows.verilated import (
    PREFIX,
    Toolchain,
    build,
    compile_command,
    toolchain,
    unity_text,
    verilate,
    verilate_command,
)
from tpugen.results import ToolVersion

needs_tools = pytest.mark.skipif(
    shutil.which("verilator") is None or shutil.which("g++") is None, reason="needs Verilator and a C++ compiler"
)

CHAIN = Toolchain(
    ToolVersion(name="Verilator", path="/bin/verilator", version="5.006"),
    ToolVersion(name="C++ compiler", path="/bin/g++", version="12.2.0"),
    Path("/v/include"),
    (Path("/kept/verilated.o"), Path("/kept/verilated_threads.o")),
)
INVERTER = "module inverter (\n  input  wire [3:0] a_i,\n  output wire [3:0] y_o\n);\n  assign y_o = ~a_i;\nendmodule\n"
MAIN = f"""\
#include "{PREFIX}.h"
#include <cstdio>
int main() {{
  VerilatedContext context;
  {PREFIX} model{{&context}};
  for (int a = 0; a < 16; ++a) {{
    model.a_i = a;
    model.eval();
    std::printf("%d ", model.y_o);
  }}
}}
"""


def test_commands() -> None:
    assert verilate_command("/bin/verilator", [Path("a.v"), Path("b.v")], "top") == [
        "/bin/verilator", "--cc", "-Wall", "-Wno-fatal", "--default-language", "1364-2005",
        "--x-assign", "unique", "--x-initial", "unique", "--output-split", "0", "--output-split-cfuncs", "500",
        "--unroll-count", "4096", "--unroll-stmts", "1000000",
        "--prefix", "Vunits", "--Mdir", "model", "--top-module", "top", "a.v", "b.v",
    ]  # fmt: skip
    command = compile_command(CHAIN, Path("p.cpp"), Path("p"), "-O0", Path("model"))
    assert command[:3] == ["/bin/g++", "-O0", "-w"]
    assert command[-6:] == [
        "-o", "p", "p.cpp", "/kept/verilated.o", "/kept/verilated_threads.o", "-pthread",
    ]  # fmt: skip
    assert {"-I/v/include", "-I/v/include/vltstd", "-Imodel", "-DVERILATOR=1"} <= set(command)


def test_the_program_is_one_translation_unit() -> None:
    assert unity_text("int main() {}\n", ["a.cpp", "b.cpp"]) == ('int main() {}\n#include "a.cpp"\n#include "b.cpp"\n')


@needs_tools
def test_a_program_is_built_and_its_runtime_compiled_once(tmp_path: Path) -> None:
    chain = toolchain(tmp_path / "kept")
    before = [path.stat().st_mtime_ns for path in chain.runtime]
    assert toolchain(tmp_path / "kept") == chain
    assert [path.stat().st_mtime_ns for path in chain.runtime] == before
    source = tmp_path / "inverter.v"
    source.write_text(INVERTER)
    assert verilate(chain, [source], "inverter", tmp_path, DEFAULT_LIMITS).returncode == 0
    program = build(chain, MAIN, tmp_path)
    assert run([str(program)], cwd=tmp_path).stdout.split() == [str(15 - a) for a in range(16)]


@needs_tools
def test_a_main_program_that_does_not_compile_is_an_error(tmp_path: Path) -> None:
    chain = toolchain(tmp_path / "kept")
    source = tmp_path / "inverter.v"
    source.write_text(INVERTER)
    verilate(chain, [source], "inverter", tmp_path, DEFAULT_LIMITS)
    with pytest.raises(ToolFailedError, match="could not compile the simulation"):
        build(chain, MAIN.replace("y_o", "z_o"), tmp_path)


def test_a_missing_compiler_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if shutil.which("verilator") is None:
        pytest.skip("needs Verilator")
    monkeypatch.setenv("TPUGEN_CXX", str(tmp_path / "none"))
    with pytest.raises(ToolMissingError) as caught:
        toolchain(tmp_path / "kept")
    assert caught.value.message == (
        f"C++ compiler was not found: TPUGEN_CXX is '{tmp_path / 'none'}', which is not an executable file"
    )
