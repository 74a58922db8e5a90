/// Exact multiplier, Dadda tree: columns are compressed just as far as each level must.
module multiplier_dadda #(
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

  partial_product_columns #(
    .MultiplicandWidth (ActivationWidth),
    .MultiplierWidth   (WeightWidth),
    .Signed            (Signed),
    .Eager             (0)
  ) u_columns (
    .multiplicand_i (activation_i),
    .multiplier_i   (weight_i),
    .product_o      (product_o)
  );

endmodule
