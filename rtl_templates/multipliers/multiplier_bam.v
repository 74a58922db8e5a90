/// BAM: the partial products a_i b_j with i + j below Vbl or j below Hbl are left out of the array.
module multiplier_bam #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// Vertical break level; legal 0 to the product's width less 2.
  parameter integer Vbl = 4,
  /// Horizontal break level; legal 0..WeightWidth-1.
  parameter integer Hbl = 0
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  localparam integer ProductWidth = ActivationWidth + WeightWidth;

  wire                       activation_negative;
  wire                       weight_negative;
  wire [ActivationWidth-1:0] activation;
  wire [WeightWidth-1:0]     weight;

  magnitude #(
    .Width  (ActivationWidth),
    .Signed (Signed)
  ) u_activation_magnitude (
    .data_i      (activation_i),
    .negative_o  (activation_negative),
    .magnitude_o (activation)
  );

  magnitude #(
    .Width  (WeightWidth),
    .Signed (Signed)
  ) u_weight_magnitude (
    .data_i      (weight_i),
    .negative_o  (weight_negative),
    .magnitude_o (weight)
  );

  wire [ProductWidth-1:0] product;

  partial_product_columns #(
    .MultiplicandWidth (ActivationWidth),
    .MultiplierWidth   (WeightWidth),
    .Signed            (0),
    .Vbl               (Vbl),
    .Hbl               (Hbl),
    .Eager             (0)
  ) u_columns (
    .multiplicand_i (activation),
    .multiplier_i   (weight),
    .product_o      (product)
  );

  apply_sign #(
    .Width (ProductWidth)
  ) u_sign (
    .magnitude_i (product),
    .negate_i    (activation_negative ^ weight_negative),
    .data_o      (product_o)
  );

endmodule
