/// GELU of numbers with 8 fraction bits: the positive part less |x| * Phi(-|x|), which vanishes from |x| = 4 on.
module gelu (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// This number is the last of its vector.
  input  wire        operand_last_i,
  /// Two's complement, 8 fraction bits.
  input  wire [15:0] operand_i,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This number is the last of its vector.
  output wire        result_last_o,
  /// Two's complement, 8 fraction bits.
  output wire [15:0] result_o
);

  stream_tokens #(
    .Stages (4)
  ) u_tokens (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .valid_i   (operand_valid_i),
    .last_i    (operand_last_i),
    .advance_o (operand_ready_o),
    .valid_o   (result_valid_o),
    .ready_i   (result_ready_i),
    .last_o    (result_last_o)
  );

  // Positive part and magnitude; whether the magnitude is below 4.
  wire [15:0] magnitude = operand_i[15] ? ~operand_i + 16'd1 : operand_i;
  reg  [9:0]  magnitude_q;
  reg  [15:0] positive_q;
  reg         near_q;

  always @(posedge clk_i) begin
    if (operand_ready_o) begin
      magnitude_q <= magnitude[9:0];
      positive_q  <= operand_i & {16{!operand_i[15]}};
      near_q      <= magnitude[15:10] == 6'd0;
    end
  end

  wire [13:0] tail;
  wire [15:0] positive;
  wire        near;

  gelu_tail u_tail (
    .clk_i       (clk_i),
    .enable_i    (operand_ready_o),
    .magnitude_i (magnitude_q),
    .tail_o      (tail)
  );

  delay_line #(
    .Width  (17),
    .Stages (2)
  ) u_along (
    .clk_i    (clk_i),
    .enable_i (operand_ready_o),
    .data_i   ({near_q, positive_q}),
    .data_o   ({near, positive})
  );

  // The tail, rounded to 8 fraction bits.
  reg  [15:0] result_q;
  wire [14:0] raised = {1'b0, tail} + 15'd128;
  wire [15:0] rounded = {9'b0, raised[14:8]} & {16{near}};
  wire        unused_raised = &{1'b0, raised[7:0]};

  always @(posedge clk_i) begin
    if (operand_ready_o) begin
      result_q <= positive - rounded;
    end
  end

  assign result_o = result_q;

endmodule
