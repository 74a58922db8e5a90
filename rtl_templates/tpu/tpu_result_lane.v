/// Post-processing of one column of results: bias, requantisation, activation, zero point, saturation.
///
/// s = saturate32(accumulator + bias); v = saturate32(round(s * multiplier / 2^shift)); w = v, max(v, 0), or
/// round(min(max(v, 0), 32767)^2 / 2^square_shift); result = saturate(w + zero_point). Halves round away from zero.
module tpu_result_lane #(
  /// Width of the multiplier, in bits; legal 1..32.
  parameter integer MultiplierWidth = 32
) (
  input  wire                       clk_i,
  input  wire                       enable_i,
  /// Two's complement.
  input  wire [31:0]                accumulator_i,
  /// Two's complement.
  input  wire [31:0]                bias_i,
  /// Unsigned.
  input  wire [MultiplierWidth-1:0] multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]                 shift_i,
  /// Two's complement.
  input  wire [7:0]                 zero_point_i,
  /// 0: none; 1: ReLU; 2: squared ReLU.
  input  wire [1:0]                 activation_i,
  /// Places by which the square is shifted right.
  input  wire [4:0]                 square_shift_i,
  /// 1: int32 result; 0: int8.
  input  wire                       wide_i,
  /// The result, seven enabled cycles later; int8 in the low byte, zeros above.
  output wire [31:0]                result_o
);

  localparam [1:0] Squared = 2'd2;
  localparam [31:0] Greatest = 32'h7FFFFFFF;
  localparam [31:0] Least = 32'h80000000;
  localparam [31:0] GreatestRoot = 32'd32767;
  localparam signed [33:0] GreatestByte = 34'sd127;
  localparam signed [33:0] LeastByte = -34'sd128;

  // Bias.
  wire [32:0] sum = {accumulator_i[31], accumulator_i} + {bias_i[31], bias_i};
  reg  [31:0] biased_q;

  always @(posedge clk_i) begin
    if (enable_i) begin
      biased_q <= (sum[32] == sum[31]) ? sum[31:0] : (sum[32] ? Least : Greatest);
    end
  end

  // Scale; the zero point comes after the activation.
  wire [31:0] scaled;

  requantise_core #(
    .AccumulatorWidth (32),
    .MultiplierWidth  (MultiplierWidth),
    .OutputWidth      (32),
    .Signed           (1)
  ) u_requantise (
    .clk_i         (clk_i),
    .enable_i      (enable_i),
    .accumulator_i (biased_q),
    .multiplier_i  (multiplier_i),
    .shift_i       (shift_i),
    .zero_point_i  (16'd0),
    .result_o      (scaled)
  );

  // Activation: a root is 15 bits, its square 30.
  wire [31:0] rectified = (|activation_i && scaled[31]) ? 32'd0 : scaled;
  wire [14:0] root = (rectified > GreatestRoot) ? GreatestRoot[14:0] : rectified[14:0];
  reg  [29:0] square_q;
  reg  [31:0] rectified_q;

  always @(posedge clk_i) begin
    if (enable_i) begin
      square_q    <= {15'd0, root} * {15'd0, root};
      rectified_q <= rectified;
    end
  end

  // Zero point and saturation.
  wire [31:0]        half = (32'd1 << square_shift_i) >> 1;
  wire [31:0]        squared = ({2'b00, square_q} + half) >> square_shift_i;
  wire [31:0]        value = (activation_i == Squared) ? squared : rectified_q;
  wire signed [33:0] total = {{2{value[31]}}, value} + {{26{zero_point_i[7]}}, zero_point_i};
  wire [31:0]        word = (total[32] == total[31]) ? total[31:0] : (total[32] ? Least : Greatest);
  wire [7:0]         low = (total > GreatestByte) ? GreatestByte[7:0] :
                           (total < LeastByte) ? LeastByte[7:0] : total[7:0];
  reg  [31:0]        result_q;

  always @(posedge clk_i) begin
    if (enable_i) begin
      result_q <= wide_i ? word : {24'd0, low};
    end
  end

  assign result_o = result_q;

endmodule
