module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  flip u_flip (y_o[0], a_i[0]);
  assign y_o[7:1] = 7'd0;
endmodule
primitive flip (y, a);
  output y;
  input a;
  table
    0 : 1;
    1 : 0;
  endtable
endprimitive
