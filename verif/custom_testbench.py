"""Runs a test bench of the user's own on a design: a cocotb module, or Verilog that checks itself.

A cocotb module runs as it is, the design itself as top level. A Verilog bench is compiled with the design; it passes
when it ends by itself, prints a mark of success (a line with `PASS`, `PASSED`, `0 errors` or `Mismatches: 0`) and no
line with `FAIL`, `ERROR`, `FATAL`, `MISMATCH` or `TIMEOUT`. A bench that finds nothing wrong with a module whose
outputs never move checks nothing, and is refused before any model is asked.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tpugen.errors import RequestError, ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import process
from tpugen.flows.tools import ICARUS, VVP
from tpugen.results import SimulationResult, TestRecord
from tpugen.spec import Contract, CustomSpec, contract_of
from tpugen.verif.simulation import cocotb_environment, junit_records

__all__ = ["check_testbench", "judge_output", "run_testbench"]

_TRIAL_LIMITS = process.Limits(wall_s=30, cpu_s=30, memory_mb=4_000, file_mb=200)
_PROGRAM, _WAVES, _ACTIVITY, _DUMP, _JUNIT = "sim.vvp", "waves.fst", "activity.json", "tpugen_dump.v", "junit.xml"
_PYTHON_MODULE = "tpugen_user_bench"
_SHOWN_LINES = 5

_ZERO = re.compile(
    r"\b(?:0|no|zero)\s+(?:errors?|mismatch(?:es)?|failures?|failed|fails?)\b"
    r"|\b(?:errors?|mismatch(?:es)?|failures?|failed|fails?)\s*[:=]\s*0\b(?!\.\d)",
    re.IGNORECASE,
)
_PASS = re.compile(r"\bpass(?:ed)?\b", re.IGNORECASE)
_FAIL = re.compile(r"\b(?:fail(?:ed|ure|ures|s)?|errors?|fatal|mismatch(?:es|ed)?|timeout|timed out)\b", re.IGNORECASE)
_NOTHING_CHECKED = re.compile(r"\b(?:in|of)\s+0\s+(?:samples|checks|tests|vectors)\b", re.IGNORECASE)
_SAMPLES = re.compile(r"\b(?:in|of)\s+([0-9]+)\s+(?:samples|checks|tests|vectors)\b", re.IGNORECASE)


@dataclass
class _Outcome:
    """What one run of a bench came to."""

    tests: list[TestRecord] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    output: str = ""
    checked: int = 0

    @property
    def passed(self) -> bool:
        return not self.findings and bool(self.tests) and all(test.passed for test in self.tests)


def run_testbench(
    spec: CustomSpec,
    files: Sequence[Path],
    folder: Path,
    *,
    seed: int,
    waves: bool = True,
    limits: process.Limits,
) -> SimulationResult:
    """Run the user's test bench on a design; see `custom_bench.simulate_custom`."""
    outcome = _compile_and_run(spec, files, folder, seed=seed, waves=waves, limits=limits)
    dumped = waves and (folder / _WAVES).is_file() and not _dumps_itself(spec)
    activity = _measure_activity(spec, files, folder) if dumped and outcome.passed else None
    return SimulationResult(
        verdict="pass" if outcome.passed else "fail",
        simulator=f"icarus {ICARUS.require().version}",
        seed=seed,
        tests=outcome.tests,
        findings=outcome.findings,
        results_checked=outcome.checked,
        waveform=_WAVES if dumped else None,
        activity=activity,
    )


def check_testbench(spec: CustomSpec) -> str:
    """Try a test bench on modules whose outputs never move: it must compile, run, and find fault with them.

    Returns:
        What was tried, in words.

    Raises:
        RequestError: it does not compile, runs no test, or finds nothing wrong.
        ToolError: a tool is missing or broke.
    """
    contract = contract_of(spec)
    folder = Path(tempfile.mkdtemp(prefix="tpugen-"))
    try:
        for level in (0, 1):
            stub = folder / f"stub_{level}.v"
            stub.write_text(_stub(contract, level), encoding="utf-8")
            place = folder / f"run_{level}"
            place.mkdir()
            outcome = _compile_and_run(spec, [stub], place, seed=1, waves=False, limits=_TRIAL_LIMITS)
            _refuse_broken(spec, outcome)
            if not outcome.passed:
                return f"finds fault with a {contract.module} whose outputs stay {level}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    raise RequestError(
        f"{spec.reference_name} checks nothing: it finds no fault with a {contract.module} whose outputs never move",
        hint="compare with === or !== (with == and != an unknown value is never wrong), and count what was compared",
    )


def _refuse_broken(spec: CustomSpec, outcome: _Outcome) -> None:
    """A bench that cannot even run is the user's mistake."""
    broken = next((f for f in outcome.findings if f.rule in ("compile", "bench-broken", "no-tests")), None)
    if broken is not None:
        raise RequestError(f"{spec.reference_name} does not run: {broken.message}", hint=broken.hint)


