/// Exact carry-select adder: blocks of growing width work for both carries; the one that arrives selects.
module adder_carry_select #(
  /// Width of both operands, in bits; legal 1..128.
  parameter integer Width = 8,
  /// 1: two's complement operands and sum; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [Width-1:0] a_i,
  input  wire [Width-1:0] b_i,
  output wire [Width:0]   sum_o
);

  generate
    if (Width < 1 || Width > 128) begin : gen_width_error
      tpugen_error_adder_width_must_be_1_to_128 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
  endgenerate

  // The lowest block has two bits, those above it 2, 3, 4, ... bits, so that both results of each are there when the
  // carry into it arrives.
  function integer block_start(input integer index);
    block_start = (index == 0) ? 0 : 1 + index * (index + 1) / 2;
  endfunction

  wire [Width-1:0] half_sum = a_i ^ b_i;
  wire [Width-1:0] generates = a_i & b_i;

  // Chains within a block: for no carry into it, and for a carry into it.
  reg [Width-1:0] without;
  reg [Width-1:0] with_carry;
  integer i;
endmodule
