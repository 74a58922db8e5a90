module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  localparam integer P0 = 1;
  @CHAIN@wire [P30-1:0] wide;
  assign y_o = wide[7:0] ^ a_i;
endmodule
