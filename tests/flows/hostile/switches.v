module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  supply0 ground;
  supply1 power;
  nmos n0 (y_o[0], ground, a_i[0]);
  pmos p0 (y_o[0], power, a_i[0]);
  assign y_o[7:1] = 7'd0;
endmodule
