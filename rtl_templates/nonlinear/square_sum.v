/// Sum of x^2 + 1 over a vector: what root mean squares are made of, the one standing for epsilon.
module square_sum #(
  /// Longest vector; legal 2..16384.
  parameter integer MaxLength = 64
) (
  input  wire                          clk_i,
  input  wire                          rst_ni,
  /// An element is there in this cycle; whether it begins or ends its vector.
  input  wire                          valid_i,
  input  wire                          first_i,
  input  wire                          last_i,
  /// Two's complement.
  input  wire [15:0]                   operand_i,
  /// The sum is complete in this cycle: two cycles after the last element.
  output wire                          done_o,
  output wire [$clog2(MaxLength)+30:0] sum_o
);

  localparam integer SumWidth = $clog2(MaxLength) + 31;

  reg                done_q;
  reg                valid_q;
  reg                first_q;
  reg                last_q;
  reg  signed [31:0] square_q;
  reg [SumWidth-1:0] sum_q;

  wire signed [31:0]  operand = {{16{operand_i[15]}}, operand_i};
  wire [SumWidth-1:0] kept = first_q ? {SumWidth{1'b0}} : sum_q;
  wire [SumWidth-1:0] square = {{(SumWidth-31){1'b0}}, square_q[30:0]};
  wire                unused_sign = &{1'b0, square_q[31]};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      last_q  <= 1'b0;
      done_q  <= 1'b0;
    end else begin
      valid_q <= valid_i;
      last_q  <= valid_i && last_i;
      done_q  <= last_q;
    end
  end

  always @(posedge clk_i) begin
    square_q <= operand * operand;
    first_q  <= first_i;
    if (valid_q) begin
      sum_q <= kept + square + {{(SumWidth-1){1'b0}}, 1'b1};
    end
  end

  assign done_o = done_q;
  assign sum_o  = sum_q;

endmodule
