"""Constants through the modules of a netlist: what it does stays, what never changes goes."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.flows.liberty import LibertySummary, parse_liberty
from tpugen.flows.netlist import Bit, Instance, Module, Netlist, Port
from tpugen.flows.netlist_constants import spread_constants
from tpugen.flows.netlist_passes import finish
from tpugen.flows.netlist_verilog import write_netlist
from tpugen.flows.synthesis import synthesise
from tpugen.flows.technology import find_technology
from tpugen.flows.timing import analyse

LIBRARY = """library (gates) { nom_voltage : 1.0;
  cell (INV) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "A'"; } }
  cell (BUF) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (NAND2) { area : 2; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "(A B)'"; } }
  cell (MUX2) { area : 3; pin (A) { direction : input; } pin (B) { direction : input; } pin (S) { direction : input; }
    pin (Y) { direction : output; function : "(S B) + (S' A)"; } }
  cell (DFF) { area : 9; ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (CK) { direction : input; clock : true; } pin (D) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
}"""
GATES = {
    "INV": lambda A: 1 - A,
    "BUF": lambda A: A,
    "NAND2": lambda A, B: 1 - (A & B),
    "MUX2": lambda A, B, S: B if S else A,
}
WIDTH = 3
"""Inputs of the top, and of each module."""


def evaluate(netlist: Netlist, name: str, inputs: dict[str, list[int]]) -> dict[str, list[int]]:
    """Outputs of a combinational module, straight from what its cells mean; cells may come in any order."""
    module = netlist.modules[name]
    nets: dict[Bit, int] = {"0": 0, "1": 1}
    for pin, values in inputs.items():
        nets.update(zip(module.ports[pin].bits, values, strict=True))
    waiting = dict(module.cells)
    while waiting:
        ready = [
            key for key, cell in waiting.items()
            if all(bit in nets for pin, bits in cell.pins.items() if not netlist.is_output(cell, pin) for bit in bits)
        ]  # fmt: skip
        assert ready, "a net without a driver, or a loop"
        for key in ready:
            cell = waiting.pop(key)
            inner = {
                pin: [nets[b] for b in bits] for pin, bits in cell.pins.items() if not netlist.is_output(cell, pin)
            }
            if cell.type in netlist.modules:
                found = evaluate(netlist, cell.type, inner)
            else:
                found = {"Y": [GATES[cell.type](**{pin: values[0] for pin, values in inner.items()})]}
            for pin, values in found.items():
                nets.update(zip(cell.pins.get(pin, []), values, strict=True))
    return {n: [nets[bit] for bit in port.bits] for n, port in module.ports.items() if port.direction == "output"}


@st.composite
def modules(draw: st.DrawFn, name: str, children: tuple[str, ...]) -> Module:
    """A random module of gates and of instances of others; each net is read or not, and some pins are constant."""
    nets: list[Bit] = ["0", "1", *range(1, WIDTH + 1)]
    cells = {}
    for index in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from([*GATES, *children, *children]))
        net = 100 * (index + 1)
        if kind in children:
            driven: list[Bit] = [net, net + 1]
            pins = {"a_i": [draw(st.sampled_from(nets)) for _ in range(WIDTH)], "y_o": driven}
        else:
            driven = [net]
            pins = {pin: [draw(st.sampled_from(nets))] for pin in GATES[kind].__code__.co_varnames} | {"Y": driven}
        cells[f"c{index}"] = Instance(kind, pins)
        nets += driven
    outputs = [draw(st.sampled_from(nets)) for _ in range(2)]
    ports = {"a_i": Port("input", list(range(1, WIDTH + 1))), "y_o": Port("output", outputs)}
    return Module(name, name, ports, cells, {}, 10_000)


@st.composite
def netlists(draw: st.DrawFn) -> Netlist:
    parts = [draw(modules("leaf", ())), draw(modules("middle", ("leaf",))), draw(modules("top", ("leaf", "middle")))]
    used = {cell.type for part in parts for cell in part.cells.values()}
    kept = {part.name: part for part in parts if part.name in used or part.name == "top"}
    return Netlist("top", kept, parse_liberty(LIBRARY, "gates.lib"))


@settings(max_examples=300, deadline=None)
@given(netlists())
def test_function_stays_and_constants_go(netlist: Netlist) -> None:
    cases = [list(case) for case in product((0, 1), repeat=WIDTH)]
    before = [evaluate(netlist, "top", {"a_i": case}) for case in cases]
    spread_constants(netlist)
    assert [evaluate(netlist, "top", {"a_i": case}) for case in cases] == before
    order = list(netlist.modules)
    for module in netlist.modules.values():
        read = {bit for port in module.ports.values() if port.direction == "output" for bit in port.bits}
        read |= {
            bit for cell in module.cells.values() for pin, bits in cell.pins.items()
            if not netlist.is_output(cell, pin) for bit in bits
        }  # fmt: skip
        for cell in module.cells.values():
            if cell.type in netlist.modules:
                assert order.index(cell.type) < order.index(module.name)
                child = netlist.modules[cell.type]
                inside = {bit for one in child.cells.values() for bits in one.pins.values() for bit in bits}
                for index, bit in enumerate(cell.pins["a_i"]):
                    # A constant stays outside only where nobody inside looks at it.
                    assert isinstance(bit, int) or child.ports["a_i"].bits[index] not in inside
            else:
                values = [bits[0] for pin, bits in cell.pins.items() if pin != "Y"]
                outcomes = {
                    GATES[cell.type](*(int(v) if isinstance(v, str) else next(free) for v in values))
                    for free in map(iter, product((0, 1), repeat=len(values)))
                }
                assert len(outcomes) == 2, f"{cell} is constant"
                assert cell.pins["Y"][0] in read, f"{cell} drives nothing"


def test_instances_share_a_module_where_their_constants_are_equal() -> None:
    leaf = Module(
        "leaf", "leaf", {"a_i": Port("input", [1]), "b_i": Port("input", [2]), "y_o": Port("output", [3])},
        {"g": Instance("NAND2", {"A": [1], "B": [2], "Y": [3]})}, {}, 3,
    )  # fmt: skip
    drives = ["0", "0", "1", 1]
    cells = {f"u{n}": Instance("leaf", {"a_i": [bit], "b_i": [1], "y_o": [10 + n]}) for n, bit in enumerate(drives)}
    ports = {"a_i": Port("input", [1]), "y_o": Port("output", [10 + n for n in range(len(drives))])}
    netlist = Netlist("top", {"leaf": leaf, "top": Module("top", "top", ports, cells, {}, 20)}, library())
    spread_constants(netlist)
    assert cells["u0"].type == cells["u1"].type
    assert len({cell.type for cell in cells.values()}) == 3
    assert cells["u3"].type == "leaf"
    assert {netlist.modules[cell.type].source for cell in cells.values()} == {"leaf"}
    assert netlist.modules[cells["u0"].type].cells == {}
    assert ports["y_o"].bits[:2] == ["1", "1"]


def library() -> LibertySummary:
    return parse_liberty(LIBRARY, "gates.lib")


def test_flip_flops_keep_what_they_hold() -> None:
    """A register behind a constant is no constant: what it held before the first edge counts."""
    cells = {
        "g": Instance("INV", {"A": ["0"], "Y": [2]}),
        "r": Instance("DFF", {"CK": [1], "D": [2], "Q": [3]}),
        "unread": Instance("DFF", {"CK": [1], "D": [3], "Q": [4]}),
    }
    ports = {"clk_i": Port("input", [1]), "y_o": Port("output", [3])}
    netlist = Netlist("top", {"top": Module("top", "top", ports, cells, {}, 4)}, library())
    spread_constants(netlist)
    assert cells == {"r": Instance("DFF", {"CK": [1], "D": ["1"], "Q": [3]})}


def test_power_of_a_module_with_a_constant_at_its_port(tmp_path: Path) -> None:
    """OpenSTA crashes where a constant input drives gates that drive gates: none of these may be left."""
    osu018 = find_technology("osu018")
    cells = {"g": Instance("INVX1", {"A": [1], "Y": [2]})}
    for index in range(256):
        if index % 16 == 0:
            cells[f"f{index}"] = Instance("INVX1", {"A": [2], "Y": [3000 + index]})
        cells[f"h{index}"] = Instance("INVX1", {"A": [3000 + index // 16 * 16], "Y": [1000 + index]})
        # The same operands: a NAND of them never changes, a NOR does.
        for kind, net in (("NAND2X1", 4000), ("NOR2X1", 2000)):
            pins: dict[str, list[Bit]] = {"A": [1000 + index], "B": [100 + index], "Y": [net + index]}
            cells[f"{kind}{index}"] = Instance(kind, pins)
    wide = [100 + index for index in range(256)]
    results = [net + index for net in (2000, 4000) for index in range(256)]
    ports = {"t_i": Port("input", [1]), "a_i": Port("input", list(wide)), "y_o": Port("output", list(results))}
    child = Module("child", "child", ports, cells, {}, 5000)
    instance = Instance("child", {"t_i": ["1"], "a_i": list(wide), "y_o": list(results)})
    top_ports = {"a_i": Port("input", list(wide)), "y_o": Port("output", list(results))}
    top = Module("top", "top", top_ports, {"u": instance}, {}, 5000)
    netlist = Netlist("top", {"child": child, "top": top}, osu018.cells())
    finish(netlist)
    write_netlist(netlist, tmp_path / "netlist.v")
    timing = analyse(tmp_path / "netlist.v", "top", osu018, clock_mhz=100, clocked=False, folder=tmp_path / "sta")
    assert timing.power is not None and timing.power.total_mw > 0
    assert sum(cell.type == "NOR2X1" for cell in child.cells.values()) == 256


@pytest.mark.parametrize("mode", ["flat", "hierarchical"])
def test_bits_of_a_port_may_be_constant(mode: str, tmp_path: Path) -> None:
    """Instances whose ports are constant in part, differently: neither mode leaves the gates that these feed."""
    source = tmp_path / "top.v"
    source.write_text(
        """module unit (input wire clk_i, input wire [8:0] mode_i, input wire [7:0] a_i, output reg [7:0] y_o);
          always @(posedge clk_i) y_o <= mode_i[8] ? a_i & mode_i[7:0] : a_i ^ mode_i[7:0];
        endmodule
        module top (input wire clk_i, input wire [1:0] m_i, input wire [15:0] a_i, output wire [15:0] y_o);
          unit u0 (.clk_i(clk_i), .mode_i({m_i[0], 8'h00}), .a_i(a_i[7:0]), .y_o(y_o[7:0]));
          unit u1 (.clk_i(clk_i), .mode_i({m_i[1], 8'hff}), .a_i(a_i[15:8]), .y_o(y_o[15:8]));
        endmodule
        """
    )
    found = synthesise([source], "top", find_technology("osu018"), clock_mhz=100, folder=tmp_path / "s", mode=mode)
    assert found.flip_flops == 16
    # a & 00 or a ^ 00: NOR or AND; a & ff or a ^ ff: XOR. A generic unit has a multiplexer and an XOR by bit.
    assert found.cells <= 16 + 2 * 8 * 3
