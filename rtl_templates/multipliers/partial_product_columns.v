/// Unsigned or Baugh-Wooley product by column compression, Wallace's or Dadda's, of a whole or a broken array.
///
/// Full adders turn three bits of a column into one and a carry, half adders two. Wallace's scheme reduces every column
/// as soon as it can; Dadda's only as far as the heights 2, 3, 4, 6, 9, 13, ... ask for, which takes fewest adders.
module partial_product_columns #(
  /// Width of the multiplicand a, in bits; legal 2..32.
  parameter integer MultiplicandWidth = 8,
  /// Width of the multiplier b, in bits; legal 2..32.
  parameter integer MultiplierWidth = 8,
  /// 1: two's complement operands and product, of a whole array only; 0: unsigned.
  parameter integer Signed = 1,
  /// Partial products a_i b_j with i + j below it are left out; legal 0 to the product's width less 2.
  parameter integer Vbl = 0,
  /// Partial products a_i b_j with j below it are left out; legal 0..MultiplierWidth-1.
  parameter integer Hbl = 0,
  /// 1: Wallace's scheme; 0: Dadda's.
  parameter integer Eager = 0
) (
  input  wire [MultiplicandWidth-1:0]                   multiplicand_i,
  input  wire [MultiplierWidth-1:0]                     multiplier_i,
  output wire [MultiplicandWidth+MultiplierWidth-1:0] product_o
);

  localparam integer Width  = MultiplicandWidth + MultiplierWidth;
  localparam integer Height = MultiplierWidth + 1;  // the tallest column, constants of a signed product included
  localparam integer Levels = 10;                   // more than 32x32 takes: the last one finds nothing left to do
  localparam integer Field  = 6;                    // of the plan

  generate
    if (MultiplicandWidth < 2 || MultiplicandWidth > 32) begin : gen_multiplicand_error
      tpugen_error_multiplicand_width_must_be_2_to_32 u_error ();
    end
    if (MultiplierWidth < 2 || MultiplierWidth > 32) begin : gen_multiplier_error
      tpugen_error_multiplier_width_must_be_2_to_32 u_error ();
    end
    if (Vbl < 0 || Vbl > Width - 2) begin : gen_vbl_error
      tpugen_error_vbl_must_be_0_to_the_product_width_less_2 u_error ();
    end
    if (Hbl < 0 || Hbl > MultiplierWidth - 1) begin : gen_hbl_error
      tpugen_error_hbl_must_be_0_to_the_multiplier_width_less_1 u_error ();
    end
    if (Signed != 0 && (Vbl > 0 || Hbl > 0)) begin : gen_signed_error
      tpugen_error_broken_arrays_are_unsigned u_error ();
    end
  endgenerate

  // The first row that has a bit in a column, and how many have: those from there to the multiplier's last, or to the
  // multiplicand's first bit.
  function integer first_row(input integer column);
    begin
      first_row = (column < MultiplicandWidth) ? 0 : column - MultiplicandWidth + 1;
      first_row = (first_row < Hbl) ? Hbl : first_row;
    end
  endfunction

  function integer partial_products(input integer column);
    begin
      partial_products = ((column < MultiplierWidth) ? column : MultiplierWidth - 1) - first_row(column) + 1;
      partial_products = (column < Vbl || partial_products < 0) ? 0 : partial_products;
    end
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
        while (target + target / 2 < tallest) begin
          target = target + target / 2;
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

  // Column c is at [c*Height +: Height], its bits from the lowest on. One word holds the first inputs of a column's
  // adders, one the second and one the third, which half adders do not have.
  localparam [Height-1:0] Ones = {Height{1'b1}};

  reg [Width*Height-1:0] columns;
  reg [Height-1:0]       column;
  reg [Height-1:0]       x;
  reg [Height-1:0]       y;
  reg [Height-1:0]       z;
  reg [Field-1:0]        full;
  reg [Field-1:0]        adders;
  reg [Width-1:0]        sum;
  reg [Width-1:0]        carry;
  integer                level;
  integer                c;
  integer                i;

  always @(*) begin
    columns = {Width*Height{1'b0}};
    x = {Height{1'b0}};
    y = {Height{1'b0}};
    z = {Height{1'b0}};
    full = {Field{1'b0}};
    adders = {Field{1'b0}};
    sum = {Width{1'b0}};
    carry = {Width{1'b0}};
    for (c = 0; c < Width; c = c + 1) begin
      column = {Height{1'b0}};
      for (i = 0; i < partial_products(c); i = i + 1) begin
        // Inverted where exactly one of the two bits is a sign bit.
        column[i] = (multiplicand_i[c-first_row(c)-i] & multiplier_i[first_row(c)+i])
            ^ (Signed != 0 && (c-first_row(c)-i == MultiplicandWidth-1) != (first_row(c)+i == MultiplierWidth-1));
      end
      if (Correction[c]) begin
        column[partial_products(c)] = 1'b1;
      end
      columns[c*Height +: Height] = column;
    end
    // From the top column down: the column that takes the carries has already made room for them.
    for (level = 0; level < Levels; level = level + 1) begin
      for (c = Width - 1; c >= 0; c = c - 1) begin
        adders = Plan[(3*(level*Width+c)+1)*Field +: Field];
        if (Plan[(3*(level*Width+c)+1)*Field +: Field] != {Field{1'b0}}) begin
          full = Plan[(3*(level*Width+c)+0)*Field +: Field];
          column = columns[c*Height +: Height];
          x = column & ~(Ones << adders);
          y = (column >> adders) & ~(Ones << adders);
          z = (column >> adders >> adders) & ~(Ones << full);
          columns[c*Height +: Height] = (x ^ y ^ z) | ((column >> adders >> adders >> full) << adders);
          if (c + 1 < Width) begin
            columns[(c+1)*Height +: Height] = columns[(c+1)*Height +: Height]
                | (((x & y) | (z & (x ^ y))) << Plan[(3*(level*Width+c+1)+2)*Field +: Field]);
          end
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
