module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] y;
  leaf u_leaf [999999999:0] (.a_i(a_i), .y_o(y));
  assign y_o = y;
endmodule
module leaf (input wire [7:0] a_i, output wire [7:0] y_o);
  assign y_o = a_i;
endmodule
