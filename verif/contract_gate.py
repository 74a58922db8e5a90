"""The contract gate: module, ports and hierarchy of a candidate against its contract, from the syntax tree.

Preprocessing (`iverilog -E`) and parsing (pyverilog, in a child process) run under limits in a private folder, for the
input may be hostile. Every finding names file and line of the candidate and says what would mend it.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import process
from tpugen.flows.tools import ICARUS
from tpugen.paths import cache_dir
from tpugen.spec import Contract, Port

__all__ = ["check_contract"]

_LIMITS = process.Limits(wall_s=60, cpu_s=60, memory_mb=2_000, file_mb=200)
_WORKER = Path(__file__).with_name("_ast_worker.py")
_TEXT, _TREE = "preprocessed.v", "modules.json"
_FILE_MARK = re.compile(r"^// tpugen file (\d+)$")
_PARAMETER_WITHOUT_VALUE = re.compile(r"\bparameter\s+(?:\w+\s+)?(?:\[[^\]]*\]\s*)?(\w+)\s*[,)]")
_PARAMETER_CHECK = "tpugen_error_"
"""Prefix of modules that do not exist on purpose: a generate-if instantiates one when a parameter is not legal."""

_PRIMITIVES = frozenset(
    [
        "and",
        "nand",
        "or",
        "nor",
        "xor",
        "xnor",
        "buf",
        "not",
        "bufif0",
        "bufif1",
        "notif0",
        "notif1",
        "nmos",
        "pmos",
        "cmos",
        "rnmos",
        "rpmos",
        "rcmos",
        "tran",
        "tranif0",
        "tranif1",
        "rtran",
        "rtranif0",
        "rtranif1",
        "pullup",
        "pulldown",
    ]
)


@dataclass(frozen=True)
class _Origins:
    """Where each line of the preprocessed text came from."""

    starts: list[int]
    places: list[tuple[str, int]]

    def place(self, line: int | None) -> tuple[str | None, int | None]:
        """File name and line in the candidate."""
        if line is None or not self.starts:
            return None, None
        index = bisect_right(self.starts, line) - 1
        if index < 0:
            return None, None
        name, first = self.places[index]
        return name, first + line - self.starts[index]


def check_contract(contract: Contract, files: Sequence[Path], folder: Path) -> list[Finding]:
    """Compare a candidate's modules with the contract.

    Args:
        contract: What the top module must be.
        files: The candidate's Verilog files.
        folder: Private folder for intermediate files and logs; created if missing.

    Returns:
        Findings, most telling first; empty if the candidate keeps the contract.

    Raises:
        ToolMissingError: no Icarus.
        ToolFailedError: the gate itself broke, as opposed to the candidate.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not files:
        return [_error("no-files", "there is no Verilog file", hint=f"Write module {contract.module}.")]
    preprocessed = _preprocess(files, folder)
    if isinstance(preprocessed, Finding):
        return [preprocessed]
    text, origins = preprocessed
    (folder / _TEXT).write_text(text, encoding="utf-8")
    missing_values = _parameters_without_value(text, origins)
    tree = _parse(folder)
    if isinstance(tree, Finding):
        return missing_values or [tree]
    if "error" in tree:
        return missing_values or [_syntax_error(tree, text, origins, files, folder)]
    modules = [_located(module, origins) for module in tree["modules"]]
    return _check_modules(contract, modules) + _check_generated(contract, modules, files, folder)


_Place = tuple[str | None, int | None]


def _error(rule: str, message: str, place: _Place = (None, None), hint: str | None = None) -> Finding:
    return Finding(
        severity="error", gate="contract", rule=rule, message=message, file=place[0], line=place[1], hint=hint
    )


# -- reading ------------------------------------------------------------------------------------------------------


