"""OpenSTA: the scripts it gets and what its reports say. Pure; `timing` runs them.

Written for OpenSTA 2019 (2.0.17, Debian's) and later. Facts about that version, each found by experiment:

- it goes on after an error and still exits with status 0, so every `Error` line is a failure;
- `set_power_activity -pins` is broken, but the command below it, `sta::set_power_pin_activity`, works (in toggles per
  cycle; from 2.3 on the first works and the second takes toggles per second);
- activity on a register's output is overwritten by what arrives at its data pin, and gates behind annotated pins are
  not reached. While the arcs from clock to output are disabled, though, register outputs are starting points like the
  input ports; with the data pins annotated too (sampled once a cycle, they toggle as the outputs do) the measured
  activity holds and is propagated through all gates. It is kept when the arcs come back for delays and slews;
- a constant on a pin counts as a toggling input unless it is annotated;
- `report_power` prints watts whatever the units are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import ToolFailedError
from tpugen.flows.process import Completed
from tpugen.results import PathStage

__all__ = [
    "Constraints",
    "PathReport",
    "PinActivity",
    "PowerReport",
    "RegisterArc",
    "activity_script",
    "check_for_errors",
    "parse_gate_powers",
    "parse_path",
    "parse_power",
    "setup_script",
    "unit_power_script",
]

_CLOCK = "core"
DEFAULT_INPUT_TOGGLES = 0.1
"""Toggles per cycle of inputs when no simulation is given; the report then says `default`."""


@dataclass(frozen=True)
class Constraints:
    """The environment that a design is timed in.

    Attributes:
        period_ns: Clock period.
        clock_port: Port of the clock; None for combinational designs, which get a virtual clock.
        reset_port: Asynchronous reset, not timed; None if there is none.
        driving_cell: Library cell that drives every input.
        output_load_ff: Load on every output.
    """

    period_ns: float
    clock_port: str | None
    reset_port: str | None
    driving_cell: str
    output_load_ff: float


@dataclass(frozen=True)
class PinActivity:
    """Activity of some pins or input ports: toggles per clock cycle, and fraction of the time at one."""

    toggles: float
    duty: float
    pins: tuple[str, ...]


@dataclass(frozen=True)
class RegisterArc:
    """A library register's arc from clock to output."""

    cell: str
    clock: str
    output: str


@dataclass(frozen=True)
class PathReport:
    """The worst path: slack, arrival, stages."""

    slack_ns: float
    arrival_ns: float
    stages: list[PathStage]


@dataclass(frozen=True)
class PowerReport:
    """Power in mW, by kind and by group of cells."""

    total_mw: float
    internal_mw: float
    switching_mw: float
    leakage_mw: float
    by_group_mw: dict[str, float]


def setup_script(libraries: Sequence[Path], netlist: Path, top: str, constraints: Constraints) -> str:
    """Read the design and constrain it: pure.

    Args:
        libraries: Liberty files: the technology first, then that of macros.
        netlist: The mapped Verilog.
        top: Name of the top module.
        constraints: The environment.
    """
    where = f" [get_ports {constraints.clock_port}]" if constraints.clock_port else ""
    lines = [
        *(f"read_liberty {{{liberty}}}" for liberty in libraries),
        f"read_verilog {{{netlist}}}",
        f"link_design {top}",
        "set_cmd_units -time ns -capacitance fF",
        f"create_clock -name {_CLOCK} -period {constraints.period_ns:.6f}{where}",
        "set driven_inputs {}",
        "foreach port [all_inputs] {",
        f"  if {{[get_name $port] ne {{{constraints.clock_port or ''}}}}} {{ lappend driven_inputs $port }}",
        "}",
        "if {[llength $driven_inputs]} {",
        f"  set_input_delay 0 -clock {_CLOCK} $driven_inputs",
        f"  set_driving_cell -lib_cell {constraints.driving_cell} $driven_inputs",
        "}",
        f"set_output_delay 0 -clock {_CLOCK} [all_outputs]",
        f"set_load {constraints.output_load_ff:.6f} [all_outputs]",
    ]
    if constraints.reset_port:
        lines.append(f"set_false_path -from [get_ports {constraints.reset_port}]")
    return "\n".join(lines) + "\n"


def path_script() -> str:
    """Report the worst path in full."""
    return "report_checks -path_delay max -format full_clock_expanded -digits 6 -no_line_splits\n"


def activity_script(
    inputs: Iterable[PinActivity],
    pins: Iterable[PinActivity],
    arcs: Iterable[RegisterArc] = (),
    *,
    legacy: bool,
) -> str:
    """Annotate activity: pure. Pins of equal activity share one command.

    Args:
        inputs: Activity of input ports.
        pins: Activity of register pins and of pins tied to constants.
        arcs: Arcs from clock to output of the registers in use.
        legacy: For OpenSTA before 2.3, see the module's notes.
    """
    lines = [f"set_power_activity -input -activity {DEFAULT_INPUT_TOGGLES} -duty 0.5"]
    for item in inputs:
        names = " ".join(f"{{{name}}}" for name in item.pins)
        lines.append(
            f"foreach name [list {names}] {{ set_power_activity -input_ports [get_ports $name] "
            f"-activity {item.toggles:.6f} -duty {item.duty:.6f} }}"
        )
    pins = list(pins)
    body = [f"annotate {{{' '.join(item.pins)}}} {item.toggles:.6f} {item.duty:.6f}" for item in pins]
    if not body:
        return "\n".join(lines) + "\n"
    how = (
        "sta::set_power_pin_activity [sta::find_pin $name] $toggles $duty"
        if legacy
        else "set_power_activity -pins [get_pins $name] -activity $toggles -duty $duty"
    )
    lines += [f"proc annotate {{names toggles duty}} {{ foreach name $names {{ {how} }} }}", *body]
    if legacy:
        between = [f"-from {arc.clock} -to {arc.output} [get_lib_cells */{arc.cell}]" for arc in arcs]
        lines += [f"set_disable_timing {words}" for words in between]
        # Any report propagates the activities; this one's text is of no interest.
        cell = pins[0].pins[0].rpartition("/")[0]
        lines.append(f"sta::redirect_string_begin; report_power -instances {{{cell}}}; sta::redirect_string_end")
        lines += [f"unset_disable_timing {words}" for words in between]
    return "\n".join(lines) + "\n"


