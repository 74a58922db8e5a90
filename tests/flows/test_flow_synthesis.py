from __future__ import annotations

import json
from pathlib import Path

import pytest

from tpugen.errors import ToolError, ToolFailedError, ToolLimitError, ToolMissingError
from tpugen.flows.activity import Activity, SignalActivity
from tpugen.flows.process import Limits, run
from tpugen.flows.recipes import RECIPES, abc_script, elaborate_script, map_script, premap_script
from tpugen.flows.synthesis import synthesise
from tpugen.flows.technology import Technology, find_technology
from tpugen.flows.timing import analyse
from tpugen.results import SynthesisResult, TimingResult
from tpugen.spec import contract_for, spec_from_dict
from tpugen.writers.composer import compose


@pytest.fixture(scope="session")
def osu018() -> Technology:
    return find_technology("osu018")


def library(shared_liberty: Path | None, file: str) -> Technology:
    if shared_liberty is None or not (shared_liberty / file).is_file():
        pytest.skip(f"{file} is not here: set TPUGEN_TEST_LIBERTY_DIR to a folder that has it")
    return find_technology(str(shared_liberty / file))


def test_one_element_end_to_end(element_files: list[Path], osu018: Technology, tmp_path: Path) -> None:
    folder = tmp_path / "synth"
    result = synthesise(element_files, "mac_element", osu018, clock_mhz=100, folder=folder)
    assert (result.technology, result.mode, result.netlist) == ("osu018", "flat", "synth/netlist.v")
    assert result.flip_flops == 8 + 8 + 24
    assert 10_000 < result.area_um2 < 30_000
    assert result.sequential_area_um2 == pytest.approx(40 * 96)
    assert [share.module for share in result.areas] == ["mac_element"]
    assert sum(share.area_um2 for share in result.areas) == pytest.approx(result.area_um2)
    assert sum(share.cells for share in result.areas) == result.cells
    assert SynthesisResult.model_validate_json((folder / "synthesis.json").read_text()) == result
    recipes = json.loads((folder / "recipes.json").read_text())
    assert [entry["recipe"] for entry in recipes] == [recipe.name for recipe in RECIPES]
    assert sum(entry["kept"] for entry in recipes) == 1
    kept = sorted(path.name for path in folder.iterdir())
    assert {"command.txt", "log.txt", "netlist.v", "netlist.map.json", "premap.ys"} <= set(kept)
    assert not [name for name in kept if name.endswith(".il") or name.startswith("mapped_")]

    timing = analyse(folder / "netlist.v", "mac_element", osu018, clock_mhz=100, clocked=True, folder=tmp_path / "sta")
    assert timing.worst_slack_ns > 0
    assert timing.fmax_mhz == pytest.approx(1000 / (10 - timing.worst_slack_ns))
    assert timing.critical_path_ns == pytest.approx(timing.critical_path[-1].arrival_ns, abs=1e-5)
    assert sum(stage.delay_ns for stage in timing.critical_path) == pytest.approx(timing.critical_path_ns, abs=1e-3)
    assert timing.power is not None
    assert timing.power.activity_source == "default"
    assert timing.power.total_mw == pytest.approx(
        timing.power.internal_mw + timing.power.switching_mw + timing.power.leakage_mw, rel=1e-4
    )
    assert TimingResult.model_validate_json((tmp_path / "sta/timing.json").read_text()) == timing