def _preprocess(files: Sequence[Path], folder: Path) -> tuple[str, _Origins] | Finding:
    output = folder / "preprocess.out"
    output.unlink(missing_ok=True)
    # The preprocessor joins the files without saying where each begins: comments between them do.
    interleaved: list[str] = []
    for index, path in enumerate(files):
        mark = folder / f"mark_{index}.v"
        mark.write_text(f"\n// tpugen file {index}\n", encoding="utf-8")
        interleaved += [str(mark), str(path.resolve())]
    command = [ICARUS.require().path, "-g2005", "-E", "-o", str(output), *interleaved]
    try:
        done = process.run(command, cwd=folder, limits=_LIMITS, log=folder)
    except ToolLimitError as error:
        return _error("preprocessor", f"preprocessing did not end: {error.message}", hint="Remove recursive macros.")
    except ToolFailedError as error:
        return _error("preprocessor", f"the preprocessor crashed: {error.message}", hint="Remove macros.")
    if done.returncode != 0 or not output.exists():
        said = (done.stderr or done.stdout).strip()
        match = re.match(r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<text>.+)", said)
        place: _Place = (Path(match["file"]).name, int(match["line"])) if match else (None, None)
        detail = match["text"] if match else said[:300] or f"code {done.returncode}"
        hint = "Check `define, `ifdef and `include lines."
        return _error("preprocessor", f"preprocessing failed: {detail}", place, hint)
    text = output.read_text(encoding="utf-8", errors="replace")
    return text, _origins(text, files)


def _origins(text: str, files: Sequence[Path]) -> _Origins:
    starts: list[int] = []
    places: list[tuple[str, int]] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _FILE_MARK.match(line)
        if match and int(match[1]) < len(files):
            starts.append(number + 1)
            places.append((files[int(match[1])].name, 1))
    return _Origins(starts, places)


def _parse(folder: Path) -> dict[str, Any] | Finding:
    (folder / _TREE).unlink(missing_ok=True)
    # -I keeps the candidate's folder off sys.path: a file called json.py there must not be imported.
    command = [sys.executable, "-I", str(_WORKER), _TEXT, _TREE, str(cache_dir() / "pyverilog")]
    try:
        done = process.run(command, cwd=folder, limits=_LIMITS, log=folder)
    except ToolLimitError as error:
        return _error("parser-limit", f"parsing did not end: {error.message}", hint="Write smaller, flatter modules.")
    except ToolFailedError as error:
        return _error("parser-limit", f"the parser crashed: {error.message}", hint="Write smaller, flatter modules.")
    if not (folder / _TREE).exists():
        raise ToolFailedError(
            f"pyverilog could not run (code {done.returncode}): {done.tail()}",
            hint=f"see {folder / 'log.txt'}; reinstall tpugen's Python packages",
        )
    tree: dict[str, Any] = json.loads((folder / _TREE).read_text(encoding="utf-8"))
    return tree


def _syntax_error(tree: dict[str, Any], text: str, origins: _Origins, files: Sequence[Path], folder: Path) -> Finding:
    """The syntax error in the compiler's words where it sees one too, else in pyverilog's."""
    command = [ICARUS.require().path, "-g2005", "-t", "null", *(str(path.resolve()) for path in files)]
    try:
        said = process.run(command, cwd=folder, limits=_LIMITS, log=folder).stderr
    except ToolFailedError:
        said = ""
    match = re.search(r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<text>.*(?:error|invalid|give up).*)$", said, re.MULTILINE)
    if match:
        return _error(
            "syntax",
            f"{match['text'].removeprefix('error: ')}{_quote(files, match)}",
            (Path(match["file"]).name, int(match["line"])),
            "Write plain Verilog-2005.",
        )
    near = re.search(r'before: "(.*)"', str(tree["error"]))
    what = f"near {near[1]!r}" if near else str(tree["error"])
    lines = text.splitlines()
    line = tree["line"]
    shown = f": {lines[line - 1].strip()[:100]}" if isinstance(line, int) and 0 < line <= len(lines) else ""
    return _error(
        "syntax",
        f"this is not Verilog-2005 that the contract gate can read, {what}{shown}",
        origins.place(line),
        "Use only plain synthesizable Verilog-2005: no tasks, no SystemVerilog.",
    )


