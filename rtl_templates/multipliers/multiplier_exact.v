/// Exact multiplier: carry-save tree over Baugh-Wooley partial products and one carry-propagate adder.
module multiplier_exact #(
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

  multiply_add_exact #(
    .ActivationWidth (ActivationWidth),
    .WeightWidth     (WeightWidth),
    .AddendWidth     (ProductWidth),
    .Signed          (Signed)
  ) u_multiply_add (
    .activation_i (activation_i),
    .weight_i     (weight_i),
    .addend_i     ({ProductWidth{1'b0}}),
    .sum_o        (product_o)
  );

endmodule
