module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  reg half;
  always @(posedge clk_i) half <= ~half;
  always @(posedge half) y_o <= a_i;
endmodule
