/// EIM: exact sum of 4x4 blocks that OR most of their columns instead of adding them.
module multiplier_eim #(
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

  localparam integer ActivationNibbles = (ActivationWidth + 3) / 4;
  localparam integer WeightNibbles     = (WeightWidth + 3) / 4;
  localparam integer PaddedWidth       = 4 * (ActivationNibbles + WeightNibbles);
  localparam integer Fewer             = (ActivationNibbles < WeightNibbles) ? ActivationNibbles : WeightNibbles;
  localparam integer Rows              = 2 * Fewer - ((ActivationNibbles == WeightNibbles) ? 1 : 0);

  // Blocks of one diagonal share their eight columns, those of the next but one follow on: diagonals of equal parity
  // share rows, `Fewer` rows for the parity of the longest, one less for the other where that is shorter.
  function integer row_of(input integer i, input integer j);
    row_of = ((i + j < WeightNibbles) ? i : WeightNibbles - 1 - j) + (((i + j + Fewer) % 2 == 0) ? Fewer : 0);
  endfunction

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

  reg [Rows*PaddedWidth-1:0]    rows;
  reg [4*ActivationNibbles-1:0] activation_nibbles;
  reg [4*WeightNibbles-1:0]     weight_nibbles;
  reg [3:0]                     p0;
  reg [3:0]                     p1;
  reg [3:0]                     p2;
  reg [3:0]                     p3;
  reg                           q;
  integer                       i;
  integer                       j;

  // In a block, pi[j] is bit i of the activation's nibble and bit j of the weight's.
  always @(*) begin
    activation_nibbles = {4*ActivationNibbles{1'b0}};
    activation_nibbles[ActivationWidth-1:0] = activation;
    weight_nibbles = {4*WeightNibbles{1'b0}};
    weight_nibbles[WeightWidth-1:0] = weight;
    rows = {Rows*PaddedWidth{1'b0}};
    for (i = 0; i < ActivationNibbles; i = i + 1) begin
      for (j = 0; j < WeightNibbles; j = j + 1) begin
        p0 = weight_nibbles[4*j +: 4] & {4{activation_nibbles[4*i]}};
        p1 = weight_nibbles[4*j +: 4] & {4{activation_nibbles[4*i+1]}};
        p2 = weight_nibbles[4*j +: 4] & {4{activation_nibbles[4*i+2]}};
        p3 = weight_nibbles[4*j +: 4] & {4{activation_nibbles[4*i+3]}};
        q = p3[2] && p2[3];
        rows[row_of(i, j)*PaddedWidth+4*(i+j) +: 8] = {
          q && p3[3],
          q ^ p3[3],
          (p1[3] && p2[2] && p3[1]) ^ p2[3] ^ p3[2],
          (p0[3] && p1[2] && p2[1] && p3[0]) || p1[3] || p2[2],
          p0[3] || p1[2] || p2[1] || p3[0],
          p0[2] || p1[1] || p2[0],
          p0[1] || p1[0],
          p0[0]
        };
      end
    end
  end

  wire [PaddedWidth-1:0] total;

  generate
    if (Rows == 1) begin : gen_one_block
      assign total = rows;
    end else begin : gen_blocks
      wire [PaddedWidth-1:0] tree_sum;
      wire [PaddedWidth-1:0] tree_carry;

      carry_save_tree #(
        .Rows  (Rows),
        .Width (PaddedWidth)
      ) u_tree (
        .rows_i  (rows),
        .sum_o   (tree_sum),
        .carry_o (tree_carry)
      );

      assign total = tree_sum + tree_carry;
    end
  endgenerate

  // Blocks never exceed the exact product, so nothing is lost above its width.
  wire unused_padding = |(total >> ProductWidth);

  apply_sign #(
    .Width (ProductWidth)
  ) u_sign (
    .magnitude_i (total[ProductWidth-1:0]),
    .negate_i    (activation_negative ^ weight_negative),
    .data_o      (product_o)
  );

endmodule
