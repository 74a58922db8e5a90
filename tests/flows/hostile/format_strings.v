module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  initial $display("%s%s%s%n%x%m%0d", a_i);
  assign y_o = a_i;
endmodule
