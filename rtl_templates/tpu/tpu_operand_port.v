/// AXI4-Stream sink of one operand of a job: counts its beats and holds `tlast` against the count.
///
/// A packet that ends early, or a job that is aborted, goes on with beats of zeros, so the job always ends. Beats are
/// taken from `start_i` until the job has all that it needs; what comes after them waits for the next job.
module tpu_operand_port #(
  /// Rows of the array; legal 1..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Beats in a chunk; legal 2..8192.
  parameter integer Depth = 256,
  /// Width of a beat, in bits; legal 8 or more.
  parameter integer Width = 64
) (
  input  wire                     clk_i,
  input  wire                     rst_ni,
  /// A job begins.
  input  wire                     start_i,
  /// The rest of the job is taken as zeros.
  input  wire                     abort_i,
  /// Rows of C over which the operand is sent.
  input  wire [15:0]              size_m_i,
  /// Beats of a tile.
  input  wire [15:0]              size_k_i,
  /// Columns of C over which the operand is sent.
  input  wire [15:0]              size_n_i,
  input  wire                     s_axis_tvalid_i,
  output wire                     s_axis_tready_o,
  input  wire [Width-1:0]         s_axis_tdata_i,
  /// The beat is the operand's last of the job.
  input  wire                     s_axis_tlast_i,
  output wire                     beat_valid_o,
  input  wire                     beat_ready_i,
  output wire [Width-1:0]         beat_o,
  /// The beat's place in its chunk.
  output wire [$clog2(Depth)-1:0] position_o,
  /// The beat is the last of its chunk.
  output wire                     chunk_last_o,
  /// tlast came before the operand's last beat.
  output wire                     early_o,
  /// tlast was not there on the operand's last beat.
  output wire                     missing_o
);

  reg active_q;
  reg zeros_q;

  wire walk_last;
  wire beat  = beat_valid_o && beat_ready_i;
  wire taken = s_axis_tvalid_i && s_axis_tready_o;

  assign s_axis_tready_o = active_q && !zeros_q && beat_ready_i;
  assign beat_valid_o    = active_q && (zeros_q || s_axis_tvalid_i);
  assign beat_o          = zeros_q ? {Width{1'b0}} : s_axis_tdata_i;
  assign early_o         = taken && s_axis_tlast_i && !walk_last;
  assign missing_o       = taken && !s_axis_tlast_i && walk_last;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      zeros_q  <= 1'b0;
    end else if (start_i) begin
      active_q <= 1'b1;
      zeros_q  <= 1'b0;
    end else begin
      if (beat && walk_last) begin
        active_q <= 1'b0;
      end
      if (early_o || abort_i) begin
        zeros_q <= 1'b1;
      end
    end
  end

  wire [15:0] rows_left;
  wire [15:0] cols_left;
  wire        tile_last;
  wire        cols_last;

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
    .step_i       (beat),
    .position_o   (position_o),
    .rows_left_o  (rows_left),
    .cols_left_o  (cols_left),
    .chunk_last_o (chunk_last_o),
    .tile_last_o  (tile_last),
    .cols_last_o  (cols_last),
    .walk_last_o  (walk_last)
  );

  wire unused_walker = &{1'b0, rows_left, cols_left, tile_last, cols_last};

endmodule
