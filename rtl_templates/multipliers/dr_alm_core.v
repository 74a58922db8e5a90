/// Multiplies two short log codes by adding them and one unit: DR-ALM; see short_log_encoder.
module dr_alm_core #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement product; 0: unsigned.
  parameter integer Signed = 1,
  /// Log bits kept, of which T-1 are fraction; legal 2 to the narrower operand's width.
  parameter integer T = 4
) (
  input  wire [$clog2(ActivationWidth)+T:0]     activation_code_i,
  input  wire [$clog2(WeightWidth)+T:0]         weight_code_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  localparam integer ProductWidth  = ActivationWidth + WeightWidth;
  localparam integer ExponentWidth = $clog2(ProductWidth);
  localparam integer FractionWidth = T - 1;
  localparam integer LogWidth      = ExponentWidth + FractionWidth;

  generate
    if (T < 2 || T > ActivationWidth || T > WeightWidth) begin : gen_t_error
      tpugen_error_dr_alm_t_must_be_2_to_the_narrower_width u_error ();
    end
  endgenerate

  wire [LogWidth-1:0] activation_log;
  wire [LogWidth-1:0] weight_log;
  wire                nonzero;
  wire                negate;

  log_words #(
    .ActivationWidth         (ActivationWidth),
    .WeightWidth             (WeightWidth),
    .ActivationFractionWidth (T - 1),
    .WeightFractionWidth     (T - 1),
    .FractionWidth           (FractionWidth)
  ) u_words (
    .activation_code_i (activation_code_i),
    .weight_code_i     (weight_code_i),
    .activation_log_o  (activation_log),
    .weight_log_o      (weight_log),
    .nonzero_o         (nonzero),
    .negate_o          (negate)
  );

  // The unit added makes up for what truncation takes on average. No characteristic needs the carry out.
  wire [LogWidth-1:0] log_sum;
  wire                unused_carry;

  upper_part_adder #(
    .Width  (LogWidth),
    .Signed (0)
  ) u_log_adder (
    .a_i     (activation_log),
    .b_i     (weight_log),
    .carry_i (1'b1),
    .sum_o   ({unused_carry, log_sum})
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
