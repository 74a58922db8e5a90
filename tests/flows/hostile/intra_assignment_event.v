module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  always @(posedge clk_i) y_o = repeat (1000000) @(posedge clk_i) a_i;
endmodule
