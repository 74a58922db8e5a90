"""Timing of designs whose clock is not called as the library's is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.flows.synthesis import synthesise
from tpugen.flows.technology import find_technology
from tpugen.flows.timing import analyse

TEXT = """module counter (
  input  wire       {clock},
  input  wire       rst,
  output wire [7:0] count_o
);
  reg [7:0] count_q;
  always @(posedge {clock}) count_q <= rst ? 8'd0 : count_q + 8'd1;
  assign count_o = count_q;
endmodule
"""


@pytest.mark.parametrize("clock", ["clk_i", "clk", "clock_i", "clock"])
def test_a_path_from_register_to_register_is_timed(clock: str, tmp_path: Path) -> None:
    source = tmp_path / "counter.v"
    source.write_text(TEXT.format(clock=clock), encoding="utf-8")
    library = find_technology("osu018")
    synth, sta = tmp_path / "synth", tmp_path / "sta"
    synth.mkdir()
    sta.mkdir()
    mapped = synthesise([source], "counter", library, clock_mhz=100, folder=synth, mode="flat")
    assert mapped.flip_flops == 8
    netlist = next(path for path in (synth / mapped.netlist, tmp_path / mapped.netlist) if path.is_file())
    timing = analyse(netlist, "counter", library, clock_mhz=100, clocked=True, folder=sta)
    assert 100 < timing.fmax_mhz < 2_000
    assert timing.power is not None
