module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire x = a_i[0];@CRLF@wire y = a_i[1];@CR@wire z = a_i[2];
  assign y_o = a_i;
endmodule
