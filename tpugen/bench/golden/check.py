"""`golden_check`: RTL against the second opinion, in Icarus, within the limits of every tool."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from tpugen.bench.golden.accelerators import TENSOR_JOBS, Job, tensor_job, tile_job
from tpugen.bench.golden.designs import product, sum_of
from tpugen.bench.golden.layer_bench import layer_bench
from tpugen.bench.golden.layer_job import layer_job, too_large
from tpugen.bench.golden.stimulus import Operands
from tpugen.bench.golden.streams import streams
from tpugen.bench.golden.verilog import BenchText, clocked_bench, combinational_bench
from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.flows.process import Completed, Limits, run
from tpugen.flows.verilog_bench import BENCH_PROGRAM, icarus_commands
from tpugen.spec import (
    AdderSpec,
    ArithmeticSpec,
    DesignSpec,
    MultiplierSpec,
    PimLlmSpec,
    PimTileSpec,
    TpuSpec,
    contract_for,
)
from tpugen.storage import make_folder, write_text_atomic

__all__ = ["GATE", "golden_check"]

GATE = "golden"

_LIMITS = Limits(wall_s=240.0, cpu_s=240.0, memory_mb=4096, file_mb=64)
_NO_OPINION = Finding(
    severity="info",
    gate=GATE,
    rule="no-second-opinion",
    message="",
    hint="its gates compare it with tpugen's own models",
)
_KINDS = {
    "mismatch": "result {index} is {got}, expected {expected}",
    "extra": "result {index} ({got}) is one too many",
    "dropped": "result {index} was offered and withdrawn before it was taken",
    "unknown": "the result's valid is neither 0 nor 1 before result {index}",
    "hang": "nothing moves any more after {index} results (turn {got})",
    "framing": "result {index} has tlast {got}, expected {expected}",
    "refused": "{index} is refused with response {got}",
    "register": "{index} reads as {got}, expected {expected}",
    "stall": "nothing moves any more after {got} results, while the host does: {index}",
}


def golden_check(spec: DesignSpec, files: Sequence[Path], folder: Path, *, seed: int = 1) -> list[Finding]:
    """Compare RTL with the golden formulas.

    The files must have passed the sandbox: this compiles and runs them.

    Args:
        spec: What the RTL is to be.
        files: Verilog files.
        folder: Folder for bench, vectors and logs; created if missing.
        seed: Seed of operands and pauses.

    Returns:
        Findings of gate `golden`; no error if every result is right. Tiles with read noise, which this package does
        not compute by itself, and decoder layers too large to be simulated here give a finding that says so.

    Raises:
        ToolError: Icarus is missing or too old.
        StorageError: the folder cannot be written.
    """
    findings: list[Finding] = []
    if reason := _silence(spec):
        return [_NO_OPINION.model_copy(update={"message": reason})]
    benches = _benches(spec, seed)
    for number, bench in enumerate(benches):
        place = folder if len(benches) == 1 else folder / str(number)
        make_folder(place)
        source = write_text_atomic(place / "bench.v", bench.text)
        for name, text in bench.data.items():
            write_text_atomic(place / name, text)
        try:
            findings += _run(bench, [source, *files], place)
        except ToolLimitError as error:
            findings.append(_finding("limit", error.message))
        except ToolFailedError as error:
            findings.append(_finding("simulator-failed", error.message))
    return findings


def _benches(spec: DesignSpec, seed: int) -> list[BenchText]:
    """The benches of a design that this package computes by itself."""
    word = f"golden_{secrets.token_hex(8)}"
    if isinstance(spec, PimLlmSpec):
        return [layer_bench(contract_for(spec), layer_job(spec, seed), seed, word)]
    if isinstance(spec, TpuSpec):
        return [_job_bench(spec, tensor_job(spec, seed, number), seed, word) for number in range(TENSOR_JOBS)]
    if isinstance(spec, PimTileSpec):
        return [_job_bench(spec, tile_job(spec, seed), seed, word)]
    return [_bench(spec, seed, word)]


def _silence(spec: DesignSpec) -> str | None:
    """Why there is no second opinion; None if there is one."""
    if isinstance(spec, PimTileSpec) and spec.noise.sigma:
        return "no formula of its own for read noise of kind pim_tile"
    if isinstance(spec, PimLlmSpec) and (what := too_large(spec)):
        return f"a decoder layer is too large to be simulated here: {what}"
    return None


def _job_bench(spec: TpuSpec | PimTileSpec, job: Job, seed: int, word: str) -> BenchText:
    return clocked_bench(contract_for(spec), job.beats, seed, word, job.patience, result=job.result, after=job.after)


def _bench(spec: ArithmeticSpec, seed: int, word: str) -> BenchText:
    contract = contract_for(spec)
    if isinstance(spec, AdderSpec):
        widths = (spec.width_bits, spec.width_bits, spec.width_bits + 1)
        pairs = Operands(seed, spec.signed).pairs(*widths[:2])
        rows = [(a, b, sum_of(spec, a, b)) for a, b in pairs]
    elif isinstance(spec, MultiplierSpec):
        a_bits, w_bits = spec.activation_width_bits, spec.weight_width_bits
        widths = (a_bits, w_bits, a_bits + w_bits)
        rows = [(a, b, product(spec, a, b)) for a, b in Operands(seed, spec.signed).pairs(a_bits, w_bits)]
    else:
        latency = contract.latency
        return clocked_bench(contract, streams(spec, seed), seed, word, 16 * (latency.rows + latency.cols))
    masks = [(1 << width) - 1 for width in widths]
    return combinational_bench(
        contract, [(a & masks[0], b & masks[1], result & masks[2]) for a, b, result in rows], word
    )


def _run(bench: BenchText, files: Sequence[Path], folder: Path) -> list[Finding]:
    build, simulate = icarus_commands(bench.module, [str(path.absolute()) for path in files])
    compiled = run(build, cwd=folder, limits=_LIMITS, log=folder)
    if compiled.returncode != 0:
        return [_finding("compile", f"Icarus refuses design and bench: {compiled.tail(4)}")]
    done = run(simulate, cwd=folder, limits=_LIMITS, log=folder)
    (folder / BENCH_PROGRAM).unlink(missing_ok=True)
    return _read(done, bench)


def _read(done: Completed, bench: BenchText) -> list[Finding]:
    """Findings in what the bench said; silence is a finding too."""
    findings = []
    verdict: tuple[int, int] | None = None
    for line in done.stdout.splitlines():
        match = re.fullmatch(rf"{bench.module} (\w+) (\d+) ?(\S*) ?(\S*)", line)
        if match is None:
            continue
        kind, index, got, expected = match.groups()
        if kind == "done":
            verdict = int(index), int(got)
        elif kind in _KINDS:
            place = bench.place(kind, int(index))
            findings.append(_finding(kind, _KINDS[kind].format(index=place, got=got, expected=expected), bench.hint))
    if verdict is None:
        return [
            *findings,
            _finding("no-verdict", f"the bench was ended before its verdict: {done.tail(3) or 'silence'}"),
        ]
    if verdict[1] and not findings:
        findings.append(_finding("mismatch", f"{verdict[1]} results are wrong"))
    return findings


def _finding(rule: str, message: str, hint: str | None = None) -> Finding:
    return Finding(severity="error", gate=GATE, rule=rule, message=message, hint=hint)
