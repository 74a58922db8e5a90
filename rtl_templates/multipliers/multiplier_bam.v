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
  localparam integer Kept         = WeightWidth - Hbl;
  localparam integer Rows         = (Kept < 2) ? 2 : Kept;

  generate
    if (Vbl < 0 || Vbl > ProductWidth - 2) begin : gen_vbl_error
      tpugen_error_bam_vbl_must_be_0_to_the_product_width_less_2 u_error ();
    end
    if (Hbl < 0 || Hbl > WeightWidth - 1) begin : gen_hbl_error
      tpugen_error_bam_hbl_must_be_0_to_the_weight_width_less_1 u_error ();
    end
  endgenerate

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

  localparam [ProductWidth-1:0] KeptColumns = {ProductWidth{1'b1}} << Vbl;

  reg [Rows*ProductWidth-1:0] rows;
  reg [ProductWidth-1:0]      multiplicand;
  integer                     j;

  always @(*) begin
    multiplicand = {{WeightWidth{1'b0}}, activation};
    rows = {Rows*ProductWidth{1'b0}};
    for (j = Hbl; j < WeightWidth; j = j + 1) begin
      rows[(j-Hbl)*ProductWidth +: ProductWidth] =
          (multiplicand << j) & KeptColumns & {ProductWidth{weight[j]}};
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
