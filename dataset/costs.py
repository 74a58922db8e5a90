"""What arithmetic units cost: area, delay, power and energy of each unit, measured once and kept as data.

`data/unit_costs.json` says which command made it, with which tools and for which clock. Nothing here measures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.table_files import read_table
from tpugen.dataset.unit_grid import GridUnit, Role
from tpugen.storage import write_text_atomic

__all__ = [
    "COSTS_FILE",
    "CostTable",
    "TechnologyRecord",
    "UnitCost",
    "all_costs",
    "cost_table",
    "read_cost_table",
    "unit_cost",
    "write_cost_table",
]

COSTS_FILE = Path(__file__).resolve().parent / "data" / "unit_costs.json"
"""The table that comes with tpugen."""

_SCHEMA_VERSION = 1


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitCost(_Record):
    """Measured cost of one unit by itself: combinational, inputs from buffers, outputs into four inverters each.

    Attributes:
        role: `adder` or `multiplier`.
        family: Canonical name.
        structure: Circuit structure of an exact unit; None: left to the synthesiser.
        widths: Operand widths in bits.
        signed: Whether operands are two's complement.
        parameters: All of the family's.
        technology: Technology library.
        area_um2: Cell area of the smallest mapping that meets the table's clock.
        cells: Its cells.
        slack_ns: Its slack at that clock; below zero where no mapping meets it.
        power_uw: Its power at that clock, leakage included, under seeded random operands.
        leakage_uw: Its leakage alone.
        energy_pj: Energy of one operation: power over clock.
        delay_ns: Longest path of the fastest mapping, found with a clock that none can meet.
        fast_area_um2: Cell area of that mapping.
        er: Error rate over all operand pairs, or, beyond 2^20 of them, over a seeded sample.
        nmed: Normalised mean error distance, likewise.
        mred: Mean relative error distance, likewise.
        rtl: First 16 hex digits of the hash of the RTL that was measured, comments and layout apart.
    """

    role: Role
    family: str
    structure: str | None = None
    widths: tuple[int, ...]
    signed: bool
    parameters: dict[str, int]
    technology: str
    area_um2: float
    cells: int
    slack_ns: float
    power_uw: float
    leakage_uw: float
    energy_pj: float
    delay_ns: float
    fast_area_um2: float
    er: float
    nmed: float
    mred: float
    rtl: str

    @property
    def unit(self) -> GridUnit:
        """The unit that was measured."""
        return GridUnit(
            self.role, self.family, self.structure, self.widths, self.signed, tuple(self.parameters.items())
        )

    @property
    def label(self) -> str:
        """How people write it, e.g. `DRUM(6)`."""
        return self.unit.label


class TechnologyRecord(_Record):
    """With what a technology's rows were measured; the library by its content, wherever it lay."""

    liberty_sha256: str
    tools: dict[str, str]


class CostTable(_Record):
    """All rows of a file, and how they came about.

    Attributes:
        schema_version: Version of this layout.
        command: The command that measures all of it again.
        method: What the numbers mean, in sentences.
        clock_mhz: Clock of area, power and energy.
        technologies: What each technology was measured with.
        units: One row for each unit and technology, sorted.
    """

    schema_version: int = _SCHEMA_VERSION
    command: str
    method: str
    clock_mhz: float
    technologies: dict[str, TechnologyRecord]
    units: tuple[UnitCost, ...]


def read_cost_table(path: Path) -> CostTable:
    """A table from its file.

    Raises:
        StorageError: not there, not readable, or not such a table.
    """
    return read_table(path, CostTable, "table of unit costs")


def write_cost_table(table: CostTable, path: Path) -> Path:
    """Write a table whole or not at all: rows sorted, one a line, so that versions compare well.

    Raises:
        StorageError: the disk refused.
    """
    data = table.model_dump(mode="json", exclude={"units"})
    rows = [
        json.dumps({name: value for name, value in row.model_dump(mode="json").items() if value is not None})
        for row in sorted(table.units, key=_order)
    ]
    head = json.dumps(data, indent=1, sort_keys=True).removesuffix("\n}")
    return write_text_atomic(path, head + ',\n "units": [\n' + ",\n".join(rows) + "\n ]\n}\n")


def _order(row: UnitCost) -> tuple[Any, ...]:
    return (row.technology, row.role, row.widths, row.family, row.structure or "", sorted(row.parameters.items()))


@cache
def cost_table() -> CostTable | None:
    """The table that comes with tpugen; None where it was left out."""
    return read_cost_table(COSTS_FILE) if COSTS_FILE.is_file() else None


def all_costs() -> tuple[UnitCost, ...]:
    """Every row of the table that comes with tpugen; none where there is no table."""
    table = cost_table()
    return table.units if table else ()


@cache
def _by_unit() -> Mapping[tuple[GridUnit, str], UnitCost]:
    return {(_sorted(row.unit), row.technology): row for row in all_costs()}


def _sorted(unit: GridUnit) -> GridUnit:
    return GridUnit(unit.role, unit.family, unit.structure, unit.widths, unit.signed, tuple(sorted(unit.parameters)))


def unit_cost(
    role: Role,
    family: str,
    widths: Sequence[int],
    signed: bool,
    parameters: Mapping[str, int],
    technology: str,
    *,
    structure: str | None = None,
) -> UnitCost | None:
    """The measured cost of a unit, if it was measured.

    Args:
        role: `adder` or `multiplier`.
        family: Canonical name.
        widths: Operand widths in bits: one of an adder, two of a multiplier.
        signed: Whether operands are two's complement.
        parameters: All of the family's.
        technology: Name of the technology library.
        structure: Circuit structure of an exact unit.
    """
    unit = GridUnit(role, family, structure, tuple(widths), signed, tuple(parameters.items()))
    return _by_unit().get((_sorted(unit), technology))
