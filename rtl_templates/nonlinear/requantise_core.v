/// Four-stage pipeline that scales an accumulator, rounds it, adds a zero point and saturates it.
///
/// result = saturate(round(accumulator * multiplier / 2^shift) + zero_point), halves rounded away from zero.
module requantise_core #(
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
  input  wire                        enable_i,
  /// Two's complement.
  input  wire [AccumulatorWidth-1:0] accumulator_i,
  /// Unsigned.
  input  wire [MultiplierWidth-1:0]  multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]                  shift_i,
  /// Two's complement.
  input  wire [15:0]                 zero_point_i,
  /// The result, four enabled cycles later.
  output wire [OutputWidth-1:0]      result_o
);

  localparam integer ProductWidth = AccumulatorWidth + MultiplierWidth;
  // Numbers clipped to this width still saturate after the zero point is added.
  localparam integer ClippedWidth = ((OutputWidth > 16) ? OutputWidth : 16) + 2;
  localparam integer RoundedWidth = (ProductWidth > ClippedWidth) ? ProductWidth + 1 : ClippedWidth + 1;
  localparam integer SumWidth = ClippedWidth + 1;
  localparam [RoundedWidth-1:0] One = {{(RoundedWidth-1){1'b0}}, 1'b1};
  localparam [SumWidth-1:0] OneOfSum = {{(SumWidth-1){1'b0}}, 1'b1};
  localparam [SumWidth-1:0] Span = OneOfSum << ((Signed != 0) ? OutputWidth - 1 : OutputWidth);
  localparam [SumWidth-1:0] Greatest = Span - OneOfSum;
  localparam [SumWidth-1:0] Least = (Signed != 0) ? ~Greatest : {SumWidth{1'b0}};

  generate
    if (AccumulatorWidth < 8 || AccumulatorWidth > 64) begin : gen_accumulator_error
      tpugen_error_accumulator_width_must_be_8_to_64 u_error ();
    end
    if (MultiplierWidth < 1 || MultiplierWidth > 32) begin : gen_multiplier_error
      tpugen_error_multiplier_width_must_be_1_to_32 u_error ();
    end
    if (OutputWidth < 2 || OutputWidth > 32) begin : gen_output_error
      tpugen_error_output_width_must_be_2_to_32 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
  endgenerate

  // Product.
  wire signed [ProductWidth-1:0] accumulator =
      {{MultiplierWidth{accumulator_i[AccumulatorWidth-1]}}, accumulator_i};
  wire signed [ProductWidth-1:0] multiplier = {{AccumulatorWidth{1'b0}}, multiplier_i};
  reg  signed [ProductWidth-1:0] product_q;
  reg  [5:0]                     product_shift_q;

  always @(posedge clk_i) begin
    if (enable_i) begin
      product_q       <= accumulator * multiplier;
      product_shift_q <= shift_i;
    end
  end

  // Half a unit of the result, less one unit of the product where it is negative; nothing without a shift. A product
  // that is shifted out altogether becomes a positive number below one unit: zero.
  wire                    negative = product_q[ProductWidth-1];
  wire [RoundedWidth-1:0] bias = ((One << product_shift_q) - {{(RoundedWidth-1){1'b0}}, negative}) >> 1;
  wire [RoundedWidth-1:0] extended = {{(RoundedWidth-ProductWidth){negative}}, product_q};
  reg  signed [RoundedWidth-1:0] rounded_q;
  reg  [5:0]                     rounded_shift_q;

  always @(posedge clk_i) begin
    if (enable_i) begin
      rounded_q       <= extended + bias;
      rounded_shift_q <= product_shift_q;
    end
  end

  // Shift; the bits above the clipped number must repeat its sign.
  wire signed [RoundedWidth-1:0]        shifted = rounded_q >>> rounded_shift_q;
  wire                                  below = rounded_q[RoundedWidth-1];
  wire [RoundedWidth-ClippedWidth:0]    top = shifted[RoundedWidth-1:ClippedWidth-1];
  wire                                  fits = top == {(RoundedWidth-ClippedWidth+1){below}};
  reg  [ClippedWidth-1:0]               clipped_q;

  always @(posedge clk_i) begin
    if (enable_i) begin
      clipped_q <= fits ? shifted[ClippedWidth-1:0] : {below, {(ClippedWidth-1){!below}}};
    end
  end

  // Zero point and saturation.
  reg  [OutputWidth-1:0] result_q;
  wire [15:0]            zero_point;

  delay_line #(
    .Width  (16),
    .Stages (3)
  ) u_zero_point (
    .clk_i    (clk_i),
    .enable_i (enable_i),
    .data_i   (zero_point_i),
    .data_o   (zero_point)
  );

  wire signed [SumWidth-1:0] sum =
      {clipped_q[ClippedWidth-1], clipped_q} + {{(SumWidth-16){zero_point[15]}}, zero_point};

  always @(posedge clk_i) begin
    if (enable_i) begin
      if (sum > $signed(Greatest)) begin
        result_q <= Greatest[OutputWidth-1:0];
      end else if (sum < $signed(Least)) begin
        result_q <= Least[OutputWidth-1:0];
      end else begin
        result_q <= sum[OutputWidth-1:0];
      end
    end
  end

  assign result_o = result_q;

endmodule
