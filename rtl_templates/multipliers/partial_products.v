/// Partial-product rows of a multiplication: their sum is activation x weight modulo 2^Width.
///
/// Signed operands use the modified Baugh-Wooley scheme: partial products of one sign bit are inverted and one
/// constant row puts right what that changes, so no row needs sign extension.
module partial_products #(
  /// Width of the multiplicand, in bits; legal 2..32.
  parameter integer MultiplicandWidth = 8,
  /// Width of the multiplier, in bits: one row each; legal 2..32.
  parameter integer MultiplierWidth = 8,
  /// Width of each row, in bits; at least the sum of both operand widths.
  parameter integer Width = 16,
  /// 1: two's complement operands; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [MultiplicandWidth-1:0]             multiplicand_i,
  input  wire [MultiplierWidth-1:0]               multiplier_i,
  /// Row r is at [r*Width +: Width]; the constant row is the last.
  output wire [(MultiplierWidth+Signed)*Width-1:0] rows_o
);

  localparam [Width-1:0] One = {{(Width-1){1'b0}}, 1'b1};
  localparam [MultiplicandWidth-1:0] SignOnly = {1'b1, {(MultiplicandWidth-1){1'b0}}};

  generate
    if (Width < MultiplicandWidth + MultiplierWidth) begin : gen_width_error
      tpugen_error_partial_product_width_is_below_the_product u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
  endgenerate

  localparam [Width-1:0] Correction =
      (One << (MultiplicandWidth - 1)) + (One << (MultiplierWidth - 1))
      - (One << (MultiplicandWidth + MultiplierWidth - 1));

  reg [(MultiplierWidth+Signed)*Width-1:0] rows;
  reg [MultiplicandWidth-1:0]              row;
  integer                                  r;

  always @(*) begin
    for (r = 0; r < MultiplierWidth; r = r + 1) begin
      row = multiplicand_i & {MultiplicandWidth{multiplier_i[r]}};
      // Inverted where exactly one of the two bits is a sign bit.
      if (Signed != 0) begin
        row = row ^ ((r == MultiplierWidth - 1) ? ~SignOnly : SignOnly);
      end
      rows[r*Width +: Width] = {{(Width-MultiplicandWidth){1'b0}}, row} << r;
    end
    if (Signed != 0) begin
      rows[(MultiplierWidth+Signed-1)*Width +: Width] = Correction;
    end
  end

  assign rows_o = rows;

endmodule
