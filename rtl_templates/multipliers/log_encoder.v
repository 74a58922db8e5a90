/// Normalises an operand: {sign, nonzero, index of the leading one, all bits after it}; Mitchell's logarithm.
///
/// Index and fraction of zero are 0, so that `nonzero` alone tells it from one.
module log_encoder #(
  /// Width of the operand, in bits; legal 2..32.
  parameter integer Width = 8,
  /// 1: two's complement operand; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [Width-1:0]             operand_i,
  output wire [$clog2(Width)+Width:0] code_o
);

  localparam integer ExponentWidth = $clog2(Width);
  localparam integer Span          = 1 << ExponentWidth;

  wire             negative;
  wire [Width-1:0] absolute;

  magnitude #(
    .Width  (Width),
    .Signed (Signed)
  ) u_magnitude (
    .data_i      (operand_i),
    .negative_o  (negative),
    .magnitude_o (absolute)
  );

  // Binary search for the leading one, which each stage brings nearer to the top: log2(Width) stages.
  reg [Span-1:0]          shifted;
  reg [ExponentWidth-1:0] exponent;
  integer                 stage;

  always @(*) begin
    shifted = {Span{1'b0}};
    shifted[Width-1:0] = absolute;
    exponent = {ExponentWidth{1'b0}};
    for (stage = ExponentWidth - 1; stage >= 0; stage = stage - 1) begin
      if (|(shifted >> (Span - (1 << stage)))) begin
        exponent[stage] = 1'b1;
      end else begin
        shifted = shifted << (1 << stage);
      end
    end
  end

  wire unused_bits = ^shifted;

  assign code_o = {negative, shifted[Span-1], exponent, shifted[Span-2 -: Width-1]};

endmodule
