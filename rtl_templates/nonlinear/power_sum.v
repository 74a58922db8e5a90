/// Greatest ceiling and sum of a row of powers: the sum is rescaled by a shift whenever the greatest grows.
///
/// Shifts truncate; the sum has 24 fraction bits, eight more than the powers.
module power_sum #(
  /// Longest row; legal 2..16384.
  parameter integer MaxLength = 64
) (
  input  wire                          clk_i,
  input  wire                          rst_ni,
  /// A power is there in this cycle; whether it begins its row.
  input  wire                          valid_i,
  input  wire                          first_i,
  /// Two's complement.
  input  wire [12:0]                   ceiling_i,
  /// 0.5..1 with 16 fraction bits.
  input  wire [16:0]                   power_i,
  /// A power is not yet in the sum.
  output wire                          pending_o,
  /// Greatest ceiling so far, two's complement.
  output wire [12:0]                   greatest_o,
  /// Sum of powers, in units of 2^greatest.
  output wire [$clog2(MaxLength)+24:0] sum_o
);

  localparam integer SumWidth = $clog2(MaxLength) + 25;

  reg                pending_q;
  reg [12:0]         greatest_q;
  reg [SumWidth-1:0] sum_q;

  // Differences of ceilings are 0..4096 where they are used.
  wire        higher = first_i || $signed(ceiling_i) > $signed(greatest_q);
  wire [12:0] greatest = higher ? ceiling_i : greatest_q;
  reg  [12:0] growth_q;
  reg  [12:0] gap_q;
  reg  [16:0] power_q;
  reg         first_q;

  wire [24:0]         addend = {power_q, 8'b0} >> gap_q;
  wire [SumWidth-1:0] rescaled = sum_q >> growth_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pending_q <= 1'b0;
    end else begin
      pending_q <= valid_i;
    end
  end

  always @(posedge clk_i) begin
    if (valid_i) begin
      greatest_q <= greatest;
      growth_q   <= greatest - greatest_q;
      gap_q      <= greatest - ceiling_i;
      power_q    <= power_i;
      first_q    <= first_i;
    end
    if (pending_q) begin
      sum_q <= (first_q ? {SumWidth{1'b0}} : rescaled) + {{(SumWidth-25){1'b0}}, addend};
    end
  end

  assign pending_o  = pending_q;
  assign greatest_o = greatest_q;
  assign sum_o      = sum_q;

endmodule
