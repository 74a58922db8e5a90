module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  reg [999:0] cube [0:999][0:999][0:999];
  assign y_o = a_i;
endmodule
