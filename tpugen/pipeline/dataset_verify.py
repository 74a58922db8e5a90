"""Verifies records of the dataset one by one: every gate on every design of a stratified sample."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tpugen.dataset import choose_sample, classes_of, dataset_specs, record_id, spec_digest
from tpugen.dataset.evidence import Verified, VerifiedSample, read_verified_sample, write_verified_sample
from tpugen.errors import DesignFailedError, RequestError, TpugenError
from tpugen.findings import Finding
from tpugen.pipeline.dataset_rtl import render_into, rtl_digest
from tpugen.pipeline.executor import Executor, run_many
from tpugen.pipeline.identity import package_version, require_tools
from tpugen.spec import AdderSpec, DesignSpec, MultiplierSpec, contract_for, spec_from_dict

__all__ = ["DEFAULT_SAMPLE", "VerifyProgress", "VerifySummary", "verify_dataset", "verify_design", "verify_more"]

DEFAULT_SAMPLE = 510
"""Designs that are verified one by one."""

_SEED = 1
_SAVE_EVERY = 10


@dataclass(frozen=True)
class VerifyProgress:
    """One design that ended; `kept` where the file held its evidence already."""

    done: int
    total: int
    design: Verified
    kept: bool


class VerifySummary(BaseModel):
    """What a verification came to.

    Attributes:
        file: Where the evidence is.
        designs: Designs of the sample.
        verified: Designs verified now.
        kept: Designs whose evidence the file held, for the same RTL.
        classes: Classes of the dataset.
        uncovered: Classes without a design that passed.
        failed: Designs that a gate refused: identifier and reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    designs: int
    verified: int
    kept: int
    classes: int
    uncovered: list[str]
    failed: list[str]


def verify_design(data: Mapping[str, object]) -> Verified:
    """Run all gates on one design: sandbox, contract, lint, simulation, and proof where SAT settles it.

    Args:
        data: The spec as plain data, so that it can travel to another process.

    Raises:
        ToolError: a tool is missing or broke, as opposed to the design.
    """
    spec = spec_from_dict(data)
    row = Verified(
        id=record_id(contract_for(spec).module, spec_digest(spec)),
        rtl=rtl_digest(spec),
        classes=classes_of(spec),
        gates=(),
    )
    with tempfile.TemporaryDirectory(prefix="tpugen-dataset-") as folder:
        return _gates(spec, row, Path(folder))


def _gates(spec: DesignSpec, row: Verified, folder: Path) -> Verified:
    from tpugen.flows.sandbox import check_sources
    from tpugen.verif.contract_gate import check_contract
    from tpugen.verif.lint import lint
    from tpugen.verif.proof import provable, prove
    from tpugen.verif.simulation import simulate

    contract = contract_for(spec)
    files = render_into(spec, folder / "rtl")
    gates: list[tuple[str, Callable[[], list[Finding]]]] = [
        ("sandbox", lambda: check_sources([(file.name, file.read_text(encoding="utf-8")) for file in files])),
        ("contract", lambda: check_contract(contract, files, folder / "contract")),
        ("lint", lambda: lint(files, contract.module, folder / "lint")),
    ]
    passed: list[str] = []
    for name, gate in gates:
        problems = [finding for finding in gate() if finding.severity != "info"]
        if problems:
            return row.model_copy(update={"gates": tuple(passed), "failure": problems[0].one_line()})
        passed.append(name)
    result = simulate(spec, files, folder / "simulate", seed=_SEED, waves=False)
    if result.verdict != "pass":
        reason = result.findings[0].one_line() if result.findings else "simulate: a test failed"
        return row.model_copy(update={"gates": tuple(passed), "failure": reason})
    passed.append("simulate")
    if isinstance(spec, AdderSpec | MultiplierSpec) and provable(spec):
        problems = prove(spec, files, folder / "prove")
        if problems:
            return row.model_copy(update={"gates": tuple(passed), "failure": problems[0].one_line()})
        passed.append("prove")
    return row.model_copy(
        update={
            "gates": tuple(passed),
            "tests": len(result.tests),
            "results": result.results_checked,
            "exhaustive": any(test.name == "exhaustive" for test in result.tests),
            "cycles": result.measured_cycles,
        }
    )


