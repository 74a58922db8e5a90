/// Walks the tiles of a matrix product: slices of a tile in chunks, then tiles along N, then tiles along M.
///
/// Sizes keep still from `load_i` until the walk ends. Tiles are counted by what is left of M and N: nothing divides.
module tile_walker #(
  /// Rows of C in a tile; legal 1..256.
  parameter integer Rows = 8,
  /// Columns of C in a tile; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a chunk; legal 2..8192.
  parameter integer Depth = 256
) (
  input  wire                     clk_i,
  input  wire                     rst_ni,
  /// Begin a walk at the first slice of the first tile.
  input  wire                     load_i,
  /// Rows of C, 1..65535.
  input  wire [15:0]              size_m_i,
  /// Slices of a tile, 1..65535.
  input  wire [15:0]              size_k_i,
  /// Columns of C, 1..65535.
  input  wire [15:0]              size_n_i,
  /// Go on to the next slice.
  input  wire                     step_i,
  /// This slice's place in its chunk.
  output wire [$clog2(Depth)-1:0] position_o,
  /// Rows of C from this tile on.
  output wire [15:0]              rows_left_o,
  /// Columns of C from this tile on.
  output wire [15:0]              cols_left_o,
  /// This slice is the last of its chunk.
  output wire                     chunk_last_o,
  /// This slice is the last of its tile.
  output wire                     tile_last_o,
  /// This tile is the last along N.
  output wire                     cols_last_o,
  /// This slice is the last of the walk.
  output wire                     walk_last_o
);

  localparam integer PositionWidth = $clog2(Depth);
  localparam integer LastPosition = Depth - 1;
  localparam [PositionWidth-1:0] PositionOne = 1;

  generate
    if (Rows < 1 || Rows > 256) begin : gen_rows_error
      tpugen_error_rows_must_be_1_to_256 u_error ();
    end
    if (Cols < 1 || Cols > 256) begin : gen_cols_error
      tpugen_error_cols_must_be_1_to_256 u_error ();
    end
    if (Depth < 2 || Depth > 8192) begin : gen_depth_error
      tpugen_error_depth_must_be_2_to_8192 u_error ();
    end
  endgenerate

  reg [PositionWidth-1:0] position_q;
  reg [15:0]              slices_left_q;
  reg [15:0]              rows_left_q;
  reg [15:0]              cols_left_q;

  wire tile_last  = slices_left_q == 16'd1;
  wire chunk_last = tile_last || position_q == LastPosition[PositionWidth-1:0];
  wire cols_last  = cols_left_q <= Cols[15:0];
  wire rows_last  = rows_left_q <= Rows[15:0];

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      position_q    <= {PositionWidth{1'b0}};
      slices_left_q <= 16'd0;
      rows_left_q   <= 16'd0;
      cols_left_q   <= 16'd0;
    end else if (load_i) begin
      position_q    <= {PositionWidth{1'b0}};
      slices_left_q <= size_k_i;
      rows_left_q   <= size_m_i;
      cols_left_q   <= size_n_i;
    end else if (step_i) begin
      position_q    <= chunk_last ? {PositionWidth{1'b0}} : position_q + PositionOne;
      slices_left_q <= tile_last ? size_k_i : slices_left_q - 16'd1;
      if (tile_last) begin
        cols_left_q <= cols_last ? size_n_i : cols_left_q - Cols[15:0];
      end
      if (tile_last && cols_last) begin
        rows_left_q <= rows_left_q - Rows[15:0];
      end
    end
  end

  assign position_o   = position_q;
  assign rows_left_o  = rows_left_q;
  assign cols_left_o  = cols_left_q;
  assign chunk_last_o = chunk_last;
  assign tile_last_o  = tile_last;
  assign cols_last_o  = cols_last;
  assign walk_last_o  = tile_last && cols_last && rows_last;

endmodule
