"""The lint gate: Icarus, Verilator and Yosys, merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import icarus, verilator, yosys
from tpugen.flows.process import DEFAULT_LIMITS, Limits

__all__ = ["lint"]

_LINTERS: tuple[tuple[str, Callable[[Sequence[Path], str, Path, Limits], list[Finding]]], ...] = (
    ("icarus", icarus.lint),
    ("verilator", verilator.lint),
    ("yosys", yosys.lint),
)
_SEVERITIES = ("error", "warning", "info")


def lint(files: Sequence[Path], top: str, folder: Path, limits: Limits = DEFAULT_LIMITS) -> list[Finding]:
    """What the three tools say about a design, errors first, the same remark once.

    Args:
        files: Verilog files.
        top: Name of the top module.
        folder: Folder of the step: each tool has a folder of its own in it; created if missing.
        limits: What each tool may use.

    Returns:
        Findings with gate `lint`. A tool that a design hangs or crashes is an error finding.

    Raises:
        ToolMissingError: a tool is not installed.
        ToolVersionError: a tool is too old.
    """
    findings: list[Finding] = []
    for name, run in _LINTERS:
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        try:
            said = run(files, top, place, limits)
        except (ToolLimitError, ToolFailedError) as error:
            said = [
                Finding(
                    severity="error",
                    gate="lint",
                    rule="tool-limit",
                    message=f"{name} did not get through: {error.message}",
                    hint="Look for endless generate loops, recursion and huge arrays.",
                )
            ]
        findings += said
    merged: dict[tuple[str, str | None, int | None, str], Finding] = {}
    for finding in findings:
        merged.setdefault((finding.severity, finding.file, finding.line, finding.message), finding)
    return sorted(merged.values(), key=lambda finding: _SEVERITIES.index(finding.severity))
