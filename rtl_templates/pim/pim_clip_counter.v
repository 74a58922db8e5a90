/// Counts the conversions of a vector that clipped, over all columns and row blocks.
module pim_clip_counter #(
  /// Column groups; legal 1 or more.
  parameter integer Groups = 1,
  /// Width of the count of one group in one cycle, in bits; legal 1..31.
  parameter integer ClipBits = 1
) (
  input  wire                       clk_i,
  /// Clipped codes of group g in this cycle at [g*ClipBits +: ClipBits].
  input  wire [Groups*ClipBits-1:0] clips_i,
  /// Codes are accumulated in this cycle.
  input  wire                       count_i,
  /// They are the first of their vector.
  input  wire                       restart_i,
  /// Clipped conversions of the vector, modulo 2^32.
  output wire [31:0]                clips_o
);

  generate
    if (Groups < 1) begin : gen_groups_error
      tpugen_error_groups_must_be_1_or_more u_error ();
    end
    if (ClipBits < 1 || ClipBits > 31) begin : gen_bits_error
      tpugen_error_clip_bits_must_be_1_to_31 u_error ();
    end
  endgenerate

  reg [31:0] clips_d;
  reg [31:0] clips_q;
  integer    group;

  always @(*) begin
    clips_d = clips_q & {32{!restart_i}};
    for (group = 0; group < Groups; group = group + 1) begin
      clips_d = clips_d + {{(32-ClipBits){1'b0}}, clips_i[group*ClipBits +: ClipBits]};
    end
  end

  always @(posedge clk_i) begin
    if (count_i) begin
      clips_q <= clips_d;
    end
  end

  assign clips_o = clips_q;

endmodule
