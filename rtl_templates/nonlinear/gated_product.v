/// Product of a gated layer: gate * value / 2^shift, halves rounded away from zero, saturated to 16 bits.
module gated_product (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// These numbers are the last of their vectors.
  input  wire        operand_last_i,
  /// After its activation function; two's complement.
  input  wire [15:0] gate_i,
  /// Two's complement.
  input  wire [15:0] operand_i,
  /// Places by which this product is shifted right.
  input  wire [4:0]  shift_i,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This number is the last of its vector.
  output wire        result_last_o,
  /// Two's complement.
  output wire [15:0] result_o
);

  stream_tokens #(
    .Stages (5)
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

  wire signed [31:0] gate = {{16{gate_i[15]}}, gate_i};
  wire signed [31:0] operand = {{16{operand_i[15]}}, operand_i};
  reg  signed [31:0] product_q;
  reg  [4:0]         shift_q;

  always @(posedge clk_i) begin
    if (operand_ready_o) begin
      product_q <= gate * operand;
      shift_q   <= shift_i;
    end
  end

  requantise_core #(
    .AccumulatorWidth (32),
    .MultiplierWidth  (1),
    .OutputWidth      (16),
    .Signed           (1)
  ) u_scale (
    .clk_i         (clk_i),
    .enable_i      (operand_ready_o),
    .accumulator_i (product_q),
    .multiplier_i  (1'b1),
    .shift_i       ({1'b0, shift_q}),
    .zero_point_i  (16'd0),
    .result_o      (result_o)
  );

endmodule
