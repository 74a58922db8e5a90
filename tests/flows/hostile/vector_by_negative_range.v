module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  localparam integer Low = 0 - 1000 * 1000 * 1000;
  wire [8:Low] wide;
  assign y_o = wide[7:0] ^ a_i;
endmodule
