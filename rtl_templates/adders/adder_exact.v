/// Exact adder: sum_o = a_i + b_i, one bit wider than its operands.
module adder_exact #(
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

  // The operands' extension bits; a structural choice is left to synthesis.
  wire a_extension = (Signed != 0) && a_i[Width-1];
  wire b_extension = (Signed != 0) && b_i[Width-1];

  assign sum_o = {a_extension, a_i} + {b_extension, b_i};

endmodule
