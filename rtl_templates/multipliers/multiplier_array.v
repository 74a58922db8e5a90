/// Exact multiplier, array: one row of full adders with rippling carry for each bit of the narrower operand.
module multiplier_array #(
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

  localparam integer ProductWidth      = ActivationWidth + WeightWidth;
  localparam integer MultiplierWidth   = (ActivationWidth < WeightWidth) ? ActivationWidth : WeightWidth;
  localparam integer MultiplicandWidth = ProductWidth - MultiplierWidth;
  localparam integer Rows              = MultiplierWidth + Signed;

  wire [MultiplicandWidth-1:0] multiplicand;
  wire [MultiplierWidth-1:0]   multiplier;
  wire [Rows*ProductWidth-1:0] rows;

  generate
    if (ActivationWidth < 2 || ActivationWidth > 32) begin : gen_activation_error
      tpugen_error_activation_width_must_be_2_to_32 u_error ();
    end
    if (WeightWidth < 2 || WeightWidth > 32) begin : gen_weight_error
      tpugen_error_weight_width_must_be_2_to_32 u_error ();
    end
    if (ActivationWidth < WeightWidth) begin : gen_weight_multiplicand
      assign multiplicand = weight_i;
      assign multiplier   = activation_i;
    end else begin : gen_activation_multiplicand
      assign multiplicand = activation_i;
      assign multiplier   = weight_i;
    end
  endgenerate

  partial_products #(
    .MultiplicandWidth (MultiplicandWidth),
    .MultiplierWidth   (MultiplierWidth),
    .Width             (ProductWidth),
    .Signed            (Signed)
  ) u_partial_products (
    .multiplicand_i (multiplicand),
    .multiplier_i   (multiplier),
    .rows_o         (rows)
  );

  // Row r adds to columns r..r+MultiplicandWidth-1 and carries into the next one. Before row 0 stands the constant of a
  // signed product: it costs no row of its own.
  reg [ProductWidth-1:0] sum;
  reg [ProductWidth-1:0] propagate;
  reg [ProductWidth:0]   carry;
  integer                r;
  integer                i;

  always @(*) begin
    sum = (Signed != 0) ? rows[(Rows-1)*ProductWidth +: ProductWidth] : {ProductWidth{1'b0}};
    for (r = 0; r < MultiplierWidth; r = r + 1) begin
      propagate = sum ^ rows[r*ProductWidth +: ProductWidth];
      carry = {(ProductWidth+1){1'b0}};
      for (i = r; i < r + MultiplicandWidth; i = i + 1) begin
        carry[i+1] = propagate[i] ? carry[i] : sum[i];
      end
      sum = propagate ^ carry[ProductWidth-1:0];
    end
  end

  wire unused_carry = carry[ProductWidth];

  assign product_o = sum;

endmodule
