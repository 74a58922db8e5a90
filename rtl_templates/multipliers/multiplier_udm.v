/// UDM: exact sum of 2x2 blocks in which 3 x 3 is 7, so that each block has three bits.
module multiplier_udm #(
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
  localparam integer Columns      = (ActivationWidth + 1) / 2;
  localparam integer BlockRows    = (WeightWidth + 1) / 2;
  localparam integer Triples      = (BlockRows + 2) / 3;
  localparam integer Rows         = BlockRows + Triples;

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

  // The top bit of a block stands in an even column. Three block rows' top bits, added, make one dense row: the sums
  // stand in even columns, the carries in odd ones.
  reg [Rows*ProductWidth-1:0] rows;
  reg [2*Columns-1:0]         digits;
  reg [6*Triples-1:0]         multiplier;
  reg [ProductWidth-1:0]      even;
  reg [ProductWidth-1:0]      odd;
  reg [ProductWidth-1:0]      x;
  reg [ProductWidth-1:0]      y;
  reg [ProductWidth-1:0]      z;
  integer                     j;

  always @(*) begin
    digits = {2*Columns{1'b0}};
    digits[ActivationWidth-1:0] = activation;
    multiplier = {6*Triples{1'b0}};
    multiplier[WeightWidth-1:0] = weight;
    even = {{(ProductWidth-2*Columns){1'b0}}, digits & {Columns{2'b01}}};
    odd = {{(ProductWidth-2*Columns){1'b0}}, (digits >> 1) & {Columns{2'b01}}};
    for (j = 0; j < BlockRows; j = j + 1) begin
      x = even & {ProductWidth{multiplier[2*j]}};
      y = (odd & {ProductWidth{multiplier[2*j]}}) | (even & {ProductWidth{multiplier[2*j+1]}});
      rows[j*ProductWidth +: ProductWidth] = (x | (y << 1)) << (2 * j);
    end
    for (j = 0; j < Triples; j = j + 1) begin
      x = (odd & {ProductWidth{multiplier[6*j+1]}}) << (6 * j + 2);
      y = (odd & {ProductWidth{multiplier[6*j+3]}}) << (6 * j + 4);
      z = (odd & {ProductWidth{multiplier[6*j+5]}}) << (6 * j + 6);
      rows[(BlockRows+j)*ProductWidth +: ProductWidth] = x ^ y ^ z | (((x & y) | (z & (x ^ y))) << 1);
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
