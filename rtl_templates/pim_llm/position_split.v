/// Splits a position into tile and lane of words of `Cols` positions, without a divider: two cycles behind.
///
/// The quotient is the product with 2^s / Cols, rounded up, less s places: exact below 2^14 with s = 14 + clog2(Cols).
module position_split #(
  /// Positions of a word; legal 1..256.
  parameter integer Cols = 8
) (
  input  wire        clk_i,
  /// Stable for two cycles.
  input  wire [13:0] position_i,
  /// Which word: position / Cols.
  output wire [13:0] tile_o,
  /// Which lane of it: position % Cols.
  output wire [7:0]  lane_o
);

  localparam integer PositionBits = 14;
  localparam integer Shift = PositionBits + $clog2(Cols);
  localparam integer Reciprocal = ((1 << Shift) + Cols - 1) / Cols;

  generate
    if (Cols < 1 || Cols > 256) begin : gen_cols_error
      tpugen_error_cols_must_be_1_to_256 u_error ();
    end
  endgenerate

  reg [13:0] tile_q;
  reg [7:0]  lane_q;

  wire [31:0] tile = ({18'b0, position_i} * Reciprocal[31:0]) >> Shift;
  wire [13:0] lane = position_i - tile_q * Cols[13:0];

  always @(posedge clk_i) begin
    tile_q <= tile[13:0];
    lane_q <= lane[7:0];
  end

  assign tile_o = tile_q;
  assign lane_o = lane_q;

  wire unused_bits = &{1'b0, tile[31:14], lane[13:8]};

endmodule
