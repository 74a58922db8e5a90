"""Measures arithmetic units one by one: simulation, synthesis, timing and power of the real flow, many at a time.

Area, power and energy are those of the smallest mapping at 100 MHz, its gates toggling as they do under the
simulation's seeded random operands. The delay is that of the fastest mapping: a second synthesis for a clock that
nothing meets, in which every recipe of the flow is tried.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.costs import CostTable, TechnologyRecord, UnitCost, read_cost_table, write_cost_table
from tpugen.dataset.unit_grid import GridUnit
from tpugen.errors import DesignFailedError, RequestError, TpugenError
from tpugen.pipeline.cache import StepCache
from tpugen.pipeline.executor import Executor, run_many
from tpugen.pipeline.gate_steps import SimulateStep
from tpugen.pipeline.identity import require_tools
from tpugen.pipeline.measure_steps import StaStep, SynthStep
from tpugen.pipeline.options import GenerateOptions
from tpugen.pipeline.rtl import compose_rtl
from tpugen.pipeline.step import Context, Flow, Step
from tpugen.results import SynthesisResult, TimingResult
from tpugen.storage import read_json, sha256_file, sha256_text

if TYPE_CHECKING:
    from tpugen.arithmetic.error_metrics import ErrorMetrics
    from tpugen.writers.files import RtlFile

__all__ = ["CLOCK_MHZ", "CostJob", "CostProgress", "CostSummary", "measure_cost", "measure_costs", "rtl_fingerprint"]

CLOCK_MHZ = 100.0
"""Clock of area, power and energy."""

_UNREACHABLE_CLOCK_MHZ = 10_000.0

_METHOD = (
    "Each unit alone, combinational. Area, cells, slack, power and energy: the first of the flow's recipes, smallest "
    "first, that meets the clock (where none does, the fastest). Power: what OpenSTA gives each gate for one toggle, "
    "times the toggles of that gate under the simulation's seeded uniform random operands; no glitches, wires without "
    f"load. Delay: longest path of the fastest of all recipes at {_UNREACHABLE_CLOCK_MHZ:g} MHz, and the area of that "
    "mapping."
)


@dataclass(frozen=True)
class CostJob:
    """One unit in one technology: what a worker measures."""

    unit: GridUnit
    technology: str

    def __str__(self) -> str:
        widths = "x".join(str(width) for width in self.unit.widths)
        return f"{self.technology} {self.unit.role} {widths} {self.unit.label}"


@dataclass(frozen=True)
class CostProgress:
    """One job that ended: `cost` where it was measured, else `error`; `kept` where the file held it already."""

    job: CostJob
    done: int
    total: int
    cost: UnitCost | None = None
    error: Exception | None = None
    kept: bool = False


class CostSummary(BaseModel):
    """What a measurement came to.

    Attributes:
        file: The table.
        measured: Rows measured now.
        kept: Rows that the file held and that are still valid.
        failed: What could not be measured: unit and reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    measured: int
    kept: int
    failed: list[str]


def rtl_fingerprint(files: Iterable[RtlFile]) -> str:
    """First 16 hex digits of the hash of RTL without its comments and layout: what decides a unit's cost."""
    texts = []
    for file in files:
        code = re.sub(r"//[^\n]*|/\*.*?\*/", " ", file.text, flags=re.DOTALL)
        texts.append(" ".join(code.split()))
    return sha256_text("\n".join(sorted(texts)))[:16]


def measure_cost(job: CostJob) -> UnitCost:
    """Simulate, synthesise and time one unit; steps done before with the same inputs come from the cache.

    Raises:
        DesignFailedError: the unit does not do what its model does.
        ToolError: a tool is missing or broke.
    """
    with tempfile.TemporaryDirectory(prefix="tpugen-") as place:
        relaxed = _Run(job, CLOCK_MHZ, Path(place) / "relaxed", [SimulateStep(), SynthStep(), StaStep()])
        fast = _Run(job, _UNREACHABLE_CLOCK_MHZ, Path(place) / "fast", [SynthStep(), StaStep()])
        power = relaxed.timing.power
        if power is None or power.activity_source != "simulation":
            raise DesignFailedError(f"{job}: power was not taken with the activity of the simulation")
        error = _error(job.unit)
        return UnitCost(
            role=job.unit.role,
            family=job.unit.family,
            structure=job.unit.structure,
            widths=job.unit.widths,
            signed=job.unit.signed,
            parameters=dict(job.unit.parameters),
            technology=job.technology,
            area_um2=round(relaxed.synthesis.area_um2, 3),
            cells=relaxed.synthesis.cells,
            slack_ns=round(relaxed.timing.worst_slack_ns, 4),
            power_uw=_rounded(power.total_mw * 1e3),
            leakage_uw=_rounded(power.leakage_mw * 1e3),
            energy_pj=_rounded(power.total_mw / CLOCK_MHZ * 1e3),
            delay_ns=round(fast.timing.critical_path_ns, 4),
            fast_area_um2=round(fast.synthesis.area_um2, 3),
            er=_rounded(error.er),
            nmed=_rounded(error.nmed),
            mred=_rounded(error.mred),
            rtl=_fingerprint(job.unit),
        )


def _error(unit: GridUnit) -> ErrorMetrics:
    from tpugen.arithmetic.error_metrics import adder_error, multiplier_error

    run = adder_error if unit.role == "adder" else multiplier_error
    return run(unit.family, *unit.widths, signed=unit.signed, parameters=dict(unit.parameters))


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


