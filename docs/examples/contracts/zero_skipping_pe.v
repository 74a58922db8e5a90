// Multiplies and accumulates pairs of operands, and skips what is zero: the accumulator and the operand registers
// toggle only for pairs without a zero, to save power.
// The pair with operand_last_i ends its dot product; its result is then offered until it is taken.
// A dot product of which all pairs were skipped gives 0. While a result waits, no pair is taken.
// skipped_o of a result is the number of pairs of its dot product that were skipped, at most 255.
// clock: clk_i
// reset: rst_ni, asynchronous, active low
module zero_skipping_pe (
  input  wire               clk_i,
  input  wire               rst_ni,
  input  wire               operand_valid_i,
  output wire               operand_ready_o,
  input  wire               operand_last_i,    // this pair is the last of its dot product
  input  wire signed [7:0]  activation_i,
  input  wire signed [7:0]  weight_i,
  output wire               result_valid_o,
  input  wire               result_ready_i,
  output wire signed [23:0] result_o,          // dot product, modulo 2^24
  output wire [7:0]         skipped_o          // pairs that were skipped, saturated at 255
);
