/// Exact multiplier, radix-4 Booth: half as many partial products, each 0, +-1 or +-2 times the wider operand.
module multiplier_booth_radix4 #(
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
  localparam integer Narrower     = (ActivationWidth < WeightWidth) ? ActivationWidth : WeightWidth;
  // Unsigned operands are signed ones with a zero in front.
  localparam integer MultiplicandWidth = ProductWidth - Narrower + 1 - Signed;
  localparam integer Digits            = (Narrower + 2 - Signed) / 2;

  generate
    if (ActivationWidth < 2 || ActivationWidth > 32) begin : gen_activation_error
      tpugen_error_activation_width_must_be_2_to_32 u_error ();
    end
    if (WeightWidth < 2 || WeightWidth > 32) begin : gen_weight_error
      tpugen_error_weight_width_must_be_2_to_32 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
  endgenerate

  wire [MultiplicandWidth-1:0] multiplicand;
  wire [2*Digits-1:0]          multiplier;

  generate
    if (ActivationWidth < WeightWidth) begin : gen_weight_multiplicand
      sign_extend #(
        .InputWidth  (WeightWidth),
        .OutputWidth (MultiplicandWidth),
        .Signed      (Signed)
      ) u_multiplicand (
        .data_i (weight_i),
        .data_o (multiplicand)
      );

      sign_extend #(
        .InputWidth  (ActivationWidth),
        .OutputWidth (2 * Digits),
        .Signed      (Signed)
      ) u_multiplier (
        .data_i (activation_i),
        .data_o (multiplier)
      );
    end else begin : gen_activation_multiplicand
      sign_extend #(
        .InputWidth  (ActivationWidth),
        .OutputWidth (MultiplicandWidth),
        .Signed      (Signed)
      ) u_multiplicand (
        .data_i (activation_i),
        .data_o (multiplicand)
      );

      sign_extend #(
        .InputWidth  (WeightWidth),
        .OutputWidth (2 * Digits),
        .Signed      (Signed)
      ) u_multiplier (
        .data_i (weight_i),
        .data_o (multiplier)
      );
    end
  endgenerate

  localparam [ProductWidth-1:0] One = {{(ProductWidth-1){1'b0}}, 1'b1};

  // What puts the inverted sign bits of all rows right.
  function [ProductWidth-1:0] correction(input integer digits);
    integer r;
    begin
      correction = {ProductWidth{1'b0}};
      for (r = 0; r < digits; r = r + 1) begin
        correction = correction - (One << (MultiplicandWidth + 2 * r));
      end
    end
  endfunction

  localparam [ProductWidth-1:0] Correction = correction(Digits);

  wire [Digits*ProductWidth-1:0] rows;
  wire                           negative;

  booth_rows #(
    .MultiplicandWidth (MultiplicandWidth),
    .Digits            (Digits),
    .Offset            (0),
    .Width             (ProductWidth)
  ) u_rows (
    .multiplicand_i (multiplicand),
    .multiplier_i   (multiplier),
    .below_i        (1'b0),
    .rows_o         (rows),
    .negative_o     (negative)
  );

  // The multiplicand is the wider operand, so the constant's bits lie above the column of the last row's 1.
  wire [ProductWidth-1:0] last_row = Correction | ({{(ProductWidth-1){1'b0}}, negative} << (2 * Digits - 2));
  wire [ProductWidth-1:0] tree_sum;
  wire [ProductWidth-1:0] tree_carry;

  carry_save_tree #(
    .Rows  (Digits + 1),
    .Width (ProductWidth)
  ) u_tree (
    .rows_i  ({last_row, rows}),
    .sum_o   (tree_sum),
    .carry_o (tree_carry)
  );

  assign product_o = tree_sum + tree_carry;

endmodule
