/// Sum of a vector, and length * (sum of x^2 + 1) - sum^2: length squared times the variance plus one.
///
/// The sums follow the elements; the products are worked out after the last one by shift and add, a bit a cycle.
module vector_spread #(
  /// Longest vector; legal 2..16384.
  parameter integer MaxLength = 64
) (
  input  wire                            clk_i,
  input  wire                            rst_ni,
  /// An element is there in this cycle; whether it begins or ends its vector.
  input  wire                            valid_i,
  input  wire                            first_i,
  input  wire                            last_i,
  /// Two's complement.
  input  wire [15:0]                     operand_i,
  /// Elements of the vector, from the cycle after its last one on.
  input  wire [$clog2(MaxLength):0]      length_i,
  /// The spread is complete in this cycle: 19 + $clog2(MaxLength) cycles after the last element.
  output wire                            done_o,
  /// Sum of the vector, two's complement; it stays until the next vector begins.
  output wire [$clog2(MaxLength)+15:0]   total_o,
  /// The spread; it stays until the next one begins.
  output wire [2*$clog2(MaxLength)+30:0] spread_o
);

  localparam integer AddressWidth = $clog2(MaxLength);
  localparam integer SquaresWidth = AddressWidth + 31;
  localparam integer TotalWidth = AddressWidth + 16;
  localparam integer SpreadWidth = 2 * AddressWidth + 31;
  localparam [4:0] Last = TotalWidth[4:0];

  reg                     done_q;
  reg  [TotalWidth-1:0]   total_q;
  reg  [SpreadWidth-1:0]  spread_q;
  wire [SquaresWidth-1:0] squares;
  wire                    summed;

  square_sum #(
    .MaxLength (MaxLength)
  ) u_squares (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .valid_i   (valid_i),
    .first_i   (first_i),
    .last_i    (last_i),
    .operand_i (operand_i),
    .done_o    (summed),
    .sum_o     (squares)
  );

  wire [TotalWidth-1:0] operand = {{AddressWidth{operand_i[15]}}, operand_i};
  wire [TotalWidth-1:0] negated = ~total_q + {{(TotalWidth-1){1'b0}}, 1'b1};
  wire [TotalWidth-1:0] magnitude = total_q[TotalWidth-1] ? negated : total_q;

  always @(posedge clk_i) begin
    if (valid_i) begin
      total_q <= first_i ? operand : total_q + operand;
    end
  end

  // Of each product one factor shifts up and the other down.
  reg  [4:0]             left_q;
  reg  [AddressWidth:0]  count_q;
  reg  [TotalWidth-1:0]  factor_q;
  reg  [SpreadWidth-1:0] shifted_squares_q;
  reg  [SpreadWidth-1:0] shifted_total_q;

  wire                   busy = left_q != 5'd0;
  wire [SpreadWidth-1:0] added = count_q[0] ? shifted_squares_q : {SpreadWidth{1'b0}};
  wire [SpreadWidth-1:0] taken = factor_q[0] ? shifted_total_q : {SpreadWidth{1'b0}};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q <= 5'd0;
      done_q <= 1'b0;
    end else begin
      done_q <= left_q == 5'd1;
      if (summed) begin
        left_q <= Last;
      end else if (busy) begin
        left_q <= left_q - 5'd1;
      end
    end
  end

  always @(posedge clk_i) begin
    if (summed) begin
      count_q           <= length_i;
      factor_q          <= magnitude;
      shifted_squares_q <= {{AddressWidth{1'b0}}, squares};
      shifted_total_q   <= {{(SpreadWidth-TotalWidth){1'b0}}, magnitude};
      spread_q          <= {SpreadWidth{1'b0}};
    end else if (busy) begin
      count_q           <= count_q >> 1;
      factor_q          <= factor_q >> 1;
      shifted_squares_q <= shifted_squares_q << 1;
      shifted_total_q   <= shifted_total_q << 1;
      spread_q          <= spread_q + added - taken;
    end
  end

  assign done_o   = done_q;
  assign total_o  = total_q;
  assign spread_o = spread_q;

endmodule