def _quote(files: Sequence[Path], match: re.Match[str]) -> str:
    for path in files:
        if path.name == Path(match["file"]).name:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            if int(match["line"]) <= len(lines):
                return f": {lines[int(match['line']) - 1].strip()[:100]}"
    return ""


def _parameters_without_value(text: str, origins: _Origins) -> list[Finding]:
    findings = []
    for match in _PARAMETER_WITHOUT_VALUE.finditer(text):
        place = origins.place(text.count("\n", 0, match.start()) + 1)
        findings.append(
            _error(
                "parameter-default",
                f"parameter {match[1]} has no default value",
                place,
                f"Give it one: `parameter {match[1]} = ...`.",
            )
        )
    return findings


def _located(module: dict[str, Any], origins: _Origins) -> dict[str, Any]:
    for entry in (module, *module["ports"], *module["instances"]):
        entry["place"] = origins.place(entry["line"])
    return module


# -- judging ------------------------------------------------------------------------------------------------------


def _check_modules(contract: Contract, modules: list[dict[str, Any]]) -> list[Finding]:
    findings: list[Finding] = []
    by_name: dict[str, dict[str, Any]] = {}
    for module in modules:
        if module["name"] in by_name:
            findings.append(
                _error(
                    "duplicate-module",
                    f"module {module['name']} is defined twice (first in {by_name[module['name']]['place'][0]})",
                    module["place"],
                    "Keep one definition.",
                )
            )
        by_name.setdefault(module["name"], module)
    top = by_name.get(contract.module)
    if top is None:
        findings.append(_missing_top(contract, modules))
        return findings
    findings += _check_ports(contract, top)
    findings += _check_hierarchy(by_name, contract.module)
    return findings


def _missing_top(contract: Contract, modules: list[dict[str, Any]]) -> Finding:
    names = [module["name"] for module in modules]
    close = names if len(names) == 1 else difflib.get_close_matches(contract.module, names, 1, 0.4)
    place = next((module["place"] for module in modules if module["name"] in close), (None, None))
    found = ", ".join(names) or "none"
    return _error(
        "top-module",
        f"there is no module {contract.module}; modules found: {found}",
        place,
        f"Rename {close[0]} to {contract.module}." if close else f"Write module {contract.module}.",
    )


def _check_ports(contract: Contract, top: dict[str, Any]) -> list[Finding]:
    findings = []
    found = {port["name"]: port for port in top["ports"]}
    wanted = {port.name: port for port in contract.ports}
    for name in dict.fromkeys(top["duplicates"]):
        findings.append(
            _error("port-duplicate", f"port {name} is declared twice", found[name]["place"], "Declare each port once.")
        )
    for port in contract.ports:
        if port.name not in found:
            findings.append(_missing_port(port, top, [name for name in found if name not in wanted]))
            continue
        findings += _check_port(port, found[port.name])
    for name, entry in found.items():
        if name not in wanted:
            findings.append(
                _error(
                    "port-extra",
                    f"port {name} of {contract.module} is not in the contract",
                    entry["place"],
                    f"Remove it; the ports are {', '.join(wanted)}.",
                )
            )
    return findings


def _missing_port(port: Port, top: dict[str, Any], others: list[str]) -> Finding:
    close = difflib.get_close_matches(port.name, others, 1, 0.6)
    rename = f" (or rename {close[0]})" if close else ""
    return _error(
        "port-missing",
        f"port {port.name} is missing from {top['name']}: {port.meaning}",
        top["place"],
        f"Add `{port.declaration()}`{rename}.",
    )