class _Run:
    """One pass of a few steps of the flow over a unit's RTL, in a folder of its own."""

    def __init__(self, job: CostJob, clock_mhz: float, folder: Path, steps: Sequence[Step]) -> None:
        spec = job.unit.spec(clock_mhz)
        composed = compose_rtl(spec, out=folder / "rtl")
        context = Context(
            root=folder,
            spec=spec,
            options=GenerateOptions(technology=job.technology),
            clock_asked=False,
            rtl_order=[file.name for file in composed.files],
        )
        for record in Flow(steps, cache=StepCache()).run(context):
            if record.verdict == "fail":
                reasons = "; ".join(finding.one_line() for finding in record.findings[:3])
                raise DesignFailedError(f"{job}: {record.step}: {record.summary}: {reasons}")
        self.synthesis = SynthesisResult.model_validate(read_json(folder / "synth" / "synthesis.json"))
        self.timing = TimingResult.model_validate(read_json(folder / "sta" / "timing.json"))


def _fingerprint(unit: GridUnit) -> str:
    from tpugen.writers.composer import compose

    return rtl_fingerprint(compose(unit.spec(CLOCK_MHZ)))


def measure_costs(
    units: Sequence[GridUnit],
    technologies: Sequence[str],
    out: Path,
    *,
    command: str,
    workers: int | None = None,
    observer: Callable[[CostProgress], None] = lambda _progress: None,
    executor: Executor | None = None,
) -> CostSummary:
    """Measure units and keep the results in a file, which is whole after every unit.

    Rows that the file holds already are kept where the RTL is still the same; rows of other units are left alone.

    Args:
        units: What to measure.
        technologies: In which technologies, by name.
        out: The table: new, or one that an earlier measurement made with the same tools and libraries.
        command: The command to write into the table.
        workers: Processes; default: usable CPUs.
        observer: Hears of each job that ended.
        executor: Where to run instead of local processes.

    Raises:
        RequestError: an unknown technology, or a file that other tools made.
        ToolError: a tool is missing.
    """
    found = {name: _technology_record(name) for name in technologies}
    rows = _known_rows(out, found)
    table = CostTable(command=command, method=_METHOD, clock_mhz=CLOCK_MHZ, technologies=found, units=())
    old = read_cost_table(out) if out.is_file() else None
    if old is not None:
        table = table.model_copy(update={"technologies": {**old.technologies, **found}})
    jobs = [CostJob(unit, technology) for technology in technologies for unit in units]
    if old is not None and not rows.keys() <= set(jobs):
        table = table.model_copy(update={"command": old.command})  # this is only a part of the table
    total, done, failed = len(jobs), 0, list[str]()
    open_jobs, prints = list[CostJob](), dict[GridUnit, str]()
    for job in jobs:
        prints.setdefault(job.unit, _fingerprint(job.unit))
        known = rows.get(job)
        if known is not None and known.rtl == prints[job.unit]:
            done += 1
            observer(CostProgress(job, done, total, cost=known, kept=True))
        else:
            open_jobs.append(job)
    kept = done
    for result in run_many(open_jobs, measure_cost, workers, executor=executor):
        done += 1
        if result.value is not None:
            rows[result.item] = result.value
            write_cost_table(table.model_copy(update={"units": tuple(rows.values())}), out)
        else:
            failed.append(f"{result.item}: {result.error}")
        observer(CostProgress(result.item, done, total, cost=result.value, error=result.error))
    if not open_jobs:
        write_cost_table(table.model_copy(update={"units": tuple(rows.values())}), out)
    return CostSummary(file=str(out), measured=done - kept - len(failed), kept=kept, failed=failed)


def _known_rows(out: Path, found: dict[str, TechnologyRecord]) -> dict[CostJob, UnitCost]:
    if not out.is_file():
        return {}
    old = read_cost_table(out)
    for name, record in found.items():
        before = old.technologies.get(name)
        if before is not None and before != record:
            raise RequestError(
                f"{out} holds {name} as measured with {_words(before)}; here it is {_words(record)}",
                hint="measure into another file: numbers of different tools do not belong in one table",
            )
    return {CostJob(row.unit, row.technology): row for row in old.units}


def _words(record: TechnologyRecord) -> str:
    tools = ", ".join(f"{name} {version}" for name, version in record.tools.items())
    return f"library {record.liberty_sha256[:8]}, {tools}"


def _technology_record(name: str) -> TechnologyRecord:
    from tpugen.flows.technology import find_technology
    from tpugen.flows.tools import ICARUS, OPENSTA, VVP, YOSYS

    technology = find_technology(name)
    if technology.name != name:
        raise RequestError(
            f"{name!r} is a file; a table names its technologies",
            hint=f"set TPUGEN_LIBERTY_<NAME> to the file and name the technology, e.g. {technology.name}",
        )
    require_tools(VVP)
    tools = {tool.name: tool.version for tool in require_tools(ICARUS, YOSYS, OPENSTA)}
    return TechnologyRecord(liberty_sha256=sha256_file(technology.liberty), tools=tools)


def unmeasured(error: Exception | None) -> str:
    """Why a unit was not measured, in one line."""
    return str(error).splitlines()[0] if isinstance(error, TpugenError) else f"{type(error).__name__}: {error}"
