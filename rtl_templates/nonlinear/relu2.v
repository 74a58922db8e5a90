/// Squared ReLU: max(operand, 0)^2 / 2^shift, halves rounded up, saturated to 16 bits.
module relu2 (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// This number is the last of its vector.
  input  wire        operand_last_i,
  /// Two's complement.
  input  wire [15:0] operand_i,
  /// Places by which this square is shifted right.
  input  wire [4:0]  shift_i,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This number is the last of its vector.
  output wire        result_last_o,
  /// Two's complement, never negative.
  output wire [15:0] result_o
);

  wire [15:0] positive = operand_i & {16{!operand_i[15]}};

  gated_product u_square (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (operand_valid_i),
    .operand_ready_o (operand_ready_o),
    .operand_last_i  (operand_last_i),
    .gate_i          (positive),
    .operand_i       (positive),
    .shift_i         (shift_i),
    .result_valid_o  (result_valid_o),
    .result_ready_i  (result_ready_i),
    .result_last_o   (result_last_o),
    .result_o        (result_o)
  );

endmodule
