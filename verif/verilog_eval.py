"""Judges candidates for problems of the VerilogEval kind: a prompt, a reference, and a bench that compares.

A suite is a folder with three files a problem: `NAME_prompt.txt`, `NAME_ref.sv` (module `RefModule`) and
`NAME_test.sv`, a bench that instantiates `RefModule` and `TopModule`, compares them and prints
`Mismatches: E in N samples`. That is the layout of VerilogEval 2 (Pinckney et al., "Revisiting VerilogEval", 2024,
spec-to-RTL tasks); suites of one's own in that layout are judged the same way.

Neither side is trusted. Candidates pass the sandbox in its SystemVerilog dialect and may not name the reference, the
bench, or anything inside them. Suites are read once and refused if a bench reaches for files; waveforms are switched
off in the simulator, whatever file name the bench gives them. Everything runs in the folder of the judgement, under
limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tpugen.errors import StorageError, ToolFailedError, ToolLimitError
from tpugen.findings import Finding, has_errors
from tpugen.flows import process
from tpugen.flows.sandbox import check_sources
from tpugen.flows.sandbox_dialect import SYSTEM_VERILOG
from tpugen.flows.tools import ICARUS, VVP
from tpugen.flows.verilog_tokens import Token, tokenize
from tpugen.verif.verilog_eval_suite import (
    BENCH_SYSTEM_NAMES,
    CANDIDATE,
    REFERENCE,
    VerilogEvalProblem,
    load_problems,
    modules_in,
)

__all__ = [
    "BENCH_SYSTEM_NAMES",
    "JUDGE_LIMITS",
    "VerilogEvalProblem",
    "check_problem",
    "judge",
    "load_problems",
    "reference_candidate",
]

JUDGE_LIMITS = process.Limits(wall_s=60, cpu_s=60, memory_mb=2_000, file_mb=50)
"""What compiling and simulating one candidate may use: each."""

_VERDICT = re.compile(r"^Mismatches: *(\d+) in *(\d+) samples", re.MULTILINE)
_HINT = re.compile(r"^Hint: (Output '[^']*' has \d+ mismatches\b.*)$", re.MULTILINE)
_TOOL_LINE = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<text>.+)$")
_PROGRAM = "judge.vvp"


def reference_candidate(problem: VerilogEvalProblem) -> str:
    """The reference as a candidate: what a perfect writer would hand in."""
    return re.sub(rf"\b{REFERENCE}\b", CANDIDATE, problem.reference)


def check_problem(problem: VerilogEvalProblem, folder: Path, *, limits: process.Limits = JUDGE_LIMITS) -> list[Finding]:
    """Whether the problem works with the tools here: its reference, judged against itself, has no mismatch.

    The reference is the suite's own text: the sandbox does not read it.

    Raises:
        ToolMissingError: no Icarus.
        StorageError: the folder cannot be written.
    """
    folder = _make(folder)
    candidate = folder / "reference_candidate.sv"
    _write(candidate, reference_candidate(problem))
    return _run(problem, [candidate], folder, limits)


def judge(
    problem: VerilogEvalProblem, files: Sequence[Path], folder: Path, *, limits: process.Limits = JUDGE_LIMITS
) -> list[Finding]:
    """Whether a candidate does what the reference does.

    Args:
        problem: The problem.
        files: The candidate's sources, `.v` or `.sv`; one of them defines `TopModule`.
        folder: Private folder for program and logs; created if missing.
        limits: What each tool may use.

    Returns:
        Findings of the gates `sandbox`, `compile` and `simulate`; without an error the candidate passes.

    Raises:
        ToolMissingError: no Icarus.
        StorageError: the folder cannot be written, or a file not read.
    """
    folder = _make(folder)
    try:
        texts = [(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in files]
    except OSError as error:
        raise StorageError(f"cannot read {error.filename}: {error.strerror}") from error
    findings = check_sources(texts, SYSTEM_VERILOG)
    for name, text in texts:
        findings += _foul_play(problem, name, text)
    if has_errors(findings):
        return findings
    if not any(module == CANDIDATE for _, text in texts for module, _ in modules_in(text)):
        hint = f"write `{problem.header.splitlines()[0]}` with the ports that were given"
        return [*findings, _error("compile", "top-module", f"no module {CANDIDATE} is defined", hint=hint)]
    return [*findings, *_run(problem, [path.resolve() for path in files], folder, limits)]


def _foul_play(problem: VerilogEvalProblem, name: str, text: str) -> Iterator[Finding]:
    """Names that would let a candidate use the reference or reach into the bench."""
    sources = (problem.test, problem.reference)
    theirs = {module for source in sources for module, _ in modules_in(source)}
    inside = {token.text for source in sources for token in tokenize(source) if token.kind == "identifier"}
    tokens = list(tokenize(text))
    for index, token in enumerate(tokens):
        if token.kind == "identifier" and token.text in theirs:
            yield _error(
                "sandbox", "reserved-name", f"the name {token.text} belongs to the judge", name, token.line,
                "write the function out, under names of its own",
            )  # fmt: skip
        elif token.text == "." and _path_base(tokens, index) in inside:
            path = f"{_path_base(tokens, index)}.{tokens[index + 1].text}"
            yield _error(
                "sandbox", "hierarchical-name", f"{path} may reach into the bench", name, token.line,
                "use ports; give a structure a name of its own",
            )  # fmt: skip


def _path_base(tokens: Sequence[Token], dot: int) -> str | None:
    """The name `a` of `a.b` or `a[0].b` at this dot; None where it connects a port or is not the first of its path."""
    if dot + 1 >= len(tokens) or tokens[dot + 1].kind != "identifier":
        return None
    index = dot - 1
    while index > 0 and tokens[index].text == "]":
        depth = 0
        while index > 0:
            depth += {"]": 1, "[": -1}.get(tokens[index].text, 0)
            index -= 1
            if depth == 0:
                break
    if index < 0 or tokens[index].kind != "identifier" or (index and tokens[index - 1].text == "."):
        return None
    return tokens[index].text


def _make(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror}") from error
    return folder.resolve()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error


def _run(problem: VerilogEvalProblem, candidate: Sequence[Path], folder: Path, limits: process.Limits) -> list[Finding]:
    """Compile and simulate in `folder`."""
    icarus, vvp = ICARUS.require(), VVP.require()
    test, reference = folder / f"{problem.id}_test.sv", folder / f"{problem.id}_ref.sv"
    _write(test, problem.test)
    _write(reference, problem.reference)
    (folder / _PROGRAM).unlink(missing_ok=True)
    # Bench and reference first: what a candidate's directives set cannot change how those are read.
    sources = [test.name, reference.name, *map(str, candidate)]
    command = [icarus.path, "-g2012", "-Wno-timescale", "-s", problem.bench_top, "-o", _PROGRAM, *sources]
    try:
        done = process.run(command, cwd=folder, limits=limits, log=folder)
    except ToolLimitError as error:
        return [_error("compile", "limit", f"iverilog did not get through: {error.message}")]
    except ToolFailedError as error:
        return [_error("compile", "crash", f"iverilog crashed: {error.message}")]
    # Icarus counts errors in its status, modulo 256: only a program is proof of success.
    if done.returncode != 0 or not (folder / _PROGRAM).is_file():
        return _compile_findings(done, test.name, reference.name)
    try:
        # `-n`: $stop ends the run. `-none`: no waveform is written, whatever the bench says.
        done = process.run([vvp.path, "-n", _PROGRAM, "-none"], cwd=folder, limits=limits, log=folder)
    except ToolLimitError as error:
        hint = "look for a loop that never ends, or signals that drive each other for ever"
        return [_error("simulate", "limit", error.message, hint=hint)]
    except ToolFailedError as error:
        return [_error("simulate", "crash", f"the simulator crashed: {error.message}")]
    return _verdict(done)


def _compile_findings(done: process.Completed, test: str, reference: str) -> list[Finding]:
    findings: list[Finding] = []
    for line in (done.stderr + done.stdout).splitlines():
        match = _TOOL_LINE.match(line.strip())
        if match is None or "warning" in match["text"]:
            continue
        name, text = Path(match["file"]).name, match["text"].removeprefix("error: ").strip()
        if text.startswith(": ") and findings:
            last = findings[-1]
            findings[-1] = last.model_copy(update={"message": f"{last.message} {text[2:].strip()}"})
        elif name == reference:
            hint = "the problem itself does not work with this simulator: no candidate can pass it"
            findings.append(_error("compile", "suite", f"the reference does not compile: {text}", hint=hint))
        elif name == test:
            hint = f"give {CANDIDATE} exactly the ports that were given"
            findings.append(_error("compile", "port", f"the candidate does not fit the bench: {text}", hint=hint))
        else:
            rule = "syntax" if "syntax error" in text else "icarus"
            findings.append(_error("compile", rule, text, name, int(match["line"])))
    if not findings:
        findings.append(_error("compile", "icarus", f"iverilog ended with status {done.returncode}: {done.tail(4)}"))
    return findings


def _verdict(done: process.Completed) -> list[Finding]:
    """What the bench printed: the last verdict counts; only the bench can print."""
    verdicts = _VERDICT.findall(done.stdout)
    if re.search(r"^TIMEOUT\b", done.stdout, re.MULTILINE):
        hint = "look for an output that never changes when the bench waits for it"
        return [_error("simulate", "timeout", "the bench gave up waiting: it printed TIMEOUT", hint=hint)]
    if not verdicts:
        said = done.tail(3) or "nothing"
        return [_error("simulate", "no-verdict", f"the bench ended without `Mismatches: E in N samples`: {said}")]
    wrong, samples = map(int, verdicts[-1])
    if samples == 0:
        return [_error("simulate", "no-samples", "the bench compared nothing: Mismatches: 0 in 0 samples")]
    if wrong == 0 and done.returncode != 0:
        return [_error("simulate", "crash", f"vvp ended with status {done.returncode}: {done.tail(3)}")]
    if wrong == 0:
        return []
    findings = [_error("simulate", "mismatch", line) for line in _HINT.findall(done.stdout)]
    total = f"Mismatches: {wrong} in {samples} samples"
    return [*findings, _error("simulate", "mismatch", total)]


def _error(
    gate: str, rule: str, message: str, file: str | None = None, line: int | None = None, hint: str | None = None
) -> Finding:
    return Finding(severity="error", gate=gate, rule=rule, message=message, file=file, line=line, hint=hint)
