/// Cuts SegmentWidth bits from an operand's leading one on: {sign, shift, segment}; the code of DRUM, DSM and LETAM.
///
/// An operand that fits the segment stays whole, with shift 0.
module segment_encoder #(
  /// Width of the operand, in bits; legal 2..32.
  parameter integer Width = 8,
  /// 1: two's complement operand; 0: unsigned.
  parameter integer Signed = 1,
  /// Bits kept; legal 2..Width.
  parameter integer SegmentWidth = 4,
  /// 1: the last bit kept is 1 where bits are cut; 0: it stays as it is.
  parameter integer ForcedOne = 1
) (
  input  wire [Width-1:0]                      operand_i,
  output wire [$clog2(Width)+SegmentWidth:0] code_o
);

  localparam integer ShiftWidth = $clog2(Width);

  generate
    if (SegmentWidth < 2 || SegmentWidth > Width) begin : gen_segment_error
      tpugen_error_segment_must_be_2_bits_to_the_operand_width u_error ();
    end
  endgenerate

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

  // Binary search for the shift that brings the leading one into the segment: log2(Width) stages.
  reg [Width-1:0]      shifted;
  reg [ShiftWidth-1:0] shift;
  integer              stage;

  always @(*) begin
    shifted = absolute;
    shift = {ShiftWidth{1'b0}};
    for (stage = ShiftWidth - 1; stage >= 0; stage = stage - 1) begin
      if (|(shifted >> (SegmentWidth - 1 + (1 << stage)))) begin
        shifted = shifted >> (1 << stage);
        shift[stage] = 1'b1;
      end
    end
  end

  wire last = shifted[0] || (ForcedOne != 0 && |shift);

  assign code_o = {negative, shift, shifted[SegmentWidth-1:1], last};

endmodule
