"""Mass checks of the library's arithmetic units: what to check, in which batches, what the cache knows already."""

from __future__ import annotations

import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tpugen.errors import RequestError, ToolError, UnknownNameError
from tpugen.pipeline.cache import StepCache
from tpugen.pipeline.executor import Executor, run_many
from tpugen.results import ToolVersion
from tpugen.storage import sha256_file, sha256_json, sha256_text
from tpugen.verif.unit_configurations import Role, UnitConfiguration, full_corpus, quick_corpus, units
from tpugen.verif.unit_equivalence import UnitCheck, check_units, rtl_of
from tpugen.verif.unit_simulators import LinterName, SimulatorName, simulator_called
from tpugen.verif.unit_vectors import EXHAUSTIVE_BITS, VectorPlan

__all__ = ["FamilyLine", "Selection", "UnitProgress", "UnitsReport", "batches", "select", "verify_units"]

_ENGINE = (
    "tpugen.verif.unit_equivalence", "tpugen.verif.unit_harness", "tpugen.verif.unit_simulators",
    "tpugen.verif.unit_vectors", "tpugen.flows.verilated", "tpugen.flows.verilator", "tpugen.flows.icarus",
    "tpugen.flows.yosys",
)  # fmt: skip
_MODEL_IMPORT = re.compile(r"^from (tpugen\.arithmetic[\w.]*) import", re.MULTILINE)
_BATCH = 64
_BATCH_BITS = 4096  # product of operand widths, summed over the multipliers of a batch
_SMALL_BITS = 13  # units with few pairs run together, whatever their widths


@dataclass(frozen=True)
class Selection:
    """Which units.

    Attributes:
        role: `adder` or `multiplier`; None both.
        families: Canonical names; empty: all.
        widths: As people write them: `8` (adders of 8 bits, multipliers of 8x8) or `8x5`; empty: those of the corpus.
        signed: True, False, or None for both.
        quick: A share that takes seconds instead of the full check.
        all_parameters: Every legal parameter at the widths given; else as the corpus has it.
    """

    role: Role | None = None
    families: tuple[str, ...] = ()
    widths: tuple[str, ...] = ()
    signed: bool | None = None
    quick: bool = False
    all_parameters: bool = False


def select(selection: Selection) -> list[UnitConfiguration]:
    """The units of a selection.

    Raises:
        UnknownNameError: no family of that name in the role.
        RequestError: widths that cannot be, or nothing is left.
    """
    _check_families(selection)
    named = quick_corpus if selection.quick else full_corpus
    corpus = list(_at_widths(selection)) if selection.widths else named()
    chosen = [
        unit
        for unit in corpus
        if selection.role in (None, unit.role)
        and (not selection.families or unit.family in selection.families)
        and selection.signed in (None, unit.signed)
    ]
    if not chosen:
        raise RequestError(
            "no unit is left by these filters", hint="a family may need wider operands: see `tpugen arith show FAMILY`"
        )
    return list({unit.name: unit for unit in chosen}.values())


def _check_families(selection: Selection) -> None:
    from tpugen.arithmetic import ADDERS, MULTIPLIERS

    known = {
        **(ADDERS if selection.role != "multiplier" else {}),
        **(MULTIPLIERS if selection.role != "adder" else {}),
    }
    for name in selection.families:
        if name not in known:
            role = f"{selection.role} " if selection.role else ""
            raise UnknownNameError(f"no {role}family is called {name!r}", hint=f"known: {', '.join(known)}")


def _at_widths(selection: Selection) -> Iterator[UnitConfiguration]:
    for text in selection.widths:
        found = re.fullmatch(r"(\d{1,3})(?:x(\d{1,3}))?", text)
        if found is None:
            raise RequestError(f"{text!r} is not a width", hint="write 8, or 8x5 for activation x weight")
        first, second = int(found[1]), int(found[2] or found[1])
        fits = {
            "adder": not found[2] and 2 <= first <= 128,
            "multiplier": 2 <= min(first, second) <= max(first, second) <= 32,
        }
        if not any(fits.values()):
            raise RequestError(f"no unit is {text} bits wide", hint="adders: 2 to 128; multipliers: 2 to 32 an operand")
        every = selection.all_parameters or (first == second == 8 and not selection.quick)
        if fits["adder"]:
            yield from units("adder", (first,), every=every)
        if fits["multiplier"]:
            yield from units("multiplier", (first, second), every=every)


