/// Two log codes as log words of one format, {characteristic, fraction}, ready to be added; see log_encoder.
module log_words #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// Fraction bits of the activation's code; legal 1..FractionWidth.
  parameter integer ActivationFractionWidth = 7,
  /// Fraction bits of the weight's code; legal 1..FractionWidth.
  parameter integer WeightFractionWidth = 7,
  /// Fraction bits of both log words; at least those of both codes.
  parameter integer FractionWidth = 7
) (
  input  wire [$clog2(ActivationWidth)+ActivationFractionWidth+1:0]   activation_code_i,
  input  wire [$clog2(WeightWidth)+WeightFractionWidth+1:0]           weight_code_i,
  /// Log word of the activation, as wide as the product's characteristic asks for.
  output wire [$clog2(ActivationWidth+WeightWidth)+FractionWidth-1:0] activation_log_o,
  /// Log word of the weight, as wide.
  output wire [$clog2(ActivationWidth+WeightWidth)+FractionWidth-1:0] weight_log_o,
  /// Neither operand is zero.
  output wire                                                         nonzero_o,
  /// The product is negative.
  output wire                                                         negate_o
);

  localparam integer LogWidth            = $clog2(ActivationWidth + WeightWidth) + FractionWidth;
  localparam integer ActivationWordWidth = $clog2(ActivationWidth) + ActivationFractionWidth;
  localparam integer WeightWordWidth     = $clog2(WeightWidth) + WeightFractionWidth;

  generate
    if (FractionWidth < ActivationFractionWidth || FractionWidth < WeightFractionWidth) begin : gen_fraction_error
      tpugen_error_log_word_fraction_is_below_the_code_s u_error ();
    end
  endgenerate

  reg [LogWidth-1:0] activation_log;
  reg [LogWidth-1:0] weight_log;

  // Fractions are aligned to the left: the point stands at bit FractionWidth in both words.
  always @(*) begin
    activation_log = {LogWidth{1'b0}};
    weight_log = {LogWidth{1'b0}};
    activation_log[FractionWidth-ActivationFractionWidth +: ActivationWordWidth] =
        activation_code_i[ActivationWordWidth-1:0];
    weight_log[FractionWidth-WeightFractionWidth +: WeightWordWidth] = weight_code_i[WeightWordWidth-1:0];
  end

  assign activation_log_o = activation_log;
  assign weight_log_o     = weight_log;
  assign nonzero_o        = activation_code_i[ActivationWordWidth] && weight_code_i[WeightWordWidth];
  assign negate_o         = activation_code_i[ActivationWordWidth+1] ^ weight_code_i[WeightWordWidth+1];

endmodule
