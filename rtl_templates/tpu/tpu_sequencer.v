/// Sequencer of a TPU: reads slices of both operands, tile by tile, and keeps chunks that the next tile needs again.
///
/// A tile of K <= Depth is one chunk: that of A stays for all tiles along N, and that of B, where N needs one tile
/// only, for the whole job. Longer tiles read every chunk anew.
module tpu_sequencer #(
  /// Rows of the array; legal 1..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a bank of the operand memories; legal 2..8192.
  parameter integer Depth = 256
) (
  input  wire                     clk_i,
  input  wire                     rst_ni,
  /// A job begins.
  input  wire                     start_i,
  /// Rows of A and C.
  input  wire [15:0]              size_m_i,
  /// Columns of A, rows of B.
  input  wire [15:0]              size_k_i,
  /// Columns of B and C.
  input  wire [15:0]              size_n_i,
  /// Columns of C over which A is sent: one where its chunk is kept.
  output wire [15:0]              a_size_n_o,
  /// Rows of C over which B is sent: one where its chunk is kept.
  output wire [15:0]              b_size_m_o,
  /// A chunk of A lies ready.
  input  wire                     a_chunk_valid_i,
  /// A chunk of B lies ready.
  input  wire                     b_chunk_valid_i,
  /// Read a slice of both operands.
  output wire                     fetch_o,
  /// The slice's place in its chunk.
  output wire [$clog2(Depth)-1:0] fetch_position_o,
  /// The chunk of A is not needed any more.
  output wire                     a_release_o,
  /// The chunk of B is not needed any more.
  output wire                     b_release_o,
  /// A slice that was read is offered to the array.
  output wire                     slice_valid_o,
  input  wire                     slice_ready_i,
  /// The slice is the last of its tile.
  output wire                     slice_last_o
);

  reg active_q;
  reg slice_valid_q;
  reg slice_last_q;

  wire        chunk_last;
  wire        tile_last;
  wire        cols_last;
  wire        walk_last;
  wire [15:0] rows_left;
  wire [15:0] cols_left;

  wire keep_a = size_k_i <= Depth[15:0];
  wire keep_b = keep_a && size_n_i <= Cols[15:0];
  wire free   = !slice_valid_q || slice_ready_i;
  wire fetch  = active_q && a_chunk_valid_i && b_chunk_valid_i && free;

  tile_walker #(
    .Rows  (Rows),
    .Cols  (Cols),
    .Depth (Depth)
  ) u_walker (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .load_i       (start_i),
    .size_m_i     (size_m_i),
    .size_k_i     (size_k_i),
    .size_n_i     (size_n_i),
    .step_i       (fetch),
    .position_o   (fetch_position_o),
    .rows_left_o  (rows_left),
    .cols_left_o  (cols_left),
    .chunk_last_o (chunk_last),
    .tile_last_o  (tile_last),
    .cols_last_o  (cols_last),
    .walk_last_o  (walk_last)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q      <= 1'b0;
      slice_valid_q <= 1'b0;
      slice_last_q  <= 1'b0;
    end else begin
      if (start_i) begin
        active_q <= 1'b1;
      end else if (fetch && walk_last) begin
        active_q <= 1'b0;
      end
      if (free) begin
        slice_valid_q <= fetch;
        slice_last_q  <= fetch && tile_last;
      end
    end
  end

  assign a_size_n_o    = keep_a ? 16'd1 : size_n_i;
  assign b_size_m_o    = keep_b ? 16'd1 : size_m_i;
  assign fetch_o       = fetch;
  assign a_release_o   = fetch && chunk_last && (!keep_a || cols_last);
  assign b_release_o   = fetch && chunk_last && (!keep_b || walk_last);
  assign slice_valid_o = slice_valid_q;
  assign slice_last_o  = slice_last_q;

  wire unused_walker = &{1'b0, rows_left, cols_left};

endmodule
