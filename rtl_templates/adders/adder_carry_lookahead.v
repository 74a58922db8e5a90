/// Exact carry-lookahead adder: groups of four look ahead at every level, bits, groups, groups of groups.
module adder_carry_lookahead #(
  /// Width of both operands, in bits; legal 1..128.
  parameter integer Width = 8,
  /// 1: two's complement operands and sum; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [Width-1:0] a_i,
  input  wire [Width-1:0] b_i,
  output wire [Width:0]   sum_o
);

  generate
    if (Width < 1 || Width > 128) begin : gen_width_error
      tpugen_error_adder_width_must_be_1_to_128 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
  endgenerate


  // Everything is indexed by position: position i lies below bit i, `sum_o[Width]` included.
  localparam integer Positions = Width + 1;
  localparam integer Levels    = ($clog2(Positions) + 1) / 2;

  // Quarters[(4*level+q)*Positions +: Positions] marks where quarter q of an aligned group of 4^(level+1) bits starts.
  function [4*Levels*Positions-1:0] quarter_starts(input integer first_level);
    integer level_at;
    integer at;
    integer quarter;
    begin
      quarter_starts = {(4*Levels*Positions){1'b0}};
      for (level_at = first_level; level_at < Levels; level_at = level_at + 1) begin
        for (at = 0; at < Positions; at = at + (1 << (2 * level_at))) begin
          quarter = (at >> (2 * level_at)) % 4;
          quarter_starts[(4*level_at+quarter)*Positions+at] = 1'b1;
        end
      end
    end
  endfunction

  localparam [4*Levels*Positions-1:0] Quarters = quarter_starts(0);

  wire [Width-1:0] half_sum = a_i ^ b_i;

  // Whether the block that ends below a position generates a carry, or propagates one; 1, 2, 3: blocks further down.
  reg [Width:0] g;
  reg [Width:0] g1;
  reg [Width:0] g2;
  reg [Width:0] g3;
  reg [Width:0] p;
  reg [Width:0] p1;
  reg [Width:0] p2;
  reg [Width:0] p3;
  reg [Width:0] ends;
  // The carry into a position, where it is known; 1, 2, 3: of positions further down.
  reg [Width:0] carries;
  reg [Width:0] carries1;
  reg [Width:0] carries2;
  reg [Width:0] carries3;
  integer       level;

  always @(*) begin
    g = {a_i & b_i, 1'b0};
    p = {half_sum, 1'b0};
    // Four blocks of 4^level bits make one group, known where the last of them ends.
    for (level = 0; level < Levels - 1; level = level + 1) begin
      ends = Quarters[4*level*Positions +: Positions];
      g1 = g << (1 << (2 * level));
      g2 = g1 << (1 << (2 * level));
      g3 = g2 << (1 << (2 * level));
      p1 = p << (1 << (2 * level));
      p2 = p1 << (1 << (2 * level));
      p3 = p2 << (1 << (2 * level));
      g = g | (ends & ((p & g1) | (p & p1 & g2) | (p & p1 & p2 & g3)));
      p = p & (~ends | (p1 & p2 & p3));
    end
    // From the carry into a group follow those into its second, third and fourth block, all at once.
    carries = {Positions{1'b0}};
    for (level = Levels - 1; level >= 0; level = level - 1) begin
      g1 = g << (1 << (2 * level));
      g2 = g1 << (1 << (2 * level));
      p1 = p << (1 << (2 * level));
      p2 = p1 << (1 << (2 * level));
      carries1 = carries << (1 << (2 * level));
      carries2 = carries1 << (1 << (2 * level));
      carries3 = carries2 << (1 << (2 * level));
      carries = carries
        | (Quarters[(4*level+1)*Positions +: Positions] & (g | (p & carries1)))
        | (Quarters[(4*level+2)*Positions +: Positions] & (g | (p & g1) | (p & p1 & carries2)))
        | (Quarters[(4*level+3)*Positions +: Positions]
           & (g | (p & g1) | (p & p1 & g2) | (p & p1 & p2 & carries3)));
    end
  end

  // The extension bits are the operands' signs.
  wire extension = (Signed != 0) && half_sum[Width-1];

  assign sum_o = {extension, half_sum} ^ carries;

endmodule
