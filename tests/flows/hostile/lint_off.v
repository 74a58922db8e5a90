module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  /* verilator lint_off WIDTH */
  /* verilator lint_off UNDRIVEN */
  wire [7:0] floating;
  assign y_o = floating;
endmodule
