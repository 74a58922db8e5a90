"""Yosys: how it is called, and its lint (latches, combinational loops, undriven and multiply driven nets)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tpugen.errors import ToolLimitError
from tpugen.findings import Finding, has_errors
from tpugen.flows.hierarchy import read_hierarchy
from tpugen.flows.process import DEFAULT_LIMITS, Completed, Limits, run
from tpugen.flows.tool_json import read_tool_json
from tpugen.flows.tools import YOSYS
from tpugen.flows.yosys_stubs import stub_text, without_modules

__all__ = ["elaborate_script", "error_line", "flat_script", "lint", "parse", "quoted", "read_commands", "run_script"]

_ERROR = re.compile(r"^(?:(?P<file>[^:\n]+):(?P<line>\d+): )?ERROR: (?P<message>.*)$")
_WARNING = re.compile(r"^(?:(?P<file>[^:\n]+):(?P<line>\d+): )?Warning: (?P<message>.*)$")
_LATCH = re.compile(
    r"^Latch inferred for signal `(?P<signal>[^']+)' from process `[^']*\$(?P<file>[^:$']+):(?P<line>\d+)"
)
_SOURCE = re.compile(r"\$(?P<file>[^:$ ]+\.v):(?P<line>\d+)\$")
_WHOLE_GATES = 100_000.0
"""Up to this rough size, in NAND2 equivalents, a design is flattened whole."""

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


def elaborate_script(files: Sequence[Path], top: str) -> str:
    """Elaborate and look at each module by itself; leaves `modules.il` and `modules.json`. Pure."""
    return "\n".join(
        [
            *read_commands(files),
            f"hierarchy -check -top {top}",
            "proc",
            "check",
            "write_rtlil modules.il",
            "write_json modules.json",
            "",
        ]
    )


def flat_script(source: str, top: str, result: str | None = None) -> str:
    """Look at a flattened design, so that loops through several modules are found too. Pure.

    Args:
        source: RTLIL file.
        top: Name of the module to look at.
        result: JSON file to leave of it.
    """
    return "\n".join(
        [
            f"read_rtlil {source}",
            f"hierarchy -top {top}",
            "opt_clean -purge",  # names of nets that nothing drives or reads would double the memory
            "flatten",
            "opt_clean -purge",
            *([f"write_json {result}"] if result else []),
            "check -assert",
            "",
        ]
    )


def lint(files: Sequence[Path], top: str, folder: Path, limits: Limits = DEFAULT_LIMITS) -> list[Finding]:
    """Elaborate the files and return what Yosys says.

    Of a large design, what repeats is looked at once; around it, stubs stand for it (`yosys_stubs`). What is found in
    such a design is looked for again in the whole one, which knows better, if that is not too large.

    Args:
        files: Verilog files.
        top: Name of the top module.
        folder: Folder of the step: the tool runs there; scripts, `command.txt` and `log.txt` are written there.
        limits: What the tool may use.

    Raises:
        ToolError: Yosys is missing, too old, or reached a limit.
    """
    # Paths are part of names: short ones save memory.
    relative = [Path(os.path.relpath(path, folder)) for path in files]
    _remove_designs(folder)  # of a run that was killed
    try:
        found = _run_lint(elaborate_script(relative, top), "elaborate.ys", folder, limits)
        if not (folder / "modules.json").is_file():
            return found
        parts = _parts(folder, top)
        further = _lint_in_parts(parts, top, folder, limits) if parts else []
        if not parts or has_errors(further):
            try:
                further = _run_lint(flat_script("modules.il", top), "whole.ys", folder, limits)
            except ToolLimitError:
                if not parts:
                    raise
                # What is wrong is known, if not everywhere where.
    finally:
        _remove_designs(folder)
    return [*found, *(finding for finding in further if finding not in found)]


def _remove_designs(folder: Path) -> None:
    """Remove what only the scripts between themselves needed."""
    for pattern in ("modules.il", "around.il", "modules.json", "part_*.json"):
        for path in folder.glob(pattern):
            path.unlink()


def _parts(folder: Path, top: str) -> list[str]:
    """Modules to look at once: none where the design is small."""
    hierarchy = read_hierarchy(read_tool_json(folder / "modules.json", "Yosys"), top)
    return hierarchy.outermost_repeated() if hierarchy.gates(top) > _WHOLE_GATES else []


def _lint_in_parts(parts: Sequence[str], top: str, folder: Path, limits: Limits) -> list[Finding]:
    found: list[Finding] = []
    stubs = []
    for number, part in enumerate(parts):
        result = folder / f"part_{number}.json"
        found += _run_lint(flat_script("modules.il", part, result.name), f"part_{number}.ys", folder, limits)
        if not result.is_file() or has_errors(found):
            return found
        stubs.append(stub_text(part, read_tool_json(result, "Yosys")["modules"][part]))
    text = (folder / "modules.il").read_text(encoding="utf-8")
    (folder / "around.il").write_text("\n".join([without_modules(text, parts), *stubs]), encoding="utf-8")
    return [*found, *_run_lint(flat_script("around.il", top), "around.ys", folder, limits)]


def _run_lint(script: str, name: str, folder: Path, limits: Limits) -> list[Finding]:
    (folder / name).write_text(script, encoding="utf-8")
    return parse(run([YOSYS.require().path, "-s", name], cwd=folder, limits=limits, log=folder))


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
