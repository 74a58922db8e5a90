/// Radix-4 Booth rows: their sum, the last negation and the constant is multiplicand x (multiplier + below_i) << Offset.
///
/// Every two bits of the multiplier make a digit -2..2. Rows of negative digits are inverted; the 1 that completes the
/// negation stands in the next row's empty low bits, the last row's leaves as `negative_o`, of weight
/// 2^(Offset + 2 (Digits - 1)). Sign bits are inverted instead of extended: the constant minus the sum of
/// 2^(Offset + 2 i + RowWidth - 1) over the digits i puts that right, with RowWidth one more than a signed multiplicand.
module booth_rows #(
  /// Width of the multiplicand, in bits; legal 2..33.
  parameter integer MultiplicandWidth = 8,
  /// Digits: rows; legal 1..17.
  parameter integer Digits = 4,
  /// Column of the first row's lowest bit; legal 0 to Width less the first row's width.
  parameter integer Offset = 0,
  /// Width of each row, in bits; at least that of the product.
  parameter integer Width = 16
) (
  /// Two's complement.
  input  wire [MultiplicandWidth-1:0] multiplicand_i,
  /// Two's complement.
  input  wire [2*Digits-1:0]          multiplier_i,
  /// The bit below the multiplier's lowest: it counts once more.
  input  wire                         below_i,
  /// Row r is at [r*Width +: Width].
  output wire [Digits*Width-1:0]      rows_o,
  /// The last row is to be completed by a 1.
  output wire                         negative_o
);

  localparam integer RowWidth = MultiplicandWidth + 1;

  generate
    if (MultiplicandWidth < 2 || MultiplicandWidth > 33) begin : gen_multiplicand_error
      tpugen_error_booth_multiplicand_width_must_be_2_to_33 u_error ();
    end
    if (Digits < 1 || Digits > 17) begin : gen_digits_error
      tpugen_error_booth_digits_must_be_1_to_17 u_error ();
    end
    if (Offset < 0 || Offset + RowWidth > Width) begin : gen_offset_error
      tpugen_error_booth_row_exceeds_the_product u_error ();
    end
  endgenerate

  localparam [RowWidth-1:0] SignOnly = {1'b1, {MultiplicandWidth{1'b0}}};

  wire [2*Digits:0]   bits = {multiplier_i, below_i};
  wire [RowWidth-1:0] once = {multiplicand_i[MultiplicandWidth-1], multiplicand_i};

  reg [Digits*Width-1:0] rows;
  reg [RowWidth-1:0]     row;
  reg                    negative;
  reg [Width-1:0]        pending;
  integer                r;

  always @(*) begin
    pending = {Width{1'b0}};
    negative = 1'b0;
    for (r = 0; r < Digits; r = r + 1) begin
      pending = {{(Width-1){1'b0}}, negative};
      // Digit: b[2r+1], b[2r], b[2r-1] = -2 b[2r+1] + b[2r] + b[2r-1].
      negative = bits[2*r+2] & ~(bits[2*r+1] & bits[2*r]);
      row = (once & {RowWidth{bits[2*r+1] ^ bits[2*r]}})
          | ((once << 1) & {RowWidth{(bits[2*r+2] ^ bits[2*r+1]) & ~(bits[2*r+1] ^ bits[2*r])}});
      row = row ^ {RowWidth{negative}} ^ SignOnly;
      rows[r*Width +: Width] = ({{(Width-RowWidth){1'b0}}, row} << (Offset + 2 * r));
      if (r > 0) begin
        rows[r*Width +: Width] = rows[r*Width +: Width] | (pending << (Offset + 2 * r - 2));
      end
    end
  end

  assign rows_o     = rows;
  assign negative_o = negative;

endmodule
