/// Core of a tensor unit: C = f(A x B + bias) of any size in tiles, controlled by ports, fed and drained by streams.
///
/// INT8 operands, int32 sums, int8 or int32 results. Tiles run along N first, then along M; a tile is a beat of A and
/// of B for each of its K slices, rows and columns beyond the matrix being don't care. A is sent once for each tile row
/// where K <= Depth, else once for each tile; B once for each tile, but once in all where K <= Depth and N <= Cols.
/// Sizes and settings keep still from `start_i` to `done_o`; the next job starts after it.
module tpu_core #(
  /// Rows of the array; legal 2..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a bank of the operand memories; legal 2..8192.
  parameter integer Depth = 256,
  /// Width of the requantisation's multiplier, in bits; legal 1..32.
  parameter integer MultiplierWidth = 32,
  /// 1: a setting makes activations unsigned, at one more bit in the array; 0: they are two's complement.
  parameter integer UnsignedActivations = 0
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  /// A job begins.
  input  wire                       start_i,
  /// The rest of the job is taken as zeros.
  input  wire                       abort_i,
  /// Rows of A and C, 1..65535.
  input  wire [15:0]                size_m_i,
  /// Columns of A, rows of B, 1..65535.
  input  wire [15:0]                size_k_i,
  /// Columns of B and C, 1..65535.
  input  wire [15:0]                size_n_i,
  /// Biases are taken and added.
  input  wire                       bias_enable_i,
  /// 0: none; 1: ReLU; 2: squared ReLU.
  input  wire [1:0]                 activation_i,
  /// 1: int32 results; 0: int8.
  input  wire                       wide_i,
  /// 1: activations are unsigned.
  input  wire                       unsigned_i,
  /// Places by which the square is shifted right.
  input  wire [4:0]                 square_shift_i,
  /// Multiplier, unsigned.
  input  wire [MultiplierWidth-1:0] multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]                 shift_i,
  /// Two's complement.
  input  wire [7:0]                 zero_point_i,
  input  wire                       s_axis_a_tvalid_i,
  output wire                       s_axis_a_tready_o,
  /// Column k of a tile of A: row r at [r*8 +: 8].
  input  wire [Rows*8-1:0]          s_axis_a_tdata_i,
  /// The beat is the last of A in this job.
  input  wire                       s_axis_a_tlast_i,
  input  wire                       s_axis_b_tvalid_i,
  output wire                       s_axis_b_tready_o,
  /// Row k of a tile of B: column c at [c*8 +: 8].
  input  wire [Cols*8-1:0]          s_axis_b_tdata_i,
  /// The beat is the last of B in this job.
  input  wire                       s_axis_b_tlast_i,
  input  wire                       s_axis_bias_tvalid_i,
  output wire                       s_axis_bias_tready_o,
  /// Biases of a tile, where they are enabled: column c at [c*32 +: 32].
  input  wire [Cols*32-1:0]         s_axis_bias_tdata_i,
  /// The beat is the last of the biases in this job.
  input  wire                       s_axis_bias_tlast_i,
  output wire                       m_axis_tvalid_o,
  input  wire                       m_axis_tready_i,
  /// A row of a tile of C, column 0 lowest: a byte or four bytes each.
  output wire [Cols*32-1:0]         m_axis_tdata_o,
  /// Bytes that hold results.
  output wire [Cols*4-1:0]          m_axis_tkeep_o,
  /// The row is the last of the job.
  output wire                       m_axis_tlast_o,
  /// The job's last row has left.
  output wire                       done_o,
  /// Violations on the streams: {bias missing, bias early, B missing, B early, A missing, A early}.
  output wire [5:0]                 stream_errors_o
);

  localparam integer ActivationWidth = 8 + UnsignedActivations;
  localparam integer WeightWidth = 8;
  localparam integer AccumulatorWidth = 32;

  generate
    if (UnsignedActivations != 0 && UnsignedActivations != 1) begin : gen_unsigned_error
      tpugen_error_unsigned_activations_must_be_0_or_1 u_error ();
    end
  endgenerate

  // Operands.
  wire [15:0]              a_size_n;
  wire [15:0]              b_size_m;
  wire                     a_chunk_valid;
  wire                     b_chunk_valid;
  wire                     a_release;
  wire                     b_release;
  wire                     fetch;
  wire [$clog2(Depth)-1:0] fetch_position;
  wire [Rows*8-1:0]        a_slice;
  wire [Cols*8-1:0]        b_slice;
  wire                     slice_valid;
  wire                     slice_ready;
  wire                     slice_last;

  tpu_sequencer #(
    .Rows  (Rows),
    .Cols  (Cols),
    .Depth (Depth)
  ) u_sequencer (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .start_i          (start_i),
    .size_m_i         (size_m_i),
    .size_k_i         (size_k_i),
    .size_n_i         (size_n_i),
    .a_size_n_o       (a_size_n),
    .b_size_m_o       (b_size_m),
    .a_chunk_valid_i  (a_chunk_valid),
    .b_chunk_valid_i  (b_chunk_valid),
    .fetch_o          (fetch),
    .fetch_position_o (fetch_position),
    .a_release_o      (a_release),
    .b_release_o      (b_release),
    .slice_valid_o    (slice_valid),
    .slice_ready_i    (slice_ready),
    .slice_last_o     (slice_last)
  );

  tpu_operand_memory #(
    .Rows  (Rows),
    .Cols  (Cols),
    .Depth (Depth),
    .Width (Rows * 8)
  ) u_a_memory (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .start_i          (start_i),
    .abort_i          (abort_i),
    .size_m_i         (size_m_i),
    .size_k_i         (size_k_i),
    .size_n_i         (a_size_n),
    .s_axis_tvalid_i  (s_axis_a_tvalid_i),
    .s_axis_tready_o  (s_axis_a_tready_o),
    .s_axis_tdata_i   (s_axis_a_tdata_i),
    .s_axis_tlast_i   (s_axis_a_tlast_i),
    .chunk_valid_o    (a_chunk_valid),
    .fetch_i          (fetch),
    .fetch_position_i (fetch_position),
    .release_i        (a_release),
    .slice_o          (a_slice),
    .early_o          (stream_errors_o[0]),
    .missing_o        (stream_errors_o[1])
  );

  tpu_operand_memory #(
    .Rows  (Rows),
    .Cols  (Cols),
    .Depth (Depth),
    .Width (Cols * 8)
  ) u_b_memory (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .start_i          (start_i),
    .abort_i          (abort_i),
    .size_m_i         (b_size_m),
    .size_k_i         (size_k_i),
    .size_n_i         (size_n_i),
    .s_axis_tvalid_i  (s_axis_b_tvalid_i),
    .s_axis_tready_o  (s_axis_b_tready_o),
    .s_axis_tdata_i   (s_axis_b_tdata_i),
    .s_axis_tlast_i   (s_axis_b_tlast_i),
    .chunk_valid_o    (b_chunk_valid),
    .fetch_i          (fetch),
    .fetch_position_i (fetch_position),
    .release_i        (b_release),
    .slice_o          (b_slice),
    .early_o          (stream_errors_o[2]),
    .missing_o        (stream_errors_o[3])
  );

  // The array.
  wire [Rows*ActivationWidth-1:0]  activations;
  wire                             row_valid;
  wire                             row_ready;
  wire                             row_last;
  wire [Cols*AccumulatorWidth-1:0] row;

  genvar r;
  generate
    for (r = 0; r < Rows; r = r + 1) begin : gen_activation
      if (UnsignedActivations != 0) begin : gen_extended
        assign activations[r*ActivationWidth +: ActivationWidth] =
            {a_slice[r*8+7] && !unsigned_i, a_slice[r*8 +: 8]};
      end else begin : gen_plain
        assign activations[r*ActivationWidth +: ActivationWidth] = a_slice[r*8 +: 8];
      end
    end
    if (UnsignedActivations == 0) begin : gen_unused_setting
      wire unused_setting = &{1'b0, unsigned_i};
    end
  endgenerate

  array_output_stationary #(
    .Rows             (Rows),
    .Cols             (Cols),
    .ActivationWidth  (ActivationWidth),
    .WeightWidth      (WeightWidth),
    .AccumulatorWidth (AccumulatorWidth),
    .Signed           (1)
  ) u_array (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (slice_valid),
    .operand_ready_o (slice_ready),
    .operand_last_i  (slice_last),
    .activation_i    (activations),
    .weight_i        (b_slice),
    .result_valid_o  (row_valid),
    .result_ready_i  (row_ready),
    .result_last_o   (row_last),
    .result_o        (row)
  );

  wire unused_row_last = &{1'b0, row_last};

  tpu_result_port #(
    .Rows            (Rows),
    .Cols            (Cols),
    .MultiplierWidth (MultiplierWidth)
  ) u_results (
    .clk_i                (clk_i),
    .rst_ni               (rst_ni),
    .start_i              (start_i),
    .abort_i              (abort_i),
    .size_m_i             (size_m_i),
    .size_n_i             (size_n_i),
    .bias_enable_i        (bias_enable_i),
    .multiplier_i         (multiplier_i),
    .shift_i              (shift_i),
    .zero_point_i         (zero_point_i),
    .activation_i         (activation_i),
    .square_shift_i       (square_shift_i),
    .wide_i               (wide_i),
    .s_axis_bias_tvalid_i (s_axis_bias_tvalid_i),
    .s_axis_bias_tready_o (s_axis_bias_tready_o),
    .s_axis_bias_tdata_i  (s_axis_bias_tdata_i),
    .s_axis_bias_tlast_i  (s_axis_bias_tlast_i),
    .row_valid_i          (row_valid),
    .row_ready_o          (row_ready),
    .row_i                (row),
    .m_axis_tvalid_o      (m_axis_tvalid_o),
    .m_axis_tready_i      (m_axis_tready_i),
    .m_axis_tdata_o       (m_axis_tdata_o),
    .m_axis_tkeep_o       (m_axis_tkeep_o),
    .m_axis_tlast_o       (m_axis_tlast_o),
    .done_o               (done_o),
    .bias_early_o         (stream_errors_o[4]),
    .bias_missing_o       (stream_errors_o[5])
  );

endmodule
