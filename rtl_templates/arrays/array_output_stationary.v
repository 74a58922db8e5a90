/// Output-stationary systolic array: tiles C = A x B with C resting in the processing elements.
///
/// Slices enter unskewed and are skewed here; rows of C leave unskewed, row 0 first. Everything moves on `advance`,
/// which a waiting result row withholds, so the array as a whole is one stallable pipeline.
module array_output_stationary #(
  /// Rows of processing elements; legal 1..256.
  parameter integer Rows = 8,
  /// Columns of processing elements; legal 1..256.
  parameter integer Cols = 8,
  /// Width of an activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of a weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// Width of an accumulator, in bits; from the product's width to 128.
  parameter integer AccumulatorWidth = 32,
  /// 1: two's complement operands; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,
  input  wire                             operand_valid_i,
  output wire                             operand_ready_o,
  /// This slice is the last of its tile.
  input  wire                             operand_last_i,
  /// Column k of A: row r at [r*ActivationWidth +: ActivationWidth].
  input  wire [Rows*ActivationWidth-1:0]  activation_i,
  /// Row k of B: column c at [c*WeightWidth +: WeightWidth].
  input  wire [Cols*WeightWidth-1:0]      weight_i,
  output wire                             result_valid_o,
  input  wire                             result_ready_i,
  /// This row is the last of its tile.
  output wire                             result_last_o,
  /// A row of C: column c at [c*AccumulatorWidth +: AccumulatorWidth].
  output wire [Cols*AccumulatorWidth-1:0] result_o
);

  // Rows that share one combinational stretch of the drain; see drain_column.
  localparam integer SegmentRows = 16;
  localparam integer DrainCycles = Rows + (Rows - 1) / SegmentRows;

  generate
    if (Rows < 1 || Rows > 256) begin : gen_rows_error
      tpugen_error_rows_must_be_1_to_256 u_error ();
    end
    if (Cols < 1 || Cols > 256) begin : gen_cols_error
      tpugen_error_cols_must_be_1_to_256 u_error ();
    end
  endgenerate

  wire advance = !result_valid_o || result_ready_i;

  wire slice_valid;
  wire slice_first;
  wire slice_last;

  output_stationary_control #(
    .DrainCycles (DrainCycles)
  ) u_control (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .advance_i       (advance),
    .operand_valid_i (operand_valid_i),
    .operand_ready_o (operand_ready_o),
    .operand_last_i  (operand_last_i),
    .valid_o         (slice_valid),
    .first_o         (slice_first),
    .last_o          (slice_last)
  );

  // Row r and column c see a slice r and c cycles after it entered; tokens walk down with the rows.
  wire [Rows*ActivationWidth-1:0] skewed_activation;
  wire [Cols*WeightWidth-1:0]     skewed_weight;
  wire [Rows*3-1:0]               row_token;

  skew_buffer #(
    .Lanes (Rows),
    .Width (ActivationWidth)
  ) u_activation_skew (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   (activation_i),
    .data_o   (skewed_activation)
  );

  skew_buffer #(
    .Lanes (Cols),
    .Width (WeightWidth)
  ) u_weight_skew (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   (weight_i),
    .data_o   (skewed_weight)
  );

  assign row_token[2:0] = {slice_valid, slice_first, slice_last};

  generate
    if (Rows > 1) begin : gen_row_token
      token_line #(
        .Width  (3),
        .Stages (Rows - 1)
      ) u_row_token (
        .clk_i    (clk_i),
        .rst_ni   (rst_ni),
        .enable_i (advance),
        .token_i  (row_token[2:0]),
        .stages_o (row_token[Rows*3-1:3])
      );
    end
  endgenerate

  // Between processing elements, one net each: what enters element (r, c). Simulators handle nets of their own far
  // better than slices of one wide net.
  wire [ActivationWidth-1:0]  activation [0:Rows*(Cols+1)-1];
  wire [2:0]                  token      [0:Rows*(Cols+1)-1];
  wire [WeightWidth-1:0]      weight     [0:(Rows+1)*Cols-1];
  wire [AccumulatorWidth-1:0] finished   [0:Rows*Cols-1];
  wire [Rows-1:0]             row_done;

  genvar r, c;
  generate
    for (c = 0; c < Cols; c = c + 1) begin : gen_top_edge
      assign weight[c] = skewed_weight[c*WeightWidth +: WeightWidth];
    end

    for (r = 0; r < Rows; r = r + 1) begin : gen_row
      assign activation[r*(Cols+1)] = skewed_activation[r*ActivationWidth +: ActivationWidth];
      assign token[r*(Cols+1)] = row_token[r*3 +: 3];

      for (c = 0; c < Cols; c = c + 1) begin : gen_col
        pe_output_stationary #(
          .ActivationWidth  (ActivationWidth),
          .WeightWidth      (WeightWidth),
          .AccumulatorWidth (AccumulatorWidth),
          .Signed           (Signed)
        ) u_pe (
          .clk_i        (clk_i),
          .rst_ni       (rst_ni),
          .advance_i    (advance),
          .token_i      (token[r*(Cols+1)+c]),
          .activation_i (activation[r*(Cols+1)+c]),
          .weight_i     (weight[r*Cols+c]),
          .token_o      (token[r*(Cols+1)+c+1]),
          .activation_o (activation[r*(Cols+1)+c+1]),
          .weight_o     (weight[(r+1)*Cols+c]),
          .result_o     (finished[r*Cols+c])
        );
      end

      // A row is done one cycle after its last token left the rightmost element.
      assign row_done[r] = token[r*(Cols+1)+Cols][0];

      wire unused_right_edge =
          &{1'b0, token[r*(Cols+1)+Cols][2:1], activation[r*(Cols+1)+Cols]};
    end

    for (c = 0; c < Cols; c = c + 1) begin : gen_bottom_edge
      wire unused_weight = &{1'b0, weight[Rows*Cols+c]};
    end
  endgenerate

  // Finished rows leave one after the other; the wavefront becomes a vector again.
  wire [Cols*AccumulatorWidth-1:0] drained;
  wire                             drained_done;
  wire                             drained_last;

  generate
    for (c = 0; c < Cols; c = c + 1) begin : gen_drain
      wire [Rows*AccumulatorWidth-1:0] column;

      for (r = 0; r < Rows; r = r + 1) begin : gen_row
        assign column[r*AccumulatorWidth +: AccumulatorWidth] = finished[r*Cols+c];
      end

      drain_column #(
        .Rows        (Rows),
        .Width       (AccumulatorWidth),
        .SegmentRows (SegmentRows)
      ) u_drain (
        .clk_i    (clk_i),
        .enable_i (advance),
        .rows_i   (column),
        .row_o    (drained[c*AccumulatorWidth +: AccumulatorWidth])
      );
    end
  endgenerate

  skew_buffer #(
    .Lanes      (Cols),
    .Width      (AccumulatorWidth),
    .BaseStages (1),
    .Reverse    (1)
  ) u_result_deskew (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   (drained),
    .data_o   (result_o)
  );

  drain_tokens #(
    .Rows        (Rows),
    .SegmentRows (SegmentRows)
  ) u_drain_tokens (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .enable_i (advance),
    .done_i   (row_done),
    .done_o   (drained_done),
    .last_o   (drained_last)
  );

  wire [3:0] result_tokens;

  token_line #(
    .Width  (2),
    .Stages (2)
  ) u_result_tokens (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .enable_i (advance),
    .token_i  ({drained_done, drained_last}),
    .stages_o (result_tokens)
  );

  assign {result_valid_o, result_last_o} = result_tokens[3:2];

  wire unused_first_stage = &{1'b0, result_tokens[1:0]};

endmodule
