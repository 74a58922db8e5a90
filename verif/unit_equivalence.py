"""Whether the library's arithmetic units and their models agree: many units, all operand pairs or a million.

The RTL is simulated as it stands in the library, without a clock and without cocotb; the bit-accurate models of
`tpugen.arithmetic` say what must come out. A warning of the tools refuses a unit as a wrong result does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tpugen.arithmetic.integers import IntArray, wrap
from tpugen.errors import ToolFailedError, UnknownNameError
from tpugen.findings import Finding, has_errors
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.verif.unit_configurations import UnitConfiguration
from tpugen.verif.unit_harness import Column
from tpugen.verif.unit_simulators import LinterName, SimulatorName, UnitSimulator, lint_units, simulator_called
from tpugen.verif.unit_vectors import VectorPlan, Vectors, blocks, vectors_for

__all__ = ["Mismatch", "UnitCheck", "check_units", "rtl_of"]

_SHOWN = 5


class Mismatch(BaseModel):
    """One operand pair on which RTL and model differ.

    Attributes:
        a: First operand, as a number.
        b: Second operand.
        expected: What the model says.
        got: What the RTL gave; None where bits are unknown.
        bits: What the RTL gave, bit by bit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    a: int
    b: int
    expected: int
    got: int | None
    bits: str

    def one_line(self, unit: UnitConfiguration) -> str:
        """In words, e.g. `5 x -3: expected -15, got 15 (0b00001111)`."""
        sign = "+" if unit.role == "adder" else "x"
        got = "unknown bits" if self.got is None else str(self.got)
        return f"{self.a} {sign} {self.b}: expected {self.expected}, got {got} (0b{self.bits})"


