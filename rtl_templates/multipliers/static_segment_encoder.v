/// Cuts one of two fixed segments out of an operand: {sign, top, segment}; the code of SSM.
///
/// An operand that fits the lowest SegmentWidth bits stays whole; of any other the top SegmentWidth bits are kept.
module static_segment_encoder #(
  /// Width of the operand, in bits; legal 2..32.
  parameter integer Width = 8,
  /// 1: two's complement operand; 0: unsigned.
  parameter integer Signed = 1,
  /// Bits kept; legal 1..Width.
  parameter integer SegmentWidth = 4
) (
  input  wire [Width-1:0]        operand_i,
  output wire [SegmentWidth+1:0] code_o
);

  generate
    if (SegmentWidth < 1 || SegmentWidth > Width) begin : gen_segment_error
      tpugen_error_segment_must_be_1_bit_to_the_operand_width u_error ();
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

  wire top = |(absolute >> SegmentWidth);

  assign code_o = {negative, top, top ? absolute[Width-1 -: SegmentWidth] : absolute[SegmentWidth-1:0]};

endmodule
