/// Multiplies two log codes by adding T fraction bits of each and the product of H: TOSAM; see short_log_encoder.
module tosam_core #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement product; 0: unsigned.
  parameter integer Signed = 1,
  /// Fraction bits of a code; the greatest of H, T and 1.
  parameter integer FractionWidth = 4,
  /// Fraction bits multiplied; legal 0..FractionWidth.
  parameter integer H = 2,
  /// Fraction bits added; legal 0..FractionWidth.
  parameter integer T = 4
) (
  input  wire [$clog2(ActivationWidth)+FractionWidth+1:0] activation_code_i,
  input  wire [$clog2(WeightWidth)+FractionWidth+1:0]     weight_code_i,
  output wire [ActivationWidth+WeightWidth-1:0]           product_o
);

  localparam integer ActivationExponentWidth = $clog2(ActivationWidth);
  localparam integer WeightExponentWidth     = $clog2(WeightWidth);
  localparam integer ProductWidth            = ActivationWidth + WeightWidth;
  localparam integer ExponentWidth           = $clog2(ProductWidth - 1);

  // Fraction bits of the sum: those of the added fractions or those of the product, each with a 1 appended.
  localparam integer SumFractionWidth = (2 * H + 2 > T + 1) ? 2 * H + 2 : T + 1;
  localparam integer SumWidth         = SumFractionWidth + 2;
  localparam integer Rows             = H + 3;

  generate
    if (H < 0 || H > FractionWidth || T < 0 || T > FractionWidth) begin : gen_bits_error
      tpugen_error_tosam_h_and_t_must_be_0_to_the_fraction_width u_error ();
    end
  endgenerate

  // With a 1 after its last bit; shorter fractions are the first bits of this and again a 1.
  wire [FractionWidth:0] activation_fraction = {activation_code_i[FractionWidth-1:0], 1'b1};
  wire [FractionWidth:0] weight_fraction     = {weight_code_i[FractionWidth-1:0], 1'b1};

  reg [H:0]               activation_factor;
  reg [H:0]               weight_factor;
  reg [T:0]               activation_term;
  reg [T:0]               weight_term;
  reg [Rows*SumWidth-1:0] rows;
  integer                 r;

  always @(*) begin
    activation_factor = activation_fraction[FractionWidth -: H+1];
    weight_factor = weight_fraction[FractionWidth -: H+1];
    activation_term = activation_fraction[FractionWidth -: T+1];
    weight_term = weight_fraction[FractionWidth -: T+1];
    activation_factor[0] = 1'b1;
    weight_factor[0] = 1'b1;
    activation_term[0] = 1'b1;
    weight_term[0] = 1'b1;

    // The product of the factors in rows 0..H, then the terms, the first of them with the 1 before the point.
    rows = {(Rows*SumWidth){1'b0}};
    for (r = 0; r <= H; r = r + 1) begin
      rows[r*SumWidth+SumFractionWidth-2*H-2+r +: H+1] = activation_factor & {(H+1){weight_factor[r]}};
    end
    rows[(H+1)*SumWidth+SumFractionWidth] = 1'b1;
    rows[(H+1)*SumWidth+SumFractionWidth-T-1 +: T+1] = activation_term;
    rows[(H+2)*SumWidth+SumFractionWidth-T-1 +: T+1] = weight_term;
  end

  wire [SumWidth-1:0] tree_sum;
  wire [SumWidth-1:0] tree_carry;
  wire                unused_appended = activation_fraction[0] ^ weight_fraction[0];

  carry_save_tree #(
    .Rows  (Rows),
    .Width (SumWidth)
  ) u_tree (
    .rows_i  (rows),
    .sum_o   (tree_sum),
    .carry_o (tree_carry)
  );

  reg [ExponentWidth-1:0] activation_exponent;
  reg [ExponentWidth-1:0] weight_exponent;

  always @(*) begin
    activation_exponent = {ExponentWidth{1'b0}};
    weight_exponent = {ExponentWidth{1'b0}};
    activation_exponent[ActivationExponentWidth-1:0] = activation_code_i[FractionWidth +: ActivationExponentWidth];
    weight_exponent[WeightExponentWidth-1:0] = weight_code_i[FractionWidth +: WeightExponentWidth];
  end

  mantissa_shifter #(
    .MantissaWidth (SumWidth),
    .FractionWidth (SumFractionWidth),
    .ExponentWidth (ExponentWidth),
    .ProductWidth  (ProductWidth),
    .Signed        (Signed)
  ) u_shifter (
    .mantissa_i (tree_sum + tree_carry),
    .exponent_i (activation_exponent + weight_exponent),
    .nonzero_i  (activation_code_i[FractionWidth+ActivationExponentWidth]
                 && weight_code_i[FractionWidth+WeightExponentWidth]),
    .negate_i   (activation_code_i[FractionWidth+ActivationExponentWidth+1]
                 ^ weight_code_i[FractionWidth+WeightExponentWidth+1]),
    .product_o  (product_o)
  );

endmodule
