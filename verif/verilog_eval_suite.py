"""Suites of the VerilogEval kind, read from their folder; incomplete or meddlesome problems are refused at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import RequestError
from tpugen.flows.sandbox_dialect import SYSTEM_VERILOG
from tpugen.flows.verilog_tokens import Token, tokenize

__all__ = ["BENCH_SYSTEM_NAMES", "CANDIDATE", "REFERENCE", "VerilogEvalProblem", "load_problems", "modules_in"]

REFERENCE, CANDIDATE = "RefModule", "TopModule"
"""Module names that every suite uses."""

BENCH_SYSTEM_NAMES = SYSTEM_VERILOG.system_names | {
    "$display", "$displayb", "$displayh", "$dumpfile", "$dumpvars", "$dumpoff", "$dumpon", "$error", "$fatal",
    "$finish", "$info", "$isunknown", "$monitor", "$random", "$realtime", "$stime", "$stop", "$strobe", "$time",
    "$timeformat", "$urandom", "$urandom_range", "$warning", "$write",
}  # fmt: skip
"""System tasks that a bench may call: they print, end, draw random numbers. None names a file but `$dumpfile`, and
waveforms are switched off."""

_PARTS = {"_prompt.txt": "prompt", "_ref.sv": "reference", "_test.sv": "test bench"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_LARGEST_PART_BYTES = 2**20
_FOREIGN = ("`include", "`", "import", "bind", "library", "config")
_DIRECTIONS = ("input", "output", "inout")


@dataclass(frozen=True)
class VerilogEvalProblem:
    """One problem.

    Attributes:
        id: What its files' names begin with, e.g. `Prob001_zero`.
        prompt: The task in words.
        reference: Source of `RefModule`.
        test: Source of the bench.
        header: `module TopModule (...);`, with the ports of `RefModule`.
        bench_top: Name of the bench's top module.
    """

    id: str
    prompt: str
    reference: str
    test: str
    header: str
    bench_top: str


def load_problems(path: Path) -> list[VerilogEvalProblem]:
    """The problems of a suite, sorted by id.

    Args:
        path: The folder with `*_prompt.txt`, `*_ref.sv` and `*_test.sv`.

    Raises:
        RequestError: no such folder, no problem in it, or problems with missing or unusable parts: all are listed.
    """
    if not path.is_dir():
        raise RequestError(f"{path}: no such folder", hint="name the folder that holds the *_prompt.txt files")
    names = sorted({file.name.removesuffix(end) for end in _PARTS for file in path.glob(f"*{end}")})
    if not names:
        below = sorted({file.parent.name for file in path.glob("*/*_prompt.txt")})
        raise RequestError(
            f"{path}: no *_prompt.txt, *_ref.sv or *_test.sv in this folder",
            hint=f"its folder {below[0]} has some: name that" if below else "name the folder that holds the problems",
        )
    problems, faults = [], []
    for name in names:
        try:
            problems.append(_load(path, name))
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        lines = "\n  ".join(faults)
        raise RequestError(f"{path}: {len(faults)} of {len(names)} problems cannot be used:\n  {lines}")
    return problems


def _load(path: Path, name: str) -> VerilogEvalProblem:
    if not _NAME.fullmatch(name):
        raise ValueError("its name is not made of letters, digits, `_`, `-` and `.`")
    missing = [f"{name}{end} ({words})" for end, words in _PARTS.items() if not (path / f"{name}{end}").is_file()]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing")
    prompt, reference, test = (_read(path / f"{name}{end}") for end in _PARTS)
    if not prompt.strip():
        raise ValueError(f"{name}_prompt.txt is empty")
    for text, end in ((reference, "_ref.sv"), (test, "_test.sv")):
        fault = next(_suite_faults(text), None)
        if fault:
            raise ValueError(f"{name}{end}{fault}")
    return VerilogEvalProblem(
        id=name, prompt=prompt, reference=reference, test=test,
        header=_header(name, reference), bench_top=_bench_top(name, test),
    )  # fmt: skip


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST_PART_BYTES:
            raise ValueError(f"{file.name} is larger than {_LARGEST_PART_BYTES >> 20} MiB")
        return file.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ValueError(f"{file.name} is not UTF-8 text") from None
    except OSError as error:
        raise ValueError(f"{file.name} cannot be read: {error.strerror}") from error


def _suite_faults(text: str) -> Iterator[str]:
    """Why a bench or a reference may not run: it reaches for files or for foreign code."""
    for token in tokenize(text):
        if token.kind == "system" and token.text not in BENCH_SYSTEM_NAMES:
            yield f":{token.line} calls {token.text}, which benches may not: it could reach out of the folder"
        elif token.text in _FOREIGN or token.kind == "unterminated":
            yield f":{token.line} has {token.text}, which benches may not: problems are complete in themselves"


def modules_in(text: str) -> list[tuple[str, list[Token]]]:
    """Name and tokens of each module, in order."""
    tokens = list(tokenize(text))
    found: list[tuple[str, list[Token]]] = []
    start: int | None = None
    for index, token in enumerate(tokens):
        if token.text in ("module", "macromodule") and start is None:
            start = index
        elif token.text == "endmodule" and start is not None:
            name = next((t.text for t in tokens[start + 1 : index] if t.kind == "identifier"
                         and t.text not in ("automatic", "static")), "")  # fmt: skip
            found.append((name, tokens[start:index]))
            start = None
    return found


def _bench_top(name: str, test: str) -> str:
    tops = [module for module, tokens in modules_in(test) if any(token.text == CANDIDATE for token in tokens[1:])]
    if len(tops) != 1:
        raise ValueError(f"{name}_test.sv: {len(tops)} modules instantiate {CANDIDATE}; exactly one is expected")
    bench = {token.text for module, tokens in modules_in(test) if module == tops[0] for token in tokens}
    if REFERENCE not in bench:
        raise ValueError(f"{name}_test.sv: {tops[0]} does not instantiate {REFERENCE}")
    if "Mismatches: " not in test:
        raise ValueError(f"{name}_test.sv never prints `Mismatches: E in N samples`")
    return tops[0]


def _header(name: str, reference: str) -> str:
    """The header of `RefModule`, renamed; with declarations of the ports where the header only names them."""
    match = re.search(rf"\bmodule\s+{REFERENCE}\b", _without_comments(reference))
    if match is None:
        raise ValueError(f"{name}_ref.sv defines no module {REFERENCE}")
    text = _without_comments(reference)[match.start() :]
    end = text.find(";")
    body_end = text.find("endmodule")
    if end < 0 or body_end < 0:
        raise ValueError(f"{name}_ref.sv: module {REFERENCE} has no end")
    header = re.sub(rf"\b{REFERENCE}\b", CANDIDATE, text[: end + 1], count=1)
    header = "\n".join(line.rstrip() for line in header.splitlines() if line.strip())
    if re.search(rf"\b(?:{'|'.join(_DIRECTIONS)})\b", header):
        return header
    declarations = re.findall(rf"^\s*((?:{'|'.join(_DIRECTIONS)})\b[^;]*;)", text[end + 1 : body_end], re.MULTILINE)
    return "\n".join([header, *(f"  {' '.join(line.split())}" for line in declarations)])


def _without_comments(text: str) -> str:
    """`text` with comments blanked; strings stay, so `//` in a string is not one."""
    pattern = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
    return pattern.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
