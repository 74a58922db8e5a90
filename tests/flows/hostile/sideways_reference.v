module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  leaf u_leaf (.a_i(a_i), .y_o(y_o));
  always @(posedge clk_i) u_leaf.state = a_i;
endmodule
module leaf (input wire [7:0] a_i, output wire [7:0] y_o);
  reg [7:0] state;
  assign y_o = state ^ a_i;
endmodule
