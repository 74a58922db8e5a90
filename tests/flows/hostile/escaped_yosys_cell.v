module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  \$_NOT_ u_not (.A(a_i[0]), .Y(y_o[0]));
  assign y_o[7:1] = 7'd0;
endmodule
