"""Yosys: how it is called, and its lint (latches, combinational loops, undriven and multiply driven nets)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tpugen.errors import ToolLimitError
from tpugen.findings import Finding, has_errors
from tpugen.flows.process import DEFAULT_LIMITS, Completed, Limits, run
from tpugen.flows.tools import YOSYS

__all__ = ["error_line", "lint", "lint_script", "parse", "quoted", "read_commands", "run_script"]

_ERROR = re.compile(r"^(?:(?P<file>[^:\n]+):(?P<line>\d+): )?ERROR: (?P<message>.*)$")
_WARNING = re.compile(r"^(?:(?P<file>[^:\n]+):(?P<line>\d+): )?Warning: (?P<message>.*)$")
_LATCH = re.compile(
    r"^Latch inferred for signal `(?P<signal>[^']+)' from process `[^']*\$(?P<file>[^:$']+):(?P<line>\d+)"
)
_SOURCE = re.compile(r"\$(?P<file>[^:$ ]+\.v):(?P<line>\d+)\$")
_CHECKS = (
    ("found logic loop", "combinational-loop", "break the loop with a register, or compute the value another way"),
    ("multiple conflicting drivers", "multiple-drivers", "drive each signal from one always block or assign"),
    ("has no driver", "undriven", "drive the signal, or remove it"),
)


def quoted(path: Path | str) -> str:
    """A path as a Yosys script takes it."""
    return f'"{path}"'


def run_script(script: str, folder: Path, name: str, *, limits: Limits = DEFAULT_LIMITS) -> Completed:
    """Write a script into `folder` and run Yosys on it there.

    Args:
        script: Commands, one a line.
        folder: Folder it runs in; `command.txt` and `log.txt` are written there.
        name: File name of the script, e.g. `map.ys`.
        limits: What it may use.

    Raises:
        ToolError: Yosys is missing, too old, or reached a limit.
    """
    tool = YOSYS.require()
    (folder / name).write_text(script, encoding="utf-8")
    return run([tool.path, "-q", "-l", f"{name}.log", "-s", name], cwd=folder, limits=limits, log=folder)


def error_line(done: Completed) -> str:
    """The line in which Yosys says what went wrong."""
    lines = [line for line in (done.stderr + done.stdout).splitlines() if "ERROR" in line]
    return lines[0].strip() if lines else f"status {done.returncode}: {done.tail(3) or 'it said nothing'}"


def read_commands(files: Sequence[Path]) -> list[str]:
    """Commands that read files without elaborating them.

    Modules are then elaborated with the parameters of the design alone. Elaborated at their defaults as well, modules
    that name a design's units would refuse parameters which are legal at the widths of that design.
    """
    return [f"read_verilog -defer {quoted(path)}" for path in files]


def lint_script(files: Sequence[Path], top: str, *, named: bool = True) -> str:
    """The lint script: pure. Flattened, so that loops through several modules are found too.

    Args:
        files: Verilog files.
        top: Name of the top module.
        named: Whether nets and cells keep their names and places in the flattened design. Without, it takes little more
            than half the memory; what is found there can then not be told where it is.
    """
    short = ["setattr -unset src", "rename -hide", "rename -enumerate"]
    return "\n".join(
        [
            *read_commands(files),
            f"hierarchy -check -top {top}",
            "proc",
            "check",
            *([] if named else short),
            "opt_clean -purge",  # names of nets that nothing drives or reads would double the memory
            "flatten",
            "opt_clean -purge",
            "check -assert",
            "",
        ]
    )


def lint(files: Sequence[Path], top: str, folder: Path, limits: Limits = DEFAULT_LIMITS) -> list[Finding]:
    """Elaborate the files and return what Yosys says.

    Args:
        files: Verilog files.
        top: Name of the top module.
        folder: Folder of the step: the tool runs there; script, `command.txt` and `log.txt` are written there.
        limits: What the tool may use.

    Raises:
        ToolError: Yosys is missing, too old, or reached a limit.
    """
    # Paths are part of names: short ones save memory.
    relative = [Path(os.path.relpath(path, folder)) for path in files]
    found = parse(_run_lint(lint_script(relative, top, named=False), folder, limits))
    if not has_errors(found):
        return found
    try:
        return parse(_run_lint(lint_script(relative, top), folder, limits))
    except ToolLimitError:  # what is wrong is known, if not everywhere where
        return found


def _run_lint(script: str, folder: Path, limits: Limits) -> Completed:
    place = folder / "yosys_lint.ys"
    place.write_text(script, encoding="utf-8")
    return run([YOSYS.require().path, "-s", place.name], cwd=folder, limits=limits, log=folder)


def parse(done: Completed) -> list[Finding]:
    """Findings in what Yosys said (without `-q`); an unexplained failure is a finding too."""
    lines = (done.stdout + "\n" + done.stderr).splitlines()
    findings: dict[tuple[str, str], Finding] = {}
    for index, line in enumerate(lines):
        finding = _error(line) or _latch(line) or _check(line, lines[index + 1 : index + 12])
        if finding is not None:
            findings.setdefault((finding.rule, finding.message), finding)
    found = list(findings.values())
    if has_errors(found):
        # "Found 1 problems in 'check -assert'" only repeats what stands above it.
        kept = [finding for finding in found if "check -assert" not in finding.message]
        found = kept if has_errors(kept) else found
    elif done.returncode != 0:
        found.append(
            Finding(
                severity="error", gate="lint", rule="yosys-failed",
                message=f"yosys ended with {error_line(done)}",
            )
        )  # fmt: skip
    return found


def _error(line: str) -> Finding | None:
    match = _ERROR.match(line)
    if match is None:
        return None
    message = match["message"].strip()
    if "is not part of the design" in message:
        rule = "unknown-module"
    else:
        rule = "syntax" if "syntax error" in message else "error"
    return Finding(
        severity="error", gate="lint", rule=f"yosys-{rule}", message=message,
        file=Path(match["file"]).name if match["file"] else None, line=int(match["line"]) if match["line"] else None,
    )  # fmt: skip


def _latch(line: str) -> Finding | None:
    match = _LATCH.match(line)
    if match is None:
        return None
    return Finding(
        severity="error", gate="lint", rule="yosys-latch",
        message=f"a latch is inferred for {match['signal'].replace(chr(92), '')}: not every path assigns it",
        file=Path(match["file"]).name, line=int(match["line"]),
        hint="assign a default at the beginning of the combinational block",
    )  # fmt: skip


def _check(line: str, following: list[str]) -> Finding | None:
    match = _WARNING.match(line)
    if match is None:
        return None
    message = match["message"].replace("\\", "").strip()
    for words, rule, hint in _CHECKS:
        if words not in message:
            continue
        details = []
        for other in following:
            if not other.startswith("    "):
                break
            details.append(other.strip())
        source = next((found for detail in details if (found := _SOURCE.search(detail))), None)
        names = [detail.replace("\\", "") for detail in details if detail.startswith("wire ") and "$" not in detail]
        return Finding(
            severity="error", gate="lint", rule=f"yosys-{rule}",
            message=message.rstrip(":") + (f" through {', '.join(names)}" if names else ""),
            file=Path(source["file"]).name if source else None, line=int(source["line"]) if source else None,
            hint=hint,
        )  # fmt: skip
    return Finding(
        severity="warning", gate="lint", rule="yosys-warning", message=message,
        file=Path(match["file"]).name if match["file"] else None, line=int(match["line"]) if match["line"] else None,
    )  # fmt: skip
