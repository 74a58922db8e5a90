"""The Verilog bench of the hybrid accelerator: a host that does what it is told, and two streams.

Plain Verilog, so that Icarus and Verilator take it and a token costs no Python. The host follows a list of commands;
everything that it and the streams see is printed: `w` (number, response) and `r` (number, response, data, interrupt)
for writes and reads, `t` (number, cycles) for a wait that ended and `T` for one that did not, `m` (last, data) for
numbers of the result, `x` for what the rules of AXI forbid, `u` (beats) for beats of x left when the host reset the
unit or ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from tpugen.verif.verilog_template import filled

__all__ = ["BENCH", "COMMAND_BITS", "CommandKind", "bench_text"]

BENCH = "tpugen_bench"
"""Name of the bench's module."""

COMMAND_BITS = 56
"""A command: kind (4 bits), strobes (4), address (16), data (32), the first uppermost."""


class CommandKind(IntEnum):
    """What the host does."""

    WRITE = 0
    """Write `data` to `address`, bytes of `strobes`."""
    READ = 1
    """Read `address`."""
    WAIT = 2
    """Wait for the interrupt, `data` cycles at most, then read the status at `address` until nothing is busy."""
    PAUSE = 3
    """Let `data` cycles pass."""
    RESET = 4
    """Reset the unit; beats of x that were not taken are forgotten."""
    SEND = 5
    """Offer `data` more beats of x."""
    PACE = 6
    """From now on x pauses with a chance of `data` [7:0] / 256 in a cycle, who takes results of [15:8], the host of
    [23:16] at each of its channels."""
    WAIT_RESULT = 7
    """Wait until a result is on offer, `data` cycles at most."""
    WAIT_TAKEN = 8
    """Wait until all beats of x but `data` are taken, a thousand cycles at most."""


def bench_text(parameters: Mapping[str, int], sizes: Mapping[str, int], seed: int, *, stop: bool) -> str:
    """The bench.

    Args:
        parameters: Of `pim_llm`, by name.
        sizes: Words in `commands.hex`, with as many in `answers.hex` (whether the word read must be this one, response,
            word); in `beats.hex` and in `results.hex` (`tlast`, number).
        seed: Of pauses.
        stop: Whether it ends at the first answer or result that is not the expected one.
    """
    values = {
        **{name.upper(): size for name, size in sizes.items()},
        "SEED": seed,
        "STOP": int(stop),
        "TOP": COMMAND_BITS - 1,
    }
    return filled(_BENCH, parameters, values)


