/// Operand-stationary systolic array: one operand rests in the processing elements, the other streams through.
///
/// With weights resting, streaming a row of A gives a row of A x B; with inputs resting, streaming a column of B gives
/// a column of A x B. Rows of the array are values of K; partial sums run down the columns and are joined with those
/// of an earlier fold of K at the bottom. Loading the next tile's resting operands overlaps with streaming.
module array_operand_stationary #(
  /// Rows of processing elements: values of K; legal 1..256.
  parameter integer Rows = 8,
  /// Columns of processing elements; legal 1..256.
  parameter integer Cols = 8,
  /// Width of the operand that rests, in bits; legal 2..32.
  parameter integer StationaryWidth = 8,
  /// Width of the operand that streams, in bits; legal 2..32.
  parameter integer StreamWidth = 8,
  /// Width of partial sums, in bits; from the product's width to 128.
  parameter integer AccumulatorWidth = 32,
  /// 1: two's complement operands; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,
  input  wire                             stationary_valid_i,
  output wire                             stationary_ready_o,
  /// One row of resting operands: column c at [c*StationaryWidth +: StationaryWidth]; row 0 comes first.
  input  wire [Cols*StationaryWidth-1:0]  stationary_i,
  input  wire                             stream_valid_i,
  output wire                             stream_ready_o,
  /// This vector is the last of its tile.
  input  wire                             stream_last_i,
  /// One streaming vector along K: row r at [r*StreamWidth +: StreamWidth].
  input  wire [Rows*StreamWidth-1:0]      stream_i,
  input  wire                             partial_valid_i,
  output wire                             partial_ready_o,
  /// Partial sums that are added to the vector that leaves.
  input  wire [Cols*AccumulatorWidth-1:0] partial_i,
  output wire                             result_valid_o,
  input  wire                             result_ready_i,
  /// This vector is the last of its tile.
  output wire                             result_last_o,
  output wire [Cols*AccumulatorWidth-1:0] result_o
);

  generate
    if (Rows < 1 || Rows > 256) begin : gen_rows_error
      tpugen_error_rows_must_be_1_to_256 u_error ();
    end
    if (Cols < 1 || Cols > 256) begin : gen_cols_error
      tpugen_error_cols_must_be_1_to_256 u_error ();
    end
  endgenerate

  wire advance;
  wire load;
  wire vector_valid;
  wire vector_swap;
  wire vector_last;

  operand_stationary_control #(
    .Rows (Rows),
    .Cols (Cols)
  ) u_control (
    .clk_i              (clk_i),
    .rst_ni             (rst_ni),
    .advance_i          (advance),
    .stationary_valid_i (stationary_valid_i),
    .stationary_ready_o (stationary_ready_o),
    .stream_valid_i     (stream_valid_i),
    .stream_ready_o     (stream_ready_o),
    .stream_last_i      (stream_last_i),
    .load_o             (load),
    .valid_o            (vector_valid),
    .swap_o             (vector_swap),
    .last_o             (vector_last)
  );

  // Row r sees a vector r cycles after it entered; tokens walk down with the rows.
  wire [Rows*StreamWidth-1:0] skewed_stream;
  wire [Rows*2-1:0]           row_token;

  skew_buffer #(
    .Lanes (Rows),
    .Width (StreamWidth)
  ) u_stream_skew (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   (stream_i),
    .data_o   (skewed_stream)
  );

  assign row_token[1:0] = {vector_valid, vector_swap};

  generate
    if (Rows > 1) begin : gen_row_token
      token_line #(
        .Width  (2),
        .Stages (Rows - 1)
      ) u_row_token (
        .clk_i    (clk_i),
        .rst_ni   (rst_ni),
        .enable_i (advance),
        .token_i  (row_token[1:0]),
        .stages_o (row_token[Rows*2-1:2])
      );
    end
  endgenerate

  // Between processing elements, one net each. Rows: what enters element (r, c). Columns: resting operands shift up
  // and enter from below, partial sums run down and enter from above.
  wire [StreamWidth-1:0]      stream     [0:Rows*(Cols+1)-1];
  wire [1:0]                  token      [0:Rows*(Cols+1)-1];
  wire [StationaryWidth-1:0]  stationary [0:(Rows+1)*Cols-1];
  wire [AccumulatorWidth-1:0] partial    [0:(Rows+1)*Cols-1];
  wire                        bottom_valid;

  genvar r, c;
  generate
    for (c = 0; c < Cols; c = c + 1) begin : gen_entry
      assign stationary[Rows*Cols+c] = stationary_i[c*StationaryWidth +: StationaryWidth];
      assign partial[c] = {AccumulatorWidth{1'b0}};
    end

    for (r = 0; r < Rows; r = r + 1) begin : gen_row
      assign stream[r*(Cols+1)] = skewed_stream[r*StreamWidth +: StreamWidth];
      assign token[r*(Cols+1)] = row_token[r*2 +: 2];

      for (c = 0; c < Cols; c = c + 1) begin : gen_col
        pe_operand_stationary #(
          .StationaryWidth  (StationaryWidth),
          .StreamWidth      (StreamWidth),
          .AccumulatorWidth (AccumulatorWidth),
          .Signed           (Signed)
        ) u_pe (
          .clk_i        (clk_i),
          .rst_ni       (rst_ni),
          .advance_i    (advance),
          .load_i       (load),
          .stationary_i (stationary[(r+1)*Cols+c]),
          .stationary_o (stationary[r*Cols+c]),
          .token_i      (token[r*(Cols+1)+c]),
          .stream_i     (stream[r*(Cols+1)+c]),
          .token_o      (token[r*(Cols+1)+c+1]),
          .stream_o     (stream[r*(Cols+1)+c+1]),
          .partial_i    (partial[r*Cols+c]),
          .partial_o    (partial[(r+1)*Cols+c])
        );
      end

      if (r == Rows - 1) begin : gen_bottom
        assign bottom_valid = token[r*(Cols+1)+Cols][1];
        wire unused_right_edge = &{1'b0, token[r*(Cols+1)+Cols][0], stream[r*(Cols+1)+Cols]};
      end else begin : gen_above
        wire unused_right_edge = &{1'b0, token[r*(Cols+1)+Cols], stream[r*(Cols+1)+Cols]};
      end
    end
  endgenerate

  wire [Cols*AccumulatorWidth-1:0] bottom_partial;

  generate
    for (c = 0; c < Cols; c = c + 1) begin : gen_exit
      assign bottom_partial[c*AccumulatorWidth +: AccumulatorWidth] = partial[Rows*Cols+c];
      wire unused_stationary = &{1'b0, stationary[c]};
    end
  endgenerate

  // The wavefront of partial sums becomes a vector again, one cycle behind the rightmost bottom element's token.
  wire [Cols*AccumulatorWidth-1:0] row;
  wire                             row_valid;
  wire [Rows+Cols-1:0]             last_token;

  skew_buffer #(
    .Lanes   (Cols),
    .Width   (AccumulatorWidth),
    .Reverse (1)
  ) u_result_deskew (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   (bottom_partial),
    .data_o   (row)
  );

  token_line #(
    .Width  (1),
    .Stages (1)
  ) u_row_valid (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .enable_i (advance),
    .token_i  (bottom_valid),
    .stages_o (row_valid)
  );

  token_line #(
    .Width  (1),
    .Stages (Rows + Cols)
  ) u_last_token (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .enable_i (advance),
    .token_i  (vector_last),
    .stages_o (last_token)
  );

  wire unused_early_tokens = &{1'b0, last_token[Rows+Cols-2:0]};

  partial_sum_join #(
    .Cols             (Cols),
    .AccumulatorWidth (AccumulatorWidth),
    .Signed           (Signed)
  ) u_join (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .row_valid_i     (row_valid),
    .row_last_i      (last_token[Rows+Cols-1]),
    .row_i           (row),
    .advance_o       (advance),
    .partial_valid_i (partial_valid_i),
    .partial_ready_o (partial_ready_o),
    .partial_i       (partial_i),
    .result_valid_o  (result_valid_o),
    .result_ready_i  (result_ready_i),
    .result_last_o   (result_last_o),
    .result_o        (result_o)
  );

endmodule
