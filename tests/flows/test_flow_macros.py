"""Macros in synthesis, timing and power: black boxes that stay, timed by a Liberty file of their cards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tpugen.errors import StorageError, ToolFailedError
from tpugen.flows import hierarchy
from tpugen.flows.activity import Activity, SignalActivity
from tpugen.flows.blocks import load_blocks
from tpugen.flows.macros import load_macros
from tpugen.flows.netlist import base_module_name
from tpugen.flows.parts import constant_outputs, with_constant_outputs
from tpugen.flows.process import run
from tpugen.flows.synthesis import synthesise
from tpugen.flows.technology import Technology, find_technology
from tpugen.flows.timing import analyse
from tpugen.flows.yosys import run_script
from tpugen.model.macros import macro_figures
from tpugen.results import SynthesisResult
from tpugen.results.macros import MacroFigures
from tpugen.rtl_templates import dependency_closure, load_library

LIBRARY = load_library()
MEMORIES = {name: LIBRARY[name].source for name in ("memory", "sram")}

RECORDER = """
module recorder (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        write_i,
  input  wire        read_i,
  input  wire [3:0]  address_i,
  input  wire [7:0]  data_i,
  output wire [11:0] sum_o
);
  wire [7:0]  word;
  reg  [11:0] sum_q;
  memory #(.Depth (16), .Width (8), .MacroBits (64)) u_memory (
    .clk_i (clk_i), .write_i (write_i), .write_address_i (address_i), .data_i (data_i),
    .read_i (read_i), .read_address_i (address_i), .data_o (word)
  );
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      sum_q <= 12'd0;
    end else begin
      sum_q <= sum_q + {4'd0, word};
    end
  end
  assign sum_o = sum_q;
endmodule
"""

PAIR = """
module pair (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        write_i,
  input  wire [3:0]  address_i,
  input  wire [7:0]  data_i,
  output wire [11:0] left_o,
  output wire [11:0] right_o
);
  recorder u_left  (.clk_i (clk_i), .rst_ni (rst_ni), .write_i (write_i), .read_i (1'b1), .address_i (address_i),
                    .data_i (data_i), .sum_o (left_o));
  recorder u_right (.clk_i (clk_i), .rst_ni (rst_ni), .write_i (write_i), .read_i (write_i), .address_i (~address_i),
                    .data_i (~data_i), .sum_o (right_o));
endmodule
"""


@pytest.fixture(scope="module")
def osu018() -> Technology:
    return find_technology("osu018")


def sources(folder: Path, **texts: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in texts.items():
        (folder / f"{name}.v").write_text(text)
        files.append(folder / f"{name}.v")
    return files


def recorder(folder: Path, technology: Technology, **changes: object) -> SynthesisResult:
    def figures(name: str, parameters: object) -> MacroFigures | None:
        found = macro_figures(name, parameters)  # type: ignore[arg-type]
        return found.model_copy(update=changes) if found else None

    files = sources(folder / "rtl", recorder=RECORDER, **MEMORIES)
    return synthesise(files, "recorder", technology, clock_mhz=100, folder=folder / "synth", macros=figures)


def signal(width: int, toggles: int, ones: int) -> SignalActivity:
    return SignalActivity(width, [toggles] * width, [ones] * width)


def activity(word_toggles: int, macro: str = "u_memory.gen_macro.u_sram") -> Activity:
    """A hundred cycles: half of them read, a tenth of them write."""
    signals = {"write_i": signal(1, 20, 10), "read_i": signal(1, 10, 50), "sum_q": signal(12, 20, 50)}
    signals |= {"address_i": signal(4, 30, 50), "data_i": signal(8, 20, 50)}
    signals |= {f"{macro}.read_i": signal(1, 10, 50), f"{macro}.write_i": signal(1, 20, 10)}
    return Activity(100, signals | {f"{macro}.data_o": signal(8, word_toggles, 50)})


def test_a_macro_stays_and_is_counted_apart(osu018: Technology, tmp_path: Path) -> None:
    result = recorder(tmp_path, osu018)
    figures = macro_figures("sram", {"Depth": 16, "Width": 8, "Lanes": 1})
    assert figures is not None
    [use] = result.macros
    assert (use.name, use.instances, use.parameters) == ("sram", 1, {"Depth": 16, "Width": 8, "Lanes": 1})
    assert use.area_um2 == pytest.approx(figures.area_um2)
    assert use.origin == "assumed"
    assert result.flip_flops == 12
    assert result.area_um2 == pytest.approx(sum(share.area_um2 for share in result.areas))
    netlist = (tmp_path / "synth" / "netlist.v").read_text()
    assert netlist.count("sram_16_8_1 u_memory_gen_macro_u_sram (") == 1
    assert "#(" not in netlist
    [macro] = load_macros(tmp_path / "synth" / "netlist.v")
    assert macro.figures == figures
    assert macro.ports["data_o"] == ("output", 8)
    assert macro.ports["read_address_i"] == ("input", 4)


def test_paths_through_a_macro_are_timed(osu018: Technology, tmp_path: Path) -> None:
    """A slow access makes the path from the macro the worst; a long setup the one into it."""

    def timed(name: str, **changes: object):
        recorder(tmp_path / name, osu018, **changes)
        netlist = tmp_path / name / "synth" / "netlist.v"
        return analyse(netlist, "recorder", osu018, clock_mhz=100, clocked=True, folder=tmp_path / name / "sta")

    plain = timed("plain")
    assert plain.worst_slack_ns > 6
    late = timed("late", clock_to_output_ns=5.0)
    assert late.critical_path[0].cell == "sram_16_8_1"
    assert late.critical_path[1].delay_ns == pytest.approx(5.0, abs=0.05)
    assert late.worst_slack_ns < plain.worst_slack_ns - 2.5
    early = timed("early", setup_ns={"data_i": 8.0})
    assert early.critical_path[-1].pin.startswith("u_memory_gen_macro_u_sram/data_i")
    assert early.worst_slack_ns == pytest.approx(10 - 8 - early.critical_path_ns, abs=1e-6)


def test_power_of_macros_and_behind_them(osu018: Technology, tmp_path: Path) -> None:
    """Macros: energy times events. Gates behind a macro: by the activity of its output. Blocks add up to all."""
    recorder(tmp_path, osu018)
    netlist = tmp_path / "synth" / "netlist.v"

    def power(name: str, found: Activity | None):
        return analyse(netlist, "recorder", osu018, clock_mhz=100, clocked=True, folder=tmp_path / name, activity=found)

    quiet, busy = power("quiet", activity(0)), power("busy", activity(60))
    [macro] = busy.macro_power
    assert macro.events_per_cycle == {"read": 0.5, "write": 0.1}
    assert macro.dynamic_mw == pytest.approx((0.5 + 0.1) * 8 * 0.16 * 100e6 * 1e-12 * 1e3)
    assert macro.leakage_mw == pytest.approx(16 * 8 * 24.3e-6)
    assert (macro.activity_source, macro.origin, macro.instances) == ("simulation", "assumed", 1)
    assert quiet.power is not None
    assert busy.power is not None
    assert busy.power.by_group_mw["combinational"] > 2 * quiet.power.by_group_mw["combinational"]
    assert "macro" not in busy.power.by_group_mw
    [block] = busy.blocks
    assert (block.name, block.module, block.flip_flops) == ("", "recorder", 12)
    parts = (block.register_mw or 0) + (block.logic_mw or 0) + (block.leakage_mw or 0)
    assert parts == pytest.approx(busy.power.total_mw, rel=1e-3)
    [unknown] = power("unknown", None).macro_power
    assert unknown.activity_source == "default"
    assert unknown.events_per_cycle == {"read": 0.1, "write": 0.1}


@pytest.mark.parametrize("mode", ["flat", "hierarchical"])
def test_macros_inside_repeated_modules(mode, osu018: Technology, tmp_path: Path) -> None:
    files = sources(tmp_path / "rtl", pair=PAIR, recorder=RECORDER, **MEMORIES)
    result = synthesise(
        files, "pair", osu018, clock_mhz=100, folder=tmp_path / "synth", mode=mode, macros=macro_figures
    )
    assert result.mode == mode
    assert [(use.name, use.instances) for use in result.macros] == [("sram", 2)]
    found = {"left": "u_left.u_memory.gen_macro.u_sram", "right": "u_right.u_memory.gen_macro.u_sram"}
    both = Activity(100, {**activity(10, found["left"]).signals, **activity(10, found["right"]).signals})
    timing = analyse(
        tmp_path / "synth" / "netlist.v", "pair", osu018, clock_mhz=100, clocked=True, folder=tmp_path / "sta",
        activity=both,
    )  # fmt: skip
    [macro] = timing.macro_power
    assert macro.instances == 2
    assert macro.events_per_cycle == {"read": 1.0, "write": 0.2}
    assert macro.activity_source == "simulation"
    blocks = {block.name: block for block in timing.blocks}
    assert set(blocks) <= {"", "u_left", "u_right"}
    assert blocks["u_right"].module == "recorder"
    if mode == "hierarchical":
        assert blocks["u_left"].flip_flops == blocks["u_right"].flip_flops == 12
    assert sum(block.area_um2 for block in timing.blocks) == pytest.approx(result.area_um2)
    assert sum(block.flip_flops for block in timing.blocks) == result.flip_flops == 24
    assert timing.power is not None
    total = sum((b.register_mw or 0) + (b.logic_mw or 0) + (b.leakage_mw or 0) for b in timing.blocks)
    assert total == pytest.approx(timing.power.total_mw, rel=1e-3)


def test_a_tile_keeps_its_crossbars(osu018: Technology, tmp_path: Path) -> None:
    """Four crossbars that differ in seeds alone are one macro; every block of the tile is told apart."""
    small = {"Rows": 12, "Cols": 6, "CrossbarRows": 8, "CrossbarCols": 4, "AdcBits": 4, "ColumnsPerAdc": 2}
    top = LIBRARY["pim_tile"].source
    for name, value in small.items():
        start = top.index(f"parameter integer {name} = ")
        end = min(top.index(mark, start) for mark in (",\n", "\n)"))
        top = f"{top[:start]}parameter integer {name} = {value}{top[end:]}"
    names = [name for name in dependency_closure(["pim_tile"]) if name != "pim_tile"]
    files = sources(tmp_path / "rtl", **{name: LIBRARY[name].source for name in names}, pim_tile=top)
    result = synthesise(
        files, "pim_tile", osu018, clock_mhz=50, folder=tmp_path / "synth", macros=macro_figures, blocks=True
    )
    [use] = result.macros
    assert (use.name, use.instances) == ("crossbar", 4)
    assert use.parameters == {"Rows": 8, "Cols": 4, "AdcBits": 4, "ColumnsPerAdc": 2, "ProgramWeights": 16}
    timing = analyse(
        tmp_path / "synth" / "netlist.v", "pim_tile", osu018, clock_mhz=50, clocked=True, folder=tmp_path / "sta"
    )
    assert {block.module for block in timing.blocks} >= {"pim_tile", "pim_column_bank", "pim_input_buffer"}
    assert sum(block.area_um2 for block in timing.blocks) == pytest.approx(result.area_um2)
    assert set(timing.macro_power[0].events_per_cycle) == {"sample", "conversion"}


def test_a_black_box_without_a_card_is_refused(osu018: Technology, tmp_path: Path) -> None:
    files = sources(tmp_path / "rtl", recorder=RECORDER, **MEMORIES)
    with pytest.raises(ToolFailedError, match=r"has no cell for .*sram"):
        synthesise(files, "recorder", osu018, clock_mhz=100, folder=tmp_path / "synth")


def test_damaged_files_are_told(osu018: Technology, tmp_path: Path) -> None:
    recorder(tmp_path, osu018)
    netlist = tmp_path / "synth" / "netlist.v"
    netlist.with_suffix(".macros.json").write_text("[{}]")
    with pytest.raises(StorageError, match="the macros of netlist"):
        load_macros(netlist)
    netlist.with_suffix(".blocks.json").write_text(json.dumps([1]))
    with pytest.raises(StorageError, match="the blocks of netlist"):
        load_blocks(netlist)


def test_constants_that_parts_drive() -> None:
    ports = {
        "a_o": {"direction": "output", "bits": [5, "0", "1", "x"]},
        "b_o": {"direction": "output", "bits": [6, 7]},
        "c_i": {"direction": "input", "bits": ["0"]},
    }
    assert constant_outputs(ports) == {"a_o": [None, "0", "1", None]}
    text = (
        "attribute \\top 1\nmodule \\top\n  wire width 4 \\a\n  cell \\part \\u_part\n    connect \\c_i \\c\n"
        "    connect \\a_o \\a\n  end\nend\nmodule \\other\n  cell \\part \\u_part\n    connect \\a_o \\a\n  end\nend"
    )
    assert with_constant_outputs(text, "top", {"part": constant_outputs(ports)}) == (
        "attribute \\top 1\nmodule \\top\n  wire width 4 $constant_output$0\n  wire width 4 \\a\n"
        "  cell \\part \\u_part\n    connect \\c_i \\c\n    connect \\a_o $constant_output$0\n  end\n"
        "  connect \\a { $constant_output$0 [3] 1'1 1'0 $constant_output$0 [0] }\n"
        "end\nmodule \\other\n  cell \\part \\u_part\n    connect \\a_o \\a\n  end\nend"
    )


def test_names_of_derived_modules() -> None:
    assert base_module_name("$paramod$edc426d8480faa295930e035c7991d3b942a1188\\sram") == "sram"


CONSTANT_RECORDER = RECORDER.replace("assign sum_o = sum_q;", "assign sum_o = {2'b10, sum_q[9:0]};")
COMPARING_PAIR = PAIR.replace(".sum_o (right_o)", ".sum_o (right)").replace(
    "endmodule",
    "  wire [11:0] right;\n  assign right_o = (right > {address_i, data_i}) ? right + 12'd3 : ~right;\nendmodule",
)


@pytest.mark.parametrize(
    ("pair", "recorder", "flip_flops"), [(PAIR, RECORDER, 24), (COMPARING_PAIR, CONSTANT_RECORDER, 20)]
)
def test_a_design_in_parts_does_what_the_rtl_does(
    pair: str, recorder: str, flip_flops: int, osu018: Technology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken apart, each module is synthesised by itself: gates and macros together still are the design.

    So they are where a part has outputs that are constant, and the top calculates with them.
    """
    files = sources(tmp_path / "rtl", pair=pair, recorder=recorder, **MEMORIES)
    whole = synthesise(
        files, "pair", osu018, clock_mhz=100, folder=tmp_path / "whole", mode="hierarchical", macros=macro_figures
    )
    monkeypatch.setattr(hierarchy, "_LARGEST_REST_GATES", -1.0)
    monkeypatch.setattr(hierarchy, "_PIECE_GATES", (10.0, 1e6))
    monkeypatch.setattr(hierarchy, "_SMALLEST_REPEATED_GATES", 1.0)
    parts = synthesise(
        files, "pair", osu018, clock_mhz=100, folder=tmp_path / "parts", mode="hierarchical", macros=macro_figures
    )
    assert (tmp_path / "parts" / "split.ys").is_file()
    assert not (tmp_path / "whole" / "split.ys").exists()
    assert parts.flip_flops == whole.flip_flops == flip_flops
    # The whole keeps the comparison with constants: only the parts' outputs are looked at.
    assert parts.area_um2 == pytest.approx(whole.area_um2 * (1 if recorder is RECORDER else 0.93), rel=0.02)
    assert not list((tmp_path / "parts").rglob("*.il"))
    analyse(tmp_path / "parts" / "netlist.v", "pair", osu018, clock_mhz=100, clocked=True, folder=tmp_path / "sta")

    cells = tmp_path / "cells.v"
    script = f"read_liberty -ignore_miss_func {osu018.liberty}\nproc\nwrite_verilog {cells}\n"
    assert run_script(script, tmp_path, "cells.ys").returncode == 0
    rtl = "\n".join(path.read_text() for path in files if path.name != "sram.v").replace("module pair", "module rtl")
    rtl = rtl.replace("module recorder", "module rtl_recorder").replace("recorder u_", "rtl_recorder u_")
    (tmp_path / "rtl.v").write_text(rtl)
    (tmp_path / "sram.v").write_text(MEMORIES["sram"])
    (tmp_path / "bench.v").write_text(BENCH)
    netlist = str(tmp_path / "parts" / "netlist.v")
    argv = ["iverilog", "-g2005", "-o", "sim", "-s", "bench", "bench.v", "rtl.v", "sram.v", netlist, str(cells)]
    built = run(argv, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    said = run(["vvp", "-n", "sim"], cwd=tmp_path).stdout
    assert said.split() == ["wrong", "0", "compared", "2000"]


BENCH = """
module sram_16_8_1 (
  input wire clk_i, input wire write_i, input wire [3:0] write_address_i, input wire [7:0] data_i,
  input wire read_i, input wire [3:0] read_address_i, output wire [7:0] data_o
);
  sram #(.Depth (16), .Width (8), .Lanes (1)) u_sram (
    .clk_i (clk_i), .write_i (write_i), .write_address_i (write_address_i), .data_i (data_i),
    .read_i (read_i), .read_address_i (read_address_i), .data_o (data_o)
  );
endmodule

module bench;
  reg clk = 1'b0, rst_n = 1'b0, write = 1'b1;
  reg [3:0] address = 4'd0;
  reg [7:0] data = 8'd0;
  wire [11:0] left, right, left_gates, right_gates;
  integer cycle, wrong, compared;
  rtl  u_rtl   (.clk_i (clk), .rst_ni (rst_n), .write_i (write), .address_i (address), .data_i (data),
                .left_o (left), .right_o (right));
  pair u_gates (.clk_i (clk), .rst_ni (rst_n), .write_i (write), .address_i (address), .data_i (data),
                .left_o (left_gates), .right_o (right_gates));
  initial begin
    wrong = 0;
    compared = 0;
    for (cycle = 0; cycle < 2100; cycle = cycle + 1) begin
      write = cycle < 64 || $random;
      address = (cycle < 64) ? cycle[3:0] : $random;
      data = $random;
      rst_n = cycle > 90;
      #1 clk = 1'b1;
      #1 clk = 1'b0;
      if (cycle >= 100) begin
        compared = compared + 1;
        if (left !== left_gates || right !== right_gates || ^{left, right} === 1'bx) wrong = wrong + 1;
      end
    end
    $display("wrong %0d compared %0d", wrong, compared);
  end
endmodule
"""