def batches(chosen: Iterable[UnitConfiguration]) -> list[list[UnitConfiguration]]:
    """Units that are simulated together: of equal widths where there are many vectors; as many as compile quickly."""
    groups: defaultdict[object, list[UnitConfiguration]] = defaultdict(list)
    for unit in chosen:
        small = sum(unit.operand_widths_bits) <= _SMALL_BITS
        groups["small" if small else (unit.role, unit.widths_bits)].append(unit)
    result = []
    for group in groups.values():
        cost = max(
            unit.widths_bits[0] * unit.widths_bits[-1] if unit.role == "multiplier" else _BATCH_BITS // _BATCH
            for unit in group
        )
        size = min(_BATCH, max(8, _BATCH_BITS // cost))
        result += [group[start : start + size] for start in range(0, len(group), size)]
    return result


class FamilyLine(BaseModel):
    """What became of one family: how many units, vectors, failures."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    family: str
    units: int = 0
    failed: int = 0
    vectors: int = 0


class UnitsReport(BaseModel):
    """What became of a mass check.

    Attributes:
        units: How many were checked, those known from the cache included.
        cached: How many of them the cache knew.
        exhaustive: How many were checked on all operand pairs.
        vectors: Operand pairs compared.
        families: One line per family.
        checks: Every check, in the order of the selection.
    """

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["pass", "fail"]
    simulator: str
    seed: int
    seconds: float
    units: int
    failed: int
    cached: int
    exhaustive: int
    vectors: int
    families: list[FamilyLine]
    checks: list[UnitCheck] = Field(default_factory=list)

    @property
    def failures(self) -> list[UnitCheck]:
        """The checks that did not pass."""
        return [check for check in self.checks if check.verdict == "fail"]


@dataclass(frozen=True)
class UnitProgress:
    """How far a mass check is, told after every batch.

    Attributes:
        done: Units that are finished.
        total: Units in all.
        checks: What just finished; empty at the start, when `done` came from the cache.
        seconds: Time of this batch.
    """

    done: int
    total: int
    checks: tuple[UnitCheck, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class _Batch:
    """Work for one process."""

    units: tuple[UnitConfiguration, ...]
    plan: VectorPlan
    simulator: SimulatorName
    linters: tuple[LinterName, ...]


def _check(batch: _Batch) -> tuple[list[UnitCheck], float]:
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tpugen-units-") as folder:
        checks = check_units(
            batch.units, Path(folder), plan=batch.plan, simulator=batch.simulator, linters=batch.linters
        )
    return checks, time.monotonic() - start


def verify_units(
    chosen: Sequence[UnitConfiguration],
    *,
    plan: VectorPlan | None = None,
    simulator: SimulatorName = "verilator",
    linters: Sequence[LinterName] = ("icarus", "verilator", "yosys"),
    jobs: int | None = None,
    use_cache: bool = True,
    observer: Callable[[UnitProgress], None] = lambda _progress: None,
    executor: Executor | None = None,
) -> UnitsReport:
    """Check that the RTL of units and their models agree.

    What passed is remembered by the content of RTL, model, engine and tools, so a check that was interrupted goes on
    where it was.

    Args:
        chosen: The units, e.g. from `select`.
        plan: How many vectors where not all pairs are run.
        simulator: `verilator` or `icarus`.
        linters: Tools that must have nothing to say of any unit.
        jobs: Processes; default: usable CPUs.
        use_cache: Whether to use and fill the cache.
        observer: Told after every batch.
        executor: Where to run instead of the local pool.

    Raises:
        ToolError: a tool is missing or broke; what had finished is kept.
    """
    start, plan = time.monotonic(), plan or VectorPlan()
    tool = simulator_called(simulator, plan.seed).name  # what is missing is said at once
    tools = [tool, *(f"{found.name} {found.version}" for found in map(_linter, linters))]
    store = _Store(tools, plan) if use_cache else None
    checks = {unit.name: check for unit in chosen if store and (check := store.known(unit))}
    cached = len(checks)
    observer(UnitProgress(cached, len(chosen)))
    todo = [unit for unit in chosen if unit.name not in checks]
    errors: list[Exception] = []
    work = [_Batch(tuple(batch), plan, simulator, tuple(linters)) for batch in batches(todo)]
    for result in run_many(work, _check, jobs, executor=executor):
        if result.value is None:
            errors.append(result.error or ToolError("a batch gave no result"))
            continue
        finished, seconds = result.value
        for check in finished:
            checks[check.unit.name] = check
            if store:
                store.keep(check)
        observer(UnitProgress(len(checks), len(chosen), tuple(finished), seconds))
    if errors:
        raise errors[0]
    if store:
        store.prune()
    return _report([checks[unit.name] for unit in chosen], tool, plan.seed, cached, time.monotonic() - start)


def _linter(name: LinterName) -> ToolVersion:
    from tpugen.flows.tools import ICARUS, VERILATOR, YOSYS

    return {"icarus": ICARUS, "verilator": VERILATOR, "yosys": YOSYS}[name].require()


def _report(checks: list[UnitCheck], tool: str, seed: int, cached: int, seconds: float) -> UnitsReport:
    lines: dict[tuple[str, str], FamilyLine] = {}
    for check in checks:
        unit = check.unit
        line = lines.setdefault((unit.role, unit.family), FamilyLine(role=unit.role, family=unit.family))
        line.units += 1
        line.failed += check.verdict == "fail"
        line.vectors += check.vectors
    failed = sum(line.failed for line in lines.values())
    return UnitsReport(
        verdict="fail" if failed or not checks else "pass",
        simulator=tool,
        seed=seed,
        seconds=round(seconds, 2),
        units=len(checks),
        failed=failed,
        cached=cached,
        exhaustive=sum(check.exhaustive for check in checks),
        vectors=sum(check.vectors for check in checks),
        families=list(lines.values()),
        checks=checks,
    )


class _Store:
    """Passed checks in the step cache, by the content of everything that they depend on."""

    def __init__(self, tools: Sequence[str], plan: VectorPlan) -> None:
        self._cache = StepCache()
        self._tools, self._plan = tuple(tools), plan
        self._engine = {name: _source_hash(name) for name in _ENGINE}

    def _key(self, unit: UnitConfiguration) -> str | None:
        from tpugen.arithmetic import ADDERS, MULTIPLIERS

        family = (ADDERS if unit.role == "adder" else MULTIPLIERS)[unit.family]
        try:
            rtl, model = rtl_of(unit), family.model.__module__
        except (UnknownNameError, AttributeError):
            return None  # something is missing: nothing to remember
        plan = self._plan
        exhaustive = sum(unit.operand_widths_bits) <= EXHAUSTIVE_BITS
        return sha256_json(
            {
                "unit": unit.model_dump(mode="json"),
                "rtl": {name: sha256_text(text) for name, text in rtl.items()},
                "model": _model_sources(model),
                "engine": self._engine,
                "tools": self._tools,
                "vectors": "all" if exhaustive else [plan.random, plan.random_wide, plan.seed],
            }
        )

    def known(self, unit: UnitConfiguration) -> UnitCheck | None:
        key = self._key(unit)
        record = None if key is None else self._cache.restore(key, Path())
        return None if record is None else UnitCheck.model_validate(record)

    def keep(self, check: UnitCheck) -> None:
        key = self._key(check.unit)
        if check.verdict == "pass" and key is not None:
            self._cache.store(key, Path(), (), check.model_dump(mode="json"))

    def prune(self) -> None:
        self._cache.prune()


@cache
def _source_hash(module: str) -> str:
    return sha256_file(_source(module))


def _source(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return Path(spec.origin)


@cache
def _model_sources(module: str) -> dict[str, str]:
    """Hashes of a model's module and of every module of the arithmetic that it imports."""
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = _source_hash(name)
        waiting += _MODEL_IMPORT.findall(_source(name).read_text(encoding="utf-8"))
    return dict(sorted(found.items()))
