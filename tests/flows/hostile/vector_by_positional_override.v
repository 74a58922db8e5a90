module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] y;
  wide_bus #(8, 1 << 29) u_bus (a_i, y);
  assign y_o = y;
endmodule
module wide_bus #(parameter integer A = 8, parameter integer B = 8) (input wire [7:0] a_i, output wire [7:0] y_o);
  wire [B:A] wide;
  assign y_o = a_i;
endmodule
