"""What a mapped netlist still needs before it is real: tied constants, separate outputs, bounded fan-out.

Synthesis maps logic, but leaves one flip-flop driving the clock enable of a whole array. Real flows buffer such nets
after placement; here every net but the clocks gets a tree of the library's buffers as soon as it has more than
`MAX_FANOUT` loads, counted through module boundaries, so that area, timing and power include it. The clock stays ideal.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tpugen.flows.liberty import Cell
from tpugen.flows.netlist import Bit, Instance, Module, Netlist
from tpugen.flows.netlist_constants import spread_constants

__all__ = ["MAX_FANOUT", "buffer_fanout", "choose_buffer", "finish", "separate_outputs", "tie_constants"]

MAX_FANOUT = 16
"""Most input pins that one net drives."""

MAX_LOAD_FRACTION = 0.35
"""Most load that a driver gets, as a fraction of what its library allows: at the limit, edges are very slow."""

_FEWEST_LOADS = 4

_HEADROOM = 2.0
"""A buffer must be allowed this much more load than `MAX_FANOUT` typical inputs, so that it is not slow."""


def finish(netlist: Netlist, max_fanout: int = MAX_FANOUT) -> None:
    """All passes, in place, in the order in which they make sense."""
    spread_constants(netlist)
    for module in netlist.modules.values():
        tie_constants(netlist, module)
        separate_outputs(netlist, module)
    buffer_fanout(netlist, max_fanout)


def choose_buffer(netlist: Netlist, max_fanout: int = MAX_FANOUT) -> Cell:
    """The smallest plain buffer that may drive `max_fanout` typical inputs with headroom, else the strongest."""
    needed = _HEADROOM * max_fanout * netlist.library.typical_input_ff()
    buffers = netlist.library.buffers()

    def largest_load(cell: Cell) -> float:
        return cell.pins[cell.outputs[0]].max_capacitance_ff or 0.0

    strong = [cell for cell in buffers if largest_load(cell) >= needed]
    return strong[0] if strong else max(buffers, key=lambda cell: (largest_load(cell), -cell.area_um2))


def tie_constants(netlist: Netlist, module: Module) -> None:
    """Drive constant pins from tie cells, where the library has them; else they stay constants.

    Each output port's bit has a tie cell of its own; the pins within share one, which needs no buffers for them.
    """
    count = 0
    for value in ("0", "1"):
        cell = netlist.library.tie_cell(int(value))
        if cell is None:
            continue
        places = [
            (bits, index)
            for instance in module.cells.values()
            for pin, bits in instance.pins.items()
            if not netlist.is_output(instance, pin)
            for index, bit in enumerate(bits)
            if bit == value
        ]
        groups = [places] if places else []
        groups += [
            [(port.bits, index)]
            for port in module.ports.values()
            if port.direction == "output"
            for index, bit in enumerate(port.bits)
            if bit == value
        ]
        output = next(pin for pin in cell.outputs if cell.pins[pin].function == value)
        for group in groups:
            net = module.new_net()
            module.cells[f"tie_{count}"] = Instance(cell.name, {output: [net]})
            count += 1
            for bits, index in group:
                bits[index] = net


def separate_outputs(netlist: Netlist, module: Module) -> None:
    """Buffer output bits that share a net with an input or with another output: each then has a driver of its own."""
    buffer = choose_buffer(netlist)
    taken: set[Bit] = {bit for port in module.ports.values() if port.direction != "output" for bit in port.bits}
    count = 0
    for port in module.ports.values():
        if port.direction != "output":
            continue
        for index, bit in enumerate(port.bits):
            if bit in taken:
                net = module.new_net()
                module.cells[f"output_buffer_{count}"] = _buffer_instance(buffer, bit, net)
                port.bits[index] = net
                count += 1
            elif isinstance(bit, int):
                taken.add(bit)


def buffer_fanout(netlist: Netlist, max_fanout: int = MAX_FANOUT) -> int:
    """Bound the fan-out of every net but clocks and constants, children first; returns how many buffers were added.

    A weak driver gets fewer loads than `max_fanout`: as many typical inputs as `MAX_LOAD_FRACTION` of its limit.
    """
    buffer = choose_buffer(netlist, max_fanout)
    clocks: dict[str, set[str]] = {}
    loads: dict[tuple[str, str, int], int] = {}
    limits = _limits(netlist, max_fanout)
    added = 0
    for module in netlist.modules.values():
        clock_nets = _clock_nets(netlist, module, clocks)
        clocks[module.name] = {
            name for name, port in module.ports.items()
            if port.direction == "input" and any(bit in clock_nets for bit in port.bits)
        }  # fmt: skip
        sinks = _sinks(netlist, module, loads)
        drivers = _drivers(netlist, module)
        for net, places in sinks.items():
            if net in drivers and not netlist.library.cells[drivers[net]].inputs:  # a tie cell
                continue
            limit = limits.get(drivers.get(net, ""), max_fanout)
            if net not in clock_nets and sum(place.load for place in places) > limit:
                sinks[net], count = _tree(module, net, places, buffer, (limit, limits[buffer.name]), added)
                added += count
        for name, port in module.ports.items():
            if port.direction == "input":
                for index, bit in enumerate(port.bits):
                    loads[module.name, name, index] = sum(place.load for place in sinks.get(bit, ()))
    return added


def _limits(netlist: Netlist, max_fanout: int) -> dict[str, int]:
    """Most loads of each library cell."""
    typical = netlist.library.typical_input_ff()
    limits = {}
    for cell in netlist.library.cells.values():
        loads = [cell.pins[pin].max_capacitance_ff for pin in cell.outputs]
        weakest = min((load for load in loads if load), default=None)
        allowed = max_fanout if weakest is None else int(MAX_LOAD_FRACTION * weakest / typical)
        limits[cell.name] = max(min(_FEWEST_LOADS, max_fanout), min(max_fanout, allowed))
    return limits


def _drivers(netlist: Netlist, module: Module) -> dict[Bit, str]:
    """The cell that drives each net; nets from ports and from instances of modules are left out."""
    return {
        bit: instance.type
        for instance in module.cells.values()
        if instance.type not in netlist.modules
        for pin, bits in instance.pins.items()
        if netlist.is_output(instance, pin)
        for bit in bits
    }


@dataclass(frozen=True)
class _Sink:
    """One place that loads a net: a list of bits, the index in it, and how many pins it stands for."""

    bits: list[Bit]
    index: int
    load: int


def _clock_nets(netlist: Netlist, module: Module, clocks: dict[str, set[str]]) -> set[Bit]:
    nets: set[Bit] = set()
    for instance in module.cells.values():
        if instance.type in clocks:
            for pin in clocks[instance.type]:
                nets.update(instance.pins.get(pin, ()))
            continue
        cell = netlist.library.cells[instance.type]
        for pin, bits in instance.pins.items():
            if cell.pins[pin].clock:
                nets.update(bits)
    return nets


def _sinks(netlist: Netlist, module: Module, loads: dict[tuple[str, str, int], int]) -> dict[Bit, list[_Sink]]:
    """Loads of each net; the places nearest to an output port come last, because trees are built from the front."""
    sinks: dict[Bit, list[_Sink]] = {}
    for instance in module.cells.values():
        for pin, bits in instance.pins.items():
            if netlist.is_output(instance, pin):
                continue
            for index, bit in enumerate(bits):
                if isinstance(bit, int):
                    load = loads.get((instance.type, pin, index), 1)
                    sinks.setdefault(bit, []).append(_Sink(bits, index, load))
    for port in module.ports.values():
        if port.direction == "output":
            for index, bit in enumerate(port.bits):
                if isinstance(bit, int):
                    sinks.setdefault(bit, []).append(_Sink(port.bits, index, 1))
    return sinks


def _tree(
    module: Module, net: Bit, places: list[_Sink], buffer: Cell, limits: tuple[int, int], serial: int
) -> tuple[list[_Sink], int]:
    """Put buffers between a net and its loads until few enough are left at the root.

    Taking the loads from the front and putting each new buffer at the end builds a balanced tree of the fewest buffers.
    A module instance's input may stand for several loads and is never split. `limits` are the root's and a buffer's.
    """
    root_limit, buffer_limit = limits
    ports = {id(port.bits) for port in module.ports.values()}
    # An output port's bit names its net: it stays at the root.
    fixed = [place for place in places if id(place.bits) in ports]
    # Largest first: then a group never ends at a small load because a large one follows.
    free = (place for place in places if id(place.bits) not in ports)
    queue = deque(sorted(free, key=lambda place: -place.load))
    total = sum(place.load for place in places)
    count = 0
    while total > root_limit and queue:
        group: list[_Sink] = []
        size = 0
        wanted = min(buffer_limit, total - root_limit + 1)
        while queue and size < wanted and (not group or size + queue[0].load <= buffer_limit):
            group.append(queue.popleft())
            size += group[-1].load
        if size <= 1:
            break
        output = module.new_net()
        instance = _buffer_instance(buffer, net, output)
        module.cells[f"fanout_{serial + count}"] = instance
        count += 1
        for place in group:
            place.bits[place.index] = output
        queue.append(_Sink(instance.pins[buffer.inputs[0]], 0, 1))
        total -= size - 1
    return [*queue, *fixed], count


def _buffer_instance(buffer: Cell, source: Bit, target: int) -> Instance:
    return Instance(buffer.name, {buffer.inputs[0]: [source], buffer.outputs[0]: [target]})
