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

  // Binary search for the leading one, which each stage brings nearer to the top: log2(Width) stages. Row k says of
  // every bit whether it or one of the 2^k - 1 below is 1; rows move along, so that no stage waits for an OR of many
  // bits. What enters a row from the one below never reaches its top.
  reg [ExponentWidth*Span-1:0] rows;
  reg [ExponentWidth-1:0]      exponent;
  integer                      k;

  always @(*) begin
    rows = {(ExponentWidth*Span){1'b0}};
    rows[Width-1:0] = absolute;
    for (k = 1; k < ExponentWidth; k = k + 1) begin
      rows[k*Span +: Span] = rows[(k-1)*Span +: Span] | (rows[(k-1)*Span +: Span] << (1 << (k - 1)));
    end
    exponent = {ExponentWidth{1'b0}};
    for (k = ExponentWidth - 1; k >= 0; k = k - 1) begin
      if (rows[k*Span+Span-1]) begin
        exponent[k] = 1'b1;
      end else begin
        rows = rows << (1 << k);
      end
    end
  end

  wire [Span-1:0] shifted     = rows[Span-1:0];
  wire            unused_bits = ^rows;

  assign code_o = {negative, shifted[Span-1], exponent, shifted[Span-2 -: Width-1]};

endmodule
