/// ASM: the weight's nibbles 9, 11, 13 and 15 lose their lowest bit; the rest is exact.
module multiplier_asm #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  localparam integer ProductWidth = ActivationWidth + WeightWidth;
  localparam integer Nibbles      = (WeightWidth + 3) / 4;
  localparam integer Rows         = 3 * Nibbles;

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

  // In a nibble snapped to {1, 3, 5, 7} x 2^s the top bit and the lowest never both count, so they share a row: three
  // rows a nibble instead of four.
  reg [Rows*ProductWidth-1:0] rows;
  reg [4*Nibbles-1:0]         nibbles;
  integer                     at;

  wire [ProductWidth-1:0] multiplicand = {{WeightWidth{1'b0}}, activation};

  always @(*) begin
    nibbles = {4*Nibbles{1'b0}};
    nibbles[WeightWidth-1:0] = weight;
    for (at = 0; at < Nibbles; at = at + 1) begin
      rows[(3*at+0)*ProductWidth +: ProductWidth] =
          ((multiplicand & {ProductWidth{nibbles[4*at] && !nibbles[4*at+3]}}) << (4 * at))
          | ((multiplicand & {ProductWidth{nibbles[4*at+3]}}) << (4 * at + 3));
      rows[(3*at+1)*ProductWidth +: ProductWidth] =
          (multiplicand & {ProductWidth{nibbles[4*at+1]}}) << (4 * at + 1);
      rows[(3*at+2)*ProductWidth +: ProductWidth] =
          (multiplicand & {ProductWidth{nibbles[4*at+2]}}) << (4 * at + 2);
    end
  end

  wire [ProductWidth-1:0] tree_sum;
  wire [ProductWidth-1:0] tree_carry;

  carry_save_tree #(
    .Rows  (Rows),
    .Width (ProductWidth)
  ) u_tree (
    .rows_i  (rows),
    .sum_o   (tree_sum),
    .carry_o (tree_carry)
  );

  apply_sign #(
    .Width (ProductWidth)
  ) u_sign (
    .magnitude_i (tree_sum + tree_carry),
    .negate_i    (activation_negative ^ weight_negative),
    .data_o      (product_o)
  );

endmodule
