from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tpugen.errors import StorageError, ToolFailedError
from tpugen.flows.area import area_shares, totals
from tpugen.flows.hierarchy import read_hierarchy
from tpugen.flows.liberty import LibertySummary, read_liberty
from tpugen.flows.netlist import Instance, Module, Netlist, Port, base_module_name, netlist_from_yosys
from tpugen.flows.netlist_passes import (
    MAX_LOAD_FRACTION,
    buffer_fanout,
    choose_buffer,
    finish,
    separate_outputs,
    tie_constants,
)
from tpugen.flows.netlist_verilog import load_map, to_verilog, write_netlist
from tpugen.flows.variants import find_variants, specialise_rtlil, variant_commands


@pytest.fixture
def library(small_liberty: Path) -> LibertySummary:
    return read_liberty(small_liberty)


def fanout_design(library: LibertySummary, loads: int) -> Netlist:
    """One input that drives many inverters."""
    cells = {f"i{index}": Instance("INV", {"A": [1], "Y": [2 + index]}) for index in range(loads)}
    ports = {"a_i": Port("input", [1]), "y_o": Port("output", [2 + index for index in range(loads)])}
    return Netlist("top", {"top": Module("top", "top", ports, cells, {}, 1 + loads)}, library)


def fanouts(netlist: Netlist, module: Module) -> Counter[object]:
    """Pins that load each net, through the modules below."""
    counts: Counter[object] = Counter()
    for instance in module.cells.values():
        child = netlist.modules.get(instance.type)
        inner = fanouts(netlist, child) if child else None
        for pin, bits in instance.pins.items():
            if not netlist.is_output(instance, pin):
                for index, bit in enumerate(bits):
                    counts[bit] += inner[child.ports[pin].bits[index]] if inner is not None and child else 1
    return counts


