module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  always @* @OPEN@ y_o = a_i; @CLOSE@
endmodule
