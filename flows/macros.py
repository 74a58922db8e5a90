"""Macros of a mapped design: black boxes that stay in the netlist, with area and timing from their cards.

Synthesis elaborates each parametrisation of a library macro as a black box of its own. Here it becomes a cell: with a
name that says its size, in the netlist; with area, setup, hold and clock-to-output arcs in a Liberty file beside the
netlist (`netlist.macros.lib`), because OpenSTA refuses parameters of instances; and with all that its card says, for
power, in `netlist.macros.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpugen.errors import StorageError
from tpugen.flows.liberty import Cell, LibertySummary, Pin
from tpugen.flows.netlist import Netlist, base_module_name
from tpugen.results.accelerators import MacroUse
from tpugen.results.macros import MacroFigures, MacroSource
from tpugen.storage import write_text_atomic

__all__ = [
    "Macro",
    "liberty_path",
    "liberty_text",
    "load_macros",
    "macro_uses",
    "read_macros",
    "with_macros",
    "write_macros",
]

_CLOCK = "clk_i"
_RESET = "rst_ni"
_CLOCK_CAPACITANCES = 5.0
"""Load of a macro's clock, in those of another input (fakeram45: 25 fF and 5 fF)."""
_MAX_OUTPUT_CAPACITANCES = 100.0
"""Load that an output may drive, in those of an input (fakeram45: 500 fF)."""
_SLEW_NS_PER_FF = 0.00045
"""Transition of an output by its load (fakeram45: 0.227 ns at 500 fF)."""


@dataclass(frozen=True)
class Macro:
    """One size of a macro.

    Attributes:
        figures: What its card says.
        ports: Direction and width by name.
    """

    figures: MacroFigures
    ports: Mapping[str, tuple[str, int]]

    @property
    def cell_name(self) -> str:
        """Its name in the netlist."""
        return self.figures.cell

    def cell(self) -> Cell:
        """As a cell of a library; pins may be wider than a bit."""
        load = self.figures.input_capacitance_ff
        pins = {
            name: Pin(
                direction=direction,
                capacitance_ff=(load * (_CLOCK_CAPACITANCES if name == _CLOCK else 1)) if direction == "input" else 0.0,
                max_capacitance_ff=load * _MAX_OUTPUT_CAPACITANCES if direction == "output" else None,
                clock=name == _CLOCK,
            )
            for name, (direction, _) in self.ports.items()
        }
        return Cell(name=self.cell_name, area_um2=self.figures.area_um2, pins=pins, kind="macro")


def read_macros(data: Mapping[str, Any], source: MacroSource | None) -> dict[str, Macro]:
    """The macros of an elaborated design by their Yosys name.

    Args:
        data: The JSON of the elaborated design.
        source: The cards; None: no macro is known.

    Returns:
        Only those that a card knows; a black box that none knows stays what it is, and mapping refuses it.
    """
    used = {cell["type"] for module in data["modules"].values() for cell in module["cells"].values()}
    macros = {}
    for name, module in data["modules"].items():
        if source is None or name not in used or "blackbox" not in module.get("attributes", {}):
            continue
        parameters = {key: _number(value) for key, value in module.get("parameter_default_values", {}).items()}
        figures = source(base_module_name(name), parameters)
        if figures is not None:
            ports = {port: (item["direction"], len(item["bits"])) for port, item in module["ports"].items()}
            macros[name] = Macro(figures, ports)
    return macros


def _number(value: Any) -> int:
    """A parameter as Yosys writes it: bits, two's complement."""
    if isinstance(value, str) and value and set(value) <= {"0", "1"}:
        number = int(value, 2)
        return number - (1 << len(value)) if len(value) == 32 and value[0] == "1" else number
    return value if isinstance(value, int) else 0


def with_macros(library: LibertySummary, macros: Sequence[Macro]) -> LibertySummary:
    """The library with the macros as further cells."""
    if not macros:
        return library
    return library.model_copy(update={"cells": library.cells | {macro.cell_name: macro.cell() for macro in macros}})


def macro_uses(netlist: Netlist, macros: Sequence[Macro]) -> list[MacroUse]:
    """How many of each size the netlist holds, every instance of every module counted; largest area first."""
    counts = netlist.instance_counts()
    instances: dict[str, int] = {}
    for module in netlist.modules.values():
        for instance in module.cells.values():
            if netlist.is_macro(instance):
                instances[instance.type] = instances.get(instance.type, 0) + counts[module.name]
    distinct = {macro.cell_name: macro.figures for macro in macros}
    uses = [
        MacroUse(
            name=figures.name,
            instances=instances[cell],
            parameters=figures.parameters,
            area_um2=round(instances[cell] * figures.area_um2, 4),
            origin=figures.origins["area"],
            source=figures.source,
        )
        for cell, figures in distinct.items()
        if cell in instances
    ]
    return sorted(uses, key=lambda use: -use.area_um2)


