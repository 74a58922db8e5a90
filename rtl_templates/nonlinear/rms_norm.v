/// RMSNorm: each element of a vector over the root mean square, times its gain.
///
/// The first pass stores the vector and sums x^2 + 1; then the reciprocal square root is worked out; in the second
/// pass each element meets its gain, which comes on a channel of its own. One rounding, halves away from zero.
module rms_norm #(
  /// Longest vector; legal 2..16384.
  parameter integer MaxLength = 64,
  /// Fraction bits of the result; legal 0..15.
  parameter integer OutputFraction = 8
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// This element is the last of its vector.
  input  wire        operand_last_i,
  /// Two's complement.
  input  wire [15:0] operand_i,
  /// The element that is taken ends its vector though it is not marked: the vector is longer than MaxLength.
  output wire        overlong_o,
  /// One gain for each element, in the same order.
  input  wire        gain_valid_i,
  output wire        gain_ready_o,
  /// Two's complement.
  input  wire [15:0] gain_i,
  /// Fraction bits of the gain.
  input  wire [3:0]  gain_fraction_i,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This element is the last of its vector.
  output wire        result_last_o,
  /// Two's complement.
  output wire [15:0] result_o
);

  localparam integer AddressWidth = $clog2(MaxLength);
  localparam integer SumWidth = 31 + AddressWidth;
  // The root is at least 2^-15, less a trifle: exponents 15..31.
  localparam integer Steps = 32;

  generate
    if (OutputFraction < 0 || OutputFraction > 15) begin : gen_output_fraction_error
      tpugen_error_output_fraction_must_be_0_to_15 u_error ();
    end
  endgenerate

  wire                    write;
  wire                    first;
  wire                    last;
  wire                    emitting;
  wire                    read;
  wire                    read_last;
  wire                    advance;
  wire                    known;
  wire [AddressWidth-1:0] address;
  wire [AddressWidth:0]   length;
  wire [15:0]             element;

  two_pass_control #(
    .MaxLength (MaxLength)
  ) u_control (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (operand_valid_i),
    .operand_ready_o (operand_ready_o),
    .operand_last_i  (operand_last_i),
    .write_o         (write),
    .first_o         (first),
    .last_o          (last),
    .overlong_o      (overlong_o),
    .emit_i          (advance && known && gain_valid_i),
    .emitting_o      (emitting),
    .read_o          (read),
    .read_last_o     (read_last),
    .address_o       (address),
    .length_o        (length)
  );

  assign gain_ready_o = emitting && advance && known;

  memory #(
    .Depth (MaxLength),
    .Width (16)
  ) u_buffer (
    .clk_i           (clk_i),
    .write_i         (write),
    .write_address_i (address),
    .data_i          (operand_i),
    .read_i          (read),
    .read_address_i  (address),
    .data_o          (element)
  );

  wire [SumWidth-1:0] squares;
  wire                summed;

  square_sum #(
    .MaxLength (MaxLength)
  ) u_squares (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .valid_i   (write),
    .first_i   (first),
    .last_i    (last),
    .operand_i (operand_i),
    .done_o    (summed),
    .sum_o     (squares)
  );

  wire [15:0] mantissa;
  wire [5:0]  exponent;

  reciprocal_root #(
    .DenominatorWidth (SumWidth),
    .NumeratorWidth   (AddressWidth + 1),
    .Steps            (Steps)
  ) u_root (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .start_i       (summed),
    .numerator_i   (length),
    .denominator_i (squares),
    .clear_i       (!emitting),
    .known_o       (known),
    .mantissa_o    (mantissa),
    .exponent_o    (exponent)
  );

  // Second pass: what was read, with its gain and the root of its vector.
  reg [15:0] gain_q;
  reg [15:0] mantissa_q;
  reg [5:0]  shift_q;

  always @(posedge clk_i) begin
    if (read) begin
      gain_q     <= gain_i;
      mantissa_q <= mantissa;
      shift_q    <= exponent + {2'b00, gain_fraction_i} - OutputFraction[5:0];
    end
  end

  gain_scale #(
    .ElementWidth (16)
  ) u_scale (
    .clk_i      (clk_i),
    .enable_i   (advance),
    .element_i  (element),
    .gain_i     (gain_q),
    .bias_i     (16'd0),
    .mantissa_i (mantissa_q),
    .shift_i    (shift_q),
    .result_o   (result_o)
  );

  stream_tokens #(
    .Stages (6)
  ) u_tokens (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .valid_i   (read),
    .last_i    (read_last),
    .advance_o (advance),
    .valid_o   (result_valid_o),
    .ready_i   (result_ready_i),
    .last_o    (result_last_o)
  );

endmodule
