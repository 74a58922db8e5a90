/// Residual addition: the sum of two numbers, clipped to their width.
module saturating_adder #(
  /// Width of operands and sum, in bits; legal 2..64.
  parameter integer Width = 16
) (
  input  wire             clk_i,
  input  wire             rst_ni,
  input  wire             operand_valid_i,
  output wire             operand_ready_o,
  /// These numbers are the last of their vectors.
  input  wire             operand_last_i,
  /// Two's complement.
  input  wire [Width-1:0] a_i,
  /// Two's complement.
  input  wire [Width-1:0] b_i,
  output wire             result_valid_o,
  input  wire             result_ready_i,
  /// This number is the last of its vector.
  output wire             result_last_o,
  /// Two's complement.
  output wire [Width-1:0] result_o
);

  generate
    if (Width < 2 || Width > 64) begin : gen_width_error
      tpugen_error_width_must_be_2_to_64 u_error ();
    end
  endgenerate

  stream_tokens #(
    .Stages (1)
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

  reg  [Width-1:0] result_q;
  wire [Width:0]   sum = {a_i[Width-1], a_i} + {b_i[Width-1], b_i};
  wire             fits = sum[Width] == sum[Width-1];

  always @(posedge clk_i) begin
    if (operand_ready_o) begin
      result_q <= fits ? sum[Width-1:0] : {sum[Width], {(Width-1){!sum[Width]}}};
    end
  end

  assign result_o = result_q;

endmodule