def _check_port(port: Port, entry: dict[str, Any]) -> list[Finding]:
    findings = []
    hint = f"Declare it as `{port.declaration()}`."
    if entry["direction"] is None:
        findings.append(
            _error(
                "port-direction",
                f"port {port.name} has no direction; it must be an {port.direction}",
                entry["place"],
                hint,
            )
        )
    elif entry["direction"] != port.direction:
        findings.append(
            _error(
                "port-direction",
                f"port {port.name} is an {entry['direction']}; it must be an {port.direction}",
                entry["place"],
                hint,
            )
        )
    if entry["array"]:
        findings.append(
            _error(
                "port-width",
                f"port {port.name} is an unpacked array; it must be one packed vector of {port.width_bits} bits",
                entry["place"],
                hint,
            )
        )
    elif entry["width"] is None:
        findings.append(
            _error(
                "port-width",
                f"the width of port {port.name} cannot be evaluated: {entry['why']}; it must be {port.width_bits} bits",
                entry["place"],
                hint,
            )
        )
    elif entry["width"] != port.width_bits:
        findings.append(
            _error(
                "port-width",
                f"port {port.name} is {entry['width']} bits wide; it must be {port.width_bits}",
                entry["place"],
                hint,
            )
        )
    return findings


def _check_hierarchy(by_name: dict[str, dict[str, Any]], top: str) -> list[Finding]:
    """Every instantiated module is there, none contains itself, none is unused."""
    findings: list[Finding] = []
    reported: set[str] = set()
    done: set[str] = set()
    # Depth-first without recursion: (module, index of the next instance to look at).
    path: list[tuple[str, int]] = [(top, 0)]
    while path:
        name, index = path.pop()
        instances = by_name[name]["instances"]
        if index >= len(instances):
            done.add(name)
            continue
        path.append((name, index + 1))
        instance = instances[index]
        child = instance["module"]
        if child in done or child in _PRIMITIVES or child in reported:
            continue
        if instance["conditional"] and (child not in by_name or any(child == above for above, _ in path)):
            continue  # the branch may never be taken: elaboration decides, see _check_generated
        if child not in by_name:
            reported.add(child)
            close = difflib.get_close_matches(child, by_name, 1, 0.6)
            findings.append(
                _error(
                    "missing-module",
                    f"{name} instantiates {child}, which is not defined",
                    instance["place"],
                    f"Define module {child}" + (f", or did you mean {close[0]}?" if close else "."),
                )
            )
        elif any(child == above for above, _ in path):
            reported.add(child)
            findings.append(
                _error(
                    "recursive-module",
                    f"module {child} contains itself (through {name})",
                    instance["place"],
                    "Use a generate loop instead of recursion.",
                )
            )
        else:
            path.append((child, 0))
    for name in by_name:
        if name not in done:
            findings.append(
                Finding(
                    severity="warning",
                    gate="contract",
                    rule="unused-module",
                    file=by_name[name]["place"][0],
                    line=by_name[name]["place"][1],
                    message=f"module {name} is not used by {top}",
                    hint="Remove it, or instantiate it.",
                )
            )
    return findings


def _check_generated(
    contract: Contract, modules: list[dict[str, Any]], files: Sequence[Path], folder: Path
) -> list[Finding]:
    """Modules that only a generate-if or -case instantiates: elaboration tells which of them are needed."""
    defined = {module["name"] for module in modules}
    wanted = {
        instance["module"]: instance["place"]
        for module in modules
        for instance in module["instances"]
        if instance["conditional"]
        and instance["module"] not in defined | _PRIMITIVES
        and not instance["module"].startswith(_PARAMETER_CHECK)
    }
    if not wanted or contract.module not in defined:
        return []
    command = [
        ICARUS.require().path,
        "-g2005",
        "-t",
        "null",
        "-s",
        contract.module,
        *(str(path.resolve()) for path in files),
    ]
    try:
        said = process.run(command, cwd=folder, limits=_LIMITS, log=folder).stderr
    except ToolFailedError as error:
        return [
            _error(
                "elaboration",
                f"elaboration did not end well: {error.message}",
                hint="Look for endless generate loops or recursion.",
            )
        ]
    return [
        _error("missing-module", f"module {name} is instantiated but not defined", place, f"Define module {name}.")
        for name, place in wanted.items()
        if re.search(rf"Unknown module type: {re.escape(name)}\b", said)
    ]
