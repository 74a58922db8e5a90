/// LETAM: multiplies T bits after each leading one with a 1 appended; DRUM with K = T + 1.
module multiplier_letam #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// Bits after the leading one; legal 1 to the narrower operand's width less 1.
  parameter integer T = 4
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  wire [$clog2(ActivationWidth)+T+1:0] activation_code;
  wire [$clog2(WeightWidth)+T+1:0]     weight_code;

  segment_encoder #(
    .Width        (ActivationWidth),
    .Signed       (Signed),
    .SegmentWidth (T+1),
    .ForcedOne    (1)
  ) u_activation_encoder (
    .operand_i (activation_i),
    .code_o    (activation_code)
  );

  segment_encoder #(
    .Width        (WeightWidth),
    .Signed       (Signed),
    .SegmentWidth (T+1),
    .ForcedOne    (1)
  ) u_weight_encoder (
    .operand_i (weight_i),
    .code_o    (weight_code)
  );

  segment_core #(
    .ActivationWidth (ActivationWidth),
    .WeightWidth     (WeightWidth),
    .Signed          (Signed),
    .SegmentWidth    (T+1)
  ) u_core (
    .activation_code_i (activation_code),
    .weight_code_i     (weight_code),
    .product_o         (product_o)
  );

endmodule
