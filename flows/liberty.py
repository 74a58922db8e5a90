"""A light Liberty reader: what synthesis and timing need to know of a standard-cell library.

It reads cells, areas, pins, functions, capacitances, units and the nominal voltage, and steps over the lookup tables.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tpugen.errors import LibraryFileError
from tpugen.user_files import read_bytes

__all__ = ["LIBERTY_MAX_BYTES", "Cell", "LibertySummary", "Pin", "parse_liberty", "read_liberty"]


class Pin(BaseModel):
    """One pin of a cell. `function` is the Liberty expression, `capacitance_ff` the input load."""

    model_config = ConfigDict(frozen=True)

    direction: str
    capacitance_ff: float = 0.0
    max_capacitance_ff: float | None = None
    function: str | None = None
    clock: bool = False


class Cell(BaseModel):
    """One standard cell."""

    model_config = ConfigDict(frozen=True)

    name: str
    area_um2: float
    pins: dict[str, Pin]
    kind: str = "combinational"
    dont_use: bool = False

    @property
    def outputs(self) -> list[str]:
        """Names of the output pins."""
        return [name for name, pin in self.pins.items() if pin.direction == "output"]

    @property
    def inputs(self) -> list[str]:
        """Names of the input pins."""
        return [name for name, pin in self.pins.items() if pin.direction == "input"]


class LibertySummary(BaseModel):
    """What is known of a library.

    Attributes:
        time_unit: As the file writes it, e.g. `1ns`.
        nominal_voltage_v: `nom_voltage`, else the default operating conditions' voltage.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    nominal_voltage_v: float
    time_unit: str
    capacitive_load_unit_ff: float
    cells: dict[str, Cell]

    def buffers(self) -> list[Cell]:
        """Plain buffers, smallest first: no clock, delay or power-gating cells."""
        odd = re.compile(r"clk|dly|del|hold|kapwr|probe|iso|lpflow|tbuf", re.IGNORECASE)
        found = [cell for cell in self._single_input(negated=False) if not odd.search(cell.name)]
        return found or self._single_input(negated=False)

    def inverters(self) -> list[Cell]:
        """Inverters, smallest first."""
        return self._single_input(negated=True)

    def tie_cell(self, value: int) -> Cell | None:
        """The smallest cell whose output is the constant, if the library has one."""
        found = [
            cell for cell in self.cells.values()
            if not cell.inputs and any(cell.pins[name].function == str(value) for name in cell.outputs)
        ]  # fmt: skip
        return min(found, key=lambda cell: cell.area_um2) if found else None

    def flip_flops(self) -> list[Cell]:
        """Edge-triggered cells."""
        return [cell for cell in self.cells.values() if cell.kind == "flip_flop"]

    def typical_input_ff(self) -> float:
        """Median load of an input pin in fF."""
        loads = sorted(
            pin.capacitance_ff
            for cell in self.cells.values()
            if cell.kind != "macro"
            for pin in cell.pins.values()
            if pin.direction == "input" and pin.capacitance_ff > 0
        )
        return loads[len(loads) // 2] if loads else 1.0

    def _single_input(self, *, negated: bool) -> list[Cell]:
        found = []
        for cell in self.cells.values():
            if cell.kind != "combinational" or cell.dont_use or len(cell.inputs) != 1 or len(cell.outputs) != 1:
                continue
            function = re.sub(r"[\s()]", "", cell.pins[cell.outputs[0]].function or "")
            name = cell.inputs[0]
            if function in ({f"!{name}", f"{name}'", f"~{name}"} if negated else {name}):
                found.append(cell)
        return sorted(found, key=lambda cell: (cell.area_um2, cell.name))


def read_liberty(path: Path) -> LibertySummary:
    """Read a plain (not compressed) Liberty file; one that did not change is read once per process.

    Raises:
        LibraryFileError: it cannot be read, or holds no usable library.
    """
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise LibraryFileError(
            f"cannot read the Liberty file {path}: {error.strerror or error}", hint="check the path and its permissions"
        ) from error


LIBERTY_MAX_BYTES = 512 * 2**20
"""Larger than any library of one corner."""


@lru_cache(maxsize=8)
def _read(path: Path, _modified_ns: int, _size: int) -> LibertySummary:
    return parse_liberty(read_bytes(path, LIBERTY_MAX_BYTES).decode("utf-8", errors="replace"), str(path))


# One token at a time: comment, string, group with its arguments, attribute, closing brace. Complex attributes
# (`values (...)`, `index_1 (...)`) match nothing here and are stepped over.
_TOKEN = re.compile(
    r"""/\*.*?\*/                                             # comment
      | //[^\n]*
      | (?P<group>[A-Za-z_]\w*)\s*\(\s*(?P<argument>[^(){};]*?)\s*\)\s*\{
      | (?P<complex>capacitive_load_unit)\s*\(\s*(?P<values>[^)]*)\)
      | (?P<attribute>[A-Za-z_]\w*)\s*:\s*(?P<value>"[^"]*"|[^;{}\n]*)
      | "(?:[^"\\]|\\.)*"                                    # string outside an attribute
      | (?P<close>\})""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = re.compile(r"[{}]")
_SKIPPED_GROUPS = frozenset(
    {"timing", "internal_power", "leakage_power", "lu_table_template", "power_lut_template", "test_cell", "statetable",
     "wire_load", "receiver_capacitance", "ccsn_first_stage", "ccsn_last_stage", "output_current_template"}
)  # fmt: skip
_LATCH_OR_FLOP = {"ff": "flip_flop", "ff_bank": "flip_flop", "latch": "latch", "latch_bank": "latch"}


def parse_liberty(text: str, where: str) -> LibertySummary:
    """Read Liberty text.

    Args:
        text: The file's text.
        where: Its path, for messages.

    Raises:
        LibraryFileError: not Liberty, cut short, without cells, or without what synthesis needs.
    """
    library = _Library()
    position = 0
    while match := _TOKEN.search(text, position):
        position = match.end()
        if match["group"]:
            if match["group"] in _SKIPPED_GROUPS:
                position = _end_of_group(text, position, where)
            else:
                library.open(match["group"], match["argument"].strip('" '))
        elif match["close"]:
            library.close()
        elif match["attribute"]:
            library.attribute(match["attribute"], match["value"].strip().strip('"').strip())
        elif match["complex"]:
            library.load_unit(match["values"])
    return library.summary(where)


def _end_of_group(text: str, position: int, where: str) -> int:
    depth = 1
    for match in _CLOSING.finditer(text, position):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.end()
    raise _cut_short(where)


def _cut_short(where: str) -> LibraryFileError:
    return LibraryFileError(
        f"the Liberty file {where} is cut short: a group is not closed", hint="fetch or unpack it again"
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class _Library:
    """What has been read so far: a stack of open groups and the cells."""

    def __init__(self) -> None:
        self.stack: list[tuple[str, str]] = []
        self.name: str | None = None
        self.attributes: dict[str, str] = {}
        self.conditions_v: float | None = None
        self.unit_ff = 1000.0
        self.cells: dict[str, Cell] = {}
        self.cell: dict[str, str] = {}
        self.kind = "combinational"
        self.pins: dict[str, dict[str, str]] = {}

    def open(self, group: str, argument: str) -> None:
        self.stack.append((group, argument))
        if group == "library":
            self.name = argument
        elif group == "cell":
            self.cell, self.pins, self.kind = {}, {}, "combinational"
        elif group in _LATCH_OR_FLOP:
            self.kind = _LATCH_OR_FLOP[group]
        elif group == "pin":
            for name in argument.replace('"', "").split(","):
                self.pins[name.strip()] = {}

    def close(self) -> None:
        if not self.stack:
            return
        group, argument = self.stack.pop()
        if group == "cell":
            self.cells[argument] = self._finished_cell(argument)

    def attribute(self, name: str, value: str) -> None:
        if not self.stack:
            return
        group, argument = self.stack[-1]
        if group == "library":
            self.attributes[name] = value
        elif group == "operating_conditions" and name == "voltage":
            self.conditions_v = _number(value)
        elif group == "cell":
            self.cell[name] = value
        elif group == "pin":
            for pin in argument.replace('"', "").split(","):
                self.pins[pin.strip()][name] = value

    def load_unit(self, values: str) -> None:
        size, _, unit = values.partition(",")
        factor = {"pf": 1000.0, "ff": 1.0}.get(unit.strip().strip('"').lower(), 1000.0)
        self.unit_ff = (_number(size.strip().strip('"')) or 1.0) * factor

    def _finished_cell(self, name: str) -> Cell:
        pins = {}
        for pin, attributes in self.pins.items():
            largest = _number(attributes.get("max_capacitance", ""))
            pins[pin] = Pin(
                direction=attributes.get("direction", "input"),
                capacitance_ff=(_number(attributes.get("capacitance", "")) or 0.0) * self.unit_ff,
                max_capacitance_ff=None if largest is None else largest * self.unit_ff,
                function=attributes.get("function"),
                clock=attributes.get("clock") == "true",
            )
        tristate = any("three_state" in attributes for attributes in self.pins.values())
        return Cell(
            name=name,
            area_um2=_number(self.cell.get("area", "")) or 0.0,
            pins=pins,
            kind="three_state" if tristate else self.kind,
            dont_use=self.cell.get("dont_use") == "true",
        )

    def summary(self, where: str) -> LibertySummary:
        if self.name is None:
            raise LibraryFileError(
                f"{where} is not a Liberty file: it has no `library (...) {{` group",
                hint="expected a standard-cell library in Liberty format (.lib or .lib.gz)",
            )
        if self.stack:
            raise _cut_short(where)
        voltage = _number(self.attributes.get("nom_voltage", "")) or self.conditions_v
        summary = LibertySummary(
            name=self.name,
            nominal_voltage_v=voltage or 0.0,
            time_unit=self.attributes.get("time_unit", "1ns"),
            capacitive_load_unit_ff=self.unit_ff,
            cells=self.cells,
        )
        missing = _missing_parts(summary)
        if missing:
            raise LibraryFileError(
                f"the Liberty file {where} (library {self.name}, {len(self.cells)} cells) lacks {', '.join(missing)}",
                hint="tpugen needs a standard-cell library with logic gates and flip-flops",
            )
        return summary


def _missing_parts(summary: LibertySummary) -> list[str]:
    def two_inputs(cell: Cell) -> bool:
        return cell.kind == "combinational" and len(cell.inputs) == 2 and len(cell.outputs) == 1

    parts = {
        "a nominal voltage": summary.nominal_voltage_v > 0,
        "an inverter": bool(summary.inverters()),
        "a buffer": bool(summary.buffers()),
        "two-input gates": any(two_inputs(cell) for cell in summary.cells.values()),
        "a flip-flop": bool(summary.flip_flops()),
    }
    return [part for part, present in parts.items() if not present]
