/// Product by column compression, Wallace's or Dadda's: unsigned, or signed by Baugh-Wooley's scheme.
///
/// Full adders turn three bits of a column into one and a carry, half adders two. Wallace's scheme reduces every column
/// as soon as it can; Dadda's only as far as the heights 2, 3, 4, 6, 9, 13, ... ask for, which takes fewest adders.
module partial_product_columns #(
  /// Width of the multiplicand, in bits; legal 2..32.
  parameter integer MultiplicandWidth = 8,
  /// Width of the multiplier, in bits; legal 2..32.
  parameter integer MultiplierWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// 1: Wallace's scheme; 0: Dadda's.
  parameter integer Eager = 0
) (
  input  wire [MultiplicandWidth-1:0]                   multiplicand_i,
  input  wire [MultiplierWidth-1:0]                     multiplier_i,
  output wire [MultiplicandWidth+MultiplierWidth-1:0] product_o
);

  localparam integer Width  = MultiplicandWidth + MultiplierWidth;
  localparam integer Height = MultiplierWidth + 1;  // the tallest column, constants of a signed product included
  localparam integer Levels = levels(Height);
  localparam integer Field  = 6;                    // of the plan

  generate
    if (MultiplicandWidth < 2 || MultiplicandWidth > 32) begin : gen_multiplicand_error
      tpugen_error_multiplicand_width_must_be_2_to_32 u_error ();
    end
    if (MultiplierWidth < 2 || MultiplierWidth > 32) begin : gen_multiplier_error
      tpugen_error_multiplier_width_must_be_2_to_32 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
    if (Eager != 0 && Eager != 1) begin : gen_eager_error
      tpugen_error_eager_must_be_0_or_1 u_error ();
    end
  endgenerate

  // Three bits become two, so far as there are three.
  function integer levels(input integer height);
    integer tallest;
    begin
      levels = 0;
      for (tallest = height; tallest > 2; tallest = tallest / 3 * 2 + tallest % 3) begin
        levels = levels + 1;
      end
    end
  endfunction

  // The first row that has a bit in a column, and how many have: those from there to the multiplier's last, or to the
  // multiplicand's first bit.
  function integer first_row(input integer column);
    first_row = (column < MultiplicandWidth) ? 0 : column - MultiplicandWidth + 1;
  endfunction

  function integer partial_products(input integer column);
    partial_products = ((column < MultiplierWidth) ? column + 1 : MultiplierWidth) - first_row(column);
  endfunction

  // Signed: 2^(m-1) + 2^(n-1) - 2^(m+n-1), modulo 2^(m+n), puts right what inverted partial products change.
  localparam [Width-1:0] One = {{(Width-1){1'b0}}, 1'b1};
  localparam [Width-1:0] Correction =
      (Signed == 0) ? {Width{1'b0}}
      : (One << (MultiplicandWidth - 1)) + (One << (MultiplierWidth - 1)) - (One << (Width - 1));

  // For every level and column: full adders, all adders, and the bits that the column then has but for carries.
  function [3*Levels*Width*Field-1:0] plan(input integer eager);
    reg [Width*Field-1:0] heights;
    integer               level;
    integer               column;
    integer               tallest;
    integer               target;
    integer               step;
    integer               bits;
    integer               carries;
    integer               full;
    integer               adders;
    begin
      for (column = 0; column < Width; column = column + 1) begin
        bits = partial_products(column) + (Correction[column] ? 1 : 0);
        heights[column*Field +: Field] = bits[Field-1:0];
      end
      for (level = 0; level < Levels; level = level + 1) begin
        tallest = 0;
        for (column = 0; column < Width; column = column + 1) begin
          bits = {{(32-Field){1'b0}}, heights[column*Field +: Field]};
          tallest = (bits > tallest) ? bits : tallest;
        end
        target = 2;
        for (step = 0; step < Levels; step = step + 1) begin
          target = (target + target / 2 < tallest) ? target + target / 2 : target;
        end
        carries = 0;
        for (column = 0; column < Width; column = column + 1) begin
          bits = {{(32-Field){1'b0}}, heights[column*Field +: Field]};
          full = 0;
          adders = 0;
          if (tallest > 2 && eager != 0) begin
            full = bits / 3;
            adders = (bits + 1) / 3;
          end
          if (tallest > 2 && eager == 0 && bits + carries > target) begin
            full = (bits + carries - target) / 2;
            adders = (bits + carries - target + 1) / 2;
          end
          plan[(3*(level*Width+column)+0)*Field +: Field] = full[Field-1:0];
          plan[(3*(level*Width+column)+1)*Field +: Field] = adders[Field-1:0];
          bits = bits - full - adders;
          plan[(3*(level*Width+column)+2)*Field +: Field] = bits[Field-1:0];
          bits = bits + carries;
          heights[column*Field +: Field] = bits[Field-1:0];
          carries = adders;
        end
      end
    end
  endfunction

  localparam [3*Levels*Width*Field-1:0] Plan = plan(Eager);

  // Column c is at [c*Height +: Height], its bits from the lowest on. Of a column's adders, one word holds the first
  // inputs, one the second and one the third, which half adders do not have.
  localparam [Height-1:0] Ones            = {Height{1'b1}};
  localparam [Width-1:0]  MultiplicandAll = (One << MultiplicandWidth) - One;
  localparam [Width-1:0]  MultiplierAll   = (One << MultiplierWidth) - One;
  localparam [Width-1:0]  MultiplierTop   = One << (MultiplierWidth - 1);

  reg [Width*Height-1:0]  columns;
  reg [Height-1:0]        column;
  reg [Width-Height-1:0]  unused_top;
  reg [Width-1:0]         mirrored;
  reg [Width-1:0]         multiplier;
  reg [Width-1:0]         signs;
  reg [3*Width*Field-1:0] todo;
  reg [Field-1:0]         full;
  reg [Field-1:0]         adders;
  reg [Height-1:0]        x;
  reg [Height-1:0]        y;
  reg [Height-1:0]        z;
  reg [Height-1:0]        carries;
  reg [Width-1:0]         sum;
  reg [Width-1:0]         carry;
  integer                 shift;
  integer                 row;
  integer                 level;
  integer                 c;

  always @(*) begin
    for (c = 0; c < Width; c = c + 1) begin
      mirrored[c] = c < MultiplicandWidth && multiplicand_i[MultiplicandWidth-1-c%MultiplicandWidth];
    end
    multiplier = {{MultiplicandWidth{1'b0}}, multiplier_i};
    // A column's partial products: the mirrored multiplicand against the multiplier, from the column's first row on.
    for (c = 0; c < Width; c = c + 1) begin
      row = first_row(c);
      shift = MultiplicandWidth - 1 - c + row;
      // Inverted where exactly one of the two bits is a sign bit.
      signs = ((One >> shift) ^ (MultiplierTop >> row)) & (MultiplicandAll >> shift) & (MultiplierAll >> row);
      {unused_top, column} = ((mirrored >> shift) & (multiplier >> row)) ^ (signs & {Width{Signed != 0}});
      columns[c*Height +: Height] = column | ({{(Height-1){1'b0}}, Correction[c]} << partial_products(c));
    end
    // From the top column down: the column that takes the carries has already made room for them.
    for (level = 0; level < Levels; level = level + 1) begin
      todo = Plan[3*level*Width*Field +: 3*Width*Field];
      carries = {Height{1'b0}};
      for (c = Width - 1; c >= 0; c = c - 1) begin
        full = todo[3*c*Field +: Field];
        adders = todo[(3*c+1)*Field +: Field];
        column = columns[c*Height +: Height];
        x = column & ~(Ones << adders);
        y = (column >> adders) & ~(Ones << adders);
        z = (column >> adders >> adders) & ~(Ones << full);
        columns[c*Height +: Height] = (x ^ y ^ z) | ((column >> adders >> adders >> full) << adders);
        if (c + 1 < Width) begin
          carries = ((x & y) | (z & (x ^ y))) << todo[(3*((c+1)%Width)+2)*Field +: Field];
          columns[(c+1)*Height +: Height] = columns[(c+1)*Height +: Height] | carries;
        end
      end
    end
    for (c = 0; c < Width; c = c + 1) begin
      sum[c] = columns[c*Height];
      carry[c] = columns[c*Height+1];
    end
  end

  assign product_o = sum + carry;

endmodule
