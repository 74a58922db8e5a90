"""Timing and power of a mapped netlist with OpenSTA.

Conditions, the same for every design: inputs arrive with the clock edge from a library buffer, outputs drive four
inverters and are captured at the next edge, the clock is ideal, wires have no load, the reset is not timed.
Power comes from the activity of a simulation where one is given (registers and inputs are annotated, OpenSTA propagates
through the gates), else from OpenSTA's default input activity; the result says which. Of a combinational design OpenSTA
gives the power of each gate at one toggle per cycle, and `gate_activity` how often each gate toggles.
Macros are timed by the Liberty file beside the netlist; their power is beside OpenSTA's (`macro_power`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import ToolFailedError
from tpugen.flows import opensta
from tpugen.flows.activity import Activity
from tpugen.flows.block_power import block_script, measure_blocks
from tpugen.flows.blocks import load_blocks
from tpugen.flows.gate_activity import gate_toggles
from tpugen.flows.macro_power import instance_scopes, macro_powers
from tpugen.flows.macros import Macro, liberty_path, load_macros, with_macros
from tpugen.flows.netlist import Bit, Module, Netlist
from tpugen.flows.netlist_passes import choose_buffer
from tpugen.flows.netlist_verilog import load_map
from tpugen.flows.opensta import Constraints, PathReport, PinActivity, RegisterArc
from tpugen.flows.process import DEFAULT_LIMITS, Completed, Limits, run
from tpugen.flows.technology import Technology
from tpugen.flows.tools import OPENSTA
from tpugen.results import PowerResult, TimingResult
from tpugen.storage import make_folder, write_json_atomic, write_text_atomic

__all__ = ["analyse", "library_files", "worst_path"]

CLOCK_PORTS = ("clk_i", "clk", "clock_i", "clock")
"""Ports that are the clock: the library's, and what designs with a contract of the user's own may call it."""
RESET_PORT = "rst_ni"
_OUTPUT_LOAD_INVERTERS = 4


def analyse(
    netlist: Path,
    top: str,
    technology: Technology,
    *,
    clock_mhz: float,
    clocked: bool,
    folder: Path,
    activity: Activity | None = None,
    operands: Mapping[str, Sequence[int]] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> TimingResult:
    """Worst path, highest clock and power.

    Args:
        netlist: What `synthesis.synthesise` wrote; its map lies beside it.
        top: Name of the top module.
        technology: The library that it is mapped to.
        clock_mhz: The clock it is timed at.
        clocked: Whether it has a clock (see `CLOCK_PORTS`) and a reset (`rst_ni`); else a virtual clock captures its
            outputs.
        folder: Folder of the step: script, log and `timing.json` go there.
        activity: Switching activity of a simulation.
        operands: Of a combinational design instead of `activity`: what the simulation drove, by input port, vector by
            vector. Every gate then counts with the toggles that it makes under them.
        limits: What OpenSTA may use.

    Raises:
        ToolError: OpenSTA is missing, complained about anything, or reached a limit.
        StorageError: a file cannot be written, or the netlist's map cannot be read.
    """
    make_folder(folder)
    macros = load_macros(netlist)
    design, paths = load_map(netlist, with_macros(technology.cells(), macros))
    version = OPENSTA.require().version
    legacy = tuple(int(part) for part in version.split(".")[:2]) < (2, 3)
    found = _annotations(design, paths, activity, legacy) if activity else _Annotations([], [], 0)
    constraints = _constraints(design, clock_mhz, clocked)
    script = opensta.setup_script(library_files(technology, netlist), netlist.absolute(), top, constraints)
    script += opensta.path_script()
    if operands:
        script += opensta.unit_power_script()
    else:
        arcs = _register_arcs(design, macros)
        script += opensta.activity_script(found.inputs, found.pins, arcs, legacy=legacy)
        script += opensta.power_script()
    blocks = load_blocks(netlist)
    script += block_script(design, blocks)
    done = _run(script, folder, "timing.tcl", limits)
    power = _gate_power(done, design, clock_mhz, operands) if operands else _power(done, clock_mhz, found.count)
    path = _path_in(done)
    result = _result(path, clock_mhz, power)
    result.macro_power = macro_powers(design, paths, macros, activity, clock_mhz)
    result.blocks = measure_blocks(design, blocks, done.stdout)
    write_json_atomic(folder / "timing.json", json.loads(result.model_dump_json()))
    return result


def worst_path(
    design: Netlist, netlist: Path, libraries: Sequence[Path], clock_mhz: float, clocked: bool, folder: Path, name: str
) -> PathReport:
    """Only the worst path: what synthesis compares its recipes by."""
    constraints = _constraints(design, clock_mhz, clocked)
    script = opensta.setup_script(libraries, netlist.absolute(), design.top, constraints)
    return _path_in(_run(script + opensta.path_script(), folder, name, DEFAULT_LIMITS))


def library_files(technology: Technology, netlist: Path) -> list[Path]:
    """The Liberty files that a netlist is timed with: the technology's, and that of its macros."""
    macros = liberty_path(netlist.absolute())
    return [technology.liberty, *([macros] if macros.is_file() else [])]


