/// Splits a number into sign and magnitude; the most negative number has magnitude 2^(Width-1).
module magnitude #(
  /// Width of the number and of its magnitude, in bits; legal 2..32.
  parameter integer Width = 8,
  /// 1: two's complement; 0: unsigned, never negative.
  parameter integer Signed = 1
) (
  input  wire [Width-1:0] data_i,
  output wire             negative_o,
  output wire [Width-1:0] magnitude_o
);

  generate
    if (Width < 2 || Width > 32) begin : gen_width_error
      tpugen_error_operand_width_must_be_2_to_32 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
  endgenerate

  assign negative_o  = (Signed != 0) && data_i[Width-1];
  assign magnitude_o = (data_i ^ {Width{negative_o}}) + {{(Width-1){1'b0}}, negative_o};

endmodule
