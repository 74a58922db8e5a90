/// DR-ALM: Mitchell's multiplier on log words of T-1 fraction bits, the last forced to 1, one unit added.
module multiplier_dr_alm #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// Log bits kept, of which T-1 are fraction; legal 2 to the narrower operand's width.
  parameter integer T = 4
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  wire [$clog2(ActivationWidth)+T:0] activation_code;
  wire [$clog2(WeightWidth)+T:0]     weight_code;

  short_log_encoder #(
    .Width         (ActivationWidth),
    .Signed        (Signed),
    .FractionWidth (T - 1),
    .ForcedOne     (1)
  ) u_activation_encoder (
    .operand_i (activation_i),
    .code_o    (activation_code)
  );

  short_log_encoder #(
    .Width         (WeightWidth),
    .Signed        (Signed),
    .FractionWidth (T - 1),
    .ForcedOne     (1)
  ) u_weight_encoder (
    .operand_i (weight_i),
    .code_o    (weight_code)
  );

  dr_alm_core #(
    .ActivationWidth (ActivationWidth),
    .WeightWidth     (WeightWidth),
    .Signed          (Signed),
    .T               (T)
  ) u_core (
    .activation_code_i (activation_code),
    .weight_code_i     (weight_code),
    .product_o         (product_o)
  );

endmodule