def _run(script: str, folder: Path, name: str, limits: Limits) -> Completed:
    tool = OPENSTA.require()
    write_text_atomic(folder / name, script)
    # No `.sta` file of the user's, no splash: only the script decides.
    done = run([tool.path, "-no_init", "-no_splash", "-exit", name], cwd=folder, limits=limits, log=folder)
    opensta.check_for_errors(done)
    return done


def _constraints(design: Netlist, clock_mhz: float, clocked: bool) -> Constraints:
    inverter = design.library.inverters()[0]
    ports = design.modules[design.top].ports
    return Constraints(
        period_ns=1000.0 / clock_mhz,
        clock_port=_clock_port(ports) if clocked else None,
        reset_port=RESET_PORT if clocked and RESET_PORT in ports else None,
        driving_cell=choose_buffer(design).name,
        output_load_ff=_OUTPUT_LOAD_INVERTERS * inverter.pins[inverter.inputs[0]].capacitance_ff,
    )


def _clock_port(ports: Iterable[str]) -> str:
    """The port that is the clock; the library's name where there is none, for the tool to complain of."""
    names = set(ports)
    return next((name for name in CLOCK_PORTS if name in names), CLOCK_PORTS[0])


def _path_in(done: Completed) -> PathReport:
    path = opensta.parse_path(done.stdout)
    if path is None:
        raise ToolFailedError(
            "OpenSTA found no timing path in the netlist", hint="the outputs depend on no input: check the RTL"
        )
    return path


def _result(path: PathReport, clock_mhz: float, power: PowerResult | None) -> TimingResult:
    period_ns = 1000.0 / clock_mhz
    return TimingResult(
        clock_mhz=clock_mhz,
        worst_slack_ns=path.slack_ns,
        fmax_mhz=1000.0 / max(period_ns - path.slack_ns, 1e-6),
        critical_path_ns=path.arrival_ns,
        critical_path=path.stages,
        power=power,
    )


def _power(done: Completed, clock_mhz: float, annotated: int) -> PowerResult:
    report = opensta.parse_power(done.stdout)
    if report is None:
        raise ToolFailedError("OpenSTA reported no power", hint="log.txt shows what it said")
    return PowerResult(
        total_mw=report.total_mw,
        internal_mw=report.internal_mw,
        switching_mw=report.switching_mw,
        leakage_mw=report.leakage_mw,
        by_group_mw=report.by_group_mw,
        activity_source="simulation" if annotated else "default",
        annotated_pins=annotated,
        clock_mhz=clock_mhz,
    )


def _gate_power(
    done: Completed, design: Netlist, clock_mhz: float, operands: Mapping[str, Sequence[int]]
) -> PowerResult:
    """Power of every gate at one toggle per cycle, times its toggles; leakage as it is."""
    gates = opensta.parse_gate_powers(done.stdout)
    toggles = gate_toggles(design, operands)
    if gates.keys() != toggles.keys():
        raise ToolFailedError("OpenSTA did not report the power of every gate", hint="log.txt shows what it said")
    internal = math.fsum(power.internal_mw * toggles[name] for name, power in gates.items())
    switching = math.fsum(power.switching_mw * toggles[name] for name, power in gates.items())
    leakage = math.fsum(power.leakage_mw for power in gates.values())
    total = internal + switching + leakage
    return PowerResult(
        total_mw=total,
        internal_mw=internal,
        switching_mw=switching,
        leakage_mw=leakage,
        by_group_mw={"combinational": total},
        activity_source="simulation",
        annotated_pins=len(toggles),
        clock_mhz=clock_mhz,
    )


@dataclass(frozen=True)
class _Annotations:
    """What the simulation says of the netlist: input ports, pins, and how many signals' bits were found."""

    inputs: list[PinActivity]
    pins: list[PinActivity]
    count: int


class _Table:
    """Names by equal activity, so that one command annotates many."""

    def __init__(self) -> None:
        self.names: dict[tuple[float, float], list[str]] = {}

    def add(self, activity: tuple[float, float], *names: str) -> None:
        # Rounded so that many share a command; far finer than a simulation's accuracy.
        self.names.setdefault((round(activity[0], 5), round(activity[1], 3)), []).extend(names)

    def grouped(self) -> list[PinActivity]:
        return [PinActivity(toggles, duty, tuple(names)) for (toggles, duty), names in sorted(self.names.items())]


