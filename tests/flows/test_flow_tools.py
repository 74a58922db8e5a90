from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tpugen.errors import ToolFailedError, ToolMissingError, ToolVersionError
from tpugen.flows.tools import ALL_TOOLS, ICARUS, OPENSTA, VERILATOR, VVP, YOSYS, Tool, ToolStatus

FakeTool = Callable[[str, str], Path]

VERSIONS = {
    "iverilog": "Icarus Verilog version 12.0 (stable) ()",
    "vvp": "Icarus Verilog runtime version 12.0 (stable) ()",
    "verilator": "Verilator 5.020 2024-01-01 rev (Debian 5.020-1)",
    "yosys": "Yosys 0.33 (git sha1 2584903a060)",
    "sta": "2.4.0",
}


@pytest.mark.parametrize("tool", ALL_TOOLS, ids=lambda tool: tool.executable)
def test_real_tools_are_found(tool: Tool) -> None:
    status = tool.probe()
    assert status.ok, status.fix
    assert tool.require().version == status.version


@pytest.mark.parametrize("tool", ALL_TOOLS, ids=lambda tool: tool.executable)
def test_missing_tool(tool: Tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(tool.variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError) as caught:
        tool.require()
    assert str(caught.value) == (
        f"{tool.name} was not found: no '{tool.executable}' on PATH ({tmp_path})\n"
        f"  install it (Debian, Ubuntu: sudo apt install {tool.package}) or set {tool.variable} to its path"
    )
    assert tool.probe() == ToolStatus(tool.name, None, None, tool.accepted, caught.value.hint)


def test_wrong_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPUGEN_YOSYS", "/nowhere/yosys")
    with pytest.raises(ToolMissingError) as caught:
        YOSYS.require()
    assert str(caught.value) == (
        "Yosys was not found: TPUGEN_YOSYS is '/nowhere/yosys', which is not an executable file\n"
        "  correct TPUGEN_YOSYS, or unset it to search PATH"
    )


@pytest.mark.parametrize(
    ("tool", "said", "version", "accepted"),
    [
        (ICARUS, "Icarus Verilog version 10.3 (stable) ()", "10.3", ">= 11"),
        (VVP, "Icarus Verilog runtime version 10.3 (stable) ()", "10.3", ">= 11"),
        (VERILATOR, "Verilator 4.038 2020-07-11 rev v4.036", "4.038", ">= 5.006"),
        (YOSYS, "Yosys 0.9 (git sha1 1979e0b)", "0.9", ">= 0.23"),
    ],
)
def test_too_old(
    tool: Tool, said: str, version: str, accepted: str, fake_tool: FakeTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fake_tool(tool.executable, f"echo '{said}'")
    monkeypatch.setenv(tool.variable, str(path))
    with pytest.raises(ToolVersionError) as caught:
        tool.require()
    assert str(caught.value) == (
        f"{tool.name} {version} at {path} is too old: {accepted} is needed\n"
        f"  install a newer one, or set {tool.variable} to its path"
    )
    status = tool.probe()
    assert (status.found, status.version, status.ok) == (str(path), version, False)


@pytest.mark.parametrize("tool", ALL_TOOLS, ids=lambda tool: tool.executable)
def test_newer_is_accepted(tool: Tool, fake_tool: FakeTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tool.variable, str(fake_tool(tool.executable, f"echo '{VERSIONS[tool.executable]}'")))
    assert tool.probe().ok


def test_garbage_instead_of_a_version(fake_tool: FakeTool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake_tool("sta", "echo 'Segmentation fault'; exit 1")
    monkeypatch.setenv("TPUGEN_STA", str(path))
    with pytest.raises(ToolFailedError) as caught:
        OPENSTA.require()
    assert caught.value.message == (
        f"OpenSTA at {path} did not tell its version: `{path} -version` ended with status 1 and said "
        "'Segmentation fault'"
    )
    assert OPENSTA.probe().fix is not None


def test_version_is_asked_once(fake_tool: FakeTool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = fake_tool("yosys", f"echo x >> {tmp_path}/calls; echo 'Yosys 0.40'")
    monkeypatch.setenv("TPUGEN_YOSYS", str(path))
    assert [YOSYS.require().version for _ in range(3)] == ["0.40"] * 3
    assert (tmp_path / "calls").read_text() == "x\n"
