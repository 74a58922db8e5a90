/// TOSAM: adds T fraction bits of each operand and the product of H, a 1 appended to each.
module multiplier_tosam #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// Fraction bits multiplied; legal 0 to the narrower operand's width less 1.
  parameter integer H = 2,
  /// Fraction bits added; legal 0 to the narrower operand's width less 1.
  parameter integer T = 4
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  // One fraction per operand: its first bits are those that are multiplied and those that are added.
  localparam integer Longer        = (H > T) ? H : T;
  localparam integer FractionWidth = (Longer > 1) ? Longer : 1;

  wire [$clog2(ActivationWidth)+FractionWidth+1:0] activation_code;
  wire [$clog2(WeightWidth)+FractionWidth+1:0]     weight_code;

  short_log_encoder #(
    .Width         (ActivationWidth),
    .Signed        (Signed),
    .FractionWidth (FractionWidth),
    .ForcedOne     (0)
  ) u_activation_encoder (
    .operand_i (activation_i),
    .code_o    (activation_code)
  );

  short_log_encoder #(
    .Width         (WeightWidth),
    .Signed        (Signed),
    .FractionWidth (FractionWidth),
    .ForcedOne     (0)
  ) u_weight_encoder (
    .operand_i (weight_i),
    .code_o    (weight_code)
  );

  tosam_core #(
    .ActivationWidth (ActivationWidth),
    .WeightWidth     (WeightWidth),
    .Signed          (Signed),
    .FractionWidth   (FractionWidth),
    .H               (H),
    .T               (T)
  ) u_core (
    .activation_code_i (activation_code),
    .weight_code_i     (weight_code),
    .product_o         (product_o)
  );

endmodule
