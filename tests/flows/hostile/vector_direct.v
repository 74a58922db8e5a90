module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [999999999:0] wide = {1000000000{a_i[0]}};
  assign y_o = wide[7:0];
endmodule
