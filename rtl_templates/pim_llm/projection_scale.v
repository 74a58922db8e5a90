/// Scales the products of a projection: times the token's scale and the matrix's constant, in 16 bits.
///
/// result = saturate(round(product * scale * multiplier / 2^shift)), halves rounded away from zero.
module projection_scale #(
  /// Width of a product, in bits; legal 8..64.
  parameter integer ProductWidth = 32
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// This product is the last of its vector.
  input  wire        operand_last_i,
  /// Two's complement.
  input  wire [ProductWidth-1:0] operand_i,
  /// Of the token, unsigned.
  input  wire [15:0] scale_i,
  /// Of the matrix, unsigned.
  input  wire [15:0] multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]  shift_i,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This number is the last of its vector.
  output wire        result_last_o,
  /// Two's complement.
  output wire [15:0] result_o
);

  // A product waits two cycles: what it is scaled by is looked up in the first, and multiplied in the second.
  wire        valid;
  wire        ready;
  wire        last;
  reg  [ProductWidth-1:0] product_q;
  reg  [ProductWidth-1:0] waiting_q;
  reg  [15:0] scale_q;
  reg  [15:0] multiplier_q;
  reg  [31:0] factor_q;
  reg  [5:0]  shift_q;
  reg  [5:0]  waiting_shift_q;

  stream_tokens #(
    .Stages (2)
  ) u_tokens (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .valid_i   (operand_valid_i),
    .last_i    (operand_last_i),
    .advance_o (operand_ready_o),
    .valid_o   (valid),
    .ready_i   (ready),
    .last_o    (last)
  );

  always @(posedge clk_i) begin
    if (operand_ready_o) begin
      product_q       <= operand_i;
      scale_q         <= scale_i;
      multiplier_q    <= multiplier_i;
      shift_q         <= shift_i;
      waiting_q       <= product_q;
      factor_q        <= {16'd0, scale_q} * {16'd0, multiplier_q};
      waiting_shift_q <= shift_q;
    end
  end

  requantise #(
    .AccumulatorWidth (ProductWidth),
    .MultiplierWidth  (32),
    .OutputWidth      (16),
    .Signed           (1)
  ) u_requantise (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (valid),
    .operand_ready_o (ready),
    .operand_last_i  (last),
    .accumulator_i   (waiting_q),
    .multiplier_i    (factor_q),
    .shift_i         (waiting_shift_q),
    .zero_point_i    (16'd0),
    .result_valid_o  (result_valid_o),
    .result_ready_i  (result_ready_i),
    .result_last_o   (result_last_o),
    .result_o        (result_o)
  );

endmodule