@pytest.mark.parametrize("loads", [1, 16, 17, 20, 31, 32, 100, 257, 1000])
def test_fanout_is_bounded_by_a_tree(library: LibertySummary, loads: int) -> None:
    netlist = fanout_design(library, loads)
    added = buffer_fanout(netlist, 16)
    counts = fanouts(netlist, netlist.modules["top"])
    assert max(counts.values()) <= 16
    # The fewest buffers that can do it: each takes at most 16 loads and adds one.
    assert added == max(0, -(-(loads - 16) // 15))
    assert sum(instance.type == "INV" for instance in netlist.modules["top"].cells.values()) == loads
    assert reaches_input(netlist, "top")


def test_weak_drivers_get_fewer_loads(library: LibertySummary) -> None:
    """INV may drive 50 fF, a typical input has 2 fF: a fraction of 25 loads, not 16."""
    cells = {"weak": Instance("INV", {"A": [1], "Y": [2]})}
    cells |= {f"i{index}": Instance("INV", {"A": [2], "Y": [3 + index]}) for index in range(16)}
    ports = {"a_i": Port("input", [1]), "y_o": Port("output", [3 + index for index in range(16)])}
    netlist = Netlist("top", {"top": Module("top", "top", ports, cells, {}, 18)}, library)
    assert buffer_fanout(netlist, 16) == 1
    assert fanouts(netlist, netlist.modules["top"])[2] == int(MAX_LOAD_FRACTION * 25)


def reaches_input(netlist: Netlist, name: str) -> bool:
    """Every inverter is still driven by the input, through buffers only."""
    module = netlist.modules[name]
    driver = {inst.pins["Y"][0]: inst for inst in module.cells.values() if "Y" in inst.pins}
    for instance in module.cells.values():
        net = instance.pins["A"][0]
        for _ in range(20):
            if net == 1:
                break
            assert driver[net].type == "BUF"
            net = driver[net].pins["A"][0]
        else:
            return False
    return True


def test_fanout_counts_through_module_boundaries(library: LibertySummary) -> None:
    inner = fanout_design(library, 10).modules["top"]
    inner.name = inner.source = "inner"
    width = len(inner.ports["y_o"].bits)
    cells = {"first": Instance("INV", {"A": [1], "Y": [2 + 9 * width]})}
    cells |= {
        f"u{index}": Instance("inner", {"a_i": [1], "y_o": list(range(2 + index * width, 2 + (index + 1) * width))})
        for index in range(9)
    }
    top = Module("top", "top", {"a_i": Port("input", [1])}, cells, {}, 3 + 9 * width)
    netlist = Netlist("top", {"inner": inner, "top": top}, library)
    assert buffer_fanout(netlist, 16) == 9
    assert max(fanouts(netlist, top).values()) <= 16


def test_clocks_are_not_buffered(library: LibertySummary) -> None:
    cells = {f"r{index}": Instance("DFF", {"CK": [1], "D": [2], "Q": [3 + index]}) for index in range(40)}
    ports = {"clk_i": Port("input", [1]), "d_i": Port("input", [2])}
    netlist = Netlist("top", {"top": Module("top", "top", ports, cells, {}, 43)}, library)
    assert buffer_fanout(netlist, 16) == 2
    assert all(
        instance.pins["CK"] == [1] for instance in netlist.modules["top"].cells.values() if "CK" in instance.pins
    )


def test_buffer_has_headroom(library: LibertySummary) -> None:
    assert choose_buffer(fanout_design(library, 1), 16).name == "BUF"


def test_constants_are_tied(library: LibertySummary) -> None:
    cells = {"g": Instance("NAND2", {"A": ["1"], "B": ["0"], "Y": [2]})}
    netlist = Netlist("t", {"t": Module("t", "t", {"y_o": Port("output", [2])}, cells, {}, 2)}, library)
    tie_constants(netlist, netlist.modules["t"])
    pins = netlist.modules["t"].cells["g"].pins
    assert all(isinstance(pins[pin][0], int) for pin in "AB")
    assert netlist.modules["t"].cells["tie_1"].pins == {"HI": pins["A"]}
    assert netlist.modules["t"].cells["tie_0"].pins == {"LO": pins["B"]}


def test_a_tie_cell_needs_no_buffers_and_no_output_shares_one(library: LibertySummary) -> None:
    cells = {f"g{index}": Instance("NAND2", {"A": ["1"], "B": [1], "Y": [2 + index]}) for index in range(40)}
    ports = {"b_i": Port("input", [1]), "y_o": Port("output", ["1", "1"])}
    netlist = Netlist("t", {"t": Module("t", "t", ports, cells, {}, 42)}, library)
    module = netlist.modules["t"]
    tie_constants(netlist, module)
    separate_outputs(netlist, module)
    assert buffer_fanout(netlist, 16) == 2  # of `b_i` alone
    assert len({*ports["y_o"].bits, cells["g0"].pins["A"][0]}) == 3
    assert [cell.type for cell in cells.values()].count("TIE") == 3


def test_each_output_has_a_driver_of_its_own(library: LibertySummary) -> None:
    ports = {"a_i": Port("input", [1]), "x_o": Port("output", [1]), "y_o": Port("output", [2, 2])}
    cells = {"g": Instance("INV", {"A": [1], "Y": [2]})}
    netlist = Netlist("t", {"t": Module("t", "t", ports, cells, {}, 2)}, library)
    separate_outputs(netlist, netlist.modules["t"])
    bits = [bit for name in ("x_o", "y_o") for bit in ports[name].bits]
    assert len(set(bits)) == 3
    assert 1 not in bits


def test_verilog_text(library: LibertySummary) -> None:
    ports = {"clk_i": Port("input", [1]), "d_i": Port("input", [2, 3]), "q_o": Port("output", [4, "0"])}
    cells = {
        "$auto$1": Instance("DFF", {"CK": [1], "D": [5], "Q": [4]}),
        "$auto$2": Instance("NAND2", {"A": [2], "B": ["1"], "Y": [5]}),
    }
    names = {4: [("q_o", 0), ("u_x.value_q", 7)], 5: [("u_x.next d", 0)]}
    netlist = Netlist("t", {"t": Module("t", "t", ports, cells, names, 5)}, library)
    from tpugen.flows.netlist_verilog import rename_plainly

    rename_plainly(netlist)
    assert to_verilog(netlist) == (
        "module t (clk_i, d_i, q_o);\n  input clk_i;\n  input [1:0] d_i;\n  output [1:0] q_o;\n  wire u_x_next_d_0;\n"
        "  assign q_o[1] = 1'b0;\n"
        "  DFF u_x_value_q_7_reg (.CK(clk_i), .D(u_x_next_d_0), .Q(q_o[0]));\n"
        "  NAND2 g0 (.A(d_i[0]), .B(1'b1), .Y(u_x_next_d_0));\nendmodule\n"
    )


def test_map_is_read_back(library: LibertySummary, tmp_path: Path) -> None:
    netlist = fanout_design(library, 40)
    finish(netlist)
    path = write_netlist(netlist, tmp_path / "netlist.v")
    again, paths = load_map(path, library)
    assert to_verilog(again) == path.read_text()
    assert paths == {"top": {}}
    (tmp_path / "netlist.map.json").write_text('{"top":')
    with pytest.raises(StorageError, match=r"the map of netlist\.v back to the RTL"):
        load_map(path, library)


def yosys_json() -> dict:
    def cell(kind: str, directions: dict[str, str], **pins: list) -> dict:
        return {"type": kind, "port_directions": directions, "connections": pins}

    inv = {"A": "input", "Y": "output"}
    return {
        "modules": {
            "$paramod$12\\pe": {
                "attributes": {},
                "ports": {"a": {"direction": "input", "bits": [2]}, "y": {"direction": "output", "bits": [3]}},
                "cells": {"$g": cell("INV", inv, A=[2], Y=[3])},
                "netnames": {"a": {"bits": [2]}, "y": {"bits": [3]}},
            },
            "top": {
                "attributes": {},
                "ports": {"a": {"direction": "input", "bits": [2]}, "y": {"direction": "output", "bits": [4]}},
                "cells": {
                    "u_b": cell("$paramod$12\\pe", {"a": "input", "y": "output"}, a=["x"], y=[5]),
                    "u_a": cell("$paramod$12\\pe", {"a": "input", "y": "output"}, a=[2], y=[4]),
                },
                "netnames": {"a": {"bits": [2]}},
            },
        }
    }


def test_from_yosys(library: LibertySummary) -> None:
    netlist = netlist_from_yosys(yosys_json(), "top", library)
    assert list(netlist.modules) == ["pe", "top"]
    assert netlist.instance_counts() == {"pe": 2, "top": 1}
    assert netlist.modules["top"].cells["u_b"].pins["a"] == ["0"]  # undefined becomes zero
    assert totals(netlist) == (3.0, 0.0, 2, 0)


def test_unmapped_cells_are_refused(library: LibertySummary) -> None:
    data = yosys_json()
    data["modules"]["top"]["cells"]["l"] = {"type": "$_DLATCH_P_", "port_directions": {}, "connections": {}}
    with pytest.raises(ToolFailedError) as caught:
        netlist_from_yosys(data, "top", library)
    assert caught.value.message == "the library small has no cell for $_DLATCH_P_"


def test_module_names() -> None:
    assert base_module_name("$paramod$1f2e\\pe") == "pe"
    assert base_module_name("$paramod\\pe\\W=8") == "pe"
    assert base_module_name("\\pe") == "pe"
    assert base_module_name("pe__variant3") == "pe"


def test_variants_of_edge_instances() -> None:
    data = yosys_json()
    variants = find_variants(data, "top", ["$paramod$12\\pe"])
    assert [(item.name, item.unused, item.constants, item.instances) for item in variants] == [
        ("pe__variant0", ("y",), (("a", "1'b0"),), ("u_b",))
    ]
    assert variant_commands(variants) == [
        "copy $paramod$12\\pe pe__variant0",
        "delete -output pe__variant0/w:y",
        "delete -input pe__variant0/w:a",
        "cd pe__variant0",
        "connect -set a 1'b0",
        "cd ..",
    ]
    rtlil = (
        "module \\top\n  cell $paramod$12\\pe \\u_a\n    connect \\a \\x\n    connect \\y \\z\n  end\n"
        "  cell $paramod$12\\pe \\u_b\n    connect \\a 1'x\n    connect \\y \\q\n  end\nend\n"
    )
    assert specialise_rtlil(rtlil, "top", variants) == (
        "module \\top\n  cell $paramod$12\\pe \\u_a\n    connect \\a \\x\n    connect \\y \\z\n  end\n"
        "  cell \\pe__variant0 \\u_b\n  end\nend\n"
    )


def test_area_belongs_to_the_declaring_instance(library: LibertySummary) -> None:
    """A gate before a register belongs to the register's instance; one before two, to what contains both."""
    ports = {"clk_i": Port("input", [1]), "a_i": Port("input", [2]), "y_o": Port("output", [20])}
    cells = {
        "r0": Instance("DFF", {"CK": [1], "D": [3], "Q": [4]}),
        "r1": Instance("DFF", {"CK": [1], "D": [5], "Q": [6]}),
        "own": Instance("INV", {"A": [2], "Y": [3]}),
        "shared": Instance("BUF", {"A": [2], "Y": [7]}),
        "own1": Instance("NAND2", {"A": [7], "B": [4], "Y": [5]}),
        "to_r0_too": Instance("INV", {"A": [7], "Y": [9]}),
        "out": Instance("NAND2", {"A": [6], "B": [9], "Y": [20]}),
    }
    names = {4: [("u_a.u_x.q", 0), ("u_a.u_y.d", 0)], 6: [("u_a.u_y.q", 0)]}
    netlist = Netlist("top", {"top": Module("top", "top", ports, cells, names, 20)}, library)
    ff = {"type": "$dff", "connections": {"Q": [5]}, "parameters": {"WIDTH": "1"}}
    leaf = {"cells": {"r": ff}, "netnames": {"q": {"bits": [5]}, "d": {"bits": [6]}}}
    hierarchy = read_hierarchy(
        {
            "modules": {
                "leaf": leaf,
                "mid": {"cells": {"u_x": {"type": "leaf"}, "u_y": {"type": "leaf"}}, "netnames": {}},
                "top": {"cells": {"u_a": {"type": "mid"}}, "netnames": {}},
            }
        },
        "top",
    )
    shares = {share.module: share for share in area_shares(netlist, hierarchy)}
    assert shares["leaf"].instances == 2
    assert shares["leaf"].area_um2 == pytest.approx(9 + 9 + 1.5 + 2.5)
    assert shares["top"].area_um2 == pytest.approx(2.5 + 1.5 + 2.0)
    assert sum(share.area_um2 for share in shares.values()) == pytest.approx(totals(netlist)[0])


def test_which_modules_are_kept() -> None:
    def multiplier(width: int) -> dict:
        return {"type": "$mul", "parameters": {"A_WIDTH": f"{width:b}", "B_WIDTH": f"{width:b}"}, "connections": {}}

    flop = {"type": "$dff", "parameters": {"WIDTH": "1000"}, "connections": {"Q": [1]}}
    names = {"q": {"bits": [1]}}
    modules = {
        "mult": {"cells": {"m": multiplier(8)}, "netnames": {}},
        "pe": {"cells": {"u_mult": {"type": "mult"}, "r": flop}, "netnames": names},
        "tiny": {"cells": {"r": flop}, "netnames": names},
        "array": {
            "cells": {**{f"pe{i}": {"type": "pe"} for i in range(6)}, "t0": {"type": "tiny"}, "t1": {"type": "tiny"}},
            "netnames": {},
        },
        "top": {"cells": {"u_array": {"type": "array"}}, "netnames": {}},
    }
    hierarchy = read_hierarchy({"modules": modules}, "top")
    assert hierarchy.repeated() == ["pe"]
    assert hierarchy.counts() == {"mult": 6, "pe": 6, "tiny": 2, "array": 1, "top": 1}
    assert hierarchy.gates("top") == pytest.approx(6 * (7 * 64 + 6 * 8) + 2 * 48)
