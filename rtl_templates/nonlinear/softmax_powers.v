/// Scores as powers of two: each becomes 2^(ceiling) * power, the power being 0.5..1, in six stages.
///
/// The exponent round(score * multiplier / 2^shift) has 12 fraction bits and is saturated to 24 bits.
module softmax_powers (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// This score is the last of its row.
  input  wire        operand_last_i,
  /// Two's complement.
  input  wire [31:0] operand_i,
  /// Unsigned.
  input  wire [15:0] multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]  shift_i,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This power is the last of its row.
  output wire        result_last_o,
  /// Two's complement, -2048..2048.
  output wire [12:0] ceiling_o,
  /// 0.5..1 with 16 fraction bits.
  output wire [16:0] power_o
);

  wire [23:0] exponent;

  stream_tokens #(
    .Stages (6)
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

  requantise_core #(
    .AccumulatorWidth (32),
    .MultiplierWidth  (16),
    .OutputWidth      (24),
    .Signed           (1)
  ) u_exponent (
    .clk_i         (clk_i),
    .enable_i      (operand_ready_o),
    .accumulator_i (operand_i),
    .multiplier_i  (multiplier_i),
    .shift_i       (shift_i),
    .zero_point_i  (16'd0),
    .result_o      (exponent)
  );

  // Minus the exponent, in whole and in fraction: the fraction is how far the exponent lies below its ceiling.
  wire [24:0] negated = 25'd0 - {exponent[23], exponent};
  wire [12:0] ceiling = 13'd0 - negated[24:12];

  power_of_two u_power (
    .clk_i      (clk_i),
    .enable_i   (operand_ready_o),
    .fraction_i (negated[11:0]),
    .power_o    (power_o)
  );

  delay_line #(
    .Width  (13),
    .Stages (2)
  ) u_ceiling (
    .clk_i    (clk_i),
    .enable_i (operand_ready_o),
    .data_i   (ceiling),
    .data_o   (ceiling_o)
  );

endmodule
