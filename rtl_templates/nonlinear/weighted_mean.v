/// Weighted mean: a sum of int8 values times weights, over the sum of the weights, as 16 bits with 15 fraction bits.
///
/// result = round(32767 * operand / (128 * sum)), halves away from zero, at most 32767 in magnitude; 0 for a sum of 0.
module weighted_mean #(
  /// Width of the sum of weights, in bits; legal 2..24.
  parameter integer SumWidth = 14
) (
  input  wire                clk_i,
  input  wire                rst_ni,
  input  wire                operand_valid_i,
  output wire                operand_ready_o,
  /// This number is the last of its vector.
  input  wire                operand_last_i,
  /// Sum of weights times values, two's complement.
  input  wire [31:0]         operand_i,
  /// Sum of the weights that belong to it, unsigned.
  input  wire [SumWidth-1:0] sum_i,
  output wire                result_valid_o,
  input  wire                result_ready_i,
  /// This number is the last of its vector.
  output wire                result_last_o,
  /// Two's complement; 32767 stands for 128.
  output wire [15:0]         result_o
);

  localparam integer DivisorWidth = SumWidth + 7;
  localparam integer QuotientWidth = 15;

  generate
    if (SumWidth < 2 || SumWidth > 24) begin : gen_sum_width_error
      tpugen_error_sum_width_must_be_2_to_24 u_error ();
    end
  endgenerate

  // Magnitude of the operand; then no more of it than the divisor.
  reg                     negative_q;
  reg  [31:0]             magnitude_q;
  reg  [SumWidth-1:0]     sum_q;
  reg  [DivisorWidth-1:0] dividend_q;
  reg  [DivisorWidth-1:0] divisor_q;

  wire [31:0] limit = {{(32-DivisorWidth){1'b0}}, sum_q, 7'b0};

  always @(posedge clk_i) begin
    if (operand_ready_o) begin
      negative_q  <= operand_i[31];
      magnitude_q <= operand_i[31] ? ~operand_i + 32'd1 : operand_i;
      sum_q       <= sum_i;
      dividend_q  <= (magnitude_q > limit) ? {sum_q, 7'b0} : magnitude_q[DivisorWidth-1:0];
      divisor_q   <= {sum_q, 7'b0};
    end
  end

  wire [QuotientWidth-1:0] quotient;
  wire [DivisorWidth-1:0]  divisor;
  wire                     negative;
  wire                     unused_divisor = &{1'b0, divisor};

  divide_rounded #(
    .Width         (DivisorWidth),
    .QuotientWidth (QuotientWidth)
  ) u_divide (
    .clk_i      (clk_i),
    .enable_i   (operand_ready_o),
    .dividend_i (dividend_q),
    .divisor_i  (divisor_q),
    .quotient_o (quotient),
    .divisor_o  (divisor)
  );

  delay_line #(
    .Width  (1),
    .Stages (QuotientWidth + 2)
  ) u_sign (
    .clk_i    (clk_i),
    .enable_i (operand_ready_o),
    .data_i   (negative_q),
    .data_o   (negative)
  );

  stream_tokens #(
    .Stages (QuotientWidth + 3)
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

  assign result_o = negative ? ~{1'b0, quotient} + 16'd1 : {1'b0, quotient};

endmodule
