/// Exact Brent-Kung adder: a parallel-prefix tree of fewest nodes, with twice the depth of the shallowest.
module adder_brent_kung #(
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

  localparam integer Levels = $clog2(Width);

  // Ends[level*Width +: Width] marks the bits at which aligned blocks of 2^level bits end.
  function [(Levels+1)*Width-1:0] block_ends(input integer first_level);
    integer at;
    integer bit_index;
    begin
      for (at = first_level; at <= Levels; at = at + 1) begin
        for (bit_index = 0; bit_index < Width; bit_index = bit_index + 1) begin
          block_ends[at*Width+bit_index] = (bit_index + 1) % (1 << at) == 0;
        end
      end
    end
  endfunction

  localparam [(Levels+1)*Width-1:0] Ends = block_ends(0);

  wire [Width-1:0] half_sum = a_i ^ b_i;

  // Bit i speaks of a block that ends at i: it generates a carry, or propagates one.
  reg [Width-1:0] generates;
  reg [Width-1:0] propagates;
  reg [Width-1:0] nodes;
  integer         level;

  always @(*) begin
    generates = a_i & b_i;
    propagates = half_sum;
    // Up the tree: at the end of each block of 2^level bits, its two halves are joined.
    for (level = 1; level <= Levels; level = level + 1) begin
      nodes = Ends[level*Width +: Width];
      generates = generates | (nodes & propagates & (generates << (1 << (level - 1))));
      propagates = propagates & (~nodes | (propagates << (1 << (level - 1))));
    end
    // Down: at the end of each first half, what came before the block is joined.
    for (level = Levels - 1; level > 0; level = level - 1) begin
      nodes = Ends[(level-1)*Width +: Width] & ~Ends[level*Width +: Width];
      generates = generates | (nodes & propagates & (generates << (1 << (level - 1))));
    end
  end

  // Bit i of `generates` is now the carry into bit i + 1; the extension bits are the operands' signs.
  wire extension = (Signed != 0) && half_sum[Width-1];

  assign sum_o = {extension, half_sum} ^ {generates, 1'b0};

endmodule
