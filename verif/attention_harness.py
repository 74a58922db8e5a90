"""The Verilog bench of the attention engine: plays tokens as memories say, and prints every transfer.

Inputs change just after the rising edge; outputs are read in the middle of the cycle, when everything combinational has
settled. Lines printed: `t` (cycle, number) when a token begins, `s` (cycle) when attention is started, `o` (cycle,
operator) when the operator changes, `d` (cycle) when the engine is done, `v` (cycle) when a context element is first on
offer, `c` (cycle, last, bits) when it is taken, `x` for what the handshake forbids.
"""

from __future__ import annotations

from collections.abc import Mapping

from tpugen.verif.verilog_template import filled

__all__ = ["BENCH", "bench_text"]

BENCH = "attention_bench"
"""Name of the bench's module."""


def bench_text(
    parameters: Mapping[str, int], operands: int, tokens: int, elements: int, limit: int, seed: int, *, stop: bool
) -> str:
    """The bench.

    Args:
        parameters: Of the engine, by name.
        operands: Words in `operands.hex`: kind in bits 9..8, element in 7..0.
        tokens: Words in `tokens.hex`, from bit 0 on: position 16, multiplier 16, shift 8, operands 16, chances of a
            pause in 1/256, 8 each for operands and contexts, cycles until a reset 16, `clear` 4, nuisance 2, given up
            before the start 2.
        elements: Context elements of a token.
        limit: Cycles after which a token is stuck.
        seed: Of pauses and nuisance.
        stop: Whether it ends at the first element that is not that of `contexts.hex`.
    """
    values = {
        "OPERANDS": operands,
        "TOKENS": tokens,
        "ELEMENTS": elements,
        "LIMIT": limit,
        "SEED": seed,
        "STOP": int(stop),
    }
    return filled(_BENCH, parameters, values)


_BENCH = """`timescale 1ns/1ps
module attention_bench;
  reg [9:0] operands [0:@OPERANDS@];
  reg [95:0] tokens [0:@TOKENS@];
  reg [15:0] contexts [0:@TOKENS@*@ELEMENTS@];
  reg [95:0] token;
  reg clk, rst_n, clear, offers, start, takes, nuisance, taken, cut, held, started, given_up, late;
  reg [9:0] operand;
  reg [15:0] position;
  reg [16:0] held_context;
  reg [1:0] operator_before;
  integer seed, cycle, begun, number, next, end_of_token, received;
  wire ready, done, context_valid, context_last;
  wire [1:0] operator;
  wire [15:0] element;

  attention_engine #(@PARAMETERS@) u_dut (
    .clk_i(clk), .rst_ni(rst_n), .clear_i(clear),
    .operand_valid_i(offers), .operand_ready_o(ready), .operand_select_i(operand[9:8]), .operand_i(operand[7:0]),
    .position_i(position), .start_i(start),
    .softmax_multiplier_i(token[31:16]), .softmax_shift_i(token[37:32]),
    .operator_o(operator), .done_o(done),
    .context_valid_o(context_valid), .context_ready_i(takes), .context_last_o(context_last), .context_o(element)
  );

  function integer roll(input integer unused);
    begin
      roll = $random(seed);
      roll = (roll >> 8) & 255;
    end
  endfunction

  // One cycle: the rising edge, new inputs, a look at the outputs.
  task tick;
    begin
      #5 clk = 1'b1;
      cycle = cycle + 1;
      #1 drive;
      #4 clk = 1'b0;
      look;
    end
  endtask

  task drive;
    begin
      if (taken) begin
        offers = 1'b0;
        next = next + 1;
      end
      clear = 1'b0;
      start = 1'b0;
      if (started) begin
        // Neither operands nor starts are welcome while attention runs.
        offers = nuisance && operator != 2'd0 && !done && roll(0) < 128;
        start = nuisance && operator != 2'd0 && !done && roll(0) < 128;
        operand = roll(0);
      end else if (next < end_of_token) begin
        if (!offers && roll(0) >= token[63:56]) begin
          offers = 1'b1;
          operand = operands[next];
        end
        if (!offers) operand = roll(0);
      end else if (!given_up) begin
        start = 1'b1;
        started = 1'b1;
        $display("s %0d", cycle);
      end
      takes = roll(0) >= token[71:64];
    end
  endtask

  task look;
    begin
      if ((^{ready, operator, done, context_valid}) === 1'bx) $display("x %0d unknown handshake", cycle);
      taken = offers && ready;
      if (taken && operator != 2'd0) $display("x %0d operand taken while attention runs", cycle);
      if (operator !== operator_before) $display("o %0d %0d", cycle, operator);
      operator_before = operator;
      if (done) $display("d %0d", cycle);
      if (held && (context_valid !== 1'b1 || {context_last, element} !== held_context))
        $display("x %0d context not held", cycle);
      if (context_valid && !held) $display("v %0d", cycle);
      held = context_valid && !takes;
      held_context = {context_last, element};
      if (context_valid && takes) begin
        $display("c %0d %b %b", cycle, context_last, element);
        if (@STOP@ && token[87:72] == 0 && element !== contexts[number * @ELEMENTS@ + received]) $finish;
        received = received + 1;
      end
    end
  endtask

  task reset;
    begin
      #1 rst_n = 1'b0;
      offers = 1'b0; start = 1'b0; takes = 1'b0; taken = 1'b0; held = 1'b0; started = 1'b0; clear = 1'b0;
      #1 if (context_valid !== 1'b0 || operator !== 2'd0 || done !== 1'b0) $display("x %0d alive in reset", cycle);
      operator_before = 2'd0;
      repeat (2) begin
        #5 clk = 1'b1; #5 clk = 1'b0;
      end
      #1 rst_n = 1'b1;
    end
  endtask

  initial begin
    $readmemh("operands.hex", operands);
    $readmemh("tokens.hex", tokens);
    $readmemh("contexts.hex", contexts);
    clk = 1'b0; rst_n = 1'b1; cycle = 0; seed = @SEED@; next = 0; end_of_token = 0; position = 16'd0; token = 96'd0;
    operand = 10'd0; nuisance = 1'b0; given_up = 1'b0;
    reset;
    for (number = 0; number < @TOKENS@; number = number + 1) begin
      token = tokens[number];
      position = token[15:0];
      nuisance = token[92]; given_up = token[94];
      started = 1'b0; received = 0;
      next = end_of_token;
      end_of_token = end_of_token + token[55:40];
      $display("t %0d %0d", cycle, number);
      begun = cycle;
      clear = token[91:88] != 0;
      repeat (2) begin
        #5 clk = 1'b1; #1 taken = 1'b0; cycle = cycle + 1; #4 clk = 1'b0;
      end
      clear = 1'b0;
      cut = 1'b0; late = 1'b0;
      while (received < @ELEMENTS@ && !cut && !late && !(given_up && next == end_of_token)) begin
        tick;
        late = cycle - begun > @LIMIT@;
        cut = token[87:72] != 0 && cycle - begun >= token[87:72];
      end
      if (late) begin
        $display("x %0d stuck", cycle);
        $finish;
      end
      if (cut) reset;
      else begin
        // Nothing may follow.
        repeat (3) begin
          #5 clk = 1'b1; #1 takes = 1'b0; offers = 1'b0; start = 1'b0; taken = 1'b0; cycle = cycle + 1; #4 clk = 1'b0;
          if (context_valid !== 1'b0) $display("x %0d more contexts than elements", cycle);
        end
        held = 1'b0;
      end
    end
    $display("end");
    $finish;
  end
endmodule
"""
