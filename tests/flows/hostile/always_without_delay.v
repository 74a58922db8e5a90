module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  reg spin;
  always spin = ~spin;
  assign y_o = {8{spin}};
endmodule
