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


  // The two lowest blocks have two bits, each one above has one more: when the carry into a block arrives, its results
  // are there. Bit i of Starts: a block starts at i.
  function [Width-1:0] block_starts(input integer first_size);
    integer size;
    integer next;
    integer at;
    begin
      size = first_size;
      next = first_size;
      for (at = 0; at < Width; at = at + 1) begin
        block_starts[at] = at == next;
        if (at == next) begin
          next = next + size;
          size = size + 1;
        end
      end
    end
  endfunction

  localparam [Width-1:0] Starts = block_starts(2);

  wire [Width-1:0] half_sum  = a_i ^ b_i;
  wire [Width-1:0] generates = a_i & b_i;

  reg [Width:0] sum;
  reg           carry;
  reg           carry_if_0;
  reg           carry_if_1;
  integer       i;

  // A carry that leaves a block without one coming in leaves it with one too: AND and OR select it, sooner than a mux.
  always @(*) begin
    carry = 1'b0;
    carry_if_0 = 1'b0;
    carry_if_1 = 1'b1;
    for (i = 0; i < Width; i = i + 1) begin
      if (Starts[i]) begin
        carry = carry_if_0 | (carry_if_1 & carry);
        carry_if_0 = 1'b0;
        carry_if_1 = 1'b1;
      end
      sum[i] = carry ? half_sum[i] ^ carry_if_1 : half_sum[i] ^ carry_if_0;
      carry_if_0 = generates[i] | (half_sum[i] & carry_if_0);
      carry_if_1 = generates[i] | (half_sum[i] & carry_if_1);
    end
    // The extension bits are the operands' signs.
    carry = carry_if_0 | (carry_if_1 & carry);
    sum[Width] = ((Signed != 0) && half_sum[Width-1]) ^ carry;
  end

  assign sum_o = sum;

endmodule
