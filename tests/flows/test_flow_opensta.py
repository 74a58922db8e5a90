from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.errors import StorageError, ToolFailedError
from tpugen.flows import opensta
from tpugen.flows.activity import Activity, SignalActivity
from tpugen.flows.opensta import Constraints, PinActivity, RegisterArc
from tpugen.flows.process import Completed

REPORT = """Startpoint: r0 (rising edge-triggered flip-flop clocked by core)
Endpoint: q[3] (output port clocked by core)
Path Group: core
Path Type: max

     Delay        Time   Description
---------------------------------------------------------------------------
  0.000000    0.000000   clock core (rise edge)
  0.000000    0.000000   clock network delay (ideal)
  0.000000    0.000000 ^ r0/CLK (DFFPOSX1)
  0.173843    0.173843 v r0/Q (DFFPOSX1)
  0.090126    0.263969 v b1/Y (BUFX2)
  0.000000    0.263969 v q[3] (out)
              0.263969   data arrival time

 10.000000   10.000000   clock core (rise edge)
  0.000000   10.000000   output external delay
             10.000000   data required time
---------------------------------------------------------------------------
             10.000000   data required time
             -0.263969   data arrival time
---------------------------------------------------------------------------
              9.736031   slack (MET)
"""

POWER = """Group                    Internal    Switching      Leakage        Total
                            Power        Power        Power        Power
------------------------------------------------------------------------
Sequential           5.218761e-05 4.751737e-07 3.214500e-10 5.266310e-05  93.8%
Combinational        2.884993e-06 6.100748e-07 1.936678e-10 3.495261e-06   6.2%
Macro                0.000000e+00 0.000000e+00 0.000000e+00 0.000000e+00   0.0%
Pad                  0.000000e+00 0.000000e+00 0.000000e+00 0.000000e+00   0.0%
------------------------------------------------------------------------
Total                5.507260e-05 1.085248e-06 5.151178e-10 5.615837e-05 100.0%
                            98.1%         1.9%         0.0%
"""


def said(stdout: str = "", returncode: int = 0, stderr: str = "") -> Completed:
    return Completed(("sta",), returncode, stdout, stderr, 0.1)


def test_path_is_parsed() -> None:
    path = opensta.parse_path(REPORT)
    assert path is not None
    assert (path.slack_ns, path.arrival_ns) == (9.736031, 0.263969)
    assert [(stage.pin, stage.cell, stage.delay_ns, stage.arrival_ns) for stage in path.stages] == [
        ("r0/CLK", "DFFPOSX1", 0.0, 0.0),
        ("r0/Q", "DFFPOSX1", 0.173843, 0.173843),
        ("b1/Y", "BUFX2", 0.090126, 0.263969),
        ("q[3]", None, 0.0, 0.263969),
    ]


def test_violated_path_is_negative() -> None:
    path = opensta.parse_path(REPORT.replace("9.736031   slack (MET)", "-1.250000   slack (VIOLATED)"))
    assert path is not None
    assert path.slack_ns == -1.25


def test_the_worst_of_several_groups_counts() -> None:
    """Asynchronous resets that logic drives are a group of their own, and come first."""
    late = REPORT.replace("9.736031   slack (MET)", "1.250000   slack (MET)").replace("b1/Y", "late/Y")
    assert late != REPORT
    for text in (REPORT + late, late + REPORT):
        path = opensta.parse_path(text)
        assert path is not None
        assert path.slack_ns == 1.25
        assert [stage.pin for stage in path.stages] == ["r0/CLK", "r0/Q", "late/Y", "q[3]"]


def test_no_path() -> None:
    assert opensta.parse_path("No paths found.\n") is None


def test_power_is_parsed_in_milliwatts() -> None:
    power = opensta.parse_power(POWER)
    assert power is not None
    assert power.total_mw == pytest.approx(0.05615837)
    assert power.internal_mw == pytest.approx(0.05507260)
    assert power.switching_mw == pytest.approx(0.001085248)
    assert power.leakage_mw == pytest.approx(5.151178e-7)
    assert power.by_group_mw == {
        "sequential": pytest.approx(0.05266310),
        "combinational": pytest.approx(0.003495261),
    }
    assert opensta.parse_power("nothing") is None


