/// Result side of a TPU: post-processing of every row of results, and the AXI4-Stream source they leave by.
///
/// Takes all rows of every tile; rows below the matrix leave the pipeline unseen. The bias of a tile is one beat of a
/// stream of its own and must be there before the tile's first row is taken.
module tpu_result_port #(
  /// Rows of the array; legal 2..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Width of the multiplier, in bits; legal 1..32.
  parameter integer MultiplierWidth = 32
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  /// A job begins.
  input  wire                       start_i,
  /// The rest of the biases is taken as zeros.
  input  wire                       abort_i,
  /// Rows of C.
  input  wire [15:0]                size_m_i,
  /// Columns of C.
  input  wire [15:0]                size_n_i,
  /// Biases are taken and added.
  input  wire                       bias_enable_i,
  /// Unsigned.
  input  wire [MultiplierWidth-1:0] multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]                 shift_i,
  /// Two's complement.
  input  wire [7:0]                 zero_point_i,
  /// 0: none; 1: ReLU; 2: squared ReLU.
  input  wire [1:0]                 activation_i,
  /// Places by which the square is shifted right.
  input  wire [4:0]                 square_shift_i,
  /// 1: int32 results; 0: int8.
  input  wire                       wide_i,
  input  wire                       s_axis_bias_tvalid_i,
  output wire                       s_axis_bias_tready_o,
  /// Biases of a tile: column c at [c*32 +: 32].
  input  wire [Cols*32-1:0]         s_axis_bias_tdata_i,
  /// The beat is the last of the job.
  input  wire                       s_axis_bias_tlast_i,
  input  wire                       row_valid_i,
  output wire                       row_ready_o,
  /// A row of sums: column c at [c*32 +: 32].
  input  wire [Cols*32-1:0]         row_i,
  output wire                       m_axis_tvalid_o,
  input  wire                       m_axis_tready_i,
  /// A row of results, column 0 lowest: a byte or four bytes each.
  output wire [Cols*32-1:0]         m_axis_tdata_o,
  /// Bytes that hold results.
  output wire [Cols*4-1:0]          m_axis_tkeep_o,
  /// The row is the last of the job.
  output wire                       m_axis_tlast_o,
  /// The job's last row has left.
  output wire                       done_o,
  /// The biases' tlast came before their last beat.
  output wire                       bias_early_o,
  /// The biases' tlast was not there on their last beat.
  output wire                       bias_missing_o
);

  localparam integer Stages = 7;
  localparam integer PositionWidth = $clog2(Rows);
  localparam integer TagWidth = Cols + 2;

  generate
    if (Rows < 2) begin : gen_rows_error
      tpugen_error_rows_must_be_2_to_256 u_error ();
    end
  endgenerate

  // Where the row lies in the matrix.
  wire                     advance;
  wire                     step;
  wire [PositionWidth-1:0] position;
  wire [15:0]              rows_left;
  wire [15:0]              cols_left;
  wire                     chunk_last;
  wire                     tile_last;
  wire                     cols_last;
  wire                     walk_last;

  tile_walker #(
    .Rows  (Rows),
    .Cols  (Cols),
    .Depth (Rows)
  ) u_walker (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .load_i       (start_i),
    .size_m_i     (size_m_i),
    .size_k_i     (Rows[15:0]),
    .size_n_i     (size_n_i),
    .step_i       (step),
    .position_o   (position),
    .rows_left_o  (rows_left),
    .cols_left_o  (cols_left),
    .chunk_last_o (chunk_last),
    .tile_last_o  (tile_last),
    .cols_last_o  (cols_last),
    .walk_last_o  (walk_last)
  );

  wire [15:0]     row_number = {{(16-PositionWidth){1'b0}}, position};
  wire            in_matrix = row_number < rows_left;
  wire            final_row = cols_last && row_number + 16'd1 == rows_left;
  wire [Cols-1:0] col_mask;

  // Biases: the beat of a tile stays until the tile's last row is taken.
  reg                bias_valid_q;
  reg  [Cols*32-1:0] bias_q;
  wire               bias_beat_valid;
  wire [Cols*32-1:0] bias_beat;
  wire               bias_position;
  wire               bias_chunk_last;
  wire               bias_there = bias_valid_q || !bias_enable_i;
  wire               bias_ready = !bias_valid_q || (step && tile_last);

  tpu_operand_port #(
    .Rows  (Rows),
    .Cols  (Cols),
    .Depth (2),
    .Width (Cols * 32)
  ) u_bias_port (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .start_i         (start_i && bias_enable_i),
    .abort_i         (abort_i),
    .size_m_i        (size_m_i),
    .size_k_i        (16'd1),
    .size_n_i        (size_n_i),
    .s_axis_tvalid_i (s_axis_bias_tvalid_i),
    .s_axis_tready_o (s_axis_bias_tready_o),
    .s_axis_tdata_i  (s_axis_bias_tdata_i),
    .s_axis_tlast_i  (s_axis_bias_tlast_i),
    .beat_valid_o    (bias_beat_valid),
    .beat_ready_i    (bias_ready),
    .beat_o          (bias_beat),
    .position_o      (bias_position),
    .chunk_last_o    (bias_chunk_last),
    .early_o         (bias_early_o),
    .missing_o       (bias_missing_o)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      bias_valid_q <= 1'b0;
    end else if (bias_ready) begin
      bias_valid_q <= bias_beat_valid;
    end
  end

  always @(posedge clk_i) begin
    if (bias_ready && bias_beat_valid) begin
      bias_q <= bias_beat;
    end
  end

  // The pipeline: lanes side by side, and what is known of the row beside them.
  wire                last_row;
  wire                row_valid;
  wire                in_matrix_tag;
  wire                final_tag;
  wire [Cols-1:0]     mask_tag;
  wire [Cols*32-1:0]  words;

  assign row_ready_o = advance && bias_there;
  assign step        = row_valid_i && row_ready_o;

  stream_tokens #(
    .Stages (Stages)
  ) u_tokens (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .valid_i   (row_valid_i && bias_there),
    .last_i    (walk_last),
    .advance_o (advance),
    .valid_o   (row_valid),
    .ready_i   (m_axis_tready_i || !in_matrix_tag),
    .last_o    (last_row)
  );

  delay_line #(
    .Width  (TagWidth),
    .Stages (Stages)
  ) u_tags (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   ({in_matrix, in_matrix && final_row, col_mask}),
    .data_o   ({in_matrix_tag, final_tag, mask_tag})
  );

  genvar c;
  generate
    for (c = 0; c < Cols; c = c + 1) begin : gen_lane
      assign col_mask[c] = cols_left > c;

      tpu_result_lane #(
        .MultiplierWidth (MultiplierWidth)
      ) u_lane (
        .clk_i          (clk_i),
        .enable_i       (advance),
        .accumulator_i  (row_i[c*32 +: 32]),
        .bias_i         (bias_q[c*32 +: 32] & {32{bias_enable_i}}),
        .multiplier_i   (multiplier_i),
        .shift_i        (shift_i),
        .zero_point_i   (zero_point_i),
        .activation_i   (activation_i),
        .square_shift_i (square_shift_i),
        .wide_i         (wide_i),
        .result_o       (words[c*32 +: 32])
      );
    end
  endgenerate

  // Int8 results move together at the low end.
  wire [Cols*32-1:0] bytes;
  wire [Cols*4-1:0]  word_mask;

  generate
    for (c = 0; c < Cols; c = c + 1) begin : gen_bytes
      assign bytes[c*8 +: 8]     = words[c*32 +: 8];
      assign word_mask[c*4 +: 4] = {4{mask_tag[c]}};
    end
  endgenerate

  assign bytes[Cols*32-1:Cols*8] = {(Cols*24){1'b0}};

  assign m_axis_tvalid_o = row_valid && in_matrix_tag;
  assign m_axis_tdata_o  = wide_i ? words : bytes;
  assign m_axis_tkeep_o  = wide_i ? word_mask : {{(Cols*3){1'b0}}, mask_tag};
  assign m_axis_tlast_o  = final_tag;
  assign done_o          = row_valid && last_row && advance;

  wire unused_walks = &{1'b0, chunk_last, bias_position, bias_chunk_last};

endmodule
