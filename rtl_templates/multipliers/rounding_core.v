/// Multiplies two rounding codes to first order about their nearest powers of two: RoBA and ILM; see rounding_encoder.
module rounding_core #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement product; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [$clog2(ActivationWidth)+ActivationWidth+1:0] activation_code_i,
  input  wire [$clog2(WeightWidth)+WeightWidth+1:0]         weight_code_i,
  output wire [ActivationWidth+WeightWidth-1:0]             product_o
);

  localparam integer ActivationExponentWidth = $clog2(ActivationWidth);
  localparam integer WeightExponentWidth     = $clog2(WeightWidth);
  localparam integer ProductWidth            = ActivationWidth + WeightWidth;
  localparam integer ExponentWidth           = $clog2(ProductWidth - 1);
  localparam integer FractionWidth = ((ActivationWidth > WeightWidth) ? ActivationWidth : WeightWidth) - 1;

  wire activation_up = activation_code_i[ActivationExponentWidth+ActivationWidth+1];
  wire weight_up     = weight_code_i[WeightExponentWidth+WeightWidth+1];

  reg [FractionWidth-1:0] activation_fraction;
  reg [FractionWidth-1:0] weight_fraction;
  reg [ExponentWidth-1:0] activation_exponent;
  reg [ExponentWidth-1:0] weight_exponent;

  always @(*) begin
    activation_fraction = {FractionWidth{1'b0}};
    weight_fraction = {FractionWidth{1'b0}};
    activation_exponent = {ExponentWidth{1'b0}};
    weight_exponent = {ExponentWidth{1'b0}};
    activation_fraction[FractionWidth-1 -: ActivationWidth-1] = activation_code_i[ActivationWidth-2:0];
    weight_fraction[FractionWidth-1 -: WeightWidth-1] = weight_code_i[WeightWidth-2:0];
    activation_exponent[ActivationExponentWidth-1:0] = activation_code_i[ActivationWidth-1 +: ActivationExponentWidth];
    weight_exponent[WeightExponentWidth-1:0] = weight_code_i[WeightWidth-1 +: WeightExponentWidth];
  end

  // Of operands 2^la (1 + fa) and 2^lb (1 + fb), the product to first order about the nearest powers is 2^(la+lb) times
  // 1 + fa + fb where both lie below, 1 + fa + 2 fb where only a's lies above, 1 + 2 fa + fb where only b's does, and
  // 2 fa + 2 fb where both do. The 1 takes a place that the doubling of a fraction leaves empty.
  wire [FractionWidth:0] activation_term =
      weight_up ? {activation_fraction, 1'b0} : {activation_up, activation_fraction};
  wire [FractionWidth:0] weight_term =
      activation_up ? {weight_fraction, 1'b0} : {1'b1, weight_fraction};

  mantissa_shifter #(
    .MantissaWidth (FractionWidth + 2),
    .FractionWidth (FractionWidth),
    .ExponentWidth (ExponentWidth),
    .ProductWidth  (ProductWidth),
    .Signed        (Signed)
  ) u_shifter (
    .mantissa_i ({1'b0, activation_term} + {1'b0, weight_term}),
    .exponent_i (activation_exponent + weight_exponent),
    .nonzero_i  (activation_code_i[ActivationExponentWidth+ActivationWidth-1]
                 && weight_code_i[WeightExponentWidth+WeightWidth-1]),
    .negate_i   (activation_code_i[ActivationExponentWidth+ActivationWidth]
                 ^ weight_code_i[WeightExponentWidth+WeightWidth]),
    .product_o  (product_o)
  );

endmodule