@pytest.mark.parametrize(
    "text", ["Error: x.tcl, 3 no such cell", "netlist.v line 4, syntax error, unexpected '{'", "[ERROR STA-1] no"]
)
def test_complaints_fail_although_the_status_is_zero(text: str) -> None:
    with pytest.raises(ToolFailedError) as caught:
        opensta.check_for_errors(said(f"fine\n{text}\nmore\n"))
    assert caught.value.message == f"OpenSTA could not analyse the netlist: {text}"
    opensta.check_for_errors(said("Warning: only a warning\n"))


def test_setup_script() -> None:
    text = opensta.setup_script(
        [Path("/l.lib")], Path("/n.v"), "top", Constraints(10.0, "clk_i", "rst_ni", "BUF", 12.5)
    )
    assert text.splitlines() == [
        "read_liberty {/l.lib}",
        "read_verilog {/n.v}",
        "link_design top",
        "set_cmd_units -time ns -capacitance fF",
        "create_clock -name core -period 10.000000 [get_ports clk_i]",
        "set driven_inputs {}",
        "foreach port [all_inputs] {",
        "  if {[get_name $port] ne {clk_i}} { lappend driven_inputs $port }",
        "}",
        "if {[llength $driven_inputs]} {",
        "  set_input_delay 0 -clock core $driven_inputs",
        "  set_driving_cell -lib_cell BUF $driven_inputs",
        "}",
        "set_output_delay 0 -clock core [all_outputs]",
        "set_load 12.500000 [all_outputs]",
        "set_false_path -from [get_ports rst_ni]",
    ]
    virtual = opensta.setup_script([Path("/l.lib")], Path("/n.v"), "top", Constraints(10.0, None, None, "BUF", 12.5))
    assert "create_clock -name core -period 10.000000\n" in virtual
    assert "set_false_path" not in virtual


def test_activity_script() -> None:
    inputs = [PinActivity(0.25, 0.5, ("a_i[0]", "a_i[1]"))]
    pins = [PinActivity(0.1, 0.4, ("u/r/Q", "u/r/D"))]
    old = opensta.activity_script(inputs, pins, [RegisterArc("DFF", "CK", "Q")], legacy=True).splitlines()
    assert old == [
        "set_power_activity -input -activity 0.1 -duty 0.5",
        "foreach name [list {a_i[0]} {a_i[1]}] { set_power_activity -input_ports [get_ports $name] "
        "-activity 0.250000 -duty 0.500000 }",
        "proc annotate {names toggles duty} { foreach name $names "
        "{ sta::set_power_pin_activity [sta::find_pin $name] $toggles $duty } }",
        "annotate {u/r/Q u/r/D} 0.100000 0.400000",
        "set_disable_timing -from CK -to Q [get_lib_cells */DFF]",
        "sta::redirect_string_begin; report_power -instances {u/r}; sta::redirect_string_end",
        "unset_disable_timing -from CK -to Q [get_lib_cells */DFF]",
    ]
    new = opensta.activity_script(inputs, pins, legacy=False)
    assert "set_power_activity -pins [get_pins $name]" in new
    assert "disable_timing" not in new
    assert opensta.activity_script([], [], legacy=True) == "set_power_activity -input -activity 0.1 -duty 0.5\n"


def test_activity_is_saved_and_read_back(tmp_path: Path) -> None:
    activity = Activity(100, {"u_a.q": SignalActivity(2, [10, 50], [100, 25])})
    assert Activity.load(activity.save(tmp_path / "activity.json")) == activity
    assert activity.bit("u_a.q", 0) == (0.1, 1.0)
    assert activity.bit("u_a.q", 1) == (0.5, 0.25)
    assert activity.bit("u_a.q", 2) is None
    assert activity.bit("other", 0) is None
    assert Activity(0, activity.signals).bit("u_a.q", 0) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cycles": 1, "signals": {"a": [2, [1], [1]]}}', '{"cycles": 1}'])
def test_damaged_activity(text: str, tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    path.write_text(text)
    with pytest.raises(StorageError, match="is not an activity file"):
        Activity.load(path)


def test_absent_activity(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*: No such file or directory"):
        Activity.load(tmp_path / "none.json")