def test_gates_do_what_the_rtl_does(element_files: list[Path], osu018: Technology, tmp_path: Path) -> None:
    """The netlist after mapping, tying, buffering and renaming is simulated against the RTL."""
    synthesise(element_files, "mac_element", osu018, clock_mhz=100, folder=tmp_path / "synth")
    netlist = tmp_path / "synth/netlist.v"
    cells = tmp_path / "cells.v"
    script = f"read_liberty -ignore_miss_func {osu018.liberty}\nproc\nwrite_verilog {cells}\n"
    (tmp_path / "cells.ys").write_text(script)
    assert run(["yosys", "-q", "-s", "cells.ys"], cwd=tmp_path).returncode == 0
    (tmp_path / "rtl.v").write_text(element_files[0].read_text().replace("module mac_element", "module rtl_element"))
    (tmp_path / "bench.v").write_text(
        """`timescale 1ns/1ps
        module bench;
          reg clk = 0; reg en; reg clr; reg [7:0] a, w; integer i, bad;
          wire [7:0] a0, a1, w0, w1; wire [23:0] s0, s1;
          rtl_element r (clk, en, clr, a, w, a0, w0, s0);
          mac_element g (clk, en, clr, a, w, a1, w1, s1);
          initial begin
            bad = 0; {en, clr, a, w} = ~0;
            for (i = 0; i < 400; i = i + 1) begin
              #1 clk = 1; #1 clk = 0;
              if ({a0, w0, s0} !== {a1, w1, s1}) bad = bad + 1;
              {en, clr} = (i < 3) ? 2'b11 : {($random & 3) != 0, ($random & 7) == 0};
              a = $random; w = $random;
            end
            $display("bad=%0d sum=%0h", bad, s0);
          end
        endmodule"""
    )
    argv = ["iverilog", "-g2005", "-o", "sim", "-s", "bench", "bench.v", "rtl.v", str(netlist), str(cells)]
    built = run(argv, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    said = run(["vvp", "-n", "sim"], cwd=tmp_path).stdout
    assert said.startswith("bad=0 sum=")
    assert "x" not in said


def test_hierarchical_agrees_with_flat(grid_files: list[Path], osu018: Technology, tmp_path: Path) -> None:
    results = {
        mode: synthesise(grid_files, "mac_grid", osu018, clock_mhz=80, folder=tmp_path / mode, mode=mode)
        for mode in ("flat", "hierarchical")
    }
    assert {mode: result.mode for mode, result in results.items()} == {"flat": "flat", "hierarchical": "hierarchical"}
    flat, hierarchical = results["flat"], results["hierarchical"]
    assert hierarchical.area_um2 == pytest.approx(flat.area_um2, rel=0.03)
    assert hierarchical.flip_flops == flat.flip_flops
    for result in results.values():
        assert result.areas[0].module == "mac_element"
        assert result.areas[0].instances == 16
        assert sum(share.area_um2 for share in result.areas) == pytest.approx(result.area_um2)
    slack = {
        mode: analyse(
            tmp_path / mode / "netlist.v",
            "mac_grid",
            osu018,
            clock_mhz=80,
            clocked=True,
            folder=tmp_path / f"sta_{mode}",
        ).fmax_mhz
        for mode in results
    }
    assert slack["hierarchical"] == pytest.approx(slack["flat"], rel=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary"])
def test_hierarchical_agrees_with_flat_on_real_arrays(dataflow: str, osu018: Technology, tmp_path: Path) -> None:
    spec = spec_from_dict(
        {
            "kind": "systolic_array", "rows": 4, "cols": 4, "dataflow": dataflow, "activation_width_bits": 8,
            "weight_width_bits": 8, "accumulator_width_bits": 32, "signed": True, "clock_mhz": 100,
        }
    )  # fmt: skip
    files = []
    for file in compose(spec):
        files.append(tmp_path / file.name)
        files[-1].write_text(file.text)
    top = contract_for(spec).module
    flat, hierarchical = (
        synthesise(files, top, osu018, clock_mhz=100, folder=tmp_path / mode, mode=mode)
        for mode in ("flat", "hierarchical")
    )
    assert (flat.mode, hierarchical.mode) == ("flat", "hierarchical")
    assert hierarchical.area_um2 == pytest.approx(flat.area_um2, rel=0.03)
    assert hierarchical.flip_flops == flat.flip_flops
    # The processing elements are most of the array, whichever way it was mapped.
    for result in (flat, hierarchical):
        assert result.areas[0].module.startswith("pe_")
        assert result.areas[0].instances == 16


@pytest.mark.parametrize("file", ["nangate45_typ.lib.gz", "sky130hd_tt.lib.gz"])
def test_other_libraries(shared_liberty: Path | None, file: str, element_files: list[Path], tmp_path: Path) -> None:
    technology = library(shared_liberty, file)
    result = synthesise(element_files, "mac_element", technology, clock_mhz=100, folder=tmp_path / "synth")
    timing = analyse(
        tmp_path / "synth/netlist.v", "mac_element", technology, clock_mhz=100, clocked=True, folder=tmp_path / "sta"
    )
    area_limit = {"nangate45_typ.lib.gz": 900, "sky130hd_tt.lib.gz": 4500}[file]
    assert area_limit / 2 < result.area_um2 < area_limit
    assert timing.worst_slack_ns > 0
    assert timing.power is not None
    assert 0.01 < timing.power.total_mw < 10


def uniform_activity(toggles: float, cycles: int = 1000) -> Activity:
    count = round(toggles * cycles)
    widths = {
        "activation_i": 8, "weight_i": 8, "advance_i": 1, "clear_i": 1, "activation_o": 8, "weight_o": 8, "acc_q": 24,
    }  # fmt: skip
    half = cycles // 2
    return Activity(
        cycles, {name: SignalActivity(width, [count] * width, [half] * width) for name, width in widths.items()}
    )


def test_power_follows_the_activity(element_files: list[Path], osu018: Technology, tmp_path: Path) -> None:
    synthesise(element_files, "mac_element", osu018, clock_mhz=100, folder=tmp_path / "synth")
    power = {}
    for toggles in (0.0, 0.1, 0.2, 1.0):
        result = analyse(
            tmp_path / "synth/netlist.v", "mac_element", osu018, clock_mhz=100, clocked=True,
            folder=tmp_path / f"sta{toggles}", activity=uniform_activity(toggles),
        )  # fmt: skip
        assert result.power is not None
        assert result.power.activity_source == "simulation"
        assert result.power.annotated_pins == 40 + 18
        power[toggles] = result.power
    # Nothing toggles but the clock: no switching, but the registers' clock pins.
    assert power[0.0].switching_mw == pytest.approx(0, abs=1e-6)
    assert power[0.0].by_group_mw["sequential"] > 0
    assert power[0.0].by_group_mw["combinational"] < 1e-3 * power[0.1].by_group_mw["combinational"]
    # Dynamic power is linear in the activity, on top of the clock's.
    rise = [power[0.1].switching_mw, power[0.2].switching_mw, power[1.0].switching_mw]
    assert rise[1] == pytest.approx(2 * rise[0], rel=0.02)
    assert rise[2] == pytest.approx(10 * rise[0], rel=0.02)
    assert power[1.0].leakage_mw == pytest.approx(power[0.0].leakage_mw)


def test_only_the_registers_that_toggle_cost(element_files: list[Path], osu018: Technology, tmp_path: Path) -> None:
    synthesise(element_files, "mac_element", osu018, clock_mhz=100, folder=tmp_path / "synth")
    quiet = uniform_activity(0.0)
    busy = Activity(1000, quiet.signals | {"acc_q": SignalActivity(24, [500] * 24, [500] * 24)})
    power = [
        analyse(
            tmp_path / "synth/netlist.v", "mac_element", osu018, clock_mhz=100, clocked=True, folder=tmp_path / name,
            activity=activity,
        ).power
        for name, activity in (("quiet", quiet), ("busy", busy))
    ]  # fmt: skip
    assert power[0] is not None and power[1] is not None
    assert power[1].by_group_mw["sequential"] > 1.1 * power[0].by_group_mw["sequential"]
    assert power[1].switching_mw > 0.05


def test_activity_reaches_the_instances_of_a_hierarchical_netlist(
    grid_files: list[Path], osu018: Technology, tmp_path: Path
) -> None:
    synthesise(grid_files, "mac_grid", osu018, clock_mhz=80, folder=tmp_path / "synth", mode="hierarchical")
    path = "gen_row[2].gen_col[1].u_pe"
    signals = {f"{path}.acc_q": SignalActivity(24, [100] * 24, [50] * 24)}
    result = analyse(
        tmp_path / "synth/netlist.v", "mac_grid", osu018, clock_mhz=80, clocked=True, folder=tmp_path / "sta",
        activity=Activity(100, signals),
    )  # fmt: skip
    assert result.power is not None
    assert result.power.annotated_pins == 24
    script = (tmp_path / "sta/timing.tcl").read_text()
    assert "gen_row_2_gen_col_1_u_pe/acc_q_0_reg/Q" in script


def test_activity_of_other_signals_is_not_called_simulated(
    element_files: list[Path], osu018: Technology, tmp_path: Path
) -> None:
    synthesise(element_files, "mac_element", osu018, clock_mhz=100, folder=tmp_path / "synth")
    result = analyse(
        tmp_path / "synth/netlist.v", "mac_element", osu018, clock_mhz=100, clocked=True, folder=tmp_path / "sta",
        activity=Activity(10, {"other": SignalActivity(1, [1], [1])}),
    )  # fmt: skip
    assert result.power is not None
    assert (result.power.activity_source, result.power.annotated_pins) == ("default", 0)


def test_combinational_design(osu018: Technology, tmp_path: Path) -> None:
    path = tmp_path / "add.v"
    path.write_text(
        "module add (input wire [7:0] a_i, input wire [7:0] b_i, output wire [8:0] sum_o, output wire [1:0] same_o,\n"
        "output wire [1:0] fixed_o);\nassign sum_o = a_i + b_i;\nassign same_o = {2{a_i[0]}};\n"
        "assign fixed_o = 2'b10;\nendmodule\n"
    )
    result = synthesise([path], "add", osu018, clock_mhz=200, folder=tmp_path / "synth")
    assert result.flip_flops == 0
    assert result.sequential_area_um2 == 0
    timing = analyse(tmp_path / "synth/netlist.v", "add", osu018, clock_mhz=200, clocked=False, folder=tmp_path / "sta")
    assert 0.1 < timing.critical_path_ns < 5
    assert timing.fmax_mhz == pytest.approx(1000 / (5 - timing.worst_slack_ns))
    assert timing.power is not None and timing.power.total_mw > 0


def test_high_fanout_nets_are_buffered(grid_files: list[Path], osu018: Technology, tmp_path: Path) -> None:
    synthesise(grid_files, "mac_grid", osu018, clock_mhz=80, folder=tmp_path / "synth", mode="flat")
    text = (tmp_path / "synth/netlist.v").read_text()
    assert " fanout_" in text
    import re
    from collections import Counter

    pins = Counter(
        net
        for line in text.splitlines()
        for pin, net in re.findall(r"\.(\w+)\(([^(){}]+)\)", line)
        if pin not in ("Y", "Q", "CLK", "YC", "YS")
    )
    assert max(pins.values()) <= 16


def test_unmappable_design_says_why(osu018: Technology, tmp_path: Path) -> None:
    path = tmp_path / "bad.v"
    path.write_text("module bad (input wire a, output wire y);\nabsent u (.a(a), .y(y));\nendmodule\n")
    with pytest.raises(ToolFailedError) as caught:
        synthesise([path], "bad", osu018, clock_mhz=100, folder=tmp_path / "synth")
    assert caught.value.message == (
        "Yosys could not elaborate the RTL: ERROR: Module `\\absent' referenced in module `\\bad' in cell `\\u' "
        "is not part of the design."
    )


def test_limits_hold(element_files: list[Path], osu018: Technology, tmp_path: Path) -> None:
    with pytest.raises(ToolLimitError):
        synthesise(
            element_files, "mac_element", osu018, clock_mhz=100, folder=tmp_path / "synth", limits=Limits(wall_s=0.01)
        )


def test_missing_tools(
    element_files: list[Path], osu018: Technology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TPUGEN_STA", "/nowhere/sta")
    with pytest.raises(ToolMissingError, match="TPUGEN_STA is '/nowhere/sta'"):
        synthesise(element_files, "mac_element", osu018, clock_mhz=100, folder=tmp_path / "synth")
    monkeypatch.setenv("TPUGEN_YOSYS", "/nowhere/yosys")
    with pytest.raises(ToolMissingError, match="TPUGEN_YOSYS is '/nowhere/yosys'"):
        synthesise(element_files, "mac_element", osu018, clock_mhz=100, folder=tmp_path / "synth")


def test_any_complaint_of_opensta_is_a_failure(element_files: list[Path], osu018: Technology, tmp_path: Path) -> None:
    synthesise(element_files, "mac_element", osu018, clock_mhz=100, folder=tmp_path / "synth")
    netlist = tmp_path / "synth/netlist.v"
    netlist.write_text(netlist.read_text().replace("endmodule", "assign {a, b} = c;\nendmodule"))
    with pytest.raises(ToolError, match="OpenSTA could not analyse the netlist: "):
        analyse(netlist, "mac_element", osu018, clock_mhz=100, clocked=True, folder=tmp_path / "sta")


def test_scripts_are_pure() -> None:
    assert elaborate_script([Path("a.v")], "top").splitlines() == [
        'read_verilog -defer "a.v"', "hierarchy -check -top top", "proc", "write_rtlil elaborated.il",
        "write_json elaborated.json",
    ]  # fmt: skip
    assert 'dfflibmap -liberty "x.lib"' in premap_script("top", Path("x.lib"), "a.il")
    assert abc_script(RECIPES[0], 10.0).endswith("topo; upsize -D 7000; dnsize -D 7000\n")
    assert 'abc -liberty "x.lib" -script compact.abc' in map_script(RECIPES[0], Path("x.lib"), 10.0)
    assert 'abc -liberty "x.lib" -D 7000' in map_script(RECIPES[2], Path("x.lib"), 10.0)
