module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  level1 u_tree (.a_i(a_i), .y_o(y_o));
endmodule
@LEVELS@