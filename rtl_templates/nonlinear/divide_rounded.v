/// Pipelined division of a share: round((2^QuotientWidth - 1) * dividend / divisor), halves up, a quotient a cycle.
///
/// Restoring division, a bit a stage, of twice the product and one divisor by twice the divisor. The dividend must not
/// exceed the divisor; a divisor of zero counts as one. The divisor travels along.
module divide_rounded #(
  /// Width of dividend and divisor, in bits; legal 2..60.
  parameter integer Width = 16,
  /// Width of the quotient, in bits; legal 2..16.
  parameter integer QuotientWidth = 8
) (
  input  wire                     clk_i,
  input  wire                     enable_i,
  input  wire [Width-1:0]         dividend_i,
  input  wire [Width-1:0]         divisor_i,
  /// The quotient, QuotientWidth + 1 enabled cycles later.
  output wire [QuotientWidth-1:0] quotient_o,
  /// The divisor that belongs to it.
  output wire [Width-1:0]         divisor_o
);

  localparam integer ScaledWidth = Width + QuotientWidth + 1;

  generate
    if (Width < 2 || Width > 60) begin : gen_width_error
      tpugen_error_width_must_be_2_to_60 u_error ();
    end
    if (QuotientWidth < 2 || QuotientWidth > 16) begin : gen_quotient_width_error
      tpugen_error_quotient_width_must_be_2_to_16 u_error ();
    end
  endgenerate

  wire [ScaledWidth-1:0] dividend = {{(QuotientWidth+1){1'b0}}, dividend_i};
  wire [ScaledWidth-1:0] divisor = {{(QuotientWidth+1){1'b0}}, divisor_i};
  wire [ScaledWidth-1:0] scaled = (dividend << (QuotientWidth + 1)) - (dividend << 1) + divisor;

  // What enters stage s: the remainder, always less than twice the divisor, and below it the bits still to come,
  // which the bits of the quotient replace one by one.
  wire [ScaledWidth-1:0] state [0:QuotientWidth];
  wire [Width-1:0]       along [0:QuotientWidth];
  reg  [ScaledWidth-1:0] scaled_q;
  reg  [Width-1:0]       divisor_q;

  always @(posedge clk_i) begin
    if (enable_i) begin
      scaled_q  <= scaled;
      divisor_q <= divisor_i;
    end
  end

  assign state[0] = scaled_q;
  assign along[0] = divisor_q;

  genvar s;
  generate
    for (s = 0; s < QuotientWidth; s = s + 1) begin : gen_stage
      wire [Width+1:0]         brought = state[s][ScaledWidth-1:QuotientWidth-1];
      wire [Width+1:0]         twice = {1'b0, along[s], 1'b0};
      wire                     goes = (brought >= twice) && (along[s] != {Width{1'b0}});
      wire [Width+1:0]         remainder = goes ? brought - twice : brought;
      wire                     unused_top = &{1'b0, remainder[Width+1]};
      reg  [ScaledWidth-1:0]   state_q;
      reg  [Width-1:0]         along_q;

      always @(posedge clk_i) begin
        if (enable_i) begin
          state_q <= {remainder[Width:0], state[s][QuotientWidth-2:0], goes};
          along_q <= along[s];
        end
      end

      assign state[s+1] = state_q;
      assign along[s+1] = along_q;
    end
  endgenerate

  assign quotient_o = state[QuotientWidth][QuotientWidth-1:0];
  assign divisor_o  = along[QuotientWidth];

  wire unused_remainder = &{1'b0, state[QuotientWidth][ScaledWidth-1:QuotientWidth]};

endmodule