def verify_dataset(
    count: int = DEFAULT_SAMPLE,
    out: Path = Path("verified_sample.json"),
    *,
    specs: Iterable[DesignSpec] | None = None,
    command: str = "tpugen dataset verify",
    jobs: int | None = None,
    observer: Callable[[VerifyProgress], None] = lambda _progress: None,
    executor: Executor | None = None,
) -> VerifySummary:
    """Verify a stratified sample in which every class of the dataset has a design.

    What the file holds of the same RTL, made with the same tools, is kept: a verification that was interrupted goes on.

    Args:
        count: Designs of the sample, more where the classes need more.
        out: The file of evidence, written every few designs.
        specs: What to draw from; default: the dataset.
        command: The command that repeats this, as the file says it.
        jobs: Processes; default: usable CPUs.
        observer: Hears each design.
        executor: Where to run instead of the local pool.

    Raises:
        RequestError: a count below one.
        ToolError: a tool is missing or broke; what was finished is kept.
        StorageError: the file cannot be read or written.
    """
    if count < 1:
        raise RequestError(f"--sample {count}: at least 1 design", hint=f"{DEFAULT_SAMPLE} would work")
    every = list(dataset_specs() if specs is None else specs)
    sample = choose_sample(every, count)
    tools = _tools()
    known = _known(out, tools)
    rows: dict[str, Verified] = {}
    todo: list[DesignSpec] = []
    for spec in sample:
        row = known.get(record_id(contract_for(spec).module, spec_digest(spec)))
        if row is not None and row.failure is None and row.rtl == rtl_digest(spec):
            rows[row.id] = row
            observer(VerifyProgress(len(rows), len(sample), row, kept=True))
        else:
            todo.append(spec)
    kept = len(rows)

    def save() -> None:
        designs = tuple(rows.values())
        write_verified_sample(VerifiedSample(command=command, seed=_SEED, tools=tools, designs=designs), out)

    try:
        for work in run_many([spec.model_dump(mode="json") for spec in todo], verify_design, jobs, executor=executor):
            if work.value is None:
                raise work.error or TpugenError("a design gave no result")
            rows[work.value.id] = work.value
            if len(rows) % _SAVE_EVERY == 0:
                save()
            observer(VerifyProgress(len(rows), len(sample), work.value, kept=False))
    finally:
        if rows:
            save()
    return _summary(out, list(rows.values()), kept, every)


def verify_more(
    specs: Iterable[DesignSpec],
    count: int,
    known: Sequence[Verified],
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> list[Verified]:
    """Verify so many designs that are not in the sample, spread as the sample is.

    Args:
        specs: What to draw from.
        count: How many.
        known: What was verified before.
        jobs: Processes; default: usable CPUs.
        executor: Where to run instead of the local pool.

    Raises:
        DesignFailedError: a gate refuses a design.
        ToolError: a tool is missing or broke.
    """
    before = {row.id for row in known}
    others = [spec for spec in specs if record_id(contract_for(spec).module, spec_digest(spec)) not in before]
    sample = [spec.model_dump(mode="json") for spec in choose_sample(others, count)[:count]]
    rows = []
    for work in run_many(sample, verify_design, jobs, executor=executor):
        if work.value is None:
            raise work.error or TpugenError("a design gave no result")
        if work.value.failure is not None:
            raise DesignFailedError(f"{work.value.id}: {work.value.failure}")
        rows.append(work.value)
    return sorted(rows, key=lambda row: row.id)


def _summary(out: Path, rows: Sequence[Verified], kept: int, every: Iterable[DesignSpec]) -> VerifySummary:
    classes = dict.fromkeys(name for spec in every for name in classes_of(spec))
    covered = {name for row in rows if row.failure is None for name in row.classes}
    return VerifySummary(
        file=str(out),
        designs=len(rows),
        verified=len(rows) - kept,
        kept=kept,
        classes=len(classes),
        uncovered=[name for name in classes if name not in covered],
        failed=[f"{row.id}: {row.failure}" for row in rows if row.failure is not None],
    )


def _tools() -> dict[str, str]:
    from tpugen.flows.tools import ICARUS, VERILATOR, VVP, YOSYS

    found = {tool.name: tool.version for tool in require_tools(ICARUS, VVP, VERILATOR, YOSYS)}
    return found | {name: package_version(name) or "unknown" for name in ("cocotb", "numpy", "pyverilog")}


def _known(out: Path, tools: Mapping[str, str]) -> dict[str, Verified]:
    """Rows that the file holds, if the same tools made them."""
    if not out.is_file():
        return {}
    sample = read_verified_sample(out)
    if sample.tools != tools or sample.seed != _SEED:
        return {}
    return {row.id: row for row in sample.designs}
