module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  localparam integer Big = (8 > 4) ? 1000 * 1000 * 1000 : 8;
  wire [Big-1:0] wide;
  assign y_o = wide[7:0] ^ a_i;
endmodule
