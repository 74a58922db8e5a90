/// ALM-MAA3: Mitchell's multiplier with a mirror adder for the log words.
module multiplier_alm_maa3 #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// Low bits of the log sum copied from the weight's; legal 1 to the narrower operand's width less 1.
  parameter integer M = 4
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  wire [$clog2(ActivationWidth)+ActivationWidth:0] activation_code;
  wire [$clog2(WeightWidth)+WeightWidth:0]         weight_code;

  log_encoder #(
    .Width  (ActivationWidth),
    .Signed (Signed)
  ) u_activation_encoder (
    .operand_i (activation_i),
    .code_o    (activation_code)
  );

  log_encoder #(
    .Width  (WeightWidth),
    .Signed (Signed)
  ) u_weight_encoder (
    .operand_i (weight_i),
    .code_o    (weight_code)
  );

  alm_maa3_core #(
    .ActivationWidth (ActivationWidth),
    .WeightWidth     (WeightWidth),
    .Signed          (Signed),
    .M               (M)
  ) u_core (
    .activation_code_i (activation_code),
    .weight_code_i     (weight_code),
    .product_o         (product_o)
  );

endmodule
