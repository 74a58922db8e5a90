"""A small hand-written MAC that keeps its contract: the tests break it in many ways."""

from __future__ import annotations

from tpugen.spec import MacSpec

MAC_SPEC = MacSpec(activation_width_bits=5, weight_width_bits=4, accumulator_width_bits=11)

MAC_TEXT = """\
module mac_s5xs4_acc11 (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  input  wire        operand_last_i,
  input  wire [4:0]  activation_i,
  input  wire [3:0]  weight_i,
  output reg         result_valid_o,
  input  wire        result_ready_i,
  output reg  [10:0] result_o
);
  wire advance = !result_valid_o || result_ready_i;
  assign operand_ready_o = advance;
  reg valid_q, last_q, first_q;
  reg signed [8:0] product_q;
  reg signed [10:0] sum_q;
  wire signed [10:0] sum = (first_q ? 11'sd0 : sum_q) + product_q;
  always @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) begin
      valid_q <= 1'b0;
      first_q <= 1'b1;
      result_valid_o <= 1'b0;
    end else if (advance) begin
      valid_q <= operand_valid_i;
      result_valid_o <= valid_q && last_q;
      if (valid_q) first_q <= last_q;
    end
  always @(posedge clk_i)
    if (advance) begin
      product_q <= $signed(activation_i) * $signed(weight_i);
      last_q <= operand_last_i;
      if (valid_q) begin
        sum_q <= sum;
        if (last_q) result_o <= sum;
      end
    end
endmodule
"""