def power_script() -> str:
    """Report power."""
    return "report_power -digits 6\n"


def unit_power_script() -> str:
    """Report the power of every cell at one toggle of every pin per cycle: what one toggle costs, at its own slews."""
    return "set_power_activity -global -activity 1.0 -duty 0.5\nreport_power -instances [get_cells *] -digits 6\n"


def check_for_errors(done: Completed) -> None:
    """Refuse any run in which OpenSTA complained.

    Raises:
        ToolFailedError: an `Error` line, a syntax error, or a bad exit status.
    """
    said = (done.stdout + done.stderr).splitlines()
    errors = [line.strip() for line in said if re.match(r"\s*(Error\b|.*syntax error|\[ERROR)", line)]
    if errors or done.returncode != 0:
        raise ToolFailedError(
            f"OpenSTA could not analyse the netlist: {errors[0] if errors else done.tail(3) or 'it said nothing'}",
            hint="log.txt and the script beside it show all of it",
        )


_STAGE = re.compile(
    r"^\s*(?P<delay>-?\d+\.\d+)\s+(?P<time>-?\d+\.\d+)\s+(?P<edge>[v^])\s+(?P<pin>\S+)\s+\((?P<cell>[^)]+)\)",
    re.MULTILINE,
)
_SLACK = re.compile(r"^\s*(?P<slack>-?\d+\.\d+)\s+slack", re.MULTILINE)
_ARRIVAL = re.compile(r"^\s*(?P<arrival>-?\d+\.\d+)\s+data arrival time", re.MULTILINE)


def parse_path(text: str) -> PathReport | None:
    """The worst path in a `report_checks` in ns; None where there is no path.

    There is one path for each group: of the clock, and of asynchronous resets that logic drives.
    """
    paths = [_parse_group(part) for part in re.split(r"^Startpoint:", text, flags=re.MULTILINE)]
    return min((path for path in paths if path is not None), key=lambda path: path.slack_ns, default=None)


def _parse_group(text: str) -> PathReport | None:
    slack, arrival = _SLACK.search(text), _ARRIVAL.search(text)
    if slack is None or arrival is None:
        return None
    stages = [
        PathStage(
            pin=match["pin"],
            cell=None if match["cell"] in ("in", "out", "net") else match["cell"],
            delay_ns=float(match["delay"]),
            arrival_ns=float(match["time"]),
        )
        for match in _STAGE.finditer(text[: arrival.start()])
    ]
    return PathReport(float(slack["slack"]), float(arrival["arrival"]), stages)


_POWER_COLUMNS = ("internal", "switching", "leakage", "total")
_GATE_ROW = re.compile(
    r"^\s*(?P<internal>\d\S*)\s+(?P<switching>\d\S*)\s+(?P<leakage>\d\S*)\s+(?P<total>\d\S*)\s+(?P<cell>[A-Za-z_]\S*)\s*$",
    re.MULTILINE,
)
_POWER_ROW = re.compile(
    r"^(?P<group>[A-Z][A-Za-z]+)\s+(?P<internal>\S+)\s+(?P<switching>\S+)\s+(?P<leakage>\S+)\s+(?P<total>\S+)"
    r"\s+(?:\d+\.\d+|nan|-nan)%",
    re.MULTILINE,
)


def parse_gate_powers(text: str) -> dict[str, PowerReport]:
    """A `report_power -instances` in mW, by instance; empty where there is none."""
    powers = {}
    for match in _GATE_ROW.finditer(text):
        internal, switching, leakage, total = (float(match[column]) * 1e3 for column in _POWER_COLUMNS)
        powers[match["cell"]] = PowerReport(total, internal, switching, leakage, {})
    return powers


def parse_power(text: str) -> PowerReport | None:
    """A `report_power` in mW; None where there is none."""
    rows: Mapping[str, re.Match[str]] = {match["group"]: match for match in _POWER_ROW.finditer(text)}
    if "Total" not in rows:
        return None

    def milliwatts(group: str, column: str) -> float:
        return float(rows[group][column]) * 1e3

    return PowerReport(
        total_mw=milliwatts("Total", "total"),
        internal_mw=milliwatts("Total", "internal"),
        switching_mw=milliwatts("Total", "switching"),
        leakage_mw=milliwatts("Total", "leakage"),
        by_group_mw={
            group.lower(): milliwatts(group, "total")
            for group in rows
            if group != "Total" and milliwatts(group, "total") != 0.0
        },
    )
