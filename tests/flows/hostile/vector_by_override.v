module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] y;
  wide_bus #(.Width(1000 * 1000 * 1000)) u_bus (.a_i(a_i), .y_o(y));
  assign y_o = y;
endmodule
module wide_bus #(parameter integer Width = 8) (input wire [7:0] a_i, output wire [7:0] y_o);
  wire [Width-1:0] wide = a_i;
  assign y_o = wide[7:0];
endmodule
