module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  initial force tpugen_harness.ok = 1'b1;
  assign y_o = a_i;
endmodule
