module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] а_i = 8'd0;
  assign y_o = а_i;
endmodule
