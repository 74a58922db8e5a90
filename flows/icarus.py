"""Icarus Verilog as a linter: Verilog-2005 syntax, elaboration, port widths (`iverilog -g2005 -Wall -t null`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tpugen.findings import Finding, has_errors
from tpugen.flows.process import DEFAULT_LIMITS, Completed, Limits, run
from tpugen.flows.tools import ICARUS

__all__ = ["command", "lint", "parse"]

_LINE = re.compile(r"^(?P<file>[^:\n]+\.v[h]?):(?P<line>\d+): (?:(?P<kind>\w+): )?(?P<message>.*)$")
_RULES = (
    ("unknown module", "unknown-module"),
    ("syntax error", "syntax"),
    ("port", "port-width"),
    ("unable to bind", "unknown-name"),
    ("multiple drivers", "multiple-drivers"),
    ("timescale", "timescale"),
    ("implicit definition", "implicit-wire"),
    ("dangl", "dangling"),
    ("sensitivity", "sensitivity"),
)


def command(executable: str, files: Sequence[Path], top: str) -> list[str]:
    """The command line: pure.

    Args:
        executable: Path of `iverilog`.
        files: Verilog files.
        top: Name of the top module.
    """
    return [executable, "-g2005", "-Wall", "-t", "null", "-s", top, *map(str, files)]


def lint(files: Sequence[Path], top: str, folder: Path, limits: Limits = DEFAULT_LIMITS) -> list[Finding]:
    """Compile the files without output and return what Icarus says.

    Args:
        files: Verilog files.
        top: Name of the top module.
        folder: Folder of the step: the tool runs there; `command.txt` and `log.txt` are written there.
        limits: What the tool may use.

    Raises:
        ToolError: Icarus is missing, too old, or reached a limit.
    """
    tool = ICARUS.require()
    done = run(command(tool.path, [path.absolute() for path in files], top), cwd=folder, limits=limits, log=folder)
    return parse(done)


def parse(done: Completed) -> list[Finding]:
    """Findings in what Icarus said; an unexplained failure is a finding too."""
    findings: list[Finding] = []
    for line in (done.stdout + done.stderr).splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        message = match["message"].strip()
        if message.startswith(": ") and findings:
            # A continuation line of the finding before.
            last = findings[-1]
            findings[-1] = last.model_copy(update={"message": f"{last.message} {message[2:].strip()}"})
            continue
        findings.append(
            Finding(
                severity="warning" if match["kind"] == "warning" else "error",
                gate="lint",
                rule=f"icarus-{_rule(message)}",
                message=message,
                file=Path(match["file"]).name,
                line=int(match["line"]),
            )
        )
    if done.returncode != 0 and not has_errors(findings):
        findings.append(
            Finding(
                severity="error", gate="lint", rule="icarus-failed",
                message=f"iverilog ended with status {done.returncode}: {done.tail(4) or 'it said nothing'}",
            )
        )  # fmt: skip
    return findings


def _rule(message: str) -> str:
    lowered = message.lower()
    return next((rule for word, rule in _RULES if word in lowered), "message")
