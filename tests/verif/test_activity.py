"""Switching activity against a waveform that is counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.errors import StorageError
from tpugen.verif.activity import activity_from_waveform, register_names

VCD = """\
$timescale 1ns $end
$scope module bench $end
$scope module u_dut $end
$var wire 1 ! clk_i $end
$var wire 4 " data_i [3:0] $end
$scope begin gen_row[0] $end
$var reg 4 # acc_q [3:0] $end
$var reg 4 $ scratch [3:0] $end
$var wire 4 % inner [3:0] $end
$upscope $end
$upscope $end
$upscope $end
$enddefinitions $end
#0
0!
b0000 "
bxxxx #
b0000 $
b0000 %
#5
1!
b0101 #
#10
0!
b1111 "
#15
1!
b0110 #
#20
0!
#25
1!
b1110 #
b1111 $
#30
0!
#40
b0000 "
"""


@pytest.fixture
def wave(tmp_path: Path) -> Path:
    path = tmp_path / "waves.vcd"
    path.write_text(VCD)
    return path


def test_toggles_and_ones_are_counted_per_bit(wave: Path) -> None:
    activity = activity_from_waveform(wave, "bench.u_dut", period_ns=10, window_ns=(0, 30), registers={"acc_q"})
    assert activity.cycles == 3
    assert set(activity.signals) == {"clk_i", "data_i", "gen_row[0].acc_q"}
    data = activity.signals["data_i"]
    assert data.toggles == [1, 1, 1, 1]
    assert data.ones == [2, 2, 2, 2]
    accumulator = activity.signals["gen_row[0].acc_q"]
    # xxxx -> 0101 is no toggle; 0101 -> 0110 turns bits 0 and 1; 0110 -> 1110 turns bit 3.
    assert accumulator.toggles == [1, 1, 0, 1]
    assert accumulator.ones == [1, 2, 2, 0]
    assert activity.signals["clk_i"].toggles == [6]


def test_without_names_every_reg_counts_and_wires_below_the_top_do_not(wave: Path) -> None:
    activity = activity_from_waveform(wave, "bench.u_dut", period_ns=10)
    assert set(activity.signals) == {"clk_i", "data_i", "gen_row[0].acc_q", "gen_row[0].scratch"}
    assert activity.cycles == 4
    assert activity.signals["data_i"].toggles == [2, 2, 2, 2]


def test_a_window_leaves_out_what_is_before_and_after(wave: Path) -> None:
    activity = activity_from_waveform(wave, "bench.u_dut", period_ns=10, window_ns=(10, 20), registers={"acc_q"})
    assert activity.cycles == 1
    assert activity.signals["data_i"].toggles == [0, 0, 0, 0]
    assert activity.signals["data_i"].ones == [1, 1, 1, 1]
    assert activity.signals["gen_row[0].acc_q"].toggles == [1, 1, 0, 0]


def test_wrong_scope_and_wrong_file_are_errors(wave: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"holds no signal below bench\.u_other"):
        activity_from_waveform(wave, "bench.u_other", period_ns=10)
    (tmp_path / "junk.fst").write_bytes(b"junk")
    with pytest.raises(StorageError, match="cannot read the waveform"):
        activity_from_waveform(tmp_path / "junk.fst", "bench", period_ns=10)


def test_register_names_are_targets_of_nonblocking_assignments() -> None:
    text = "always @(posedge c) begin a_q <= b; line_q[3:0] <= {x, y}; mem[i][2] <= z; end\nalways @* n = m;"
    assert register_names([text]) == {"a_q", "line_q", "mem"}


def test_nets_that_are_registers_under_another_name_count_as_registers() -> None:
    text = (
        "always @(posedge c) begin {v_q, f_q} <= t_i; a_q <= a_i; end\n"
        "assign token_o = {v_q, f_q};\nassign a_o = a_q;\nassign sum_o = a_q + b_i;\nassign mixed_o = {v_q, x_i};\n"
    )
    assert register_names([text]) == {"v_q", "f_q", "a_q", "token_o", "a_o"}
