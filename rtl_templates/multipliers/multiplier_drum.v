/// DRUM: multiplies K bits from each leading one, the last forced to 1 where bits are cut.
module multiplier_drum #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// Accurate bits; legal 2 to the narrower operand's width.
  parameter integer K = 4
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  wire [$clog2(ActivationWidth)+K:0] activation_code;
  wire [$clog2(WeightWidth)+K:0]     weight_code;

  segment_encoder #(
    .Width        (ActivationWidth),
    .Signed       (Signed),
    .SegmentWidth (K),
    .ForcedOne    (1)
  ) u_activation_encoder (
    .operand_i (activation_i),
    .code_o    (activation_code)
  );

  segment_encoder #(
    .Width        (WeightWidth),
    .Signed       (Signed),
    .SegmentWidth (K),
    .ForcedOne    (1)
  ) u_weight_encoder (
    .operand_i (weight_i),
    .code_o    (weight_code)
  );

  segment_core #(
    .ActivationWidth (ActivationWidth),
    .WeightWidth     (WeightWidth),
    .Signed          (Signed),
    .SegmentWidth    (K)
  ) u_core (
    .activation_code_i (activation_code),
    .weight_code_i     (weight_code),
    .product_o         (product_o)
  );

endmodule
