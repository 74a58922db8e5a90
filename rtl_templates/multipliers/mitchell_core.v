/// Multiplies two log codes by adding them: Mitchell; see log_encoder.
module mitchell_core #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement product; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [$clog2(ActivationWidth)+ActivationWidth:0] activation_code_i,
  input  wire [$clog2(WeightWidth)+WeightWidth:0]         weight_code_i,
  output wire [ActivationWidth+WeightWidth-1:0]           product_o
);

  localparam integer ProductWidth  = ActivationWidth + WeightWidth;
  localparam integer ExponentWidth = $clog2(ProductWidth);
  localparam integer FractionWidth = ((ActivationWidth > WeightWidth) ? ActivationWidth : WeightWidth) - 1;
  localparam integer LogWidth      = ExponentWidth + FractionWidth;

  wire [LogWidth-1:0] activation_log;
  wire [LogWidth-1:0] weight_log;
  wire                nonzero;
  wire                negate;

  log_words #(
    .ActivationWidth         (ActivationWidth),
    .WeightWidth             (WeightWidth),
    .ActivationFractionWidth (ActivationWidth - 1),
    .WeightFractionWidth     (WeightWidth - 1),
    .FractionWidth           (FractionWidth)
  ) u_words (
    .activation_code_i (activation_code_i),
    .weight_code_i     (weight_code_i),
    .activation_log_o  (activation_log),
    .weight_log_o      (weight_log),
    .nonzero_o         (nonzero),
    .negate_o          (negate)
  );

  // No product of these widths has a characteristic that the sum could not hold.
  wire [LogWidth-1:0] log_sum = activation_log + weight_log;

  mantissa_shifter #(
    .MantissaWidth (FractionWidth + 1),
    .FractionWidth (FractionWidth),
    .ExponentWidth (ExponentWidth),
    .ProductWidth  (ProductWidth),
    .Signed        (Signed)
  ) u_antilog (
    .mantissa_i ({1'b1, log_sum[FractionWidth-1:0]}),
    .exponent_i (log_sum[LogWidth-1:FractionWidth]),
    .nonzero_i  (nonzero),
    .negate_i   (negate),
    .product_o  (product_o)
  );

endmodule
