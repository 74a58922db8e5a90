/// The 16 leading bits of sqrt(numerator / denominator), for 1 <= numerator <= denominator, a digit a cycle.
///
/// mantissa = floor(2^exponent * sqrt(numerator / denominator)) with the exponent that makes it 2^15..2^16 - 1. The
/// state is four times the remainder numerator * 4^e - mantissa^2 * denominator, and what one more digit would take.
module reciprocal_root #(
  /// Width of the denominator, in bits; legal 2..64.
  parameter integer DenominatorWidth = 38,
  /// Width of the numerator, in bits; legal 1 to the denominator's.
  parameter integer NumeratorWidth = 7,
  /// Digits that are worked out: the greatest exponent that occurs, plus one; legal 16..63.
  parameter integer Steps = 32
) (
  input  wire                        clk_i,
  input  wire                        rst_ni,
  /// Begin with the operands of this cycle, which are held until the root is there.
  input  wire                        start_i,
  input  wire [NumeratorWidth-1:0]   numerator_i,
  input  wire [DenominatorWidth-1:0] denominator_i,
  /// The root is not needed any more.
  input  wire                        clear_i,
  /// The root is there: from Steps + 1 cycles after the start until it is cleared.
  output wire                        known_o,
  output wire [15:0]                 mantissa_o,
  output wire [5:0]                  exponent_o
);

  // Remainders stay below 2^18 denominators while the mantissa grows.
  localparam integer StateWidth = DenominatorWidth + 18;
  localparam [5:0] Last = Steps[5:0];

  generate
    if (DenominatorWidth < 2 || DenominatorWidth > 64) begin : gen_denominator_error
      tpugen_error_denominator_width_must_be_2_to_64 u_error ();
    end
    if (NumeratorWidth < 1 || NumeratorWidth > DenominatorWidth) begin : gen_numerator_error
      tpugen_error_numerator_width_must_be_1_to_the_denominators u_error ();
    end
    if (Steps < 16 || Steps > 63) begin : gen_steps_error
      tpugen_error_steps_must_be_16_to_63 u_error ();
    end
  endgenerate

  reg                  known_q;
  reg [15:0]           mantissa_q;
  reg [5:0]            exponent_q;
  reg [5:0]            left_q;
  reg [StateWidth-1:0] remainder_q;
  reg [StateWidth-1:0] taken_q;

  wire [StateWidth-1:0] once = {{18{1'b0}}, denominator_i};
  wire [StateWidth-1:0] thrice = once + (once << 1);
  wire                  digit = remainder_q >= taken_q;
  wire [StateWidth-1:0] remainder = digit ? remainder_q - taken_q : remainder_q;
  wire [StateWidth-1:0] taken = digit ? (taken_q << 1) + thrice : (taken_q << 1) - once;
  // With its top bit the mantissa is complete; the cycles that are left change nothing.
  wire                  complete = mantissa_q[15];
  wire                  busy = left_q != 6'd0;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q  <= 6'd0;
      known_q <= 1'b0;
    end else if (start_i) begin
      left_q  <= Last;
      known_q <= 1'b0;
    end else if (clear_i) begin
      known_q <= 1'b0;
    end else if (busy) begin
      left_q  <= left_q - 6'd1;
      known_q <= left_q == 6'd1;
    end
  end

  always @(posedge clk_i) begin
    if (start_i) begin
      remainder_q <= {{(StateWidth-NumeratorWidth){1'b0}}, numerator_i};
      taken_q     <= once;
      mantissa_q  <= 16'd0;
      exponent_q  <= 6'd63;
    end else if (busy && !complete) begin
      remainder_q <= remainder << 2;
      taken_q     <= taken;
      mantissa_q  <= {mantissa_q[14:0], digit};
      exponent_q  <= exponent_q + 6'd1;
    end
  end

  assign known_o    = known_q;
  assign mantissa_o = mantissa_q;
  assign exponent_o = exponent_q;

endmodule