_BENCH = """`timescale 1ns/1ps
module tpugen_bench;
  reg [@TOP@:0] commands [0:@COMMANDS@];
  reg [34:0] answers [0:@COMMANDS@];
  reg [16:0] beats [0:@BEATS@];
  reg [16:0] results [0:@RESULTS@];
  reg [@TOP@:0] command;
  reg clk, rst_n;
  integer number, count, seed, taken, offered, left, received;
  reg [7:0] x_pause, m_pause, host_pause;
  reg awvalid, wvalid, bready, arvalid, rready, xvalid, mready;
  reg [11:0] awaddr, araddr;
  reg [31:0] wdata, word;
  reg [3:0] wstrb;
  reg [16:0] beat;
  wire interrupt, awready, wready, bvalid, arready, rvalid, xready, mvalid, mlast;
  wire [1:0] bresp, rresp;
  wire [31:0] rdata;
  wire [15:0] mdata;

  pim_llm #(@PARAMETERS@) u_dut (
    .clk_i(clk), .rst_ni(rst_n), .interrupt_o(interrupt),
    .s_axil_awvalid_i(awvalid), .s_axil_awready_o(awready), .s_axil_awaddr_i(awaddr), .s_axil_awprot_i(3'd0),
    .s_axil_wvalid_i(wvalid), .s_axil_wready_o(wready), .s_axil_wdata_i(wdata), .s_axil_wstrb_i(wstrb),
    .s_axil_bvalid_o(bvalid), .s_axil_bready_i(bready), .s_axil_bresp_o(bresp),
    .s_axil_arvalid_i(arvalid), .s_axil_arready_o(arready), .s_axil_araddr_i(araddr), .s_axil_arprot_i(3'd0),
    .s_axil_rvalid_o(rvalid), .s_axil_rready_i(rready), .s_axil_rdata_o(rdata), .s_axil_rresp_o(rresp),
    .s_axis_x_tvalid_i(xvalid), .s_axis_x_tready_o(xready), .s_axis_x_tdata_i(beat[15:0]), .s_axis_x_tlast_i(beat[16]),
    .m_axis_x_tvalid_o(mvalid), .m_axis_x_tready_i(mready), .m_axis_x_tdata_o(mdata), .m_axis_x_tlast_o(mlast)
  );

  always #5 clk = !clk;

  function eager(input [7:0] pause);
    integer roll;
    begin
      roll = $random(seed);
      eager = ((roll >> 8) & 255) >= {24'd0, pause};
    end
  endfunction

  task stop(input wrong);
    if (wrong && @STOP@) $finish(0);
  endtask

  // Everything is driven at the falling edge and looked at just before the rising one, which makes the transfer.
  reg m_waits, x_moves;
  reg [16:0] m_before;

  always begin
    @(negedge clk);
    if (!rst_n) begin
      xvalid = 1'b0; mready = 1'b0; x_moves = 1'b0;
    end else begin
      if (x_moves) taken = taken + 1;
      if (!xvalid || x_moves) xvalid = taken < offered && eager(x_pause);
      beat = beats[taken];
      mready = eager(m_pause);
    end
    #4;
    x_moves = rst_n && xvalid && xready;
    if ((^{interrupt, xready, mvalid, bvalid, rvalid, awready, wready, arready}) === 1'bx) $display("x unknown");
    if (!rst_n && (mvalid || bvalid || rvalid)) $display("x valid in reset");
    if (rst_n) begin
      if (mvalid && (^{mlast, mdata}) === 1'bx) $display("x unknown result");
      if (m_waits && (!mvalid || {mlast, mdata} !== m_before)) $display("x result not held");
      if (mvalid && mready) begin
        $display("m %b %0d", mlast, $signed(mdata));
        if (received >= @RESULTS@) stop(1'b1); else stop({mlast, mdata} !== results[received]);
        received = received + 1;
      end
    end
    m_waits = rst_n && mvalid && !mready;
    m_before = {mlast, mdata};
  end

  task write_word;
    reg address_moves, data_moves, answered;
    begin
      count = 0; address_moves = 1'b0; data_moves = 1'b0;
      awaddr = command[43:32]; wdata = command[31:0]; wstrb = command[51:48];
      while (!(address_moves && data_moves) && count < 2000) begin
        if (!address_moves && !awvalid) awvalid = eager(host_pause);
        if (!data_moves && !wvalid) wvalid = eager(host_pause);
        #4;
        address_moves = address_moves || (awvalid && awready);
        data_moves = data_moves || (wvalid && wready);
        @(negedge clk);
        count = count + 1;
        if (address_moves) awvalid = 1'b0;
        if (data_moves) wvalid = 1'b0;
      end
      answered = 1'b0;
      while (!answered && count < 2000) begin
        bready = eager(host_pause);
        #4;
        answered = bvalid && bready;
        if (answered) begin
          $display("w %0d %0d", number, bresp);
          stop(bresp !== answers[number][33:32]);
        end
        @(negedge clk);
        count = count + 1;
      end
      bready = 1'b0;
      if (!answered) $display("x no answer to write %0d", number);
      stop(!answered);
    end
  endtask

  task read_word;
    reg moves, answered;
    begin
      count = 0; moves = 1'b0;
      araddr = command[43:32];
      while (!moves && count < 2000) begin
        if (!arvalid) arvalid = eager(host_pause);
        #4;
        moves = arvalid && arready;
        @(negedge clk);
        count = count + 1;
      end
      arvalid = 1'b0;
      answered = 1'b0;
      while (!answered && count < 2000) begin
        rready = eager(host_pause);
        #4;
        answered = rvalid && rready;
        word = rdata;
        if (answered && command[55:52] == 4'd1) begin
          $display("r %0d %0d %0d %b", number, rresp, rdata, interrupt);
          stop(rresp !== answers[number][33:32] || (answers[number][34] && rdata !== answers[number][31:0]));
        end
        @(negedge clk);
        count = count + 1;
      end
      rready = 1'b0;
      if (!answered) $display("x no answer to read %0d", number);
      stop(!answered);
    end
  endtask

  task wait_for(input integer what);
    integer limit;
    reg there;
    begin
      count = 0; there = 1'b0; limit = command[31:0];
      if (what == 2) begin left = command[31:0]; limit = 1000; end
      while (!there && count < limit) begin
        @(negedge clk);
        count = count + 1;
        there = (what == 0) ? interrupt : (what == 1) ? mvalid : offered - taken <= left;
      end
      if (there) $display("t %0d %0d", number, count); else $display("T %0d", number);
      stop(!there);
    end
  endtask

  task wait_idle;
    integer polls;
    begin
      wait_for(0);
      polls = 0;
      read_word;
      while (word[0] !== 1'b0 && polls < command[31:0]) begin
        polls = polls + 1;
        read_word;
      end
      if (word[0] !== 1'b0) $display("T %0d", number);
      stop(word[0] !== 1'b0);
    end
  endtask

  initial begin
    $readmemh("commands.hex", commands);
    $readmemh("answers.hex", answers);
    $readmemh("beats.hex", beats);
    $readmemh("results.hex", results);
    received = 0;
    clk = 1'b0; rst_n = 1'b0; seed = @SEED@; taken = 0; offered = 0; m_waits = 1'b0; x_moves = 1'b0;
    x_pause = 8'd0; m_pause = 8'd0; host_pause = 8'd0;
    awvalid = 1'b0; wvalid = 1'b0; bready = 1'b0; arvalid = 1'b0; rready = 1'b0; xvalid = 1'b0; mready = 1'b0;
    awaddr = 12'd0; araddr = 12'd0; wdata = 32'd0; wstrb = 4'd0; beat = 17'd0;
    repeat (3) @(negedge clk);
    rst_n = 1'b1;
    @(negedge clk);
    for (number = 0; number < @COMMANDS@; number = number + 1) begin
      command = commands[number];
      case (command[55:52])
        4'd0: write_word;
        4'd1: read_word;
        4'd2: wait_idle;
        4'd3: repeat (command[31:0]) @(negedge clk);
        4'd4: begin
          #2;
          rst_n = 1'b0;
          repeat (3) @(negedge clk);
          $display("u %0d", offered - taken);
          taken = offered;
          #2;
          rst_n = 1'b1;
          @(negedge clk);
        end
        4'd5: offered = offered + command[31:0];
        4'd6: begin
          x_pause = command[7:0]; m_pause = command[15:8]; host_pause = command[23:16];
        end
        4'd7: wait_for(1);
        4'd8: wait_for(2);
        default: $display("x unknown command");
      endcase
    end
    $display("u %0d", offered - taken);
    $finish(0);
  end
endmodule
"""
