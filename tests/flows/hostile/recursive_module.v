module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] y;
  hostile u_again (.clk_i(clk_i), .rst_ni(rst_ni), .a_i(a_i), .y_o(y));
  assign y_o = y;
endmodule
