"""Timing and power of a mapped netlist with OpenSTA.

Conditions, the same for every design: inputs arrive with the clock edge from a library buffer, outputs drive four
inverters and are captured at the next edge, the clock is ideal, wires have no load, the reset is not timed.
Power comes from the activity of a simulation where one is given (registers and inputs are annotated, OpenSTA propagates
through the gates), else from OpenSTA's default input activity; the result says which.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import ToolFailedError
from tpugen.flows import opensta
from tpugen.flows.activity import Activity
from tpugen.flows.netlist import Bit, Netlist
from tpugen.flows.netlist_passes import choose_buffer
from tpugen.flows.netlist_verilog import load_map
from tpugen.flows.opensta import Constraints, PathReport, PinActivity
from tpugen.flows.process import DEFAULT_LIMITS, Completed, Limits, run
from tpugen.flows.technology import Technology
from tpugen.flows.tools import OPENSTA
from tpugen.results import PowerResult, TimingResult
from tpugen.storage import make_folder, write_json_atomic, write_text_atomic

__all__ = ["analyse", "worst_path"]

CLOCK_PORT = "clk_i"
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
    limits: Limits = DEFAULT_LIMITS,
) -> TimingResult:
    """Worst path, highest clock and power.

    Args:
        netlist: What `synthesis.synthesise` wrote; its map lies beside it.
        top: Name of the top module.
        technology: The library that it is mapped to.
        clock_mhz: The clock it is timed at.
        clocked: Whether it has a clock (`clk_i`) and a reset (`rst_ni`); else a virtual clock captures its outputs.
        folder: Folder of the step: script, log and `timing.json` go there.
        activity: Switching activity of a simulation.
        limits: What OpenSTA may use.

    Raises:
        ToolError: OpenSTA is missing, complained about anything, or reached a limit.
        StorageError: a file cannot be written, or the netlist's map cannot be read.
    """
    make_folder(folder)
    design, paths = load_map(netlist, technology.cells())
    inputs, pins, annotated = _annotations(design, paths, activity) if activity else ([], [], 0)
    script = (
        opensta.setup_script(technology.liberty, netlist.absolute(), top, _constraints(design, clock_mhz, clocked))
        + opensta.path_script()
        + opensta.activity_script(inputs, pins)
        + opensta.power_script()
    )
    done = _run(script, folder, "timing.tcl", limits)
    path = _path_in(done)
    result = _result(path, clock_mhz, _power(done, clock_mhz, activity is not None, annotated))
    write_json_atomic(folder / "timing.json", json.loads(result.model_dump_json()))
    return result


def worst_path(
    design: Netlist, netlist: Path, technology: Technology, clock_mhz: float, clocked: bool, folder: Path, name: str
) -> PathReport:
    """Only the worst path: what synthesis compares its recipes by."""
    constraints = _constraints(design, clock_mhz, clocked)
    script = opensta.setup_script(technology.liberty, netlist.absolute(), design.top, constraints)
    return _path_in(_run(script + opensta.path_script(), folder, name, DEFAULT_LIMITS))


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
        clock_port=CLOCK_PORT if clocked else None,
        reset_port=RESET_PORT if clocked and RESET_PORT in ports else None,
        driving_cell=choose_buffer(design).name,
        output_load_ff=_OUTPUT_LOAD_INVERTERS * inverter.pins[inverter.inputs[0]].capacitance_ff,
    )


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


def _power(done: Completed, clock_mhz: float, simulated: bool, annotated: int) -> PowerResult:
    report = opensta.parse_power(done.stdout)
    if report is None:
        raise ToolFailedError("OpenSTA reported no power", hint="log.txt shows what it said")
    return PowerResult(
        total_mw=report.total_mw,
        internal_mw=report.internal_mw,
        switching_mw=report.switching_mw,
        leakage_mw=report.leakage_mw,
        by_group_mw=report.by_group_mw,
        activity_source="simulation" if simulated and annotated else "default",
        annotated_pins=annotated,
        clock_mhz=clock_mhz,
    )


@dataclass(frozen=True)
class _Scope:
    """One module instance of the elaborated netlist: its module, its path in the netlist and in the RTL."""

    module: str
    netlist_path: str
    rtl_path: str
    parent: _Scope | None
    instance: str


def _annotations(
    design: Netlist, paths: dict[str, dict[str, str]], activity: Activity
) -> tuple[list[PinActivity], list[PinActivity], int]:
    """Activity of input ports and of register pins, and how many register outputs and input bits were annotated."""
    ports: dict[tuple[float, float], list[str]] = {}
    pins: dict[tuple[float, float], list[str]] = {}
    annotated = 0
    top = design.modules[design.top]
    for name, port in top.ports.items():
        for index in range(len(port.bits) if port.direction == "input" and name != CLOCK_PORT else 0):
            found = activity.bit(name, index)
            if found is not None:
                key = (round(found[0], 5), round(found[1], 3))
                ports.setdefault(key, []).append(name if len(port.bits) == 1 else f"{name}[{index}]")
                annotated += 1
    sinks = _Sinks(design)
    for scope in _scopes(design, paths):
        prefix = f"{scope.netlist_path}/" if scope.netlist_path else ""
        for cell, places in sinks.constants(scope.module):
            pins.setdefault((0.0, float(cell)), []).extend(f"{prefix}{place}" for place in places)
        for name, data_pin, output_pin, output, candidates in sinks.registers(scope.module):
            for signal, index in candidates:
                found = activity.bit(f"{scope.rtl_path}.{signal}" if scope.rtl_path else signal, index)
                if found is None:
                    continue
                key = (round(found[0], 5), round(found[1], 3))
                own = pins.setdefault(key, [])
                own += [f"{prefix}{name}/{output_pin}", f"{prefix}{name}/{data_pin}"]
                own += sinks.loads(scope, output)
                annotated += 1
                break
    return _grouped(ports), _grouped(pins), annotated


def _grouped(table: dict[tuple[float, float], list[str]]) -> list[PinActivity]:
    return [PinActivity(toggles, duty, tuple(names)) for (toggles, duty), names in sorted(table.items())]


def _scopes(design: Netlist, paths: dict[str, dict[str, str]]) -> Iterator[_Scope]:
    stack = [_Scope(design.top, "", "", None, "")]
    while stack:
        scope = stack.pop()
        yield scope
        for name, instance in design.children(design.modules[scope.module]):
            rtl_name = paths[scope.module][name]
            stack.append(
                _Scope(
                    instance.type,
                    f"{scope.netlist_path}/{name}" if scope.netlist_path else name,
                    f"{scope.rtl_path}.{rtl_name}" if scope.rtl_path else rtl_name,
                    scope,
                    name,
                )
            )


class _Sinks:
    """Which leaf pins each net of each module reaches, through instances downwards and output ports upwards."""

    def __init__(self, design: Netlist) -> None:
        self.design = design
        self.down: dict[str, dict[Bit, list[str]]] = {}
        self.up: dict[str, dict[Bit, tuple[str, int]]] = {}
        for name, module in design.modules.items():
            nets: dict[Bit, list[str]] = {}
            for cell, instance in module.cells.items():
                child = design.modules.get(instance.type)
                for pin, bits in instance.pins.items():
                    if design.is_output(instance, pin):
                        continue
                    for index, bit in enumerate(bits):
                        if child is None:
                            nets.setdefault(bit, []).append(f"{cell}/{pin}")
                        else:
                            below = self.down[child.name].get(child.ports[pin].bits[index], ())
                            nets.setdefault(bit, []).extend(f"{cell}/{place}" for place in below)
            self.down[name] = nets
            self.up[name] = {
                bit: (port_name, index)
                for port_name, port in module.ports.items()
                if port.direction == "output"
                for index, bit in enumerate(port.bits)
            }
        self._registers = {name: list(self._find_registers(name)) for name in design.modules}

    def constants(self, module: str) -> list[tuple[str, list[str]]]:
        """Pins tied to a constant without a tie cell."""
        return [(value, self.down[module][value]) for value in ("0", "1") if value in self.down[module]]

    def registers(self, module: str) -> list[tuple[str, str, str, Bit, list[tuple[str, int]]]]:
        """Registers: name, data pin, output pin, output net, RTL names of the net."""
        return self._registers[module]

    def loads(self, scope: _Scope, net: Bit) -> list[str]:
        """Leaf pins that a net of this instance drives, as paths from the top."""
        prefix = f"{scope.netlist_path}/" if scope.netlist_path else ""
        found = [f"{prefix}{place}" for place in self.down[scope.module].get(net, ())]
        port = self.up[scope.module].get(net)
        if port is not None and scope.parent is not None:
            instance = self.design.modules[scope.parent.module].cells[scope.instance]
            found += self.loads(scope.parent, instance.pins[port[0]][port[1]])
        return found

    def _find_registers(self, name: str) -> Iterator[tuple[str, str, str, Bit, list[tuple[str, int]]]]:
        module = self.design.modules[name]
        for cell, instance in module.cells.items():
            if not self.design.is_register(instance):
                continue
            data = next((pin for pin in ("D", "d", "DATA") if pin in instance.pins), None)
            for pin, bits in instance.pins.items():
                if data and self.design.is_output(instance, pin) and bits[0] in module.names:
                    yield cell, data, pin, bits[0], module.names[bits[0]]  # type: ignore[index]
