/// Five-stage pipeline of a norm: an element times its gain and the root of its vector, plus its bias, in 16 bits.
///
/// result = saturate(round(element * gain * mantissa / 2^shift) + bias), halves rounded away from zero.
module gain_scale #(
  /// Width of an element, in bits; legal 2..48.
  parameter integer ElementWidth = 16
) (
  input  wire                    clk_i,
  input  wire                    enable_i,
  /// Two's complement.
  input  wire [ElementWidth-1:0] element_i,
  /// Two's complement.
  input  wire [15:0]             gain_i,
  /// Two's complement, in the format of the result.
  input  wire [15:0]             bias_i,
  /// 16 leading bits of the root, unsigned.
  input  wire [15:0]             mantissa_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]              shift_i,
  /// The result, five enabled cycles later; two's complement.
  output wire [15:0]             result_o
);

  localparam integer ProductWidth = ElementWidth + 16;

  generate
    if (ElementWidth < 2 || ElementWidth > 48) begin : gen_element_error
      tpugen_error_element_width_must_be_2_to_48 u_error ();
    end
  endgenerate

  wire signed [ProductWidth-1:0] element = {{16{element_i[ElementWidth-1]}}, element_i};
  wire signed [ProductWidth-1:0] gain = {{ElementWidth{gain_i[15]}}, gain_i};
  reg  signed [ProductWidth-1:0] product_q;
  reg  [15:0]                    bias_q;
  reg  [15:0]                    mantissa_q;
  reg  [5:0]                     shift_q;

  always @(posedge clk_i) begin
    if (enable_i) begin
      product_q  <= element * gain;
      bias_q     <= bias_i;
      mantissa_q <= mantissa_i;
      shift_q    <= shift_i;
    end
  end

  requantise_core #(
    .AccumulatorWidth (ProductWidth),
    .MultiplierWidth  (16),
    .OutputWidth      (16),
    .Signed           (1)
  ) u_scale (
    .clk_i         (clk_i),
    .enable_i      (enable_i),
    .accumulator_i (product_q),
    .multiplier_i  (mantissa_q),
    .shift_i       (shift_q),
    .zero_point_i  (bias_q),
    .result_o      (result_o)
  );

endmodule
