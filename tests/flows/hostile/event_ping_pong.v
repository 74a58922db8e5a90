module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  event ping, pong;
  always @(ping) -> pong;
  always @(pong) -> ping;
  initial -> ping;
  assign y_o = a_i;
endmodule
