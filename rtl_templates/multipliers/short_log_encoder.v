/// A log code with a fraction of few bits: {sign, nonzero, index of the leading one, fraction}; of DR-ALM and TOSAM.
module short_log_encoder #(
  /// Width of the operand, in bits; legal 2..32.
  parameter integer Width = 8,
  /// 1: two's complement operand; 0: unsigned.
  parameter integer Signed = 1,
  /// Bits kept after the leading one; legal 1..Width-1.
  parameter integer FractionWidth = 4,
  /// 1: the last bit kept is 1 where the leading one's index is at least FractionWidth; 0: it stays as it is.
  parameter integer ForcedOne = 0
) (
  input  wire [Width-1:0]                       operand_i,
  output wire [$clog2(Width)+FractionWidth+1:0] code_o
);

  localparam integer ExponentWidth = $clog2(Width);

  generate
    if (FractionWidth < 1 || FractionWidth > Width - 1) begin : gen_fraction_error
      tpugen_error_log_fraction_must_be_1_bit_to_the_operand_width_less_1 u_error ();
    end
    if (ForcedOne != 0 && ForcedOne != 1) begin : gen_forced_error
      tpugen_error_forced_one_must_be_0_or_1 u_error ();
    end
  endgenerate

  wire [ExponentWidth+Width:0] log_code;

  log_encoder #(
    .Width  (Width),
    .Signed (Signed)
  ) u_log_encoder (
    .operand_i (operand_i),
    .code_o    (log_code)
  );

  wire [ExponentWidth-1:0] exponent = log_code[Width-1 +: ExponentWidth];
  reg  [FractionWidth-1:0] fraction;

  always @(*) begin
    fraction = log_code[Width-2 -: FractionWidth];
    if (ForcedOne != 0 && exponent >= FractionWidth[ExponentWidth-1:0]) begin
      fraction[0] = 1'b1;
    end
  end

  wire unused_fraction = ^log_code[Width-2:0];

  assign code_o = {log_code[ExponentWidth+Width:Width-1], fraction};

endmodule