def _annotations(design: Netlist, paths: dict[str, dict[str, str]], activity: Activity, legacy: bool) -> _Annotations:
    """Activity of input ports and registers, of every instance of every module."""
    ports, pins = _Table(), _Table()
    count = 0
    for name, port in design.modules[design.top].ports.items():
        for index in range(len(port.bits) if port.direction == "input" and name not in CLOCK_PORTS else 0):
            found = activity.bit(name, index)
            if found is not None:
                ports.add(found, name if len(port.bits) == 1 else f"{name}[{index}]")
                count += 1
    registers = {name: list(_registers(design, module)) for name, module in design.modules.items()}
    outputs = {name: list(_macro_outputs(design, module, paths[name])) for name, module in design.modules.items()}
    constants = {name: list(_constant_pins(design, module)) for name, module in design.modules.items()}
    for module_name, place, path in instance_scopes(design, paths):
        for pin, signal, index in outputs[module_name]:
            measured_output = activity.bit(f"{path}{signal}", index)
            if measured_output is not None:
                pins.add(measured_output, f"{place}{pin}")
                count += 1
        for value, pin in constants[module_name] if legacy else ():
            pins.add((0.0, float(value)), f"{place}{pin}")
        for register in registers[module_name]:
            measured = (activity.bit(f"{path}{signal}", index) for signal, index in register.names)
            found = next((item for item in measured if item is not None), None)
            if found is None:
                continue
            count += 1
            pins.add(found, f"{place}{register.cell}/{register.output}")
            if legacy:
                pins.add(found, f"{place}{register.cell}/{register.data}")
    return _Annotations(ports.grouped(), pins.grouped(), count)


def _macro_outputs(design: Netlist, module: Module, paths: Mapping[str, str]) -> Iterator[tuple[str, str, int]]:
    """Outputs of macros bit by bit: pin in the netlist, signal in the RTL, index."""
    for cell, instance in module.cells.items():
        for pin, bits in instance.pins.items() if design.is_macro(instance) else ():
            if design.is_output(instance, pin):
                yield from (
                    (_pin_name(cell, pin, bits, index), f"{paths[cell]}.{pin}", index) for index in range(len(bits))
                )


def _pin_name(cell: str, pin: str, bits: Sequence[Bit], index: int) -> str:
    """A bit of a leaf pin: only macros have wider ones."""
    return f"{cell}/{pin}" if len(bits) == 1 else f"{cell}/{pin}[{index}]"


@dataclass(frozen=True)
class _Register:
    """A register: its cell, its data and output pins, the RTL names of what it holds."""

    cell: str
    data: str
    output: str
    names: list[tuple[str, int]]


def _registers(design: Netlist, module: Module) -> Iterator[_Register]:
    for cell, instance in module.cells.items():
        if not design.is_register(instance):
            continue
        data = next((pin for pin in ("D", "d", "DATA") if pin in instance.pins), None)
        for pin, bits in instance.pins.items():
            if data and design.is_output(instance, pin) and isinstance(bits[0], int) and bits[0] in module.names:
                yield _Register(cell, data, pin, module.names[bits[0]])


def _constant_pins(design: Netlist, module: Module) -> Iterator[tuple[str, str]]:
    """Leaf pins of a module that are tied to a constant without a tie cell: value and pin."""
    for cell, instance in module.cells.items():
        if instance.type in design.modules:
            continue  # `netlist_constants` left none on a port that its module reads
        for pin, bits in instance.pins.items():
            for index, bit in enumerate(bits):
                if bit in ("0", "1") and not design.is_output(instance, pin):
                    yield str(bit), _pin_name(cell, pin, bits, index)


def _register_arcs(design: Netlist, macros: Sequence[Macro]) -> list[RegisterArc]:
    """Arcs from clock to output of the library registers and of the macros that the netlist uses."""
    used = {instance.type for module in design.modules.values() for instance in module.cells.values()}
    of_macros = [
        RegisterArc(macro.cell_name, clock, f"{output}[{index}]" if width > 1 else output)
        for macro in macros
        if macro.cell_name in used
        for clock, pin in macro.cell().pins.items()
        if pin.clock
        for output, (direction, width) in macro.ports.items()
        if direction == "output"
        for index in range(width)
    ]
    return of_macros + [
        RegisterArc(cell.name, clock, output)
        for cell in design.library.flip_flops()
        if cell.name in used
        for clock in cell.inputs
        if cell.pins[clock].clock
        for output in cell.outputs
    ]
