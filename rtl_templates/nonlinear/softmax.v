/// Softmax: scores of a row as probabilities in 255ths, in powers of two with a running maximum.
///
/// A score becomes a power of two; the first pass stores it and sums the powers under the greatest exponent so far;
/// the second divides each power by the sum, exactly rounded.
module softmax #(
  /// Longest row; legal 2..16384.
  parameter integer MaxLength = 64
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// This score is the last of its row.
  input  wire        operand_last_i,
  /// Two's complement.
  input  wire [31:0] operand_i,
  /// With the shift it turns this score into an exponent of two with 12 fraction bits; unsigned.
  input  wire [15:0] multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]  shift_i,
  /// The score that is stored ends its row though it is not marked: the row is longer than MaxLength.
  output wire        overlong_o,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This probability is the last of its row.
  output wire        result_last_o,
  /// Unsigned, 255 for a probability of 1.
  output wire [7:0]  result_o
);

  localparam integer AddressWidth = $clog2(MaxLength);
  localparam integer SumWidth = AddressWidth + 25;
  localparam integer QuotientWidth = 8;

  wire        power_valid;
  wire        power_ready;
  wire        power_last;
  wire [12:0] ceiling;
  wire [16:0] power;

  softmax_powers u_powers (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (operand_valid_i),
    .operand_ready_o (operand_ready_o),
    .operand_last_i  (operand_last_i),
    .operand_i       (operand_i),
    .multiplier_i    (multiplier_i),
    .shift_i         (shift_i),
    .result_valid_o  (power_valid),
    .result_ready_i  (power_ready),
    .result_last_o   (power_last),
    .ceiling_o       (ceiling),
    .power_o         (power)
  );

  wire                    write;
  wire                    first;
  wire                    last;
  wire                    emitting;
  wire                    read;
  wire                    read_last;
  wire                    advance;
  wire                    pending;
  wire [AddressWidth-1:0] address;
  wire [AddressWidth:0]   length;
  wire                    unused_control = &{1'b0, last, emitting, length};

  two_pass_control #(
    .MaxLength (MaxLength)
  ) u_control (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (power_valid),
    .operand_ready_o (power_ready),
    .operand_last_i  (power_last),
    .write_o         (write),
    .first_o         (first),
    .last_o          (last),
    .overlong_o      (overlong_o),
    .emit_i          (advance && !pending),
    .emitting_o      (emitting),
    .read_o          (read),
    .read_last_o     (read_last),
    .address_o       (address),
    .length_o        (length)
  );

  wire [12:0] read_ceiling;
  wire [16:0] read_power;

  memory #(
    .Depth (MaxLength),
    .Width (30)
  ) u_buffer (
    .clk_i           (clk_i),
    .write_i         (write),
    .write_address_i (address),
    .data_i          ({ceiling, power}),
    .read_i          (read),
    .read_address_i  (address),
    .data_o          ({read_ceiling, read_power})
  );

  wire [12:0]         greatest;
  wire [SumWidth-1:0] sum;

  power_sum #(
    .MaxLength (MaxLength)
  ) u_sum (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .valid_i    (write),
    .first_i    (first),
    .ceiling_i  (ceiling),
    .power_i    (power),
    .pending_o  (pending),
    .greatest_o (greatest),
    .sum_o      (sum)
  );

  // Second pass: what was read, with greatest and sum of its row; the share of the sum; the division.
  reg [12:0]         greatest_q;
  reg [SumWidth-1:0] read_sum_q;
  reg [24:0]         share_q;
  reg [SumWidth-1:0] sum_q;

  wire [12:0]         gap = greatest_q - read_ceiling;
  wire [SumWidth-1:0] divisor;
  wire                unused_divisor = &{1'b0, divisor};

  always @(posedge clk_i) begin
    if (read) begin
      greatest_q <= greatest;
      read_sum_q <= sum;
    end
    if (advance) begin
      share_q <= {read_power, 8'b0} >> gap;
      sum_q   <= read_sum_q;
    end
  end

  divide_rounded #(
    .Width         (SumWidth),
    .QuotientWidth (QuotientWidth)
  ) u_divide (
    .clk_i      (clk_i),
    .enable_i   (advance),
    .dividend_i ({{(SumWidth-25){1'b0}}, share_q}),
    .divisor_i  (sum_q),
    .quotient_o (result_o),
    .divisor_o  (divisor)
  );

  stream_tokens #(
    .Stages (QuotientWidth + 3)
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
