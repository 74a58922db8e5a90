// Adds signed samples into a running sum that saturates: it stays at 2047 or -2048 instead of wrapping.
// In a cycle with clear_i the sum starts again: from the sample if valid_i is high, else from 0.
// Without valid_i and clear_i the sum holds.
// clock: clk_i, 100 MHz
// reset: rst_ni, asynchronous, active low
// latency: 1 cycle
module saturating_accumulator (
  input  wire               clk_i,     // clock
  input  wire               rst_ni,    // reset: the sum becomes 0
  input  wire               clear_i,   // start a new sum
  input  wire               valid_i,   // sample_i is added in this cycle
  input  wire signed [7:0]  sample_i,  // sample
  output wire signed [11:0] sum_o,     // running sum, saturated to 12 bits
  output wire               full_o     // the sum is at one of its two ends
);
