/// Softmax before its division: scores of a row as weights, 255 for the row's greatest, and the sum of the weights.
///
/// The first pass stores each score's exponent of two and finds the greatest; in the second a weight is
/// round(255 * 2^(exponent - greatest)), halves up. `weighted_mean` divides by the sum.
module softmax_weights #(
  /// Longest row; legal 2..16384.
  parameter integer MaxLength = 64
) (
  input  wire                         clk_i,
  input  wire                         rst_ni,
  input  wire                         operand_valid_i,
  output wire                         operand_ready_o,
  /// This score is the last of its row.
  input  wire                         operand_last_i,
  /// Two's complement.
  input  wire [31:0]                  operand_i,
  /// With the shift it turns this score into an exponent of two with 12 fraction bits; unsigned.
  input  wire [15:0]                  multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]                   shift_i,
  /// The score that is stored ends its row though it is not marked: the row is longer than MaxLength.
  output wire                         overlong_o,
  output wire                         result_valid_o,
  input  wire                         result_ready_i,
  /// This weight is the last of its row.
  output wire                         result_last_o,
  /// Unsigned, 255 for the greatest score.
  output wire [7:0]                   result_o,
  /// Sum of the row's weights up to this one; the whole sum stays until the next row's first weight.
  output wire [$clog2(MaxLength)+7:0] sum_o
);

  localparam integer AddressWidth = $clog2(MaxLength);
  localparam integer SumWidth = AddressWidth + 8;
  localparam integer ExponentWidth = 24;
  localparam integer FractionBits = 12;
  localparam integer PowerWidth = 17;
  localparam integer PowerStages = 2;
  localparam integer Stages = PowerStages + 5;
  // 255 times a power has 16 fraction bits; a bit of them is kept for the rounding. Beyond a gap of 8 nothing is left.
  localparam integer DoubledWidth = 9;
  localparam integer GapWidth = 4;
  localparam integer ProductWidth = PowerWidth + 8;
  localparam integer WholeWidth = ExponentWidth - FractionBits;
  localparam integer FurthestGap = 9;

  // First pass: exponents of two, stored, and the greatest of them.
  wire                     exponent_valid;
  wire                     exponent_ready;
  wire                     exponent_last;
  wire [ExponentWidth-1:0] exponent;

  requantise #(
    .AccumulatorWidth (32),
    .MultiplierWidth  (16),
    .OutputWidth      (ExponentWidth),
    .Signed           (1)
  ) u_exponents (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (operand_valid_i),
    .operand_ready_o (operand_ready_o),
    .operand_last_i  (operand_last_i),
    .accumulator_i   (operand_i),
    .multiplier_i    (multiplier_i),
    .shift_i         (shift_i),
    .zero_point_i    (16'd0),
    .result_valid_o  (exponent_valid),
    .result_ready_i  (exponent_ready),
    .result_last_o   (exponent_last),
    .result_o        (exponent)
  );

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

  two_pass_control #(
    .MaxLength (MaxLength)
  ) u_control (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (exponent_valid),
    .operand_ready_o (exponent_ready),
    .operand_last_i  (exponent_last),
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

  wire [ExponentWidth-1:0] read_exponent;

  memory #(
    .Depth (MaxLength),
    .Width (ExponentWidth)
  ) u_buffer (
    .clk_i           (clk_i),
    .write_i         (write),
    .write_address_i (address),
    .data_i          (exponent),
    .read_i          (read),
    .read_address_i  (address),
    .data_o          (read_exponent)
  );

  reg signed [ExponentWidth-1:0] greatest_q;

  always @(posedge clk_i) begin
    if (write && (first || $signed(exponent) > greatest_q)) begin
      greatest_q <= exponent;
    end
  end

  // Second pass: what was read, with the greatest of its row; how far it lies below, in whole and in fraction.
  reg [ExponentWidth-1:0] read_greatest_q;
  reg [ExponentWidth-1:0] below_q;

  always @(posedge clk_i) begin
    if (read) begin
      read_greatest_q <= greatest_q;
    end
    if (advance) begin
      below_q <= read_greatest_q - read_exponent;
    end
  end

  // The difference of two exponents is 0..2^24 - 1, for no exponent lies above the greatest.
  wire [WholeWidth-1:0] whole = below_q[ExponentWidth-1:FractionBits];
  wire [GapWidth-1:0]   gap = (whole > FurthestGap[WholeWidth-1:0]) ? FurthestGap[GapWidth-1:0] : whole[GapWidth-1:0];
  wire [GapWidth-1:0]   power_gap;
  wire [PowerWidth-1:0] power;

  power_of_two u_power (
    .clk_i      (clk_i),
    .enable_i   (advance),
    .fraction_i (below_q[FractionBits-1:0]),
    .power_o    (power)
  );

  delay_line #(
    .Width  (GapWidth),
    .Stages (PowerStages)
  ) u_gap (
    .clk_i    (clk_i),
    .enable_i (advance),
    .data_i   (gap),
    .data_o   (power_gap)
  );

  wire [ProductWidth-1:0] product = {power, 8'b0} - {8'b0, power};
  reg  [DoubledWidth-1:0] doubled_q;
  reg  [GapWidth-1:0]     doubled_gap_q;
  reg  [7:0]              weight_q;

  wire [DoubledWidth-1:0] halves = (doubled_q >> doubled_gap_q) + {{(DoubledWidth-1){1'b0}}, 1'b1};
  wire                    unused_halves = &{1'b0, product[ProductWidth-1], product[ProductWidth-DoubledWidth-2:0],
                                            halves[0]};

  always @(posedge clk_i) begin
    if (advance) begin
      doubled_q     <= product[ProductWidth-2 -: DoubledWidth];
      doubled_gap_q <= power_gap;
      weight_q      <= halves[DoubledWidth-1:1];
    end
  end

  // Valid, last and first of what each stage holds; the last stage keeps its sum until a weight comes.
  wire [3*Stages-1:0] tokens;
  wire                weight_valid;
  wire                weight_first;
  wire                unused_tokens = &{1'b0, tokens[3*Stages-3], tokens[3*Stages-5], tokens[3*Stages-7:0]};

  token_line #(
    .Width  (3),
    .Stages (Stages)
  ) u_tokens (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .enable_i (advance),
    .token_i  ({read, read_last, first}),
    .stages_o (tokens)
  );

  assign result_valid_o = tokens[3*Stages-1];
  assign result_last_o  = tokens[3*Stages-2];
  assign weight_valid   = tokens[3*Stages-4];
  assign weight_first   = tokens[3*Stages-6];
  assign advance        = !result_valid_o || result_ready_i;

  reg [7:0]          result_q;
  reg [SumWidth-1:0] sum_q;

  always @(posedge clk_i) begin
    if (advance && weight_valid) begin
      result_q <= weight_q;
      sum_q    <= (weight_first ? {SumWidth{1'b0}} : sum_q) + {{AddressWidth{1'b0}}, weight_q};
    end
  end

  assign result_o = result_q;
  assign sum_o    = sum_q;

endmodule
