module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  localparam integer Tall = 2 ** (2 ** (2 ** 20));
  wire [Tall-1:0] wide;
  assign y_o = wide[7:0] ^ a_i;
endmodule
