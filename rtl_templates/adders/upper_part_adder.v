/// The exact part of a lower-part approximate adder: a_i + b_i + carry_i, one bit wider than its operands.
module upper_part_adder #(
  /// Width of both operands, in bits; legal 1..128.
  parameter integer Width = 4,
  /// 1: two's complement operands and sum; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [Width-1:0] a_i,
  input  wire [Width-1:0] b_i,
  input  wire             carry_i,
  output wire [Width:0]   sum_o
);

  generate
    if (Width < 1 || Width > 128) begin : gen_width_error
      tpugen_error_upper_part_width_must_be_1_to_128 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
  endgenerate

  wire a_extension = (Signed != 0) && a_i[Width-1];
  wire b_extension = (Signed != 0) && b_i[Width-1];

  assign sum_o = {a_extension, a_i} + {b_extension, b_i} + {{Width{1'b0}}, carry_i};

endmodule
