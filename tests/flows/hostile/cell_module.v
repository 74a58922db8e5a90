module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] y;
  INVX1 u_cell (.A(a_i), .Y(y));
  assign y_o = y;
endmodule
module INVX1 (input wire [7:0] A, output wire [7:0] Y);
  assign Y = A;
endmodule
