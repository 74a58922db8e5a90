"""The hostile corpus: each module is refused by the gate that the manifest names, and contained where none reads it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hostile_corpus import FOLDER, PAGE, TOP, Hostile, in_page, load, table

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.errors import DesignFailedError, ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import process, sandbox, sandbox_elaboration, sandbox_structure, sandbox_text
from tpugen.flows.process import Limits, run
from tpugen.flows.sandbox import ALLOWED_DIRECTIVES, ALLOWED_SYSTEM_NAMES, LARGEST_FINDINGS, check_sources
from tpugen.flows.synthesis import synthesise
from tpugen.flows.technology import find_technology
from tpugen.spec import AdderSpec, Contract, Port, contract_for, spec_from_dict
from tpugen.verif.contract_gate import check_contract
from tpugen.verif.lint import lint
from tpugen.writers.composer import compose

CORPUS = load()
SHORT = Limits(wall_s=60, cpu_s=1, memory_mb=800, file_mb=2)
PORTS = (("clk_i", "input", 1), ("rst_ni", "input", 1), ("a_i", "input", 8), ("y_o", "output", 8))
CONTRACT = Contract(
    module=TOP,
    ports=tuple(Port(name=name, direction=way, width_bits=bits, meaning="") for name, way, bits in PORTS),
    channels=(),
    behaviour=(),
    latency=contract_for(AdderSpec()).latency,
)


def named(condition: object) -> pytest.MarkDecorator:
    assert callable(condition)
    return pytest.mark.parametrize("hostile", [h for h in CORPUS if condition(h)], ids=lambda h: h.name)


def test_the_manifest_names_every_file_once() -> None:
    assert sorted(h.file for h in CORPUS) == sorted(path.name for path in FOLDER.glob("*.v"))
    assert len(CORPUS) >= 75
    assert len({h.idea for h in CORPUS}) == len(CORPUS)
    assert len({(FOLDER / h.file).read_text() for h in CORPUS}) == len(CORPUS)
    for h in CORPUS:
        assert h.gate in {"sandbox", "contract", "lint", "synth", "none"}
        assert bool(h.rule) == (h.gate != "none")
        assert h.bypassed is None or h.bypassed[1] in {"ends", "refused", "stopped", "contained"}


@named(lambda h: h.gate == "sandbox")
def test_the_sandbox_refuses(hostile: Hostile) -> None:
    text = hostile.text()
    start = time.process_time()
    findings = check_sources([(hostile.file, text)])
    assert time.process_time() - start < 15
    assert any(hostile.refused_by(finding.rule) for finding in findings)
    assert len(findings) <= LARGEST_FINDINGS + 1
    lines = text.count("\n") + 1
    for finding in findings:
        assert (finding.gate, finding.file, finding.severity) == ("sandbox", hostile.file, "error")
        assert finding.hint
        assert finding.line is not None and 1 <= finding.line <= lines
        assert len(finding.one_line()) < 400
        assert finding.one_line().isprintable()


@named(lambda h: h.gate != "sandbox")
def test_the_sandbox_leaves_the_rest_to_later_gates(hostile: Hostile) -> None:
    assert check_sources([(hostile.file, hostile.text())]) == []


def written(hostile: Hostile, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / hostile.file
    path.write_text(hostile.text(), encoding="utf-8", newline="")
    return path


@named(lambda h: h.gate == "contract")
def test_the_contract_gate_refuses(hostile: Hostile, tmp_path: Path) -> None:
    findings = check_contract(CONTRACT, [written(hostile, tmp_path / "rtl")], tmp_path / "gate")
    assert any(hostile.refused_by(finding.rule) for finding in findings)


@named(lambda h: h.gate == "lint")
def test_the_lint_gate_refuses(hostile: Hostile, tmp_path: Path) -> None:
    findings: list[Finding] = lint([written(hostile, tmp_path / "rtl")], TOP, tmp_path / "gate", SHORT)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert any(hostile.refused_by(finding.rule) for finding in errors)


@named(lambda h: h.gate == "synth")
def test_synthesis_refuses(hostile: Hostile, tmp_path: Path) -> None:
    path = written(hostile, tmp_path / "rtl")
    with pytest.raises(DesignFailedError) as caught:
        synthesise([path], TOP, find_technology("osu018"), clock_mhz=100, folder=tmp_path / "synth")
    assert str(caught.value) == ("the design has a module INVX1; osu018 has a cell of that name\n  rename the module")


YOSYS = f"read_verilog -sv {{}}\nhierarchy -check -top {TOP}\nproc\nflatten\nopt_clean\ncheck -assert\n"


def outcome(argv: list[str], folder: Path) -> str:
    try:
        done = run(argv, cwd=folder, limits=SHORT)
    except ToolLimitError:
        return "stopped"
    except ToolFailedError:
        return "crashed"
    return "refused" if done.returncode else "ends"


def bypass(hostile: Hostile, tool: str, folder: Path) -> str:
    """What becomes of the module when it goes straight to a tool."""
    if tool in ("icarus", "vvp"):
        compiled = outcome(["iverilog", "-g2012", "-o", "program", "-s", TOP, hostile.file], folder)
        if tool == "icarus":
            return compiled
        assert compiled == "ends"
        return outcome(["vvp", "-n", "program"], folder)
    if tool == "verilator":
        return outcome(["verilator", "--lint-only", "-Wno-fatal", "--top-module", TOP, hostile.file], folder)
    (folder / "script.ys").write_text(YOSYS.format(hostile.file))
    return outcome(["yosys", "-q", "-s", "script.ys"], folder)


def processes_below(folder: Path) -> list[str]:
    """Processes whose working folder is `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink().is_relative_to(folder):
                    found.append(entry.name)
            except OSError:
                continue
    return found


@named(lambda h: h.bypassed is not None)
def test_tools_alone_contain_it(hostile: Hostile, tmp_path: Path) -> None:
    folder = written(hostile, tmp_path / "run").parent
    (tmp_path / "secret.vh").write_text("a secret")
    assert hostile.bypassed is not None
    tool, expected = hostile.bypassed
    start = time.monotonic()
    found = bypass(hostile, tool, folder)
    assert time.monotonic() - start < SHORT.wall_s + 15
    assert found == expected or expected == "contained"
    assert processes_below(tmp_path) == []
    assert all(path.stat().st_size <= SHORT.file_mb * 2**20 for path in folder.iterdir() if path.name != hostile.file)
    # The one thing that needs Landlock: a file above the run folder. Without it the sandbox is the only guard.
    if landlock():
        assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "secret.vh"]
        assert not Path("/tmp/tpugen-hostile-escaped.txt").exists()
    Path("/tmp/tpugen-hostile-escaped.txt").unlink(missing_ok=True)


def landlock() -> bool:
    """Whether the kernel can confine writing."""
    import ctypes

    return bool(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) >= 1)


DESIGNS = [
    {"kind": kind, **shape, role: {"family": family}}
    for kind, shape, role, families in (
        ("systolic_array", {"rows": 256, "cols": 256}, "multiplier", MULTIPLIERS),
        ("systolic_array", {"rows": 3, "cols": 7, "dataflow": "weight_stationary"}, "adder", ADDERS),
        ("mac", {"signed": False}, "multiplier", MULTIPLIERS),
        ("multiplier", {}, "multiplier", MULTIPLIERS),
        ("adder", {}, "adder", ADDERS),
    )
    for family in families
]


def design_name(data: dict[str, Any]) -> str:
    family = next(data[role]["family"] for role in ("multiplier", "adder") if role in data)
    return f"{data['kind']}-{data.get('dataflow', '')}-{family}"


@pytest.mark.parametrize("data", DESIGNS, ids=design_name)
def test_what_the_composer_writes_passes(data: dict[str, object]) -> None:
    files = [(file.name, file.text) for file in compose(spec_from_dict(data))]
    assert check_sources(files) == []


def test_the_page_says_what_is_so() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert in_page() == table(), "run: .venv/bin/python tests/flows/hostile_corpus.py"
    for number in (
        sandbox.LARGEST_SOURCE_BYTES, sandbox_text.LARGEST_LINES, sandbox_text.LONGEST_LINE, len(CORPUS),
        sandbox_elaboration.LARGEST_VECTOR_BITS, sandbox_elaboration.LARGEST_DECLARATION_BITS,
        sandbox_elaboration.LARGEST_LOOP, sandbox_elaboration.LARGEST_DESIGN_COPIES,
        sandbox_structure.DEEPEST_NESTING, sandbox_structure.LARGEST_STATEMENT,
    ):  # fmt: skip
        assert f" {number:,} " in text, number
    for allowed in (ALLOWED_SYSTEM_NAMES, ALLOWED_DIRECTIVES, sandbox_structure.ALLOWED_ATTRIBUTES):
        assert ", ".join(f"`` {name} ``" if "`" in name else f"`{name}`" for name in sorted(allowed)) in text
    limits = process.DEFAULT_LIMITS
    assert f"{limits.wall_s:g} s, {limits.cpu_s:g} s, {limits.memory_mb:,} MiB and {limits.file_mb:,} MiB" in text