def liberty_path(netlist: Path) -> Path:
    """Where the Liberty file of a netlist's macros is, if it has any."""
    return netlist.with_suffix(".macros.lib")


def write_macros(macros: Sequence[Macro], netlist: Path) -> None:
    """Write Liberty file and figures beside a netlist; nothing where there are no macros.

    Raises:
        StorageError: a file cannot be written.
    """
    distinct = {macro.cell_name: macro for macro in macros}
    if not distinct:
        return
    write_text_atomic(liberty_path(netlist), liberty_text(list(distinct.values())))
    data = [
        {"figures": macro.figures.model_dump(mode="json"), "ports": dict(macro.ports)} for macro in distinct.values()
    ]
    write_text_atomic(netlist.with_suffix(".macros.json"), json.dumps(data, indent=1))


def load_macros(netlist: Path) -> list[Macro]:
    """The macros of a netlist that `write_macros` wrote beside it; empty where it wrote none.

    Raises:
        StorageError: the file is damaged.
    """
    path = netlist.with_suffix(".macros.json")
    if not path.is_file():
        return []
    try:
        return [
            Macro(
                MacroFigures.model_validate(item["figures"]),
                {name: (str(port[0]), int(port[1])) for name, port in item["ports"].items()},
            )
            for item in json.loads(path.read_text(encoding="utf-8"))
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"cannot read {path}, the macros of {netlist.name}: {error}"
        raise StorageError(message, hint="synthesise again") from error


def liberty_text(macros: Sequence[Macro]) -> str:
    """A Liberty library of the macros: ns, fF."""
    widths = sorted({width for macro in macros for _, width in macro.ports.values() if width > 1})
    lines = [
        "library (tpugen_macros) {",
        "  delay_model : table_lookup;",
        '  time_unit : "1ns";',
        '  voltage_unit : "1V";',
        '  current_unit : "1mA";',
        '  leakage_power_unit : "1nW";',
        '  pulling_resistance_unit : "1kohm";',
        "  capacitive_load_unit (1, ff);",
        "  nom_process : 1;",
        "  nom_voltage : 1.1;",
        "  nom_temperature : 25;",
        *(
            f"  {what}_threshold_pct_{edge} : {percent};"
            for what, percent in (("input", 50), ("output", 50), ("slew_lower", 20), ("slew_upper", 80))
            for edge in ("rise", "fall")
        ),
        "  lu_table_template (output_load) {",
        "    variable_1 : total_output_net_capacitance;",
        '    index_1 ("0, 1000");',
        "  }",
    ]
    for width in widths:
        lines += [
            f"  type (bits_{width}) {{",
            "    base_type : array;",
            "    data_type : bit;",
            f"    bit_width : {width};",
            f"    bit_from : {width - 1};",
            "    bit_to : 0;",
            "    downto : true;",
            "  }",
        ]
    for macro in macros:
        lines += [f"  cell ({macro.cell_name}) {{", f"    area : {macro.figures.area_um2:.4f};"]
        lines += ["    interface_timing : true;", "    dont_touch : true;", "    dont_use : true;"]
        for name, (direction, width) in macro.ports.items():
            lines += _pin(macro, name, direction, width)
        lines.append("  }")
    lines.append("}\n")
    return "\n".join(lines)


def _pin(macro: Macro, name: str, direction: str, width: int) -> list[str]:
    figures = macro.figures
    pin = macro.cell().pins[name]
    head = [f"    pin ({name}) {{"] if width == 1 else [f"    bus ({name}) {{", f"      bus_type : bits_{width};"]
    body = [f"      direction : {direction};"]
    if direction == "output":
        slew = f"0.01, {0.01 + 1000 * _SLEW_NS_PER_FF:.4f}"
        delay = f"{figures.clock_to_output_ns:.6f}"
        body += [
            f"      max_capacitance : {pin.max_capacitance_ff:.4f};",
            "      timing () {",
            f'        related_pin : "{_CLOCK}";',
            "        timing_type : rising_edge;",
            "        timing_sense : non_unate;",
            *(f'        cell_{edge} (scalar) {{ values ("{delay}"); }}' for edge in ("rise", "fall")),
            *(f'        {edge}_transition (output_load) {{ values ("{slew}"); }}' for edge in ("rise", "fall")),
            "      }",
        ]
    else:
        body.append(f"      capacitance : {pin.capacitance_ff:.4f};")
        if name == _CLOCK:
            body.append("      clock : true;")
        elif name != _RESET:
            body += _constraint("setup_rising", figures.setup_ns.get(name, figures.interface_setup_ns))
            body += _constraint("hold_rising", figures.hold_ns)
    return [*head, *body, "    }"]


def _constraint(kind: str, time_ns: float) -> list[str]:
    return [
        "      timing () {",
        f'        related_pin : "{_CLOCK}";',
        f"        timing_type : {kind};",
        *(f'        {edge}_constraint (scalar) {{ values ("{time_ns:.6f}"); }}' for edge in ("rise", "fall")),
        "      }",
    ]
