/// Multiplies two log codes by adding them in a mirror adder: ALM-MAA3; see log_encoder.
module alm_maa3_core #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement product; 0: unsigned.
  parameter integer Signed = 1,
  /// Low bits of the log sum copied from the weight's; legal 1 to the narrower operand's width less 1.
  parameter integer M = 4
) (
  input  wire [$clog2(ActivationWidth)+ActivationWidth:0] activation_code_i,
  input  wire [$clog2(WeightWidth)+WeightWidth:0]         weight_code_i,
  output wire [ActivationWidth+WeightWidth-1:0]           product_o
);

  localparam integer ProductWidth  = ActivationWidth + WeightWidth;
  localparam integer ExponentWidth = $clog2(ProductWidth);
  localparam integer FractionWidth = ((ActivationWidth > WeightWidth) ? ActivationWidth : WeightWidth) - 1;
  localparam integer LogWidth      = ExponentWidth + FractionWidth;

  generate
    if (M < 1 || M > ActivationWidth - 1 || M > WeightWidth - 1) begin : gen_m_error
      tpugen_error_alm_m_must_be_1_to_the_narrower_width_less_1 u_error ();
    end
  endgenerate

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

  wire [LogWidth-1:0] log_sum;
  wire                unused_carry;

  adder_approx5 #(
    .Width  (LogWidth),
    .Signed (0),
    .K      (M)
  ) u_log_adder (
    .a_i   (activation_log),
    .b_i   (weight_log),
    .sum_o ({unused_carry, log_sum})
  );

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
