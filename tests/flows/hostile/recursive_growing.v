module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] y;
  grow #(.Size(1)) u_grow (.a_i(a_i), .y_o(y));
  assign y_o = y;
endmodule
module grow #(parameter integer Size = 1) (input wire [7:0] a_i, output wire [7:0] y_o);
  grow #(.Size(Size + 1)) u_more (.a_i(a_i), .y_o(y_o));
endmodule
