"""Toggles of a combinational netlist's gates, and power from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tpugen.errors import ToolFailedError
from tpugen.flows.gate_activity import gate_toggles
from tpugen.flows.liberty_function import read_function
from tpugen.flows.netlist import Instance, Module, Netlist, Port
from tpugen.flows.netlist_verilog import load_map
from tpugen.flows.opensta import parse_gate_powers
from tpugen.flows.synthesis import synthesise
from tpugen.flows.technology import find_technology
from tpugen.flows.timing import analyse

ADDER = """module top (input wire [3:0] a_i, input wire [3:0] b_i, output wire [4:0] s_o);
  assign s_o = a_i + b_i;
endmodule
"""


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("A", "a"), ("!A", "not a"), ("A'", "not a"), ("(!(A B))", "not (a and b)"), ("A*B+C", "a and b or c"),
        ("A & B ^ C", "a and (b != c)"), ("!(A|B)&!C", "not (a or b) and not c"),
        ("(A & B)' | C", "not (a and b) or c"),
        ("((S A) + (B S'))", None),
    ],
)  # fmt: skip
def test_liberty_functions(text: str, python: str | None) -> None:
    bits = [np.array(x, dtype=bool) for x in zip(*((i & 1, i >> 1 & 1, i >> 2 & 1) for i in range(8)), strict=True)]
    inputs = dict(zip("ABC", bits, strict=True)) | {"S": bits[2]}
    found = read_function(text)(inputs).tolist()
    for index, value in enumerate(found):
        a, b, c = (bool(bit[index]) for bit in bits)
        assert value == (eval(python) if python else (a if c else b))


@pytest.mark.parametrize("text", ["A &", "(A", "A)", ""])
def test_unreadable_functions(text: str) -> None:
    with pytest.raises(ToolFailedError, match="cannot read the Liberty function"):
        read_function(text)


def test_gates_of_an_adder_toggle_as_its_sums_do(tmp_path: Path) -> None:
    technology = find_technology("osu018")
    source = tmp_path / "top.v"
    source.write_text(ADDER)
    synthesise([source], "top", technology, clock_mhz=100.0, folder=tmp_path / "synth")
    design, _ = load_map(tmp_path / "synth" / "netlist.v", technology.cells())
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 16, 500), rng.integers(0, 16, 500)
    toggles = gate_toggles(design, {"a_i": a.tolist(), "b_i": b.tolist()})
    cells = design.modules["top"].cells
    for index, bit in enumerate(design.modules["top"].ports["s_o"].bits):
        (driver,) = [
            name for name, cell in cells.items()
            for pin, bits in cell.pins.items() if design.is_output(cell, pin) and bits == [bit]
        ]  # fmt: skip
        sums = (a + b) >> index & 1
        assert toggles[driver] == pytest.approx((sums[1:] != sums[:-1]).mean())

    quiet = {"a_i": [5, 5, 5], "b_i": [9, 9, 9]}
    busy = {"a_i": [0, 15, 0], "b_i": [0, 1, 0]}
    powers = [
        analyse(
            tmp_path / "synth" / "netlist.v", "top", technology, clock_mhz=100.0, clocked=False,
            folder=tmp_path / f"sta{index}", operands=operands,
        ).power
        for index, operands in enumerate((quiet, busy))
    ]  # fmt: skip
    assert powers[0] is not None
    assert powers[1] is not None
    assert powers[0].total_mw == powers[0].leakage_mw
    assert powers[1].total_mw > 100 * powers[0].total_mw
    assert powers[1].activity_source == "simulation"
    assert powers[1].annotated_pins == len(cells)


def test_a_loop_and_a_register_are_refused() -> None:
    library = find_technology("osu018").cells()

    def design(kind: str, pins: dict[str, list[int | str]]) -> Netlist:
        module = Module("top", "top", {"a": Port("input", [2])}, {"g": Instance(kind, pins)}, {})
        return Netlist("top", {"top": module}, library)

    with pytest.raises(ToolFailedError, match="combinational loop"):
        gate_toggles(design("NAND2X1", {"A": [2], "B": [3], "Y": [3]}), {"a": [0, 1]})
    with pytest.raises(ToolFailedError, match="DFFPOSX1 is not a combinational cell"):
        gate_toggles(design("DFFPOSX1", {"D": [2], "CLK": [2], "Q": [3]}), {"a": [0, 1]})
    assert gate_toggles(design("INVX1", {"A": [2], "Y": [3]}), {"a": [0, 1, 1, 0, 1]}) == {"g": 0.75}


def test_gate_powers_are_parsed() -> None:
    text = """     Internal    Switching      Leakage        Total
        Power        Power        Power        Power
----------------------------------------------------
 3.305486e-06 5.967804e-06 2.217410e-11 9.273312e-06 g98
 0.000000e+00 4.798213e-06 5.886479e-11 2.660800e-05 fanout_1
"""
    powers = parse_gate_powers(text)
    assert list(powers) == ["g98", "fanout_1"]
    assert powers["g98"].switching_mw == pytest.approx(5.967804e-03)
    assert powers["fanout_1"].internal_mw == 0.0
