/// Product from mantissa and exponent: mantissa x 2^exponent rounded down, with its sign; 0 unless nonzero_i.
module mantissa_shifter #(
  /// Width of the mantissa, in bits; at most FractionWidth + ProductWidth.
  parameter integer MantissaWidth = 8,
  /// Bits of the mantissa below its binary point; legal 1 to MantissaWidth-1.
  parameter integer FractionWidth = 7,
  /// Width of the exponent, in bits; legal 1..6.
  parameter integer ExponentWidth = 4,
  /// Width of the product, in bits; legal 4..64.
  parameter integer ProductWidth = 16,
  /// 1: two's complement product; 0: unsigned.
  parameter integer Signed = 1
) (
  /// Mantissa, FractionWidth of its bits below the point.
  input  wire [MantissaWidth-1:0] mantissa_i,
  /// Exponent.
  input  wire [ExponentWidth-1:0] exponent_i,
  /// Neither operand is zero.
  input  wire                     nonzero_i,
  /// The product is negative.
  input  wire                     negate_i,
  output wire [ProductWidth-1:0]  product_o
);

  localparam integer Span = FractionWidth + ProductWidth;

  generate
    if (MantissaWidth > Span) begin : gen_mantissa_error
      tpugen_error_mantissa_is_wider_than_fraction_and_product u_error ();
    end
  endgenerate

  reg [Span-1:0] shifted;
  integer        stage;

  always @(*) begin
    shifted = {Span{1'b0}};
    shifted[MantissaWidth-1:0] = mantissa_i & {MantissaWidth{nonzero_i}};
    for (stage = 0; stage < ExponentWidth; stage = stage + 1) begin
      if (exponent_i[stage]) begin
        shifted = shifted << (1 << stage);
      end
    end
  end

  wire unused_fraction = ^shifted[FractionWidth-1:0];

  generate
    if (Signed != 0) begin : gen_signed
      apply_sign #(
        .Width (ProductWidth)
      ) u_sign (
        .magnitude_i (shifted[Span-1:FractionWidth]),
        .negate_i    (negate_i),
        .data_o      (product_o)
      );
    end else begin : gen_unsigned
      wire unused_sign = negate_i;
      assign product_o = shifted[Span-1:FractionWidth];
    end
  endgenerate

endmodule
