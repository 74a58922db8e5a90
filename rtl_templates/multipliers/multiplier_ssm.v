/// SSM: multiplies M bits of each operand, its top ones where it exceeds M bits, else its lowest ones.
module multiplier_ssm #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// Segment bits; legal 1 to the narrower operand's width.
  parameter integer M = 4
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  wire [M+1:0] activation_code;
  wire [M+1:0] weight_code;

  static_segment_encoder #(
    .Width        (ActivationWidth),
    .Signed       (Signed),
    .SegmentWidth (M)
  ) u_activation_encoder (
    .operand_i (activation_i),
    .code_o    (activation_code)
  );

  static_segment_encoder #(
    .Width        (WeightWidth),
    .Signed       (Signed),
    .SegmentWidth (M)
  ) u_weight_encoder (
    .operand_i (weight_i),
    .code_o    (weight_code)
  );

  static_segment_core #(
    .ActivationWidth (ActivationWidth),
    .WeightWidth     (WeightWidth),
    .Signed          (Signed),
    .SegmentWidth    (M)
  ) u_core (
    .activation_code_i (activation_code),
    .weight_code_i     (weight_code),
    .product_o         (product_o)
  );

endmodule
