/// RoBA: multiplies by operands rounded to powers of two, where 3 rounds to 2, and leaves out the product of the rests.
module multiplier_roba #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  wire [$clog2(ActivationWidth)+ActivationWidth+1:0] activation_code;
  wire [$clog2(WeightWidth)+WeightWidth+1:0]         weight_code;

  rounding_encoder #(
    .Width     (ActivationWidth),
    .Signed    (Signed),
    .ThreeDown (1)
  ) u_activation_encoder (
    .operand_i (activation_i),
    .code_o    (activation_code)
  );

  rounding_encoder #(
    .Width     (WeightWidth),
    .Signed    (Signed),
    .ThreeDown (1)
  ) u_weight_encoder (
    .operand_i (weight_i),
    .code_o    (weight_code)
  );

  rounding_core #(
    .ActivationWidth (ActivationWidth),
    .WeightWidth     (WeightWidth),
    .Signed          (Signed)
  ) u_core (
    .activation_code_i (activation_code),
    .weight_code_i     (weight_code),
    .product_o         (product_o)
  );

endmodule
