module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  tri [7:0] shared;
  bufif1 b0 (shared[0], a_i[0], a_i[1]);
  bufif0 b1 (shared[0], a_i[2], a_i[1]);
  assign y_o = shared;
endmodule
