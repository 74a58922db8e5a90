/// A log code and whether the nearest power of two lies above the operand: {up, log code}; the code of RoBA and ILM.
///
/// Half way between two powers counts as up.
module rounding_encoder #(
  /// Width of the operand, in bits; legal 2..32.
  parameter integer Width = 8,
  /// 1: two's complement operand; 0: unsigned.
  parameter integer Signed = 1,
  /// 1: 3 is rounded to 2, as in RoBA; 0: to 4, as in ILM.
  parameter integer ThreeDown = 1
) (
  input  wire [Width-1:0]               operand_i,
  output wire [$clog2(Width)+Width+1:0] code_o
);

  localparam integer ExponentWidth = $clog2(Width);

  generate
    if (ThreeDown != 0 && ThreeDown != 1) begin : gen_three_down_error
      tpugen_error_three_down_must_be_0_or_1 u_error ();
    end
  endgenerate

  wire [ExponentWidth+Width:0] log_code;

  log_encoder #(
    .Width  (Width),
    .Signed (Signed)
  ) u_log_encoder (
    .operand_i (operand_i),
    .code_o    (log_code)
  );

  // With the leading one at index 1, the operand is 2 or 3.
  wire [ExponentWidth-1:0] exponent = log_code[Width-1 +: ExponentWidth];
  wire                     below_4  = {1'b0, exponent} == {{ExponentWidth{1'b0}}, 1'b1};

  assign code_o = {log_code[Width-2] && !(ThreeDown != 0 && below_4), log_code};

endmodule
