/// Absmax quantiser: a vector of 16 bits times 127 over its greatest magnitude, exactly rounded, in 8 bits.
///
/// The first pass stores the vector and finds the magnitude, the second divides. A vector of zeros gives zeros.
module absmax_quantise #(
  /// Longest vector; legal 2..16384.
  parameter integer MaxLength = 64
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
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This element is the last of its vector.
  output wire        result_last_o,
  /// Two's complement, -127..127.
  output wire [7:0]  result_o,
  /// Greatest magnitude of the vector, 0..32768, with each of its elements.
  output wire [15:0] scale_o
);

  localparam integer AddressWidth = $clog2(MaxLength);
  localparam integer QuotientWidth = 7;

  wire                    write;
  wire                    first;
  wire                    last;
  wire                    emitting;
  wire                    read;
  wire                    read_last;
  wire                    advance;
  wire [AddressWidth-1:0] address;
  wire [AddressWidth:0]   length;
  wire                    unused_control = &{1'b0, last, emitting, length};
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
    .emit_i          (advance),
    .emitting_o      (emitting),
    .read_o          (read),
    .read_last_o     (read_last),
    .address_o       (address),
    .length_o        (length)
  );

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

  // First pass: the greatest magnitude so far.
  wire [15:0] offered = operand_i[15] ? ~operand_i + 16'd1 : operand_i;
  reg  [15:0] greatest_q;

  always @(posedge clk_i) begin
    if (write && (first || offered > greatest_q)) begin
      greatest_q <= offered;
    end
  end

  // Second pass: what was read, with the scale of its vector; then the division.
  wire [15:0] magnitude = element[15] ? ~element + 16'd1 : element;
  reg  [15:0] scale_q;

  always @(posedge clk_i) begin
    if (read) begin
      scale_q <= greatest_q;
    end
  end

  wire [QuotientWidth-1:0] quotient;
  wire                     negative;

  divide_rounded #(
    .Width         (16),
    .QuotientWidth (QuotientWidth)
  ) u_divide (
    .clk_i      (clk_i),
    .enable_i   (advance),
    .dividend_i (magnitude),
    .divisor_i  (scale_q),
    .quotient_o (quotient),
    .divisor_o  (scale_o)
  );

  delay_line #(
    .Width  (1),
    .Stages (QuotientWidth + 1)
  ) u_sign (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   (element[15]),
    .data_o   (negative)
  );

  stream_tokens #(
    .Stages (QuotientWidth + 2)
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

  assign result_o = negative ? ~{1'b0, quotient} + 8'd1 : {1'b0, quotient};

endmodule