def _stub(contract: Contract, level: int) -> str:
    ports = ",\n".join(f"  {port.declaration()}" for port in contract.ports)
    outputs = [port for port in contract.ports if port.direction == "output"]
    body = "\n".join(f"  assign {port.name} = {{{port.width_bits}{{1'b{level}}}}};" for port in outputs)
    return f"module {contract.module} (\n{ports}\n);\n{body}\nendmodule\n"


# -- running ------------------------------------------------------------------------------------------------------


def _compile_and_run(
    spec: CustomSpec, files: Sequence[Path], folder: Path, *, seed: int, waves: bool, limits: process.Limits
) -> _Outcome:
    for name in (_PROGRAM, _WAVES, _ACTIVITY, _JUNIT, "command.txt", "log.txt"):
        (folder / name).unlink(missing_ok=True)
    cocotb = spec.reference_kind == "cocotb"
    bench = folder / (f"{_PYTHON_MODULE}.py" if cocotb else f"{_PYTHON_MODULE}.sv")
    bench.write_text(spec.reference, encoding="utf-8")
    top = spec.module if cocotb else spec.source.tests[0]
    (folder / _DUMP).write_text(_dump_module(top if waves and not _dumps_itself(spec) else None), encoding="utf-8")
    sources = [_DUMP, *(str(path.resolve()) for path in files), *([] if cocotb else [bench.name])]
    command = [ICARUS.require().path, "-g2012", "-o", _PROGRAM, "-s", top, "-s", "tpugen_dump", *sources]
    try:
        done = process.run(command, cwd=folder, limits=limits, log=folder)
    except ToolFailedError as error:
        return _Outcome(findings=[_finding("compile-limit", f"iverilog did not get through: {error.message}")])
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().replace(bench.name, spec.reference_name)
        hint = "The test bench and the contract's module must fit: names and widths of the ports."
        return _Outcome(findings=[_finding("compile", "; ".join(said.splitlines()[:3]), hint)])
    return _run_cocotb(spec, folder, seed, limits) if cocotb else _run_verilog(spec, folder, limits)


def _dump_module(top: str | None) -> str:
    """Sets the time scale of files that have none, and dumps everything below the top level."""
    body = f'  initial begin\n    $dumpfile("{_WAVES}");\n    $dumpvars(0, {top});\n  end\n' if top else ""
    return f"`timescale 1ns/1ps\nmodule tpugen_dump;\n{body}endmodule\n"


def _dumps_itself(spec: CustomSpec) -> bool:
    return spec.reference_kind == "verilog" and "$dumpfile" in spec.reference


def _run_cocotb(spec: CustomSpec, folder: Path, seed: int, limits: process.Limits) -> _Outcome:
    from tpugen.verif.simulation import run_command

    environment = cocotb_environment(_PYTHON_MODULE, spec.module, folder, seed)
    environment["PYTHONPATH"] = f"{environment['PYTHONPATH']}:{folder}"
    ending: Finding | None = None
    output = ""
    try:
        done = process.run(run_command(VVP.require().path), cwd=folder, limits=limits, log=folder, env=environment)
        output = (done.stdout + done.stderr).strip()
    except ToolLimitError as error:
        ending = _finding("endless", f"the test bench did not come to an end: {error.message}", _ENDLESS_HINT)
    except ToolFailedError as error:
        ending = _finding("crash", f"the simulator crashed: {error.message}")
    records = junit_records(folder)
    tests = [TestRecord(name=name, passed=m is None, seconds=0.0, message=m) for name, m in records.items()]
    findings = [_finding("test-failed", f"test {t.name}: {_tidy(t.message, spec)}") for t in tests if not t.passed]
    if ending is not None:
        findings.append(ending)
    elif not tests:
        said = "; ".join(_traceback_end(output)) or "no test ran"
        findings.append(_finding("no-tests", said.replace(_PYTHON_MODULE + ".py", spec.reference_name)))
    return _Outcome(tests, findings, output, checked=sum(test.passed for test in tests))


_ENDLESS_HINT = "Look for a handshake that never answers, or a loop without a delay."


def _run_verilog(spec: CustomSpec, folder: Path, limits: process.Limits) -> _Outcome:
    name = spec.source.tests[0]
    try:
        done = process.run([VVP.require().path, "-n", _PROGRAM, "-fst"], cwd=folder, limits=limits, log=folder)
    except ToolLimitError as error:
        finding = _finding("endless", f"the test bench did not come to an end: {error.message}", _ENDLESS_HINT)
        return _Outcome([TestRecord(name=name, passed=False, seconds=0.0, message=finding.message)], [finding])
    except ToolFailedError as error:
        finding = _finding("crash", f"the simulator crashed: {error.message}")
        return _Outcome([TestRecord(name=name, passed=False, seconds=0.0, message=finding.message)], [finding])
    output = done.stdout + done.stderr
    findings, checked = judge_output(output, done.returncode)
    message = findings[0].message if findings else None
    test = TestRecord(name=name, passed=not findings, seconds=round(done.seconds, 3), message=message)
    return _Outcome([test], findings, output, checked)


