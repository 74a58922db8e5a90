"""Verilator as a linter (`verilator --lint-only -Wall`): widths, unused and undriven signals, latches, style."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tpugen.findings import Finding, Severity
from tpugen.flows.process import DEFAULT_LIMITS, Completed, Limits, run
from tpugen.flows.tools import VERILATOR

__all__ = ["REFUSED_WARNINGS", "command", "lint", "parse"]

REFUSED_WARNINGS = frozenset({"BLKANDNBLK", "COMBDLY", "LATCH", "MULTIDRIVEN", "PINMISSING", "UNDRIVEN"})
"""Warnings that are bugs in synthesisable RTL: they refuse the design."""

# Of the width warnings, the one that is a wrong connection: a port and what is wired to it differ.
_PORT_WIDTH = "port connection"

_LINE = re.compile(
    r"^%(?P<kind>Warning|Error)(?:-(?P<code>\w+))?: (?:(?P<file>[^:\n]+):(?P<line>\d+):(?:\d+:)? )?(?P<message>.*)$"
)


def command(executable: str, files: Sequence[Path], top: str) -> list[str]:
    """The command line: pure.

    Args:
        executable: Path of `verilator`.
        files: Verilog files.
        top: Name of the top module.
    """
    language = ["--default-language", "1364-2005"]
    return [executable, "--lint-only", "-Wall", *language, "--top-module", top, *map(str, files)]


def lint(files: Sequence[Path], top: str, folder: Path, limits: Limits = DEFAULT_LIMITS) -> list[Finding]:
    """Lint the files and return what Verilator says.

    Args:
        files: Verilog files.
        top: Name of the top module.
        folder: Folder of the step: the tool runs there; `command.txt` and `log.txt` are written there.
        limits: What the tool may use.

    Raises:
        ToolError: Verilator is missing, too old, or reached a limit.
    """
    tool = VERILATOR.require()
    done = run(command(tool.path, [path.absolute() for path in files], top), cwd=folder, limits=limits, log=folder)
    return parse(done)


def _port_width_hint(message: str) -> str | None:
    found = re.search(r"expects (\d+) bits.*generates (\d+) bits", message)
    if _PORT_WIDTH not in message or found is None:
        return None
    return (
        "Either the wire has the wrong width, or a parameter of this instance has the wrong number: the port must "
        f"have {found[2]} bits where it now has {found[1]}."
    )


def parse(done: Completed) -> list[Finding]:
    """Findings in what Verilator said; an unexplained failure is a finding too."""
    findings = []
    for line in done.stderr.splitlines():
        match = _LINE.match(line)
        if match is None or match["message"].startswith(("Exiting due to", "This may be because")):
            continue
        code = match["code"]
        refused = code in REFUSED_WARNINGS or _PORT_WIDTH in match["message"]
        severity: Severity = "error" if match["kind"] == "Error" or refused else "warning"
        findings.append(
            Finding(
                severity=severity,
                gate="lint",
                rule=f"verilator-{(code or 'error').lower()}",
                message=match["message"].strip(),
                hint=_port_width_hint(match["message"]),
                file=Path(match["file"]).name if match["file"] else None,
                line=int(match["line"]) if match["line"] else None,
            )
        )
    if done.returncode != 0 and not findings:
        findings.append(
            Finding(
                severity="error", gate="lint", rule="verilator-failed",
                message=f"verilator ended with status {done.returncode}: {done.tail(4) or 'it said nothing'}",
            )
        )  # fmt: skip
    return findings
