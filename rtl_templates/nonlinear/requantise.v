/// Requantiser: accumulators in a narrow format, by an integer factor, a rounding shift and a zero point.
///
/// result = saturate(round(accumulator * multiplier / 2^shift) + zero_point), halves rounded away from zero.
module requantise #(
  /// Width of the accumulator, in bits; legal 8..64.
  parameter integer AccumulatorWidth = 32,
  /// Width of the multiplier, in bits; legal 1..32.
  parameter integer MultiplierWidth = 32,
  /// Width of the result, in bits; legal 2..32.
  parameter integer OutputWidth = 8,
  /// 1: two's complement result; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire                        clk_i,
  input  wire                        rst_ni,
  input  wire                        operand_valid_i,
  output wire                        operand_ready_o,
  /// This number is the last of its vector.
  input  wire                        operand_last_i,
  /// Two's complement.
  input  wire [AccumulatorWidth-1:0] accumulator_i,
  /// Unsigned.
  input  wire [MultiplierWidth-1:0]  multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]                  shift_i,
  /// Two's complement.
  input  wire [15:0]                 zero_point_i,
  output wire                        result_valid_o,
  input  wire                        result_ready_i,
  /// This number is the last of its vector.
  output wire                        result_last_o,
  output wire [OutputWidth-1:0]      result_o
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

  requantise_core #(
    .AccumulatorWidth (AccumulatorWidth),
    .MultiplierWidth  (MultiplierWidth),
    .OutputWidth      (OutputWidth),
    .Signed           (Signed)
  ) u_core (
    .clk_i         (clk_i),
    .enable_i      (operand_ready_o),
    .accumulator_i (accumulator_i),
    .multiplier_i  (multiplier_i),
    .shift_i       (shift_i),
    .zero_point_i  (zero_point_i),
    .result_o      (result_o)
  );

endmodule