def judge_output(output: str, returncode: int) -> tuple[list[Finding], int]:
    """What a self-checking Verilog bench said: findings (none: it passed), and how much it says it compared.

    Args:
        output: Everything that it printed.
        returncode: Exit status of the simulator.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    bad = [line for line in lines if _FAIL.search(_ZERO.sub(" ", line))]
    checked = max((int(match[1]) for line in lines for match in _SAMPLES.finditer(line)), default=0)
    if bad:
        shown = "; ".join(line[:200] for line in bad[:_SHOWN_LINES])
        more = f" (and {len(bad) - _SHOWN_LINES} more lines)" if len(bad) > _SHOWN_LINES else ""
        return [_finding("test-failed", f"the test bench says: {shown}{more}")], checked
    if returncode != 0:
        last = lines[-1] if lines else "nothing"
        return [_finding("test-failed", f"the test bench ended with code {returncode}; it said last: {last}")], checked
    if any(_NOTHING_CHECKED.search(line) for line in lines):
        return [_finding("nothing-checked", "the test bench says that it compared nothing")], 0
    if not any(_PASS.search(line) or _ZERO.search(line) for line in lines):
        last = "; ".join(lines[-2:]) or "nothing at all"
        hint = "A bench that passes prints a line with PASS, `0 errors` or `Mismatches: 0`."
        return [
            _finding("no-verdict", f"the test bench never said that it passed; it said last: {last[:300]}", hint)
        ], 0
    return [], checked


def _finding(rule: str, message: str, hint: str | None = None) -> Finding:
    return Finding(severity="error", gate="simulate", rule=rule, message=message, hint=hint)


def _tidy(message: str | None, spec: CustomSpec) -> str:
    return " ".join((message or "failed").replace(f"{_PYTHON_MODULE}.py", spec.reference_name).split())[:600]


def _traceback_end(output: str) -> list[str]:
    """The line in the user's file, and the error, of a traceback."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    places = [line for line in lines if _PYTHON_MODULE in line and "line" in line]
    errors = [line for line in lines if re.match(r"[A-Za-z_.]*(?:Error|Exception)\b", line)]
    return [*(re.sub(r'File ".*/([^/"]+)"', r"\1", line) for line in places[-1:]), *errors[-1:]]


# -- activity -----------------------------------------------------------------------------------------------------


def _measure_activity(spec: CustomSpec, files: Sequence[Path], folder: Path) -> str | None:
    """Switching activity below the design, where it has a clock whose period the dump shows."""
    from tpugen.errors import StorageError
    from tpugen.verif.activity import activity_from_waveform, register_names

    scope, clock = _design_scope(spec), contract_of(spec).clock_name
    period = _period_ns(folder / _WAVES, f"{scope}.{clock}") if scope and clock else None
    if scope is None or period is None:
        return None
    registers = register_names(path.read_text(encoding="utf-8", errors="replace") for path in files)
    try:
        activity = activity_from_waveform(folder / _WAVES, scope, period_ns=period, registers=registers)
    except StorageError:  # a dump without the design: power then says that its activity is a default
        return None
    activity.save(folder / _ACTIVITY)
    return _ACTIVITY


def _design_scope(spec: CustomSpec) -> str | None:
    if spec.reference_kind == "cocotb":
        return spec.module
    code = re.sub(r"//[^\n]*|/\*.*?\*/", " ", spec.reference, flags=re.DOTALL)
    match = re.search(rf"\b{spec.module}\s+([A-Za-z_]\w*)\s*\(", code)
    return f"{spec.source.tests[0]}.{match[1]}" if match else None


def _period_ns(waves: Path, clock: str) -> float | None:
    """Median time between rising edges of a signal."""
    import pywellen

    from tpugen.verif.activity import PICOSECONDS

    try:
        wave = pywellen.Waveform(str(waves), stream_only=True)
        chosen = [var for var in wave.all_vars() if var.full_name == clock]
        rising: list[int] = []
        wave.stream_changes(lambda time, _id, value: rising.append(time) if str(value) == "1" else None, chosen)
    except Exception:  # pywellen raises plain RuntimeError or its own panics
        return None
    gaps = sorted(later - earlier for earlier, later in pairwise(rising))
    if not gaps:
        return None
    scale = float(wave.timescale.factor) * PICOSECONDS[str(wave.timescale.unit).lower()]
    return gaps[len(gaps) // 2] * scale / 1e3
