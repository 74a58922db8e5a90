module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] y;
  other u_other (.clk_i(clk_i), .a_i(a_i), .y_o(y));
  assign y_o = y;
endmodule
module other (input wire clk_i, input wire [7:0] a_i, output wire [7:0] y_o);
  hostile u_back (.clk_i(clk_i), .rst_ni(1'b1), .a_i(a_i), .y_o(y_o));
endmodule
