/// Radix-4 Booth rows: with last negation and constant they add up to multiplicand x (multiplier + below_i) << Offset.
///
/// Every two bits of the multiplier make a digit -2..2. Rows of negative digits are inverted; the 1 that completes the
/// negation stands in the next row's empty low bits, the last row's leaves as `negative_o`, of weight
/// 2^(Offset + 2 Digits - 2). Sign bits are inverted instead of extended: a constant, minus the sum of
/// 2^(Offset + 2 r + MultiplicandWidth) over the rows r, puts that right.
module booth_rows #(
  /// Width of the multiplicand, in bits; legal 2..33.
  parameter integer MultiplicandWidth = 8,
  /// Digits: rows; legal 1..17.
  parameter integer Digits = 4,
  /// Column of the first row's lowest bit; legal 0..Width-1.
  parameter integer Offset = 0,
  /// Width of each row, in bits: what exceeds it is cut off; at least one more than the multiplicand's.
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
    if (Offset < 0 || Offset > Width - 1) begin : gen_offset_error
      tpugen_error_booth_offset_must_be_0_to_the_width_less_1 u_error ();
    end
    if (Width < RowWidth) begin : gen_width_error
      tpugen_error_booth_width_is_below_a_row u_error ();
    end
  endgenerate

  localparam [RowWidth-1:0] SignOnly = {1'b1, {MultiplicandWidth{1'b0}}};

  wire [2*Digits:0]   bits = {multiplier_i, below_i};
  wire [RowWidth-1:0] once = {multiplicand_i[MultiplicandWidth-1], multiplicand_i};

  reg [Digits*Width-1:0] rows;
  reg [RowWidth-1:0]     row;
  reg [Width-1:0]        placed;
  reg                    pending;
  reg                    negative;
  integer                r;

  always @(*) begin
    placed = {Width{1'b0}};
    negative = 1'b0;
    for (r = 0; r < Digits; r = r + 1) begin
      pending = negative;
      // The digit is bits[2r+1] + bits[2r] - 2 bits[2r+2].
      negative = bits[2*r+2] & ~(bits[2*r+1] & bits[2*r]);
      row = (once & {RowWidth{bits[2*r+1] ^ bits[2*r]}})
          | ((once << 1) & {RowWidth{(bits[2*r+2] ^ bits[2*r+1]) & ~(bits[2*r+1] ^ bits[2*r])}});
      placed[RowWidth-1:0] = row ^ {RowWidth{negative}} ^ SignOnly;
      rows[r*Width +: Width] = placed << (Offset + 2 * r);
      if (r > 0) begin
        rows[r*Width+Offset+2*r-2] = pending;
      end
    end
  end

  assign rows_o     = rows;
  assign negative_o = negative;

endmodule
