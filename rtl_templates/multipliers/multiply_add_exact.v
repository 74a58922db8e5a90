/// Exact fused multiply-add: sum_o = activation_i x weight_i + addend_i, modulo 2^AddendWidth.
///
/// The addend joins the partial products in one carry-save tree, so that product and accumulation share a single
/// carry-propagate adder. The product needs no sign extension: see partial_products.
module multiply_add_exact #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// Width of the addend and of the sum, in bits; at least the product's width, at most 128.
  parameter integer AddendWidth = 32,
  /// 1: two's complement operands; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [ActivationWidth-1:0] activation_i,
  input  wire [WeightWidth-1:0]     weight_i,
  input  wire [AddendWidth-1:0]     addend_i,
  output wire [AddendWidth-1:0]     sum_o
);

  // The narrower operand is the multiplier: fewer rows, a shallower tree.
  localparam integer ProductRows =
      ((ActivationWidth < WeightWidth) ? ActivationWidth : WeightWidth) + Signed;

  generate
    if (ActivationWidth < 2 || ActivationWidth > 32) begin : gen_activation_error
      tpugen_error_activation_width_must_be_2_to_32 u_error ();
    end
    if (WeightWidth < 2 || WeightWidth > 32) begin : gen_weight_error
      tpugen_error_weight_width_must_be_2_to_32 u_error ();
    end
  endgenerate

  wire [ProductRows*AddendWidth-1:0] product_rows;
  wire [AddendWidth-1:0]             tree_sum;
  wire [AddendWidth-1:0]             tree_carry;

  generate
    if (ActivationWidth < WeightWidth) begin : gen_weight_multiplicand
      partial_products #(
        .MultiplicandWidth (WeightWidth),
        .MultiplierWidth   (ActivationWidth),
        .Width             (AddendWidth),
        .Signed            (Signed)
      ) u_partial_products (
        .multiplicand_i (weight_i),
        .multiplier_i   (activation_i),
        .rows_o         (product_rows)
      );
    end else begin : gen_activation_multiplicand
      partial_products #(
        .MultiplicandWidth (ActivationWidth),
        .MultiplierWidth   (WeightWidth),
        .Width             (AddendWidth),
        .Signed            (Signed)
      ) u_partial_products (
        .multiplicand_i (activation_i),
        .multiplier_i   (weight_i),
        .rows_o         (product_rows)
      );
    end
  endgenerate

  // The addend arrives from a register and is the last row: it passes the first levels where rows are left over.
  carry_save_tree #(
    .Rows  (ProductRows + 1),
    .Width (AddendWidth)
  ) u_tree (
    .rows_i  ({addend_i, product_rows}),
    .sum_o   (tree_sum),
    .carry_o (tree_carry)
  );

  assign sum_o = tree_sum + tree_carry;

endmodule
