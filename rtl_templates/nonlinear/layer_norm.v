/// LayerNorm: each element of a vector less the mean, over the standard deviation, times its gain, plus its bias.
///
/// The first pass stores the vector and measures mean and variance; then the reciprocal square root is worked out; in
/// the second pass length * x - sum is exact, and each element meets its gain and bias, which come on a channel of
/// their own. One rounding, halves away from zero.
module layer_norm #(
  /// Longest vector; legal 2..16384.
  parameter integer MaxLength = 64,
  /// Fraction bits of the result and of the biases; legal 0..15.
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
  /// One gain and one bias for each element, in the same order.
  input  wire        gain_valid_i,
  output wire        gain_ready_o,
  /// Two's complement.
  input  wire [15:0] gain_i,
  /// Fraction bits of the gain.
  input  wire [3:0]  gain_fraction_i,
  /// Two's complement, in the format of the result.
  input  wire [15:0] bias_i,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This element is the last of its vector.
  output wire        result_last_o,
  /// Two's complement.
  output wire [15:0] result_o
);

  localparam integer AddressWidth = $clog2(MaxLength);
  localparam integer LengthWidth = AddressWidth + 1;
  localparam integer TotalWidth = AddressWidth + 16;
  localparam integer CentredWidth = AddressWidth + 17;
  localparam integer SpreadWidth = 2 * AddressWidth + 31;
  // The root is at least 2^-15 over the length, less a trifle: exponents up to 31 + AddressWidth.
  localparam integer Steps = AddressWidth + 32;

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
  wire [LengthWidth-1:0]  length;
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

  wire [TotalWidth-1:0]  total;
  wire [SpreadWidth-1:0] deviation;
  wire                   measured;

  vector_spread #(
    .MaxLength (MaxLength)
  ) u_spread (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .valid_i   (write),
    .first_i   (first),
    .last_i    (last),
    .operand_i (operand_i),
    .length_i  (length),
    .done_o    (measured),
    .total_o   (total),
    .spread_o  (deviation)
  );

  wire [15:0] mantissa;
  wire [5:0]  exponent;

  reciprocal_root #(
    .DenominatorWidth (SpreadWidth),
    .NumeratorWidth   (1),
    .Steps            (Steps)
  ) u_root (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .start_i       (measured),
    .numerator_i   (1'b1),
    .denominator_i (deviation),
    .clear_i       (!emitting),
    .known_o       (known),
    .mantissa_o    (mantissa),
    .exponent_o    (exponent)
  );

  // Second pass: what was read, with what belongs to it and to its vector; centred; scaled.
  localparam integer AlongWidth = 54;

  reg  [LengthWidth-1:0] length_q;
  reg  [TotalWidth-1:0]  total_q;
  wire [5:0]             shift = exponent + {2'b00, gain_fraction_i} - OutputFraction[5:0];
  reg  [AlongWidth-1:0]  along_q;
  wire [AlongWidth-1:0]  along;

  always @(posedge clk_i) begin
    if (read) begin
      length_q <= length;
      total_q  <= total;
      along_q  <= {shift, mantissa, bias_i, gain_i};
    end
  end

  delay_line #(
    .Width  (AlongWidth),
    .Stages (1)
  ) u_along (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   (along_q),
    .data_o   (along)
  );

  wire signed [CentredWidth-1:0] wide_element = {{(CentredWidth-16){element[15]}}, element};
  wire signed [CentredWidth-1:0] wide_length = {{(CentredWidth-LengthWidth){1'b0}}, length_q};
  wire signed [CentredWidth-1:0] wide_total = {total_q[TotalWidth-1], total_q};
  reg  signed [CentredWidth-1:0] centred_q;

  always @(posedge clk_i) begin
    if (advance) begin
      centred_q <= wide_element * wide_length - wide_total;
    end
  end

  gain_scale #(
    .ElementWidth (CentredWidth)
  ) u_scale (
    .clk_i      (clk_i),
    .enable_i   (advance),
    .element_i  (centred_q),
    .gain_i     (along[15:0]),
    .bias_i     (along[31:16]),
    .mantissa_i (along[47:32]),
    .shift_i    (along[53:48]),
    .result_o   (result_o)
  );

  stream_tokens #(
    .Stages (7)
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
