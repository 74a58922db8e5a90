module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  parameter integer Rows = 1000;
  parameter integer Cols = 1000;
  localparam integer Bits = Rows * Cols * 1000;
  wire [Bits-1:0] wide;
  assign y_o = wide[7:0] ^ a_i;
endmodule
