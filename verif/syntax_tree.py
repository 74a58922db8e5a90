"""Modules, ports and instances of Verilog files, read by pyverilog; what cannot be read becomes a finding.

Preprocessing (`iverilog -E`) and parsing (a child process, see `_ast_worker`) run under limits in a private folder, for
the input may be hostile. Places are in the files as written, not in the preprocessed text.
"""

from __future__ import annotations

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
from tpugen.flows.tool_json import read_tool_json
from tpugen.flows.tools import ICARUS
from tpugen.paths import cache_dir
from tpugen.verif.function_headers import classic_function_headers

__all__ = ["GATE_LIMITS", "Place", "gate_error", "read_modules"]

GATE_LIMITS = process.Limits(wall_s=60, cpu_s=60, memory_mb=2_000, file_mb=200)
"""Bounds on each tool that the contract gate starts."""

_WORKER = Path(__file__).with_name("_ast_worker.py")
_TEXT, _TREE = "preprocessed.v", "modules.json"
_FILE_MARK = re.compile(r"^// tpugen file (\d+)$")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PARAMETER_WITHOUT_VALUE = re.compile(r"\bparameter\s+(?:\w+\s+)?(?:\[[^\]]*\]\s*)?(\w+)\s*[,)]")

Place = tuple[str | None, int | None]
"""File name and 1-based line, where known."""


def gate_error(rule: str, message: str, place: Place = (None, None), hint: str | None = None) -> Finding:
    """An error of the contract gate."""
    return Finding(
        severity="error", gate="contract", rule=rule, message=message, file=place[0], line=place[1], hint=hint
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


def read_modules(files: Sequence[Path], folder: Path) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Parse Verilog files.

    Args:
        files: The files.
        folder: Private folder for intermediate files and logs.

    Returns:
        Modules as `_ast_worker` describes them, each entry with its `place`; and what stood in the way.

    Raises:
        ToolMissingError: no Icarus.
        ToolFailedError: the reader itself broke, as opposed to the files.
    """
    preprocessed = _preprocess(files, folder)
    if isinstance(preprocessed, Finding):
        return [], [preprocessed]
    text, origins = preprocessed
    # Comments give way to as many line ends as they hold: they are prose, and lines must still count.
    code = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    (folder / _TEXT).write_text(classic_function_headers(code), encoding="utf-8")
    missing_values = _parameters_without_value(code, origins)
    tree = _parse(folder)
    if isinstance(tree, Finding):
        return [], missing_values or [tree]
    if "error" in tree:
        return [], missing_values or [_syntax_error(tree, text, origins, files, folder)]
    return [_located(module, origins) for module in tree["modules"]], []


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
        done = process.run(command, cwd=folder, limits=GATE_LIMITS, log=folder)
    except ToolLimitError as error:
        return gate_error(
            "preprocessor", f"preprocessing did not end: {error.message}", hint="Remove recursive macros."
        )
    except ToolFailedError as error:
        return gate_error("preprocessor", f"the preprocessor crashed: {error.message}", hint="Remove macros.")
    if done.returncode != 0 or not output.exists():
        said = (done.stderr or done.stdout).strip()
        match = re.match(r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<text>.+)", said)
        place: Place = (Path(match["file"]).name, int(match["line"])) if match else (None, None)
        detail = match["text"] if match else said[:300] or f"code {done.returncode}"
        hint = "Check `define, `ifdef and `include lines."
        return gate_error("preprocessor", f"preprocessing failed: {detail}", place, hint)
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
        done = process.run(command, cwd=folder, limits=GATE_LIMITS, log=folder)
    except ToolLimitError as error:
        return gate_error(
            "parser-limit", f"parsing did not end: {error.message}", hint="Write smaller, flatter modules."
        )
    except ToolFailedError as error:
        return gate_error(
            "parser-limit", f"the parser crashed: {error.message}", hint="Write smaller, flatter modules."
        )
    if not (folder / _TREE).exists():
        raise ToolFailedError(
            f"pyverilog could not run (code {done.returncode}): {done.tail()}",
            hint=f"see {folder / 'log.txt'}; reinstall tpugen's Python packages",
        )
    return read_tool_json(folder / _TREE, "pyverilog")


def _syntax_error(tree: dict[str, Any], text: str, origins: _Origins, files: Sequence[Path], folder: Path) -> Finding:
    """The syntax error in the compiler's words where it sees one too, else in pyverilog's."""
    command = [ICARUS.require().path, "-g2005", "-t", "null", *(str(path.resolve()) for path in files)]
    try:
        said = process.run(command, cwd=folder, limits=GATE_LIMITS, log=folder).stderr
    except ToolFailedError:
        said = ""
    match = re.search(r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<text>.*(?:error|invalid|give up).*)$", said, re.MULTILINE)
    if match:
        quoted = _quote(files, match)
        return gate_error(
            "syntax",
            f"{match['text'].removeprefix('error: ')}{quoted}",
            (Path(match["file"]).name, int(match["line"])),
            _syntax_hint(quoted),
        )
    near = re.search(r'before: "(.*)"', str(tree["error"]))
    what = f"near {near[1]!r}" if near else str(tree["error"])
    lines = text.splitlines()
    line = tree["line"]
    shown = f": {lines[line - 1].strip()[:100]}" if isinstance(line, int) and 0 < line <= len(lines) else ""
    return gate_error(
        "syntax",
        f"this is not Verilog-2005 that the contract gate can read, {what}{shown}",
        origins.place(line),
        "Use only plain synthesizable Verilog-2005: no tasks, no SystemVerilog.",
    )


_SLIPS = (
    (r"^\)\s*begin\b", "A module's header ends with `);`: write `);` here, and no `begin`."),
    (r"^end\s+module\b", "The module ends with `endmodule`, one word."),
    (r",\s*\)", "Remove the comma before the closing parenthesis."),
    (r"\b(logic|bit|always_ff|always_comb|always_latch|typedef|enum|struct)\b",
     "That is SystemVerilog: use `wire`, `reg` and `always @(...)`."),
)  # fmt: skip
"""What chat models get wrong in Verilog, and the words that mend it."""


def _syntax_hint(quoted: str) -> str:
    line = quoted.removeprefix(":").strip()
    return next((hint for pattern, hint in _SLIPS if re.search(pattern, line)), "Write plain Verilog-2005.")


def _quote(files: Sequence[Path], match: re.Match[str]) -> str:
    for path in files:
        if path.name == Path(match["file"]).name:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            if int(match["line"]) <= len(lines):
                return f": {lines[int(match['line']) - 1].strip()[:100]}"
    return ""


def _parameters_without_value(code: str, origins: _Origins) -> list[Finding]:
    findings = []
    for match in _PARAMETER_WITHOUT_VALUE.finditer(code):
        place = origins.place(code.count("\n", 0, match.start()) + 1)
        findings.append(
            gate_error(
                "parameter-default",
                f"parameter {match[1]} has no default value",
                place,
                f"Give it one: `parameter {match[1]} = ...`.",
            )
        )
    return findings


def _located(module: dict[str, Any], origins: _Origins) -> dict[str, Any]:
    for entry in (module, *module["ports"], *module["instances"], *module["misfits"]):
        entry["place"] = origins.place(entry["line"])
    return module
