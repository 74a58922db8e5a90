/// Exact ripple-carry adder: a chain of full adders; least area, and a delay that grows with Width.
module adder_ripple_carry #(
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

  wire [Width-1:0] half_sum = a_i ^ b_i;
  wire [Width-1:0] generates = a_i & b_i;

  // Bit i of `carries` comes from full adder i. One block, because simulators evaluate that faster than Width adders.
  reg [Width-1:0] carries;
  reg             carry;
  integer         i;

  always @(*) begin
    carry = 1'b0;
    for (i = 0; i < Width; i = i + 1) begin
      carry = generates[i] | (half_sum[i] & carry);
      carries[i] = carry;
    end
  end

  // The extension bits are the operands' signs.
  wire extension = (Signed != 0) && half_sum[Width-1];

  assign sum_o = {extension, half_sum} ^ {carries, 1'b0};

endmodule