class UnitCheck(BaseModel):
    """What became of one unit.

    Attributes:
        unit: The unit.
        verdict: `pass` where every result was right and no tool complained.
        vectors: Operand pairs that were compared.
        exhaustive: Whether these are all pairs.
        mismatch_count: Pairs on which RTL and model differ.
        mismatches: The first of them.
        findings: What tools or the comparison have to say.
        simulator: Tool and version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: UnitConfiguration
    verdict: Literal["pass", "fail"]
    vectors: int = 0
    exhaustive: bool = False
    mismatch_count: int = 0
    mismatches: list[Mismatch] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    simulator: str


@dataclass
class _Record:
    """A check in the making."""

    unit: UnitConfiguration
    vectors: int = 0
    exhaustive: bool = False
    mismatch_count: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def finished(self, simulator: str) -> UnitCheck:
        findings = list(self.findings)
        if self.mismatch_count:
            first = "; ".join(mismatch.one_line(self.unit) for mismatch in self.mismatches[:3])
            findings.append(
                _finding(
                    self.unit,
                    "mismatch",
                    f"{self.mismatch_count:,} of {self.vectors:,} results differ from the model: {first}",
                )
            )
        elif not findings and self.vectors == 0:
            findings.append(_finding(self.unit, "no-vectors", "nothing was compared"))
        return UnitCheck(
            unit=self.unit, verdict="fail" if findings else "pass", vectors=self.vectors, exhaustive=self.exhaustive,
            mismatch_count=self.mismatch_count, mismatches=self.mismatches, findings=findings, simulator=simulator,
        )  # fmt: skip


def _finding(unit: UnitConfiguration, rule: str, message: str) -> Finding:
    return Finding(
        severity="error", gate="units", rule=rule, message=f"{unit.name}: {message}", file=f"{unit.module}.v"
    )


def rtl_of(unit: UnitConfiguration) -> dict[str, str]:
    """The library modules that make up a unit: name and text.

    Raises:
        UnknownNameError: the library lacks the unit, or something that it instantiates.
    """
    library = load_library()
    return {name: library[name].source for name in dependency_closure([unit.module])}


def check_units(
    configurations: Sequence[UnitConfiguration],
    folder: Path,
    *,
    plan: VectorPlan | None = None,
    simulator: SimulatorName = "verilator",
    linters: Sequence[LinterName] = (),
    sources: Mapping[str, str] | None = None,
) -> list[UnitCheck]:
    """Check units in one simulation, side by side.

    Args:
        configurations: The units; those of equal widths share their vectors.
        folder: An empty folder for sources, program, vectors and logs.
        plan: How many vectors.
        simulator: `verilator`, or `icarus` where there is no C++ compiler.
        linters: Tools that must have nothing to say, beside the simulator's own warnings.
        sources: Module texts by name that take the place of the library's (planted faults).

    Returns:
        One check each, in the order of `configurations`.

    Raises:
        ToolError: the tools are missing or broke, as opposed to the units.
    """
    plan = plan or VectorPlan()
    tool = simulator_called(simulator, plan.seed)
    records = [_Record(unit) for unit in configurations]
    sound = [record for record in records if _complete(record)]
    built = _build(tool, sound, folder, sources or {}, tuple(dict.fromkeys([simulator, *linters])))
    if built:
        _simulate(tool, built, plan)
    return [record.finished(tool.name) for record in records]


def _complete(record: _Record) -> bool:
    """Whether there are RTL and model, and the parameters are legal; else findings say what is missing."""
    unit = record.unit
    record.findings += [_finding(unit, "illegal", problem) for problem in unit.problems()]
    try:
        dependency_closure([unit.module])
    except UnknownNameError as error:
        record.findings.append(_finding(unit, "no-rtl", error.message))
    zero = np.zeros(1, dtype=np.int64)
    try:
        unit.results(zero, zero)
    except AttributeError:
        record.findings.append(_finding(unit, "no-model", f"there is no model of {unit.role} family {unit.family!r}"))
    except Exception as error:  # a model that breaks fails its unit, not the others
        record.findings.append(_finding(unit, "model", f"the model raised {type(error).__name__}: {error}"))
    return not record.findings


def _build(
    tool: UnitSimulator,
    records: list[_Record],
    folder: Path,
    sources: Mapping[str, str],
    linters: tuple[LinterName, ...],
) -> list[_Record]:
    """Build the batch; units that the tools refuse are told from the others and left out.

    The first linter is the simulator, whose build says the same.
    """
    if not records:
        return []
    attempt = folder / "batch"
    attempt.mkdir(parents=True)
    units = [record.unit for record in records]
    files = _write_rtl(records, attempt, sources)
    findings = [*tool.build(units, files, attempt), *lint_units(linters[1:], units, files, attempt)]
    if not findings:
        return records
    for index, record in enumerate(records):
        alone = folder / f"alone{index}"
        alone.mkdir()
        record.findings += [
            finding.model_copy(update={"message": f"{record.unit.name}: {finding.message}"})
            for finding in lint_units(linters, [record.unit], _write_rtl([record], alone, sources), alone)
        ]
    suspects = [record for record in records if record.findings]
    if not suspects:
        raise ToolFailedError(
            f"the tools complain of {len(records)} units together and of none alone: {findings[0].one_line()}",
            hint=f"see {attempt / 'log.txt'}",
        )
    if not has_errors(findings):
        return records  # warnings refuse a unit; what it computes is still of interest
    accepted = [record for record in records if not has_errors(record.findings)]
    return _build(tool, accepted, folder / "accepted", sources, linters[:1])


def _write_rtl(records: Sequence[_Record], folder: Path, sources: Mapping[str, str]) -> list[Path]:
    texts: dict[str, str] = {}
    for record in records:
        texts.update(rtl_of(record.unit))
    rtl = folder / "rtl"
    rtl.mkdir()
    paths = []
    for name, text in texts.items():
        paths.append(rtl / f"{name}.v")
        paths[-1].write_text(sources.get(name, text), encoding="utf-8")
    return paths


def _simulate(tool: UnitSimulator, records: list[_Record], plan: VectorPlan) -> None:
    """Run every unit on the vectors of each width in the batch, and compare it on those of its own."""
    for widths in dict.fromkeys(record.unit.operand_widths_bits for record in records):
        vectors = vectors_for(*widths, plan)
        for a, b in blocks(vectors):
            columns = tool.run(a, b)
            for record, column in zip(records, columns, strict=True):
                if record.unit.operand_widths_bits == widths:
                    _compare(record, vectors, a, b, column)


def _compare(record: _Record, vectors: Vectors, a: IntArray, b: IntArray, column: Column) -> None:
    unit, width = record.unit, record.unit.result_width_bits
    expected = _expected(unit, vectors, a, b)
    # Numbers are compared, not bits: a model's result that its port cannot carry is a fault, too.
    got = wrap(column.values, width, unit.signed)
    wrong = np.asarray(expected != got, dtype=bool)
    wrong[list(column.unknown)] = True
    for index in np.flatnonzero(wrong)[: _SHOWN - len(record.mismatches)].tolist():
        bits = column.unknown.get(index)
        first, second = (wrap(x[index], n, unit.signed) for x, n in zip((a, b), unit.operand_widths_bits, strict=True))
        record.mismatches.append(
            Mismatch(
                a=int(first), b=int(second), expected=int(expected[index]), got=None if bits else int(got[index]),
                bits=bits or format(int(column.values[index]), f"0{width}b"),
            )
        )  # fmt: skip
    record.vectors += int(a.size)
    record.exhaustive = vectors.exhaustive
    record.mismatch_count += int(np.count_nonzero(wrong))


def _expected(unit: UnitConfiguration, vectors: Vectors, a: IntArray, b: IntArray) -> IntArray:
    """The model's results; all pairs as rows and columns, which is what models are fast on."""
    if not vectors.exhaustive:
        return unit.results(a, b)
    first, second = (np.arange(1 << width) for width in unit.operand_widths_bits)
    results: IntArray = np.broadcast_to(unit.results(first[:, None], second[None, :]), (first.size, second.size))
    return results.reshape(-1)
