module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  localparam integer Many = 1000 * 1000 * 1000;
  assign y_o = ^{Many{a_i[0]}};
endmodule
