module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] x;
  half u_a (.a_i(x), .b_i(a_i), .y_o(y_o));
  half u_b (.a_i(y_o), .b_i(a_i), .y_o(x));
endmodule
module half (input wire [7:0] a_i, input wire [7:0] b_i, output wire [7:0] y_o);
  assign y_o = ~(a_i & b_i);
endmodule
