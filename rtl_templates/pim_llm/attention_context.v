/// Contexts of a token: keeps the weighted sums of all heads and the sums of their weights, and gives out the means.
///
/// The first mean is on offer 21 cycles after `load_i`, then one a cycle.
module attention_context #(
  /// Query heads; legal 1..16384.
  parameter integer Heads = 4,
  /// Elements of a head; legal 1..16384.
  parameter integer HeadWidth = 16,
  /// Elements of a word; legal 1..256.
  parameter integer Lanes = 8,
  /// Width of an address, in bits; legal 1..20.
  parameter integer AddressWidth = 3,
  /// Width of a sum of weights, in bits; legal 2..24.
  parameter integer SumWidth = 14
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,
  /// Sums of weights come from the first head on again.
  input  wire                    start_i,
  /// The sum of a head's weights comes in this cycle, heads in order.
  input  wire                    sum_valid_i,
  input  wire [SumWidth-1:0]     sum_i,
  /// A row of a tile of weighted sums comes in this cycle.
  input  wire                    row_write_i,
  /// Its word: a head's words lie side by side, heads in order.
  input  wire [AddressWidth-1:0] row_address_i,
  /// Dimension c of the tile at [c*32 +: 32].
  input  wire [Lanes*32-1:0]     row_i,
  /// All is there: the means begin to leave.
  input  wire                    load_i,
  output wire                    context_valid_o,
  input  wire                    context_ready_i,
  /// This element is the last of the token.
  output wire                    context_last_o,
  /// Two's complement; 32767 stands for a value of 128.
  output wire [15:0]             context_o
);

  localparam integer Step = (HeadWidth + Lanes - 1) / Lanes;
  localparam integer Words = Heads * Step;
  localparam integer HeadBits = (Heads > 1) ? $clog2(Heads) : 1;
  localparam [HeadBits-1:0] NextHead = {{(HeadBits-1){1'b0}}, 1'b1};

  wire                    read;
  wire                    read_first;
  wire                    advance;
  wire [AddressWidth-1:0] read_address;
  wire [Lanes*32-1:0]     word;
  wire                    element_valid;
  wire                    element_ready;
  wire                    element_row_last;
  wire                    element_last;
  wire [31:0]             element;

  memory #(
    .Depth ((Words > 1) ? Words : 2),
    .Width (Lanes * 32),
    .Lanes (1)
  ) u_rows (
    .clk_i           (clk_i),
    .write_i         (row_write_i),
    .write_address_i (row_address_i),
    .data_i          (row_i),
    .read_i          (read),
    .read_address_i  (read_address),
    .data_o          (word)
  );

  lane_reader #(
    .Lanes        (Lanes),
    .AddressWidth (AddressWidth)
  ) u_reader (
    .clk_i              (clk_i),
    .rst_ni             (rst_ni),
    .load_i             (load_i),
    .rows_i             (Heads[15:0]),
    .length_i           (HeadWidth[15:0]),
    .step_i             (Step[AddressWidth-1:0]),
    .read_o             (read),
    .address_o          (read_address),
    .read_first_o       (read_first),
    .word_i             (word),
    .advance_o          (advance),
    .element_valid_o    (element_valid),
    .element_ready_i    (element_ready),
    .element_row_last_o (element_row_last),
    .element_last_o     (element_last),
    .element_o          (element)
  );

  // Sums of weights, a word for each head; that of an element travels beside it.
  reg  [HeadBits-1:0] write_head_q;
  reg  [HeadBits-1:0] read_head_q;
  reg  [SumWidth-1:0] element_sum_q;
  wire [SumWidth-1:0] sum;
  wire                head_read = read && read_first;

  always @(posedge clk_i) begin
    if (start_i) begin
      write_head_q <= {HeadBits{1'b0}};
    end else if (sum_valid_i) begin
      write_head_q <= write_head_q + NextHead;
    end
    if (load_i) begin
      read_head_q <= {HeadBits{1'b0}};
    end else if (head_read) begin
      read_head_q <= read_head_q + NextHead;
    end
    if (advance) begin
      element_sum_q <= sum;
    end
  end

  memory #(
    .Depth ((Heads > 1) ? Heads : 2),
    .Width (SumWidth)
  ) u_sums (
    .clk_i           (clk_i),
    .write_i         (sum_valid_i),
    .write_address_i (write_head_q),
    .data_i          (sum_i),
    .read_i          (head_read),
    .read_address_i  (read_head_q),
    .data_o          (sum)
  );

  weighted_mean #(
    .SumWidth (SumWidth)
  ) u_mean (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (element_valid),
    .operand_ready_o (element_ready),
    .operand_last_i  (element_last),
    .operand_i       (element),
    .sum_i           (element_sum_q),
    .result_valid_o  (context_valid_o),
    .result_ready_i  (context_ready_i),
    .result_last_o   (context_last_o),
    .result_o        (context_o)
  );

  wire unused_reader = &{1'b0, element_row_last};

endmodule
